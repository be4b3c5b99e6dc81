public import Assets
public import Charging
public import GridDispatch
public import Quantities

/// What the core needs to know at its start: everything that lasted, read from the disk in one snapshot.
///
/// Spans of time below are counted back from the newest instant on the disk, not from a clock: domain time may be
/// virtual.
public struct CoreState: Sendable {
    /// A station as it is set up and as it was last seen.
    public struct StationRecord: Sendable {
        public let station: Station
        public let lastSeen: Instant?
        public let `protocol`: String?
        /// Connector number → status; 0 is the station itself.
        public let connectors: [Int: ConnectorStatus]
        public let commissioning: Commissioning?
        public init(
            station: Station, lastSeen: Instant? = nil, protocol: String? = nil,
            connectors: [Int: ConnectorStatus] = [:], commissioning: Commissioning? = nil
        ) {
            self.station = station
            self.lastSeen = lastSeen
            self.protocol = `protocol`
            self.connectors = connectors
            self.commissioning = commissioning
        }
    }

    /// An ended session in the words that a forecast learns from.
    public struct PastStay: Hashable, Sendable {
        public let evse: EVSEID
        public let site: SiteID?
        public let idToken: String?
        public let start: Instant
        public let end: Instant
        /// Import less export.
        public let energy: Energy
        public init(evse: EVSEID, site: SiteID?, idToken: String?, start: Instant, end: Instant, energy: Energy) {
            self.evse = evse
            self.site = site
            self.idToken = idToken
            self.start = start
            self.end = end
            self.energy = energy
        }
    }

    /// Mean of a quarter of an hour that starts at `at`.
    public struct QuarterMean: Hashable, Sendable {
        public let at: Instant
        public let power: Power
        public init(at: Instant, power: Power) {
            self.at = at
            self.power = power
        }
    }

    /// In order of identity.
    public var stations: [StationRecord] = []
    public var controls: [EVSEControl] = []
    /// Oldest first.
    public var activeSessions: [Session] = []
    /// Ended within 48 h, at most 20 000, oldest first: late stops and late readings find them.
    public var endedSessions: [Session] = []
    public var idTokens: [IdToken] = []
    public var sites: [Site] = []
    public var nodes: [GridNode] = []
    /// Newest of each station, oldest first; those that no longer hang on anything are left out.
    public var certificates: [CertificateRecord] = []
    public var localLists: [LocalListRecord] = []
    /// Those that may still be used, and the newest others of each station, oldest first.
    public var reservations: [Reservation] = []
    public var displays: [DisplayPicture] = []
    public var heldCertificates: [CertificatePicture] = []
    public var profiles: [StationProfiles] = []
    /// Those that have not ended.
    public var outsideLimits: [(station: StationID, limit: OutsideLimit)] = []
    /// Those that were not forgotten yet.
    public var derOrders: [DEROrder] = []
    public var derPictures: [DERPicture] = []
    public var cabinets: [BatteryCabinet] = []
    /// Those that are open, and the newest others of each station, oldest first.
    public var swaps: [BatterySwap] = []
    public var vendorHandlers: [VendorHandler] = []
    /// What stations promised by their answers and have not shown yet.
    public var promisedCommands: [CommandView] = []
    /// The newest few of each station, those without an end first kept, oldest first.
    public var jobs: [StationJob] = []
    /// That have not ended, oldest first, with all their stations in order.
    public var campaigns: [(campaign: Campaign, targets: [CampaignTarget])] = []
    public var devices = DeviceCoreState()
    public var tariffs: [StationTariffs] = []
    public var webPayments: [WebPaymentSetup] = []
    public var prepaid: [PrepaidAccount] = []
    /// All that are not over, and the newest others, oldest first.
    public var payments: [Payment] = []
    /// The newest of each EVSE, oldest first.
    public var roundTrips: [RoundTripRecord] = []
    public var settings: [String: String] = [:]
    /// Oldest first.
    public var pendingCommands: [CommandView] = []
    public var activeAlarms: [Alarm] = []
    /// The newest of each site.
    public var plans: [Plan] = []
    /// Inbound calls of the last 48 h, oldest first, at most 64 a station: repeats are recognised after a restart too.
    public var inboundMessages: [MessageRecord] = []
    /// Newest reading of each node's site meter.
    public var nodeReadings: [NodeID: NodeReading] = [:]
    /// What the site meter of a node measured (charging included where the meter sees it), 8 weeks, oldest first.
    public var nodeLoad: [NodeID: [QuarterMean]] = [:]
    /// Base load of a site's root node where it was fresh (``SitePowerPoint/base``), 8 weeks, oldest first.
    public var siteBaseLoad: [SiteID: [QuarterMean]] = [:]
    /// 12 weeks, oldest first, at most 200 000.
    public var pastStays: [PastStay] = []

    public init() {}
}
