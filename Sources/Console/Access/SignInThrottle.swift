/// Slows down guessing: after five wrong passwords for one name from one address, each further one costs a doubling wait.
struct SignInThrottle: Sendable {
    private struct Entry {
        var failures: Int
        var last: ContinuousClock.Instant
    }
    private var entries: [String: Entry] = [:]
    private static let free = 5
    private static let forgotten = Duration.seconds(900)
    /// Bound on what strangers can make us remember.
    private static let most = 10_000

    func secondsToWait(_ key: String, at now: ContinuousClock.Instant) -> Int {
        guard let entry = entries[key], entry.failures >= Self.free else { return 0 }
        let penalty = Duration.seconds(min(900, 1 << min(entry.failures - Self.free + 2, 10)))
        let left = entry.last + penalty - now
        return left > .zero ? Int(left.components.seconds) + 1 : 0
    }

    mutating func note(_ key: String, success: Bool, at now: ContinuousClock.Instant) {
        if success {
            entries[key] = nil
            return
        }
        if entries.count >= Self.most {
            entries = entries.filter { now - $0.value.last < Self.forgotten }
            if entries.count >= Self.most, let oldest = entries.min(by: { $0.value.last < $1.value.last }) {
                entries[oldest.key] = nil
            }
        }
        var entry = entries[key] ?? Entry(failures: 0, last: now)
        if now - entry.last > Self.forgotten { entry.failures = 0 }
        entry.failures += 1
        entry.last = now
        entries[key] = entry
    }
}
