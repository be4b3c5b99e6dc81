import Foundation
import Synchronization

/// Ctrl-C on long work: the first asks it to end with what it has, the second ends the program at once.
enum Interruption {
    /// Lock-free, which a signal handler needs.
    private static let asked = Atomic<Bool>(false)

    /// From now on Ctrl-C asks.
    static func listen() {
        // Made before the first signal: a handler must not be the first to touch it.
        asked.store(false, ordering: .relaxed)
        signal(SIGINT) { _ in
            Interruption.asked.store(true, ordering: .relaxed)
            signal(SIGINT, SIG_DFL)
        }
    }
    static var isAsked: Bool { asked.load(ordering: .relaxed) }
}
