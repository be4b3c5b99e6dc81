public import Quantities

/// State of a connector in protocol-neutral words (those of OCPP 1.6 §4.9, which both generations map to).
public enum ConnectorStatus: String, Hashable, Sendable, CaseIterable {
    case available, preparing, charging, suspendedEV, suspendedEVSE, finishing, reserved, unavailable, faulted
    /// Never reported, or a word we do not know.
    case unknown
    /// A vehicle is plugged in.
    public var isOccupied: Bool {
        switch self {
        case .preparing, .charging, .suspendedEV, .suspendedEVSE, .finishing: true
        default: false
        }
    }
}

/// One sampled value with its context, exact as the meter said it: value = mantissa · 10^-scale.
public struct Reading: Hashable, Sendable {
    public let at: Instant
    public let measurand: String
    public let mantissa: Int64
    public let scale: Int
    public let unit: String
    public let phase: String?
    public let location: String?
    public let context: String?
    /// Number, within its transaction, of the message that brought it (OCPP 2.x `seqNo`); `nil` where messages have none.
    /// Several numbered messages may speak of the same second.
    public let sequence: Int?
    public init(
        at: Instant, measurand: String, mantissa: Int64, scale: Int, unit: String, phase: String? = nil,
        location: String? = nil, context: String? = nil, sequence: Int? = nil
    ) {
        self.at = at
        self.measurand = measurand
        self.mantissa = mantissa
        self.scale = scale
        self.unit = unit
        self.phase = phase
        self.location = location
        self.context = context
        self.sequence = sequence
    }

    /// What makes a reading of one EVSE and transaction the same one: a repeat under it is nothing new, another value
    /// under it is a correction.
    public struct Key: Hashable, Sendable {
        public let at: Instant
        public let measurand: String
        public let phase: String?
        public let location: String?
        public let context: String?
        public let sequence: Int?
        public init(
            at: Instant, measurand: String, phase: String?, location: String?, context: String?, sequence: Int? = nil
        ) {
            self.at = at
            self.measurand = measurand
            self.phase = phase
            self.location = location
            self.context = context
            self.sequence = sequence
        }
    }
    public var key: Key {
        Key(at: at, measurand: measurand, phase: phase, location: location, context: context, sequence: sequence)
    }

    /// Without trailing zeros.
    public var valueText: String { decimalText(Int128(mantissa), scale: scale) }
}

/// A token that may charge (OCPP idTag / idToken).
public struct IdToken: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable, CaseIterable {
        case accepted = "Accepted"
        case blocked = "Blocked"
        case expired = "Expired"
        case invalid = "Invalid"
    }
    public let value: String
    public var status: Status
    public var expiresAt: Instant?
    public var parent: String?
    public var type: String?
    /// How energy may flow for whoever has it (``EnergyTransfer/words``); `nil`: nobody said.
    public var energyTransfer: [String]?
    /// What whoever has it pays; `nil`: what its group pays, else what the site asks.
    public var prices: DriverPrices?
    public init(
        value: String, status: Status, expiresAt: Instant? = nil, parent: String? = nil, type: String? = nil,
        energyTransfer: [String]? = nil, prices: DriverPrices? = nil
    ) {
        self.value = value
        self.status = status
        self.expiresAt = expiresAt
        self.parent = parent
        self.type = type
        self.energyTransfer = energyTransfer
        self.prices = prices
    }
}
