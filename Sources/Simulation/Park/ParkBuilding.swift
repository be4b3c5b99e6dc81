import Assets
public import Quantities

/// The building of the park behind its own meter: load, PV and a battery that the building's own energy manager runs by a
/// rule of its own. The platform does not steer it; it sees what is left at the transformer, like any base load.
///
/// The rule knows neither prices nor vans: what PV leaves over goes into the battery, what the building takes above
/// ``shaving`` comes out of it, and a little of the night fills it up for the next day.
public struct ParkBuilding: Sendable {
    /// The building takes no more than this from outside as long as the battery can help.
    public static let shaving = Power.kilowatts(200)
    /// It fills up at night with this at the most, up to ``nightShare`` per cent of what it can hold.
    static let nightPower = Power.kilowatts(40)
    static let nightShare: Int64 = 70
    /// Minutes of the day.
    static let night = 0..<360

    static let step = Duration.minutes(15)
    private let scenario: ParkScenario
    /// Battery power by quarter hour: charging positive.
    private let storage: Series<Power>

    /// - Parameter interval: of whole quarter hours, for which the battery's course is known; outside of it the battery rests.
    public init(_ scenario: ParkScenario, in interval: Interval) {
        self.scenario = scenario
        var battery = StorageRule(scenario.storage)
        var course: [Power] = []
        var at = interval.start
        while at < interval.end {
            let middle = at + .milliseconds(Self.step.wholeMilliseconds / 2)
            let net = scenario.building(at: middle) - scenario.pv(at: middle)
            course.append(
                battery.step(net: net, minute: scenario.zone.millisecondOfDay(at: at) / 60_000, over: Self.step))
            at += Self.step
        }
        storage = Series(start: interval.start, step: Self.step, values: course)
    }

    public func load(at instant: Instant) -> Power { scenario.building(at: instant) }
    /// A positive magnitude.
    public func pv(at instant: Instant) -> Power { scenario.pv(at: instant) }
    /// Charging positive.
    public func storage(at instant: Instant) -> Power {
        storage.index(at: instant).map { storage.values[$0] } ?? .zero
    }
    /// What the building takes from outside; below zero: it gives.
    public func net(at instant: Instant) -> Power { load(at: instant) - pv(at: instant) + storage(at: instant) }

    /// What a meter stands for.
    public enum Meter: Sendable { case load, pv, storage, net }

    /// Of every quarter hour of `interval`: the mean of its minutes.
    public func means(_ meter: Meter, in interval: Interval) -> [Power] {
        let count = Int(interval.duration.wholeMilliseconds / Self.step.wholeMilliseconds)
        return (0..<count).map { slot in
            let start = interval.start + Self.step * slot
            let sum = (0..<15).reduce(Int64(0)) { $0 + power(meter, at: start + .minutes($1) + .seconds(30)).watts }
            return Power(watts: sum / 15)
        }
    }

    private func power(_ meter: Meter, at instant: Instant) -> Power {
        switch meter {
        case .load: load(at: instant)
        case .pv: pv(at: instant)
        case .storage: storage(at: instant)
        case .net: net(at: instant)
        }
    }
}

/// The battery's side of the rule. Energy in it is whole milliwatt-hours.
struct StorageRule: Sendable {
    let maxCharge: Power
    let maxDischarge: Power
    let least: Energy
    let most: Energy
    /// What it fills itself to at night.
    private let night: Energy
    /// Per mille that come through, each way.
    let efficiency: (charge: Int64, discharge: Int64)
    private(set) var stored: Energy

    init(_ storage: StationaryStorage) {
        func energy(_ share: Rational) -> Energy {
            Energy(roundingKilowattHours: (storage.capacity * share).approximate)
        }
        maxCharge = Power(roundingKilowatts: storage.maxCharge.approximate)
        maxDischarge = Power(roundingKilowatts: storage.maxDischarge.approximate)
        least = energy(storage.minimum)
        most = energy(storage.maximum)
        night = Energy(milliwattHours: most.milliwattHours / 100 * ParkBuilding.nightShare)
        stored = energy(storage.start)
        efficiency = (
            Int64((storage.chargeEfficiency.approximate * 1000).rounded()),
            Int64((storage.dischargeEfficiency.approximate * 1000).rounded())
        )
    }

    /// - Parameter net: of building and PV, without the battery.
    /// - Returns: what the battery takes, below zero what it gives, for the whole of `duration`.
    mutating func step(net: Power, minute: Int, over duration: Duration) -> Power {
        var power = Power.zero
        if net < .zero {
            power = min(-net, maxCharge)
        } else if net > ParkBuilding.shaving {
            power = -min(net - ParkBuilding.shaving, maxDischarge)
        } else if ParkBuilding.night.contains(minute), stored < night {
            power = min(ParkBuilding.nightPower, ParkBuilding.shaving - net)
        }
        if power > .zero {
            let room = Energy(milliwattHours: (most - stored).milliwattHours * 1000 / efficiency.charge)
            power = max(.zero, min(power, room.meanPower(over: duration)))
            stored += Energy(milliwattHours: power.energy(over: duration).milliwattHours * efficiency.charge / 1000)
        } else if power < .zero {
            let left = Energy(milliwattHours: (stored - least).milliwattHours * efficiency.discharge / 1000)
            power = -max(.zero, min(-power, left.meanPower(over: duration)))
            stored += Energy(milliwattHours: power.energy(over: duration).milliwattHours * 1000 / efficiency.discharge)
        }
        stored = min(max(stored, least), most)
        return power
    }
}
