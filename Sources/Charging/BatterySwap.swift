public import Quantities

// Batteries that are exchanged at a station of slots (OCPP 2.1 block S). A slot is an EVSE: "available" is an empty one.

/// A battery as a station told of it.
public struct SwapBattery: Hashable, Sendable {
    /// Number of its slot, which is that of the EVSE.
    public let slot: Int
    public let serial: String
    /// Hundredths of a percent, 0 to 10 000.
    public var charge: Int
    /// Of its health, in the same unit.
    public var health: Int
    public let producedAt: Instant?
    public let vendorInfo: String?
    public init(slot: Int, serial: String, charge: Int, health: Int, producedAt: Instant?, vendorInfo: String?) {
        self.slot = slot
        self.serial = serial
        self.charge = charge
        self.health = health
        self.producedAt = producedAt
        self.vendorInfo = vendorInfo
    }
}

/// One step of a swap (S03).
public struct SwapEvent: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case taken = "BatteryIn"
        case given = "BatteryOut"
        /// What was offered, nobody took (S03.FR.06).
        case left = "BatteryOutTimeout"
    }
    public let kind: Kind
    /// The same in all steps of a swap.
    public let request: Int
    public let token: String
    /// A peer may tell any number.
    public let batteries: [SwapBattery]
    public init(kind: Kind, request: Int, token: String, batteries: [SwapBattery]) {
        self.kind = kind
        self.request = request
        self.token = token
        self.batteries = Array(batteries.prefix(Self.mostBatteries))
    }
    /// More slots no station has.
    public static let mostBatteries = 64
}
