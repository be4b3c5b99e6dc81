public import Quantities

/// A residential community for the demo: whole recorded weeks of private stays folded onto private piles.
///
/// A driver is one recorded user in one recorded week and the weeks after it; each driver owns one pile. A recorded
/// stay keeps its weekday, its wall-clock times and its energy. So the community shows many recorded weeks at once,
/// which is what makes a small recorded cooperative look like a community of 120 piles.
public struct Community: Sendable {
    public struct Driver: Hashable, Sendable {
        /// `AdO3-4·2019-11-04`: the recorded user and the Monday its weeks begin with.
        public let name: String
        public let stays: [Stay]
    }
    public struct Stay: Hashable, Sendable {
        public let arrival: Instant
        public let departure: Instant
        public let energy: Energy
        public var duration: Duration { departure - arrival }
    }

    /// One driver a pile, in pile order.
    public let drivers: [Driver]
    /// Recorded stays left out because they overlap another stay of the same driver.
    public let overlapping: Int

    /// - Parameters:
    ///   - interval: what is folded: stays that begin in it. Its zone gives the weekday and the wall clock.
    ///   - firstMonday: the Monday onto which a driver's first recorded week falls.
    ///   - leastStays: a driver's first recorded week has at least this many stays (a private pile in daily use).
    public static func fold(
        _ recorded: RecordedStays, piles: Int, firstMonday: CivilDay, interval: Interval, zone: Zone,
        leastStays: Int = 5, seed: UInt64
    ) -> Community {
        let week = 7 * 1440
        // Minute 0 of the epoch was a Thursday: shift so that weeks begin on Monday 00:00.
        func weekIndex(_ minute: Int) -> Int { (minute + 3 * 1440) / week }
        func monday(_ index: Int) -> Int { index * week - 3 * 1440 }

        var byUser: [String: [RecordedStay]] = [:]
        var perWeek: [String: [Int: Int]] = [:]
        for stay in recorded.stays {
            byUser[stay.user, default: []].append(stay)
            perWeek[stay.user, default: [:]][weekIndex(stay.pluggedIn), default: 0] += 1
        }
        var candidates: [(user: String, week: Int)] = []
        for user in perWeek.keys.sorted() {
            for (index, count) in perWeek[user, default: [:]].sorted(by: { $0.key < $1.key }) where count >= leastStays
            {
                candidates.append((user, index))
            }
        }
        var random = SeededRandom(seed: seed)
        candidates.shuffle(using: &random)

        var drivers: [Driver] = []
        var overlapping = 0
        for (user, first) in candidates.prefix(piles) {
            let base = monday(first)
            var stays: [Stay] = []
            for stay in byUser[user, default: []].sorted(by: { $0.pluggedIn < $1.pluggedIn }) {
                let arrival = place(stay.pluggedIn - base, after: firstMonday, zone)
                guard interval.contains(arrival) else { continue }
                if let last = stays.last, arrival < last.departure + .minutes(5) {
                    overlapping += 1
                    continue
                }
                stays.append(
                    Stay(
                        arrival: arrival, departure: place(stay.pluggedOut - base, after: firstMonday, zone),
                        energy: stay.energy))
            }
            let (year, month, day) = CivilDay(daysSince1970: Int32(base / 1440)).yearMonthDay
            drivers.append(Driver(name: "\(user)·\(year)-\(twoDigits(month))-\(twoDigits(day))", stays: stays))
        }
        return Community(drivers: drivers, overlapping: overlapping)
    }

    private static func place(_ minutes: Int, after monday: CivilDay, _ zone: Zone) -> Instant {
        let day = minutes >= 0 ? minutes / 1440 : (minutes - 1439) / 1440
        return zone.instant(of: monday.adding(days: day), minute: minutes - day * 1440)
    }
}

private func twoDigits(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
