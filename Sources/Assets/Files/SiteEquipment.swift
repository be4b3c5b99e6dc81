public import Quantities

/// Photovoltaic output, kW, positive.
public enum Generation: Sendable {
    case steps(BaseLoad)
    /// Means of even parts of a local day, every day the same.
    case daily([Rational])

    /// Mean over each of `count` slots of `step` from `start`, kW.
    public func means(start: Instant, step: Duration, count: Int, zone: Zone) -> [Rational] {
        switch self {
        case .steps(let steps): return steps.means(start: start, step: step, count: count)
        case .daily(let parts):
            var steps: [BaseLoad.Step] = []
            let end = start + step * count
            var day = zone.civilDay(at: start)
            while zone.midnight(of: day) < end {
                for (index, part) in parts.enumerated() {
                    steps.append(
                        BaseLoad.Step(
                            from: zone.instant(of: day, minute: index * 1440 / parts.count), kilowatts: part,
                            quantiles: []))
                }
                day = day.adding(days: 1)
            }
            return BaseLoad(steps: steps, levels: []).means(start: start, step: step, count: count)
        }
    }
}

/// A battery that stands at a node: a vehicle that never leaves. Powers are kW at its grid side; shares 0…1 of the
/// capacity, kWh.
public struct StationaryStorage: Hashable, Sendable {
    public let id: String
    public let maxCharge: Rational
    public let maxDischarge: Rational
    public let capacity: Rational
    public let start: Rational
    public let minimum: Rational
    public let maximum: Rational
    /// What is left at the end of a plan at least: without it a plan would end with an empty battery.
    public let leastAtEnd: Rational
    public let chargeEfficiency: Rational
    public let dischargeEfficiency: Rational
    /// Yuan for each kWh given back.
    public let wear: Rational

    public init(
        id: String, maxCharge: Rational, maxDischarge: Rational, capacity: Rational, start: Rational, minimum: Rational,
        maximum: Rational, leastAtEnd: Rational, chargeEfficiency: Rational, dischargeEfficiency: Rational,
        wear: Rational
    ) {
        self.id = id
        self.maxCharge = maxCharge
        self.maxDischarge = maxDischarge
        self.capacity = capacity
        self.start = start
        self.minimum = minimum
        self.maximum = maximum
        self.leastAtEnd = leastAtEnd
        self.chargeEfficiency = chargeEfficiency
        self.dischargeEfficiency = dischargeEfficiency
        self.wear = wear
    }
}
