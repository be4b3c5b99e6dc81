import Quantities

/// A battery vehicle as a charge point sees it: it draws what it is offered, up to what its charger and its battery take, and
/// stops when it has what it wants or is full.
///
/// What its battery takes and gives is in ``SimulatedBattery``.
public struct SimulatedVehicle: Hashable, Sendable {
    public private(set) var cell: SimulatedBattery
    /// Into the battery, from plug-in on; charging ends there or when the battery is full.
    public private(set) var wanted: Energy
    /// Into the battery since plug-in, less what was given back.
    public private(set) var received: Energy = .zero
    /// At the EVSE.
    public let maxPower: Power
    public let phases: Int
    /// The least current it can charge with (IEC 61851-1: 6 A).
    public let minMilliamperes: Int64
    /// `nil`: it can only charge.
    public private(set) var bidirectional: BidirectionalVehicle?
    /// `nil`: it knows the pilot signal only.
    public var speech: VehicleSpeech?
    /// Of a battery in a slot of a cabinet; `nil`: it is a vehicle.
    var serial: String?

    public var battery: Energy { cell.capacity }
    /// In the battery now.
    public var stored: Energy { cell.stored }
    /// Per mille of the EVSE's energy that reach the battery, 1...1000.
    public var efficiencyPermille: Int { cell.chargeEfficiencyPermille }

    /// - Precondition: the battery is not empty of capacity, `stored` fits in it, the shares lie in 1...1000.
    public init(
        battery: Energy, stored: Energy, wanted: Energy, maxPower: Power, efficiencyPermille: Int = 1000,
        phases: Int = 1,
        minMilliamperes: Int64 = 6000, taperStartPermille: Int = 900, finalPowerPermille: Int = 200,
        speech: VehicleSpeech? = nil
    ) {
        precondition((1...3).contains(phases), "1–3 phases")
        cell = SimulatedBattery(
            capacity: battery, stored: stored, chargeEfficiencyPermille: efficiencyPermille,
            taperStartPermille: taperStartPermille, finalPowerPermille: finalPowerPermille)
        self.wanted = wanted
        self.maxPower = maxPower
        self.phases = phases
        self.minMilliamperes = minMilliamperes
        self.speech = speech
        bidirectional = nil
    }

    init(cell: SimulatedBattery, wanted: Energy, maxPower: Power, bidirectional: BidirectionalVehicle) {
        self.cell = cell
        self.wanted = wanted
        self.maxPower = maxPower
        phases = 3
        minMilliamperes = 6000
        speech = VehicleSpeech(departure: bidirectional.departure)
        self.bidirectional = bidirectional
    }

    /// Its driver has changed his mind (2.1 K20); only of one that can give energy back.
    mutating func replan(departure: Instant?, targetPermille: Int) {
        guard bidirectional != nil else { return }
        bidirectional?.departure = departure
        bidirectional?.targetPermille = max(0, min(targetPermille, 1000))
        speech?.departure = departure
        wanted = received + target - stored
    }

    public var isSatisfied: Bool { received >= wanted || cell.isFull }

    /// What the battery takes now, at the EVSE; zero when satisfied.
    public var acceptance: Power {
        guard !isSatisfied else { return .zero }
        return Power(watts: maxPower.watts * cell.chargeSharePermille / 1000)
    }

    /// What it draws when `offer` is what the pilot signal and the wiring allow.
    public func draw(offer: Power, milliamperes: Int64) -> Power {
        milliamperes < minMilliamperes ? .zero : min(offer, acceptance)
    }

    /// The least energy at the EVSE after which ``acceptance`` may change: up to the next per cent of the battery, or to its
    /// wish. `nil` when it wants nothing.
    func energyToNextStep() -> Energy? {
        guard !isSatisfied else { return nil }
        return cell.chargeToNextStep(ceiling: stored + wanted - received)
    }

    /// Takes energy measured at the EVSE.
    mutating func charge(_ energy: Energy) {
        received = received + cell.charge(energy)
    }

    /// Gives energy measured at the EVSE.
    mutating func discharge(_ energy: Energy) {
        received = received - cell.discharge(energy)
    }
}
