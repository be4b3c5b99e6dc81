import Operations
import Synchronization

/// Hands live events to everyone who watches. A watcher that reads slowly loses the oldest events, nobody waits for it.
final class EventHub: Sendable {
    private struct State {
        var next: UInt64 = 0
        var watchers: [UInt64: AsyncStream<LiveEvent>.Continuation] = [:]
    }
    private let state = Mutex(State())
    /// Events that a watcher may lag behind before it loses the oldest.
    private static let backlog = 256

    func publish(_ event: LiveEvent) {
        let watchers = state.withLock { $0.watchers.values.map { $0 } }
        for watcher in watchers { watcher.yield(event) }
    }

    func watch() -> AsyncStream<LiveEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: LiveEvent.self, bufferingPolicy: .bufferingNewest(Self.backlog))
        let id = state.withLock { state in
            state.next += 1
            state.watchers[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }

    func finish() {
        let watchers = state.withLock { state in
            defer { state.watchers = [:] }
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.finish() }
    }

    var watcherCount: Int { state.withLock { $0.watchers.count } }
}
