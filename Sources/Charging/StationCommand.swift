public import Quantities

/// What a station is asked, in words that every protocol shares. People's own commands are protocol payloads and do not
/// pass through here.
public enum StationCommand: Hashable, Sendable {
    /// The running transaction may draw at most `limit` in `interval`; after it the default limit holds again.
    case limitTransaction(evse: Int, transaction: String, limit: Power, interval: Interval)
    /// The running transaction follows `power`, discharging below 0, for the length of `interval` from when the station hears
    /// of it. `isRenewal`: it follows one already, and only the value comes.
    case steer(evse: Int, transaction: String, power: Power, interval: Interval, isRenewal: Bool)
    /// The running transaction follows these powers, discharging below 0, in `interval`; after it the default limit holds again.
    /// The first step begins with the interval.
    case followSchedule(evse: Int, transaction: String, steps: [PowerStep], interval: Interval)
    /// Which default limits the station holds for an EVSE; they come as a report with the number of the request.
    case readDefault(evse: Int, request: Int)
    /// What holds whenever no transaction limit does: steps of 24 hours from `anchor`, repeated daily.
    case limitByDefault(evse: Int, anchor: Instant, steps: [LimitStep])
    /// Which abilities it has (``StationAbilities``).
    case readAbilities
    /// What it says of giving back, as a whole and of these EVSEs (2.1); answered with abilities.
    case readV2XAbilities(evses: [Int])
    /// How often it meters while it charges.
    case sampleEvery(Duration)
    /// What it meters, from the fullest wish (0) to the most modest (``sampledSets``).
    /// - Parameter bothWays: also what flows back.
    case sample(wish: Int, bothWays: Bool = false)
    /// What it reckons that its profiles allow on an EVSE, from now on for `duration` (``ReportedSchedule``).
    case readSchedule(evse: Int, duration: Duration)
    /// How much of a local authorization list it takes (``LocalListBounds``).
    case readListBounds
    /// Which version of the list it holds.
    case readListVersion
    /// Its list becomes `entries`, or these of it change: `isWhole` or not.
    case sendList(version: Int, isWhole: Bool, [LocalListEntry])

    public static let sampledSets = 3
}

/// A power to follow from some time on.
public struct PowerStep: Hashable, Sendable {
    /// From the schedule's start.
    public let start: Duration
    /// Below 0 while discharging.
    public let power: Power
    public init(start: Duration, power: Power) {
        self.start = start
        self.power = power
    }
}

public struct LimitStep: Hashable, Sendable {
    /// From the anchor.
    public let start: Duration
    public let limit: Power
    public init(start: Duration, limit: Power) {
        self.start = start
        self.limit = limit
    }
}

/// How limits are told to one EVSE: unit and shape that the station takes.
public struct LimitForm: Hashable, Sendable {
    public enum Unit: String, Hashable, Sendable {
        case amperes = "A"
        case watts = "W"
    }
    public let unit: Unit
    /// Line-to-neutral volts.
    public let voltage: Int
    public let phases: Int
    /// Highest level of a limit's precedence that the station takes; at least 1.
    public let maxLevel: Int
    public init(unit: Unit, voltage: Int, phases: Int, maxLevel: Int) {
        self.unit = unit
        self.voltage = voltage
        self.phases = phases
        self.maxLevel = maxLevel
    }
}

/// What a station says it can do; `nil` where it says nothing.
public struct StationAbilities: Hashable, Sendable {
    public var unit: LimitForm.Unit?
    public var maxLevel: Int?
    public var maxPeriods: Int?
    public var maxProfiles: Int?
    public var connectors: Int?
    public var sampleInterval: Int?
    /// `false`: it says that it has no smart charging.
    public var limitsPower: Bool?
    /// Of giving back (2.1); `nil` where it was not asked.
    public var v2x: V2XAbilities?
    public init() {}
}

/// How a station took a command.
public enum CommandAnswer: Hashable, Sendable {
    case accepted
    case abilities(StationAbilities)
    case schedule(ReportedSchedule)
    case listBounds(LocalListBounds)
    case listVersion(Int)
    /// It said no; `word` is its own.
    case refused(word: String)
    /// No answer, or one that cannot be read.
    case none(Silence)

    public enum Silence: String, Hashable, Sendable, CaseIterable {
        /// It never left us.
        case offline
        case timeout, unreadable
        case connectionLost = "connection-lost"
    }
}

/// What a station says of the local authorization lists that it takes; `nil` where it says nothing.
public struct LocalListBounds: Hashable, Sendable {
    /// Entries of one message.
    public var perMessage: Int?
    /// Entries of the whole list.
    public var entries: Int?
    /// `false`: it says that it uses no list.
    public var isEnabled: Bool?
    public init() {}
}
