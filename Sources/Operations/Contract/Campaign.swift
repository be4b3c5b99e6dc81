public import Assets
public import Charging
public import OCPPMessages
public import Quantities

/// One command to many stations: in order, some at a time, with a result a station.
///
/// Each station's command is sent at most once, except that one that surely never left is sent later, and one without an
/// answer again where the plan says so.
public struct Campaign: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case draft, running, paused, finished, cancelled
        public var isOver: Bool { self == .finished || self == .cancelled }
    }
    /// What a person may do with it.
    public enum Step: String, Hashable, Sendable, CaseIterable { case start, pause, cancel }

    public let id: String
    public let plan: CampaignPlan
    public let by: String
    public let createdAt: Instant
    public var state: State
    public var startedAt: Instant?
    /// Nothing is sent after it.
    public var endsAt: Instant?
    public var endedAt: Instant?
    public init(
        id: String, plan: CampaignPlan, by: String, createdAt: Instant, state: State = .draft,
        startedAt: Instant? = nil,
        endsAt: Instant? = nil, endedAt: Instant? = nil
    ) {
        self.id = id
        self.plan = plan
        self.by = by
        self.createdAt = createdAt
        self.state = state
        self.startedAt = startedAt
        self.endsAt = endsAt
        self.endedAt = endedAt
    }
}

/// What is sent to whom and how.
public struct CampaignPlan: Hashable, Sendable {
    public struct Command: Hashable, Sendable {
        public let action: String
        public let payload: [UInt8]
        public init(action: String, payload: [UInt8]) {
            self.action = action
            self.payload = payload
        }
        /// The payload as people may see it, without names and passwords in addresses.
        public func shown(in version: OCPPVersion) -> [UInt8] {
            ProtocolAdapter.withoutSecrets(request: payload, of: action, in: version)
        }
    }
    /// Those of the list, else those that all the filters hold for; whoever is registered when it is made.
    public struct Selection: Hashable, Sendable {
        public var stations: [StationID]?
        public var site: SiteID?
        public var vendor: String?
        public var model: String?
        public var firmware: String?
        public init() {}
    }

    public var name: String
    /// A station of 2.1 takes 2.0.1's where there is none of its own.
    public var commands: [OCPPVersion: Command]
    public var selection: Selection
    /// How many commands may be under way.
    public var parallel = 10
    /// Times that a command without an answer is sent; 1: never again.
    public var attempts = 1
    /// Between two attempts.
    public var wait: Duration = .seconds(300)
    /// How long a station has to answer; real time.
    public var timeout: Duration = .seconds(30)
    /// From its start on; stations that were not reached until then are left out.
    public var length: Duration = .days(1)
    /// The firmware file of ours that the commands name.
    public var file: String?
    /// Firmware or a log for all of them: the core makes the commands of it, each version its own. A log without a place
    /// comes to us, from each station under an address of its own.
    public var job: JobOrder?

    public init(name: String, commands: [OCPPVersion: Command], selection: Selection = Selection()) {
        self.name = name
        self.commands = commands
        self.selection = selection
    }

    public func command(for version: OCPPVersion) -> Command? {
        commands[version] ?? (version == .v21 ? commands[.v201] : nil)
    }

    /// As a version is called outside: `1.6`, `2.0.1`, `2.1`.
    public static let versions = OCPPVersion.allCases.map(\.number)

    /// `false`: there is no such version.
    public mutating func set(_ command: Command, forVersion name: String) -> Bool {
        guard let version = OCPPVersion.allCases.first(where: { $0.number == name }) else { return false }
        commands[version] = command
        return true
    }
    /// In the order of the versions.
    public var commandList: [(version: OCPPVersion, command: Command)] {
        OCPPVersion.allCases.compactMap { version in commands[version].map { (version, $0) } }
    }

    public static let mostParallel = 1000
    public static let mostAttempts = 10
    public static let mostStations = 20_000
}

/// One station of a campaign.
public struct CampaignTarget: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case waiting
        /// On its way, or it may be.
        case sent
        /// The station took it.
        case accepted
        /// It answered something else; ``CampaignTarget/word`` is its own.
        case refused
        /// CALLERROR.
        case error
        case timeout
        /// The connection or the platform ended before an answer: it may have been carried out.
        case unknown
        /// Its version has no command in the plan.
        case skipped
        /// It was not connected until the end.
        case offline
        case cancelled
        public var isOver: Bool { self != .waiting && self != .sent }
    }

    public let campaign: String
    public let position: Int
    public let station: StationID
    public var state: State
    public var attempts = 0
    /// The newest command.
    public var command: String?
    public var word: String?
    /// Since when.
    public var at: Instant
    /// Not sent again before.
    public var notBefore: Instant?
    public init(
        campaign: String, position: Int, station: StationID, state: State = .waiting, attempts: Int = 0,
        command: String? = nil, word: String? = nil, at: Instant, notBefore: Instant? = nil
    ) {
        self.campaign = campaign
        self.position = position
        self.station = station
        self.state = state
        self.attempts = attempts
        self.command = command
        self.word = word
        self.at = at
        self.notBefore = notBefore
    }
}

/// A campaign with how many of its stations are how far.
public struct CampaignView: Sendable {
    public let campaign: Campaign
    /// States without a station are left out.
    public let counts: [CampaignTarget.State: Int]
    public init(campaign: Campaign, counts: [CampaignTarget.State: Int]) {
        self.campaign = campaign
        self.counts = counts
    }
    public var total: Int { counts.values.reduce(0, +) }
    public var over: Int { counts.reduce(0) { $0 + ($1.key.isOver ? $1.value : 0) } }
}
