public import Assets
public import Charging
public import GridDispatch
public import Quantities

/// What the API and the console ask of the running platform. Implemented by the program; everything is durable when a
/// call returns. Lists are newest first unless said otherwise.
public protocol PlatformService: DeviceService, DERService, SwapService, MoneyService {
    /// Domain time (virtual in the demo).
    var now: Instant { get }

    func order(_ order: Order, by actor: Actor) async throws(ServiceFault) -> OrderResult
    func addNodeReadings(_ node: NodeID, _ readings: [NodeReading], by actor: Actor) async throws(ServiceFault)

    func stations(after: StationID?, limit: Int) async -> [StationView]
    func station(_ id: StationID) async -> StationView?
    func messages(of station: StationID, limit: Int, before: Int64?) async -> [StoredMessage]
    func command(_ id: String) async -> CommandView?
    /// - Parameter before: id of the last command of the page before.
    func commands(of station: StationID, limit: Int, before: String?) async -> [CommandView]
    /// The platform's own limits on each EVSE of the station.
    func limits(of station: StationID) async -> [EVSELimits]
    /// Our certificate authority; `nil` when there is none.
    func authority() async -> AuthorityView?
    /// The one in use first, then the newest.
    func certificates(of station: StationID) async -> [CertificateRecord]
    /// Which certificates the station holds to trust others by; `nil`: no such station.
    func heldCertificates(of station: StationID) async -> CertificatePicture?
    /// Roots that stations may be given.
    func roots() async -> [PlatformRoot]
    /// - Parameters:
    ///   - station: `nil`: of all.
    ///   - before: id of the last event of the page before.
    func securityEvents(
        of station: StationID?, critical: Bool, limit: Int, before: Int64?
    ) async -> [StoredSecurityEvent]
    /// `nil`: no such station.
    func localList(of station: StationID) async -> LocalListView?
    /// - Parameters:
    ///   - station: `nil`: of all.
    ///   - before: place of the last one of the page before.
    func reservations(of station: StationID?, limit: Int, before: Int64?) async -> [StoredReservation]
    func reservation(_ id: Int, of station: StationID) async -> Reservation?
    /// What is known of the station's display; `nil`: no such station.
    func display(of station: StationID) async -> DisplayPicture?
    /// What is known of the charging profiles that the station holds; `nil`: no such station.
    func chargingProfiles(of station: StationID) async -> StationProfiles?
    /// In order of their ids.
    func vendorHandlers() async -> [VendorHandler]
    /// Files that stations fetch and bring.
    var files: any FileService { get }
    /// Firmware and logs that stations were asked for.
    /// - Parameters:
    ///   - station: `nil`: of all.
    ///   - before: id of the last job of the page before.
    func jobs(of station: StationID?, kind: StationJob.Kind?, limit: Int, before: String?) async -> [StationJob]
    func job(_ id: String) async -> StationJob?
    /// - Parameter before: id of the last campaign of the page before.
    func campaigns(limit: Int, before: String?) async -> [CampaignView]
    func campaign(_ id: String) async -> CampaignView?
    /// In their order.
    /// - Parameter after: position of the last one of the page before.
    func targets(of campaign: String, after: Int?, limit: Int) async -> [CampaignTarget]
    func idToken(_ value: String) async -> IdToken?
    func idTokens(after: String?, limit: Int) async -> [IdToken]
    func sites() async -> [Site]
    func site(_ id: SiteID) async -> Site?
    func nodes() async -> [GridNode]
    func node(_ id: NodeID) async -> GridNode?
    func sessions(_ filter: SessionFilter, after: Session.ID?, limit: Int) async -> [SessionView]
    func session(_ id: Session.ID) async -> SessionView?
    /// Oldest first; `after`: how many to skip.
    func readings(of session: Session.ID, after: Int?, limit: Int) async -> [Reading]
    /// Oldest first, one point a minute, in `interval`.
    func power(of site: SiteID, in interval: Interval) async -> [SitePowerPoint]
    func plan(of site: SiteID) async -> Plan?
    /// Price levels of the site's import tariff, oldest first, also for what lies ahead; empty without a tariff.
    func priceLevels(of site: SiteID, in interval: Interval) async -> [PriceLevelSpan]
    /// What groups of the site were asked for and how they stand, in order of their beginning.
    func instructions(of site: SiteID) async -> [GroupInstruction]
    /// What can be asked of the site's vehicles now; `nil`: no such site, or nothing was measured yet.
    func capacity(of site: SiteID) async -> SiteCapacity?
    /// What would hold on the site if the platform died now.
    func offlineOutlook(of site: SiteID) async -> OfflineOutlook?
    /// - Parameter before: id of the last alarm of the page before.
    func alarms(active: Bool, limit: Int, before: Int64?) async -> [Alarm]
    /// How the audit names tokens.
    var tokenMarker: TokenMarker { get }
    func audit(limit: Int, before: Int64?) async -> [(id: Int64, record: AuditRecord)]
    func dayReports(of site: SiteID) async -> [DayReport]
    /// What the site's vehicles took and gave back; `nil`: no such site.
    func v2g(of site: SiteID, in interval: Interval) async -> V2GReport?
    /// Readings of a session, oldest first; where there are many, of each measurand the first and the last one of every `step`.
    func course(of session: Session.ID, step: Duration) async -> [Reading]
    /// Powers that the EVSE's vehicles were told to follow, oldest first; the first one may lie before `interval`.
    func setpoints(of evse: EVSEID, in interval: Interval) async -> [SetpointPoint]
    /// The newest reading of each node of the site that has one.
    func nodeReadings(of site: SiteID) async -> [NodeID: NodeReading]
    /// Tariff ids that a site may use.
    func tariffs() async -> [String]

    /// Counters and gauges for Prometheus: name with labels → value.
    func metrics() async -> [Metric]
    /// `nil` when all is well, else what is not.
    func unreadiness() async -> String?

    /// Live events from now on; a slow reader loses the oldest (bounded buffer).
    func events() -> AsyncStream<LiveEvent>

    // Access. Secrets are never kept in clear.
    /// The form in which a station's password that a person made up is kept; takes some 10 ms, on a thread of its own.
    func storedForm(ofPassword password: String) async throws(ServiceFault) -> String
    /// A new key for a station, as it is configured there, and the form in which it is kept.
    func makeStationKey() -> (key: String, stored: String)
    func actor(token: String) async -> Actor?
    func signIn(user: String, password: String, from address: String) async -> WebSession?
    func webSession(_ id: String) async -> WebSession?
    func signOut(_ id: String) async
}

extension PlatformService {
    public func priceLevels(of site: SiteID, in interval: Interval) async -> [PriceLevelSpan] { [] }
    public func v2g(of site: SiteID, in interval: Interval) async -> V2GReport? { nil }
    public func nodeReadings(of site: SiteID) async -> [NodeID: NodeReading] { [:] }
    public func course(of session: Session.ID, step: Duration) async -> [Reading] {
        await readings(of: session, after: nil, limit: 10_000)
    }
    public func setpoints(of evse: EVSEID, in interval: Interval) async -> [SetpointPoint] { [] }
}

/// A span of one price level (`valley`, `flat` …) of a tariff.
public struct PriceLevelSpan: Hashable, Sendable {
    public let interval: Interval
    public let level: String
    public init(interval: Interval, level: String) {
        self.interval = interval
        self.level = level
    }
}

public struct StoredMessage: Sendable {
    public let sequence: Int64
    public let record: MessageRecord
    public init(sequence: Int64, record: MessageRecord) {
        self.sequence = sequence
        self.record = record
    }
}

public struct SessionFilter: Hashable, Sendable {
    public var station: StationID?
    public var site: SiteID?
    public var status: Session.Status?
    public var from: Instant?
    public var to: Instant?
    public init(
        station: StationID? = nil, site: SiteID? = nil, status: Session.Status? = nil, from: Instant? = nil,
        to: Instant? = nil
    ) {
        self.station = station
        self.site = site
        self.status = status
        self.from = from
        self.to = to
    }
}

/// Tariffs at stations, costs and payments.
public protocol MoneyService: Sendable {
    /// By which the station reckons costs; `nil`: no such station.
    func tariffs(of station: StationID) async -> StationTariffs?
    func statement(of session: Session.ID) async -> SessionStatement?
    /// - Parameter before: id of the last payment of the page before.
    func payments(_ filter: PaymentFilter, limit: Int, before: String?) async -> [Payment]
    func payment(_ id: String) async -> Payment?
    /// The payment whose receipt has this address; `nil`: none has.
    func payment(receipt ticket: String) async -> Payment?
    /// Where the receipt of a payment is found; `nil`: nowhere.
    func receiptAddress(of payment: String) -> String?
    /// What is left on a prepaid card; `nil`: it is none.
    func prepaidAccount(_ token: String) async -> PrepaidAccount?
    /// By EVSE; `nil`: no such station.
    func webPayments(of station: StationID) async -> [WebPaymentSetup]?
    /// What stations make QR codes of; `nil`: drivers cannot reach this platform.
    var webPaymentTemplate: String? { get }
    /// The end of the address at which a driver sees how a payment stands.
    func payTicket(of payment: String) -> String
    /// The payment behind such an address; `nil`: none.
    func payment(paying ticket: String) async -> Payment?
}

public struct Metric: Sendable {
    public enum Kind: String, Sendable { case counter, gauge }
    public let name: String
    public let help: String
    public let kind: Kind
    public let labels: [(String, String)]
    public let value: Double
    public init(name: String, help: String, kind: Kind, labels: [(String, String)] = [], value: Double) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.value = value
    }
}

public struct WebSession: Sendable {
    /// The cookie's value.
    public let id: String
    public let actor: Actor
    /// Must come with every form post and every unsafe API call that uses the cookie.
    public let csrfToken: String
    public let expiresAt: Instant
    public init(id: String, actor: Actor, csrfToken: String, expiresAt: Instant) {
        self.id = id
        self.actor = actor
        self.csrfToken = csrfToken
        self.expiresAt = expiresAt
    }
}
