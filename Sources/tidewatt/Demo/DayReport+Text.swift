import Documents
import Operations
import Quantities

extension DayReport {
    /// Every number with its unit in its name; money as decimal strings, shares from 0 to 1 or null.
    func json(day: String) -> JSONValue {
        func side(_ side: Side) -> JSONValue {
            [
                "energy_kwh": .number(side.energy.kilowattHoursText), "cost_yuan": .string(side.costYuan),
                "peak_kw": .number(decimalText(Int128(side.peak.watts), scale: 3)),
                "slots_above_limit": .int(side.slotsAboveLimit),
                "valley_share": side.valleyShare.map { .double($0) } ?? .null,
            ]
        }
        return [
            "day": .string(day), "limit_kw": .number(decimalText(Int128(limit.watts), scale: 3)),
            "orderly": side(orderly), "uncontrolled": side(uncontrolled),
            "deliverable_kwh": .number(deliverable.kilowattHoursText),
            "valley_share_maximum": valleyShareMaximum.map { .double($0) } ?? .null,
            "foresight_cost_yuan": .string(foresightCostYuan),
            "regret_yuan": [
                "forecast": .string(regretForecastYuan), "rounding": .string(regretRoundingYuan),
                "not_followed": .string(regretNotFollowedYuan),
            ],
        ]
    }

    /// Orderly beside uncontrolled, a line a quantity.
    func text(title: String, in lang: Language) -> String {
        func row(_ name: String, _ orderly: String, _ uncontrolled: String, _ best: String = "") -> [String] {
            [name, orderly, uncontrolled, best]
        }
        func kwh(_ energy: Energy) -> String { Rational(energy).text(decimals: 1) }
        func kw(_ power: Power) -> String { Rational(.init(power.watts), 1000).text(decimals: 1) }
        func share(_ share: Double?) -> String {
            share.map { Rational(.init(Int64(($0 * 1000).rounded())), 10).text(decimals: 1) + " %" }
                ?? lang("undefined", "未定义")
        }
        let target = 0.8
        let goal = orderly.valleyShare.map { $0 >= target ? lang("met", "达到") : lang("missed", "未达到") } ?? ""
        let rows = [
            row(title, lang("orderly", "有序"), lang("uncontrolled", "无序"), lang("best possible", "理论最优")),
            row(lang("energy kWh", "电量 kWh"), kwh(orderly.energy), kwh(uncontrolled.energy), kwh(deliverable)),
            row(lang("cost yuan", "电费 元"), orderly.costYuan, uncontrolled.costYuan, foresightCostYuan),
            row(lang("peak kW", "峰值 kW"), kw(orderly.peak), kw(uncontrolled.peak), kw(limit)),
            row(
                lang("quarter hours above limit", "越限刻钟数"), String(orderly.slotsAboveLimit),
                String(uncontrolled.slotsAboveLimit)),
            row(
                lang("valley share", "低谷占比"), share(orderly.valleyShare), share(uncontrolled.valleyShare),
                share(valleyShareMaximum)),
            row(lang("80 % of notice 718", "718号 80 % 目标"), goal, ""),
            row(
                lang("regret yuan: forecast / rounding / not followed", "后悔值 元：预测 / 取整 / 未跟随"),
                "\(regretForecastYuan) / \(regretRoundingYuan) / \(regretNotFollowedYuan)", ""),
        ]
        var table = TextTable(rows[0], rightAligned: [1, 2, 3])
        for row in rows.dropFirst() { table.add(row) }
        return table.text
    }
}
