public import Assets
public import Charging
import Quantities

/// What device changes come to, in memory: their meaning as code. The store does the same on a disk.
public struct DeviceMemory: Sendable {
    /// By ``DeviceVariable/key``.
    public private(set) var variables: [StationID: [String: KnownVariable]] = [:]
    public private(set) var reports: [DeviceReport] = []
    public private(set) var monitors: [StationID: [Int: KnownMonitor]] = [:]
    public private(set) var monitoring: [StationID: MonitoringSettings] = [:]
    /// Oldest first.
    public private(set) var events: [StoredDeviceEvent] = []
    public private(set) var templates: [String: DeviceTemplate] = [:]
    public private(set) var networks: [StationID: [Int: NetworkProfile]] = [:]
    public private(set) var securityProfiles: [StationID: SecurityProfileChange] = [:]
    public private(set) var inquiries: [CustomerInquiry] = []
    public private(set) var customerParts: [StationID: [Int: [Int: String]]] = [:]

    public init() {}

    public mutating func write(_ change: DeviceChange) {
        switch change {
        case .variables(let id, let news, let at):
            for one in news { write(one, id, at) }
            let known = variables[id] ?? [:]
            guard known.count > DeviceVariable.most else { break }
            let oldest = known.sorted { ($0.value.at, $0.key) < ($1.value.at, $1.key) }
            for (key, _) in oldest.prefix(known.count - DeviceVariable.most) { variables[id]?[key] = nil }
        case .restarted(let id, let at):
            for (key, known) in variables[id] ?? [:] {
                guard let pending = known.pending else { continue }
                var now = known
                now.variable.value = pending
                now.pending = nil
                now.at = at
                now.source = .restart
                variables[id]?[key] = now
            }
        case .forgetVariables(let id, let before): variables[id] = variables[id]?.filter { $0.value.at >= before }
        case .report(let report):
            reports.removeAll {
                $0.station == report.station && $0.request == report.request && $0.isOfMonitors == report.isOfMonitors
            }
            reports.append(report)
        case .monitors(let id, let some, let at):
            for monitor in some where monitors[id]?[monitor.id] != nil || monitors[id]?.count ?? 0 < DeviceMonitor.most
            {
                monitors[id, default: [:]][monitor.id] = KnownMonitor(monitor: monitor, at: at)
            }
        case .forgetMonitors(let id, .these(let ids)): for one in ids { monitors[id]?[one] = nil }
        case .forgetMonitors(let id, .before(let instant)):
            monitors[id] = monitors[id]?.filter { $0.value.at >= instant }
        case .forgetMonitors(let id, .custom):
            monitors[id] = monitors[id]?.filter { $0.value.monitor.origin != DeviceMonitor.custom }
        case .monitoring(let id, let base, let level, let at):
            let old = monitoring[id]
            monitoring[id] = MonitoringSettings(base: base ?? old?.base, level: level ?? old?.level, at: at)
        case .event(let id, let event, let at): write(event, id, at)
        case .template(let template): templates[template.name] = template
        case .removeTemplate(let name): templates[name] = nil
        case .network(let id, let profile, _): networks[id, default: [:]][profile.slot] = profile
        case .securityProfile(let change): securityProfiles[change.station] = change
        case .customer(let inquiry):
            inquiries.removeAll { $0.station == inquiry.station && $0.request == inquiry.request }
            inquiries.append(inquiry)
        case .customerPart(let id, let request, let number, let data, _):
            customerParts[id, default: [:]][request, default: [:]][number] = data
        case .removeCustomer(let id, let request): remove { $0.station == id && $0.request == request }
        case .forgetCustomer(let id, let subject, let except):
            remove { $0.station == id && $0.subject == subject && $0.request != except }
        }
    }

    private mutating func write(_ news: VariableNews, _ id: StationID, _ at: Instant) {
        switch news {
        case .reported(let variable):
            let pending = variables[id]?[variable.key]?.pending
            variables[id, default: [:]][variable.key] = KnownVariable(
                variable: variable, pending: pending, at: at, source: .report)
        case .read(let name, let attribute, let value, let mutability):
            update(name, attribute, id, at, .read) {
                $0.variable.value = value
                $0.variable.mutability = mutability ?? $0.variable.mutability
            }
        case .set(let name, let attribute, let value, let afterRestart):
            update(name, attribute, id, at, .set) {
                if afterRestart {
                    $0.pending = value
                } else {
                    $0.variable.value = value
                    $0.pending = nil
                }
            }
        case .gone(let name, let attribute):
            variables[id]?[DeviceVariable(name: name, attribute: attribute).key] = nil
        }
    }

    private mutating func update(
        _ name: VariableName, _ attribute: DeviceAttribute, _ id: StationID, _ at: Instant,
        _ source: KnownVariable.Source, _ change: (inout KnownVariable) -> Void
    ) {
        let fresh = DeviceVariable(name: name, attribute: attribute)
        var known = variables[id]?[fresh.key] ?? KnownVariable(variable: fresh, at: at, source: source)
        change(&known)
        known.at = at
        known.source = source
        variables[id, default: [:]][fresh.key] = known
    }

    private mutating func write(_ event: DeviceEvent, _ id: StationID, _ at: Instant) {
        let isKnown = events.contains {
            $0.station == id && $0.event.number == event.number && $0.event.at == event.at
                && $0.event.subject == event.subject
        }
        guard !isKnown else { return }
        if event.isCleared {
            for i in events.indices
            where events[i].station == id && events[i].event.subject == event.subject && events[i].event.lasts
                && !events[i].event.isCleared && events[i].clearedAt == nil
            {
                let open = events[i]
                events[i] = StoredDeviceEvent(
                    id: open.id, station: id, event: open.event, receivedAt: open.receivedAt, clearedAt: event.at,
                    clearedBy: event.number)
            }
        }
        let next = (events.last?.id ?? 0) + 1
        events.append(StoredDeviceEvent(id: next, station: id, event: event, receivedAt: at))
    }

    private mutating func remove(_ isMeant: (CustomerInquiry) -> Bool) {
        for inquiry in inquiries where isMeant(inquiry) {
            customerParts[inquiry.station]?[inquiry.request] = nil
        }
        inquiries.removeAll(where: isMeant)
    }

    mutating func remove(_ id: StationID) {
        variables[id] = nil
        monitors[id] = nil
        monitoring[id] = nil
        networks[id] = nil
        securityProfiles[id] = nil
        reports.removeAll { $0.station == id }
        remove { $0.station == id }
    }

    /// What a new core finds.
    var state: DeviceCoreState {
        var state = DeviceCoreState()
        for (id, known) in variables where known.contains(where: { $0.value.pending != nil }) {
            state.awaitingRestart.insert(id)
        }
        state.reports = reports
        state.severities = monitors.mapValues { $0.mapValues { $0.monitor.severity } }
        state.networks = networks.mapValues { $0.values.sorted { $0.slot < $1.slot } }
        state.securityProfiles = securityProfiles.values.sorted { $0.station < $1.station }
        state.templates = templates.values.sorted { $0.name < $1.name }
        state.inquiries = inquiries
        return state
    }
}
