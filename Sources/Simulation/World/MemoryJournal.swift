import Assets
import Charging
import GridDispatch
import Operations
import Quantities

/// A store in memory with the disk's manners: what was appended lasts only from its commit on; a crash loses the rest.
struct MemoryJournal {
    /// One append that is not on the disk yet, and what waits for it.
    struct Pending {
        let number: UInt64
        let changes: [Change]
        let waiting: [Effect]
    }

    private(set) var pending: [Pending] = []
    private var appended: UInt64 = 0

    private(set) var sessions: [Session.ID: Session] = [:]
    /// By natural key, as the store keeps them: the same reading told twice is one reading.
    private(set) var readings: [ReadingKey: String] = [:]
    /// Readings that were told again with another value.
    private(set) var conflicts: [ReadingKey] = []
    private var stations: [StationID: CoreState.StationRecord] = [:]
    private var messages: [MessageRecord] = []
    private var commands: [String: CommandView] = [:]
    private var settings: [String: String] = [:]
    private(set) var alarms: [Int64: Alarm] = [:]
    private var plans: [SiteID: Plan] = [:]
    private var idTokens: [String: IdToken] = [:]
    private var controls: [EVSEID: EVSEControl] = [:]
    private var sites: [SiteID: Site] = [:]
    private var nodes: [NodeID: GridNode] = [:]
    private var nodeReadings: [NodeID: NodeReading] = [:]
    /// Base load before the run, as the store would have it from earlier weeks.
    var baseHistory: [SiteID: [CoreState.QuarterMean]] = [:]

    struct ReadingKey: Hashable {
        let evse: EVSEID
        let at: Instant
        let measurand: String
        let phase: String?
        let context: String?
    }

    mutating func append(_ changes: [Change], waiting: [Effect]) -> UInt64 {
        appended += 1
        pending.append(Pending(number: appended, changes: changes, waiting: waiting))
        return appended
    }

    /// Everything up to `number` is on the disk; gives what waited for it, in order.
    mutating func commit(upTo number: UInt64) -> [Effect] {
        var released: [Effect] = []
        while let first = pending.first, first.number <= number {
            for change in first.changes { keep(change) }
            released += first.waiting
            pending.removeFirst()
        }
        return released
    }

    mutating func crash() { pending = [] }

    private mutating func keep(_ change: Change) {
        switch change {
        case .message(let record): messages.append(record)
        case .station(let station):
            let old = stations[station.id]
            stations[station.id] = CoreState.StationRecord(
                station: station, lastSeen: old?.lastSeen, protocol: old?.protocol, connectors: old?.connectors ?? [:],
                commissioning: old?.commissioning)
        case .stationLive(let id, let lastSeen, let name, let connectors, let commissioning):
            guard let old = stations[id] else { return }
            stations[id] = CoreState.StationRecord(
                station: old.station, lastSeen: lastSeen, protocol: name, connectors: connectors,
                commissioning: commissioning)
        case .removeStation(let id): stations[id] = nil
        case .session(let session): sessions[session.id] = session
        case .readings(_, let evse, let some):
            for reading in some {
                let key = ReadingKey(
                    evse: evse, at: reading.at, measurand: reading.measurand, phase: reading.phase,
                    context: reading.context)
                let value = reading.valueText + reading.unit
                if let known = readings[key], known != value { conflicts.append(key) }
                readings[key] = value
            }
        case .idToken(let token): idTokens[token.value] = token
        case .removeIdToken(let value): idTokens[value] = nil
        case .command(let view): commands[view.id] = view
        case .site(let site): sites[site.id] = site
        case .removeSite(let id): sites[id] = nil
        case .node(let node): nodes[node.id] = node
        case .removeNode(let id): nodes[id] = nil
        case .nodeReadings(let node, let some): nodeReadings[node] = some.max { $0.at < $1.at }
        case .plan(let plan): plans[plan.site] = plan
        case .alarm(let alarm): alarms[alarm.id] = alarm
        case .evse(let control): controls[control.evse] = control
        case .setting(let key, let value): settings[key] = value
        case .sitePower, .audit, .dayReport: break
        }
    }

    /// What a new core finds.
    var state: CoreState {
        var state = CoreState()
        state.stations = stations.values.sorted { $0.station.id < $1.station.id }
        state.controls = controls.values.sorted { $0.evse < $1.evse }
        let ordered = sessions.values.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
        state.activeSessions = ordered.filter { $0.status == .active }
        state.endedSessions = ordered.filter { $0.status == .ended }
        state.idTokens = idTokens.values.sorted { $0.value < $1.value }
        state.sites = sites.values.sorted { $0.id < $1.id }
        state.nodes = nodes.values.sorted { $0.id < $1.id }
        state.settings = settings
        state.pendingCommands = commands.values.filter { $0.status == .pending }.sorted { $0.id < $1.id }
        state.activeAlarms = alarms.values.filter { $0.endedAt == nil }.sorted { $0.id < $1.id }
        state.plans = plans.values.sorted { $0.site < $1.site }
        state.inboundMessages = messages.filter { $0.direction == .inbound && $0.messageID != nil }
        state.nodeReadings = nodeReadings
        state.siteBaseLoad = baseHistory
        return state
    }
}
