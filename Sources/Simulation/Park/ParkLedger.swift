public import Quantities

/// What piles and vans of the park really did, from looks at their own meters and batteries: known to the one who simulates
/// them, not to the platform. Bounded by the scenario's stays and days.
public struct ParkLedger: Sendable {
    /// Of a span of time.
    public struct Observed: Hashable, Sendable {
        /// By the piles' own registers.
        public var imported = Energy.zero
        public var exported = Energy.zero
        /// Stays in which a van was below its minimum (or below what it came with, where that was less).
        public var floorsBroken = 0
        /// By how much the lowest van was above that; below zero: broken. `nil`: no van was seen.
        public var leastAboveFloor: Energy?
        public var departures = 0
        /// Departures with less than was wanted, by more than a hundredth of the battery.
        public var missedTargets = 0
        public var following = Following()
        /// Between two looks at the piles, on average: nothing shorter can be told apart. `nil`: nobody looked.
        public var lookEvery: Duration?
    }

    /// How piles followed new setpoints. Only changes count that a meter can tell from what flowed before.
    public struct Following: Hashable, Sendable {
        public var changes = 0
        /// Within ``ParkLedger/followWithin`` of the moment in which the pile took the setpoint.
        public var followed = 0
        /// Replaced by another one, or its van left, before its time was over.
        public var superseded = 0
        /// Not in time.
        public var gaps = 0
        /// Of the gaps: the van's battery management took or gave less, being nearly full or empty.
        public var limitedByBattery = 0
        /// Of the gaps: those of which the platform said so within ``ParkLedger/reportWithin``.
        public var reported = 0

        /// `nil`: nothing was there to be followed.
        public var share: Rational? {
            followed + gaps > 0 ? Rational(.init(Int64(followed)), .init(Int64(followed + gaps))) : nil
        }

        static func + (a: Self, b: Self) -> Self {
            var sum = a
            sum.changes += b.changes
            sum.followed += b.followed
            sum.superseded += b.superseded
            sum.gaps += b.gaps
            sum.limitedByBattery += b.limitedByBattery
            sum.reported += b.reported
            return sum
        }
    }

    public static let followWithin = Duration.seconds(5)
    /// As the dispatcher's: a shortfall is told after samples have shown it.
    public static let reportWithin = Duration.minutes(2)
    /// Of measured power, as a share of a pile's rating in per cent: as the dispatcher's.
    private static let tolerancePerCent: Int64 = 3

    private struct Pile {
        var seen: (glimpse: StationFleet.Glimpse, at: Instant)?
        /// A setpoint that is not reached yet, and the last look at which it was not there.
        var told: (power: Power, since: Instant)?
        /// A gap that the platform has not told yet.
        var gap: (day: Int, at: Instant)?
    }

    private let scenario: ParkScenario
    private let index: [String: Int]
    /// Indices of its stays by pile, in order of arrival.
    private let order: [[Int]]
    private var piles: [Pile]
    private var taken: [Energy]
    private var given: [Energy]
    private var following: [Following]
    private var looks: [Int]
    /// By stay.
    private var state: [Int?]
    private var above: [Energy?]

    public init(_ scenario: ParkScenario) {
        self.scenario = scenario
        index = Dictionary(uniqueKeysWithValues: (0..<scenario.piles).map { (ParkScenario.identity($0), $0) })
        order = (0..<scenario.piles).map { pile in scenario.stays.indices.filter { scenario.stays[$0].pile == pile } }
        piles = Array(repeating: Pile(), count: scenario.piles)
        let slots = scenario.slots(scenario.interval.start..<scenario.interval.end).count
        taken = Array(repeating: .zero, count: slots)
        given = Array(repeating: .zero, count: slots)
        following = Array(repeating: Following(), count: scenario.days)
        looks = Array(repeating: 0, count: scenario.days)
        state = Array(repeating: nil, count: scenario.stays.count)
        above = state.map { _ in nil }
    }

    // MARK: - Looking

    /// - Parameter glimpses: of all piles at `now`, which is later than before.
    public mutating func look(_ glimpses: [StationFleet.Glimpse], at now: Instant) {
        if let day = day(of: now) { looks[day] += 1 }
        for glimpse in glimpses {
            guard let pile = index[glimpse.identity] else { continue }
            if let before = piles[pile].seen {
                guard now > before.at else { continue }
                spread(glimpse.imported - before.glimpse.imported, from: before.at, to: now, into: \.taken)
                spread(glimpse.exported - before.glimpse.exported, from: before.at, to: now, into: \.given)
                judge(pile, glimpse, before: before.glimpse, since: before.at, at: now)
            }
            watchBattery(pile, glimpse, at: now)
            piles[pile].seen = (glimpse, now)
        }
    }

    /// The platform says that a pile does less than it was told.
    public mutating func told(shortfallOf identity: String, at now: Instant) {
        guard let pile = index[identity], let gap = piles[pile].gap else { return }
        if now - gap.at <= Self.reportWithin { following[gap.day].reported += 1 }
        piles[pile].gap = nil
    }

    /// Energy between two looks, to the quarter hours that they span.
    private mutating func spread(
        _ energy: Energy, from: Instant, to: Instant, into list: WritableKeyPath<Self, [Energy]>
    ) {
        guard energy > .zero, let within = Interval(from, to).intersection(scenario.interval) else { return }
        let whole = Interval(from, to).duration.wholeMilliseconds
        var left = energy
        let slots = scenario.slots(within.start..<within.end)
        for slot in slots.lowerBound...slots.upperBound where self[keyPath: list].indices.contains(slot) {
            let start = scenario.interval.start + ParkScenario.step * slot
            guard let part = Interval(start, start + ParkScenario.step).intersection(within) else { continue }
            let share =
                part.end == to
                ? left
                : Energy(milliwattHours: energy.milliwattHours * part.duration.wholeMilliseconds / whole)
            self[keyPath: list][slot] += share
            left -= share
        }
    }

    private mutating func judge(
        _ pile: Int, _ glimpse: StationFleet.Glimpse, before: StationFleet.Glimpse, since: Instant, at now: Instant
    ) {
        guard let day = day(of: now) else { return }
        let tolerance = Power(watts: scenario.pilePower.watts * Self.tolerancePerCent / 100)
        func isReached(_ power: Power) -> Bool {
            glimpse.power <= power + tolerance && glimpse.power >= power - tolerance
        }
        if glimpse.setpoint != before.setpoint {
            if piles[pile].told != nil { following[day].superseded += 1 }
            piles[pile].told = nil
            if let power = glimpse.setpoint, before.power > power + tolerance || before.power < power - tolerance {
                following[day].changes += 1
                piles[pile].told = (power, since)
            }
        }
        guard let told = piles[pile].told else { return }
        if glimpse.statePermille == nil {
            following[day].superseded += 1
            piles[pile].told = nil
        } else if isReached(told.power), now - told.since <= Self.followWithin + (now - since) {
            // Seen a look too late at most: it may have been there all the time since the look before.
            following[day].followed += 1
            piles[pile].told = nil
        } else if now - told.since > Self.followWithin + (now - since) {
            following[day].gaps += 1
            if isTapering(glimpse.statePermille, told.power) { following[day].limitedByBattery += 1 }
            piles[pile].gap = (day, now)
            piles[pile].told = nil
        }
    }

    /// Where battery managements begin to take and to give less.
    private func isTapering(_ permille: Int?, _ power: Power) -> Bool {
        guard let permille else { return false }
        return power > .zero ? permille >= 890 : permille <= 110
    }

    private mutating func watchBattery(_ pile: Int, _ glimpse: StationFleet.Glimpse, at now: Instant) {
        guard let permille = glimpse.statePermille,
            let stay = order[pile].last(where: { scenario.stays[$0].arrival <= now })
        else { return }
        state[stay] = permille
        let floor = min(scenario.stays[stay].minimum, scenario.stays[stay].stored)
        let margin = stored(permille) - floor
        above[stay] = min(above[stay] ?? margin, margin)
    }

    private func stored(_ permille: Int) -> Energy {
        Energy(milliwattHours: scenario.capacity.milliwattHours / 1000 * Int64(permille))
    }

    private func day(of instant: Instant) -> Int? {
        guard scenario.interval.contains(instant) else { return nil }
        return min(
            scenario.days - 1,
            Int(scenario.zone.civilDay(at: instant).daysSince1970 - scenario.firstDay.daysSince1970))
    }

    // MARK: - What came of it

    /// - Parameter interval: of whole civil days.
    public func observed(in interval: Interval) -> Observed {
        var observed = Observed()
        let slots = scenario.slots(interval.start..<interval.end).clamped(to: taken.indices)
        observed.imported = taken[slots].reduce(.zero, +)
        observed.exported = given[slots].reduce(.zero, +)
        var count = 0
        for (number, one) in following.enumerated() {
            let day = scenario.zone.midnight(of: scenario.firstDay.adding(days: number))
            guard interval.contains(day) else { continue }
            observed.following = observed.following + one
            count += looks[number]
        }
        if count > 0 {
            observed.lookEvery = .milliseconds(interval.duration.wholeMilliseconds / Int64(count))
        }
        for (index, stay) in scenario.stays.enumerated() {
            guard Interval(stay.arrival, stay.departure).intersection(interval) != nil else { continue }
            if let margin = above[index] {
                observed.leastAboveFloor = min(observed.leastAboveFloor ?? margin, margin)
                // State of charge is told in thousandths.
                if margin < -stored(1) { observed.floorsBroken += 1 }
            }
            guard leaves(stay, in: interval) else { continue }
            observed.departures += 1
            if missing(index) > stored(10) { observed.missedTargets += 1 }
        }
        return observed
    }

    /// What vans missed that left in `interval`, in their batteries.
    public func missed(in interval: Interval) -> Energy {
        scenario.stays.indices.filter { leaves(scenario.stays[$0], in: interval) }.reduce(.zero) { $0 + missing($1) }
    }

    private func leaves(_ stay: ParkScenario.Stay, in interval: Interval) -> Bool {
        interval.start < stay.departure && stay.departure <= interval.end
    }

    /// A van that nobody has seen got nothing.
    private func missing(_ stay: Int) -> Energy {
        let one = scenario.stays[stay]
        return max(.zero, one.target - (state[stay].map(stored) ?? one.stored))
    }

    /// Mean power of all piles by quarter hour of `interval`; below zero: given back.
    public func powers(in interval: Interval) -> [Power] {
        scenario.slots(interval.start..<interval.end).map { slot in
            guard taken.indices.contains(slot) else { return .zero }
            return (taken[slot] - given[slot]).meanPower(over: ParkScenario.step)
        }
    }
}
