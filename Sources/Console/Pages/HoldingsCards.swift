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
    let refused: RefusedForm?
    private var t: Words { format.words }
    private var api: String { "/api/v1/stations/" + PercentCoding.encode(view.station.id.value) }
    private var path: String { "/stations/" + PercentCoding.encode(view.station.id.value) }

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
        if call.can(.manager), record.scope != .all { forms.append(form("keep", t("lists.keep"))) }
        if record.scope != .none {
            forms += [
                form("send", t("lists.send"), off: !view.online), form("whole", t("lists.whole"), off: !view.online),
            ]
            if call.can(.manager) {
                forms.append(
                    Parts.confirm(
                        t("lists.stop"), effect: t("lists.stop.effect"), button: t("lists.stop"),
                        to: path + "/local-list", [("what", "stop")], call: call))
            }
        }
        return """
            <p class="muted">\(t("lists.text"))</p>
            \(Parts.facts([
                (t("lists.scope"), HTML(escaping: t("lists.scope." + record.scope.rawValue, ["n": String(list.wanted)]))),
                (t("lists.holds"), held),
                (t("lists.outcome"), "\(outcome) <span class=\"muted\">\(record.outcome == .never ? .empty : format.ago(record.at))</span>"),
                (t("lists.automatic"), HTML(escaping: t(record.isAutomatic ? "lists.automatic.on" : "lists.automatic.off"))),
            ]))
            \(leftOut)<div class="controls">\(forms)</div>\(call.can(.manager) ? choice(record) : .empty)
            """
    }

    private func form(_ what: String, _ label: String, off: Bool = false) -> HTML {
        Parts.button(label, to: path + "/local-list", [("what", what)], off: off, call: call)
    }

    /// Which tokens the list should hold, where it is not all of them.
    private func choice(_ record: LocalListRecord) -> HTML {
        var form = FormView("local-list", to: path + "/local-list", call, refused)
        let fields: HTML = """
            <input type="hidden" name="what" value="choose">
            \(form.area(t("lists.tokens"), "tokens", record.tokens.joined(separator: "\n"), rows: 4, hint: t("lists.tokens.hint")))
            \(form.check(t("lists.automatic.choose"), "automatic", record.scope == .none || record.isAutomatic))
            """
        return form.folded(t("lists.choose"), form.html(fields, button: t("action.save")))
    }

    /// Chooses what the list should hold, or sends it.
    @Sendable static func changeList(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        let station = view.station.id
        let what = call.form["what"] ?? ""
        if what == "send" || what == "whole" {
            return try await StationPage.ordered(call, view, form: "lists", note: "list.sent", at: "#local-list") {
                () async throws(Refusal) in
                _ = try await call.order(.sendLocalList(station, whole: what == "whole"))
            }
        }
        guard call.can(.manager) else {
            throw Refusal(
                403, "role-too-low", "This needs the role manager.",
                values: ["role": "manager", "own": call.actor.role.name])
        }
        return try await StationPage.ordered(call, view, form: "local-list", note: "list", at: "#local-list") {
            () async throws(Refusal) in
            var reader = FormReader(call)
            var change = LocalListChange()
            if what == "choose" {
                let tokens = reader.ids("tokens")
                if tokens.isEmpty { reader.refuse("tokens", InputProblem.needed) }
                if tokens.count > LocalListRecord.mostTokens {
                    reader.refuse("tokens", VariableProblem.tooMany(most: LocalListRecord.mostTokens))
                }
                (change.scope, change.tokens) = (.selected, tokens)
                change.isAutomatic = reader.isChecked("automatic")
            } else {
                change.scope = what == "keep" ? .all : LocalListRecord.Scope.none
                change.isAutomatic = what == "keep"
            }
            try reader.throwIfAny()
            _ = try await call.order(.putLocalList(station, change))
        }
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
        var form = FormView("reservation", to: path + "/reservations", call, refused)
        let fields: HTML = """
            \(form.input(t("reservations.token"), "id_token", needed: true, more: " maxlength=\"255\" spellcheck=\"false\""))
            \(form.input(t("reservations.group"), "group", more: " maxlength=\"255\" spellcheck=\"false\""))
            \(form.input(t("reservations.evse"), "evse_id", type: "number", more: " min=\"1\" max=\"64\""))
            \(form.input(t("reservations.minutes"), "minutes", "60", type: "number", needed: true, more: " min=\"1\" max=\"10080\""))
            """
        return form.folded(
            t("reservations.new"), form.html(fields, button: t("reservations.make"), off: !view.online))
    }

    @Sendable static func reserve(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return try await StationPage.ordered(call, view, form: "reservation", note: "reserved", at: "#reservations") {
            () async throws(Refusal) in
            var reader = FormReader(call)
            let token = reader.text("id_token", atMost: 255, needed: true)
            let group = reader.text("group", atMost: 255)
            let evse = reader.whole("evse_id", 1...64)
            let minutes = reader.whole("minutes", 1...10_080, needed: true)
            try reader.throwIfAny()
            guard let token, let minutes else { throw .invalid([]) }
            let wish = StationWish.reserve(
                evse: evse, connectorKind: nil, token: token, group: group, until: call.service.now + .minutes(minutes))
            _ = try await call.order(.ask(view.station.id, wish, timeout: .seconds(30)))
        }
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
            <div class="controls">\(Parts.button(t("display.read"), to: path + "/display", [("what", "read")], off: !view.online, call: call))</div>\(displayForm)
            """
    }

    private var displayForm: HTML {
        var form = FormView("display", to: path + "/display", call, refused)
        let fields: HTML = """
            <input type="hidden" name="what" value="show">
            \(form.input(t("display.number"), "id", type: "number", needed: true, more: " min=\"0\""))
            \(form.input(t("display.content"), "content", needed: true, more: " maxlength=\"512\""))
            """
        return form.folded(t("display.new"), form.html(fields, button: t("display.make"), off: !view.online))
    }

    @Sendable static func changeDisplay(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return try await StationPage.ordered(call, view, form: "display", note: "command", at: "#display") {
            () async throws(Refusal) in
            var reader = FormReader(call)
            var wish = StationWish.readDisplay
            if reader.form["what"] == "show" {
                let id = reader.whole("id", 0...Int(Int32.max), needed: true)
                let content = reader.text("content", atMost: 512, needed: true)
                try reader.throwIfAny()
                wish = .display(
                    DisplayMessage(
                        id: id ?? 0, priority: DisplayPriority.normalCycle.rawValue, format: "UTF8",
                        content: content ?? ""))
            }
            _ = try await call.order(.ask(view.station.id, wish, timeout: .seconds(30)))
        }
    }

    private func command(_ label: String, _ action: String, _ payload: String) -> HTML {
        Parts.button(
            label, to: path + "/commands", [("action", action), ("payload", payload)], off: !view.online, call: call)
    }

    private static let shown = 20
}
