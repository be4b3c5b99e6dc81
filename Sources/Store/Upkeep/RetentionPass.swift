import GRDB
import Quantities

/// Where retention stands between two calls.
struct RetentionState: Sendable {
    /// A round over the tables that are no journals; `nil` between two rounds.
    struct Round: Sendable {
        var rule = 0
        /// Rows to go because of the rule's megabytes; `nil` until what is too old has gone.
        var surplus: Int?
    }
    var round: Round?
    var nextRound: ContinuousClock.Instant?
    var weights: [String: TableWeight] = [:]
    var stays = OrphanWalk()
    var sessions = OrphanWalk()
    var campaignCommands = OrphanWalk()
    var accounts = OrphanWalk()
}

/// One call's worth of retention.
///
/// The journals grow by hundreds of rows a second and are cut at each call; the other tables grow slowly and are looked
/// through once an hour. Rows are searched for by a reader, which nobody waits for, and removed by their keys in small
/// transactions.
struct RetentionPass {
    let store: Store
    let now: Instant
    let everything: Bool
    var state: RetentionState
    private var steps: Int

    /// Transactions of one call. At a call every five seconds 40 are 4000 rows a second.
    private static let stepsPerCall = 40
    private static let roundInterval: Duration = .seconds(3600)
    /// Keys that are held in memory at a time.
    private static let mostKeys = 50_000

    init(store: Store, now: Instant, everything: Bool, state: RetentionState) {
        (self.store, self.now, self.everything, self.state) = (store, now, everything, state)
        steps = everything ? .max : RetentionPass.stepsPerCall
    }

    private var mayGoOn: Bool { steps > 0 && (everything || !store.isBehind) }

    mutating func run(_ report: inout UpkeepReport) throws {
        for rule in store.retention.journals { try cut(rule, &report) }
        if !everything, state.round == nil, let next = state.nextRound, ContinuousClock.now < next {
            return try removeOrphans()
        }
        var round = state.round ?? RetentionState.Round()
        let rules = store.retention.rules
        while round.rule < rules.count {
            let isDone = try enforce(rules[round.rule], &round.surplus, &report)
            if !isDone {
                report.isUnfinished = true
                state.round = round
                return
            }
            round = RetentionState.Round(rule: round.rule + 1)
        }
        state.round = nil
        state.nextRound = ContinuousClock.now + RetentionPass.roundInterval
        try removeOrphans()
    }

    // MARK: - Journals

    /// Rows are counted by their numbers and searched from the old end only, so this is cheap however long the journal is.
    private mutating func cut(_ rule: RetentionPolicy.Rule, _ report: inout UpkeepReport) throws {
        let (table, key) = (rule.table, rule.key)
        let most = everything ? Int.max : steps * rule.step
        let tooOld = (now - .days(rule.bound.days)).milliseconds
        guard
            let (first, newest, firstYoung) = try store.pool.read({ db -> (Int64, Int64, Int64?)? in
                guard let first = try Int64.fetchOne(db, sql: "SELECT MIN(\(key)) FROM \(table)"),
                    let newest = try Int64.fetchOne(db, sql: "SELECT MAX(\(key)) FROM \(table)")
                else { return nil }
                let firstYoung = try Int64.fetchOne(
                    db,
                    sql: """
                        SELECT \(key) FROM (SELECT \(key), \(rule.age) FROM \(table) ORDER BY \(key) LIMIT ?)
                        WHERE \(rule.age) >= ? LIMIT 1
                        """, arguments: [most, tooOld])
                return (first, newest, firstYoung)
            })
        else { return }
        let rows = Int(newest - first + 1)
        let allowed = Double(rule.bound.megabytes << 20) / (try bytesOfRow(table, rows: rows))
        let surplus = Int(max(0, Double(rows) - allowed))
        let old = firstYoung.map { Int($0 - first) } ?? min(rows, most)
        // The newest stays: it carries the number on.
        let cut = min(first + Int64(max(old, surplus)), newest)
        var from = first
        while from < cut {
            guard mayGoOn else {
                report.isUnfinished = true
                return
            }
            steps -= 1
            from = min(from + Int64(rule.step), cut)
            let removed = try store.maintenance { db in
                try db.execute(sql: "DELETE FROM \(table) WHERE \(key) < ?", arguments: [from])
                return db.changesCount
            }
            report.removedRows[table, default: 0] += removed
        }
    }

    // MARK: - Other tables

    /// Removes what is older than the rule's days, then what is over its megabytes.
    /// - Returns: `false` when the call's steps did not suffice.
    private mutating func enforce(
        _ rule: RetentionPolicy.Rule, _ surplus: inout Int?, _ report: inout UpkeepReport
    ) throws -> Bool {
        if surplus == nil {
            let oldest = now - .days(rule.bound.days)
            let cut = rule.countsDays ? ReadingUpkeep.day(of: oldest) : oldest.milliseconds
            guard try remove(rule, before: cut, &report) else { return false }
            surplus = try surplusRows(rule)
        }
        while let rows = surplus, rows > 0 {
            let before = report.removedRows[rule.table] ?? 0
            let isDone = try remove(rule, oldest: rows, &report)
            surplus = rows - ((report.removedRows[rule.table] ?? 0) - before)
            if isDone { return true }
            if !mayGoOn { return false }
        }
        return true
    }

    /// Rows of one table share its bytes in proportion: so the share to go is known without reading each row's length.
    private mutating func surplusRows(_ rule: RetentionPolicy.Rule) throws -> Int {
        let rows = try store.pool.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM \(rule.table)") ?? 0 }
        guard rows > 0 else { return 0 }
        let allowed = Double(rule.bound.megabytes << 20) / (try bytesOfRow(rule.table, rows: rows))
        return Int(max(0, Double(rows) - allowed))
    }

    /// - Returns: `false` when the call's steps did not suffice.
    private mutating func remove(
        _ rule: RetentionPolicy.Rule, before cut: Int64? = nil, oldest: Int = .max, _ report: inout UpkeepReport
    ) throws -> Bool {
        while true {
            guard mayGoOn else { return false }
            let most = min(oldest, everything ? RetentionPass.mostKeys : steps * rule.step)
            let keys = try store.pool.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT \(rule.key) FROM \(rule.table)
                        WHERE \(rule.condition)\(cut == nil ? "" : " AND \(rule.age) < ?")
                        ORDER BY \(rule.age), \(rule.key) LIMIT \(most)
                        """, arguments: cut.map { [$0] } ?? []
                ).map { Array($0.databaseValues) }
            }
            let removed = try delete(
                keys, from: rule.table, where: rule.key.split(separator: ", ").map { "\($0) = ?" }, step: rule.step)
            if removed > 0 { report.removedRows[rule.table, default: 0] += removed }
            if removed < keys.count { return false }
            // Fewer than asked for: there are no more. A number of rows is asked for once.
            if keys.count < most || oldest != .max { return keys.count < most || keys.count == oldest }
        }
    }

    /// - Returns: rows that are gone: all of them unless the call's steps did not suffice.
    private mutating func delete(
        _ keys: [[DatabaseValue]], from table: String, where conditions: [String], step: Int
    ) throws -> Int {
        let sql = "DELETE FROM \(table) WHERE " + conditions.joined(separator: " AND ")
        var done = 0
        while done < keys.count, mayGoOn {
            steps -= 1
            let end = min(done + step, keys.count)
            try store.maintenance { db in
                let statement = try db.cachedStatement(sql: sql)
                for key in keys[done..<end] { try statement.execute(arguments: StatementArguments(key)) }
            }
            done = end
        }
        return done
    }

    // MARK: - Sizes

    private mutating func bytesOfRow(_ table: String, rows: Int) throws -> Double {
        let known = state.weights[table]
        if let known, !everything, known.isGood(rows: rows) { return known.bytesOfRow }
        let weight = try store.pool.read { try TableWeight(table, rows: rows, $0) }
        state.weights[table] = weight
        return weight.bytesOfRow
    }

    // MARK: - What belongs to rows that are gone

    /// Some thousand rows a call, from where the last call ended.
    private mutating func removeOrphans() throws {
        try store.maintenance { db in
            try db.execute(sql: "DELETE FROM web_session WHERE expires_at < ?", arguments: [RealTime.now.milliseconds])
        }
        try walk(
            \.stays, table: "session_stay", key: "session",
            isKept: """
                EXISTS (SELECT 1 FROM session WHERE id = session_stay.session)
                    OR EXISTS (SELECT 1 FROM plan WHERE id = session_stay.plan)
                """)
        try walk(
            \.accounts, table: "session_account", key: "session",
            isKept: "EXISTS (SELECT 1 FROM session WHERE id = session_account.session)")
        try walk(
            \.campaignCommands, table: "campaign_command", key: "campaign, version",
            isKept: "EXISTS (SELECT 1 FROM campaign WHERE id = campaign_command.campaign)")
        try walk(
            \.sessions, table: "reading_session", key: "session, station, evse, day",
            isKept: """
                EXISTS (SELECT 1 FROM reading_block AS block WHERE block.station = reading_session.station
                    AND block.evse = reading_session.evse AND block.day = reading_session.day)
                """)
    }

    private mutating func walk(
        _ position: WritableKeyPath<RetentionState, OrphanWalk>, table: String, key: String, isKept: String
    ) throws {
        repeat {
            let columns = key.split(separator: ", ")
            let last = state[keyPath: position].last
            let rows = try store.pool.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT \(key), \(isKept) AS is_kept FROM \(table)
                        \(last.isEmpty ? "" : "WHERE (\(key)) > (\(columns.map { _ in "?" }.joined(separator: ", ")))")
                        ORDER BY \(key) LIMIT \(OrphanWalk.window)
                        """, arguments: StatementArguments(last))
            }
            let keys = rows.map { Array($0.databaseValues.prefix(columns.count)) }
            let orphans = zip(keys, rows).filter { !($0.1["is_kept"] as Bool) }.map(\.0)
            let removed = try delete(
                orphans, from: table, where: columns.map { "\($0) = ?" } + ["NOT (\(isKept))"], step: 500)
            guard removed == orphans.count else { return }
            let isEnd = rows.count < OrphanWalk.window
            state[keyPath: position].last = isEnd ? [] : keys.last ?? []
            if isEnd { return }
        } while everything
    }
}

/// A walk over a table that looks for rows whose owner is gone: round and round, some rows a call.
struct OrphanWalk: Sendable {
    static let window = 5000
    /// Key of the last row that was looked at; empty at the beginning.
    var last: [DatabaseValue] = []
}

/// What a row of a table takes on the disk, its indexes with it.
struct TableWeight: Sendable {
    let bytesOfRow: Double
    private let rows: Int
    private let measured = ContinuousClock.now

    /// Measuring reads the table's pages, so it is done when the table has changed much or some time has passed.
    func isGood(rows now: Int) -> Bool {
        let isBig = bytesOfRow * Double(rows) > Double(1 << 30)
        return now <= rows * 2 && now * 2 >= rows
            && ContinuousClock.now - measured < (isBig ? .seconds(86_400) : .seconds(3600))
    }

    init(_ table: String, rows: Int, _ db: Database) throws {
        self.rows = rows
        // Blocks lie in chains of pages that would all be read: of many, some are looked at.
        let bytes =
            table == "reading_block" && rows > 10_000
            ? try TableWeight.sampledBlock(db) * Double(rows) : try TableWeight.bytes(of: table, db)
        bytesOfRow = max(1, bytes / Double(max(rows, 1)))
    }

    private static func bytes(of table: String, _ db: Database) throws -> Double {
        Double(
            try Int.fetchOne(
                db,
                sql: """
                    SELECT SUM(pgsize - unused) FROM dbstat WHERE aggregate = 1 AND name IN
                        (SELECT name FROM sqlite_master WHERE tbl_name = ?)
                    """, arguments: [table]) ?? 0)
    }

    /// Mean of blocks spread evenly over the table: what lies in the leaf, whole pages of its chain, and its index entries.
    private static func sampledBlock(_ db: Database) throws -> Double {
        let first = try Int64.fetchOne(db, sql: "SELECT MIN(number) FROM reading_block") ?? 0
        let last = try Int64.fetchOne(db, sql: "SELECT MAX(number) FROM reading_block") ?? 0
        let page = Double(try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 4096)
        let samples: Int64 = 256
        var bytes = 0.0
        for sample in 0..<samples {
            let length =
                try Int.fetchOne(
                    db, sql: "SELECT length(body) FROM reading_block WHERE number >= ? ORDER BY number LIMIT 1",
                    arguments: [first + (last - first) / samples * sample]) ?? 0
            let payload = Double(length) + 60
            bytes += payload <= page ? payload : ((payload - 500) / (page - 4)).rounded(.up) * page + 500
        }
        return bytes / Double(samples) + 80
    }
}
