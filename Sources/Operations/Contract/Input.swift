public import Assets
public import Charging
public import GridDispatch
public import OCPP
public import Quantities

/// Everything the core is told. The core is one reducer: `handle(Input, at: Instant) -> [Effect]`.
///
/// The instant passed with an input is domain time (real or virtual). Message ids, connections and request numbers are
/// opaque here: the core only hands them back.
public enum Input: Sendable {
    case connected(StationID, connection: UInt64, protocol: String, remoteAddress: String)
    case disconnected(StationID, connection: UInt64, reason: String)
    /// A CALL of a station, decoded by its link.
    case call(StationID, connection: UInt64, InboundCall)
    /// Before it connects: the station proved itself by the password that is kept as `stored`.
    case cameWith(StationID, stored: String)
    /// Before it connects: the certificate that the station proved itself with.
    case cameWithCertificate(StationID, CertificateRecord)
    /// Before it connects, while a change of its security profile is under way: the one that it came in, proven.
    case cameOn(StationID, profile: Int)
    /// A station's SignCertificate, with what our authority made of it.
    case certificateRequest(StationID, connection: UInt64, InboundCall, CertificateVerdict)
    /// A CALL of a station about which the shell asked others first.
    case ruled(StationID, connection: UInt64, InboundCall, CallRuling)
    /// The shell saw something of a station that bears on security.
    case securityEvent(StationID, SecurityEvent.Seen, info: String?)
    /// How a call of ours ended (``Effect/call(_:)``), also late.
    case completed(StationID, token: UInt64, StationLink.CallOutcome, late: Bool)
    /// A frame that could not be used, for the message log.
    case note(StationID, text: [UInt8], problem: String)
    /// What a person or a program ordered through the API; `request` comes back in ``Effect/answer(_:_:)``.
    case order(request: UInt64, Order, by: Actor)
    /// Measured load of a node from a site meter.
    case nodeReadings(request: UInt64, NodeID, [NodeReading], by: Actor)
    case planned(PlanOutcome)
    case measured(SiteCapacity)
    /// How a step of a payment ended (``Effect/pay(_:)``), by the key that it had.
    case paid(String, key: String, PaymentOutcome)
    /// A condition of the shell began (`true`) or ended; it becomes an alarm.
    case condition(ShellCondition, holds: Bool)
    /// At least once a second of domain time, and whenever ``Effect/wake(at:)`` asked.
    case tick
}

public struct NodeReading: Hashable, Sendable {
    public let at: Instant
    public let power: Power
    public init(at: Instant, power: Power) {
        self.at = at
        self.power = power
    }
}

/// Who does something: a person, a token, or the platform itself. Every change is kept with its actor.
public struct Actor: Hashable, Sendable {
    public enum Role: Int, Hashable, Sendable, Comparable, CaseIterable {
        case viewer, `operator`, manager, admin
        public static func < (a: Role, b: Role) -> Bool { a.rawValue < b.rawValue }
        public var name: String {
            switch self {
            case .viewer: "viewer"
            case .operator: "operator"
            case .manager: "manager"
            case .admin: "admin"
            }
        }
        public init?(name: String) {
            guard let role = Role.allCases.first(where: { $0.name == name }) else { return nil }
            self = role
        }
    }
    public let name: String
    public let role: Role
    public init(name: String, role: Role) {
        self.name = name
        self.role = role
    }
    public static let platform = Actor(name: "platform", role: .admin)
}

/// What can be ordered. Each is validated by the core before anything happens; a refusal changes nothing.
public enum Order: Sendable {
    case putStation(StationID, StationChange)
    /// All or nothing.
    case importStations([(StationID, StationChange)])
    case deleteStation(StationID)
    case putIdToken(IdToken)
    case deleteIdToken(String)
    case putSite(Site)
    case deleteSite(SiteID)
    case putNode(GridNode)
    case deleteNode(NodeID)
    /// The reason is for the audit; modes that hold a site back carry it themselves.
    case setMode(SiteID, Site.Mode, reason: String = "")
    /// Asks the charging below a node of the site for a power; one of the same id is replaced.
    case instruct(SiteID, Instruction)
    case withdrawInstruction(SiteID, String)
    case setNeeds(Session.ID, Needs)
    /// `nil` fields stay as they are.
    case setEVSE(EVSEID, paused: Bool?, limit: Power??, chargeNow: Bool?)
    /// A protocol command exactly as given; it was validated against the version's schema by the caller of the core.
    case command(StationID, action: String, payload: [UInt8], timeout: Duration)
    /// Gives a station a new key over OCPP. The key itself goes to the station and nowhere else; `stored` is what is kept.
    case sendKey(StationID, key: String, stored: String, timeout: Duration)
    case acknowledgeAlarm(Int64)
    /// Something that a station holds for people; a call to it follows.
    case ask(StationID, StationWish, timeout: Duration)
    case putLocalList(StationID, LocalListChange)
    /// Brings a station's local list up to date; `whole`: all of it anew.
    case sendLocalList(StationID, whole: Bool)
    case putVendorHandler(VendorHandler)
    case deleteVendorHandler(String)
    /// Firmware, its publication or a log (``StationJob``); the platform numbers it. `file`: of ours, that it is about.
    case askJob(StationID, JobOrder, file: String?, timeout: Duration)
    /// The shell has its bytes on the disk.
    case keepFile(StoredFile)
    case deleteFile(String)
    case createCampaign(CampaignPlan)
    case steerCampaign(String, Campaign.Step)
    case device(DeviceOrder)
    case v2x(V2XOrder)
    case der(DERWish)
    case money(MoneyOrder)
    /// A tariff was loaded, replaced or approved: plans that use it are made anew.
    case tariffChanged(String)
}

/// What a person wants of a station; numbers are given by the platform.
public enum StationWish: Hashable, Sendable {
    /// - Parameter evse: `nil`: any.
    case reserve(evse: Int?, connectorKind: String?, token: String, group: String?, until: Instant)
    case cancelReservation(Int)
    case display(DisplayMessage)
    case clearDisplay(Int)
    case readDisplay
    /// A PEM text, for a use in a word of OCPP 2.x.
    case installCertificate(use: String, pem: String)
    case deleteCertificate(CertificateHashData)
    /// `nil`: those of all uses; in 1.6 of the two that it has.
    case listCertificates(use: String?)
    case readProfiles
    /// For whoever has this token.
    case swapBatteries(token: String)
}

/// Fields of a station that a caller may set; `nil` leaves a field as it is.
public struct StationChange: Hashable, Sendable {
    public var registration: Station.Registration?
    public var site: SiteID??
    public var node: NodeID??
    public var model: String??
    public var phases: Int?
    public var voltage: Int?
    public var maxCurrentMilliamperes: Int64?
    /// Phases and current come from what the platform showed as assumed: where they are the same, they stay assumed.
    public var ratingIsAssumed: Bool?
    public var ownership: Ownership??
    public var ownershipEvidence: String??
    public var owner: String??
    public var securityProfile: Int?
    public var operatorLimit: Power??
    public var maxDischarge: Power??
    public var passwordDigest: String??
    public init() {}
}

/// Something that holds in the shell for a while and that a person should act on: the disk is full, a listener failed.
public struct ShellCondition: Hashable, Sendable {
    /// Stable word, the code of the alarm that it becomes.
    public let code: String
    public let object: String
    public let priority: Alarm.Priority
    public let values: [String: String]
    /// The alarm stands at its site; `nil`: it is about none.
    public var station: StationID?
    public init(code: String, object: String, priority: Alarm.Priority, values: [String: String] = [:]) {
        self.code = code
        self.object = object
        self.priority = priority
        self.values = values
    }
}
