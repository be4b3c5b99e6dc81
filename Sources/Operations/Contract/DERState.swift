public import Assets
public import Charging
public import Quantities

/// Where a control of the grid code holds.
public enum DERTarget: Hashable, Sendable {
    case site(SiteID)
    /// All stations at the node and below it.
    case node(NodeID)
    case station(StationID)
}

/// A control that a utility or an operator gave, for all stations of its target.
public struct DEROrder: Hashable, Sendable {
    public let control: DERControl
    public let target: DERTarget
    /// Where it comes from, as the caller names it: an event of IEEE 2030.5, a letter of the grid company.
    public let source: String?
    public let by: String
    public let createdAt: Instant
    public internal(set) var withdrawnAt: Instant?
    public init(
        _ control: DERControl, target: DERTarget, source: String?, by: String, createdAt: Instant,
        withdrawnAt: Instant? = nil
    ) {
        self.control = control
        self.target = target
        self.source = source
        self.by = by
        self.createdAt = createdAt
        self.withdrawnAt = withdrawnAt
    }

    public func isOver(at instant: Instant) -> Bool { withdrawnAt != nil || control.isOver(at: instant) }

    /// That have not ended; a station is given fewer than this.
    public static let most = 200
    /// How long one that has ended is shown.
    public static let shownAfterwards: Duration = .days(7)
}

/// One control at one station.
public struct DERHolding: Hashable, Sendable {
    public enum Place: String, Hashable, Sendable, CaseIterable {
        /// The station does not have it: it is not connected, or the control's turn to be sent has not come.
        case waiting
        /// Sent, and not answered.
        case sent
        case held
        /// The station said no.
        case refused
        /// It is over, or was cleared.
        case gone
    }
    /// What people see.
    public enum State: String, Hashable, Sendable, CaseIterable {
        case waiting, sent, held, running, superseded, refused, ended
    }

    public internal(set) var entry: DERTimeline.Entry
    public internal(set) var place: Place
    /// The station's word, where it refused.
    public internal(set) var word: String?
    /// Since when it is so.
    public internal(set) var at: Instant
    /// By the station's own word.
    public internal(set) var startedAt: Instant?
    public internal(set) var endedAt: Instant?
    /// At the station something stands before it that we did not give, so that it is not executed.
    public internal(set) var isSupersededThere: Bool
    /// It is to be taken back.
    public internal(set) var isWithdrawn: Bool

    public init(
        _ entry: DERTimeline.Entry, place: Place = .waiting, word: String? = nil, at: Instant,
        startedAt: Instant? = nil,
        endedAt: Instant? = nil, isSupersededThere: Bool = false, isWithdrawn: Bool = false
    ) {
        self.entry = entry
        self.place = place
        self.word = word
        self.at = at
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.isSupersededThere = isSupersededThere
        self.isWithdrawn = isWithdrawn
    }

    public var control: DERControl { entry.control }
}

/// A control that a station told of and that we did not give, or not so.
public struct DERStranger: Hashable, Sendable {
    public let reported: ReportedDERControl
    /// When it was told last.
    public let at: Instant
    public init(_ reported: ReportedDERControl, at: Instant) {
        self.reported = reported
        self.at = at
    }
}

/// What is known of the controls at one station: what it should have, what it has, what it can.
public struct DERPicture: Hashable, Sendable {
    public let station: StationID
    /// In the order in which they came to it.
    public internal(set) var holdings: [DERHolding] = []
    public internal(set) var strangers: [DERStranger] = []
    /// `nil`: it has not told which functions it knows.
    public internal(set) var supported: Set<DERFunction>?
    /// When it told all of its controls last.
    public internal(set) var toldAt: Instant?

    public init(
        station: StationID, holdings: [DERHolding] = [], strangers: [DERStranger] = [],
        supported: Set<DERFunction>? = nil, toldAt: Instant? = nil
    ) {
        self.station = station
        self.holdings = holdings
        self.strangers = strangers
        self.supported = supported
        self.toldAt = toldAt
    }

    /// A peer may tell any number.
    public static let mostStrangers = 64

    public subscript(id: String) -> DERHolding? { holdings.first { $0.control.id == id } }

    /// Those that it is to have, one against the other.
    public var timeline: DERTimeline {
        DERTimeline(.overlapping, holdings.filter { $0.place != .refused && !$0.isWithdrawn }.map(\.entry))
    }

    public func state(of holding: DERHolding, at now: Instant) -> DERHolding.State {
        let control = holding.control
        if holding.place == .refused { return .refused }
        if holding.isWithdrawn || control.isOver(at: now) || holding.endedAt != nil { return .ended }
        if holding.entry.isSuperseded(at: now) || holding.isSupersededThere { return .superseded }
        switch holding.place {
        case .waiting: return .waiting
        case .sent: return .sent
        case .held:
            return timeline.active(control.function, at: now)?.control.id == control.id ? .running : .held
        case .refused, .gone: return .ended
        }
    }
}

/// A control with how it stands at the stations of its target.
public struct DEROrderView: Hashable, Sendable {
    public let order: DEROrder
    /// By station, in order of their ids.
    public let stations: [(id: StationID, holding: DERHolding, state: DERHolding.State)]
    public init(_ order: DEROrder, stations: [(id: StationID, holding: DERHolding, state: DERHolding.State)]) {
        self.order = order
        self.stations = stations
    }
    public static func == (a: Self, b: Self) -> Bool {
        a.order == b.order
            && a.stations.elementsEqual(b.stations) {
                $0.id == $1.id && $0.holding == $1.holding && $0.state == $1.state
            }
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(order) }
}

/// What a person or a utility's program wants of the controls.
public enum DERWish: Hashable, Sendable {
    /// - Parameter id: `nil`: the platform names it.
    case give(
        id: String?, function: DERFunction, priority: Int, span: Interval?, settings: String, DERTarget, source: String?
    )
    case withdraw(String)
    /// Asks the station what it holds.
    case read(StationID)
}

/// Of the controls what lasts; each an upsert.
public enum DERChange: Hashable, Sendable {
    case order(DEROrder)
    case orderGone(String)
    case station(DERPicture)
}

/// What the API and the console ask of the controls.
public protocol DERService: Sendable {
    /// Newest first; those that have ended are shown for a week.
    func derOrders() async -> [DEROrderView]
    /// `nil`: no such station.
    func derPicture(of station: StationID) async -> DERPicture?
}
