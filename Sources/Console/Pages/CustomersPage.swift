import Assets
import Charging
import Operations
import Quantities

/// What does this pile know of a customer? Personal data: for managers, never refreshed into an open page, gone after a week.
enum CustomersPage {
    static func path(_ id: StationID) -> String {
        "/stations/" + PercentCoding.encode(id.value) + "/customer-information"
    }

    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        await page(call, try await StationsAPI.station(call))
    }

    private static func page(_ call: Call, _ view: StationView, _ refused: RefusedForm? = nil) async -> WebResponse {
        let t = call.words
        let id = view.station.id
        let site: Site? = if let id = view.station.site { await call.service.site(id) } else { nil }
        let format = await call.format(for: site?.zone)
        let records = await call.service.customerInformation(of: id)
        let ask: HTML =
            view.protocol ?? SubprotocolWords.v16 == SubprotocolWords.v16
            ? Parts.empty(t("customers.notin16")) : form(view, call, refused)
        let content: HTML = """
            \(Parts.card(t("customers.ask"), id: "ask", "<p class=\"muted\">\(t("customers.text"))</p>\(ask)"))
            \(Parts.card(t("customers.answers"), id: "answers", list(records, view, call, format)))
            """
        return await Layout(
            call: call, section: .stations, title: t("customers.title"), scope: id.value,
            actions:
                "<a class=\"button\" href=\"/stations/\(PercentCoding.encode(id.value))\">\(t("device.station"))</a>",
            format: format, address: path(id)
        ).response(content, status: refused?.refusal.status ?? 200)
    }

    // MARK: - Asking

    private enum About: String, CaseIterable { case token, identifier }
    private enum What: String, CaseIterable { case report, clear, both }

    private static func form(_ view: StationView, _ call: Call, _ refused: RefusedForm?) -> HTML {
        let (t, off) = (call.words, !view.online)
        var form = FormView("customer", to: path(view.station.id), call, refused)
        let fields: HTML = """
            \(form.select(t("customers.about"), "about", About.allCases.map { ($0.rawValue, t("customers.about." + $0.rawValue)) }))
            \(form.input(t("customers.value"), "value", needed: true, more: " maxlength=\"64\" spellcheck=\"false\" autocomplete=\"off\""))
            \(form.select(t("customers.type"), "type", CustomersAPI.TokenType.allCases.map { ($0.rawValue, $0.rawValue) }, "ISO14443", hint: t("customers.type.hint")))
            \(form.select(t("customers.what"), "what", What.allCases.map { ($0.rawValue, t("customers.what." + $0.rawValue)) }))
            \(form.check(t("customers.confirm"), "confirmed"))
            """
        let warning: HTML? = off ? "<p class=\"banner banner-warn\">\(t("command.offline.warning"))</p>" : nil
        return "\(warning)\(form.html(fields, button: t("customers.do"), off: off))"
    }

    @Sendable static func ask(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        do {
            _ = try await call.order(.device(try order(call, view.station.id)))
        } catch { return await page(call, view, RefusedForm(name: "customer", refusal: error)) }
        return .seeOther(path(view.station.id) + "?note=customer")
    }

    private static func order(_ call: Call, _ id: StationID) throws(Refusal) -> DeviceOrder {
        var reader = FormReader(call)
        let about = reader.word("about", About.self, needed: true)
        let value = reader.text("value", atMost: about == .identifier ? 64 : 36, needed: true)
        let type = reader.word("type", CustomersAPI.TokenType.self)
        let what = reader.word("what", What.self, needed: true)
        // What a pile has forgotten does not come back.
        if what == .clear || what == .both { reader.confirmation("confirmed") }
        try reader.throwIfAny()
        guard let about, let value, let what else { throw .invalid([]) }
        let reference: CustomerReference =
            about == .token ? .idToken(value, type: (type ?? .iso14443).rawValue) : .identifier(value)
        return .customer(id, reference, report: what != .clear, clear: what != .report)
    }

    // MARK: - Answers

    private static func list(_ records: [CustomerRecord], _ view: StationView, _ call: Call, _ format: Format) -> HTML {
        let t = call.words
        guard !records.isEmpty else { return Parts.empty(t("customers.none")) }
        let rows: [HTML] = records.map { record in
            let inquiry = record.inquiry
            let what = t("customers.what." + (inquiry.isReport ? inquiry.isClear ? "both" : "report" : "clear"))
            let status: HTML =
                switch inquiry.status {
                case nil: "<span class=\"state state-wait\">\(t("command.pending"))</span>"
                case "Accepted": "<span class=\"state state-ok\">\(t.known("answer.Accepted") ?? "Accepted")</span>"
                case let word?: "<span class=\"state state-bad\">\(t.known("answer." + word) ?? word)</span>"
                }
            let missing: HTML? =
                inquiry.isReport && inquiry.status == "Accepted" && !inquiry.parts.isComplete
                ? "<div class=\"muted\">\(t("customers.incomplete"))</div>" : nil
            let data: HTML =
                record.data.map {
                    "<details><summary>\(t("action.show"))</summary><pre class=\"frame-text\">\($0)</pre></details>"
                } ?? HTML(escaping: Format.none)
            let forget = Parts.confirm(
                t("customers.forget"), effect: t("customers.forget.effect"), button: t("customers.forget.do"),
                to: path(view.station.id) + "/\(inquiry.request)/delete", call: call)
            return """
                <tr data-row><td>\(format.precise(inquiry.orderedAt))<div class="muted">\(inquiry.by)</div></td>\
                <th scope="row"><span class="mono">\(inquiry.subject ?? t("customers.bycertificate"))</span><div class="muted">\(what)</div></th>\
                <td>\(status)\(missing)</td><td>\(data)</td><td>\(forget)</td></tr>
                """
        }
        return "<p class=\"muted\">\(t("customers.answers.text"))</p>"
            + Parts.table(
                Parts.heads(
                    t,
                    [
                        "customers.asked", "customers.subject", "command.state", "customers.data",
                        "certificates.action",
                    ]), rows, caption: t("customers.answers"))
    }

    @Sendable static func forget(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await StationsAPI.station(call).station.id
        _ = try await CustomersAPI.delete(call)
        return .seeOther(path(id) + "?note=deleted")
    }
}
