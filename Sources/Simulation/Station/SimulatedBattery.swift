public import Quantities

/// A vehicle's battery as its inlet shows it: what it takes and gives, and what is lost on the way.
///
/// Its management lets constant power in up to ``taperStartPermille``, then less and less down to ``finalPowerPermille`` at
/// full (the CV phase); the other way the same between ``dischargeTaperStartPermille`` and empty. In steps of one per cent of
/// the battery, so that energy is exact: power is constant between two events.
public struct SimulatedBattery: Hashable, Sendable {
    public let capacity: Energy
    /// In the battery now.
    public private(set) var stored: Energy
    /// Per mille of the energy at the inlet that reach the battery, 1...1000.
    public let chargeEfficiencyPermille: Int
    /// Per mille of the energy from the battery that reach the inlet, 1...1000.
    public let dischargeEfficiencyPermille: Int
    public let taperStartPermille: Int
    public let finalPowerPermille: Int
    /// 0: it gives all its power until it is empty.
    public let dischargeTaperStartPermille: Int
    /// Thousandths of a mWh that have come in and are not a whole one yet: nothing is lost to rounding.
    private var inward: Int64 = 0
    /// The same of what went out, in parts of ``dischargeEfficiencyPermille`` of a mWh.
    private var outward: Int64 = 0

    /// - Precondition: the battery is not empty of capacity, `stored` fits in it, the shares lie in 1...1000.
    public init(
        capacity: Energy, stored: Energy, chargeEfficiencyPermille: Int = 1000, dischargeEfficiencyPermille: Int = 1000,
        taperStartPermille: Int = 900, finalPowerPermille: Int = 200, dischargeTaperStartPermille: Int = 0
    ) {
        precondition(capacity > .zero && stored >= .zero && stored <= capacity, "what is stored fits in the battery")
        precondition(
            (1...1000).contains(chargeEfficiencyPermille) && (1...1000).contains(dischargeEfficiencyPermille),
            "0 < efficiency ≤ 1")
        precondition(
            (1...1000).contains(taperStartPermille) && (1...1000).contains(finalPowerPermille)
                && (0...1000).contains(dischargeTaperStartPermille), "shares are 1–1000")
        self.capacity = capacity
        self.stored = stored
        self.chargeEfficiencyPermille = chargeEfficiencyPermille
        self.dischargeEfficiencyPermille = dischargeEfficiencyPermille
        self.taperStartPermille = taperStartPermille
        self.finalPowerPermille = finalPowerPermille
        self.dischargeTaperStartPermille = dischargeTaperStartPermille
    }

    public var isFull: Bool { stored >= capacity }
    /// Per mille, rounded down.
    public var statePermille: Int { Int(stored.milliwattHours * 1000 / capacity.milliwattHours) }
    public func energy(permille: Int) -> Energy {
        Energy(
            milliwattHours: capacity.milliwattHours / 1000 * Int64(permille) + capacity.milliwattHours % 1000
                * Int64(permille) / 1000)
    }

    // MARK: What the management allows

    /// Per mille of the vehicle's power that it takes now.
    public var chargeSharePermille: Int64 {
        let above = chargePercent * 10 - Int64(taperStartPermille)
        guard above > 0, taperStartPermille < 1000 else { return 1000 }
        return 1000 - Int64(1000 - finalPowerPermille) * above / Int64(1000 - taperStartPermille)
    }

    /// Per mille of the vehicle's power that it gives now.
    public var dischargeSharePermille: Int64 {
        guard stored > .zero else { return 0 }
        let below = Int64(dischargeTaperStartPermille) - dischargePercent * 10
        guard below > 0 else { return 1000 }
        return 1000 - Int64(1000 - finalPowerPermille) * below / Int64(dischargeTaperStartPermille)
    }

    /// On a border a step upwards has begun while charging, and one downwards while discharging.
    private var chargePercent: Int64 { stored.milliwattHours * 100 / capacity.milliwattHours }
    private var dischargePercent: Int64 {
        (stored.milliwattHours * 100 + capacity.milliwattHours - 1) / capacity.milliwattHours
    }

    // MARK: Until something changes

    /// The least energy at the inlet after which ``chargeSharePermille`` may change or `ceiling` is reached.
    func chargeToNextStep(ceiling: Energy) -> Energy {
        let border = ((chargePercent + 1) * capacity.milliwattHours + 99) / 100
        let missing = max(0, min(border, ceiling.milliwattHours) - stored.milliwattHours)
        let efficiency = Int64(chargeEfficiencyPermille)
        return Energy(milliwattHours: (missing * 1000 - inward + efficiency - 1) / efficiency)
    }

    /// The least energy at the inlet after which ``dischargeSharePermille`` may change or `floor` is reached.
    func dischargeToNextStep(floor: Energy) -> Energy {
        let border = (dischargePercent - 1) * capacity.milliwattHours / 100
        let left = max(0, stored.milliwattHours - max(border, floor.milliwattHours))
        return Energy(milliwattHours: (left * Int64(dischargeEfficiencyPermille) - outward + 999) / 1000)
    }

    // MARK: What flows

    /// Takes energy measured at the inlet.
    /// - Returns: what reached the battery.
    @discardableResult
    public mutating func charge(_ energy: Energy) -> Energy {
        let total = energy.milliwattHours * Int64(chargeEfficiencyPermille) + inward
        let gained = Energy(milliwattHours: min(total / 1000, capacity.milliwattHours - stored.milliwattHours))
        inward = total % 1000
        stored = stored + gained
        return gained
    }

    /// Gives energy measured at the inlet.
    /// - Returns: what left the battery.
    @discardableResult
    public mutating func discharge(_ energy: Energy) -> Energy {
        let total = energy.milliwattHours * 1000 + outward
        let efficiency = Int64(dischargeEfficiencyPermille)
        let lost = Energy(milliwattHours: min(total / efficiency, stored.milliwattHours))
        outward = total % efficiency
        stored = stored - lost
        return lost
    }
}
