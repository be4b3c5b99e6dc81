import Crypto
import Foundation
import Synchronization

/// Checks what stations present against what is kept, without ever holding up the caller: fast digests at once, Argon2
/// on threads of its own behind a bounded queue.
///
/// A right password is remembered, so that a storm of reconnects costs no Argon2. The memory's key is a digest of the
/// kept text *and* what was presented: after a change of password nothing remembered fits.
public final class PasswordChecker: Sendable {
    public enum Verdict: Hashable, Sendable {
        case right, wrong
        /// Too many checks wait: come back later.
        case busy
        /// Nobody can be let in by what is kept; the operator must set the password anew.
        case unusable(CredentialFault)
    }
    public struct Limits: Sendable {
        /// Checks that wait; a check takes some 10 ms, so the last of them waits half a second a thread.
        public var waiting = 64
        /// Checks of one identity that wait or run: who guesses at one station does not crowd out the others.
        public var waitingPerIdentity = 2
        /// Right passwords remembered; a further one takes the place of the oldest.
        public var remembered = 20_000
        public var threads = 1
        public init() {}
    }

    private let secret: DigestSecret
    private let limits: Limits
    private let memory: Mutex<Remembered>
    private let queue: CheckQueue

    public init(secret: DigestSecret, limits: Limits = Limits()) {
        self.secret = secret
        self.limits = limits
        memory = Mutex(Remembered(capacity: limits.remembered))
        queue = CheckQueue(limits: limits)
        for number in 0..<max(1, limits.threads) {
            let thread = Thread { [queue] in queue.work() }
            thread.name = "password-\(number)"
            thread.stackSize = 512 * 1024
            thread.start()
        }
    }
    deinit { queue.stop() }

    /// - Parameter reply: called once, at once or on a thread of the checker.
    public func check(
        identity: String, presented: [UInt8], stored text: String, reply: @escaping @Sendable (Verdict) -> Void
    ) {
        guard let stored = StoredPassword(text) else {
            return reply(.unusable(CredentialFault("the password kept for \(identity) is unreadable; set it anew")))
        }
        switch stored.fastVerdict(on: presented, secret: secret) {
        case .right: return reply(.right)
        case .wrong: return reply(.wrong)
        case .otherSecret:
            return reply(
                .unusable(
                    CredentialFault(
                        "the key of \(identity) was digested under another secret: restore station-keys.secret, "
                            + "or make a new key for the station")))
        case nil: break
        }
        let mark = secret.digest(of: Array(text.utf8) + [0] + presented)
        if memory.withLock({ $0.contains(mark) }) { return reply(.right) }
        let taken = queue.add(identity) { [weak self] in
            let verdict = Self.slowVerdict(presented, text)
            if verdict == .right { self?.memory.withLock { $0.insert(mark) } }
            reply(verdict)
        }
        if !taken { reply(.busy) }
    }

    /// The form in which to keep what a person made up, made on the checker's threads.
    /// - Throws: ``CredentialFault`` when too many checks wait.
    public func encode(madeUp password: String) async throws(CredentialFault) -> StoredPassword {
        let result: Result<StoredPassword, CredentialFault> = await withCheckedContinuation { continuation in
            let taken = queue.add("") {
                do throws(CredentialFault) {
                    continuation.resume(returning: .success(try StoredPassword(madeUp: password)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !taken { continuation.resume(returning: .failure(CredentialFault("too many passwords at a time"))) }
        }
        return try result.get()
    }

    private static func slowVerdict(_ presented: [UInt8], _ encoded: String) -> Verdict {
        do throws(CredentialFault) {
            for meaning in PasswordForm.meanings(of: presented) where try Argon2.verify(meaning, encoded: encoded) {
                return .right
            }
            return .wrong
        } catch {
            return .unusable(error)
        }
    }
}

/// The newest marks up to a number.
private struct Remembered: Sendable {
    let capacity: Int
    private var marks: Set<[UInt8]> = []
    private var ring: [[UInt8]] = []
    private var oldest = 0

    init(capacity: Int) { self.capacity = capacity }
    func contains(_ mark: [UInt8]) -> Bool { marks.contains(mark) }

    mutating func insert(_ mark: [UInt8]) {
        guard capacity > 0, marks.insert(mark).inserted else { return }
        guard ring.count == capacity else { return ring.append(mark) }
        marks.remove(ring[oldest])
        ring[oldest] = mark
        oldest = (oldest + 1) % capacity
    }
}

/// Jobs for the checker's threads.
private final class CheckQueue: @unchecked Sendable {  // everything is guarded by the condition
    private let limits: PasswordChecker.Limits
    private let condition = NSCondition()
    private var jobs: [(identity: String, run: @Sendable () -> Void)] = []
    private var busy: [String: Int] = [:]
    private var isStopping = false

    init(limits: PasswordChecker.Limits) { self.limits = limits }

    /// - Returns: `false` when there is no room.
    func add(_ identity: String, _ run: @escaping @Sendable () -> Void) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard jobs.count < limits.waiting, busy[identity, default: 0] < limits.waitingPerIdentity else {
            return false
        }
        busy[identity, default: 0] += 1
        jobs.append((identity, run))
        condition.signal()
        return true
    }

    func work() {
        while let job = next() {
            job.run()
            condition.lock()
            if let count = busy[job.identity] { busy[job.identity] = count > 1 ? count - 1 : nil }
            condition.unlock()
        }
    }

    private func next() -> (identity: String, run: @Sendable () -> Void)? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty {
            if isStopping { return nil }
            condition.wait()
        }
        return jobs.removeFirst()
    }

    func stop() {
        condition.lock()
        isStopping = true
        condition.broadcast()
        condition.unlock()
    }
}
