public import Quantities

/// Notices that the machine's clock was set: it then moves otherwise than the clock that only counts.
public struct ClockWatch: Sendable {
    public enum Event: Hashable, Sendable {
        /// The clock is so much ahead of where it would be; negative: behind.
        case moved(Duration)
        /// It has run evenly for ``quiet`` since.
        case settled
    }
    /// Time synchronisation shifts by less, and a busy machine between two looks is no set clock.
    public static let tolerated: Duration = .seconds(5)
    public static let quiet: Duration = .seconds(3600)

    private var last: (clock: Instant, counter: UInt64)?
    /// Counter at the last move, until it is settled.
    private var movedAt: UInt64?

    public init() {}

    /// Called at least every few seconds.
    /// - Parameter counter: monotonic nanoseconds.
    public mutating func look(_ clock: Instant, counter: UInt64) -> Event? {
        defer { last = (clock, counter) }
        guard let last, counter >= last.counter else { return nil }
        let passed = Duration.nanoseconds(Int64(clamping: counter - last.counter))
        let move = (clock - last.clock) - passed
        if move > Self.tolerated || move < .zero - Self.tolerated {
            movedAt = counter
            return .moved(move)
        }
        guard let moved = movedAt, Duration.nanoseconds(Int64(clamping: counter - moved)) >= Self.quiet else {
            return nil
        }
        movedAt = nil
        return .settled
    }
}
