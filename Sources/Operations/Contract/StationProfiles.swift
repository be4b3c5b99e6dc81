public import Assets
public import Charging
public import Quantities

/// What is known of the charging profiles that one station holds: what it took from us, and what it told when it was asked
/// (2.x K09). A difference between both is worth a look: somebody else sets its limits, or it forgot ours.
public struct StationProfiles: Hashable, Sendable {
    public let station: StationID
    /// By number.
    public private(set) var kept: [KeptProfile] = []
    /// The newest report of any kind.
    public var report: ProfileReport?
    /// When it told all of them last; `nil`: never, there may be more.
    public var toldAt: Instant?
    public init(station: StationID) { self.station = station }

    /// A peer may tell any number; two for each EVSE are usual.
    public static let most = 200
    /// Of all their schedules together.
    public static let mostPeriods = 4096

    public subscript(_ id: Int) -> KeptProfile? { kept.first { $0.profile.id == id } }

    /// - Returns: `false` where there is no room for one more.
    public mutating func put(_ one: KeptProfile) -> Bool {
        let periods = kept.reduce(one.periods) { $0 + ($1.profile.id == one.profile.id ? 0 : $1.periods) }
        guard periods <= Self.mostPeriods else { return false }
        let i = kept.firstIndex { $0.profile.id >= one.profile.id } ?? kept.count
        if i < kept.count, kept[i].profile.id == one.profile.id {
            kept[i] = one
            return true
        }
        guard kept.count < Self.most else { return false }
        kept.insert(one, at: i)
        return true
    }
    public mutating func remove(_ id: Int) { kept.removeAll { $0.profile.id == id } }

    /// How many are otherwise than what we set.
    public var differences: Int { kept.count { $0.standing.isDifference } }
}

/// One profile of a station, from both sides.
public struct KeptProfile: Hashable, Sendable {
    public enum Standing: String, Hashable, Sendable, CaseIterable {
        /// It took it from us; it was not asked since.
        case set
        /// It took it from us, and told so.
        case held
        /// Somebody else set it, who may: an energy manager, a grid operator.
        case outside
        /// The station says that the central system set it, but we did not.
        case foreign
        /// It holds something else under this number than we set.
        case differs
        /// It took it from us and has it no longer.
        case missing

        public var isDifference: Bool { self == .foreign || self == .differs || self == .missing }
    }
    public var profile: HeldProfile
    /// When it took it from us; `nil`: never.
    public var setAt: Instant?
    /// When it told of it, in the report with the number `request`.
    public var toldAt: Instant?
    public var request: Int?
    /// A report that should have had it came without it.
    public var missingSince: Instant?
    /// It told something else than we set; until it is set again.
    public var differs: Bool
    public init(
        _ profile: HeldProfile, setAt: Instant? = nil, toldAt: Instant? = nil, request: Int? = nil,
        missingSince: Instant? = nil, differs: Bool = false
    ) {
        self.profile = profile
        self.setAt = setAt
        self.toldAt = toldAt
        self.request = request
        self.missingSince = missingSince
        self.differs = differs
    }

    fileprivate var periods: Int { profile.schedules.reduce(0) { $0 + $1.periods.count } }

    public var standing: Standing {
        if missingSince != nil { return .missing }
        if profile.source != HeldProfile.ours { return .outside }
        if setAt == nil { return .foreign }
        if differs { return .differs }
        return toldAt == nil ? .set : .held
    }
}

/// One telling of profiles, in parts that have no numbers: only the last says that it is the last.
public struct ProfileReport: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case waiting, running, complete, incomplete
    }
    public let request: Int
    /// `nil`: parts came before the answer to the question did.
    public var criteria: ProfileCriteria?
    public var orderedAt: Instant?
    /// What was told before belongs to another report.
    public var firstAt: Instant
    public var lastAt: Instant?
    public var parts = 0
    public var profiles = 0
    /// Profiles that found no room (``StationProfiles/most``).
    public var leftOut = 0
    /// The last part has come.
    public var hasLast = false
    public init(request: Int, firstAt: Instant) {
        self.request = request
        self.firstAt = firstAt
    }

    public func state(at now: Instant) -> State {
        if hasLast { return .complete }
        if now - (lastAt ?? orderedAt ?? firstAt) > DeviceReport.patience { return .incomplete }
        return parts == 0 ? .waiting : .running
    }
}

/// A limit that somebody else than us set a station, until it says that it is over (2.x K11 to K14).
public struct OutsideLimit: Hashable, Sendable {
    /// 0: the station as a whole.
    public var evse: Int { profile.evse }
    /// `EMS`, `SO`, `Other`.
    public var source: String { profile.source }
    /// When it was told and how; schedules without a start begin then. Without schedules how much is not known.
    public var profile: HeldProfile
    /// The grid is in danger.
    public var isCritical: Bool
    public var isLocalGeneration: Bool
    public var since: Instant
    /// Of the newest word on it.
    public var at: Instant
    /// How much comes from a report of its profiles.
    public var isReported: Bool
    /// The station restarted since: it may have been lost, which only a report can tell.
    public var mayBeLost: Bool

    public init(
        _ profile: HeldProfile, isCritical: Bool = false, isLocalGeneration: Bool = false, since: Instant, at: Instant,
        isReported: Bool = false, mayBeLost: Bool = false
    ) {
        self.profile = profile
        self.isCritical = isCritical
        self.isLocalGeneration = isLocalGeneration
        self.since = since
        self.at = at
        self.isReported = isReported
        self.mayBeLost = mayBeLost
    }

    /// A peer may name any source.
    public static let most = 16
}
