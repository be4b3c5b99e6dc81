import Assets
import Documents
import Operations
import Quantities

/// `/api/v1/stations` and what hangs below one station.
enum StationsAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let views = await call.service.stations(after: call.cursor.map { StationID($0) }, limit: limit + 1)
        let page = views.prefix(limit)
        return Listing(
            columns: StationView.columns, items: page.map(\.json),
            nextCursor: views.count > limit ? page.last?.station.id.value : nil
        ).response(to: call.request, name: "stations")
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        .json(try await station(call).json)
    }

    static func station(_ call: Call) async throws(Refusal) -> StationView {
        let id = call.parameter("id")
        guard let view = await call.service.station(StationID(id)) else { throw .notFound("station", id) }
        return view
    }

    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = StationID(call.parameter("id"))
        if let problem = StationFields.problem(ofIdentity: id.value) {
            throw .invalid([.init(path: "id", problem: problem)])
        }
        var fields = try JSONFields(body: call.request)
        var change = StationFields.change(&fields)
        let password = StationFields.password(&fields)
        try fields.throwIfAny()
        switch password {
        case .absent: break
        case .null: change.passwordDigest = .some(nil)
        case .value(let text):
            do throws(ServiceFault) {
                change.passwordDigest = try await call.service.storedForm(ofPassword: text)
            } catch {
                throw Refusal(error)
            }
        }
        let existed = await call.service.station(id) != nil
        _ = try await call.order(.putStation(id, change))
        return .json(try await station(call).json, status: existed ? 200 : 201)
    }

    /// A new key. Without `send` it is told this once, and what the station had before ends with it; with `send` it goes to
    /// the station over OCPP and is told to nobody.
    @Sendable static func makeKey(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await station(call).station.id
        if !call.request.body.isEmpty {
            var fields = try JSONFields(body: call.request)
            fields.check(allowed: ["send"])
            let send = fields.bool("send")
            if case .null = send { fields.refuse("send", "true or false is expected") }
            try fields.throwIfAny()
            if send.value == true { return try await sendKey(to: id, call) }
        }
        let made = call.service.makeStationKey()
        var change = StationChange()
        change.passwordDigest = .some(made.stored)
        _ = try await call.order(.putStation(id, change))
        return .json(["station_id": .string(id.value), "key": .string(made.key)], status: 201)
    }

    private static func sendKey(to id: StationID, _ call: Call) async throws(Refusal) -> WebResponse {
        let made = call.service.makeStationKey()
        let order = Order.sendKey(id, key: made.key, stored: made.stored, timeout: .seconds(30))
        return try await CommandsAPI.response(to: try await call.order(order), call)
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        _ = try await station(call)
        _ = try await call.order(.deleteStation(StationID(call.parameter("id"))))
        return .noContent
    }

    @Sendable static func importCSV(_ call: Call) async throws(Refusal) -> WebResponse {
        guard ["text/csv", "text/plain", ""].contains(call.request.contentType) else {
            throw Refusal(
                415, "content-type", "The body must be CSV: send \"Content-Type: text/csv\".",
                headers: [("Accept", "text/csv")])
        }
        let count: Int
        switch await StationImport.run(call.request.body, call) {
        case .success(let imported): count = imported
        case .failure(let failure):
            throw Refusal(
                400, "import-invalid",
                "Nothing was imported, problems: \(failure.problems.count). Mend the lines and send the file again.",
                fields: failure.problems)
        }
        return .json(["imported": .int(count)])
    }

    @Sendable static func messages(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let before = try call.numericCursor()
        let id = try await station(call).station.id
        let found = await call.service.messages(of: id, limit: limit + 1, before: before)
        let page = found.prefix(limit)
        return Listing(
            columns: StoredMessage.columns, items: page.map(\.json),
            nextCursor: found.count > limit ? page.last.map { String($0.sequence) } : nil
        ).response(to: call.request, name: "messages")
    }

    /// What the operator set on one EVSE: pause, limit, charge now. Fields left out stay as they are.
    @Sendable static func putControl(_ call: Call) async throws(Refusal) -> WebResponse {
        let evse = try await evse(call)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["paused", "limit_kw", "charge_now"])
        let (paused, limit, chargeNow) = (fields.bool("paused"), fields.power("limit_kw"), fields.bool("charge_now"))
        try fields.throwIfAny()
        _ = try await call.order(.setEVSE(evse, paused: paused.value, limit: limit.change, chargeNow: chargeNow.value))
        return try await getControl(call)
    }

    @Sendable static func getControl(_ call: Call) async throws(Refusal) -> WebResponse {
        let evse = try await evse(call)
        let view = try await station(call)
        let control = view.evses.first { $0.number == evse.number }?.control ?? EVSEControl(evse: evse)
        return .json(control.json)
    }

    static func evse(_ call: Call) async throws(Refusal) -> EVSEID {
        let view = try await station(call)
        let text = call.parameter("evse")
        guard let number = Int(text), view.evses.contains(where: { $0.number == number }) else {
            throw .notFound("evse", text)
        }
        return EVSEID(view.station.id, number)
    }
}

/// The fields of a station that a caller may set.
enum StationFields {
    static let writable = [
        "registration", "site", "node", "model", "phases", "voltage", "max_current_a", "max_discharge_kw", "ownership",
        "ownership_evidence", "owner", "limits", "security_profile", "password",
    ]
    /// Shown by GET and left aside by PUT, so that what was read can be sent back.
    static let readOnly = [
        "id", "protocol", "online", "last_seen", "boot", "evses", "password_set", "commissioning", "created_at",
        "rating_assumed", "key_change", "security_profile_change", "firmware_update",
        "profile_differences", "outside_limits",
    ]

    static func change(_ fields: inout JSONFields) -> StationChange {
        fields.check(allowed: writable, ignored: readOnly)
        var change = StationChange()
        change.registration = fields.word("registration", Station.Registration.self).value
        change.site = fields.identifier("site").change.map { $0.map { SiteID($0) } }
        change.node = fields.identifier("node").change.map { $0.map { NodeID($0) } }
        change.model = fields.string("model").change
        change.phases = fields.integer("phases", 1...3).value
        if change.phases == 2 { fields.refuse("phases", "1 or 3 is expected") }
        change.voltage = fields.integer("voltage", 100...1000).value
        change.maxCurrentMilliamperes = fields.decimal("max_current_a", scale: 3, 1000...2_000_000, "A").value
        change.maxDischarge = fields.power("max_discharge_kw").change
        change.ownership = fields.word("ownership", Ownership.self).change
        // Sent back as it was read, it keeps phases and current from counting as stated.
        change.ratingIsAssumed = fields.bool("rating_assumed").value
        change.ownershipEvidence = fields.string("ownership_evidence", atMost: 500).change
        change.owner = fields.string("owner").change
        change.securityProfile = fields.integer("security_profile", 0...3).value
        change.operatorLimit = limit(&fields)
        return change
    }

    static func password(_ fields: inout JSONFields) -> Given<String> {
        let field = fields.string("password", atMost: 40)
        // HTTP Basic cannot carry more than this unharmed between all stations.
        if let text = field.value,
            !(8...40).contains(text.utf8.count) || !text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        {
            fields.refuse("password", "8 to 40 printable ASCII characters without spaces are expected")
        }
        return field
    }

    private static func limit(_ fields: inout JSONFields) -> Power?? {
        guard let node = fields.node("limits") else { return nil }
        do {
            var limits = try JSONFields(node, path: "limits")
            limits.check(allowed: ["operator_kw"], ignored: ["rating_kw", "minimum_kw"])
            let limit = limits.power("operator_kw").change
            fields.refuse(limits.problems)
            return limit
        } catch {
            fields.refuse(error.fields)
            return nil
        }
    }

    /// OCPP-J 1.6 §3.1.1 names no bound; 2.0.1 (Identity) 48 characters. `nil` when the identity may be used.
    static func problem(ofIdentity id: String) -> String? {
        let scalars = id.unicodeScalars
        guard !id.isEmpty, scalars.count <= 48, scalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            return InputProblem.identity.text
        }
        return nil
    }
}
