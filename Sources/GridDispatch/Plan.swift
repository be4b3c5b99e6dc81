public import Assets
public import Quantities

/// A plan is a value: setpoints for every EVSE of a site over a horizon, with its proof. Scheduling makes it, the
/// dispatcher follows it, the store keeps it, people compare it.
public struct Plan: Hashable, Sendable {
    public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
        public let value: Int64
        public init(_ value: Int64) { self.value = value }
        public static func < (a: ID, b: ID) -> Bool { a.value < b.value }
        public var description: String { String(value) }
    }
    /// What one stay gets, and why it is short where it is.
    public struct Stay: Hashable, Sendable {
        public let session: String
        public let evse: EVSEID
        /// Power in each slot; in the first one in what was left of it when the plan was made.
        public let setpoints: [Power]
        public let wanted: Energy
        public let undelivered: Energy
        /// Where the shortage comes from: the node (nil: the stay's own window or power) and slots that bind.
        public let binding: [Binding]
        /// `true` where departure and energy are forecasts, not stated by a person.
        public let isForecast: Bool
        public let departure: Instant
        public init(
            session: String, evse: EVSEID, setpoints: [Power], wanted: Energy, undelivered: Energy,
            binding: [Binding], isForecast: Bool, departure: Instant
        ) {
            self.session = session
            self.evse = evse
            self.setpoints = setpoints
            self.wanted = wanted
            self.undelivered = undelivered
            self.binding = binding
            self.isForecast = isForecast
            self.departure = departure
        }
    }
    public struct Binding: Hashable, Sendable {
        public let node: NodeID?
        public let interval: Interval
        public init(node: NodeID?, interval: Interval) {
            self.node = node
            self.interval = interval
        }
    }
    public struct NodeLoad: Hashable, Sendable {
        public let node: NodeID
        public let limit: Power?
        /// Forecast base load the plan reserved (its chosen quantile), each slot.
        public let base: [Power]
        /// Base load plus everything planned below the node, each slot.
        public let total: [Power]
        public init(node: NodeID, limit: Power?, base: [Power], total: [Power]) {
            self.node = node
            self.limit = limit
            self.base = base
            self.total = total
        }
    }

    public let id: ID
    public let site: SiteID
    public let computedAt: Instant
    /// What asked for it: `periodic`, `arrival`, `departure`, `needs`, `limit`, `tariff`, `start`.
    public let trigger: String
    public let start: Instant
    public let step: Duration
    public let count: Int
    public let stays: [Stay]
    public let nodes: [NodeLoad]
    /// Yuan, for people: objective and proven lower bound of the continuous problem; `nil` where the price of some slot is
    /// unknown: there one price for all stood in, which says when, not what it costs.
    public let objectiveYuan: Double?
    public let boundYuan: Double?
    /// (objective − bound) / |bound|, of what was solved.
    public let gap: Double

    public init(
        id: ID, site: SiteID, computedAt: Instant, trigger: String, start: Instant, step: Duration, count: Int,
        stays: [Stay], nodes: [NodeLoad], objectiveYuan: Double?, boundYuan: Double?, gap: Double
    ) {
        self.id = id
        self.site = site
        self.computedAt = computedAt
        self.trigger = trigger
        self.start = start
        self.step = step
        self.count = count
        self.stays = stays
        self.nodes = nodes
        self.objectiveYuan = objectiveYuan
        self.boundYuan = boundYuan
        self.gap = gap
    }
}
