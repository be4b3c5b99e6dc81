import Foundation
import GRDB
public import Quantities

/// What one call of ``Store/maintain(now:)`` did.
public struct UpkeepReport: Sendable {
    /// Rows of the tail that went into day blocks.
    public var compactedRows = 0
    /// Rows that retention removed, by table.
    public var removedRows: [String: Int] = [:]
    /// More is to be done: call again soon.
    public var isUnfinished = false
}

extension Store {
    /// Rows that one transaction of upkeep touches: a commit that has to wait for it waits some milliseconds.
    private static let step = 500
    private static let stepsPerCall = 20

    /// Moves the tail of readings into day blocks and removes what is past its retention, in small transactions of its
    /// own. Call it every few seconds from a background thread; it returns after a bounded amount of work.
    /// - Parameters:
    ///   - now: domain time.
    ///   - everything: goes on until nothing is left to do (before a backup, in tests).
    @discardableResult
    public func maintain(now: Instant, everything: Bool = false) throws(StoreFault) -> UpkeepReport {
        do {
            var report = UpkeepReport()
            try compact(now: now, everything: everything, &report)
            if everything || retentionIsDue() {
                for rule in retention.rules { try enforce(rule, now: now, everything: everything, &report) }
                try removeOrphans()
            }
            return report
        } catch { throw StoreFault(error, path: DataDirectory.database(in: directory)) }
    }

    /// Sizes of tables are read page by page, so not at every call.
    private func retentionIsDue() -> Bool {
        nextRetention.withLock { next in
            let now = ContinuousClock.now
            guard next.map({ now >= $0 }) ?? true else { return false }
            next = now + .seconds(600)
            return true
        }
    }

    /// A row waits in the tail until many wait with it or it is an hour old: each step then rewrites few blocks for many rows.
    private func compact(now: Instant, everything: Bool, _ report: inout UpkeepReport) throws {
        let (count, oldest, newest) = try pool.read { db in
            let row = try Row.fetchOne(db, sql: "SELECT COUNT(*) AS n, MAX(seq) AS newest FROM reading_tail")
            let oldest = try Int64.fetchOne(db, sql: "SELECT at FROM reading_tail ORDER BY seq LIMIT 1")
            return ((row?["n"] as Int?) ?? 0, oldest, (row?["newest"] as Int64?) ?? 0)
        }
        guard let oldest, everything || count >= 20_000 || now.milliseconds - oldest >= 3_600_000 else { return }
        for _ in 0..<(everything ? Int.max : Store.stepsPerCall) {
            let moved = try pool.write { db in
                try ReadingUpkeep.step(db, through: newest, limit: Store.step, now: now)
            }
            report.compactedRows += moved
            if moved < Store.step { return }
        }
        report.isUnfinished = true
    }

    /// Removes what is older than the rule's days, then what is over its megabytes.
    private func enforce(
        _ rule: RetentionPolicy.Rule, now: Instant, everything: Bool, _ report: inout UpkeepReport
    ) throws {
        let tooOld = (now - .days(rule.bound.days)).milliseconds
        let ageCut = try pool.read { db in
            rule.isJournal
                ? try Int64.fetchOne(
                    db, sql: "SELECT \(rule.key) FROM \(rule.table) WHERE \(rule.age) >= ? ORDER BY 1 LIMIT 1",
                    arguments: [tooOld]) ?? Int64.fetchOne(db, sql: "SELECT MAX(\(rule.key)) FROM \(rule.table)")
                : tooOld
        }
        if let ageCut { try remove(rule, before: ageCut, everything: everything, &report) }
        if let sizeCut = try pool.read({ try surplusCut(rule, $0) }) {
            try remove(rule, before: sizeCut, everything: everything, &report)
        }
    }

    /// Where the rows begin that fit the rule's megabytes; `nil` when all do. Rows of one table share its bytes in
    /// proportion: so the share to go is known without reading each row's length.
    private func surplusCut(_ rule: RetentionPolicy.Rule, _ db: Database) throws -> Int64? {
        let allowed = rule.bound.megabytes << 20
        let bytes =
            try Int.fetchOne(
                db,
                sql: """
                    SELECT SUM(pgsize - unused) FROM dbstat WHERE aggregate = 1 AND name IN
                        (SELECT name FROM sqlite_master WHERE tbl_name = ?)
                    """, arguments: [rule.table]) ?? 0
        guard bytes > allowed else { return nil }
        let rows = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM \(rule.table)") ?? 0
        let surplus = Int(Double(rows) * (1 - Double(allowed) / Double(bytes)))
        let order = rule.isJournal ? rule.key : rule.age
        let values = "SELECT \(order) FROM \(rule.table) WHERE \(rule.condition) ORDER BY 1"
        return try Int64.fetchOne(db, sql: values + " LIMIT 1 OFFSET ?", arguments: [surplus])
            ?? Int64.fetchOne(db, sql: "SELECT MAX(\(order)) FROM \(rule.table) WHERE \(rule.condition)")
    }

    private func remove(
        _ rule: RetentionPolicy.Rule, before cut: Int64, everything: Bool, _ report: inout UpkeepReport
    ) throws {
        let order = rule.isJournal ? rule.key : rule.age
        for _ in 0..<(everything ? Int.max : Store.stepsPerCall) {
            let removed = try pool.write { db in
                try db.execute(
                    sql: """
                        DELETE FROM \(rule.table) WHERE (\(rule.key)) IN (SELECT \(rule.key) FROM \(rule.table)
                            WHERE \(rule.condition) AND \(order) < ?\(rule.isJournal ? " ORDER BY \(order)" : "")
                            LIMIT \(Store.step))
                        """, arguments: [cut])
                return db.changesCount
            }
            if removed > 0 { report.removedRows[rule.table, default: 0] += removed }
            if removed < Store.step { return }
        }
        report.isUnfinished = true
    }

    /// What belongs to rows that are gone.
    private func removeOrphans() throws {
        try pool.write { db in
            try db.execute(sql: "DELETE FROM web_session WHERE expires_at < ?", arguments: [RealTime.now.milliseconds])
            try db.execute(
                sql: """
                    DELETE FROM session_stay WHERE session NOT IN (SELECT id FROM session)
                        AND plan NOT IN (SELECT id FROM plan)
                    """)
            try db.execute(
                sql: """
                    DELETE FROM reading_session WHERE NOT EXISTS (SELECT 1 FROM reading_block AS block
                        WHERE block.station = reading_session.station AND block.evse = reading_session.evse
                            AND block.day = reading_session.day)
                    """)
        }
    }
}
