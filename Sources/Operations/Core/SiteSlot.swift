import Assets
import Forecasting
import GridDispatch
import Quantities

/// Everything the core holds about one site.
struct SiteSlot: Sendable {
    var site: Site
    var dispatcher: Dispatcher
    var forecaster: Forecaster
    /// The plan in force.
    var plan: Plan?
    var planning = PlanningClock()
    /// What could be asked of its vehicles when it was measured last, when that was asked for, and whether something changed since.
    var capacity: SiteCapacity?
    var capacityAskedAt: Instant?
    var capacityIsWanted = false
    /// Wishes of the platform's own (a commissioning test), and what groups were asked for.
    var instructions: [Instruction] = []
    /// The dispatcher's newest word on the groups.
    var groups: [GroupDispatch] = []
    /// Default profiles in force, as the stations confirmed them.
    var fallbacks: [EVSEID: DailyProfile] = [:]
    /// What each outstanding dispatch command asked.
    var asked: [UInt64: DispatchCommand] = [:]
    var minute = MinuteMeans()
    /// All that flows at its root in the quarter hour that runs, and the highest of a month.
    var total = QuarterMeans()
    var peak: MonthPeak?
    /// Alarms that wait for piles that are being set up.
    var waiting: [WaitingAlarm] = []
    /// The dispatcher's newest word on the nodes.
    var nodeStates: [NodeDispatch] = []

    // Layout (see `refreshLayout`)
    /// Indices of its stations, in order of their ids.
    var members: [Int] = []
    /// Indices of all nodes above its stations and of its own nodes, in order of their ids.
    var path: [Int] = []
    /// Those of its own nodes that hang under none of its own.
    var roots: [Int] = []

    init(_ site: Site, settings: CoreConfiguration, dayKinds: DayKinds) {
        self.site = site
        self.dispatcher = Dispatcher(settings: settings.dispatch)
        self.forecaster = Forecaster(zone: site.zone)
        self.forecaster.dayKinds = dayKinds
    }
}

/// When the next plan is due, and which one is being made.
struct PlanningClock: Sendable {
    /// Why a plan is wanted before the next periodic one.
    var trigger: String?
    var askedAt: Instant?
    var requested: Plan.ID?
}

struct NodeSlot: Sendable {
    var node: GridNode
    var reading: NodeReading?
    /// What default profiles must leave free, and when that was looked up.
    var envelope: DailyProfile?
    var envelopeAt: Instant?
    var quarter = QuarterMeans()
    /// The base load was metered beside charging: from then on the past is known better than a file could tell it.
    var isLearning = false

    init(_ node: GridNode) { self.node = node }
}

/// Means of the quarter hour that runs.
struct QuarterMeans: Sendable {
    private(set) var start: Instant?
    private var sum: Int64 = 0
    private var count: Int64 = 0
    static let length: Duration = .seconds(900)

    /// - Returns: the mean of the quarter hour before, when `now` lies in a new one.
    /// - Parameter least: fewer values make no mean.
    mutating func roll(to now: Instant, least: Int64 = 1) -> (start: Instant, mean: Power)? {
        let current = now.floored(to: Self.length, from: Instant(milliseconds: 0))
        guard start != current else { return nil }
        defer {
            start = current
            sum = 0
            count = 0
        }
        guard let start, count >= least else { return nil }
        return (start, Power(watts: sum / count))
    }

    mutating func add(_ power: Power) {
        sum += power.watts
        count += 1
    }

    /// So far, of the quarter hour that `now` lies in.
    func mean(of now: Instant) -> Power? {
        guard count > 0, start == now.floored(to: Self.length, from: Instant(milliseconds: 0)) else { return nil }
        return Power(watts: sum / count)
    }
}

/// Means of the minute that runs.
struct MinuteMeans: Sendable {
    var start: Instant?
    var charging: Int64 = 0
    var chargingCount: Int64 = 0
    var measured: Int64 = 0
    var measuredCount: Int64 = 0
    static let length: Duration = .seconds(60)
}
