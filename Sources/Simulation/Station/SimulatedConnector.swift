import OCPP
import Quantities

/// One connector: its meter, what is plugged in, and the transaction on it.
struct SimulatedConnector: Sendable {
    struct Transaction: Hashable, Sendable {
        /// The station's own number; what both sides call it, ``TransactionQueue/id(of:)`` knows.
        let local: Int
        let idTag: String
        let start: Instant
        var nextSample: Instant?
        /// Number of its next message.
        var nextSequence = 0
        /// What the central system was last told that the vehicle does.
        var told = ConnectorCondition.preparing
        /// By a contract in the vehicle, not by a card.
        var isByContract = false
        /// Of a vehicle that speaks ISO 15118.
        var talk: VehicleTalk?
        /// Register at which the energy of a refused token ends, in mWh.
        var energyEnd: Int64?
        /// What is told at the end, beside the last sample.
        var kept = KeptSamples()
        var keptAligned = KeptSamples()
        var nextKept: Instant?
        /// What the central system was last told that the power follows (2.1).
        var mode = ChargingProfile.Mode.chargingOnly
        /// In mWh.
        var registerAtStart: Int64 = 0
        /// Priority charging is on (2.1 K21).
        var hasPriority = false
        /// The central system was not told yet that it is on, or over.
        var owesPriority = false
        /// Of a vehicle that can give energy back.
        var v2x: V2XSession?
        var bounds = TransactionBounds()
    }
    struct RemoteStart: Hashable, Sendable {
        let idTag: String
        let profile: ChargingProfile?
        /// The central system's number of the order, where it has one.
        let number: Int?
        let deadline: Instant
    }

    let number: Int
    /// A slot of a cabinet for batteries.
    var isSlot = false
    var vehicle: SimulatedVehicle?
    /// Of the driver who plugged in; `nil` waits for a remote start.
    var idTag: String?
    var transaction: Transaction?
    /// What the central system allows the vehicle there; `nil`: it has not said so (2.1 Q01).
    var allowedTransfers: [EnergyTransfer]?
    /// The transaction on this cable is over.
    var isFinished = false
    var isAvailable = true
    /// ChangeAvailability waits for the transaction's end.
    var becomesUnavailable = false
    var remote: RemoteStart?
    /// Kept free for a token.
    var isReserved = false
    var fault: StationFault?
    /// Since when it is too hot.
    var heatedAt: Instant?
    /// It is being reset, until then.
    var backAt: Instant?
    /// A reset of it waits for the transaction's end.
    var resetsWhenIdle = false

    /// Drawn now, below zero while the vehicle gives energy back.
    var power: Power = .zero
    /// On each phase that the vehicle may use, as the pilot signal offers it.
    var offeredMilliamperes: Int64 = 0
    var register: RegisterReading
    /// Energy that is not yet a whole mWh, in mW·ms (3 600 000 a mWh).
    var remainder: Int64 = 0
    var exchange = EnergyExchange()

    init(number: Int, register: RegisterReading) {
        self.number = number
        self.register = register
    }

    /// Sets what flows from now on.
    mutating func offer(_ limit: ChargingLimit, supply: Supply) {
        // The pilot signal is set in steps of 0.1 A, downwards.
        let milliamperes = limit.milliamperes(supply) / 100 * 100
        offeredMilliamperes = milliamperes
        guard let vehicle, transaction != nil else {
            power = .zero
            return
        }
        let phases = min(limit.phases, vehicle.phases)
        let offer = Power(watts: milliamperes * Int64(supply.voltage * phases) / 1000)
        power = vehicle.draw(offer: offer, milliamperes: milliamperes)
    }

    mutating func cutOff() {
        exchange.cutOff()
        power = .zero
        offeredMilliamperes = 0
    }

    /// The present power held for `duration`, exactly.
    mutating func integrate(_ duration: Duration) {
        guard !exchange.isOn else { return exchange(for: duration) }
        guard power > .zero else { return }
        let total = remainder + power.watts * 1000 * duration.wholeMilliseconds
        let energy = Energy(milliwattHours: total / 3_600_000)
        remainder = total % 3_600_000
        register = RegisterReading(milliwattHours: register.milliwattHours + energy.milliwattHours)
        vehicle?.charge(energy)
    }

    /// How long the present power flows before the vehicle's appetite may change. The same instant results whenever it is
    /// asked, because both remainders are taken into account.
    func timeToNextStep() -> Duration? {
        guard !exchange.isOn else { return timeToNextExchange() }
        guard power > .zero, var energy = vehicle?.energyToNextStep() else { return nil }
        for end in [transaction?.energyEnd, transaction?.bounds.energyEnd].compactMap({ $0 })
        where end > register.milliwattHours {
            energy = min(energy, Energy(milliwattHours: end - register.milliwattHours))
        }
        let missing = energy.milliwattHours * 3_600_000 - remainder
        let milliwatts = power.watts * 1000
        return .milliseconds(max(1, (missing + milliwatts - 1) / milliwatts))
    }

    var condition: ConnectorCondition {
        if isFaulted { return .faulted }
        if !isAvailable || backAt != nil { return .unavailable }
        guard transaction != nil else {
            if vehicle == nil { return isReserved ? .reserved : .available }
            return isFinished ? .finishing : .preparing
        }
        // Only the cable is left of it.
        guard let vehicle else { return .suspendedEV }
        if exchange.isOn { return exchange.flow.power == .zero ? exchange.held : .charging }
        if power > .zero { return .charging }
        // A battery does not decide: the cabinet ends its charging (2.1 S04.FR.06).
        if vehicle.isSatisfied { return isSlot ? .suspendedEVSE : .suspendedEV }
        return offeredMilliamperes < max(Self.leastMilliamperes, vehicle.minMilliamperes)
            ? .suspendedEVSE : .suspendedEV
    }

    /// The energy of a refused token is used up.
    var isDrained: Bool { transaction?.energyEnd.map { $0 <= register.milliwattHours } ?? false }

    /// IEC 61851-1: 6 A.
    private static let leastMilliamperes: Int64 = 6000

    /// Whole watt-hours, as a transaction begins and ends with.
    var wattHours: Int { Int(register.milliwattHours / 1000) }
}
