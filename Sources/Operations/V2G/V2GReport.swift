public import Assets
public import Charging
public import Quantities

/// What the vehicles of a site took and gave back in a period, with what it earned, wore and cost, session by session.
///
/// Energy comes from the import and the export register of each session, in quarter hours; the two are never netted before
/// they are priced. Money is exact; `nil` where a price is not known.
public struct V2GReport: Sendable {
    /// One session's part of the period.
    public struct Line: Hashable, Sendable {
        public let session: Session.ID
        public let evse: EVSEID
        public let startedAt: Instant
        public let endedAt: Instant?
        public let charged: Energy
        /// A positive magnitude.
        public let discharged: Energy
        public let inValley: Energy
        /// Yuan.
        public let importCost: Rational?
        public let earned: Rational?
        public let wear: Rational?
        /// Metres.
        public let virtualDistance: Int64?
        /// Quarter hours that lie in a gap between readings.
        public let estimatedSlots: Int
        /// As the whole session showed it; `nil`: too little went both ways.
        public let roundTrip: RoundTrip?
    }
    public let site: SiteID
    public let interval: Interval
    /// In order of their starts.
    public let lines: [Line]
    /// More sessions touch the period than are looked at: all sums are too low.
    public let isCut: Bool
    /// What the wear is reckoned with; `nil`: nobody stated it.
    public let battery: BatteryTerms?
    /// Whether the import tariff has valley hours in the period.
    public let hasValley: Bool
    public let power: DischargePower
    public let year: Year

    /// Rated power of what can give back.
    public struct DischargePower: Hashable, Sendable {
        /// Σ of the ratings that were stated; `nil`: none was.
        public let rated: Power?
        public let evses: Int
        /// Stations of which nobody said whether they can.
        public let unstated: Int
        /// Highest mean of a quarter hour that was given back in the period.
        public let measuredPeak: Power
    }
    /// Discharged since the year of the period's end began.
    public struct Year: Hashable, Sendable {
        public let year: Int
        public let discharged: Energy
        public let sessions: Int
        /// Nothing can be added to it any more.
        public let isOver: Bool
    }

    public var charged: Energy { lines.reduce(.zero) { $0 + $1.charged } }
    public var discharged: Energy { lines.reduce(.zero) { $0 + $1.discharged } }
    public var throughput: Energy { charged + discharged }

    /// Energy that was charged to be given back: what was given back, with its losses on both ways where the round trip is
    /// stated. Never more than was charged here: a vehicle may bring energy from elsewhere.
    public var cycled: Energy {
        min(charged, battery?.taken(toGive: discharged) ?? discharged)
    }
    /// What its sessions showed; `nil`: none showed anything.
    public var measuredRoundTrip: (value: RoundTrip, sessions: Int)? {
        let all = lines.compactMap(\.roundTrip)
        return RoundTrip(medianOf: all).map { ($0, all.count) }
    }
    public var lossesAreKnown: Bool { battery?.roundTripPerMille != nil }

    /// Valley share of all that was charged; `nil` without valley hours or energy.
    public var valleyShareGross: Rational? { share(inValley, charged) }
    /// Valley share of what stayed with the vehicles. What was cycled is taken out of the valley hours first: that is where
    /// it pays to charge it, and so no amount of cycling can raise this figure.
    public var valleyShareNet: Rational? { share(max(.zero, inValley - cycled), charged - cycled) }
    public var inValley: Energy { lines.reduce(.zero) { $0 + $1.inValley } }

    private func share(_ part: Energy, _ whole: Energy) -> Rational? {
        hasValley && whole > .zero ? Rational(part) / Rational(whole) : nil
    }

    public var importCost: Rational? { sum(\.importCost) }
    public var earned: Rational? { sum(\.earned) }
    public var wear: Rational? { sum(\.wear) }
    /// What the owner is left with: earned by giving back, less all energy, less wear.
    public var income: Rational? {
        guard let earned, let importCost, let wear else { return nil }
        return earned - importCost - wear
    }
    public var virtualDistance: Int64? {
        lines.reduce(0) { sum, line in sum.flatMap { s in line.virtualDistance.map { s + $0 } } }
    }

    private func sum(_ part: (Line) -> Rational?) -> Rational? {
        lines.reduce(.zero) { sum, line in sum.flatMap { s in part(line).map { s + $0 } } }
    }
}
