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

/// Where upkeep stands between two calls.
struct UpkeepState: Sendable {
    var walk: ReadingUpkeep.Walk?
    /// Domain time at which the newest walk began.
    var walkBeganAt: Instant?
    var retention = RetentionState()
}

extension Store {
    /// Rows of the tail that one transaction moves.
    private static let compactionStep = 100
    private static let compactionStepsPerCall = 100

    /// Moves the tail of readings into day blocks and removes what is past its retention, in small transactions of its
    /// own. Call it every few seconds from a background thread; it returns after a bounded amount of work, and sooner
    /// while the journal is behind.
    /// - Parameters:
    ///   - now: domain time.
    ///   - everything: goes on until nothing is left to do (before a backup, in tests).
    @discardableResult
    public func maintain(now: Instant, everything: Bool = false) throws(StoreFault) -> UpkeepReport {
        try upkeep.withLock { state throws(StoreFault) in
            if everything { state = UpkeepState() }
            do {
                var report = UpkeepReport()
                // What cannot be moved does not keep retention from making room.
                let failure = try compact(now: now, everything: everything, &state, &report)
                var pass = RetentionPass(store: self, now: now, everything: everything, state: state.retention)
                defer { state.retention = pass.state }
                try pass.run(&report)
                if let failure { throw failure }
                return report
            } catch { throw StoreFault(error, path: DataDirectory.database(in: directory)) }
        }
    }

    /// One small transaction of upkeep. Between two of them the journal has its turn.
    func maintenance<Value>(_ body: (Database) throws -> Value) throws -> Value {
        defer { checkpointer.finish(pool) }
        return try pool.write(body)
    }

    var isBehind: Bool { condition == .congested }

    /// A row waits in the tail until the hourly walk, or until a million wait: each block is then rewritten for many rows.
    /// When rows were read says nothing here: a station's clock may be behind, and its queue old.
    /// - Returns: why a meter's rows could not be moved. They stay in the tail, those of the other meters move.
    private func compact(
        now: Instant, everything: Bool, _ state: inout UpkeepState, _ report: inout UpkeepReport
    ) throws -> (any Error)? {
        if state.walk == nil {
            let (oldest, newest) = try pool.read { db in
                (
                    try Row.fetchOne(db, sql: "SELECT seq, at FROM reading_tail ORDER BY seq LIMIT 1"),
                    try Int64.fetchOne(db, sql: "SELECT MAX(seq) FROM reading_tail") ?? 0
                )
            }
            guard let oldest else { return nil }
            let (first, firstAt): (Int64, Int64) = (oldest["seq"], oldest["at"])
            let since = state.walkBeganAt?.milliseconds ?? firstAt
            guard everything || newest - first >= 1_000_000 || now.milliseconds - since >= 3_600_000 else { return nil }
            state.walk = ReadingUpkeep.Walk(through: newest)
            state.walkBeganAt = now
        }
        guard var walk = state.walk else { return nil }
        var (steps, limit) = (0, Store.compactionStep)
        var failure: (any Error)?
        while !walk.isDone, everything || (steps < Store.compactionStepsPerCall && !isBehind) {
            steps += 1
            do {
                // A step that fails is rolled back, and so is where the walk stands.
                let (moved, after) = try maintenance { db in
                    var after = walk
                    return (try ReadingUpkeep.step(db, &after, limit: limit, now: now), after)
                }
                walk = after
                report.compactedRows += moved
            } catch  where ReadingUpkeep.isOfTheRows(error) {
                // Meter by meter from here on: then the one at fault is known and passed over.
                if limit > 1 {
                    limit = 1
                } else {
                    failure = failure ?? error
                    walk = try pool.read { db in try ReadingUpkeep.passOver(walk, db) }
                }
            }
        }
        state.walk = walk.isDone ? nil : walk
        if !walk.isDone { report.isUnfinished = true }
        return failure
    }
}
