public import Quantities

/// A station whose EVSEs are slots for batteries that drivers exchange (2.1 block S).
public struct SwapCabinet: Hashable, Sendable {
    public struct Battery: Hashable, Sendable {
        public var serial: String
        public var capacity: Energy
        /// State of charge, per mille.
        public var statePermille: Int
        public init(serial: String, capacity: Energy, statePermille: Int) {
            self.serial = serial
            self.capacity = capacity
            self.statePermille = max(0, min(statePermille, 1000))
        }
    }

    /// By slot; as many as the station has connectors.
    public var slots: [Battery?]
    /// Of each slot, at the meter.
    public var maxCharge = Power.kilowatts(3)
    // States of charge, per mille: from where on a battery is given, and where charging ends.
    public var targetPermille = 800
    public var mostPermille = 1000
    /// Batteries charge for this token; empty: without any (S04.FR.02, FR.03).
    public var idToken = ""
    /// Who was let in has so long to put a battery in, and then to take the other.
    public var inTimeout: Duration = .seconds(60)
    public var outTimeout: Duration = .seconds(60)

    public init(slots: [Battery?]) { self.slots = slots }
}

/// Somebody who comes to a cabinet with a used battery.
public struct SwapVisit: Hashable, Sendable {
    public var battery: SwapCabinet.Battery
    /// Held to the reader (S01); `nil`: the driver waits to be let in by the central system (S02).
    public var idTag: String?
    /// `false`: the driver puts the used one in and forgets the other.
    public var takes = true

    public init(_ battery: SwapCabinet.Battery, idTag: String?) {
        self.battery = battery
        self.idTag = idTag
    }
}

extension SimulatedVehicle {
    /// A battery in a slot of a cabinet.
    init(_ battery: SwapCabinet.Battery, in cabinet: SwapCabinet) {
        let cell = SimulatedBattery(capacity: battery.capacity, stored: .zero, chargeEfficiencyPermille: 950)
        let stored = cell.energy(permille: battery.statePermille)
        self.init(
            battery: battery.capacity, stored: stored,
            wanted: max(.zero, cell.energy(permille: cabinet.mostPermille) - stored), maxPower: cabinet.maxCharge,
            efficiencyPermille: 950)
        serial = battery.serial
    }
}

/// When somebody comes to a cabinet, and goes at the latest.
public struct SwapStay: Hashable, Sendable {
    public var visit: SwapVisit
    public var arrival: Instant
    public var departure: Instant
    public init(_ visit: SwapVisit, arrival: Instant, departure: Instant) {
        self.visit = visit
        self.arrival = arrival
        self.departure = departure
    }
}
