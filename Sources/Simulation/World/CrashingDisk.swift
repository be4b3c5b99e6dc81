import Operations

/// A disk with the manners of one: what was appended lasts only from its commit on, in order; a crash loses the rest.
struct CrashingDisk {
    /// One append that does not last yet, and what waits for it.
    private struct Pending {
        let number: UInt64
        let changes: [Change]
        let waiting: [Effect]
    }

    private(set) var journal = MemoryJournal()
    private var pending: [Pending] = []
    private var appended: UInt64 = 0

    mutating func append(_ changes: [Change], waiting: [Effect]) -> UInt64 {
        appended += 1
        pending.append(Pending(number: appended, changes: changes, waiting: waiting))
        return appended
    }

    /// Everything up to `number` lasts; gives what waited for it, in order.
    mutating func commit(upTo number: UInt64) -> [Effect] {
        var released: [Effect] = []
        while let first = pending.first, first.number <= number {
            journal.write(first.changes)
            released += first.waiting
            pending.removeFirst()
        }
        return released
    }

    mutating func crash() { pending = [] }
}
