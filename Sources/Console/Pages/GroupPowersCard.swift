import Assets
import GridDispatch
import Operations
import Quantities

/// Powers that the charging below a node is asked to add up to: how far each is met, who does not help and why; and a form to
/// ask for one.
enum GroupPowersCard {
    static func html(_ site: Site, _ call: Call, _ format: Format) async -> HTML {
        let t = format.words
        let asked = await call.service.instructions(of: site.id).filter { $0.instruction.interval.end > format.now }
        guard !asked.isEmpty else {
            return Parts.card(t("powers.title"), id: "powers", live: "station power", Parts.empty(t("powers.none")))
        }
        let rows: [HTML] = asked.map { row($0, site, call, format) }
        let table = Parts.table(
            Parts.heads(
                t,
                [
                    "powers.node", "powers.asked", "powers.measured", "powers.state", "powers.reach", "powers.span",
                    "certificates.action",
                ], numbers: ["powers.asked", "powers.measured"]), rows, caption: t("powers.title"))
        return Parts.card(t("powers.title"), id: "powers", live: "station power", table)
    }

    private static func row(_ one: GroupInstruction, _ site: Site, _ call: Call, _ format: Format) -> HTML {
        let t = format.words
        let (instruction, standing) = (one.instruction, one.standing)
        var node = ""
        if case .charging(below: let id) = instruction.target { node = id.value }
        var asked = Format.none
        if case .exactly(let power) = instruction.demand { asked = format.kilowatts(power) }
        let reach = standing.map { "\(format.kilowatts($0.lowest)) – \(format.kilowatts($0.highest))" } ?? Format.none
        let withdraw: HTML? =
            call.can(.operator)
            ? Parts.confirm(
                t("powers.withdraw"), effect: t("powers.withdraw.effect"), button: t("powers.withdraw"),
                to: path(site.id) + "/withdraw", [("power", instruction.id)], call: call) : nil
        return """
            <tr><th scope="row">\(node)</th><td class="number">\(asked)</td>\
            <td class="number">\(standing.map { format.kilowatts($0.measured) } ?? Format.none)</td>\
            <td class="reasons">\(state(standing, format))</td><td>\(reach)</td>\
            <td>\(format.moment(instruction.interval.start)) – \(format.moment(instruction.interval.end))</td>\
            <td>\(withdraw)</td></tr>
            """
    }

    private static func state(_ standing: GroupDispatch?, _ format: Format) -> HTML {
        let t = format.words
        guard let standing else { return "<span class=\"state state-wait\">\(t("powers.later"))</span>" }
        guard let since = standing.missedSince else {
            return "<span class=\"state state-ok\">\(t("powers.met"))</span>"
        }
        let reasons: [HTML] = standing.shortfalls.prefix(Self.mostShown).map {
            let text = t.known("shortfall." + $0.reason.code, ["object": $0.reason.object ?? ""]) ?? $0.reason.code
            return "<li>\($0.evse.description): \(text)</li>"
        }
        let rest = standing.shortfalls.count - reasons.count
        let more: HTML? = rest > 0 ? "<li>\(t("powers.more", ["count": String(rest)]))</li>" : nil
        return """
            <span class="state state-bad">\(t("powers.missed"))</span> <span class="muted">\(format.ago(since))</span>\
            <ul class="problems">\(reasons)\(more)</ul>
            """
    }
    private static let mostShown = 12

    // MARK: - Asking

    /// Empty for who may not.
    static func form(_ site: Site, _ call: Call, _ refused: RefusedForm?) async -> HTML {
        guard call.can(.operator) else { return .empty }
        let t = call.words
        let nodes = await call.service.nodes().filter { $0.site == site.id && $0.serves == nil }
        guard !nodes.isEmpty else { return .empty }
        var form = FormView("power", to: path(site.id), call, refused)
        let fields: HTML = """
            \(form.select(t("powers.node"), "node", nodes.map { ($0.id.value, $0.id.value) }, (nodes.first { $0.parent == nil } ?? nodes[0]).id.value))
            \(form.input(t("powers.kw"), "power_kw", type: "number", hint: t("powers.kw.hint"), needed: true, more: " step=\"any\""))
            \(form.input(t("powers.minutes"), "to", "60", type: "number", needed: true, more: " min=\"1\" max=\"10080\""))
            \(form.input(t("powers.ramp"), "ramp_kw_per_second", type: "number", hint: t("powers.ramp.hint"), more: " min=\"0\" step=\"any\""))
            \(form.select(t("powers.priority"), "priority", InstructionsAPI.words.map { ($0.word, t("powers.priority." + $0.word)) }, "market", hint: t("powers.priority.hint")))
            """
        return Parts.card(t("powers.ask"), id: "ask", form.html(fields, button: t("powers.ask.button")))
    }

    @Sendable static func ask(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        do throws(Refusal) {
            var reader = FormReader(call)
            let node = reader.text("node", atMost: 60, needed: true)
            let power = reader.decimal("power_kw", scale: 3, -mostWatts...mostWatts, needed: true)
            let minutes = reader.whole("to", 1...10_080, needed: true)
            let ramp = reader.decimal("ramp_kw_per_second", scale: 3, 0...mostWatts)
            let word = reader.text("priority", atMost: 20) ?? "market"
            try reader.throwIfAny()
            guard let node, let power, let minutes,
                let priority = InstructionsAPI.words.first(where: { $0.word == word })?.priority
            else { throw Refusal.invalid([]) }
            let now = call.service.now
            _ = try await call.order(
                .instruct(
                    site.id,
                    Instruction(
                        id: "console-\(now.milliseconds)", source: call.actor.name, priority: priority,
                        target: .charging(below: NodeID(node)), demand: .exactly(Power(watts: power)),
                        interval: Interval(now, now + .minutes(minutes)),
                        ramp: ramp.flatMap { $0 > 0 ? Power(watts: $0) : nil }, receivedAt: now)))
        } catch {
            return try await V2GPage.page(call, site, RefusedForm(name: "power", refusal: error))
        }
        return .seeOther(SitePage.path(site.id) + "/v2g?note=saved#powers")
    }
    /// 10 GW, beyond what a node can carry.
    private static let mostWatts: Int64 = 10_000_000_000

    @Sendable static func withdraw(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        _ = try await call.order(.withdrawInstruction(site.id, call.form["power"] ?? ""))
        return .seeOther(SitePage.path(site.id) + "/v2g?note=saved#powers")
    }

    private static func path(_ site: SiteID) -> String { SitePage.path(site) + "/powers" }
}
