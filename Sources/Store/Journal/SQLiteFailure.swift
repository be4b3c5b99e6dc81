import Documents
import GRDB
import GRDBSQLite

/// An error code of SQLite with its words.
struct SQLiteFailure: Error {
    /// The extended result code.
    let code: Int32
    let message: String

    init(_ connection: OpaquePointer?) {
        code = sqlite3_extended_errcode(connection)
        message = String(cString: sqlite3_errmsg(connection))
    }

    /// With SQLite's words for `code`.
    init(code: Int32) {
        self.code = code
        message = String(cString: sqlite3_errstr(code))
    }

    private var primary: Int32 { code & 0xFF }

    /// The change itself is at fault (a constraint, a value too big), not the disk: trying again cannot help.
    var isOfTheChange: Bool {
        switch primary {
        case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH, SQLITE_RANGE, SQLITE_ERROR: true
        default: false
        }
    }

    var fault: StoreFault {
        switch primary {
        case SQLITE_FULL: .diskFull
        // A full disk shows as a failed write where SQLite could not tell, e.g. when the shared-memory file grows.
        case SQLITE_IOERR: code == SQLITE_IOERR | (20 << 8) ? .diskFull : .disk(.foreign(message))
        case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged(.foreign(message))
        default: .disk(.foreign(message))
        }
    }
}

extension StoreFault {
    /// For errors that come through GRDB.
    init(_ error: any Error, path: String) {
        switch error {
        case let fault as StoreFault: self = fault
        case let error as DatabaseError:
            let words = Message.foreign(error.message ?? "\(error.resultCode)")
            switch error.resultCode {
            case .SQLITE_FULL: self = .diskFull
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(words)
            case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
                self = .cannotOpen(path: path, why: words)
            default: self = .disk(words)
            }
        default: self = .disk(.foreign("\(error)"))
        }
    }
}
