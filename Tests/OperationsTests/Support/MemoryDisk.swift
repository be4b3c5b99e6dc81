import Assets
import Charging
import GridDispatch
import Operations
import Quantities

/// Keeps what a core persists, as the store does, and gives it back as the state of a new core.
struct MemoryDisk {
    private(set) var stations: [StationID: CoreState.StationRecord] = [:]
    private(set) var sessions: [Session.ID: Session] = [:]
    private(set) var messages: [MessageRecord] = []
    private(set) var readings: [(session: Session.ID?, evse: EVSEID, reading: Reading)] = []
    private(set) var commands: [String: CommandView] = [:]
    private(set) var settings: [String: String] = [:]
    private(set) var alarms: [Int64: Alarm] = [:]
    private(set) var audit: [AuditRecord] = []
    private(set) var points: [SitePowerPoint] = []
    private(set) var plans: [SiteID: Plan] = [:]
    private var idTokens: [String: IdToken] = [:]
    private var controls: [EVSEID: EVSEControl] = [:]
    private var sites: [SiteID: Site] = [:]
    private var nodes: [NodeID: GridNode] = [:]
    private var nodeReadings: [NodeID: NodeReading] = [:]

    mutating func write(_ changes: [Change]) {
        for change in changes { write(change) }
    }

    private mutating func write(_ change: Change) {
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
        case .readings(let session, let evse, let some):
            for reading in some { readings.append((session, evse, reading)) }
        case .idToken(let token): idTokens[token.value] = token
        case .removeIdToken(let value): idTokens[value] = nil
        case .command(let view): commands[view.id] = view
        case .site(let site): sites[site.id] = site
        case .removeSite(let id): sites[id] = nil
        case .node(let node): nodes[node.id] = node
        case .removeNode(let id): nodes[id] = nil
        case .nodeReadings(let node, let some): nodeReadings[node] = some.max { $0.at < $1.at }
        case .sitePower(let point): points.append(point)
        case .plan(let plan): plans[plan.site] = plan
        case .alarm(let alarm): alarms[alarm.id] = alarm
        case .audit(let record): audit.append(record)
        case .evse(let control): controls[control.evse] = control
        case .setting(let key, let value): settings[key] = value
        case .dayReport: break
        }
    }

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
        return state
    }
}
