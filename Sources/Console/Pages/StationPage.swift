import Assets
import Charging
import Operations
import Quantities

/// What is this pile doing, and what did it say?
enum StationPage {
    @Sendable static func show(_ call: Call) async throws(Refusal) -> WebResponse {
        try await page(call, try await StationsAPI.station(call))
    }

    /// Commands that are ordered often, ready to be edited.
    private static func presets(_ view: StationView) -> [(action: String, payload: String)] {
        view.protocol.map { $0 == "ocpp1.6" } ?? true ? presets16 : presets2
    }

    private static let presets16: [(action: String, payload: String)] = [
        ("Reset", #"{"type": "Soft"}"#),
        ("TriggerMessage", #"{"requestedMessage": "StatusNotification", "connectorId": 1}"#),
        ("TriggerMessage", #"{"requestedMessage": "MeterValues", "connectorId": 1}"#),
        ("UnlockConnector", #"{"connectorId": 1}"#),
        ("ChangeAvailability", #"{"connectorId": 1, "type": "Operative"}"#),
        ("ChangeAvailability", #"{"connectorId": 1, "type": "Inoperative"}"#),
        ("RemoteStartTransaction", #"{"connectorId": 1, "idTag": ""}"#),
        ("RemoteStopTransaction", #"{"transactionId": 0}"#),
        ("GetConfiguration", "{}"),
        ("ChangeConfiguration", #"{"key": "MeterValueSampleInterval", "value": "60"}"#),
        ("GetCompositeSchedule", #"{"connectorId": 1, "duration": 86400}"#),
        ("ClearChargingProfile", "{}"),
        ("ClearCache", "{}"),
        ("GetLocalListVersion", "{}"),
    ]

    private static let presets2: [(action: String, payload: String)] = [
        ("Reset", #"{"type": "OnIdle"}"#),
        ("Reset", #"{"type": "Immediate"}"#),
        ("TriggerMessage", #"{"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}"#),
        ("TriggerMessage", #"{"requestedMessage": "MeterValues", "evse": {"id": 1}}"#),
        ("TriggerMessage", #"{"requestedMessage": "TransactionEvent", "evse": {"id": 1}}"#),
        ("UnlockConnector", #"{"evseId": 1, "connectorId": 1}"#),
        ("ChangeAvailability", #"{"operationalStatus": "Operative", "evse": {"id": 1}}"#),
        ("ChangeAvailability", #"{"operationalStatus": "Inoperative", "evse": {"id": 1}}"#),
        (
            "RequestStartTransaction",
            #"{"remoteStartId": 1, "evseId": 1, "idToken": {"idToken": "", "type": "ISO14443"}}"#
        ),
        ("RequestStopTransaction", #"{"transactionId": ""}"#),
        ("GetTransactionStatus", "{}"),
        ("GetCompositeSchedule", #"{"evseId": 1, "duration": 86400}"#),
        ("ClearChargingProfile", "{}"),
        ("ClearCache", "{}"),
        ("GetLocalListVersion", "{}"),
        ("CostUpdated", #"{"totalCost": 0, "transactionId": ""}"#),
    ]

    @Sendable static func command(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        return try await ordered(call, view, form: "command", note: "command", at: "#commands") {
            () async throws(Refusal) in
            let form = call.form
            guard let action = form.filled("action"), action.utf8.count <= 50 else {
                throw .invalid([.init(path: "action", problem: call.words("command.noaction"))])
            }
            _ = try await CommandsAPI.send(
                action, Array((form.filled("payload") ?? "{}").utf8), timeout: 30, to: view, call)
        }
    }

    /// What the body orders; refused, the page again with what is wrong at its form.
    static func ordered(
        _ call: Call, _ view: StationView, form: String, note: String, at place: String,
        _ body: () async throws(Refusal) -> Void
    ) async throws(Refusal) -> WebResponse {
        do {
            try await body()
        } catch { return try await page(call, view, RefusedForm(name: form, refusal: error)) }
        return .seeOther(path(view) + "?note=" + note + place)
    }

    @Sendable static func control(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        guard let number = Int(call.parameter("evse")), view.evses.contains(where: { $0.number == number }) else {
            throw .notFound("evse", call.parameter("evse"))
        }
        let form = call.form
        var limit: Power??
        if let text = form["limit_kw"] {
            let trimmed = trimmedOfSpaces(text)
            if trimmed.isEmpty {
                limit = .some(nil)
            } else if let watts = scaledLimit(trimmed, scale: 3), watts >= 0 {
                limit = .some(Power(watts: watts))
            } else {
                throw .invalid([.init(path: "limit_kw", problem: call.words("station.limit.invalid"))])
            }
        }
        func flag(_ name: String) -> Bool? { form[name].map { $0 == "true" } }
        _ = try await call.order(
            .setEVSE(
                EVSEID(view.station.id, number), paused: flag("paused"), limit: limit, chargeNow: flag("charge_now")))
        return .seeOther(path(view) + "?note=control")
    }

    private static func path(_ view: StationView) -> String {
        "/stations/" + PercentCoding.encode(view.station.id.value)
    }

    private static func page(
        _ call: Call, _ view: StationView, _ refused: RefusedForm? = nil
    ) async throws(Refusal) -> WebResponse {
        let t = call.words
        let station = view.station
        let site: Site? = if let id = station.site { await call.service.site(id) } else { nil }
        let format = await call.format(for: site?.zone)
        let commands = await call.service.commands(
            of: station.id, limit: commandsShown + 1, before: call.request.query.filled("commands"))
        let before = try call.numericCursor()
        let messages = await call.service.messages(of: station.id, limit: messagesShown + 1, before: before)
        let evses: [HTML] = view.evses.map { evse($0, view, call, format) }
        let api = "/api/v1/stations/" + PercentCoding.encode(station.id.value)

        // A form of one button has no place of its own to say it.
        let banner: HTML? = refused.flatMap { refused in
            ["reservation", "display", "profile", "local-list", "swap", "discharge", "web-payments"].contains(
                refused.name)
                ? nil : Parts.errors(t.mistakes(refused.refusal), t("command.refused"), t)
        }
        let content: HTML = """
            \(banner)
            <div class="columns columns-wide">
            \(Parts.card(t("station.now"), id: "now", live: "station session", evses.isEmpty ? Parts.empty(t("station.noevses")) : "<div class=\"evses\">\(evses)</div>"))
            \(Parts.card(t("station.facts"), id: "facts", live: "station", facts(view, site, format)))
            </div>
            <p class="controls"><a class="button" href="\(DevicePage.path(station.id))">\(t("device.link"))</a>\(customers(view, call))</p>
            \(await profiles(view, call, format))
            \(await ProfileCards(view: view, call: call, format: format).html())
            \(call.can(.manager) ? keyForm(view, call) : .empty)
            \(DischargeRatingForm.card(view, call, refused))
            \(await SecurityProfileCard(view: view, call: call, format: format, refused: refused).html())
            \(await HoldingsCards(view: view, call: call, format: format, refused: refused).html())
            \(await WebPaymentsCard(view: view, call: call, format: format, refused: refused).html())
            \(await GridCodeCards(view: view, call: call, format: format, refused: refused).html())
            \(await SecurityCards(view: view, call: call, format: format).html())
            \(await PlugAndChargeCard(view: view, call: call, format: format).html())
            \(await JobCard(view: view, call: call, format: format).html())
            \(Parts.card(t("station.commands"), id: "commands", live: "command", actions: Parts.csv(api + "/commands?format=csv&bom=1", t), commandList(commands, call, format)))
            \(call.can(.operator) ? commandForm(view, call) : "<p class=\"muted\">\(t("denied.operator"))</p>")
            \(Parts.card(t("station.messages"), id: "messages", live: before == nil ? "station" : "", actions: Parts.csv(api + "/messages?format=csv&bom=1&limit=1000", t), messageLog(messages, call, format)))
            """
        return await Layout(
            call: call, section: .stations, title: station.id.value, scope: site?.name ?? t("station.nosite"),
            format: format, address: path(view)
        ).response(content, status: refused?.refusal.status ?? 200)
    }

    /// Personal data has a page of its own.
    private static func customers(_ view: StationView, _ call: Call) -> HTML? {
        guard call.can(.manager), view.protocol.map({ $0 != SubprotocolWords.v16 }) ?? false else { return nil }
        return
            "<a class=\"button\" href=\"\(CustomersPage.path(view.station.id))\">\(call.words("customers.title"))</a>"
    }

    // MARK: - EVSEs

    private static func evse(_ evse: StationView.EVSE, _ view: StationView, _ call: Call, _ format: Format) -> HTML {
        let t = call.words
        let session: HTML =
            evse.session.map { "<a href=\"/sessions/\(PercentCoding.encode($0.value))\">\($0.value)</a>" }
            ?? HTML(escaping: Format.none)
        let stale = evse.powerAt.map { format.now - $0 > .minutes(5) } ?? false
        let power: HTML =
            stale
            ? "<span class=\"stale\" title=\"\(t("value.stale"))\">\(Format.none)</span>"
            : "<span class=\"big\">\(format.kilowatts(evse.power))</span> kW"
        let setpoint: HTML =
            "\(format.kilowatts(evse.setpoint)) kW <span class=\"muted\">\(evse.setpointState.map { t.known("setpoint." + $0) ?? $0 } ?? "")</span>"
        let limit: HTML =
            evse.control.limit == nil
            ? HTML(escaping: t("station.limit.rating")) : "\(format.kilowatts(evse.control.limit)) kW"
        return """
            <article class="evse"><header><h3>\(t("station.evse", ["n": String(evse.number)]))</h3>\(Parts.status(evse.status, t))</header>
            \(Parts.facts([
                (t("station.power"), power), (t("station.setpoint"), setpoint), (t("station.session"), session),
                (t("station.limit"), limit), (t("station.roundtrip"), Parts.roundTrip(evse.roundTrip, t)), (t("station.power.at"), evse.powerAt.map { format.ago($0) } ?? HTML(escaping: Format.none)),
            ]))
            \(evse.errorCode.flatMap { $0 == "NoError" ? nil : "<p class=\"problem\">\(t("station.error")) <code>\($0)</code></p>" })
            \(call.can(.operator) ? controls(evse, view, call) : .empty)
            </article>
            """
    }

    private static func controls(_ evse: StationView.EVSE, _ view: StationView, _ call: Call) -> HTML {
        let t = call.words
        let action = path(view) + "/evses/\(evse.number)"
        let control = evse.control
        let limit = control.limit.map { decimalText(Int128($0.watts), scale: 3) } ?? ""
        return """
            <div class="controls">
            <form method="post" action="\(action)">\(Layout.csrf(call))<input type="hidden" name="paused" value="\(control.paused ? "false" : "true")">\
            <button class="button\(control.paused ? " primary" : "")">\(t(control.paused ? "control.resume" : "control.pause"))</button></form>
            <form method="post" action="\(action)">\(Layout.csrf(call))<input type="hidden" name="charge_now" value="\(control.chargeNow ? "false" : "true")">\
            <button class="button\(control.chargeNow ? " primary" : "")">\(t(control.chargeNow ? "control.plan" : "control.now"))</button></form>
            <form method="post" action="\(action)" class="inline">\(Layout.csrf(call))<label><span>\(t("control.limit"))</span>\
            <input type="number" name="limit_kw" min="0" step="0.1" value="\(limit)"></label><button class="button">\(t("action.set"))</button></form>
            </div>
            """
    }

    private static func facts(_ view: StationView, _ site: Site?, _ format: Format) -> HTML {
        let t = format.words
        let (station, electrical) = (view.station, view.station.electrical)
        var rating =
            "\(electrical.phases) × \(electrical.voltage) V × \(decimalText(Int128(electrical.maxCurrentMilliamperes), scale: 3)) A = \(format.kilowatts(electrical.maxPower)) kW"
        if electrical.isAssumed { rating += t("station.rating.assumed") }
        var pairs: [(String, HTML)] = [
            (t("station.link"), Parts.online(view, format)),
            (t("station.protocol"), HTML(escaping: view.protocol ?? Format.none)),
            (t("station.registration"), HTML(escaping: t("registration." + station.registration.rawValue))),
            (t("station.site"), Parts.siteLink(station.site, site.map { [$0.id: $0.name] } ?? [:])),
            (t("station.node"), HTML(escaping: station.node?.value ?? Format.none)),
            (t("station.rating"), HTML(escaping: rating)),
            (t("station.ownership"), HTML(escaping: t("ownership." + (station.ownership?.rawValue ?? "unknown")))),
            (t("station.owner"), HTML(escaping: station.owner ?? Format.none)),
            (t("station.evidence"), HTML(escaping: station.ownershipEvidence ?? Format.none)),
            (
                t("station.maker"),
                HTML(escaping: station.boot.map { "\($0.vendor) \($0.model)" } ?? station.model ?? Format.none)
            ),
            (t("station.serial"), HTML(escaping: station.boot?.serial ?? Format.none)),
            (t("station.firmware"), HTML(escaping: station.boot?.firmware ?? Format.none)),
            (t("station.security"), HTML(escaping: String(station.securityProfile))),
            (t("station.key"), key(station, format)),
            (t("station.follows"), StationsPage.verdict(view.commissioning, t)),
        ]
        if let change = view.profileChange {
            pairs.append((t("profilechange.title"), SecurityProfileCard.state(change, format)))
        }
        if let found = view.commissioning {
            if let unit = found.rateUnit { pairs.append((t("station.rateunit"), HTML(escaping: unit))) }
            if let levels = found.maxStackLevel {
                pairs.append((t("station.stacklevels"), HTML(escaping: String(levels))))
            }
            if let note = found.note { pairs.append((t("station.note"), HTML(escaping: t.note(note)))) }
        }
        return Parts.facts(pairs)
    }

    // MARK: - Key

    /// Whether a password is asked, and how the last change of it went.
    private static func key(_ station: Station, _ format: Format) -> HTML {
        let t = format.words
        let set = t(station.passwordDigest == nil ? "station.key.none" : "station.key.set")
        guard let change = station.keyChanges.last else { return HTML(escaping: set) }
        let word = change.word.map { ": " + $0 } ?? ""
        let state = t("keychange." + change.state.rawValue) + word
        return "\(set)<div class=\"muted\">\(state) \(format.ago(change.at))</div>"
    }

    private static func keyForm(_ view: StationView, _ call: Call) -> HTML {
        let t = call.words
        let send = Parts.confirm(
            t("key.send"), effect: t("key.effect"), button: t("key.send"), to: path(view) + "/key", off: !view.online,
            call: call)
        return Parts.card(t("key.title"), id: "key", "<p class=\"muted\">\(t("key.text"))</p>\(send)")
    }

    /// A new key over OCPP.
    @Sendable static func sendKey(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await StationsAPI.station(call)
        let made = call.service.makeStationKey()
        return try await ordered(call, view, form: "key", note: "key", at: "#facts") { () async throws(Refusal) in
            _ = try await call.order(
                .sendKey(view.station.id, key: made.key, stored: made.stored, timeout: .seconds(30)))
        }
    }

    // MARK: - Profiles

    private static func profiles(_ view: StationView, _ call: Call, _ format: Format) async -> HTML {
        let t = format.words
        guard !view.evses.isEmpty else { return .empty }
        let station = view.station
        let limits = await call.service.limits(of: station.id)
        let commands = await call.service.commands(of: station.id, limit: 200, before: nil)
        let manual = ManualProfile.installed(by: commands, electrical: station.electrical, at: format.now)
        var stacks: [HTML] = []
        for evse in view.evses {
            let session: SessionView? = if let id = evse.session { await call.service.session(id) } else { nil }
            let stack = ProfileStack(
                evse: evse, limits: limits.first { $0.evse.number == evse.number }, operation: session?.operation,
                manual: manual.filter { $0.connector == 0 || $0.connector == evse.number },
                clearedAt: ManualProfile.lastClearing(commands), rating: station.electrical.maxPower,
                supply: (station.electrical.voltage, view.commissioning?.phases ?? station.electrical.phases),
                format: format)
            stacks.append(stack.html())
        }
        let csv = "/api/v1/stations/" + PercentCoding.encode(station.id.value) + "/limits?format=csv&bom=1"
        return Parts.card(
            t("profiles.title"), id: "profiles", live: "station command", actions: Parts.csv(csv, t),
            "<p class=\"muted\">\(t("profiles.text"))</p>\(stacks)")
    }

    // MARK: - Commands

    private static func commandList(_ commands: [CommandView], _ call: Call, _ format: Format) -> HTML {
        let t = format.words
        guard !commands.isEmpty else { return Parts.empty(t("station.nocommands")) }
        let rows: [HTML] = commands.prefix(commandsShown).map { command in
            let response: HTML? = command.response.map {
                "<pre class=\"frame-text\">\(String(decoding: $0, as: UTF8.self))</pre>"
            }
            return """
                <tr data-row><td>\(format.precise(command.createdAt))</td><th scope="row">\(command.action)</th>\
                <td>\(Parts.commandState(command, format))\(followUp(command, t))</td><td>\(command.by)</td>\
                <td><details><summary>\(t("action.show"))</summary><pre class="frame-text">\(String(decoding: command.payload, as: UTF8.self))</pre>\(response)</details></td></tr>
                """
        }
        let older = commands.prefix(commandsShown).last?.id
        let more: HTML? =
            commands.count > commandsShown
            ? "<p><a class=\"button\" href=\"\(call.request.query.query(replacing: "commands", with: older))#commands\">\(t("action.older"))</a></p>"
            : nil
        let table = Parts.table(
            Parts.heads(t, ["table.time", "command.action", "command.state", "command.by", "command.content"]), rows,
            caption: t("station.commands"))
        return "\(table)\(more)"
    }

    /// What came of a promise.
    private static func followUp(_ command: CommandView, _ t: Words) -> HTML? {
        command.followUp.map { followUp in
            let object = followUp.object.map { ": " + $0 } ?? ""
            return "<div class=\"muted\">\(t("followup." + followUp.state.rawValue))\(object)</div>"
        }
    }

    private static func commandForm(_ view: StationView, _ call: Call) -> HTML {
        let t = call.words
        let form = call.form
        let options: [HTML] = presets(view).map {
            "<option data-action=\"\($0.action)\" data-payload=\"\($0.payload)\">\($0.action) \($0.payload)</option>"
        }
        let warning: HTML? = view.online ? nil : "<p class=\"banner banner-warn\">\(t("command.offline.warning"))</p>"
        return """
            <section class="card" id="order" aria-labelledby="order-title"><div class="card-head"><h2 id="order-title">\(t("command.title"))</h2></div>
            \(warning)
            <form method="post" action="\(path(view))/commands" class="grid">\(Layout.csrf(call))
            <label class="field"><span>\(t("command.preset"))</span><select data-preset><option value="">\(t("command.preset.none"))</option>\(options)</select></label>
            <label class="field"><span>\(t("command.action"))</span><input name="action" value="\(form["action"] ?? "")" required maxlength="50" spellcheck="false"></label>
            <label class="field wide"><span>\(t("command.payload"))</span><textarea name="payload" rows="3" class="mono" spellcheck="false">\(form["payload"] ?? "{}")</textarea></label>
            <p class="hint wide">\(t("command.hint"))</p>
            <button class="button primary">\(t("command.send"))</button>
            </form></section>
            """
    }

    // MARK: - Messages

    private static func messageLog(_ messages: [StoredMessage], _ call: Call, _ format: Format) -> HTML {
        let t = format.words
        guard !messages.isEmpty else { return Parts.empty(t("station.nomessages")) }
        let rows = messages.prefix(messagesShown).map { row($0.record, format) }
        let query = call.request.query
        let older = messages.prefix(messagesShown).last.map { String($0.sequence) }
        let more: HTML? =
            messages.count > messagesShown
            ? "<p><a class=\"button\" href=\"\(query.query(replacing: "cursor", with: older))#messages\">\(t("action.older"))</a></p>"
            : nil
        let table = Parts.table(
            Parts.heads(t, ["table.time", "message.direction", "message.action", "message.content"]), Array(rows),
            caption: t("station.messages"))
        return "\(table)\(more)"
    }

    /// The line says what matters; opened, the fields stand beside the frame as it came.
    private static func row(_ record: MessageRecord, _ format: Format) -> HTML {
        let t = format.words
        let arrow: HTML = record.direction == .inbound ? "← \(t("message.in"))" : "→ \(t("message.out"))"
        let problem: HTML? = record.problem.map {
            "<div class=\"problem\">\(t.known("message.problem." + $0) ?? $0)</div>"
        }
        let decoded = DecodedFrame(record, format)
        let isAnswer = record.text.first {
            $0 == UInt8(ascii: "3") || $0 == UInt8(ascii: "2") || $0 == UInt8(ascii: "4")
        }
        let mark: HTML? =
            record.direction == .inbound && isAnswer != UInt8(ascii: "2")
            ? " <span class=\"muted\">\(t("message.answer"))</span>" : nil
        let line = decoded.map { $0.summary } ?? String(decoding: record.text.prefix(160), as: UTF8.self)
        let fields: [HTML] = (decoded?.fields ?? []).map {
            "<tr><th scope=\"row\" class=\"mono\">\($0.path)</th><td>\($0.meaning ?? "")</td><td>\($0.value)</td></tr>"
        }
        let table: HTML? = fields.isEmpty ? nil : "<table class=\"plain decoded\"><tbody>\(fields)</tbody></table>"
        let reply: HTML? = record.reply.map {
            """
            <h4>\(t("message.reply"))</h4><pre class="frame-text">\(String(decoding: $0, as: UTF8.self))</pre>
            """
        }
        let answered: HTML? = record.reply.map {
            "<div class=\"muted frame-line\">→ \(DecodedFrame.answer($0, format))</div>"
        }
        return """
            <tr data-row><td>\(format.precise(record.at))</td><td class="nowrap">\(arrow)</td><th scope="row">\(record.action ?? Format.none)\(mark)</th>\
            <td><details><summary class="frame-line">\(line)</summary>\
            <div class="beside"><div>\(table)</div><div><h4>\(t("message.frame"))</h4><pre class="frame-text">\(String(decoding: record.text, as: UTF8.self))</pre>\(reply)</div></div></details>\(answered)\(problem)</td></tr>
            """
    }

    private static let messagesShown = 50
    private static let commandsShown = 20
}
