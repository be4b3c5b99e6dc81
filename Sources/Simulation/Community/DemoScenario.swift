public import Documents
public import Quantities

/// The demo's community in numbers: what is recorded, folded and assumed (README, "The demo").
public struct DemoScenario: Sendable {
    /// Of the first seeds the one whose uncontrolled charging breaks the limit most clearly.
    public static let defaultSeed: UInt64 = 6
    public let seed: UInt64
    public let zone: Zone
    /// The Monday on which the drivers' first recorded weeks begin; half a day before it the demo starts.
    public let firstMonday: CivilDay
    public let days: Int
    public let piles: Int
    /// 630 kVA × 0.95 × 0.85, rounded down to the watt.
    public let limit: Power
    public let community: Community
    public let household: HouseholdLoad
    /// Recorded rows that had to be skipped, and stays that overlapped another of their driver.
    public let skippedRows: Int
    /// Single-phase 220 V, 32 A.
    public let pilePower = Power(watts: 7040)
    public let transformer = (kilovoltAmperes: 630, powerFactor: "0.95", loading: "0.85")
    public let householdPeak = Power.kilowatts(440)
    public let householdNoise = 0.015

    /// Thursday 17:00–22:00 of the first week: households take a fifth more than any day before showed.
    public let evening: Interval

    public init(seed: UInt64, days: Int, piles: Int = 120, firstMonday: CivilDay = CivilDay(daysSince1970: 20_409))
        throws(Problems)
    {
        let zone = Zone.shanghai
        self.seed = seed
        self.zone = zone
        self.firstMonday = firstMonday
        self.days = days
        self.piles = piles
        self.limit = Power(watts: 630_000 * 95 * 85 / 10_000)
        let recorded = try DemoData.recordedStays()
        self.skippedRows = recorded.skipped
        let start = zone.instant(of: firstMonday.adding(days: -1), minute: 720)
        let judged = zone.midnight(of: firstMonday)
        self.community = Community.fold(
            recorded, piles: piles, firstMonday: firstMonday, interval: Interval(start, judged + .days(days)),
            zone: zone, seed: seed)
        let thursday = firstMonday.adding(days: 3)
        self.evening = Interval(
            zone.instant(of: thursday, minute: 17 * 60), zone.instant(of: thursday, minute: 22 * 60))
        self.household = try DemoData.householdLoad(
            peak: householdPeak, noise: householdNoise, step: (evening, 1.2), seed: seed)
    }

    /// Sunday noon: the first evening warms the platform up and is not judged.
    public var start: Instant { zone.instant(of: firstMonday.adding(days: -1), minute: 720) }
    /// Whole civil days, Monday first.
    public var judged: Interval {
        let monday = zone.midnight(of: firstMonday)
        return Interval(monday, zone.midnight(of: firstMonday.adding(days: days)))
    }

    /// Mean household load of each slot: the mean of its minutes.
    public func householdMeans(in interval: Interval, step: Duration) -> [Power] {
        let minutes = Int(step.wholeMilliseconds / 60_000)
        var means: [Power] = []
        var at = interval.start
        while at < interval.end {
            let sum = (0..<minutes).reduce(Int64(0)) { $0 + household.power(at: at + .minutes($1)).watts }
            means.append(Power(watts: sum / Int64(minutes)))
            at += step
        }
        return means
    }
}
