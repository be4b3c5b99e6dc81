import Assets
import Charging
import Documents
import Operations
import Quantities

/// Reservations: of one station, of all, made and given up.
enum ReservationsAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        try await list(of: call.request.query["station"].map { StationID($0) }, call)
    }

    @Sendable static func listOfStation(_ call: Call) async throws(Refusal) -> WebResponse {
        try await list(of: try await StationsAPI.station(call).station.id, call)
    }

    private static func list(of station: StationID?, _ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let found = await call.service.reservations(of: station, limit: limit + 1, before: try call.numericCursor())
        let page = found.prefix(limit)
        return Listing(
            columns: Reservation.columns, items: page.map(\.reservation.json),
            nextCursor: found.count > limit ? page.last.map { String($0.place) } : nil
        ).response(to: call.request, name: "reservations")
    }

    @Sendable static func post(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["evse_id", "connector_type", "id_token", "group", "expires_at", "timeout_seconds"])
        let evse = fields.integer("evse_id", 1...64)
        let kind = fields.string("connector_type", atMost: 20)
        let token = fields.string("id_token")
        let group = fields.string("group")
        let until = fields.instant("expires_at")
        let timeout = fields.integer("timeout_seconds", 1...CommandsAPI.longestTimeout)
        if token.value == nil, fields.problems.isEmpty { fields.refuse("id_token", "a token is expected") }
        if until.value == nil, fields.problems.isEmpty {
            fields.refuse("expires_at", "an instant with offset is expected, such as 2026-03-01T18:00:00+08:00")
        }
        try fields.throwIfAny()
        guard let token = token.value, let until = until.value else { throw .invalid([]) }
        let wish = StationWish.reserve(
            evse: evse.value, connectorKind: kind.value, token: token, group: group.value, until: until)
        let result = try await call.order(.ask(station, wish, timeout: .seconds(timeout.value ?? 30)))
        guard case .reservation(let reservation, let command) = result else { throw CommandsAPI.noCommand }
        return await CommandsAPI.response(to: command, call) { state in
            let now = await call.service.reservation(reservation.id, of: station) ?? reservation
            return ["reservation": now.json, "command": state.json]
        }
    }

    /// Gives it up; the answer is the command.
    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        guard let number = Int(call.parameter("number")) else {
            throw .notFound("reservation", call.parameter("number"))
        }
        let order = Order.ask(station, .cancelReservation(number), timeout: .seconds(30))
        return try await CommandsAPI.response(to: try await call.order(order), call)
    }
}

extension Reservation {
    static let columns = [
        "id", "station_id", "evse_id", "connector_type", "id_token", "group", "expires_at", "state", "word", "at",
        "session", "created_at", "by",
    ]
    var json: JSONValue {
        [
            "id": .int(id), "station_id": .string(station.value), "evse_id": .int(orNull: asked.evse),
            "connector_type": .string(orNull: asked.connectorKind), "id_token": .string(asked.token),
            "group": .string(orNull: asked.group), "expires_at": .instant(asked.expiresAt),
            "state": .string(state.rawValue), "word": .string(orNull: word), "at": .instant(at),
            "session": .string(orNull: session?.value), "created_at": .instant(createdAt), "by": .string(by),
        ]
    }
}
