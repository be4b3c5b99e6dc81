import Foundation
import GRDB
import Operations
import Quantities
import Testing

@testable import Store

@Suite("Access") struct AccessTests {
    @Test func `a token works until it is revoked, and its secret is nowhere on the disk`() async throws {
        try await withStore { store, scratch in
            let secret = try store.access.createToken(name: "billing", role: .operator)
            #expect(try store.access.actor(token: secret) == Actor(name: "billing", role: .operator))
            #expect(try store.access.actor(token: secret + "x") == nil)
            #expect(try store.access.actor(token: "") == nil)
            for file in ["tidewatt.sqlite", "tidewatt.sqlite-wal"] {
                let bytes = FileManager.default.contents(atPath: scratch.path + "/" + file) ?? Data()
                #expect(bytes.range(of: Data(secret.utf8)) == nil)
            }
            let token = try #require(try store.access.tokens().first)
            try store.access.revokeToken(token.number)
            #expect(try store.access.actor(token: secret) == nil)
            #expect(throws: StoreFault.self) { try store.access.revokeToken(token.number) }
        }
    }

    @Test func `an expired token does not work`() async throws {
        try await withStore { store, _ in
            let secret = try store.access.createToken(name: "short", role: .viewer, lifetime: .seconds(-1))
            #expect(try store.access.actor(token: secret) == nil)
        }
    }

    @Test func `a command line beside a running server makes tokens that the server sees`() async throws {
        try await withStore { store, scratch in
            let secret = try Store.withAccess(directory: scratch.path) { try $0.createToken(name: "cli", role: .admin) }
            #expect(try store.access.actor(token: secret)?.role == .admin)
        }
    }

    @Test func `people sign in with the right password only, and removal ends their sessions`() async throws {
        try await withStore { store, _ in
            try store.access.addUser(name: "王工", role: .manager, password: "correct horse 电池")
            #expect(try store.access.signIn(user: "王工", password: "correct horse") == nil)
            #expect(try store.access.signIn(user: "nobody", password: "correct horse 电池") == nil)
            let session = try #require(try store.access.signIn(user: "王工", password: "correct horse 电池"))
            let again = try #require(try store.access.webSession(session.id))
            #expect(again.actor == Actor(name: "王工", role: .manager))
            #expect(again.csrfToken == session.csrfToken && again.csrfToken != session.id)
            #expect(try store.access.webSession("other") == nil)

            let other = try #require(try store.access.signIn(user: "王工", password: "correct horse 电池"))
            #expect(other.csrfToken != session.csrfToken)
            try store.access.signOut(other.id)
            #expect(try store.access.webSession(other.id) == nil)
            try store.access.removeUser(name: "王工")
            #expect(try store.access.webSession(session.id) == nil)
        }
    }

    @Test func `weak passwords, odd names and doubles are refused`() async throws {
        try await withStore { store, _ in
            try store.access.addUser(name: "a", role: .viewer, password: "0123456789")
            for (name, password) in [("a", "0123456789"), ("b", "short"), ("", "0123456789"), ("a b", "0123456789")] {
                #expect(throws: StoreFault.self) {
                    try store.access.addUser(name: name, role: .viewer, password: password)
                }
            }
            #expect(try store.access.users().map(\.name) == ["a"])
        }
    }

    /// RFC 7914 §12, the vector with N = 1024: our hash format reads foreign parameters, so OpenSSL's answer can be judged.
    @Test func `scrypt is the published one`() {
        let stored =
            "scrypt$10$8$16$4e61436c$fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        #expect(Secrets.verify(password: "password", stored: stored))
        #expect(!Secrets.verify(password: "passwore", stored: stored))
    }
}
