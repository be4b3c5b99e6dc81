public import Operations
public import Quantities
import Rulebook

/// What a span of the park's days came to: the platform's own report beside what only the scenario's maker knows. The form
/// in memory and the one over real connections share it.
public struct ParkSummary: Sendable {
    public let scenario: ParkScenario
    /// Whole civil days.
    public let interval: Interval
    public let report: V2GReport
    /// What the same stays cost when each is charged at full power on arrival, yuan.
    public let uncontrolledCost: Rational
    /// What vans missed of what they wanted at departure, in their batteries.
    public let missed: Energy
    /// Highest load of the transformer: orderly, and with uncontrolled charging and no battery.
    public let peak: Power
    public let uncontrolledPeak: Power
    /// The most that flowed back; a positive magnitude.
    public let exportPeak: Power
    /// Quarter hours above the import or the export limit.
    public let slotsAboveLimit: Int
    public let uncontrolledSlotsAboveLimit: Int
    /// Of the building: generated, and the part of it that did not leave the building.
    public let generated: Energy
    public let selfConsumption: Double?
    /// Over real connections only: what piles and vans did.
    public let observed: ParkLedger.Observed?

    /// - Parameters:
    ///   - vans: what all vans took together, mean power by quarter hour of `interval`; below zero: given back.
    ///   - storage: of the building's battery, in the same way.
    public init(
        _ scenario: ParkScenario, in interval: Interval, report: V2GReport, vans: [Power], storage: [Power],
        building: [Power], pv: [Power], missed: Energy, observed: ParkLedger.Observed? = nil
    ) throws(TariffGap) {
        let count = scenario.slots(interval.start..<interval.end).count
        precondition([vans, storage, building, pv].allSatisfy { $0.count == count }, "one value a quarter hour")
        self.scenario = scenario
        self.interval = interval
        self.report = report
        self.missed = missed
        self.observed = observed
        let plain = try scenario.uncontrolled(in: interval)
        uncontrolledCost = plain.cost
        let load = (0..<count).map { building[$0] - pv[$0] + storage[$0] + vans[$0] }
        let without = (0..<count).map { building[$0] - pv[$0] + plain.powers[$0] }
        // A solver's plan may touch a limit to a few watts.
        let (most, back) = (scenario.limit + .watts(10), scenario.exportLimit + .watts(10))
        peak = load.max() ?? .zero
        exportPeak = -min(.zero, load.min() ?? .zero)
        uncontrolledPeak = without.max() ?? .zero
        slotsAboveLimit = load.count { $0 > most || -$0 > back }
        uncontrolledSlotsAboveLimit = without.count { $0 > most || -$0 > back }
        let all = pv.reduce(.zero, +)
        let left = (0..<count).reduce(Power.zero) {
            $0 + min(pv[$1], max(.zero, pv[$1] - building[$1] - storage[$1]))
        }
        generated = all.energy(over: ParkScenario.step)
        selfConsumption = all > .zero ? 1 - left.kilowatts / all.kilowatts : nil
    }

    /// No limit and no driver's minimum was broken.
    public var isKept: Bool { slotsAboveLimit == 0 && (observed?.floorsBroken ?? 0) == 0 }

    public var days: Int { max(1, Int(interval.duration.wholeMilliseconds / 86_400_000)) }

    /// What a year of days like these would give back: a forecast, no evidence.
    public var yearOfSuchDays: Energy {
        Energy(milliwattHours: report.discharged.milliwattHours * 365 / Int64(days))
    }
}

extension ParkScenario {
    static let step = Duration.minutes(15)

    /// Quarter hours since the scenario's start.
    func slots(_ span: Range<Instant>) -> Range<Int> {
        func slot(_ instant: Instant) -> Int {
            Int((instant - interval.start).wholeMilliseconds / Self.step.wholeMilliseconds)
        }
        return slot(span.lowerBound)..<max(slot(span.lowerBound), slot(span.upperBound))
    }

    /// Every stay charged at full power from its arrival on until it has what it wants: mean power by quarter hour of
    /// `interval`, and what that costs in yuan.
    func uncontrolled(in interval: Interval) throws(TariffGap) -> (powers: [Power], cost: Rational) {
        let wanted = slots(interval.start..<interval.end)
        var powers = [Power](repeating: .zero, count: wanted.count)
        for stay in stays {
            var left = Energy(
                milliwattHours: max(0, (stay.target - stay.stored).milliwattHours) * 1000 / Int64(efficiencyPerMille))
            for slot in wholeSlots(of: stay) where left > .zero {
                let energy = min(left, pilePower.energy(over: Self.step))
                left -= energy
                if wanted.contains(slot) { powers[slot - wanted.lowerBound] += energy.meanPower(over: Self.step) }
            }
        }
        let prices = try buying.slotPrices(start: interval.start, step: Self.step, count: wanted.count).values
        let cost = zip(powers, prices).reduce(Rational.zero) { sum, slot in
            sum + Rational(slot.0.energy(over: Self.step)) * (slot.1.price ?? .zero)
        }
        return (powers, cost)
    }

    /// Those of which it is there from beginning to end.
    func wholeSlots(of stay: Stay) -> Range<Int> {
        let length = Self.step.wholeMilliseconds
        let first = ((stay.arrival - interval.start).wholeMilliseconds + length - 1) / length
        let last = (stay.departure - interval.start).wholeMilliseconds / length
        return Int(first)..<Int(max(first, last))
    }
}
