import Foundation
import Synchronization
import Testing

@testable import Credentials

@Suite("Station passwords", .timeLimit(.minutes(2))) struct PasswordTests {
    static let secret = DigestSecret(bytes: (0..<32).map { UInt8($0) })
    static let cheap = Argon2.Cost(memoryKiB: 64, passes: 1, lanes: 1)

    /// Waits for the checker's word, which may come on another thread.
    static func verdict(
        _ checker: PasswordChecker, _ presented: [UInt8], _ stored: String, identity: String = "CP1"
    ) async -> PasswordChecker.Verdict {
        await withCheckedContinuation { continuation in
            checker.check(identity: identity, presented: presented, stored: stored) {
                continuation.resume(returning: $0)
            }
        }
    }

    @Test func `a made key is 40 digits of 20 bytes and never the same`() {
        let keys = Set((0..<100).map { _ in StoredPassword.generateKey() })
        #expect(keys.count == 100)
        #expect(keys.allSatisfy { $0.utf8.count == 40 && Hexadecimal.decode(Array($0.utf8))?.count == 20 })
    }

    @Test func `a made key is let in as text of either case and as the bytes behind it`() async {
        let checker = PasswordChecker(secret: Self.secret)
        let key = StoredPassword.generateKey()
        let stored = StoredPassword(key: key, under: Self.secret).text
        #expect(!stored.contains(key))
        for form in [Array(key.utf8), Array(key.uppercased().utf8), Hexadecimal.decode(Array(key.utf8)) ?? []] {
            #expect(await Self.verdict(checker, form, stored) == .right)
        }
        let other = StoredPassword.generateKey()
        for wrong in [Array(other.utf8), [], Array(key.utf8.dropLast()), Array((key + "00").utf8)] {
            #expect(await Self.verdict(checker, wrong, stored) == .wrong)
        }
    }

    @Test func `bytes that read like digits are let in, too`() async throws {
        let checker = PasswordChecker(secret: Self.secret)
        // 20 bytes that are themselves hexadecimal digits in ASCII.
        let bytes = Array("0123456789abcdef0123".utf8)
        let key = Hexadecimal.encode(bytes)
        #expect(await Self.verdict(checker, bytes, StoredPassword(key: key, under: Self.secret).text) == .right)
    }

    @Test func `digests of older databases still let in what they let in`() async {
        let checker = PasswordChecker(secret: Self.secret)
        // Made by an independent program: sha256("00ff" + "correct-horse").
        let stored = "sha256:00ff:" + Golden.salted
        #expect(await Self.verdict(checker, Array("correct-horse".utf8), stored) == .right)
        #expect(await Self.verdict(checker, Array("correct-horsf".utf8), stored) == .wrong)
    }

    @Test func `what a person made up is an Argon2id text that other programs read`() async throws {
        let stored = try StoredPassword(madeUp: "harbour gate 7", cost: Self.cheap).text
        #expect(stored.hasPrefix("$argon2id$v=19$m=64,t=1,p=1$"))
        let checker = PasswordChecker(secret: Self.secret)
        #expect(await Self.verdict(checker, Array("harbour gate 7".utf8), stored) == .right)
        #expect(await Self.verdict(checker, Array("harbour gate 8".utf8), stored) == .wrong)
        // RFC 9106 leaves the encoding open; this is the reference program's own output.
        #expect(await Self.verdict(checker, Array("password".utf8), Golden.argon2) == .right)
    }

    @Test func `a changed password is never let in by what is remembered`() async throws {
        let checker = PasswordChecker(secret: Self.secret)
        let old = try StoredPassword(madeUp: "old password", cost: Self.cheap).text
        let new = try StoredPassword(madeUp: "new password", cost: Self.cheap).text
        for _ in 0..<2 { #expect(await Self.verdict(checker, Array("old password".utf8), old) == .right) }
        #expect(await Self.verdict(checker, Array("old password".utf8), new) == .wrong)
        #expect(await Self.verdict(checker, Array("new password".utf8), new) == .right)
    }

    @Test func `too many checks at a time are turned away, and the others are answered`() async throws {
        var limits = PasswordChecker.Limits()
        limits.waiting = 4
        let checker = PasswordChecker(secret: Self.secret, limits: limits)
        let stored = try StoredPassword(madeUp: "slow one", cost: .standard).text
        let verdicts = await withTaskGroup(of: PasswordChecker.Verdict.self) { group in
            for number in 0..<40 {
                group.addTask {
                    await Self.verdict(checker, Array("guess \(number)".utf8), stored, identity: "CP\(number)")
                }
            }
            return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(verdicts.values.reduce(0, +) == 40)
        // One runs and four wait, whatever the machine's pace.
        #expect(verdicts[.wrong, default: 0] >= 4 && verdicts[.busy, default: 0] > 0)
    }

    @Test func `who guesses at one station does not crowd out another`() async throws {
        let checker = PasswordChecker(secret: Self.secret)
        let stored = try StoredPassword(madeUp: "slow one", cost: .standard).text
        async let guesses = withTaskGroup(of: PasswordChecker.Verdict.self) { group in
            for number in 0..<200 {
                group.addTask { await Self.verdict(checker, Array("guess \(number)".utf8), stored, identity: "EVIL") }
            }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(await Self.verdict(checker, Array("slow one".utf8), stored, identity: "GOOD") == .right)
        #expect(await guesses.isSubset(of: [.wrong, .busy]))
    }

    @Test(arguments: [
        "", "plain", "sha256:aa", "hmac-sha256:x:zz", "$argon2id$v=19$m=4000000,t=3,p=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2id$v=19$m=x$a$b",
    ])
    func `what nobody can be judged by lets nobody in and says so`(_ stored: String) async {
        let checker = PasswordChecker(secret: Self.secret)
        guard case .unusable(let fault) = await Self.verdict(checker, Array("x".utf8), stored) else {
            Issue.record("\(stored) was judged")
            return
        }
        #expect(fault.description.contains("anew"))
    }

    @Test func `a key digested under another secret is told apart from a wrong password`() async {
        let checker = PasswordChecker(secret: DigestSecret(bytes: .init(repeating: 7, count: 32)))
        let key = StoredPassword.generateKey()
        guard
            case .unusable = await Self.verdict(
                checker, Array(key.utf8), StoredPassword(key: key, under: Self.secret).text)
        else {
            Issue.record("judged under the wrong secret")
            return
        }
    }

    @Test func `the secret is made once, for its owner's eyes only`() throws {
        let folder = try Folder()
        let first = try DigestSecret.open(in: folder.path)
        #expect(try DigestSecret.open(in: folder.path).identifier == first.identifier)
        let file = folder.path + "/station-keys.secret"
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["station-keys.secret"])
        chmod(file, 0o640)
        #expect(throws: CredentialFault("\(file) may be read by others. Say: chmod 600 \(file)")) {
            try DigestSecret.open(in: folder.path)
        }
        chmod(file, 0o600)
        try Data("abc".utf8).write(to: URL(filePath: file))
        chmod(file, 0o600)
        #expect(throws: CredentialFault.self) { try DigestSecret.open(in: folder.path) }
    }
}

/// A folder of its own for one test.
final class Folder {
    let path: String
    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "credentials-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }
    func read(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }
}
