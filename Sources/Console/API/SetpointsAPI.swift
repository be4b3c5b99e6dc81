import Assets
import Documents
import Operations
import Quantities

/// `/api/v1/stations/{id}/evses/{evse}/setpoints`: what an EVSE's vehicles were told to follow over time.
enum SetpointsAPI {
    /// At one change a second a day is more than a picture can show.
    static let longestSpan = Duration.days(7)

    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let evse = try await StationsAPI.evse(call)
        let given = (from: try call.instant("from"), to: try call.instant("to"))
        let to = given.to ?? given.from.map { $0 + .hours(3) } ?? call.service.now
        let from = given.from ?? to - .hours(3)
        guard from <= to, to - from <= longestSpan else {
            throw .invalid([.init(path: "to", problem: "at or after from, and at most 7 days after it, is expected")])
        }
        let points = await call.service.setpoints(of: evse, in: Interval(from, to))
        return Listing(columns: SetpointPoint.columns, items: points.map(\.json), nextCursor: nil)
            .response(to: call.request, name: "setpoints")
    }
}

extension SetpointPoint {
    static let columns = ["station", "evse", "session", "at", "kw"]
    var json: JSONValue {
        [
            "station": .string(evse.station.value), "evse": .int(evse.number), "session": .string(session.value),
            "at": .instant(at), "kw": .kilowatts(power),
        ]
    }
}
