import Assets
import Charging
import Documents
import Operations
import Quantities

/// What a station holds for people, on its page: its local list, reservations, messages on its display.
struct HoldingsCards {
    let view: StationView
    let call: Call
    let format: Format
    private var t: Words { format.words }
    private var api: String { "/api/v1/stations/" + PercentCoding.encode(view.station.id.value) }
    private var path: String { "/stations/" + PercentCoding.encode(view.station.id.value) }
    private var off: HTML { view.online ? "" : " disabled" }

    func html() async -> HTML {
        guard call.can(.operator) else { return .empty }
        let list = await call.service.localList(of: view.station.id)
        let reservations = await call.service.reservations(of: view.station.id, limit: Self.shown, before: nil)
        let display =
            view.protocol.map { $0 != "ocpp1.6" } ?? false ? await call.service.display(of: view.station.id) : nil
        return """
            \(Parts.card(t("reservations.title"), id: "reservations", live: "station", actions: Parts.csv(api + "/reservations?format=csv&bom=1&limit=1000", t), "\(table(reservations))\(reserveForm)"))
            \(list.map { Parts.card(t("lists.title"), id: "local-list", live: "station", self.list($0)) })
            \(display.map { Parts.card(t("display.title"), id: "display", live: "station command", actions: Parts.csv(api + "/display-messages?format=csv&bom=1", t), self.display($0)) })
            """
    }

    // MARK: - Local list

    private func list(_ list: LocalListView) -> HTML {
        let record = list.record
        let held: HTML =
            switch (record.heldVersion, list.isCurrent) {
            case (nil, _): HTML(escaping: t("lists.holds.unknown"))
            case (let version?, nil): HTML(escaping: t("lists.holds.version", ["version": String(version)]))
            case (let version?, true?):
                "\(t("lists.holds.version", ["version": String(version)])) <span class=\"state state-ok\">\(t("lists.holds.current"))</span>"
            case (let version?, false?):
                "\(t("lists.holds.version", ["version": String(version)])) <span class=\"state state-wait\">\(t("lists.holds.stale"))</span>"
            }
        let word = record.word.map { ": " + $0 } ?? ""
        let outcome = t("lists.outcome." + record.outcome.rawValue, ["n": String(record.entries)]) + word
        let leftOut: HTML? =
            record.leftOut == 0 ? nil : "<p class=\"muted\">\(t("lists.leftout", ["n": String(record.leftOut)]))</p>"
        var forms: [HTML] = []
        if call.can(.manager) {
            forms.append(
                record.scope == .none ? form("keep", t("lists.keep"), "") : form("stop", t("lists.stop"), ""))
        }
        if record.scope != .none {
            forms += [form("send", t("lists.send"), off), form("whole", t("lists.whole"), off)]
        }
        return """
            <p class="muted">\(t("lists.text"))</p>
            \(Parts.facts([
                (t("lists.scope"), HTML(escaping: t("lists.scope." + record.scope.rawValue, ["n": String(list.wanted)]))),
                (t("lists.holds"), held),
                (t("lists.outcome"), "\(outcome) <span class=\"muted\">\(record.outcome == .never ? .empty : format.ago(record.at))</span>"),
                (t("lists.automatic"), HTML(escaping: t(record.isAutomatic ? "lists.automatic.on" : "lists.automatic.off"))),
            ]))
            \(leftOut)<div class="controls">\(forms)</div>
            """
    }

    private func form(_ what: String, _ label: String, _ disabled: HTML) -> HTML {
        """
        <form method="post" action="\(path)/local-list">\(Layout.csrf(call))<input type="hidden" name="what" value="\(what)">\
        <button class="button"\(disabled)>\(label)</button></form>
        """
    }

    /// Chooses what the list should hold, or sends it.
    @Sendable static func changeList(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        let what = call.form["what"] ?? ""
        let back = "/stations/" + PercentCoding.encode(station.value)
        if what == "send" || what == "whole" {
            _ = try await call.order(.sendLocalList(station, whole: what == "whole"))
            return .seeOther(back + "?note=list.sent#local-list")
        }
        guard call.can(.manager) else {
            throw Refusal(
                403, "role-too-low", "This needs the role manager.",
                values: ["role": "manager", "own": call.actor.role.name])
        }
        var change = LocalListChange()
        change.scope = what == "keep" ? .all : LocalListRecord.Scope.none
        change.isAutomatic = what == "keep"
        _ = try await call.order(.putLocalList(station, change))
        return .seeOther(back + "?note=list#local-list")
    }

    // MARK: - Reservations

    private func table(_ reservations: [StoredReservation]) -> HTML {
        guard !reservations.isEmpty else { return Parts.empty(t("reservations.none")) }
        let rows: [HTML] = reservations.map { stored in
            let one = stored.reservation
            let evse = one.asked.evse.map { t("station.evse", ["n": String($0)]) } ?? t("reservations.any")
            let tone = one.state == .accepted || one.state == .inUse ? "ok" : one.state.isOpen ? "wait" : "off"
            let word = one.word.map { ": " + $0 } ?? ""
            let session: HTML? = one.session.map {
                " <a href=\"/sessions/\(PercentCoding.encode($0.value))\">\($0.value)</a>"
            }
            let payload: JSONValue = ["reservationId": .int(one.id)]
            let cancel: HTML =
                one.state.isOpen ? command(t("reservations.cancel"), "CancelReservation", payload.text()) : ""
            return """
                <tr data-row><th scope="row">\(String(one.id))<div class="muted">\(evse)</div></th>\
                <td>\(one.asked.token)<div class="muted">\(one.asked.group ?? "")</div></td><td>\(format.tag(one.asked.expiresAt))</td>\
                <td><span class="state state-\(tone)">\(t("reservations.state." + one.state.rawValue))</span>\(word)\(session)</td>\
                <td>\(format.ago(one.at))</td><td>\(cancel)</td></tr>
                """
        }
        return Parts.table(
            Parts.heads(
                t,
                [
                    "reservations.number", "reservations.token", "reservations.until", "reservations.state",
                    "certificates.since", "certificates.action",
                ]), rows, caption: t("reservations.title"))
    }

    private var reserveForm: HTML {
        """
        <form method="post" action="\(path)/reservations" class="inline">\(Layout.csrf(call))
        <label><span>\(t("reservations.token"))</span><input name="id_token" required maxlength="255" spellcheck="false"></label>
        <label><span>\(t("reservations.evse"))</span><input type="number" name="evse_id" min="1" max="64"></label>
        <label><span>\(t("reservations.minutes"))</span><input type="number" name="minutes" min="1" max="10080" value="60" required></label>
        <button class="button"\(off)>\(t("reservations.make"))</button></form>
        """
    }

    @Sendable static func reserve(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        let form = call.form
        guard let token = form.filled("id_token"), let minutes = form.filled("minutes").flatMap({ Int($0) }),
            (1...10_080).contains(minutes)
        else { throw .invalid([.init(path: "minutes", problem: call.words("reservations.invalid"))]) }
        let wish = StationWish.reserve(
            evse: form.filled("evse_id").flatMap { Int($0) }, connectorKind: nil, token: token, group: nil,
            until: call.service.now + .minutes(minutes))
        _ = try await call.order(.ask(station, wish, timeout: .seconds(30)))
        return .seeOther("/stations/" + PercentCoding.encode(station.value) + "?note=reserved#reservations")
    }

    // MARK: - Display

    private func display(_ picture: DisplayPicture) -> HTML {
        let told: HTML =
            picture.toldAt.map { "\(t("display.told")) \(format.ago($0))" } ?? HTML(escaping: t("display.untold"))
        let rows: [HTML] = picture.messages.prefix(Self.shown).map { message in
            let payload: JSONValue = ["id": .int(message.id)]
            return """
                <tr data-row><th scope="row">\(String(message.id))<div class="muted">\(message.priority)</div></th>\
                <td>\(message.content)<div class="muted">\(message.format)</div></td>\
                <td>\(message.state ?? t("display.always")) \(message.endsAt.map { format.tag($0) } ?? .empty)</td>\
                <td>\(command(t("display.clear"), "ClearDisplayMessage", payload.text()))</td></tr>
                """
        }
        let list: HTML =
            rows.isEmpty
            ? Parts.empty(t("display.none"))
            : Parts.table(
                Parts.heads(t, ["display.number", "display.content", "display.when", "certificates.action"]), rows,
                caption: t("display.title"))
        return """
            <p class="muted">\(t("display.text")) \(told)</p>\(list)
            <div class="controls"><form method="post" action="\(path)/display">\(Layout.csrf(call))<input type="hidden" name="what" value="read">\
            <button class="button"\(off)>\(t("display.read"))</button></form>
            <form method="post" action="\(path)/display" class="inline">\(Layout.csrf(call))<input type="hidden" name="what" value="show">
            <label><span>\(t("display.number"))</span><input type="number" name="id" min="0" required></label>
            <label><span>\(t("display.content"))</span><input name="content" maxlength="512" required></label>
            <button class="button"\(off)>\(t("display.make"))</button></form></div>
            """
    }

    @Sendable static func changeDisplay(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        let form = call.form
        var wish = StationWish.readDisplay
        if form["what"] == "show" {
            guard let id = form.filled("id").flatMap({ Int($0) }), (0...Int(Int32.max)).contains(id),
                let content = form.filled("content"), content.unicodeScalars.count <= 512
            else { throw .invalid([.init(path: "id", problem: call.words("command.noaction"))]) }
            wish = .display(
                DisplayMessage(id: id, priority: DisplayPriority.normalCycle.rawValue, format: "UTF8", content: content)
            )
        }
        _ = try await call.order(.ask(station, wish, timeout: .seconds(30)))
        return .seeOther("/stations/" + PercentCoding.encode(station.value) + "?note=command#display")
    }

    private func command(_ label: String, _ action: String, _ payload: String) -> HTML {
        """
        <form method="post" action="\(path)/commands">\(Layout.csrf(call))<input type="hidden" name="action" value="\(action)">\
        <input type="hidden" name="payload" value="\(payload)"><button class="button"\(off)>\(label)</button></form>
        """
    }

    private static let shown = 20
}
