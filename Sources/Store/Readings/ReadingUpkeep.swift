import Assets
import Charging
import Foundation
import GRDB
import Quantities

/// Moves the tail's rows into day blocks, a bounded step at a time, each step one transaction.
///
/// What only continues a block (later than everything in it) is added to it in place. What is late or corrects a value
/// makes a new version; the version before it stays, marked with when it was superseded, until its retention ends.
/// An exact repeat changes nothing.
enum ReadingUpkeep {
    private struct Meter: Hashable, Comparable {
        let station: String
        let evse: Int
        let day: Int64
        static func < (a: Meter, b: Meter) -> Bool {
            (a.station, a.evse, a.day) < (b.station, b.evse, b.day)
        }
    }

    /// Rows of one meter in one step; what is over it waits for the next.
    private static let rowsOfOneMeter = 5000

    /// A walk over all meters that moves the rows there were when it began. What arrives meanwhile waits for the next
    /// walk: each block is written once a walk for all that waits for it.
    struct Walk: Sendable {
        /// Rows up to this sequence number.
        let through: Int64
        /// The last meter that is done.
        fileprivate var station = ""
        fileprivate var evse = Int.min
        fileprivate(set) var isDone = false
        init(through: Int64) { self.through = through }
    }

    /// - Parameter limit: no further meter is begun when so many rows have moved.
    /// - Returns: how many rows moved.
    static func step(_ db: Database, _ walk: inout Walk, limit: Int, now: Instant) throws -> Int {
        var moved = 0
        let through = walk.through
        while moved < limit {
            guard let (station, evse) = try next(walk, db) else {
                walk.isDone = true
                return moved
            }
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT seq, session, body FROM reading_tail WHERE station = ? AND evse = ? AND seq <= ?
                    ORDER BY seq LIMIT ?
                    """, arguments: [station, evse, through, rowsOfOneMeter])
            var arriving: [Meter: [ReadingEntry]] = [:]
            for row in rows {
                let session = (row["session"] as String?).map(Session.ID.init)
                for reading in try ReadingRow.readings(row.bytes("body")) {
                    arriving[Meter(station: station, evse: evse, day: day(of: reading.at)), default: []]
                        .append(ReadingEntry(session: session, reading: reading))
                }
            }
            for (meter, entries) in arriving.sorted(by: { $0.key < $1.key }) {
                try add(entries, to: meter, db, now: now)
            }
            try db.execute(
                sql: "DELETE FROM reading_tail WHERE station = ? AND evse = ? AND seq <= ?",
                arguments: [station, evse, rows.last?["seq"] as Int64?])
            moved += rows.count
            if rows.count < rowsOfOneMeter { (walk.station, walk.evse) = (station, evse) }
        }
        return moved
    }

    private static func next(_ walk: Walk, _ db: Database) throws -> (station: String, evse: Int)? {
        // The plus keeps SQLite from walking the rows by number and sorting them: the index has them in order.
        try Row.fetchOne(
            db,
            sql: """
                SELECT station, evse FROM reading_tail WHERE (station, evse) > (?, ?) AND +seq <= ?
                ORDER BY station, evse LIMIT 1
                """, arguments: [walk.station, walk.evse, walk.through]
        ).map { ($0["station"], $0["evse"]) }
    }

    /// The walk behind the meter whose turn it is.
    static func passOver(_ walk: Walk, _ db: Database) throws -> Walk {
        var walk = walk
        if let (station, evse) = try next(walk, db) {
            (walk.station, walk.evse) = (station, evse)
        } else {
            walk.isDone = true
        }
        return walk
    }

    /// The rows themselves are at fault, not the disk: others can be moved.
    static func isOfTheRows(_ error: any Error) -> Bool {
        switch error {
        case StoreFault.damaged: true
        case let error as DatabaseError:
            [.SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_MISMATCH].contains(error.resultCode)
        default: false
        }
    }

    static func day(of instant: Instant) -> Int64 {
        Int64(Zone.utc.civilDay(at: instant).daysSince1970)
    }

    private static func add(_ arriving: [ReadingEntry], to meter: Meter, _ db: Database, now: Instant) throws {
        for session in Set(arriving.compactMap(\.session)) {
            try db.execute(
                sql: "INSERT OR IGNORE INTO reading_session VALUES (?, ?, ?, ?)",
                arguments: [session.value, meter.station, meter.evse, meter.day])
        }
        let newest = try Row.fetchOne(
            db,
            sql: """
                SELECT number, version, last_at, body FROM reading_block
                WHERE station = ? AND evse = ? AND day = ? ORDER BY version DESC LIMIT 1
                """, arguments: [meter.station, meter.evse, meter.day])
        guard let newest else {
            return try insert(ReadingEntry.merged(arriving), version: 1, meter, db, now: now)
        }
        let standing = try ReadingBlock.entries(Array(newest["body"] as Data))
        let lastAt = Instant(milliseconds: newest["last_at"])
        let number: Int64 = newest["number"]
        let isContinuation = arriving.allSatisfy { $0.reading.at > lastAt }
        let merged =
            isContinuation ? standing + ReadingEntry.merged(arriving) : ReadingEntry.merged(standing + arriving)
        if merged == standing { return }
        if isContinuation || isContinuationWithRepeats(arriving, standing, lastAt) {
            try db.execute(
                sql: "UPDATE reading_block SET last_at = ?, count = ?, made_at = ?, body = ? WHERE number = ?",
                arguments: [
                    merged.last?.reading.at.milliseconds, merged.count, now.milliseconds,
                    Data(ReadingBlock.pack(merged)), number,
                ])
        } else {
            try db.execute(
                sql: "UPDATE reading_block SET superseded_at = ? WHERE number = ?",
                arguments: [now.milliseconds, number])
            try insert(merged, version: (newest["version"] as Int64) + 1, meter, db, now: now)
        }
    }

    private static func isContinuationWithRepeats(
        _ arriving: [ReadingEntry], _ standing: [ReadingEntry], _ lastAt: Instant
    ) -> Bool {
        let known = Set(standing)
        return arriving.allSatisfy { $0.reading.at > lastAt || known.contains($0) }
    }

    private static func insert(
        _ entries: [ReadingEntry], version: Int64, _ meter: Meter, _ db: Database, now: Instant
    ) throws {
        guard let first = entries.first, let last = entries.last else { return }
        try db.execute(
            sql: """
                INSERT INTO reading_block (station, evse, day, version, first_at, last_at, count, made_at, body)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                meter.station, meter.evse, meter.day, version, first.reading.at.milliseconds,
                last.reading.at.milliseconds, entries.count, now.milliseconds, Data(ReadingBlock.pack(entries)),
            ])
    }
}
