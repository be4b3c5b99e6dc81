public import Assets
public import GridDispatch
public import Quantities

/// The platform's own limits on one EVSE, the way its station holds them: one profile a running transaction above one
/// default profile.
public struct EVSELimits: Sendable {
    public let evse: EVSEID
    public let node: NodeID?
    public let rating: Power
    public let held: HeldLimits
    /// Stack level of the transaction profile; the default profile's is 0.
    public let transactionLevel: Int
    /// Limits that others than us set it, and the station as a whole.
    public var outside: [OutsideLimit] = []
    /// `nil`: the station was not asked yet, or does not say.
    public let comparison: ScheduleComparison?
    public init(
        evse: EVSEID, node: NodeID?, rating: Power, held: HeldLimits, transactionLevel: Int,
        comparison: ScheduleComparison? = nil
    ) {
        self.evse = evse
        self.node = node
        self.rating = rating
        self.held = held
        self.transactionLevel = transactionLevel
        self.comparison = comparison
    }
}

/// What would hold on a site if the platform or its network died at an instant (architecture, decision 3).
public struct OfflineOutlook: Sendable {
    public struct Pile: Sendable {
        /// What binds the pile without us.
        public enum Basis: String, Hashable, Sendable, CaseIterable {
            /// Its default profile.
            case fallback
            /// No default profile was confirmed: its rating counts.
            case rating
            /// It does not follow: its rating counts.
            case ignoresProfiles = "does_not_follow"
            /// It was never there and draws nothing.
            case absent
        }
        public let evse: EVSEID
        public let node: NodeID?
        public let isOnline: Bool
        public let isCharging: Bool
        public let rating: Power
        public let basis: Basis
        /// End of the last transaction profile that may be in force; `nil`: none is.
        public let heldUntil: Instant?
        /// The most it may draw at each step.
        public let course: [Power]
        /// A vehicle here gets nothing from this moment on, because the default profile allows less than the pile's
        /// least power; `nil`: it never does.
        public let stopsAt: Instant?
        public init(
            evse: EVSEID, node: NodeID?, isOnline: Bool, isCharging: Bool, rating: Power, basis: Basis,
            heldUntil: Instant?, course: [Power], stopsAt: Instant?
        ) {
            self.evse = evse
            self.node = node
            self.isOnline = isOnline
            self.isCharging = isCharging
            self.rating = rating
            self.basis = basis
            self.heldUntil = heldUntil
            self.course = course
            self.stopsAt = stopsAt
        }
    }

    public struct Node: Sendable {
        public let node: NodeID
        public let limit: Power?
        public let course: OfflineInvariant.Course
        public init(node: NodeID, limit: Power?, course: OfflineInvariant.Course) {
            self.node = node
            self.limit = limit
            self.course = course
        }
    }

    /// The assumed moment: first step of every course.
    public let at: Instant
    public let step: Duration
    public let piles: [Pile]
    public let nodes: [Node]
    /// Where a limit could be broken first; `nil`: every limit holds whatever happens to us.
    public let violation: OfflineInvariant.Violation?
    public init(
        at: Instant, step: Duration, piles: [Pile], nodes: [Node], violation: OfflineInvariant.Violation?
    ) {
        self.at = at
        self.step = step
        self.piles = piles
        self.nodes = nodes
        self.violation = violation
    }
}
