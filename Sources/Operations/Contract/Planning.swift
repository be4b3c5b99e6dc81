public import Assets
public import GridDispatch
public import Quantities
public import Scheduling

/// A plan to be made outside the core (it takes milliseconds to seconds; the core never waits for it).
/// `problem` is complete and pure; `keys` says which session and EVSE each vehicle of it is.
public struct PlanRequest: Sendable {
    public struct Key: Sendable {
        public let session: String
        public let evse: EVSEID
        public let wanted: Energy
        public let departure: Instant
        public let isForecast: Bool
        public init(session: String, evse: EVSEID, wanted: Energy, departure: Instant, isForecast: Bool) {
            self.session = session
            self.evse = evse
            self.wanted = wanted
            self.departure = departure
            self.isForecast = isForecast
        }
    }
    public let id: Plan.ID
    public let site: SiteID
    public let trigger: String
    public let requestedAt: Instant
    public let start: Instant
    public let step: Duration
    public let problem: PlanningProblem
    public let keys: [Key]
    /// Node of each node index of the problem, with limit and the base load (its chosen quantile) a slot.
    public let nodes: [(node: NodeID, limit: Power?, base: [Power])]
    /// Whether the problem's prices are all the tariff's.
    public let pricesAreKnown: Bool
    /// What the problem's further nodes are, in order: limits that others set a station (number 0) or an EVSE. They are in
    /// no grid, and the plan names none of them.
    public let outside: [EVSEID]
    public init(
        id: Plan.ID, site: SiteID, trigger: String, requestedAt: Instant, start: Instant, step: Duration,
        problem: PlanningProblem, keys: [Key], nodes: [(node: NodeID, limit: Power?, base: [Power])],
        pricesAreKnown: Bool, outside: [EVSEID] = []
    ) {
        self.id = id
        self.site = site
        self.trigger = trigger
        self.requestedAt = requestedAt
        self.start = start
        self.step = step
        self.problem = problem
        self.keys = keys
        self.nodes = nodes
        self.pricesAreKnown = pricesAreKnown
        self.outside = outside
    }
}

public struct PlanOutcome: Sendable {
    public let request: PlanRequest
    public let solution: PlanningSolution
    public init(request: PlanRequest, solution: PlanningSolution) {
        self.request = request
        self.solution = solution
    }
}
