import Assets
import Charging
import Operations
import Quantities

/// By what a station and the platform prove themselves to each other, and the way to another security profile over OCPP;
/// on the station's page.
struct SecurityProfileCard {
    let view: StationView
    let call: Call
    let format: Format
    let refused: RefusedForm?
    private var t: Words { format.words }
    private var path: String { "/stations/" + PercentCoding.encode(view.station.id.value) + "/security-profile" }
    private var is16: Bool { view.protocol ?? SubprotocolWords.v16 == SubprotocolWords.v16 }

    func html() async -> HTML {
        let networks = is16 ? [] : await call.service.networkProfiles(of: view.station.id)
        let held = view.station.securityProfile
        var pairs: [(String, HTML)] = [
            (t("securityprofile.held"), "<strong>\(held)</strong> \(t("securityprofile.\(held)"))")
        ]
        if let change = view.profileChange {
            pairs.append((t("profilechange.title"), Self.state(change, format)))
            if let word = change.word, !change.isOver || change.state == .refused {
                pairs.append((t("securityprofile.word"), "<span class=\"mono\">\(word)</span>"))
            }
        }
        let isOpen = view.profileChange.map { !$0.isOver } ?? false
        let api = "/api/v1/stations/" + PercentCoding.encode(view.station.id.value)
        let network: HTML =
            is16
            ? "" : "<h3>\(t("networks.title"))</h3><p class=\"muted\">\(t("networks.text"))</p>\(table(networks))"
        return Parts.card(
            t("securityprofile.title"), id: "security-profile", live: "station command",
            actions: is16 ? .empty : Parts.csv(api + "/network-profiles?format=csv&bom=1", t),
            "\(Parts.facts(pairs))\(isOpen ? progress() : .empty)\(network)")
            + (call.can(.manager) && (!isOpen || refused?.name == "profile") ? form() : .empty)
    }

    // MARK: - What is

    static func state(_ change: SecurityProfileChange, _ format: Format) -> HTML {
        let t = format.words
        let tone: HTML =
            switch change.state {
            case .done: "ok"
            case .refused: "bad"
            case .sendingProfile, .sendingPriority, .resetting, .awaited: "wait"
            }
        let text = t("profilechange." + change.state.rawValue, ["target": String(change.target)])
        return
            "<span class=\"state state-\(tone)\">\(text)</span> <span class=\"muted\">\(format.ago(change.at))</span>"
    }

    /// The steps of a change under way, and how to end it.
    private func progress() -> HTML {
        guard let change = view.profileChange else { return "" }
        let steps: [SecurityProfileChange.State] =
            is16
            ? [.sendingProfile, .awaited, .done] : [.sendingProfile, .sendingPriority, .resetting, .awaited, .done]
        let items: [HTML] = steps.map { step in
            let current: HTML = step == change.state ? " aria-current=\"step\"" : ""
            return "<li\(current)>\(t("securityprofile.step." + step.rawValue))</li>"
        }
        let end: HTML =
            call.can(.manager)
            ? Parts.confirm(
                t("securityprofile.end"), effect: t("securityprofile.end.effect"),
                button: t("securityprofile.end.do"), to: path + "/end", call: call) : ""
        return "<ol class=\"steps\">\(items)</ol><div class=\"controls\">\(end)</div>"
    }

    private func table(_ networks: [NetworkProfile]) -> HTML {
        guard !networks.isEmpty else { return Parts.empty(t("networks.none")) }
        let rows: [HTML] = networks.map { one in
            """
            <tr data-row><th scope="row">\(one.slot)</th><td class="mono">\(one.url)</td><td>\(one.securityProfile)</td>\
            <td>\(one.interface)</td><td class="number">\(one.messageTimeout)</td></tr>
            """
        }
        return Parts.table(
            Parts.heads(
                t,
                [
                    "networks.slot", "networks.url", "station.security", "networks.interface", "networks.timeout",
                ], numbers: ["networks.timeout"]), rows, caption: t("networks.title"))
    }

    // MARK: - Change

    /// Those that OCPP can lead to from where the station is: up, and in 2.x from 3 to 2.
    private var targets: [Int] {
        let held = view.station.securityProfile
        return (1...3).filter { $0 > held || ($0 == 2 && held == 3 && !is16) }
    }

    private func form() -> HTML {
        let off = !view.online
        guard !targets.isEmpty else { return "" }
        var form = FormView("profile", to: path, call, refused)
        var fields: HTML = form.select(
            t("securityprofile.target"), "security_profile",
            targets.map { (String($0), "\($0): " + t("securityprofile.\($0)")) })
        if !is16 {
            fields += form.input(
                t("networks.url"), "url", hint: t("securityprofile.url.hint"), needed: true,
                more: " maxlength=\"512\" spellcheck=\"false\"")
            fields += form.select(
                t("networks.interface"), "interface",
                SecurityProfileAPI.Interface.allCases.map { ($0.rawValue, $0.rawValue) })
            fields += form.input(
                t("networks.slot"), "slot", type: "number", hint: t("securityprofile.slot.hint"),
                more: " min=\"0\" max=\"100\"")
            fields += form.input(t("securityprofile.priority"), "priority", hint: t("securityprofile.priority.hint"))
            fields += form.input(
                t("networks.timeout"), "message_timeout_seconds", "30", type: "number", more: " min=\"1\" max=\"600\"")
        }
        fields += form.check(t("securityprofile.confirm"), "confirmed")
        let warning: HTML? = off ? "<p class=\"banner banner-warn\">\(t("command.offline.warning"))</p>" : nil
        let body = form.html(fields, button: t("securityprofile.do"), hurts: true, off: off)
        return Parts.card(
            t("securityprofile.change"), id: "profile",
            "<p class=\"muted\">\(t("securityprofile.text"))</p>\(warning)\(form.folded(t("securityprofile.open"), body))"
        )
    }

    @Sendable static func change(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return try await StationPage.ordered(call, view, form: "profile", note: "command", at: "#security-profile") {
            () async throws(Refusal) in
            var reader = FormReader(call)
            let target = reader.whole("security_profile", 1...3, needed: true)
            let url = reader.text("url", atMost: NetworkProfile.longestURL)
            let slot = reader.whole("slot", 0...100)
            let interface = reader.word("interface", SecurityProfileAPI.Interface.self)
            let timeout = reader.whole("message_timeout_seconds", 1...600)
            let priority = priority(&reader)
            if let url, let target {
                let scheme = SecurityProfileAPI.scheme(target)
                if !url.hasPrefix(scheme) || url.count == scheme.count {
                    reader.refuse("url", InputProblem.addressScheme(scheme: scheme))
                }
            }
            reader.confirmation("confirmed")
            try reader.throwIfAny()
            guard let target else { throw .invalid([]) }
            let wish = SecurityProfileAPI.Wish(
                target: target, url: url, slot: slot, priority: priority, interface: interface, messageTimeout: timeout)
            _ = try await SecurityProfileAPI.order(wish, of: view.station.id, call)
        }
    }

    private static func priority(_ reader: inout FormReader) -> [Int]? {
        let parts = reader.ids("priority")
        guard !parts.isEmpty else { return nil }
        let slots = parts.compactMap { Int($0) }.filter { (0...100).contains($0) }
        if slots.count == parts.count, slots.count <= 16 { return slots }
        reader.refuse("priority", InputProblem.slots)
        return nil
    }

    @Sendable static func end(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return try await StationPage.ordered(call, view, form: "end", note: "saved", at: "#security-profile") {
            () async throws(Refusal) in
            _ = try await call.order(.device(.endSecurityProfileChange(view.station.id)))
        }
    }
}
