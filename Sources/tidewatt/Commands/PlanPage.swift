/// A page that stands alone: how the load of each node runs under its limit, what energy costs, who is short and why.
struct PlanPage {
    let answer: PlanAnswer
    let say: Language

    init(_ answer: PlanAnswer, _ say: Language) {
        self.answer = answer
        self.say = say
    }

    var html: String {
        let title = say("Charging plan", "充电计划")
        var page = PlanPage.head(title, answer.text(say), say)
        page += prices()
        for index in answer.planning.grid.nodes.indices { page += node(index) }
        page += shortageTable()
        return page + PlanPage.end
    }

    /// A page up to its first picture: title and text.
    static func head(_ title: String, _ text: String, _ say: Language) -> String {
        """
        <!doctype html>
        <html lang="\(say("en", "zh-CN"))"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1"><title>\(title)</title>
        <style>\(style)</style></head><body><main>
        <h1>\(title)</h1>
        <pre>\(escape(text))</pre>

        """
    }
    static let end = "</main></body></html>\n"

    private static let style = """
        :root{color-scheme:light dark;--line:#2563eb;--limit:#dc2626;--base:#94a3b8;--other:#d97706}
        body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;margin:0}main{max-width:980px;margin:auto;padding:1rem}
        pre{overflow-x:auto}svg{width:100%;height:auto}svg text{fill:currentColor;font-size:12px}
        .line{fill:none;stroke:var(--line);stroke-width:2}.limit{fill:none;stroke:var(--limit);stroke-dasharray:6 4}
        .base{fill:var(--base);opacity:.5;stroke:none}.other{fill:none;stroke:var(--other);stroke-width:1.5}
        .axis{stroke:currentColor;opacity:.4}table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:left}
        .key{margin-right:1.2rem}
        """

    static func escape(_ text: String) -> String {
        text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            default: String(character)
            }
        }.joined()
    }

    private func prices() -> String {
        let problem = answer.planning.problem
        var chart = SlotChart(
            slots: answer.planning.problem.slotCount, time: answer.slotStart, unit: say("yuan/kWh", "元/千瓦时"))
        chart.add(problem.buyPrice, "line")
        if problem.sellPrice.contains(where: { $0 != 0 }) { chart.add(problem.sellPrice, "other") }
        return "<h2>\(say("Prices", "电价"))</h2>\(chart.svg(say("Prices by slot", "各时隙电价")))"
            + PlanPage.keys([("line", say("charging", "充电")), ("other", say("discharging", "放电"))])
    }

    private func node(_ index: Int) -> String {
        let node = answer.planning.grid.nodes[index]
        var chart = SlotChart(slots: answer.planning.problem.slotCount, time: answer.slotStart, unit: "kW")
        // With a margin against errors of the forecast the limit that is planned for lies lower.
        let limit = answer.planning.margins[index].above.map { node.limit.approximate - $0 }
        chart.addArea(answer.planning.baseLoads[index])
        chart.add(answer.uncontrolled.nodes[index].load, "other")
        chart.add(limit, "limit")
        chart.add(answer.plan.nodes[index].load, "line")
        let name = PlanPage.escape(node.id)
        let hasMargin = answer.planning.margins[index].above.contains { $0 > 0 }
        return "<h2>\(say("Node", "节点")) \(name)</h2>\(chart.svg(say("Load of node \(name)", "节点 \(name) 负荷")))"
            + PlanPage.keys([
                ("line", say("planned", "有序")), ("other", say("uncontrolled", "无序")),
                (
                    "limit",
                    hasMargin ? say("limit less the margin for errors", "限额（已扣除预测误差裕度）") : say("limit", "限额")
                ), ("base", say("base load", "基础负荷")),
            ])
    }

    static func keys(_ list: [(style: String, name: String)]) -> String {
        let items = list.map { style, name in
            let color = style == "line" ? "line" : style == "limit" ? "limit" : style == "base" ? "base" : "other"
            return "<span class=\"key\"><span style=\"color:var(--\(color))\">■</span> \(name)</span>"
        }
        return "<p>\(items.joined())</p>\n"
    }

    private func shortageTable() -> String {
        let list = answer.shortages
        if list.isEmpty { return "<p>\(say("Every wish is met.", "所有需求均已满足。"))</p>" }
        let rows = list.map { stay, schedule in
            "<tr><td>\(PlanPage.escape(stay.session))</td><td>\(fixed(schedule.undelivered))</td>"
                + "<td>\(PlanPage.escape(answer.reason(schedule, say)))</td></tr>"
        }
        return "<h2>\(say("Short of energy", "未满足的停留"))</h2><table><tr><th>\(say("stay", "停留"))</th>"
            + "<th>kWh</th><th>\(say("why", "原因"))</th></tr>\(rows.joined(separator: "\n"))</table>"
    }
}
