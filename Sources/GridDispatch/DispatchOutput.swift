public import Assets
public import Quantities

/// What the dispatcher wants done, and why each EVSE stands where it stands.
public struct DispatchOutput: Sendable {
    /// To be sent now, most urgent first. Each must be answered by ``Dispatcher/settle(_:_:at:)``.
    public var commands: [DispatchCommand] = []
    public var raised: [DispatchAlarm] = []
    public var ended: [DispatchAlarm.Key] = []
    /// One for every EVSE of the input, in its order.
    public var evses: [EVSEDispatch] = []
    /// One for every node of the input, in its order.
    public var nodes: [NodeDispatch] = []
    /// One for every active instruction that asks a group for a power (``Instruction/Target/charging(below:)``).
    public var groups: [GroupDispatch] = []
    /// EVSEs that were found to ignore their setpoint (`true`) or to follow again (`false`) in this step.
    public var verdicts: [(evse: EVSEID, ignoresProfiles: Bool)] = []
    /// How far the input's instructions came in this step; pass each to ``Instruction/advance(to:at:power:)``.
    public var progress: [(instruction: String, stage: Instruction.Stage, power: Power)] = []
    /// When the next step is due even if nothing happens.
    public var wakeAt: Instant
}

/// One order to a station.
public struct DispatchCommand: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        /// A transaction profile: `limit` from now until `until`, then the default profile.
        case setpoint(session: String, limit: Power, until: Instant)
        /// A power to follow, discharging below 0, until `until` unless it is told again.
        case follow(session: String, power: Power, until: Instant)
        /// Powers to follow one after the other until `until`, for a vehicle that negotiates them; the first one from now. Later
        /// ones lie between zero and the first.
        case schedule(session: String, steps: [ScheduleStep], until: Instant)
        /// The default profile that holds whenever no transaction profile does; it never ends.
        case fallback(DailyProfile)
    }
    /// Rising over all EVSEs of the site; of two for one EVSE the higher number was sent later.
    public let number: UInt64
    public let evse: EVSEID
    public let content: Content
    /// A cut for safety: it goes before everything else.
    public let isUrgent: Bool
    public let reason: SetpointReason
}

/// A power to follow from an instant on, discharging below 0.
public struct ScheduleStep: Hashable, Sendable {
    public let from: Instant
    public let power: Power
    public init(from: Instant, power: Power) {
        self.from = from
        self.power = power
    }
}

/// How a command ended.
public enum DispatchAnswer: Hashable, Sendable {
    case accepted
    case rejected
    /// Sent, and no answer came: it may be in force.
    case noReply
    /// It never left us (the station was offline): it is not in force.
    case notSent
}

/// Why a setpoint is what it is. The console words it by `code`.
public enum SetpointReason: Hashable, Sendable {
    case noSession
    case offline
    case plan
    /// Before the first plan that knows the session.
    case provisional
    case chargeNow
    case driverMinimum
    case paused
    case stopped
    case manual
    case operatorLimit
    /// Somebody else than us limits the station.
    case outsideLimit
    /// Stopped drawing though it was allowed to.
    case full
    /// Draws less than it was allowed; the rest was given to others.
    case belowSetpoint
    /// The room of another vehicle was free.
    case freedRoom
    case nodeLimit(NodeID)
    /// The guard cut because measured load neared the limit.
    case guardCut(NodeID)
    /// More would break the limit if the platform died now.
    case offlineGuarantee(NodeID)
    case belowMinimumCurrent
    case ignoresProfiles
    case instruction(String)
    /// More would be taken from the vehicle than its driver leaves.
    case energyFloor
    /// More discharge would break the node's export limit.
    case exportLimit(NodeID)
    /// It turned round a moment ago.
    case turning
    /// It does less than it was told; the rest is asked of others.
    case fallsShort
    /// It has not answered yet.
    case unanswered
    /// It said no to what it was told.
    case refuses
    /// It does all that station and vehicle can do.
    case atRating
    /// A control of the grid code leaves it no more to give.
    case gridCode
    /// Its vehicle offers no more for now.
    case vehicleOffer
    /// Its vehicle follows no setpoint: it is told limits only.
    case notSteered

    public var code: String {
        switch self {
        case .noSession: "no-session"
        case .offline: "offline"
        case .plan: "plan"
        case .provisional: "provisional"
        case .chargeNow: "charge-now"
        case .driverMinimum: "driver-minimum"
        case .paused: "paused"
        case .stopped: "stopped"
        case .manual: "manual"
        case .operatorLimit: "operator-limit"
        case .outsideLimit: "outside-limit"
        case .full: "full"
        case .belowSetpoint: "below-setpoint"
        case .freedRoom: "freed-room"
        case .nodeLimit: "node-limit"
        case .guardCut: "guard-cut"
        case .offlineGuarantee: "offline-guarantee"
        case .belowMinimumCurrent: "below-minimum-current"
        case .ignoresProfiles: "ignores-profiles"
        case .instruction: "instruction"
        case .energyFloor: "energy-floor"
        case .exportLimit: "export-limit"
        case .turning: "turning"
        case .fallsShort: "falls-short"
        case .unanswered: "unanswered"
        case .refuses: "refuses"
        case .atRating: "at-rating"
        case .gridCode: "grid-code"
        case .vehicleOffer: "vehicle-offer"
        case .notSteered: "not-steered"
        }
    }
    /// The node or the instruction that the reason names.
    public var object: String? {
        switch self {
        case .nodeLimit(let node), .guardCut(let node), .offlineGuarantee(let node), .exportLimit(let node):
            node.value
        case .instruction(let id): id
        default: nil
        }
    }
}

public struct EVSEDispatch: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        /// Nothing was asked: the default profile holds.
        case none
        case pending, confirmed, rejected
        case noReply = "no_reply"
    }
    public let evse: EVSEID
    /// What we want; `nil` where nothing is asked.
    public let wanted: Power?
    /// The setpoint that the station confirmed and that still holds.
    public let confirmed: Power?
    public let confirmedUntil: Instant?
    public let state: State
    public let reason: SetpointReason
    /// The most it may draw now as far as we know.
    public let worstCase: Power
    /// The default profile's value now; `nil`: none was confirmed yet.
    public let fallback: Power?
    /// It draws nothing though it may for minutes: tell the forecast that it is full.
    public let isFull: Bool
    /// Without us the pile gives nothing at some time of the day.
    public let stopsWithoutUs: Bool
}

/// How a group follows the power it was asked for. Charging positive.
public struct GroupDispatch: Hashable, Sendable {
    /// Why a member does not do more.
    public struct Shortfall: Hashable, Sendable {
        public let evse: EVSEID
        public let reason: SetpointReason
    }
    public let instruction: String
    public let node: NodeID
    public let asked: Power
    /// Where the ramp stands.
    public let target: Power
    /// What the members were told, and what those that cannot be told do.
    public let allocated: Power
    public let measured: Power
    /// What the members could do at the most now, in both directions.
    public let lowest: Power
    public let highest: Power
    /// Since when the sum is off by more than a fiftieth; `nil`: it follows.
    public let missedSince: Instant?
    /// Empty while nothing is missing.
    public let shortfalls: [Shortfall]
}

public struct NodeDispatch: Hashable, Sendable {
    public let node: NodeID
    public let limit: Power?
    /// Estimated load that is not charging.
    public let base: Power
    /// `true`: the meter is stale and the base load is a conservative fallback.
    public let isStale: Bool
    /// Sum of what the EVSEs below may draw now.
    public let worstCase: Power
    public let isGuarding: Bool
}

/// A condition a person should know of. Raised once, ended once.
public struct DispatchAlarm: Hashable, Sendable {
    public struct Key: Hashable, Sendable {
        /// `node-near-limit`, `node-over-limit`, `site-meter-stale`, `station-does-not-follow`, `group-misses-setpoint`, `station-beyond-rating`, `setpoint-rejected`,
        /// `offline-limit-not-guaranteed`.
        public let code: String
        /// The node or the EVSE.
        public let object: String
    }
    /// As ISA-18.2 ranks: 1 critical … 4 low.
    public let priority: Int
    public let key: Key
    public let values: [String: String]
}
