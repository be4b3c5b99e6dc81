public import Assets
public import Charging
import GRDB
public import GridDispatch
public import Operations
public import Quantities

/// Reads for the platform service. Each sees one committed state and runs beside the writer; lists are newest first
/// unless said otherwise and bounded by ``largestPage``.
extension Store {
    public static let largestPage = 10_000

    public func messages(of station: StationID, limit: Int, before: Int64?) async throws -> [StoredMessage] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM message WHERE station = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
                arguments: [station.value, before ?? .max, page(limit)]
            ).map { StoredMessage(sequence: $0["seq"], record: $0.messageRecord()) }
        }
    }

    public func command(_ id: String) async throws -> CommandView? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM command WHERE id = ?", arguments: [id])?.command()
        }
    }

    /// - Parameter before: id of the last command of the page before; nothing follows one that is not there any more.
    public func commands(
        of station: StationID, limit: Int, before: String? = nil
    ) async throws -> [CommandView] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM command WHERE station = ?1
                    AND (?2 IS NULL OR number < (SELECT number FROM command WHERE id = ?2)) ORDER BY number DESC LIMIT ?3
                    """,
                arguments: [station.value, before, page(limit)]
            ).map { try $0.command() }
        }
    }

    public func idToken(_ value: String) async throws -> IdToken? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM id_token WHERE value = ?", arguments: [value])?.idToken()
        }
    }

    /// In order of their values.
    public func idTokens(after: String?, limit: Int) async throws -> [IdToken] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM id_token WHERE value > ? ORDER BY value LIMIT ?",
                arguments: [after ?? "", page(limit)]
            ).map { try $0.idToken() }
        }
    }

    /// Oldest first.
    public func power(of site: SiteID, in interval: Interval) async throws -> [SitePowerPoint] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM site_power WHERE site = ? AND at >= ? AND at < ? ORDER BY at",
                arguments: [site.value, interval.start.milliseconds, interval.end.milliseconds]
            ).map { $0.sitePower() }
        }
    }

    public func plan(of site: SiteID) async throws -> Plan? {
        try await read { db in try Store.newestPlan(of: site.value, db) }
    }

    public func plan(_ id: Plan.ID) async throws -> Plan? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT body FROM plan WHERE id = ?", arguments: [id.value])
                .map { try PlanPacking.plan($0.bytes("body")) }
        }
    }

    static func newestPlan(of site: String, _ db: Database) throws -> Plan? {
        try Row.fetchOne(db, sql: "SELECT body FROM plan WHERE site = ? ORDER BY id DESC LIMIT 1", arguments: [site])
            .map { try PlanPacking.plan($0.bytes("body")) }
    }

    /// - Parameter active: only those that have not ended.
    /// - Parameter before: id of the last alarm of the page before; nothing follows one that is not there any more.
    public func alarms(active: Bool, limit: Int, before: Int64? = nil) async throws -> [Alarm] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM alarm
                    WHERE \(active ? "ended_at IS NULL AND" : "")
                    (?1 IS NULL OR (since, id) < (SELECT since, id FROM alarm WHERE id = ?1))
                    ORDER BY since DESC, id DESC LIMIT ?2
                    """,
                arguments: [before, page(limit)]
            ).map { try $0.alarm() }
        }
    }

    public func audit(limit: Int, before: Int64?) async throws -> [(id: Int64, record: AuditRecord)] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?",
                arguments: [before ?? .max, page(limit)]
            ).map { row in
                (
                    row["id"],
                    AuditRecord(
                        at: row.instant("at"), actor: row["actor"], role: row["role"], action: row["action"],
                        object: row["object"], detail: row["detail"])
                )
            }
        }
    }

    public func dayReports(of site: SiteID) async throws -> [DayReport] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM day_report WHERE site = ? ORDER BY day DESC", arguments: [site.value]
            ).map {
                try DayReportPacking.report($0.bytes("body"), site: site, day: CivilDay(daysSince1970: $0["day"]))
            }
        }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        guard gate.enter() else { throw StoreFault.closed }
        defer { gate.leave() }
        do { return try await pool.read(body) } catch is CancellationError { throw CancellationError() } catch {
            throw StoreFault(error, path: DataDirectory.database(in: directory))
        }
    }
}

func page(_ limit: Int) -> Int { min(max(limit, 0), Store.largestPage) }
