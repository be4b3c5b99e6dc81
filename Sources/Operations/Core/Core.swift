import Assets
import Charging
import Forecasting
import GridDispatch
public import Quantities
public import Rulebook

/// The platform's one reducer: inputs and time in, effects out. No clock, no socket, no file, no randomness; it never waits.
///
///     connections, calls ─▶ stations ─▶ sessions ─┐
///     site meters, orders ─▶ sites, nodes ────────┼─▶ dispatcher ─▶ calls to stations
///     plans ◀─ solver ◀─ plan requests ◀──────────┘
///
/// One file a concern (`Core+….swift`). State lies in dense arrays with an index beside them: nothing of the result
/// depends on the order of a hash table.
public struct Core: Sendable {
    let settings: CoreConfiguration
    private(set) var tariffs: TariffBook

    var stations: [StationSlot] = []
    var stationIndex: [StationID: Int] = [:]
    /// Sorted by id.
    var sites: [SiteSlot] = []
    var siteIndex: [SiteID: Int] = [:]
    /// Sorted by id.
    var nodes: [NodeSlot] = []
    var nodeIndex: [NodeID: Int] = [:]
    var idTokens: [String: IdToken] = [:]
    /// Station of each session that is in memory.
    var sessionHome: [Session.ID: StationID] = [:]
    /// Active sessions of each token.
    var tokenUse: [String: Int] = [:]
    var pendingCommands: [String: CommandView] = [:]
    /// Newest last.
    var recentCommands: [CommandView] = []
    var alarms = AlarmBook()
    /// That have not ended, oldest first.
    var campaigns: [CampaignSlot] = []
    var deviceTemplates: [String: DeviceTemplate] = [:]
    /// Controls of the grid code, in the order in which they were given.
    var derOrders: [DEROrder] = []
    var payments = PaymentBook()
    /// What is left on prepaid cards.
    var prepaidAccounts: [String: PrepaidAccount] = [:]
    var counters = Counters()
    var statistics = Statistics()

    /// Holidays and make-up workdays, for forecasts.
    let dayKinds: DayKinds

    /// Which stations belong to which site and where its nodes lie is computed when it is needed and was changed.
    var layoutIsStale = true

    /// Changes of ``idTokens``, for local lists.
    var tokenLog = TokenLog()
    /// When local lists are looked at, and when reservations, promises and transactions are; `nil`: nothing waits.
    var listsDue: Instant?
    var nextLook: Instant?
    /// Sorted by id.
    var vendorHandlers: [VendorHandler] = []

    /// First tick, while alarms of an earlier run wait to be confirmed.
    var startedAt: Instant?
    /// When the ends of stations' certificates were looked at last.
    var certificatesWatchedAt: Instant?

    var jobsWatchedAt: Instant?
    /// When it was looked last, and first, for piles that do not come back.
    var stationsWatchedAt: Instant?
    var stationsWatchedSince: Instant?

    /// Commands of an earlier run have no end yet.
    var hasLostCommands = false

    /// Gathered while one input is handled.
    private var changes: [Change] = []
    private var outgoing: [Effect] = []

    /// - Parameter instance: a short word that no earlier run of this platform used; message ids begin with it, so that they
    ///   are unique over all connections and restarts (OCPP-J 1.6 §4.1.4, errata). At most 16 characters.
    public init(configuration: CoreConfiguration, state: CoreState, packs: RulePacks, instance: String) {
        var settings = configuration
        settings.dispatch.profileDuration = settings.replanInterval * 2
        settings.dispatch.renewBefore = settings.replanInterval
        self.settings = settings
        self.tariffs = TariffBook(packs.tariffs)
        self.dayKinds = DayKinds(packs.calendar)
        counters.instance = String(instance.prefix(16))
        load(state)
    }

    /// Handles one input. All changes of it come as one ``Effect/persist(_:)`` before what must wait for them.
    public mutating func handle(_ input: Input, at now: Instant, into effects: inout [Effect]) {
        if hasLostCommands { closeLostCommands(at: now) }
        refreshLayout()
        switch input {
        case .connected(let id, let connection, let name, _): connected(id, connection, name, at: now)
        case .disconnected(let id, let connection, _): disconnected(id, connection, at: now)
        case .cameWith(let id, let stored): came(id, with: stored, at: now)
        case .cameWithCertificate(let id, let record): came(id, with: record, at: now)
        case .cameOn(let id, let profile): came(id, on: profile, at: now)
        case .certificateRequest(let id, let connection, let call, let verdict):
            received(call, from: id, connection, certificate: verdict, at: now)
        case .ruled(let id, let connection, let call, let ruling):
            received(call, from: id, connection, ruling: ruling, at: now)
        case .securityEvent(let id, let seen, let info): saw(seen, of: id, info: info, at: now)
        case .call(let id, let connection, let call): received(call, from: id, connection, at: now)
        case .completed(let id, let token, let outcome, let late): completed(id, token, outcome, late, at: now)
        case .note(let id, let text, let problem): noted(id, text, problem, at: now)
        case .order(let request, let order, let actor): ordered(order, request, by: actor, at: now)
        case .nodeReadings(let request, let node, let readings, let actor):
            nodeRead(node, readings, request, by: actor, at: now)
        case .planned(let outcome): planned(outcome, at: now)
        case .measured(let capacity): measured(capacity)
        case .condition(let condition, let holds): shellCondition(condition, holds, at: now)
        case .paid(let id, let key, let outcome): paid(id, key, outcome, at: now)
        case .tick: tick(at: now)
        }
        if !changes.isEmpty {
            effects.append(.persist(changes))
            changes.removeAll(keepingCapacity: true)
        }
        if !outgoing.isEmpty {
            effects.append(contentsOf: outgoing)
            outgoing.removeAll(keepingCapacity: true)
        }
    }

    private mutating func tick(at now: Instant) {
        for s in sites.indices {
            step(site: s, at: now)
            minute(site: s, at: now)
            planIfDue(site: s, at: now)
            measureIfDue(site: s, at: now)
            readDefaults(site: s, at: now)
            commission(site: s, at: now)
        }
        quarterHour(at: now)
        endInherited(at: now)
        watchStations(at: now)
        watchCertificates(at: now)
        lookAfter(at: now)
        watchJobs(at: now)
        runCampaigns(at: now)
        tendPayments(at: now)
    }

    mutating func persist(_ change: Change) { changes.append(change) }
    mutating func emit(_ effect: Effect) { outgoing.append(effect) }

}

extension DayKinds {
    /// Off days count as Sundays; only days that differ from their weekday are kept.
    fileprivate init(_ calendar: WorkCalendar) {
        self.init()
        guard let first = calendar.years.first, let last = calendar.years.last,
            var day = CivilDay(year: first, month: 1, day: 1)
        else { return }
        while day.year <= last {
            switch calendar.dayType(of: day) {
            case .holiday where day.weekday != 7: self[day] = .sunday
            case .workday where day.weekday >= 6: self[day] = .workday
            default: break
            }
            day = day.adding(days: 1)
        }
    }
}

/// Numbers that only grow.
struct Counters: Sendable {
    var instance = ""
    /// Of message ids and call tokens; starts anew each run, the instance word keeps ids apart.
    private var message: UInt64 = 0
    /// Next transaction number; sessions carry the same one.
    var transaction = 1
    var plan: Int64 = 1
    var alarm: Int64 = 1
    var reservation = 1
    /// Of orders that stations answer with reports; starts anew each run.
    var request = 0
    /// By which stations name a job.
    var job = 1
    var campaign = 1
    /// Next number of a report that a station is asked for, and of a start.
    var report = 1
    var payment = 1

    /// A token and the message id made of it.
    mutating func nextMessage() -> (token: UInt64, messageID: String) {
        message += 1
        return (message, instance + "-" + String(message, radix: 36))
    }

    static let transactionKey = "next.transaction"
    static let planKey = "next.plan"
    static let alarmKey = "next.alarm"
    static let reservationKey = "next.reservation"
    static let jobKey = "next.job"
    static let campaignKey = "next.campaign"
    static let reportKey = "next.report"
    static let paymentKey = "next.payment"
}

/// Counts since the start, for the metrics.
struct Statistics: Sendable {
    var calls = 0
    var refusedCalls = 0
    var repeats = 0
    var setpoints = 0
    var plans = 0
    var softFaults = 0
}
