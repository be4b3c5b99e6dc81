import Quantities

/// What converts amperes to watts on one connector: nominal line-to-neutral volts and the phases it is wired with.
public struct Supply: Hashable, Sendable {
    public let voltage: Int
    public let phases: Int
    /// - Precondition: both positive, at most 3 phases.
    public init(voltage: Int, phases: Int) {
        precondition(voltage > 0 && (1...3).contains(phases), "a supply has a voltage and 1 to 3 phases")
        self.voltage = voltage
        self.phases = phases
    }
}

/// The most a connector may draw, as charging profiles say it.
public struct ChargingLimit: Hashable, Sendable {
    /// Over all phases in use. Whole milliwatts: exact for limits in steps of 0.1 A or 0.1 W.
    public let milliwatts: Int64
    /// Phases that may be used, at most the supply's.
    public let phases: Int

    public init(milliwatts: Int64, phases: Int) {
        self.milliwatts = milliwatts
        self.phases = phases
    }

    /// Rounded down to the watt.
    public var power: Power { Power(watts: milliwatts / 1000) }

    /// On each phase in use, rounded down to the milliampere.
    public func milliamperes(_ supply: Supply) -> Int64 { milliwatts / Int64(supply.voltage * phases) }

    /// The tighter of two in power, with the fewer phases.
    public func lowered(by other: ChargingLimit) -> ChargingLimit {
        ChargingLimit(milliwatts: min(milliwatts, other.milliwatts), phases: min(phases, other.phases))
    }

    /// A period's limit; an absent number of phases means 3 on AC (OCPP 1.6 §7.14), which the supply then bounds.
    /// - Parameter countsSetpoint: a value to be followed is also the most that flows.
    init(
        _ period: ChargingProfile.Period, _ unit: ChargingProfile.Unit, _ supply: Supply, countsSetpoint: Bool = true
    ) {
        phases = max(1, min(period.phases ?? 3, supply.phases))
        let most = countsSetpoint ? period.mostCharged : period.limit
        milliwatts = unit == .amperes ? most * Int64(supply.voltage * phases) : most
    }
}
