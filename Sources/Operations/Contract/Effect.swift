public import Assets
public import Charging
public import GridDispatch
public import Quantities

/// Everything the core asks of the shell.
///
/// Order and durability: all ``persist(_:)`` of one `handle` belong to one transaction. ``reply(_:connection:messageID:payload:)``,
/// ``replyError(_:connection:messageID:code:description:)`` and ``answer(_:_:)`` are released only after the transaction
/// that holds the changes before them reached the disk (architecture, decision 1); ``call(_:)``, ``solve(_:)``, ``measure(_:)``,
/// ``wake(at:)`` and ``publish(_:)`` may go at once, a call that says ``StationCall/waitsForDisk`` like a reply.
public enum Effect: Sendable {
    case persist([Change])
    case reply(StationID, connection: UInt64, messageID: String, payload: [UInt8])
    case replyError(StationID, connection: UInt64, messageID: String, code: String, description: String)
    case call(StationCall)
    case disconnect(StationID, connection: UInt64, code: UInt16, reason: String)
    case answer(UInt64, Result<OrderResult, ServiceFault>)
    case solve(PlanRequest)
    /// What can be asked of a site's vehicles; the answer returns as ``Input/measured(_:)``. One that never comes is asked for
    /// again a minute later.
    case measure(CapacityProblem)
    case wake(at: Instant)
    /// A step of a payment for the provider; like a reply, it goes after its payment is on the disk. The outcome returns as
    /// ``Input/paid(_:key:_:)``.
    case pay(PaymentCall)
    /// Something people watching should see now (server-sent events).
    case publish(LiveEvent)
}

/// A CALL of ours to a station. The shell gives it to the gateway; the outcome returns as ``Input/completed(_:token:_:late:)``.
public struct StationCall: Sendable {
    public let station: StationID
    public let token: UInt64
    public let messageID: String
    public let action: String
    public let payload: [UInt8]
    /// Real time: transport timers never run on virtual time.
    public let timeout: Duration
    /// The station must not have it before what the platform knows of it is on the disk.
    public let waitsForDisk: Bool
    public init(
        station: StationID, token: UInt64, messageID: String, action: String, payload: [UInt8], timeout: Duration,
        waitsForDisk: Bool = false
    ) {
        self.station = station
        self.token = token
        self.messageID = messageID
        self.action = action
        self.payload = payload
        self.timeout = timeout
        self.waitsForDisk = waitsForDisk
    }
}

public enum OrderResult: Sendable {
    case done
    case station(StationView)
    case command(CommandView)
    case site(Site)
    case node(GridNode)
    case session(SessionView)
    case idToken(IdToken)
    case imported(Int)
    case alarm(Alarm)
    case reservation(Reservation, CommandView)
    case localList(LocalListView)
    case vendorHandler(VendorHandler)
    case file(StoredFile)
    case campaign(CampaignView)
    case der(DEROrderView)
    case swap(BatterySwap, CommandView)
    case payment(Payment)
}

/// What lasts. One `persist` is one transaction; each change is an upsert or an append, safe to repeat.
public enum Change: Sendable {
    /// Protocol journal.
    case message(MessageRecord)
    case station(Station)
    case stationLive(
        StationID, lastSeen: Instant, protocol: String?, connectors: [Int: ConnectorStatus],
        commissioning: Commissioning?)
    case removeStation(StationID)
    case session(Session)
    case readings(session: Session.ID?, evse: EVSEID, [Reading])
    case idToken(IdToken)
    case removeIdToken(String)
    case command(CommandView)
    case site(Site)
    case removeSite(SiteID)
    case node(GridNode)
    case removeNode(NodeID)
    case nodeReadings(NodeID, [NodeReading])
    /// One minute of a site's curve, kept for the power view.
    case sitePower(SitePowerPoint)
    case setpoint(SetpointPoint)
    case plan(Plan)
    case alarm(Alarm)
    case audit(AuditRecord)
    case evse(EVSEControl)
    /// Counters and small facts of the core: next transaction id, next plan id …
    case setting(key: String, value: String)
    case dayReport(DayReport)
    case certificate(CertificateRecord)
    case securityEvent(SecurityEvent)
    case holding(StationHolding)
    case vendorHandler(VendorHandler)
    case removeVendorHandler(String)
    case job(StationJob)
    case file(StoredFile)
    case removeFile(String)
    case campaign(Campaign)
    case campaignTarget(CampaignTarget)
    /// Of a station's device model and what hangs on it.
    case device(DeviceChange)
    /// Of controls of the grid code, and of battery swaps.
    case der(DERChange)
    case swap(SwapChange)
    case payment(Payment)
    case roundTrip(RoundTripRecord)
    case prepaid(PrepaidAccount)
    case removePrepaid(String)
}

public struct MessageRecord: Hashable, Sendable {
    public enum Direction: String, Hashable, Sendable { case inbound = "in", outbound = "out" }
    public let station: StationID
    public let at: Instant
    public let direction: Direction
    public let messageID: String?
    public let action: String?
    /// The frame as it was (bounded by the gateway's message limit).
    public let text: [UInt8]
    /// For an inbound CALL: what it was answered, so that a repeat gets the same answer after a restart too.
    public let reply: [UInt8]?
    public let problem: String?
    public init(
        station: StationID, at: Instant, direction: Direction, messageID: String?, action: String?, text: [UInt8],
        reply: [UInt8]? = nil, problem: String? = nil
    ) {
        self.station = station
        self.at = at
        self.direction = direction
        self.messageID = messageID
        self.action = action
        self.text = text
        self.reply = reply
        self.problem = problem
    }
}

public struct AuditRecord: Hashable, Sendable {
    public let at: Instant
    public let actor: String
    public let role: String
    public let action: String
    public let object: String
    /// What changed, as short text without personal data.
    public let detail: String
    public init(at: Instant, actor: String, role: String, action: String, object: String, detail: String) {
        self.at = at
        self.actor = actor
        self.role = role
        self.action = action
        self.object = object
        self.detail = detail
    }
}

/// What the operator set on one EVSE.
public struct EVSEControl: Hashable, Sendable {
    public let evse: EVSEID
    public var paused: Bool
    public var limit: Power?
    public var chargeNow: Bool
    public init(evse: EVSEID, paused: Bool = false, limit: Power? = nil, chargeNow: Bool = false) {
        self.evse = evse
        self.paused = paused
        self.limit = limit
        self.chargeNow = chargeNow
    }
}

/// What commissioning on first contact found out about a station.
public struct Commissioning: Hashable, Sendable {
    public enum Verdict: String, Hashable, Sendable {
        case unknown, running, follows, doesNotFollow = "does_not_follow"
    }
    public var verdict: Verdict
    /// `A` or `W`: the rate unit that the station takes.
    public var rateUnit: String?
    public var maxStackLevel: Int?
    public var maxPeriods: Int?
    public var maxProfiles: Int?
    public var phases: Int?
    public var sampleInterval: Int?
    /// What people should know of the last step.
    public var note: CommissioningNote?
    /// `nil`: nothing of giving back.
    public var v2x: V2XAbilities?
    public var at: Instant
    public init(
        verdict: Verdict, rateUnit: String? = nil, maxStackLevel: Int? = nil, maxPeriods: Int? = nil,
        maxProfiles: Int? = nil, phases: Int? = nil, sampleInterval: Int? = nil, note: CommissioningNote? = nil,
        v2x: V2XAbilities? = nil,
        at: Instant
    ) {
        self.verdict = verdict
        self.rateUnit = rateUnit
        self.maxStackLevel = maxStackLevel
        self.maxPeriods = maxPeriods
        self.maxProfiles = maxProfiles
        self.phases = phases
        self.sampleInterval = sampleInterval
        self.note = note
        self.v2x = v2x
        self.at = at
    }
}
