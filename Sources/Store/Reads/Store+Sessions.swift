public import Assets
public import Charging
import Foundation
import GRDB
import GridDispatch
public import Operations
public import Quantities

extension Store {
    /// Newest start first; `after` is the last one of the page before.
    public func sessions(_ filter: SessionFilter, after: Session.ID?, limit: Int) async throws -> [SessionView] {
        try await read { db in
            var conditions: [String] = []
            var arguments: StatementArguments = []
            if let station = filter.station {
                conditions.append("session.station = ?")
                arguments += [station.value]
            }
            if let site = filter.site {
                conditions.append("station.site = ?")
                arguments += [site.value]
            }
            if let status = filter.status {
                conditions.append("session.active = ?")
                arguments += [status == .active]
            }
            // A session belongs to a span when some of it lies within.
            if let from = filter.from {
                conditions.append("(session.ended_at IS NULL OR session.ended_at > ?)")
                arguments += [from.milliseconds]
            }
            if let to = filter.to {
                conditions.append("session.started_at < ?")
                arguments += [to.milliseconds]
            }
            if let after {
                conditions.append(
                    "(session.started_at, session.id) < (SELECT started_at, id FROM session WHERE id = ?)")
                arguments += [after.value]
            }
            arguments += [page(limit)]
            let rows = try Row.fetchAll(
                db,
                sql: viewQuery + (conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND "))
                    + " ORDER BY session.started_at DESC, session.id DESC LIMIT ?", arguments: arguments)
            return try rows.map(view)
        }
    }

    public func session(_ id: Session.ID) async throws -> SessionView? {
        try await read { db in
            try Row.fetchOne(db, sql: viewQuery + " WHERE session.id = ?", arguments: [id.value]).map(view)
        }
    }

    /// In order of time; `after` is the number of readings already seen.
    public func readings(of session: Session.ID, after: Int?, limit: Int) async throws -> [Reading] {
        try await read { db in
            try sessionReadings(session, db).dropFirst(max(after ?? 0, 0)).prefix(page(limit)).map { $0 }
        }
    }

    /// Everything that an EVSE's meter said in `interval`, in order of time, with the session of each reading.
    public func readings(
        of evse: EVSEID, in interval: Interval
    ) async throws -> [(session: Session.ID?, reading: Reading)] {
        try await read { db in
            let days = try Int64.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT day FROM reading_block WHERE station = ? AND evse = ? AND day >= ? AND day <= ?
                    """,
                arguments: [
                    evse.station.value, evse.number, ReadingUpkeep.day(of: interval.start),
                    ReadingUpkeep.day(of: interval.end),
                ])
            var entries: [ReadingEntry] = []
            for day in days {
                entries += try newestBlock(station: evse.station.value, evse: evse.number, day: day, db)
            }
            entries += try tail(db, "station = ? AND evse = ?", [evse.station.value, evse.number])
            return ReadingEntry.merged(entries).filter { interval.contains($0.reading.at) }
                .map { ($0.session, $0.reading) }
        }
    }
}

private let viewQuery = """
    SELECT session.*, station.site AS site, session_stay.start AS plan_start, session_stay.step AS plan_step,
        session_stay.body AS plan_body, session_account.*
    FROM session LEFT JOIN station ON station.id = session.station
        LEFT JOIN session_stay ON session_stay.session = session.id
        LEFT JOIN session_account ON session_account.session = session.id
    """

private func view(_ row: Row) throws -> SessionView {
    let start = row.optionalInstant("plan_start")
    var stay: Plan.Stay?
    if let start, let body = row.optionalBytes("plan_body") { stay = try PlanPacking.stay(body, origin: start) }
    return SessionView(
        session: row.session(), site: row.site(), plan: stay, planStart: start,
        planStep: (row["plan_step"] as Int64?).map { .milliseconds($0) })
}

/// Everything that was read in a session, in order of time.
func sessionReadings(
    _ session: Session.ID, _ db: Database, where isMeant: (Reading) -> Bool = { _ in true }
) throws -> [Reading] {
    let days = try Row.fetchAll(
        db, sql: "SELECT station, evse, day FROM reading_session WHERE session = ? ORDER BY day",
        arguments: [session.value])
    var entries: [ReadingEntry] = []
    for day in days {
        entries += try newestBlock(
            station: day["station"], evse: day["evse"], day: day["day"], db
        ).filter { $0.session == session && isMeant($0.reading) }
    }
    // The tail's rows are found by EVSE; a session has one.
    if let evse = try Row.fetchOne(
        db, sql: "SELECT station, evse FROM session WHERE id = ?", arguments: [session.value])
    {
        entries += try tail(
            db, "station = ? AND evse = ? AND session = ?", [evse["station"], evse["evse"], session.value]
        ).filter { isMeant($0.reading) }
    }
    return ReadingEntry.merged(entries).map(\.reading)
}

private func newestBlock(station: String, evse: Int, day: Int64, _ db: Database) throws -> [ReadingEntry] {
    try Data.fetchOne(
        db,
        sql: """
            SELECT body FROM reading_block WHERE station = ? AND evse = ? AND day = ? ORDER BY version DESC LIMIT 1
            """, arguments: [station, evse, day]
    ).map { try ReadingBlock.entries(Array($0)) } ?? []
}

/// In the order of writing, so that later rows win.
private func tail(_ db: Database, _ condition: String, _ arguments: StatementArguments) throws -> [ReadingEntry] {
    try Row.fetchAll(
        db, sql: "SELECT session, body FROM reading_tail WHERE \(condition) ORDER BY seq", arguments: arguments
    ).flatMap { row in
        let session = (row["session"] as String?).map(Session.ID.init)
        return try ReadingRow.readings(row.bytes("body")).map { ReadingEntry(session: session, reading: $0) }
    }
}
