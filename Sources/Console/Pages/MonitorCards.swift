import Assets
import Charging
import Documents
import Operations
import Quantities

/// What a station of 2.x watches by itself and what it saw, on the page of its device model. 1.6 has nothing of the kind.
struct MonitorCards {
    let view: StationView
    let device: DeviceView
    let call: Call
    let format: Format
    let refused: RefusedForm?
    private var t: Words { format.words }
    private var path: String { DevicePage.path(view.station.id) + "/monitors" }
    private var canOrder: Bool { call.can(.operator) }

    static func has(_ view: StationView) -> Bool { view.protocol.map { $0 != SubprotocolWords.v16 } ?? false }

    func html() async -> HTML {
        guard Self.has(view) else { return "" }
        let id = view.station.id
        let settings = await call.service.monitoringSettings(of: id)
        let monitors = await call.service.deviceMonitors(of: id)
        let severity = call.request.query.filled("severity").flatMap { Int($0) }
        let isOpen = call.request.query["open"] == "true"
        let events = await call.service.deviceEvents(
            of: id, severity: severity, open: isOpen, limit: Self.eventsShown, before: nil)
        let api = "/api/v1/stations/" + PercentCoding.encode(id.value)
        let read: HTML =
            canOrder
            ? Parts.button(t("monitoring.read"), to: path, [("what", "read")], off: !view.online, call: call) : ""
        return """
            \(Parts.card(t("monitoring.title"), id: "monitors", live: "station command", actions: "\(read)\(Parts.csv(api + "/monitors?format=csv&bom=1", t))", "\(state(settings))\(list(monitors))"))
            \(canOrder ? forms(settings) : "<p class=\"muted\">\(t("denied.operator"))</p>")
            \(Parts.card(t("monitoring.events"), id: "device-events", live: "station", actions: Parts.csv(api + "/device-events?format=csv&bom=1&limit=1000", t), "\(filter(severity, isOpen))\(list(events))"))
            """
    }

    private static let eventsShown = 30

    // MARK: - Monitors

    private func state(_ settings: MonitoringSettings) -> HTML {
        let base = settings.base.map { t.known("monitoring.base." + $0) ?? $0 }
        return Parts.facts([
            (t("monitoring.base"), HTML(escaping: base ?? t("monitoring.unset"))),
            (
                t("monitoring.level"),
                HTML(escaping: settings.level.map { t("severity.\($0)") } ?? t("monitoring.unset"))
            ),
            (t("monitoring.settings.at"), settings.at.map { format.ago($0) } ?? HTML(escaping: Format.none)),
        ])
    }

    private func list(_ monitors: [KnownMonitor]) -> HTML {
        guard !monitors.isEmpty else { return Parts.empty(t("monitoring.none")) }
        let rows: [HTML] = monitors.map { known in
            let monitor = known.monitor
            let only: HTML? =
                monitor.isTransactional ? "<div class=\"muted\">\(t("monitoring.transaction"))</div>" : nil
            let unit = device.picture.find(monitor.name)?.variable.unit ?? ""
            // What is built in cannot be cleared (2.0.1 N06).
            let clear: HTML =
                canOrder && monitor.origin != "HardWiredMonitor"
                ? Parts.confirm(
                    t("monitoring.clear"), effect: t("monitoring.clear.effect", ["name": monitor.name.text]),
                    button: t("monitoring.clear.do", ["n": String(monitor.id)]), to: path,
                    [("what", "clear"), ("id", String(monitor.id))], off: !view.online, call: call) : ""
            return """
                <tr data-row><th scope="row"><span class="mono">\(monitor.name.text)</span><div class="muted">\(t("monitoring.number.n", ["n": String(monitor.id)]))</div></th>\
                <td>\(t.known("monitoring.kind." + monitor.kind) ?? monitor.kind) <strong>\(monitor.value)</strong> \(monitor.kind.hasPrefix("Periodic") ? "s" : unit)\(only)</td>\
                <td>\(Parts.severity(monitor.severity, t))</td>\
                <td>\(monitor.origin.map { t.known("monitoring.origin." + $0) ?? $0 } ?? Format.none)</td>\
                <td>\(format.ago(known.at))</td><td>\(clear)</td></tr>
                """
        }
        return Parts.table(
            Parts.heads(
                t,
                [
                    "device.variable", "monitoring.kind", "monitoring.severity", "monitoring.origin", "device.told",
                    "certificates.action",
                ]), rows, caption: t("monitoring.title"))
    }

    // MARK: - Forms

    private func forms(_ settings: MonitoringSettings) -> HTML {
        let (severities, off) = (Self.severities(t), !view.online)
        var monitor = FormView("monitor", to: path, call, refused)
        let names: [HTML] = device.variables.filter { $0.variable.supportsMonitoring ?? false }.prefix(500).map {
            "<option value=\"\($0.variable.name.written)\"></option>"
        }
        let fields: HTML = """
            <input type="hidden" name="what" value="set">
            \(monitor.input(t("device.variable"), "variable", hint: t("monitoring.variable.hint"), needed: true, more: " list=\"monitored\" maxlength=\"200\" spellcheck=\"false\""))
            <datalist id="monitored">\(names)</datalist>
            \(monitor.select(t("monitoring.kind"), "type", MonitoringAPI.Kind.allCases.map { ($0.rawValue, t("monitoring.kind." + $0.rawValue)) }))
            \(monitor.input(t("monitoring.value"), "value", hint: t("monitoring.value.hint"), needed: true, more: " inputmode=\"decimal\" maxlength=\"20\""))
            \(monitor.select(t("monitoring.severity"), "severity", severities, "5", hint: t("monitoring.severity.hint")))
            \(monitor.input(t("monitoring.replaces"), "id", type: "number", hint: t("monitoring.replaces.hint"), more: " min=\"0\""))
            \(monitor.check(t("monitoring.transaction.only"), "transaction"))
            """
        var base = FormView("monitoring-base", to: path, call, refused)
        let bases = MonitoringAPI.Base.allCases.map { (value: $0.rawValue, label: t("monitoring.base." + $0.rawValue)) }
        let baseFields: HTML = """
            <input type="hidden" name="what" value="base">
            \(base.select(t("monitoring.base"), "base", bases, settings.base ?? "All"))
            \(base.check(t("monitoring.base.confirm"), "confirmed"))
            """
        var level = FormView("monitoring-level", to: path, call, refused)
        let levelFields: HTML = """
            <input type="hidden" name="what" value="level">
            \(level.select(t("monitoring.level"), "level", severities, String(settings.level ?? 9), hint: t("monitoring.level.hint")))
            """
        let warning: HTML? = off ? "<p class=\"banner banner-warn\">\(t("command.offline.warning"))</p>" : nil
        return Parts.card(
            t("monitoring.orders"), id: "monitoring-orders",
            """
            \(warning)
            \(monitor.folded(t("monitoring.set"), monitor.html(fields, button: t("monitoring.set.do"), off: off)))
            \(base.folded(t("monitoring.base.change"), base.html(baseFields, button: t("monitoring.base.do"), hurts: true, off: off)))
            \(level.folded(t("monitoring.level.change"), level.html(levelFields, button: t("monitoring.level.do"), off: off)))
            """)
    }

    private static func severities(_ t: Words) -> [(value: String, label: String)] {
        DeviceMonitor.severities.map { (String($0), t("severity.\($0)")) }
    }

    private enum What: String, CaseIterable { case read, set, clear, base, level }

    /// One of the orders of these cards.
    @Sendable static func order(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        var reader = FormReader(call)
        guard let what = reader.word("what", What.self, needed: true) else { throw .invalid(reader.mistakes) }
        let form =
            switch what {
            case .read, .clear: "monitors"
            case .set: "monitor"
            case .base: "monitoring-base"
            case .level: "monitoring-level"
            }
        return await DevicePage.ordered(call, view, form: form, note: "command", at: "#monitors") {
            () async throws(Refusal) in
            let order = order(what, &reader, view.station.id)
            try reader.throwIfAny()
            guard let order else { throw .invalid([]) }
            _ = try await call.order(.device(order))
        }
    }

    private static func order(_ what: What, _ reader: inout FormReader, _ id: StationID) -> DeviceOrder? {
        switch what {
        case .read: return .refreshMonitors(id)
        case .set: return wish(&reader).map { .setMonitors(id, [$0]) }
        case .clear: return reader.whole("id", 0...Int(Int32.max), needed: true).map { .clearMonitors(id, [$0]) }
        case .base:
            reader.confirmation("confirmed")
            return reader.word("base", MonitoringAPI.Base.self, needed: true).map { .monitoringBase(id, $0.rawValue) }
        case .level:
            return reader.whole("level", DeviceMonitor.severities, needed: true).map { .monitoringLevel(id, $0) }
        }
    }

    private static func wish(_ reader: inout FormReader) -> MonitorWish? {
        let written = reader.text("variable", atMost: 220, needed: true)
        let name = written.flatMap { VariableName(written: $0) }
        if written != nil, name == nil || name?.component.isEmpty ?? true {
            reader.refuse("variable", InputProblem.variableName)
        }
        let kind = reader.word("type", MonitoringAPI.Kind.self, needed: true)
        let text = reader.text("value", atMost: 20, needed: true)
        let value = text.flatMap { scaledInteger($0, scale: 3) }
        if let value, MonitoringAPI.values.contains(value) {
        } else if let text {
            let bound = decimalText(Int128(MonitoringAPI.values.upperBound), scale: 3)
            reader.refuse("value", InputProblem.notInRange(given: text, from: "-" + bound, to: bound))
        }
        let severity = reader.whole("severity", DeviceMonitor.severities, needed: true)
        let id = reader.whole("id", 0...Int(Int32.max))
        guard reader.mistakes.isEmpty, let name, let kind, let value, let severity else { return nil }
        return MonitorWish(
            id: id, name: name, kind: kind.rawValue, value: decimalText(Int128(value), scale: 3), severity: severity,
            isTransactional: reader.isChecked("transaction"))
    }

    // MARK: - Events

    private func filter(_ severity: Int?, _ isOpen: Bool) -> HTML {
        let own = DevicePage.path(view.station.id)
        let chips: [HTML] = [
            Parts.chip(t("device.all"), href: own + "#device-events", chosen: severity == nil && !isOpen),
            Parts.chip(
                t("monitoring.alarming"), href: own + "?severity=\(DeviceMonitor.alarming)#device-events",
                chosen: severity != nil),
            Parts.chip(t("monitoring.open"), href: own + "?open=true#device-events", chosen: isOpen),
        ]
        return "<nav class=\"chips\" aria-label=\"\(t("monitoring.events"))\">\(chips)</nav>"
    }

    private func list(_ events: [StoredDeviceEvent]) -> HTML {
        guard !events.isEmpty else { return Parts.empty(t("monitoring.noevents")) }
        let rows: [HTML] = events.map { stored in
            let event = stored.event
            let state: HTML =
                if event.isCleared {
                    "<span class=\"state state-ok\">\(t("monitoring.clears"))</span>"
                } else if event.lasts, stored.clearedAt == nil {
                    "<span class=\"state state-bad\">\(t("monitoring.open"))</span>"
                } else if let clearedAt = stored.clearedAt {
                    "<span class=\"state state-off\">\(t("monitoring.clears"))</span> \(format.tag(clearedAt))"
                } else { "" }
            let unit = device.picture.find(event.name)?.variable.unit ?? ""
            let more = [event.techCode, event.techInfo].compactMap { $0 }.joined(separator: ": ")
            return """
                <tr data-row><td>\(format.precise(event.at))</td>\
                <th scope="row"><span class="mono">\(event.name.text)</span><div class="muted">\(more)</div></th>\
                <td>\(event.value) \(unit)</td><td>\(event.severity.map { Parts.severity($0, t) } ?? HTML(escaping: Format.none))</td>\
                <td>\(t.known("monitoring.trigger." + event.trigger) ?? event.trigger)</td><td>\(state)</td></tr>
                """
        }
        return Parts.table(
            Parts.heads(
                t,
                [
                    "table.time", "device.variable", "device.value", "monitoring.severity", "monitoring.trigger",
                    "monitoring.state",
                ]), rows, caption: t("monitoring.events"))
    }
}

extension Parts {
    /// Of a monitor or its event: 0 to 3 call a person.
    static func severity(_ severity: Int, _ t: Words) -> HTML {
        let tone: HTML = severity <= DeviceMonitor.alarming ? "bad" : severity <= 6 ? "wait" : "idle"
        return
            "<span class=\"state state-\(tone)\">\(t.known("severity.\(severity)") ?? String(severity))</span>"
    }
}
