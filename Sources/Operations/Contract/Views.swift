public import Assets
public import Charging
public import GridDispatch
public import Quantities

/// A station with its live state, as the API shows it.
public struct StationView: Sendable {
    public struct EVSE: Sendable {
        public let number: Int
        public let status: ConnectorStatus
        public let errorCode: String?
        /// Transaction id of the running session, if any.
        public let transaction: String?
        public let session: Session.ID?
        /// Newest measured power; `nil` when none is fresh.
        public let power: Power?
        public let powerAt: Instant?
        /// Setpoint in force and the state of its confirmation.
        public let setpoint: Power?
        public let setpointState: String?
        /// Why it is what it is: a word of `SetpointReason`.
        public var setpointReason: String?
        public let control: EVSEControl
        /// What is lost between its meter and the batteries; `nil`: nothing was measured.
        public var roundTrip: LearnedRoundTrip?
        public init(
            number: Int, status: ConnectorStatus, errorCode: String?, transaction: String?, session: Session.ID?,
            power: Power?, powerAt: Instant?, setpoint: Power?, setpointState: String?, control: EVSEControl
        ) {
            self.number = number
            self.status = status
            self.errorCode = errorCode
            self.transaction = transaction
            self.session = session
            self.power = power
            self.powerAt = powerAt
            self.setpoint = setpoint
            self.setpointState = setpointState
            self.control = control
        }
    }
    public let station: Station
    public let online: Bool
    public let lastSeen: Instant?
    public let `protocol`: String?
    public let evses: [EVSE]
    public let commissioning: Commissioning?
    /// The newest order of firmware.
    public var firmware: StationJob?
    /// Charging profiles that it holds otherwise than we set them (``StationProfiles/differences``).
    public var profileDifferences = 0
    /// Limits that others than us set it.
    public var outsideLimits: [OutsideLimit] = []
    /// The newest change of its security profile over OCPP.
    public let profileChange: SecurityProfileChange?
    public init(
        station: Station, online: Bool, lastSeen: Instant?, protocol: String?, evses: [EVSE],
        commissioning: Commissioning?, profileChange: SecurityProfileChange? = nil
    ) {
        self.station = station
        self.online = online
        self.lastSeen = lastSeen
        self.protocol = `protocol`
        self.evses = evses
        self.commissioning = commissioning
        self.profileChange = profileChange
    }
}

public struct SessionView: Sendable {
    public let session: Session
    public let site: SiteID?
    /// Newest plan's word on an active session, or the last one on an ended one: why it is short.
    public let plan: Plan.Stay?
    public let planStart: Instant?
    public let planStep: Duration?
    /// What holds it now by the profiles of its station (2.1); `nil`: it has ended, or nothing is known.
    public var operation: OperationState?
    public init(session: Session, site: SiteID?, plan: Plan.Stay?, planStart: Instant?, planStep: Duration?) {
        self.session = session
        self.site = site
        self.plan = plan
        self.planStart = planStart
        self.planStep = planStep
    }
}

/// A command to a station and how it ended.
public struct CommandView: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable { case pending, answered, error, timeout, offline }
    public let id: String
    public let station: StationID
    public let action: String
    public let payload: [UInt8]
    public var status: Status
    public let createdAt: Instant
    public var finishedAt: Instant?
    /// The CALLRESULT's payload, as received.
    public var response: [UInt8]?
    /// The station's error, or a ``CommandFailure``.
    public var errorCode: String?
    public var errorDescription: String?
    public let by: String
    /// What came of it, where the station only promised; `nil` with others.
    public var followUp: CommandFollowUp?
    public init(
        id: String, station: StationID, action: String, payload: [UInt8], status: Status, createdAt: Instant,
        finishedAt: Instant? = nil, response: [UInt8]? = nil, errorCode: String? = nil, errorDescription: String? = nil,
        by: String
    ) {
        self.id = id
        self.station = station
        self.action = action
        self.payload = payload
        self.status = status
        self.createdAt = createdAt
        self.finishedAt = finishedAt
        self.response = response
        self.errorCode = errorCode
        self.errorDescription = errorDescription
        self.by = by
    }

    /// Set where the platform ended it without a station's answer.
    public var failure: CommandFailure? {
        get { errorCode.flatMap(CommandFailure.init(rawValue:)) }
        set {
            errorCode = newValue?.rawValue
            errorDescription = newValue?.english
        }
    }
}

/// One minute of a site's root node.
public struct SitePowerPoint: Hashable, Sendable {
    public let site: SiteID
    public let at: Instant
    /// Total through the node: base load and charging; `nil` where nothing was measured.
    public let measured: Power?
    public let charging: Power?
    public let planned: Power?
    public let limit: Power?
    public let base: Power?
    /// `true` when the base load is a fallback because the site meter is stale.
    public let baseIsStale: Bool
    /// Price level word of the tariff (`valley`, `flat` …).
    public let level: String?
    public init(
        site: SiteID, at: Instant, measured: Power?, charging: Power?, planned: Power?, limit: Power?, base: Power?,
        baseIsStale: Bool, level: String?
    ) {
        self.site = site
        self.at = at
        self.measured = measured
        self.charging = charging
        self.planned = planned
        self.limit = limit
        self.base = base
        self.baseIsStale = baseIsStale
        self.level = level
    }
}

/// Something a human must do now. An alarm without an action is an event, not an alarm (ISA-18.2).
public struct Alarm: Hashable, Sendable {
    public enum Priority: Int, Hashable, Sendable { case critical = 1, high, medium, low }
    public let id: Int64
    public let priority: Priority
    /// Stable word, worded by the console: `node-near-limit`, `station-does-not-follow`, `site-meter-stale`, `disk-full` …
    public let code: String
    public let site: SiteID?
    public let object: String
    public let values: [String: String]
    public let since: Instant
    public var endedAt: Instant?
    public var acknowledgedBy: String?
    public var acknowledgedAt: Instant?
    public init(
        id: Int64, priority: Priority, code: String, site: SiteID?, object: String, values: [String: String],
        since: Instant, endedAt: Instant? = nil, acknowledgedBy: String? = nil, acknowledgedAt: Instant? = nil
    ) {
        self.id = id
        self.priority = priority
        self.code = code
        self.site = site
        self.object = object
        self.values = values
        self.since = since
        self.endedAt = endedAt
        self.acknowledgedBy = acknowledgedBy
        self.acknowledgedAt = acknowledgedAt
    }
}

public enum LiveEvent: Sendable {
    case station(StationID)
    case session(Session.ID)
    case sitePower(SitePowerPoint)
    case alarm(Alarm)
    case plan(SiteID, Plan.ID)
    case command(String)
    case campaign(String)
    case payment(String)
}

/// The verdict on one civil day of a site: what was done beside what uncontrolled charging would have done.
/// Yuan as exact decimal text; shares per mille or `nil` where undefined.
public struct DayReport: Hashable, Sendable {
    public struct Side: Hashable, Sendable {
        public let energy: Energy
        public let costYuan: String
        /// Highest 15-minute mean through the node.
        public let peak: Power
        public let slotsAboveLimit: Int
        public let valleyShare: Double?
        public init(energy: Energy, costYuan: String, peak: Power, slotsAboveLimit: Int, valleyShare: Double?) {
            self.energy = energy
            self.costYuan = costYuan
            self.peak = peak
            self.slotsAboveLimit = slotsAboveLimit
            self.valleyShare = valleyShare
        }
    }
    public let site: SiteID
    public let day: CivilDay
    public let limit: Power
    public let orderly: Side
    public let uncontrolled: Side
    /// What an LP with perfect foresight could deliver within the limit, and its energy cost.
    public let deliverable: Energy
    public let foresightCostYuan: String
    /// Largest physically possible valley share of the delivered energy.
    public let valleyShareMaximum: Double?
    /// Extra cost against the LP, split; in yuan as decimal text. Forecast + rounding + not followed = regret.
    public let regretForecastYuan: String
    public let regretRoundingYuan: String
    public let regretNotFollowedYuan: String
    public init(
        site: SiteID, day: CivilDay, limit: Power, orderly: Side, uncontrolled: Side, deliverable: Energy,
        foresightCostYuan: String, valleyShareMaximum: Double?, regretForecastYuan: String, regretRoundingYuan: String,
        regretNotFollowedYuan: String
    ) {
        self.site = site
        self.day = day
        self.limit = limit
        self.orderly = orderly
        self.uncontrolled = uncontrolled
        self.deliverable = deliverable
        self.foresightCostYuan = foresightCostYuan
        self.valleyShareMaximum = valleyShareMaximum
        self.regretForecastYuan = regretForecastYuan
        self.regretRoundingYuan = regretRoundingYuan
        self.regretNotFollowedYuan = regretNotFollowedYuan
    }
}
