import Assets
import Charging
import Operations
import Quantities

/// What is this pile made of, how is it set, and what does it watch? Search and filters stand in the address.
enum DevicePage {
    private static let pageSize = 100

    static func path(_ id: StationID) -> String { "/stations/" + PercentCoding.encode(id.value) + "/device-model" }

    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        await page(call, try await StationsAPI.station(call))
    }

    @Sendable static func refresh(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return await ordered(call, view, form: "refresh", note: "report") { () async throws(Refusal) in
            _ = try await call.order(.device(.refresh(view.station.id)))
        }
    }

    /// One value.
    @Sendable static func set(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        let form = call.form
        func number(_ name: String) -> Int? { form.filled(name).flatMap { Int($0) } }
        guard let variable = form.filled("variable") else {
            throw .invalid([.init(path: "variable", problem: call.words("device.novariable"))])
        }
        let setting = VariableSetting(
            name: VariableName(
                component: form["component"] ?? "", componentInstance: form.filled("component_instance"),
                evse: number("evse"), connector: number("connector"), variable: variable,
                instance: form.filled("instance")),
            attribute: form["attribute"].flatMap { DeviceAttribute(rawValue: $0) } ?? .actual,
            value: form["value"] ?? "")
        return await ordered(call, view, form: "variable", note: "variable") { () async throws(Refusal) in
            _ = try await DeviceAPI.send([setting], path: "variables", to: view, call, isWhole: true)
        }
    }

    /// What the body orders; refused, the page again with what is wrong at its form.
    static func ordered(
        _ call: Call, _ view: StationView, form: String, note: String, at place: String = "",
        _ body: () async throws(Refusal) -> Void
    ) async -> WebResponse {
        do {
            try await body()
        } catch { return await page(call, view, RefusedForm(name: form, refusal: error)) }
        return .seeOther(path(view.station.id) + "?note=" + note + place)
    }

    private static func page(_ call: Call, _ view: StationView, _ refused: RefusedForm? = nil) async -> WebResponse {
        let t = call.words
        let id = view.station.id
        let site: Site? = if let id = view.station.site { await call.service.site(id) } else { nil }
        let format = await call.format(for: site?.zone)
        let device = await DeviceView(of: id, call.service)
        let api = "/api/v1/stations/" + PercentCoding.encode(id.value)
        // A form of one button has no place of its own to say it.
        var banner: HTML = ""
        if let refused, !MonitorCards.has(view) || ["refresh", "variable", "monitors"].contains(refused.name) {
            let name = call.form["variable"] ?? ""
            let mistakes = t.mistakes(refused.refusal).map { mistake in
                mistake.field.hasPrefix("variables") ? mistake.at(name) : mistake
            }
            banner = Parts.errors(mistakes, t("command.refused"), t)
        }
        let content: HTML = """
            \(banner)
            \(Parts.card(t("device.state"), id: "state", live: "station command", actions: refreshButton(view, call), facts(device, view, format)))
            \(Parts.card(t("device.variables"), id: "variables", actions: "\(template(device, view, call))\(Parts.csv(api + "/device-model?format=csv&bom=1&limit=1000", t))", table(device, view, call, format)))
            \(await MonitorCards(view: view, device: device, call: call, format: format, refused: refused).html())
            """
        return await Layout(
            call: call, section: .stations, title: t("device.title"), scope: id.value,
            actions:
                "<a class=\"button\" href=\"/stations/\(PercentCoding.encode(id.value))\">\(t("device.station"))</a>",
            format: format, address: path(id)
        ).response(content, status: refused?.refusal.status ?? 200)
    }

    /// What is set here may be wanted elsewhere.
    private static func template(_ device: DeviceView, _ view: StationView, _ call: Call) -> HTML {
        guard call.can(.manager), !device.variables.isEmpty else { return "" }
        return
            "<a class=\"button quiet\" href=\"/device-templates:new?station=\(PercentCoding.encode(view.station.id.value))\">\(call.words("device.template"))</a>"
    }

    // MARK: - State

    private static func refreshButton(_ view: StationView, _ call: Call) -> HTML {
        guard call.can(.operator) else { return "" }
        return Parts.button(
            call.words("device.refresh"), to: path(view.station.id) + "/refresh", off: !view.online,
            look: "button primary", call: call)
    }

    private static func facts(_ device: DeviceView, _ view: StationView, _ format: Format) -> HTML {
        let t = format.words
        let pending = device.variables.count { $0.pending != nil }
        let drifted = device.rows(onlyDrift: true).count
        var pairs: [(String, HTML)] = [
            (t("station.link"), Parts.online(view, format)),
            (t("device.count"), HTML(escaping: String(device.variables.count))),
            (t("device.report"), report(device.lastReport, format)),
            (
                t("device.restart"),
                pending == 0
                    ? HTML(escaping: t("device.restart.no"))
                    : "<span class=\"state state-wait\">\(t("device.restart.yes", ["n": String(pending)]))</span>"
            ),
        ]
        let templates: [HTML] = device.templates.map {
            "<a href=\"\(DeviceTemplatesPage.path($0.name))\">\($0.name)</a> "
        }
        pairs.append(
            (
                t("device.templates"),
                templates.isEmpty ? "<a href=\"/device-templates\">\(t("device.notemplate"))</a>" : "\(templates)"
            ))
        if !device.templates.isEmpty {
            pairs.append(
                (
                    t("device.drift"),
                    drifted == 0
                        ? "<span class=\"state state-ok\">\(t("device.drift.none"))</span>"
                        : "<a class=\"state state-bad\" href=\"?drift=true\">\(t("device.drift.some", ["n": String(drifted)]))</a>"
                ))
        }
        return Parts.facts(pairs)
    }

    private static func report(_ report: DeviceReport?, _ format: Format) -> HTML {
        let t = format.words
        guard let report else { return HTML(escaping: t("device.report.never")) }
        let state = report.state(at: format.now)
        let tone =
            switch state {
            case .complete: "ok"
            case .incomplete: "bad"
            case .ordered, .receiving: "wait"
            }
        let missing = report.missingText
        let gap: HTML =
            missing.isEmpty ? "" : "<div class=\"problem\">\(t("device.report.missing", ["parts": missing]))</div>"
        return """
            <span class="state state-\(tone)">\(t("device.report." + state.rawValue))</span> \
            <span class="muted">\(report.scope.rawValue)</span> \((report.lastAt ?? report.orderedAt).map { format.ago($0) })\(gap)
            """
    }

    // MARK: - Variables

    private static func table(_ device: DeviceView, _ view: StationView, _ call: Call, _ format: Format) -> HTML {
        let t = format.words
        let query = call.request.query
        let onlyDrift = query["drift"] == "true"
        let found = device.rows(search: query.filled("q"), onlyDrift: onlyDrift)
        let start = query.filled("after").flatMap { Int($0) }.map { max(0, $0) } ?? 0
        let shown = found.dropFirst(start).prefix(pageSize)
        let keep: HTML? = onlyDrift ? "<input type=\"hidden\" name=\"drift\" value=\"true\">" : nil
        let chips: HTML? =
            device.templates.isEmpty
            ? nil
            : """
            <nav class="chips" aria-label="\(t("device.drift"))">\
            \(Parts.chip(t("device.all"), href: path(view.station.id), chosen: !onlyDrift))\
            \(Parts.chip(t("device.drift"), href: path(view.station.id) + "?drift=true", chosen: onlyDrift))</nav>
            """
        let filter: HTML = """
            <form class="filters" method="get" action="\(path(view.station.id))" role="search">\(keep)
            <input type="search" name="q" value="\(query["q"] ?? "")" placeholder="\(t("device.search"))" aria-label="\(t("device.search"))" data-key="search">
            <button class="button quiet">\(t("action.filter"))</button></form>\(chips)
            """
        guard !shown.isEmpty else {
            return "\(filter)\(Parts.empty(t(device.variables.isEmpty ? "device.none" : "device.nomatch")))"
        }
        let rows: [HTML] = shown.map { row($0, view, call, format) }
        let more: HTML? =
            found.count > start + shown.count
            ? "<p><a class=\"button\" href=\"\(query.query(replacing: "after", with: String(start + pageSize)))\">\(t("action.more"))</a></p>"
            : nil
        let list = Parts.table(
            Parts.heads(t, ["device.variable", "device.value", "device.limits", "device.told", "device.set"]), rows,
            caption: t("device.variables"))
        return "\(filter)\(list)\(more)"
    }

    private static func row(_ row: DeviceView.Row, _ view: StationView, _ call: Call, _ format: Format) -> HTML {
        let t = format.words
        let variable = row.known?.variable
        let attribute: HTML =
            row.attribute == .actual ? "" : " <span class=\"muted\">\(row.attribute.rawValue)</span>"
        let pending: HTML? = row.known?.pending.map {
            "<div class=\"muted\">\(t("device.pending", ["value": $0]))</div>"
        }
        let drift: HTML? = row.drift.map {
            "<div><span class=\"state state-\($0 == .pending ? "wait" : "bad")\">\(t("drift." + $0.rawValue, ["wanted": row.wanted ?? "", "template": row.template ?? ""]))</span></div>"
        }
        let value: HTML =
            variable.map { "\($0.value ?? Format.none) <span class=\"muted\">\($0.unit ?? "")</span>" }
            ?? HTML(escaping: Format.none)
        let told: HTML? = row.known.map {
            "\(format.ago($0.at))<div class=\"muted\">\(t("device.source." + $0.source.rawValue))</div>"
        }
        return """
            <tr data-row><th scope="row" class="wrap"><span class="mono">\(row.name.text)</span>\(attribute)</th>\
            <td class="wrap">\(value)\(pending)\(drift)</td><td>\(limits(variable, t))</td><td>\(told)</td>\
            <td>\(form(row, view, call))</td></tr>
            """
    }

    private static func limits(_ variable: DeviceVariable?, _ t: Words) -> HTML {
        guard let variable else { return "" }
        var parts: [String] = []
        if let mutability = variable.mutability { parts.append(t("device.mutability." + mutability.rawValue)) }
        if let kind = variable.kind { parts.append(kind.rawValue) }
        if variable.minLimit != nil || variable.maxLimit != nil {
            parts.append("\(variable.minLimit ?? "") … \(variable.maxLimit ?? "")")
        }
        let list: HTML? = variable.valuesList.map {
            "<details><summary>\(t("device.values"))</summary><span class=\"mono\">\($0)</span></details>"
        }
        return "\(parts.joined(separator: ", "))\(list)"
    }

    private static func form(_ row: DeviceView.Row, _ view: StationView, _ call: Call) -> HTML {
        guard call.can(.operator), row.known?.variable.mutability != .readOnly else { return "" }
        let t = call.words
        let off: HTML = view.online ? "" : " disabled"
        let name = row.name
        let hidden: [HTML] = [
            ("component", name.component), ("component_instance", name.componentInstance ?? ""),
            ("evse", name.evse.map(String.init) ?? ""), ("connector", name.connector.map(String.init) ?? ""),
            ("variable", name.variable), ("instance", name.instance ?? ""), ("attribute", row.attribute.rawValue),
        ].map { "<input type=\"hidden\" name=\"\($0.0)\" value=\"\($0.1)\">" }
        let value = row.drift == nil ? row.known?.variable.value ?? "" : row.wanted ?? ""
        return """
            <details><summary>\(t("action.set"))</summary><form method="post" action="\(path(view.station.id))" class="inline">\
            \(Layout.csrf(call))\(hidden)<input name="value" value="\(value)" aria-label="\(t("device.value"))" maxlength="2500">\
            <button class="button"\(off)>\(t("action.set"))</button></form></details>
            """
    }
}
