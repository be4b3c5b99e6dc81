/// A vehicle as the solver sees it: kWh a slot, battery energy, no hours and no kW.
///
/// A stay without battery data counts its energy from 0 at arrival to what it asked for.
struct Car {
    /// Index in the problem.
    let index: Int
    /// Slots [first, first + count) of the horizon.
    let first: Int
    let count: Int
    /// Where its slots begin in the group's flat arrays.
    let offset: Int
    /// Index of its node within the group, −1 without.
    let node: Int
    /// Vehicles that give back and lose and wear alike have the same number, from 0.
    let kind: Int
    let discharges: Bool
    let chargeEfficiency: Double
    let dischargeEfficiency: Double
    private(set) var wear: Double
    /// Battery energy at arrival and its band. The band is that of the continuous problem: an arrival outside widens it.
    let start: Double
    private(set) var low: Double
    /// First slot of the stay (from 0) at whose end ``low`` holds; before, the energy at arrival does.
    private(set) var lowFrom = 0
    let high: Double
    /// A stay does not end below this: what is undelivered is never more than what was asked, and nobody gives more than
    /// was offered.
    let floor: Double
    /// Wanted at departure, as far as the band allows; what lies above is undelivered whatever is done (`lost`).
    private(set) var target: Double
    let lost: Double
    /// Up to `knee` a kWh is worth `value`, from there to `target` `lastValue` (the same without ``fairness``).
    private(set) var knee: Double
    let value: Double
    private(set) var lastValue: Double
    /// Nothing is discharged while the battery is below this.
    let dischargeAbove: Double
    /// Whether the least power is above zero in some slot.
    let hasLeastPower: Bool

    init(_ vehicle: PlanningVehicle, index: Int, offset: Int, node: Int, kind: Int, fairness: Bool) {
        self.index = index
        first = vehicle.slots.lowerBound
        count = vehicle.slots.count
        self.offset = offset
        self.node = node
        self.kind = kind
        chargeEfficiency = vehicle.chargeEfficiency
        dischargeEfficiency = vehicle.dischargeEfficiency
        wear = vehicle.wear
        hasLeastPower = vehicle.minCharge > 0
        value = vehicle.value
        if let battery = vehicle.battery, vehicle.maxDischarge > 0 {
            discharges = true
            start = battery.atArrival
            low = min(battery.minimum, start)
            high = max(battery.maximum, start)
            dischargeAbove = battery.minimum
        } else {
            discharges = false
            start = 0
            low = 0
            high = vehicle.battery.map { max(0, $0.maximum - $0.atArrival) } ?? max(0, vehicle.wanted)
            dischargeAbove = 0
        }
        let wanted = discharges ? vehicle.wanted : max(0, vehicle.wanted)
        floor = max(low, start + min(0, wanted))
        target = max(floor, min(start + wanted, high))
        lost = max(0, start + wanted - target)
        if fairness, wanted > 0 {
            knee = min(target, start + Car.firstShare * wanted)
            lastValue = Car.lastShareValue * vehicle.value
        } else {
            knee = target
            lastValue = vehicle.value
        }
    }

    struct Losses: Hashable {
        let charge: Double
        let discharge: Double
        let wear: Double
    }
    var losses: Losses { Losses(charge: chargeEfficiency, discharge: dischargeEfficiency, wear: wear) }

    /// With ``PlanningOptions/fairness``: the part of a wish that keeps its full value, and what the rest is worth of it.
    static let firstShare = 0.8
    static let lastShareValue = 0.8

    var withLinearValue: Car {
        var car = self
        car.knee = target
        car.lastValue = value
        return car
    }

    /// The same stay, where giving back costs so many yuan/kWh more.
    func wearing(_ more: Double) -> Car {
        var car = self
        car.wear += more
        return car
    }

    /// The same stay with a smaller wish.
    func wantingAtMost(_ energy: Double) -> Car {
        guard energy < target else { return self }
        var car = self
        car.target = max(energy, floor)
        car.knee = min(knee, car.target)
        return car
    }

    /// The stay that arrives below its minimum, has climbed to it by the end of slot `slot` and then keeps it.
    func climbing(by slot: Int) -> Car {
        var car = self
        car.low = dischargeAbove
        car.lowFrom = slot
        return car
    }
    /// Whether the schedule has more to keep than the continuous problem says.
    var mustClimbFirst: Bool { discharges && start < dischargeAbove - 1e-9 }

    /// Least battery energy after slot `j` of the stay.
    @inline(__always) func least(after j: Int) -> Double {
        let least = j < lowFrom ? min(low, start) : low
        return j == count - 1 ? max(least, floor) : least
    }

    /// Yuan of `energy` at departure: what is missing, at the worth the solver works with.
    func shortageCost(ending energy: Double) -> Double {
        value * max(0, knee - energy) + lastValue * max(0, target - max(energy, knee)) + value * lost
    }

    /// What one more kWh in the battery is worth at `energy`, and up to where.
    @inline(__always) func worth(at energy: Double) -> (value: Double, until: Double) {
        if energy < knee { return (value, knee) }
        if energy < target { return (lastValue, target) }
        return (0, high)
    }
}
