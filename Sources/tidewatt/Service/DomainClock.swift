import Foundation
import Quantities
import Simulation

/// Domain time: the real clock, or a virtual one that started somewhere and runs at a speed (the demo).
///
/// Driven by the monotonic clock, so a step of the machine's clock never moves virtual time. Transport timers do not
/// use it: they always run on real time.
struct DomainClock: Sendable {
    enum Kind: Sendable {
        case real
        case virtual(start: Instant, speed: Double, anchor: UInt64)
    }
    let kind: Kind

    static let real = DomainClock(kind: .real)
    /// - Parameter speed: virtual seconds a real second, at least 1.
    static func virtual(start: Instant, speed: Double) -> DomainClock {
        DomainClock(kind: .virtual(start: start, speed: max(1, speed), anchor: monotonicNanoseconds()))
    }

    var now: Instant {
        switch kind {
        case .real: return Instant(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
        case .virtual(let start, let speed, let anchor):
            let elapsed = Double(Self.monotonicNanoseconds() - anchor) / 1_000_000
            return Instant(milliseconds: start.milliseconds + Int64(elapsed * speed))
        }
    }

    var speed: Double {
        if case .virtual(_, let speed, _) = kind { return speed }
        return 1
    }

    /// The same clock for simulated stations: their timestamps and ours must agree to the millisecond at any speed.
    var forFleet: FleetClock {
        if case .virtual(let start, let speed, let anchor) = kind {
            return FleetClock(start: start, speed: speed, anchor: anchor)
        }
        return FleetClock(start: now, speed: 1)
    }

    /// Real time until `instant`, zero when it has passed.
    func realDelay(until instant: Instant) -> Duration {
        let domain = instant - now
        guard domain > .zero else { return .zero }
        return .milliseconds(Int64((Double(domain.wholeMilliseconds) / speed).rounded(.up)))
    }

    static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
