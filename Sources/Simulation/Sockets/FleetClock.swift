public import Quantities
import NIOCore

/// Domain time of a fleet: it was `start` at `anchor` and runs at `speed`. Driven by the monotonic clock.
///
/// Sockets do not use it: connecting, pings and the network's time-outs always take real time.
public struct FleetClock: Sendable {
    public let start: Instant
    /// Domain seconds a real second, above 0.
    public let speed: Double
    /// Nanoseconds of the monotonic clock.
    public let anchor: UInt64

    public init(start: Instant, speed: Double, anchor: UInt64 = NIODeadline.now().uptimeNanoseconds) {
        precondition(speed > 0, "time runs forwards")
        self.start = start
        self.speed = speed
        self.anchor = anchor
    }

    public var now: Instant {
        let elapsed = NIODeadline.now().uptimeNanoseconds
        let milliseconds = elapsed > anchor ? Double(elapsed - anchor) / 1e6 * speed : 0
        return Instant(milliseconds: start.milliseconds + Int64(milliseconds))
    }

    /// Real time until `instant`: rounded up, so that it has come when the time is over.
    func delay(until instant: Instant) -> TimeAmount {
        let milliseconds = Double(max(0, (instant - now).wholeMilliseconds))
        return .nanoseconds(Int64((milliseconds * 1e6 / speed).rounded(.up)))
    }
}
