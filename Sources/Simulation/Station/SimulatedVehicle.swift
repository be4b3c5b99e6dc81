import Quantities

/// A battery vehicle as a charge point sees it: it draws what it is offered, up to what its charger and its battery take, and
/// stops when it has what it wants or is full.
///
/// Constant power up to ``taperStartPermille`` of the battery, then falling in steps of one per cent of the battery to
/// ``finalPowerPermille`` at full (the CV phase). In steps, so that energy is exact: power is constant between two events.
public struct SimulatedVehicle: Hashable, Sendable {
    public let battery: Energy
    /// In the battery now.
    public private(set) var stored: Energy
    /// Into the battery, from plug-in on; charging ends there or when the battery is full.
    public let wanted: Energy
    /// Into the battery since plug-in.
    public private(set) var received: Energy = .zero
    /// At the EVSE.
    public let maxPower: Power
    /// Per mille of the EVSE's energy that reach the battery, 1...1000.
    public let efficiencyPermille: Int
    public let phases: Int
    /// The least current it can charge with (IEC 61851-1: 6 A).
    public let minMilliamperes: Int64
    public let taperStartPermille: Int
    public let finalPowerPermille: Int
    /// `nil`: it knows the pilot signal only.
    public var speech: VehicleSpeech?
    /// Thousandths of a mWh that efficiency has let through and that are not a whole one yet: nothing is lost to rounding.
    private var remainder: Int64 = 0

    /// - Precondition: the battery is not empty of capacity, `stored` fits in it, the shares lie in 1...1000.
    public init(
        battery: Energy, stored: Energy, wanted: Energy, maxPower: Power, efficiencyPermille: Int = 1000,
        phases: Int = 1,
        minMilliamperes: Int64 = 6000, taperStartPermille: Int = 900, finalPowerPermille: Int = 200,
        speech: VehicleSpeech? = nil
    ) {
        precondition(battery > .zero && stored >= .zero && stored <= battery, "what is stored fits in the battery")
        precondition(
            (1...1000).contains(efficiencyPermille) && (1...3).contains(phases), "0 < efficiency ≤ 1, 1–3 phases")
        precondition(
            (1...1000).contains(taperStartPermille) && (1...1000).contains(finalPowerPermille), "shares are 1–1000")
        self.battery = battery
        self.stored = stored
        self.wanted = wanted
        self.maxPower = maxPower
        self.efficiencyPermille = efficiencyPermille
        self.phases = phases
        self.minMilliamperes = minMilliamperes
        self.taperStartPermille = taperStartPermille
        self.finalPowerPermille = finalPowerPermille
        self.speech = speech
    }

    public var isSatisfied: Bool { received >= wanted || stored >= battery }

    /// What the battery takes now, at the EVSE; zero when satisfied.
    public var acceptance: Power {
        guard !isSatisfied else { return .zero }
        let percent = stored.milliwattHours * 100 / battery.milliwattHours
        let above = percent * 10 - Int64(taperStartPermille)
        guard above > 0, taperStartPermille < 1000 else { return maxPower }
        let fall = Int64(1000 - finalPowerPermille) * above / Int64(1000 - taperStartPermille)
        return Power(watts: maxPower.watts * (1000 - fall) / 1000)
    }

    /// What it draws when `offer` is what the pilot signal and the wiring allow.
    public func draw(offer: Power, milliamperes: Int64) -> Power {
        milliamperes < minMilliamperes ? .zero : min(offer, acceptance)
    }

    /// The least energy at the EVSE after which ``acceptance`` may change: up to the next per cent of the battery, or to its
    /// wish. `nil` when it wants nothing.
    func energyToNextStep() -> Energy? {
        guard !isSatisfied else { return nil }
        let percent = stored.milliwattHours * 100 / battery.milliwattHours
        let boundary = ((percent + 1) * battery.milliwattHours + 99) / 100
        let missing = min(boundary - stored.milliwattHours, wanted.milliwattHours - received.milliwattHours)
        let efficiency = Int64(efficiencyPermille)
        return Energy(milliwattHours: (missing * 1000 - remainder + efficiency - 1) / efficiency)
    }

    /// Takes energy measured at the EVSE.
    mutating func charge(_ energy: Energy) {
        let total = energy.milliwattHours * Int64(efficiencyPermille) + remainder
        let gained = min(total / 1000, battery.milliwattHours - stored.milliwattHours)
        remainder = total % 1000
        stored = stored + Energy(milliwattHours: gained)
        received = received + Energy(milliwattHours: gained)
    }
}
