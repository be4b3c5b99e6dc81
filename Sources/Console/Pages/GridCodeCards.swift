import Assets
import Charging
import Documents
import Operations
import Quantities

/// On a station's page: the controls of the grid code that it should have and has, and the batteries in its slots.
struct GridCodeCards {
    let view: StationView
    let call: Call
    let format: Format
    let refused: RefusedForm?
    private var t: Words { format.words }
    private var api: String { "/api/v1/stations/" + PercentCoding.encode(view.station.id.value) }
    private var path: String { "/stations/" + PercentCoding.encode(view.station.id.value) }

    func html() async -> HTML {
        guard view.protocol == "ocpp2.1" else { return .empty }
        let cabinet = await call.service.cabinet(of: view.station.id)
        let picture = await call.service.derPicture(of: view.station.id)
        let swaps = call.can(.operator) ? await call.service.swaps(of: view.station.id, limit: 10, before: nil) : []
        let der: HTML? = picture.flatMap { picture in
            guard !picture.holdings.isEmpty || !picture.strangers.isEmpty || picture.supported != nil else {
                return nil
            }
            return Parts.card(
                t("der.station"), id: "der", live: "station command",
                actions: Parts.csv(api + "/der-controls?format=csv&bom=1", t), controls(picture))
        }
        let slots: HTML? =
            cabinet == nil && swaps.isEmpty
            ? nil
            : Parts.card(
                t("swap.title"), id: "batteries", live: "station session",
                actions: Parts.csv(api + "/batteries?format=csv&bom=1", t),
                "\(batteries(cabinet ?? BatteryCabinet(station: view.station.id)))\(history(swaps))\(call.can(.operator) ? form : .empty)"
            )
        return "\(slots)\(der)"
    }

    // MARK: - Controls

    private func controls(_ picture: DERPicture) -> HTML {
        let now = format.now
        let own: [HTML] = picture.holdings.map { one in
            let word = one.word.map { ": " + $0 } ?? ""
            let by: HTML? = one.entry.supersededBy.map { "<div class=\"muted\">\(t("der.by", ["control": $0]))</div>" }
            return row(
                one.control, "\(DERPage.state(picture.state(of: one, at: now), t))\(word)\(by)", since: one.at)
        }
        let others: [HTML] = picture.strangers.map { one in
            row(
                one.reported.control, "<span class=\"state state-bad\">\(t("der.stranger"))</span>", since: one.at)
        }
        let told: HTML =
            picture.toldAt.map { "\(t("der.told")) \(format.ago($0))" } ?? HTML(escaping: t("der.untold"))
        let supported: HTML =
            picture.supported.map { functions in
                HTML(escaping: functions.map(\.rawValue).sorted().joined(separator: ", "))
            } ?? HTML(escaping: t("der.supported.unknown"))
        let list: HTML =
            own.isEmpty && others.isEmpty
            ? Parts.empty(t("der.none"))
            : Parts.table(
                Parts.heads(
                    t, ["der.control", "der.function", "der.priority", "der.when", "der.state", "certificates.since"],
                    numbers: ["der.priority"]), own + others, caption: t("der.station"))
        let read: HTML? =
            call.can(.operator)
            ? "<div class=\"controls\">\(Parts.button(t("der.read"), to: path + "/der", off: !view.online, call: call))</div>"
            : nil
        return """
            \(Parts.facts([(t("der.supported"), supported), (t("der.holds"), told)]))\(list)\(read)
            """
    }

    private func row(_ control: DERControl, _ state: HTML, since: Instant) -> HTML {
        let when: HTML = HTML(escaping: control.span.map { format.span($0) } ?? t("der.default"))
        return """
            <tr data-row><th scope="row"><span class="mono">\(control.id)</span></th><td>\(DERPage.functionWord(control.function, t))</td>\
            <td class="number">\(String(control.priority))</td><td>\(when)</td><td>\(state)</td><td>\(format.ago(since))</td></tr>
            """
    }

    @Sendable static func read(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return try await StationPage.ordered(call, view, form: "der", note: "command", at: "#der") {
            () async throws(Refusal) in _ = try await call.order(.der(.read(view.station.id)))
        }
    }

    // MARK: - Batteries

    private func batteries(_ cabinet: BatteryCabinet) -> HTML {
        let numbers = Set(view.evses.map(\.number)).union(cabinet.batteries.map(\.battery.slot)).sorted()
        let slots: [HTML] = numbers.map { number in
            let evse = view.evses.first { $0.number == number }
            guard let stored = cabinet[number] else {
                return """
                    <div class="slot slot-empty"><h3>\(t("swap.slot", ["n": String(number)]))</h3><p class="muted">\(t("swap.empty"))</p></div>
                    """
            }
            let battery = stored.battery
            let isReady = cabinet.isReady(stored)
            let charging = evse?.session != nil && (evse?.power ?? .zero) > .zero
            let state: HTML =
                isReady
                ? "<span class=\"state state-ok\">\(t("swap.ready"))</span>"
                : "<span class=\"state state-\(charging ? "active" : "wait")\">\(t(charging ? "swap.charging" : "swap.waiting"))</span>"
            let session: HTML? = evse?.session.map {
                " <a href=\"/sessions/\(PercentCoding.encode($0.value))\">\($0.value)</a>"
            }
            return """
                <div class="slot"><h3>\(t("swap.slot", ["n": String(number)]))</h3>\
                <svg class="slot-bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img"><title>\(percent(battery.charge))</title>\
                <rect class="slot-back" width="100" height="10"/><rect class="\(isReady ? "slot-fill slot-full" : "slot-fill")" width="\(String(battery.charge / 100))" height="10"/></svg>\
                <p><span class="big">\(percent(battery.charge))</span> \(state)\(session)</p>\
                <p class="muted"><span class="mono">\(battery.serial)</span> · \(t("swap.health", ["soh": percent(battery.health)]))</p></div>
                """
        }
        let target = cabinet.target ?? BatteryCabinet.assumedTarget
        let ready = t(
            "swap.ready.count",
            ["ready": String(cabinet.ready), "all": String(cabinet.batteries.count), "soc": percent(target)])
        let assumed: HTML? = cabinet.target == nil ? " <span class=\"muted\">\(t("swap.assumed"))</span>" : nil
        return "<p>\(ready)\(assumed)</p><div class=\"slots\">\(slots)</div>"
    }

    private func percent(_ hundredths: Int) -> String {
        Format.fixed(Int64(hundredths), scale: 2, decimals: hundredths % 100 == 0 ? 0 : 1) + " %"
    }

    private func history(_ swaps: [BatterySwap]) -> HTML {
        guard !swaps.isEmpty else { return .empty }
        let rows: [HTML] = swaps.map { one in
            let tone = one.state == .done ? "ok" : one.state.isOpen ? "wait" : one.state == .left ? "bad" : "off"
            let word = one.word.map { ": " + $0 } ?? ""
            let refused: HTML? =
                one.isTokenRefused ? "<div><span class=\"state state-bad\">\(t("swap.tokenrefused"))</span></div>" : nil
            return """
                <tr data-row><th scope="row">\(format.precise(one.openedAt))<div class="muted">\(t(one.isRemote ? "swap.remote" : "swap.local"))</div></th>\
                <td>\(one.token)</td><td>\(list(one.taken))</td><td>\(list(one.given))</td>\
                <td><span class="state state-\(tone)">\(t("swap.state." + one.state.rawValue))</span>\(word)\(refused)</td>\
                <td class="number">\(format.kilowattHours(one.charged))</td></tr>
                """
        }
        return Parts.table(
            Parts.heads(
                t, ["swap.when", "reservations.token", "swap.in", "swap.out", "swap.state", "swap.charged"],
                numbers: ["swap.charged"]), rows, caption: t("swap.history"))
    }

    private func list(_ batteries: [SwapBattery]) -> HTML {
        let lines: [HTML] = batteries.map { one in
            "<div><span class=\"mono\">\(one.serial)</span> <span class=\"muted\">\(t("swap.slot", ["n": String(one.slot)])), \(percent(one.charge))</span></div>"
        }
        return lines.isEmpty ? HTML(escaping: Format.none) : "\(lines)"
    }

    private var form: HTML {
        var form = FormView("swap", to: path + "/battery-swaps", call, refused)
        let fields: HTML =
            "\(form.input(t("reservations.token"), "id_token", needed: true, more: " maxlength=\"255\" spellcheck=\"false\""))"
        return form.folded(t("swap.new"), form.html(fields, button: t("swap.make"), off: !view.online))
    }

    @Sendable static func swap(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return try await StationPage.ordered(call, view, form: "swap", note: "command", at: "#batteries") {
            () async throws(Refusal) in
            var reader = FormReader(call)
            let token = reader.text("id_token", atMost: 255, needed: true)
            try reader.throwIfAny()
            _ = try await call.order(
                .ask(view.station.id, .swapBatteries(token: token ?? ""), timeout: .seconds(30)))
        }
    }
}
