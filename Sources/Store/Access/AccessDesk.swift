import Foundation
import GRDB
public import Operations
public import Quantities

/// Tokens of programs, users and their web sessions. Secrets are kept as digests only; every question reads the tables
/// afresh, so a token that is revoked from the command line stops working at once.
public struct AccessDesk: Sendable {
    public struct Token: Sendable {
        public let number: Int64
        public let name: String
        public let role: Actor.Role
        public let createdAt: Instant
        public let expiresAt: Instant?
        public let revokedAt: Instant?
    }
    public struct User: Sendable {
        public let name: String
        public let role: Actor.Role
        public let createdAt: Instant
    }

    static let webSessionLength = Duration.hours(12)
    let database: any DatabaseWriter

    // MARK: Tokens

    /// - Returns: the secret, which nobody can read again.
    public func createToken(name: String, role: Actor.Role, lifetime: Duration? = nil) throws(StoreFault) -> String {
        let name = try AccessDesk.checked(name: name)
        let secret = "tdw_" + Secrets.text(32)
        let now = RealTime.now
        try write { db in
            try db.execute(
                sql: "INSERT INTO access_token (name, role, digest, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    name, role.name, Data(Secrets.sha256(secret)), now.milliseconds,
                    lifetime.map { (now + $0).milliseconds },
                ])
        }
        return secret
    }

    public func tokens() throws(StoreFault) -> [Token] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM access_token ORDER BY number").map { row in
                Token(
                    number: row["number"], name: row["name"], role: try AccessDesk.role(row["role"]),
                    createdAt: row.instant("created_at"), expiresAt: row.optionalInstant("expires_at"),
                    revokedAt: row.optionalInstant("revoked_at"))
            }
        }
    }

    public func revokeToken(_ number: Int64) throws(StoreFault) {
        try write { db in
            try db.execute(
                sql: "UPDATE access_token SET revoked_at = ? WHERE number = ? AND revoked_at IS NULL",
                arguments: [RealTime.now.milliseconds, number])
            if db.changesCount == 0 {
                throw StoreFault.access(.noTokenInForce(number))
            }
        }
    }

    public func actor(token secret: String) throws(StoreFault) -> Actor? {
        try read { db in
            guard
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT name, role FROM access_token
                        WHERE digest = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
                        """, arguments: [Data(Secrets.sha256(secret)), RealTime.now.milliseconds])
            else { return nil }
            return Actor(name: row["name"], role: try AccessDesk.role(row["role"]))
        }
    }

    // MARK: Users

    /// At least 10 characters; an existing user of the name is refused.
    public func addUser(name: String, role: Actor.Role, password: String) throws(StoreFault) {
        let name = try AccessDesk.checked(name: name)
        guard password.count >= 10, password.utf8.count <= 1024 else {
            throw .access(.passwordLength)
        }
        let hash = Secrets.hash(password: password)
        try write { db in
            try db.execute(
                sql: "INSERT OR IGNORE INTO access_user VALUES (?, ?, ?, ?)",
                arguments: [name, role.name, hash, RealTime.now.milliseconds])
            if db.changesCount == 0 {
                throw StoreFault.access(.userExists(name))
            }
        }
    }

    public func users() throws(StoreFault) -> [User] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM access_user ORDER BY name").map { row in
                User(name: row["name"], role: try AccessDesk.role(row["role"]), createdAt: row.instant("created_at"))
            }
        }
    }

    /// The user's web sessions end with it.
    public func removeUser(name: String) throws(StoreFault) {
        try write { db in
            try db.execute(sql: "DELETE FROM access_user WHERE name = ?", arguments: [name])
            if db.changesCount == 0 { throw StoreFault.access(.noUser(name)) }
            try db.execute(sql: "DELETE FROM web_session WHERE user = ?", arguments: [name])
        }
    }

    // MARK: Web sessions

    /// `nil` for a wrong name or password; takes about 0.1 s of CPU either way, so keep it off event loops.
    public func signIn(user: String, password: String) throws(StoreFault) -> WebSession? {
        let stored = try read { db in
            try Row.fetchOne(db, sql: "SELECT role, password FROM access_user WHERE name = ?", arguments: [user])
        }
        let isRight = password.utf8.count <= 1024 && Secrets.verify(password: password, stored: stored?["password"])
        guard isRight, let stored else { return nil }
        let id = Secrets.text(32)
        let now = RealTime.now
        let expiresAt = now + AccessDesk.webSessionLength
        try write { db in
            try db.execute(
                sql: "INSERT INTO web_session VALUES (?, ?, ?, ?)",
                arguments: [Data(Secrets.sha256(id)), user, now.milliseconds, expiresAt.milliseconds])
        }
        return AccessDesk.session(
            id: id, actor: Actor(name: user, role: try AccessDesk.role(stored["role"])), expiresAt: expiresAt)
    }

    public func webSession(_ id: String) throws(StoreFault) -> WebSession? {
        try read { db in
            guard
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT access_user.name, access_user.role, expires_at FROM web_session
                        JOIN access_user ON access_user.name = web_session.user WHERE digest = ? AND expires_at > ?
                        """, arguments: [Data(Secrets.sha256(id)), RealTime.now.milliseconds])
            else { return nil }
            return AccessDesk.session(
                id: id, actor: Actor(name: row["name"], role: try AccessDesk.role(row["role"])),
                expiresAt: row.instant("expires_at"))
        }
    }

    public func signOut(_ id: String) throws(StoreFault) {
        try write { db in
            try db.execute(
                sql: "DELETE FROM web_session WHERE digest = ?", arguments: [Data(Secrets.sha256(id))])
        }
    }

    private static func session(id: String, actor: Actor, expiresAt: Instant) -> WebSession {
        WebSession(
            id: id, actor: actor, csrfToken: Secrets.derived(from: id, for: "csrf"), expiresAt: expiresAt)
    }

    private static func role(_ name: String) throws(StoreFault) -> Actor.Role {
        guard let role = Actor.Role(name: name) else { throw .damaged(.roleDamaged(name)) }
        return role
    }

    private static func checked(name: String) throws(StoreFault) -> String {
        let isPlain = name.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
        guard isPlain, !name.isEmpty, name.utf8.count <= 64 else {
            throw .access(.nameForm)
        }
        return name
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws(StoreFault) -> Value {
        do { return try database.read(body) } catch { throw StoreFault(error, path: "the database") }
    }
    private func write<Value>(_ body: (Database) throws -> Value) throws(StoreFault) -> Value {
        do { return try database.write(body) } catch { throw StoreFault(error, path: "the database") }
    }
}

extension Store {
    /// Access to the tables of tokens and users of a directory, also while a server holds it: SQLite lets both write.
    /// - Parameter create: makes the directory when there is none: the first user comes before the first start.
    public static func withAccess<Value>(
        directory: String, create: Bool = false, _ body: (AccessDesk) throws -> Value
    ) throws -> Value {
        let path = DataDirectory.database(in: directory)
        guard create || DataDirectory.exists(path) else {
            throw StoreFault.cannotOpen(path: path, why: .noDatabaseYet)
        }
        do {
            let store = try Store(directory: directory)
            defer { store.close() }
            return try body(store.access)
        } catch StoreFault.held {
            let queue = try DatabaseQueue(path: path, configuration: Store.configuration())
            defer { try? queue.close() }
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            return try body(AccessDesk(database: queue))
        }
    }
}
