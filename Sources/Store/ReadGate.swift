import Foundation

/// Lets reads through until the store closes. GRDB must not close its connections under a read that is about to take one:
/// it would use a connection that is none any more, and the process would die of it.
final class ReadGate: @unchecked Sendable {
    // Unchecked: a condition has to be waited for, which no mutex of the language can; every use of what follows is under it.
    private let monitor = NSCondition()
    private var inside = 0
    private var isClosed = false

    /// - Returns: `false`: it is closed, do not read. Otherwise ``leave()`` must follow.
    func enter() -> Bool {
        monitor.withLock {
            if !isClosed { inside += 1 }
            return !isClosed
        }
    }

    func leave() {
        monitor.withLock {
            inside -= 1
            monitor.broadcast()
        }
    }

    /// Lets nobody in any more and waits for those inside.
    /// - Returns: `false`: some were still reading after `patience`.
    func close(patience: Duration = .seconds(5)) -> Bool {
        let end = Date(timeIntervalSinceNow: patience / .seconds(1))
        return monitor.withLock {
            isClosed = true
            while inside > 0, monitor.wait(until: end) {}
            return inside == 0
        }
    }
}
