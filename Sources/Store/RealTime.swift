import Foundation
import Quantities

/// The machine's clock: for expiry of sessions and tokens and for who holds a lock; never for domain time.
enum RealTime {
    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
