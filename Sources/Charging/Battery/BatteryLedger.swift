public import Assets
public import Quantities

/// What one battery gave and took over grid connections, and what that cost it.
public struct BatteryLedger: Hashable, Sendable {
    /// One session, booked once.
    public struct Entry: Hashable, Sendable {
        public let session: Session.ID
        public let endedAt: Instant
        /// From and to the grid, both positive.
        public let charged: Energy
        public let discharged: Energy
        /// Yuan for each kWh given back that was used; `nil`: not known then.
        public let wearPrice: Rational?
        /// Metres.
        public let virtualDistance: Int64?
        public init(session: Session.ID, endedAt: Instant, charged: Energy, discharged: Energy, terms: BatteryTerms?) {
            self.session = session
            self.endedAt = endedAt
            self.charged = charged
            self.discharged = discharged
            wearPrice = terms?.wearPrice
            virtualDistance = terms?.virtualDistance(of: discharged)
        }
        /// Yuan, exact.
        public var wear: Rational? { wearPrice.map { $0 * Rational(discharged) } }
    }
    public private(set) var entries: [Entry] = []
    private var booked: Set<Session.ID> = []

    public init() {}

    /// - Returns: whether it was booked; a session that stands already is not booked again.
    @discardableResult public mutating func book(_ entry: Entry) -> Bool {
        guard booked.insert(entry.session).inserted else { return false }
        entries.append(entry)
        return true
    }

    public var charged: Energy { entries.reduce(.zero) { $0 + $1.charged } }
    public var discharged: Energy { entries.reduce(.zero) { $0 + $1.discharged } }
    /// Both directions.
    public var throughput: Energy { charged + discharged }
    /// `nil` as soon as one entry's is not known.
    public var wear: Rational? {
        entries.reduce(.zero) { sum, entry in sum.flatMap { s in entry.wear.map { s + $0 } } }
    }
    public var virtualDistance: Int64? {
        entries.reduce(0) { sum, entry in sum.flatMap { s in entry.virtualDistance.map { s + $0 } } }
    }

    /// Given back in `interval`, by the end of the session.
    public func discharged(in interval: Interval) -> Energy {
        entries.reduce(.zero) { interval.contains($1.endedAt) ? $0 + $1.discharged : $0 }
    }
}

/// How much a maker or a contract lets a vehicle give back: hard ceilings, energy at the grid side.
public struct DischargeBudget: Hashable, Sendable {
    public var day: Energy?
    public var month: Energy?
    public var life: Energy?
    public init(day: Energy? = nil, month: Energy? = nil, life: Energy? = nil) {
        self.day = day
        self.month = month
        self.life = life
    }

    /// A life budget from what the warranty leaves: kilometres that will not be driven × consumption.
    /// - Parameters:
    ///   - kilometres: that may still be counted.
    ///   - consumption: mWh a metre.
    public static func life(kilometres: Int64, consumption: Int64) -> Energy {
        Energy(milliwattHours: max(0, kilometres) * 1000 * consumption)
    }

    /// What may still be given back on `day`; `nil`: nothing bounds it. Never negative.
    ///
    /// What is left of the month and of the life is not spread over the days: a vehicle that gave nothing keeps its share.
    public func remaining(on day: CivilDay, zone: Zone, after ledger: BatteryLedger) -> Energy? {
        let today = zone.day(day)
        let (year, month, _) = day.yearMonthDay
        var left: [Energy] = []
        if let budget = self.day { left.append(budget - ledger.discharged(in: today)) }
        if let budget = self.month, let first = CivilDay(year: year, month: month, day: 1) {
            left.append(budget - ledger.discharged(in: Interval(zone.midnight(of: first), today.end)))
        }
        if let budget = life { left.append(budget - ledger.discharged) }
        return left.min().map { max(.zero, $0) }
    }
}
