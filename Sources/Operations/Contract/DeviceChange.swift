public import Assets
public import Charging
public import Quantities

/// What lasts of a station's device model and of what hangs on it; each is an upsert or a removal, safe to repeat.
public enum DeviceChange: Hashable, Sendable {
    /// In order; of one station at most ``DeviceVariable/most`` are kept.
    case variables(StationID, [VariableNews], at: Instant)
    /// What was set to hold after a restart holds.
    case restarted(StationID, at: Instant)
    /// A full report is complete: what was not told since its first part is gone.
    case forgetVariables(StationID, before: Instant)
    case report(DeviceReport)
    case monitors(StationID, [DeviceMonitor], at: Instant)
    case forgetMonitors(StationID, Forgotten)
    /// `nil` leaves as it is.
    case monitoring(StationID, base: String?, level: Int?, at: Instant)
    case event(StationID, DeviceEvent, receivedAt: Instant)
    case template(DeviceTemplate)
    case removeTemplate(String)
    case network(StationID, NetworkProfile, at: Instant)
    case securityProfile(SecurityProfileChange)
    case customer(CustomerInquiry)
    case customerPart(StationID, request: Int, number: Int, data: String, at: Instant)
    /// With everything that came for it.
    case removeCustomer(StationID, request: Int)
    /// Everything about one customer, except what came for one request.
    case forgetCustomer(StationID, subject: String, except: Int)

    public enum Forgotten: Hashable, Sendable {
        case these([Int])
        case before(Instant)
        /// Those that were set over OCPP.
        case custom
    }

    /// `nil`: of none.
    public var station: StationID? {
        switch self {
        case .variables(let id, _, _), .restarted(let id, _), .forgetVariables(let id, _), .monitors(let id, _, _),
            .forgetMonitors(let id, _), .monitoring(let id, _, _, _), .event(let id, _, _), .network(let id, _, _),
            .customerPart(let id, _, _, _, _), .removeCustomer(let id, _), .forgetCustomer(let id, _, _):
            id
        case .report(let report): report.station
        case .securityProfile(let change): change.station
        case .customer(let inquiry): inquiry.station
        case .template, .removeTemplate: nil
        }
    }
}

/// What is kept of a station's monitoring beside its monitors.
public struct MonitoringSettings: Hashable, Sendable {
    /// As it was set last; `nil`: never by us.
    public var base: String?
    public var level: Int?
    public var at: Instant?
    public init(base: String? = nil, level: Int? = nil, at: Instant? = nil) {
        self.base = base
        self.level = level
        self.at = at
    }
}

/// What the core needs of device models at its start.
public struct DeviceCoreState: Sendable {
    /// Stations with something that holds only after their restart.
    public var awaitingRestart: Set<StationID> = []
    /// The newest four of each station and kind, oldest first.
    public var reports: [DeviceReport] = []
    /// Severity of each monitor of a station.
    public var severities: [StationID: [Int: Int]] = [:]
    public var networks: [StationID: [NetworkProfile]] = [:]
    /// The newest of each station.
    public var securityProfiles: [SecurityProfileChange] = []
    public var templates: [DeviceTemplate] = []
    /// The newest four of each station, oldest first.
    public var inquiries: [CustomerInquiry] = []
    public init() {}
}

/// Values that stations of one kind should have.
public struct DeviceTemplate: Hashable, Sendable {
    public let name: String
    public var note: String
    /// Each variable and attribute once.
    public var settings: [VariableSetting]
    /// In order.
    public var stations: [StationID]
    public var changedAt: Instant
    public var changedBy: String
    /// A station that has other values is an alarm; what it has not told, or what holds after its restart, is none.
    public var alarms = false
    public init(
        name: String, note: String = "", settings: [VariableSetting], stations: [StationID], changedAt: Instant,
        changedBy: String
    ) {
        self.name = name
        self.note = note
        self.settings = settings
        self.stations = stations
        self.changedAt = changedAt
        self.changedBy = changedBy
    }
    public static let most = 100
    public static let mostSettings = 200
    public static let mostStations = 2000
}

/// An event of a station as it is kept.
public struct StoredDeviceEvent: Hashable, Sendable {
    public let id: Int64
    public let station: StationID
    public let event: DeviceEvent
    public let receivedAt: Instant
    /// Of one that lasts: when it was told to be over, and the station's number of the event that said so.
    public let clearedAt: Instant?
    public let clearedBy: Int?
    public init(
        id: Int64, station: StationID, event: DeviceEvent, receivedAt: Instant, clearedAt: Instant? = nil,
        clearedBy: Int? = nil
    ) {
        self.id = id
        self.station = station
        self.event = event
        self.receivedAt = receivedAt
        self.clearedAt = clearedAt
        self.clearedBy = clearedBy
    }
}

/// An inquiry with what has come for it.
public struct CustomerRecord: Hashable, Sendable {
    public let inquiry: CustomerInquiry
    /// Of the parts that came, in order; `nil`: none has come.
    public let data: String?
    public init(inquiry: CustomerInquiry, data: String?) {
        self.inquiry = inquiry
        self.data = data
    }
}

/// What the API and the console ask about device models; a part of ``PlatformService``.
public protocol DeviceService: Sendable {
    /// In order of their names.
    /// - Parameter keys: only these (``VariableName/key``); `nil`: all.
    func deviceModel(of station: StationID, keys: Set<String>?) async -> [KnownVariable]
    /// Newest first; both kinds.
    func deviceReports(of station: StationID) async -> [DeviceReport]
    /// In order of their numbers.
    func deviceMonitors(of station: StationID) async -> [KnownMonitor]
    func monitoringSettings(of station: StationID) async -> MonitoringSettings
    /// Newest first.
    /// - Parameters:
    ///   - station: `nil`: of all.
    ///   - severity: only those up to this number.
    ///   - before: id of the last event of the page before.
    func deviceEvents(
        of station: StationID?, severity: Int?, open: Bool, limit: Int, before: Int64?
    ) async -> [StoredDeviceEvent]
    /// In order of their names.
    func deviceTemplates() async -> [DeviceTemplate]
    func deviceTemplate(_ name: String) async -> DeviceTemplate?
    /// In order of their slots.
    func networkProfiles(of station: StationID) async -> [NetworkProfile]
    /// Newest first.
    func customerInformation(of station: StationID) async -> [CustomerRecord]
}
