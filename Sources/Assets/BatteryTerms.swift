public import Quantities

/// What a vehicle's battery costs to use, as its owner or the operator states it. Everything is exact: costs end up in
/// statements.
///
/// Linear throughput life: a pack delivers usable capacity × ``cycles`` before it is replaced, so each kWh given back
/// carries value / cycles (the charging that refills it is included). It says nothing of depth, rate and temperature.
public struct BatteryTerms: Hashable, Sendable {
    public enum Chemistry: String, Hashable, Sendable, CaseIterable {
        /// Iron phosphate.
        case lfp
        /// Nickel manganese cobalt.
        case nmc
    }
    public var chemistry: Chemistry
    /// What replacing (or, late in life, selling) costs per usable kWh, µyuan.
    public var valuePerKilowattHour: Int64
    /// Full equivalent cycles until the agreed end of life.
    public var cycles: Int
    /// Certified consumption, mWh a metre (kWh per 1,000 km); `nil`: unknown, then there is no virtual distance.
    public var consumption: Int64?
    /// Grid to battery and back, thousandths; `nil`: unknown, then losses are not counted.
    public var roundTripPerMille: Int?

    /// - Precondition: `cycles` > 0, `valuePerKilowattHour` ≥ 0, `consumption` > 0, `roundTripPerMille` 1…1000.
    public init(
        chemistry: Chemistry, valuePerKilowattHour: Int64, cycles: Int? = nil, consumption: Int64? = nil,
        roundTripPerMille: Int? = nil
    ) {
        let cycles = cycles ?? chemistry.usualCycles
        precondition(cycles > 0 && valuePerKilowattHour >= 0 && consumption ?? 1 > 0, "a battery lasts and costs")
        precondition((1...1000).contains(roundTripPerMille ?? 1000), "a round trip gives back a part")
        self.chemistry = chemistry
        self.valuePerKilowattHour = valuePerKilowattHour
        self.cycles = cycles
        self.consumption = consumption
        self.roundTripPerMille = roundTripPerMille
    }

    /// Yuan for each kWh given back.
    public var wearPrice: Rational { Rational(valuePerKilowattHour) / Rational(1_000_000) / Rational(Int64(cycles)) }

    /// Yuan that giving `energy` back wears off; exact.
    public func wear(of energy: Energy) -> Rational { wearPrice * Rational(energy) }

    /// Energy taken from the grid for `energy` given back later, where the round trip is known; rounded up.
    public func taken(toGive energy: Energy) -> Energy? {
        roundTripPerMille.map { perMille in
            Energy(milliwattHours: (energy.milliwattHours * 1000 + Int64(perMille) - 1) / Int64(perMille))
        }
    }

    /// Thousandths that are left after one of the two ways of a round trip, rounded down.
    public var oneWayPerMille: Int64? {
        roundTripPerMille.map { Int64(Double($0 * 1000).squareRoot()) }
    }

    /// Distance, in metres, that the makers of durability rules would count for `energy` given back (UNECE GTR 22: energy
    /// not used for driving over certified consumption), rounded half up; `nil` without a consumption.
    public func virtualDistance(of energy: Energy) -> Int64? {
        consumption.map { (max(0, energy.milliwattHours) + $0 / 2) / $0 }
    }
}

extension BatteryTerms.Chemistry {
    /// Full equivalent cycles to 80 % that are usual (secondary: literature, not a data sheet).
    public var usualCycles: Int {
        switch self {
        case .lfp: 6000
        case .nmc: 3000
        }
    }
}
