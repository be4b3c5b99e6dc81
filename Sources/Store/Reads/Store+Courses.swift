public import Assets
public import Charging
import GRDB
public import Operations
public import Quantities

// Courses over time, thinned to what a picture or a report can show: stations that are steered send a sample every two seconds.
extension Store {
    /// Oldest first, with the last one before `interval`: it holds at its beginning.
    public func setpoints(of evse: EVSEID, in interval: Interval) async throws -> [SetpointPoint] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM setpoint WHERE station = ?1 AND evse = ?2 AND at < ?4 AND at >= coalesce(
                        (SELECT max(at) FROM setpoint WHERE station = ?1 AND evse = ?2 AND at <= ?3), ?3)
                    ORDER BY at LIMIT \(Store.largestPage)
                    """,
                arguments: [
                    evse.station.value, evse.number, interval.start.milliseconds, interval.end.milliseconds,
                ]
            ).map { row in
                SetpointPoint(
                    evse: evse, session: Session.ID(row["session"]), at: row.instant("at"),
                    power: (row["power"] as Int64?).map(Power.init(watts:)))
            }
        }
    }

    /// Readings of a session in order of time; of each measurand the first and the last one of every step.
    public func course(of session: Session.ID, step: Duration) async throws -> [Reading] {
        try await read { db in Self.thinned(try sessionReadings(session, db), step: step) }
    }

    /// Energy registers of a session, thinned in the same way: energies between the steps' borders are as from all readings.
    public func registers(of session: Session.ID, step: Duration) async throws -> [Reading] {
        try await read { db in
            Self.thinned(
                try sessionReadings(session, db) { $0.importRegister != nil || $0.exportRegister != nil }, step: step)
        }
    }

    static func thinned(_ readings: [Reading], step: Duration) -> [Reading] {
        struct Course: Hashable { let measurand: String, phase: String?, location: String? }
        /// Of each course: the last two places that were taken, and their step.
        struct Place { var step: Int64, first: Int, last: Int }
        let length = max(1, step.wholeMilliseconds)
        var places: [Course: Place] = [:]
        var isKept = [Bool](repeating: false, count: readings.count)
        for (index, reading) in readings.enumerated() {
            let course = Course(measurand: reading.measurand, phase: reading.phase, location: reading.location)
            let number = reading.at.milliseconds / length
            isKept[index] = true
            if var place = places[course], place.step == number {
                if place.last != place.first { isKept[place.last] = false }
                place.last = index
                places[course] = place
            } else {
                places[course] = Place(step: number, first: index, last: index)
            }
        }
        return zip(readings, isKept).compactMap { $1 ? $0 : nil }
    }
}
