public import Assets
public import Charging
public import Quantities

/// An exchange of batteries at a station: who, which batteries went in and out (OCPP 2.1 S01–S03).
public struct BatterySwap: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Asked of the station by us; its answer has not come.
        case asked
        /// The command never left: the station was not there.
        case notSent = "not-sent"
        case unanswered
        case refused
        /// The station waits for the batteries.
        case accepted
        /// One side has come, the other has not.
        case open
        case done
        /// What was offered in exchange, nobody took.
        case left
        /// Nobody came.
        case unused

        public var isOpen: Bool { self == .asked || self == .accepted || self == .unanswered || self == .open }
    }
    /// Ours, unique over all stations.
    public let id: Int
    public let station: StationID
    /// Number that both sides call it; of a swap that began at the station it is the station's.
    public let request: Int
    public let token: String
    /// We asked for it; `false`: it began at the station.
    public let isRemote: Bool
    public let by: String
    public let openedAt: Instant
    public internal(set) var state: State
    public internal(set) var at: Instant
    /// The station's word where it refused.
    public internal(set) var word: String?
    /// The token may not swap, and the station did.
    public internal(set) var isTokenRefused: Bool
    public internal(set) var taken: [SwapBattery]
    public internal(set) var given: [SwapBattery]
    /// Charged into the batteries that were given, at this station; `nil`: not known of all of them.
    public internal(set) var charged: Energy?
    /// Of the command, while it has no answer.
    public internal(set) var command: String?

    public init(
        id: Int, station: StationID, request: Int, token: String, isRemote: Bool, by: String, openedAt: Instant,
        state: State, at: Instant, word: String? = nil, isTokenRefused: Bool = false, taken: [SwapBattery] = [],
        given: [SwapBattery] = [], charged: Energy? = nil, command: String? = nil
    ) {
        self.id = id
        self.station = station
        self.request = request
        self.token = token
        self.isRemote = isRemote
        self.by = by
        self.openedAt = openedAt
        self.state = state
        self.at = at
        self.word = word
        self.isTokenRefused = isTokenRefused
        self.taken = taken
        self.given = given
        self.charged = charged
        self.command = command
    }

    /// Of one station in memory: those that are open, and the newest others.
    public static let mostInMemory = 24
    /// How long nobody may come.
    public static let patience: Duration = .minutes(15)
}

/// A battery in its slot.
public struct StoredBattery: Hashable, Sendable {
    public internal(set) var battery: SwapBattery
    /// Since when it is there; ``SwapBattery/charge`` then.
    public let since: Instant
    public let chargeThen: Int
    /// When its charge was told last.
    public internal(set) var at: Instant
    public init(_ battery: SwapBattery, since: Instant, chargeThen: Int? = nil, at: Instant? = nil) {
        self.battery = battery
        self.since = since
        self.chargeThen = chargeThen ?? battery.charge
        self.at = at ?? since
    }
}

/// The slots of a station that exchanges batteries.
public struct BatteryCabinet: Hashable, Sendable {
    public let station: StationID
    /// By slot.
    public internal(set) var batteries: [StoredBattery]
    /// From which charge a battery may be given, and to which it is charged, hundredths of a percent; `nil`: the station has
    /// not told (BatterySwapCtrlr TargetSoc, MaxSoc).
    public internal(set) var target: Int?
    public internal(set) var full: Int?
    /// By which token the station charges its batteries; `nil`: by none, or it has not told.
    public internal(set) var token: String?
    /// What charging one battery from empty to full draws, as the newest charge of a fifth or more showed it.
    public internal(set) var capacity: Energy?
    /// The newest batteries given, oldest first.
    public internal(set) var demand: [Instant]

    public init(
        station: StationID, batteries: [StoredBattery] = [], target: Int? = nil, full: Int? = nil, token: String? = nil,
        capacity: Energy? = nil, demand: [Instant] = []
    ) {
        self.station = station
        self.batteries = batteries
        self.target = target
        self.full = full
        self.token = token
        self.capacity = capacity
        self.demand = demand
    }

    /// Where the station has told no target.
    public static let assumedTarget = 9_000
    public static let mostDemand = 12

    public subscript(slot: Int) -> StoredBattery? { batteries.first { $0.battery.slot == slot } }
    public func isReady(_ stored: StoredBattery) -> Bool {
        stored.battery.charge >= target ?? min(full ?? Self.assumedTarget, Self.assumedTarget)
    }
    public var ready: Int { batteries.count(where: isReady) }

    /// When a battery that is charged now is wanted: after those that are ready, at the pace of the last swaps. Within half an
    /// hour and half a day; four hours where there is no pace yet.
    public func wantedBy(at now: Instant) -> Instant {
        guard let first = demand.first, let last = demand.last, demand.count >= 4, last > first else {
            return now + .hours(4)
        }
        let pace = (last - first).wholeMilliseconds / Int64(demand.count - 1)
        let wait = Duration.milliseconds(pace * Int64(ready + 1))
        return now + min(max(wait, .minutes(30)), .hours(12))
    }

    /// Energy at the slot that fills it; `nil`: nobody knows yet how much a battery takes.
    public func missing(_ stored: StoredBattery) -> Energy? {
        capacity.map { whole in
            let share = Int64(max(0, (full ?? 10_000) - stored.battery.charge))
            return Energy(milliwattHours: whole.milliwattHours / 10_000 * share)
        }
    }
}

/// Of swaps what lasts; each an upsert.
public enum SwapChange: Hashable, Sendable {
    case cabinet(BatteryCabinet)
    case swap(BatterySwap)
}

/// What the API and the console ask of swaps.
public protocol SwapService: Sendable {
    /// `nil`: no such station, or one that has never told of a battery.
    func cabinet(of station: StationID) async -> BatteryCabinet?
    /// Newest first.
    /// - Parameter before: id of the last one of the page before.
    func swaps(of station: StationID, limit: Int, before: Int?) async -> [BatterySwap]
    /// One that is open, or was a moment ago.
    func swap(_ id: Int, of station: StationID) async -> BatterySwap?
}
