import Quantities

/// What the central system last said of tokens (1.6 §3.5.1, 2.x C10 to C12), good or bad. It outlives reboots and is no
/// better than its answers: the local list comes before it.
struct AuthorizationCache: Sendable {
    private struct Entry {
        let standing: StationHoldings.Listed
        /// By the station's clock.
        var usedAt: Instant
    }
    /// By the token in small letters.
    private var entries: [String: Entry] = [:]

    static let most = 50
    /// Of an entry beside its texts.
    private static let overhead = 24
    /// Token and group at their longest.
    static let mostBytes = most * (36 + 36 + overhead)

    var count: Int { entries.count }

    /// A full cache lets go of refused tokens first, then of what was longest not used (C10.FR.07).
    mutating func take(_ token: String, _ standing: StationHoldings.Listed, at clock: Instant) {
        let key = token.lowercased()
        if entries[key] == nil, entries.count >= Self.most {
            let least = entries.min { a, b in
                a.value.standing.isAccepted == b.value.standing.isAccepted
                    ? (a.value.usedAt, a.key) < (b.value.usedAt, b.key) : !a.value.standing.isAccepted
            }
            if let least { entries[least.key] = nil }
        }
        entries[key] = Entry(standing: standing, usedAt: clock)
    }

    /// What is known of a token that is presented now; what has expired is forgotten (C10.FR.10).
    /// - Parameter lifetime: since the last use, for what has no date of its own (C10.FR.08); `nil`: for ever.
    mutating func standing(of token: String, at clock: Instant, lifetime: Duration?) -> StationHoldings.Listed? {
        let key = token.lowercased()
        guard var entry = entries[key] else { return nil }
        guard Self.holds(entry, at: clock, lifetime) else {
            entries[key] = nil
            return nil
        }
        entry.usedAt = clock
        entries[key] = entry
        return entry.standing
    }

    mutating func clear() { entries.removeAll() }

    func bytes(at clock: Instant, lifetime: Duration?) -> Int {
        entries.reduce(0) { sum, item in
            guard Self.holds(item.value, at: clock, lifetime) else { return sum }
            return sum + item.key.utf8.count + (item.value.standing.group?.utf8.count ?? 0) + Self.overhead
        }
    }

    private static func holds(_ entry: Entry, at clock: Instant, _ lifetime: Duration?) -> Bool {
        if let end = entry.standing.expiresAt { return clock < end }
        return lifetime.map { clock < entry.usedAt + $0 } ?? true
    }
}
