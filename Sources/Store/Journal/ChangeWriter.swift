import GRDBSQLite
import Operations

/// Turns changes into statements on the writer's connection, inside the transaction that its owner opened.
///
/// Statements are prepared at first use and kept. Not `Sendable`: it lives on the journal's thread.
final class ChangeWriter {
    let connection: OpaquePointer
    private var statements: [StaticStringKey: HotStatement] = [:]

    init(connection: OpaquePointer) { self.connection = connection }

    func apply(_ change: Change) throws(SQLiteFailure) {
        switch change {
        case .message(let record): try write(record)
        case .readings(let session, let evse, let readings): try write(readings, session: session, evse: evse)
        case .session(let session): try write(session)
        case .stationLive(let station, let lastSeen, let proto, let connectors, let commissioning):
            try writeLive(station, lastSeen, proto, connectors, commissioning)
        case .station(let station): try write(station)
        case .removeStation(let station): try remove(station)
        case .evse(let control): try write(control)
        case .idToken(let token): try write(token)
        case .removeIdToken(let value): try statement("DELETE FROM id_token WHERE value = ?").text(value).run()
        case .command(let command): try write(command)
        case .site(let site): try write(site)
        case .removeSite(let site): try remove(site)
        case .node(let node): try write(node)
        case .removeNode(let node): try statement("DELETE FROM node WHERE id = ?").text(node.value).run()
        case .nodeReadings(let node, let readings): try write(readings, node: node)
        case .sitePower(let point): try write(point)
        case .setpoint(let point): try write(point)
        case .plan(let plan): try write(plan)
        case .alarm(let alarm): try write(alarm)
        case .audit(let record): try write(record)
        case .setting(let key, let value):
            try statement("INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value")
                .text(key).text(value).run()
        case .dayReport(let report): try write(report)
        case .certificate(let record): try write(record)
        case .securityEvent(let event): try write(event)
        case .holding(let holding): try write(holding)
        case .vendorHandler(let handler): try write(handler)
        case .removeVendorHandler(let id): try statement("DELETE FROM vendor_handler WHERE id = ?").text(id).run()
        case .job(let job): try write(job)
        case .file(let file): try write(file)
        case .removeFile(let id): try removeFile(id)
        case .campaign(let campaign): try write(campaign)
        case .campaignTarget(let target): try write(target)
        case .device(let change): try write(change)
        case .der(let change): try write(change)
        case .swap(let change): try write(change)
        case .payment(let payment): try write(payment)
        case .roundTrip(let record): try write(record)
        case .prepaid(let account): try write(account)
        case .removePrepaid(let token): try statement("DELETE FROM prepaid WHERE token = ?").text(token).run()
        }
    }

    func begin() throws(SQLiteFailure) { try statement("BEGIN IMMEDIATE").run() }
    func commit() throws(SQLiteFailure) { try statement("COMMIT").run() }
    /// After a failure that may have rolled back by itself.
    func rollback() {
        if isInTransaction { sqlite3_exec(connection, "ROLLBACK", nil, nil, nil) }
    }
    /// `false` also when SQLite itself gave the transaction up.
    var isInTransaction: Bool { sqlite3_get_autocommit(connection) == 0 }

    func save() throws(SQLiteFailure) { try statement("SAVEPOINT change").run() }
    func release() throws(SQLiteFailure) { try statement("RELEASE change").run() }
    /// Undoes what was written since ``save()``.
    func goBack() throws(SQLiteFailure) {
        try statement("ROLLBACK TO change").run()
        try release()
    }

    /// The prepared statement for `sql`, found by the literal's address.
    func statement(_ sql: StaticString) throws(SQLiteFailure) -> HotStatement {
        let key = StaticStringKey(sql)
        if let known = statements[key] { return known }
        let made = try HotStatement(connection, "\(sql)")
        statements[key] = made
        return made
    }

    private struct StaticStringKey: Hashable {
        let address: UnsafePointer<UInt8>
        init(_ literal: StaticString) { address = literal.utf8Start }
    }
}
