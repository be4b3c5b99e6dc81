import Foundation
import GRDB
import GridDispatch
import Quantities

/// Looks whether what is on the disk fits together; works beside a running server.
public struct StoreCheck: Sendable {
    public struct Finding: Sendable {
        /// Stable word: `integrity`, `journal-gap`, `block-unreadable` …
        public let code: String
        public let detail: String
    }
    public private(set) var findings: [Finding] = []
    /// Rows looked at, by table.
    public private(set) var counts: [(table: String, rows: Int)] = []
    /// A damaged database can have millions of findings of one kind; these many are told.
    private static let mostOfAKind = 20

    public static func run(directory: String) throws(StoreFault) -> StoreCheck {
        let path = DataDirectory.database(in: directory)
        guard DataDirectory.exists(path) else { throw .cannotOpen(path: path, why: .noDatabase) }
        do {
            let queue = try DatabaseQueue(path: path, configuration: Store.configuration())
            defer { try? queue.close() }
            return try queue.read { db in
                var check = StoreCheck()
                let integrity = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)")
                if integrity != ["ok"] { for line in integrity { check.find("integrity", line) } }
                if try !Schema.migrator.hasCompletedMigrations(db) {
                    check.find("schema", "migrations are missing; run `tidewatt admin migrate`")
                    return check
                }
                try check.count(db)
                try check.journal(db)
                try check.invariants(db)
                try check.blocks(db)
                try check.plans(db)
                return check
            }
        } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
            // So damaged that SQLite gives up: that is the answer, not a failure of the check.
            var check = StoreCheck()
            check.find("integrity", "SQLite cannot read it: \(error.message ?? "damaged"); restore a backup")
            return check
        } catch { throw StoreFault(error, path: path) }
    }

    private mutating func find(_ code: String, _ detail: String) {
        guard findings.count(where: { $0.code == code }) < StoreCheck.mostOfAKind else { return }
        findings.append(Finding(code: code, detail: detail))
    }

    private mutating func count(_ db: Database) throws {
        let tables = try String.fetchAll(
            db,
            sql:
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'grdb_%' ORDER BY name"
        )
        for table in tables {
            counts.append((table, try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM \(table)") ?? 0))
        }
    }

    /// Retention removes from the old end only, so between oldest and newest no number is missing.
    private mutating func journal(_ db: Database) throws {
        for (table, key) in [("message", "seq"), ("audit", "id")] {
            let missing =
                try Int.fetchOne(
                    db, sql: "SELECT COALESCE(MAX(\(key)) - MIN(\(key)) + 1 - COUNT(*), 0) FROM \(table)") ?? 0
            if missing != 0 { find("journal-gap", "\(table) misses \(missing) numbers between its oldest and newest") }
        }
    }

    private mutating func invariants(_ db: Database) throws {
        let questions = [
            (
                "session-end", "sessions whose end and state do not fit",
                "SELECT COUNT(*) FROM session WHERE (active = 1) <> (ended_at IS NULL)"
            ),
            (
                "session-order", "sessions that end before they start",
                "SELECT COUNT(*) FROM session WHERE ended_at < started_at"
            ),
            (
                "session-energy", "sessions with negative energy",
                "SELECT COUNT(*) FROM session WHERE imported < 0 OR exported < 0"
            ),
            (
                "station-node", "stations under a node that is not there",
                "SELECT COUNT(*) FROM station WHERE node IS NOT NULL AND node NOT IN (SELECT id FROM node)"
            ),
            (
                "station-site", "stations at a site that is not there",
                "SELECT COUNT(*) FROM station WHERE site IS NOT NULL AND site NOT IN (SELECT id FROM site)"
            ),
            (
                "node-parent", "nodes under a parent that is not there",
                "SELECT COUNT(*) FROM node WHERE parent IS NOT NULL AND parent NOT IN (SELECT id FROM node)"
            ),
            (
                "block-versions", "day blocks without exactly one version in force",
                """
                SELECT COUNT(*) FROM (SELECT 1 FROM reading_block GROUP BY station, evse, day
                    HAVING SUM(superseded_at IS NULL) <> 1)
                """
            ),
        ]
        for (code, words, sql) in questions {
            let count = try Int.fetchOne(db, sql: sql) ?? 0
            if count > 0 { find(code, "\(count) \(words)") }
        }
    }

    private mutating func blocks(_ db: Database) throws {
        let blocks = try Row.fetchCursor(db, sql: "SELECT * FROM reading_block")
        while let row = try blocks.next() {
            let name =
                "\(row["station"] as String)/\(row["evse"] as Int) day \(row["day"] as Int64) version \(row["version"] as Int64)"
            do {
                let entries = try ReadingBlock.entries(row.bytes("body"))
                let isRight =
                    entries.count == row["count"] && entries.first?.reading.at == row.instant("first_at")
                    && entries.last?.reading.at == row.instant("last_at")
                    && entries.allSatisfy { ReadingUpkeep.day(of: $0.reading.at) == row["day"] }
                    && Set(entries.map(\.key)).count == entries.count
                if !isRight { find("block-content", name) }
            } catch { find("block-unreadable", name) }
        }
        let tail = try Row.fetchCursor(db, sql: "SELECT seq, body FROM reading_tail")
        while let row = try tail.next() {
            do { _ = try ReadingRow.readings(row.bytes("body")) } catch {
                find("row-unreadable", "reading_tail \(row["seq"] as Int64)")
            }
        }
    }

    private mutating func plans(_ db: Database) throws {
        let plans = try Row.fetchCursor(db, sql: "SELECT id, body FROM plan")
        while let row = try plans.next() {
            do { _ = try PlanPacking.plan(row.bytes("body")) } catch {
                find("plan-unreadable", "plan \(row["id"] as Int64)")
            }
        }
    }
}
