import Assets
import Charging
import Operations
import Quantities

/// `/api/v1/sessions`: charging sessions, their readings, and what their drivers need.
enum SessionsAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let filter = try filter(call)
        let found = await call.service.sessions(filter, after: try await cursor(call), limit: limit + 1)
        let page = found.prefix(limit)
        return Listing(
            columns: SessionView.columns, items: page.map(\.json),
            nextCursor: found.count > limit ? page.last?.session.id.value : nil
        ).response(to: call.request, name: "sessions")
    }

    /// The session that the page before ended with.
    static func cursor(_ call: Call) async throws(Refusal) -> Session.ID? {
        guard let id = call.cursor.map({ Session.ID($0) }) else { return nil }
        guard await call.service.session(id) != nil else { throw Call.unknownCursor }
        return id
    }

    static func filter(_ call: Call) throws(Refusal) -> SessionFilter {
        let query = call.request.query
        var filter = SessionFilter()
        filter.station = query.filled("station").map { StationID($0) }
        filter.site = query.filled("site").map { SiteID($0) }
        if let word = query.filled("status") {
            guard let status = Session.Status(rawValue: word) else {
                throw .invalid([.init(path: "status", problem: "active or ended is expected")])
            }
            filter.status = status
        }
        filter.from = try call.instant("from")
        filter.to = try call.instant("to")
        return filter
    }

    static func session(_ call: Call) async throws(Refusal) -> SessionView {
        let id = call.parameter("id")
        guard let view = await call.service.session(Session.ID(id)) else { throw .notFound("session", id) }
        return view
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse { .json(try await session(call).json) }

    @Sendable static func readings(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit(usually: 1000)
        let skipped = Int(clamping: try call.numericCursor() ?? 0)
        let id = try await session(call).session.id
        let found = await call.service.readings(of: id, after: skipped == 0 ? nil : skipped, limit: limit + 1)
        let page = found.prefix(limit)
        return Listing(
            columns: Reading.columns, items: page.map(\.json),
            nextCursor: found.count > limit ? String(skipped + page.count) : nil
        ).response(to: call.request, name: "readings")
    }

    @Sendable static func putNeeds(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = try await session(call).session.id
        var fields = try JSONFields(body: call.request)
        fields.check(
            allowed: ["departure", "energy_kwh", "minimum_kwh", "charge_now"], ignored: ["stated_by", "stated_at"])
        let departure = fields.instant("departure")
        let energy = fields.energy("energy_kwh")
        let minimum = fields.energy("minimum_kwh")
        let chargeNow = fields.bool("charge_now")
        if let least = minimum.value, let wanted = energy.value, least > wanted {
            fields.refuse("minimum_kwh", "cannot be more than energy_kwh (\(wanted.kilowattHoursText))")
        }
        try fields.throwIfAny()
        let needs = Needs(
            departure: departure.value, energy: energy.value, minimum: minimum.value,
            chargeNow: chargeNow.value ?? false, statedBy: call.actor.name, statedAt: call.service.now)
        _ = try await call.order(.setNeeds(id, needs))
        return .json(try await session(call).json)
    }
}
