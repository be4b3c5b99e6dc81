public import Quantities

public enum Ownership: String, Hashable, Sendable, CaseIterable {
    case `private`
    case `public`
}

/// A charging station as it is set up and as it introduced itself; its live state is ``Charging``'s.
public struct Station: Hashable, Sendable {
    /// What BootNotification is answered.
    public enum Registration: String, Hashable, Sendable, CaseIterable { case accepted, pending, rejected }

    public struct Boot: Hashable, Sendable {
        public var vendor: String
        public var model: String
        public var serial: String?
        public var firmware: String?
        public init(vendor: String, model: String, serial: String? = nil, firmware: String? = nil) {
            self.vendor = vendor
            self.model = model
            self.serial = serial
            self.firmware = firmware
        }
    }

    /// What one EVSE can do: the hardware rating. Positive magnitudes. What nobody stated is assumed to be a common pile's,
    /// and is said to be assumed.
    public struct Electrical: Hashable, Sendable {
        /// Line-to-neutral volts.
        public var voltage: Int
        public var phases: Int { didSet { phasesAreStated = true } }
        public var maxCurrentMilliamperes: Int64 { didSet { currentIsStated = true } }
        /// The least current while charging (IEC 61851-1: 6 A).
        public var minCurrentMilliamperes: Int64
        /// Discharging rating of one EVSE, a positive magnitude; zero: it only charges. `nil`: nobody said, and what station and
        /// vehicle say of themselves counts, up to ``maxPower``.
        public var maxDischarge: Power?
        public private(set) var phasesAreStated: Bool
        public private(set) var currentIsStated: Bool

        /// - Parameters:
        ///   - phases: `nil`: nobody said; one is assumed.
        ///   - maxCurrentMilliamperes: `nil`: nobody said; 32 A are assumed.
        public init(
            voltage: Int = 220, phases: Int? = nil, maxCurrentMilliamperes: Int64? = nil,
            minCurrentMilliamperes: Int64 = 6_000, maxDischarge: Power? = nil
        ) {
            self.voltage = voltage
            self.phases = phases ?? 1
            self.maxCurrentMilliamperes = maxCurrentMilliamperes ?? 32_000
            self.minCurrentMilliamperes = minCurrentMilliamperes
            self.maxDischarge = maxDischarge
            self.phasesAreStated = phases != nil
            self.currentIsStated = maxCurrentMilliamperes != nil
        }
        /// The rating rests on a guess: reckon with it, but have the pile's data mended.
        public var isAssumed: Bool { !phasesAreStated || !currentIsStated }
        public var maxPower: Power { power(milliamperes: maxCurrentMilliamperes) }
        public var minPower: Power { power(milliamperes: minCurrentMilliamperes) }
        /// Rounded down to the watt.
        public func power(milliamperes: Int64) -> Power {
            Power(watts: milliamperes * Int64(voltage * phases) / 1000)
        }
        /// Rounded down to the milliampere.
        public func milliamperes(_ power: Power) -> Int64 { power.watts * 1000 / Int64(voltage * phases) }
    }

    public let id: StationID
    public var registration: Registration
    public var site: SiteID?
    public var node: NodeID?
    public var model: String?
    public var electrical: Electrical
    /// `nil`: nobody said; such a pile counts to neither side.
    public var ownership: Ownership?
    /// What proves the ownership (a file name, a registry number), where given.
    public var ownershipEvidence: String?
    public var owner: String?
    public var boot: Boot?
    public var securityProfile: Int
    /// A limit that the operator set for the pile as a whole; `nil`: the rating.
    public var operatorLimit: Power?
    /// The form in which the password is kept, or nil: no password is asked.
    public internal(set) var passwordDigest: String?
    /// Keys given to it over OCPP whose end is not known yet, and the last one whose end is; oldest first.
    public internal(set) var keyChanges: [KeyChange]
    public var createdAt: Instant

    public init(
        id: StationID, registration: Registration = .accepted, site: SiteID? = nil, node: NodeID? = nil,
        model: String? = nil, electrical: Electrical = Electrical(), ownership: Ownership? = nil,
        ownershipEvidence: String? = nil, owner: String? = nil, boot: Boot? = nil, securityProfile: Int = 0,
        operatorLimit: Power? = nil, passwordDigest: String? = nil, keyChanges: [KeyChange] = [],
        createdAt: Instant
    ) {
        self.id = id
        self.registration = registration
        self.site = site
        self.node = node
        self.model = model
        self.electrical = electrical
        self.ownership = ownership
        self.ownershipEvidence = ownershipEvidence
        self.owner = owner
        self.boot = boot
        self.securityProfile = securityProfile
        self.operatorLimit = operatorLimit
        self.passwordDigest = passwordDigest
        self.keyChanges = keyChanges
        self.createdAt = createdAt
    }
}
