public import Quantities

/// What a vehicle that can give energy back said of itself through its station (ISO 15118-20; OCPP 2.1 Q01,
/// `v2xChargingParameters`). Powers are positive magnitudes over all phases; `nil` where it said nothing.
public struct V2XParameters: Hashable, Sendable {
    /// Who decides on the course of power: the vehicle by its own schedule, or the station from moment to moment.
    public enum Control: String, Hashable, Sendable { case scheduled, dynamic }

    /// The transfer that runs, in the standard's word (`DC_BPT`, `AC_three_phase` …).
    public var transfer: String
    public var control: Control
    public var leastCharge: Power?
    public var mostCharge: Power?
    public var leastDischarge: Power?
    public var mostDischarge: Power?
    /// Net energy since plug-in (import less export) at which the battery stands as the driver wants it at departure.
    public var target: Energy?
    /// Below it the vehicle must charge as fast as it can.
    public var minimum: Energy?
    /// The battery is full.
    public var maximum: Energy?
    /// Between these two the driver lets the grid use the battery; outside only charging towards the target.
    public var minimumV2X: Energy?
    public var maximumV2X: Energy?
    /// Of the battery as its vehicle told it (`evEnergyCapacity`).
    public var capacity: Energy?
    public var toldAt: Instant
    /// By our clock. What the meter counted until then and its station told later moves the energies above; `nil`: kept by
    /// an earlier version.
    public var heardAt: Instant?
    /// What the meter had counted of the session when it was told.
    public var importedThen = Energy.zero
    public var exportedThen = Energy.zero
    /// What the meter counted since while nothing charged: its station's own consumption, which no battery has.
    public var ownUse = Energy.zero

    public init(
        transfer: String, control: Control, leastCharge: Power? = nil, mostCharge: Power? = nil,
        leastDischarge: Power? = nil, mostDischarge: Power? = nil, target: Energy? = nil, minimum: Energy? = nil,
        maximum: Energy? = nil, minimumV2X: Energy? = nil, maximumV2X: Energy? = nil, toldAt: Instant
    ) {
        self.transfer = transfer
        self.control = control
        self.leastCharge = leastCharge
        self.mostCharge = mostCharge
        self.leastDischarge = leastDischarge
        self.mostDischarge = mostDischarge
        self.target = target
        self.minimum = minimum
        self.maximum = maximum
        self.minimumV2X = minimumV2X
        self.maximumV2X = maximumV2X
        self.toldAt = toldAt
    }

    /// `false` for a transfer in one direction: the vehicle may be able to give back, and does not now.
    public var isBidirectional: Bool { transfer.contains("BPT") }
}

extension Session {
    /// Net energy since plug-in at which nothing more is taken, by the word of driver and vehicle: where nobody said how far it
    /// may be emptied, a vehicle leaves with no less than it came with.
    public var floor: Energy { [needs?.minimum, v2x?.minimum, v2x?.minimumV2X].compactMap { $0 }.max() ?? .zero }

    /// Net energy since plug-in that is wanted by departure: as a person stated it, else as the vehicle says; `nil`: nobody said.
    public var target: Energy? {
        needs.flatMap { $0.statedBy == Needs.vehicle ? nil : $0.energy } ?? v2x?.target ?? needs?.energy
    }
}
