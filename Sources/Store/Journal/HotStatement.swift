import GRDBSQLite

/// A prepared statement that is bound and stepped directly: on the hot path GRDB's argument boxing costs more than SQLite.
///
/// Bind in the order of the question marks, then ``run()``. Belongs to the writer's connection and thread.
final class HotStatement {
    private let statement: OpaquePointer
    private var position: Int32 = 0
    /// The first binding that SQLite did not take: the parameter is NULL then, which a column may allow.
    private var bindingFailure: Int32 = SQLITE_OK
    /// SQLite copies what it is given (`SQLITE_TRANSIENT`).
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(_ connection: OpaquePointer, _ sql: String) throws(SQLiteFailure) {
        var made: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil)
        guard code == SQLITE_OK, let made else { throw SQLiteFailure(connection) }
        statement = made
    }

    deinit { sqlite3_finalize(statement) }

    @discardableResult
    func int(_ value: Int64?) -> HotStatement {
        position += 1
        took(value.map { sqlite3_bind_int64(statement, position, $0) } ?? sqlite3_bind_null(statement, position))
        return self
    }
    @discardableResult
    func int(_ value: Int?) -> HotStatement { int(value.map(Int64.init)) }
    @discardableResult
    func bool(_ value: Bool) -> HotStatement { int(value ? 1 : 0 as Int64) }

    @discardableResult
    func text(_ value: String?) -> HotStatement {
        position += 1
        guard var value else {
            sqlite3_bind_null(statement, position)
            return self
        }
        value.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { buffer in
                // An empty buffer may have no address, which SQLite would take for NULL.
                took(
                    sqlite3_bind_text(
                        statement, position, buffer.baseAddress ?? UnsafePointer(HotStatement.empty),
                        Int32(clamping: buffer.count), HotStatement.copied))
            }
        }
        return self
    }

    @discardableResult
    func blob(_ value: [UInt8]?) -> HotStatement {
        position += 1
        guard let value else {
            sqlite3_bind_null(statement, position)
            return self
        }
        value.withUnsafeBytes { buffer in
            if buffer.isEmpty {
                took(sqlite3_bind_zeroblob(statement, position, 0))
            } else {
                took(
                    sqlite3_bind_blob(
                        statement, position, buffer.baseAddress, Int32(clamping: buffer.count), HotStatement.copied))
            }
        }
        return self
    }

    private func took(_ code: Int32) {
        if code != SQLITE_OK, bindingFailure == SQLITE_OK { bindingFailure = code }
    }

    /// Runs to the end and makes ready for the next binding.
    /// - Returns: how many rows an INSERT, UPDATE or DELETE changed.
    @discardableResult
    func run() throws(SQLiteFailure) -> Int {
        position = 0
        if bindingFailure != SQLITE_OK {
            let failure = SQLiteFailure(code: bindingFailure)
            bindingFailure = SQLITE_OK
            throw failure
        }
        var code = sqlite3_step(statement)
        while code == SQLITE_ROW { code = sqlite3_step(statement) }
        if code == SQLITE_DONE {
            sqlite3_reset(statement)
            return Int(sqlite3_changes(sqlite3_db_handle(statement)))
        }
        let failure = SQLiteFailure(sqlite3_db_handle(statement))
        sqlite3_reset(statement)
        throw failure
    }

    nonisolated(unsafe) private static let empty = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
}
