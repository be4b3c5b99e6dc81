public import Assets
public import Operations
public import Quantities
public import Rulebook

/// What really happened at a community in a period of whole civil days, slot by slot: known to the one who made the
/// scenario, not to the platform.
public struct CommunityFacts: Sendable {
    public struct Stay: Hashable, Sendable {
        public let arrival: Instant
        public let departure: Instant
        /// What the vehicle wanted (recorded energy).
        public let wanted: Energy
        /// Hardware rating of pile and vehicle.
        public let most: Power
        public init(arrival: Instant, departure: Instant, wanted: Energy, most: Power) {
            self.arrival = arrival
            self.departure = departure
            self.wanted = wanted
            self.most = most
        }
    }

    public let site: SiteID
    public let zone: Zone
    public let limit: Power
    /// Price and level of each slot; its start, step and count are those of every list below.
    public let prices: Series<SlotPrice>
    /// Mean household load of each slot.
    public let base: [Power]
    public let stays: [Stay]
    /// Energy into the vehicles by slot: as metered, as the issued setpoints asked, as the plans in force said.
    public let measured: [Energy]
    public let issued: [Energy]
    public let planned: [Energy]

    public init(
        site: SiteID, zone: Zone, limit: Power, prices: Series<SlotPrice>, base: [Power], stays: [Stay],
        measured: [Energy], issued: [Energy], planned: [Energy]
    ) {
        let count = prices.values.count
        precondition(
            [base.count, measured.count, issued.count, planned.count].allSatisfy { $0 == count }, "one value a slot")
        self.site = site
        self.zone = zone
        self.limit = limit
        self.prices = prices
        self.base = base
        self.stays = stays
        self.measured = measured
        self.issued = issued
        self.planned = planned
    }

    /// Energy the node leaves for charging in each slot; negative where the households alone are above the limit.
    public var room: [Energy] { base.map { (limit - $0).energy(over: prices.step) } }

    /// First slot of a stay and the most energy of each of its slots.
    func reach(of stay: Stay) -> (first: Int, most: [Energy])? {
        guard let within = Interval(stay.arrival, stay.departure).intersection(prices.interval) else { return nil }
        let first = prices.index(at: within.start) ?? 0
        var most: [Energy] = []
        var slot = first
        while slot < prices.values.count, let part = prices.interval(at: slot).intersection(within) {
            most.append(stay.most.energy(over: part.duration))
            slot += 1
        }
        return (first, most)
    }

    /// Full power from arrival until the wish is met: energy by slot.
    public var uncontrolled: [Energy] {
        var slots = Array(repeating: Energy.zero, count: prices.values.count)
        for stay in stays {
            guard let (first, most) = reach(of: stay) else { continue }
            var left = stay.wanted
            for (k, energy) in most.enumerated() where left > .zero {
                let taken = min(left, energy)
                slots[first + k] += taken
                left -= taken
            }
        }
        return slots
    }

    public var physicalMaximum: PhysicalMaximum {
        PhysicalMaximum(
            stays: stays.compactMap { stay in
                reach(of: stay).map { PhysicalMaximum.Stay(wanted: stay.wanted, first: $0.first, most: $0.most) }
            },
            room: room,
            isChosen: prices.values.map { $0.valleyShare > Rational(1, 2) })
    }
}

/// The judgement of a period, day by day and in all (ADR 4).
public struct Verdict: Sendable {
    public let days: [DayReport]
    public let whole: DayReport

    /// - Parameter foresight: energy by slot of the cheapest schedule on true facts, as the planner finds it.
    /// - Precondition: every slot has a known price.
    public init(_ facts: CommunityFacts, foresight: [Energy]) {
        let uncontrolled = facts.uncontrolled
        let maximum = facts.physicalMaximum
        let series = facts.prices
        var ranges: [(CivilDay, Range<Int>)] = []
        for slot in series.values.indices {
            let day = facts.zone.civilDay(at: series.interval(at: slot).start)
            if ranges.last?.0 == day {
                ranges[ranges.count - 1].1 = ranges[ranges.count - 1].1.lowerBound..<(slot + 1)
            } else {
                ranges.append((day, slot..<(slot + 1)))
            }
        }
        func report(_ day: CivilDay, _ range: Range<Int>) -> DayReport {
            let paid = Self.meanPrice(facts.measured, range, series)
            let asked = Self.meanPrice(facts.issued, range, series)
            let intended = Self.meanPrice(facts.planned, range, series)
            let ideal = Self.meanPrice(foresight, range, series)
            let energy = Rational(Self.sum(facts.measured, range))
            func part(_ a: Rational?, _ b: Rational?) -> String {
                guard let a, let b else { return "0.00" }
                return ((a - b) * energy).text(decimals: 2)
            }
            return DayReport(
                site: facts.site, day: day, limit: facts.limit,
                orderly: Self.side(facts.measured, range, facts), uncontrolled: Self.side(uncontrolled, range, facts),
                deliverable: Self.sum(maximum.perSlot, range),
                foresightCostYuan: Self.cost(foresight, range, series).text(decimals: 2),
                valleyShareMaximum: Self.valleyShare(maximum.perSlot, range, series),
                regretForecastYuan: part(intended, ideal), regretRoundingYuan: part(asked, intended),
                regretNotFollowedYuan: part(paid, asked))
        }
        self.days = ranges.map { report($0.0, $0.1) }
        self.whole = report(ranges.first?.0 ?? CivilDay(daysSince1970: 0), 0..<series.values.count)
    }

    private static func sum(_ energies: [Energy], _ range: Range<Int>) -> Energy { energies[range].reduce(.zero, +) }

    private static func cost(_ energies: [Energy], _ range: Range<Int>, _ series: Series<SlotPrice>) -> Rational {
        range.reduce(Rational.zero) { $0 + (series.values[$1].price ?? .zero) * Rational(energies[$1]) }
    }

    private static func meanPrice(_ energies: [Energy], _ range: Range<Int>, _ series: Series<SlotPrice>) -> Rational? {
        let total = sum(energies, range)
        return total > .zero ? cost(energies, range, series) / Rational(total) : nil
    }

    private static func valleyShare(_ energies: [Energy], _ range: Range<Int>, _ series: Series<SlotPrice>) -> Double? {
        let total = sum(energies, range)
        guard total > .zero else { return nil }
        let valley = range.reduce(Rational.zero) { $0 + series.values[$1].valleyShare * Rational(energies[$1]) }
        return (valley / Rational(total)).approximate
    }

    private static func side(_ energies: [Energy], _ range: Range<Int>, _ facts: CommunityFacts) -> DayReport.Side {
        let loads = range.map { facts.base[$0] + energies[$0].meanPower(over: facts.prices.step) }
        return DayReport.Side(
            energy: sum(energies, range), costYuan: cost(energies, range, facts.prices).text(decimals: 2),
            peak: loads.max() ?? .zero, slotsAboveLimit: loads.count { $0 > facts.limit },
            valleyShare: valleyShare(energies, range, facts.prices))
    }
}
