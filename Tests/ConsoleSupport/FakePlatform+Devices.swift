public import Assets
public import Charging
public import Operations
import Quantities

extension FakePlatform {
    public func deviceModel(of station: StationID, keys: Set<String>?) async -> [KnownVariable] {
        read { $0.devices.variables[station] ?? [:] }.values
            .filter { known in keys.map { $0.contains(known.variable.name.key) } ?? true }
            .sorted { $0.variable.key < $1.variable.key }
    }
    public func deviceReports(of station: StationID) async -> [DeviceReport] {
        read { $0.devices.reports }.filter { $0.station == station }.reversed()
    }
    public func deviceMonitors(of station: StationID) async -> [KnownMonitor] {
        read { $0.devices.monitors[station] ?? [:] }.values.sorted { $0.monitor.id < $1.monitor.id }
    }
    public func monitoringSettings(of station: StationID) async -> MonitoringSettings {
        read { $0.devices.monitoring[station] } ?? MonitoringSettings()
    }
    public func deviceEvents(
        of station: StationID?, severity: Int?, open: Bool, limit: Int, before: Int64?
    ) async -> [StoredDeviceEvent] {
        read { $0.devices.events }.reversed().filter { stored in
            (station.map { stored.station == $0 } ?? true)
                && (severity.map { (stored.event.severity ?? .max) <= $0 } ?? true)
                && (!open || (stored.event.lasts && !stored.event.isCleared && stored.clearedAt == nil))
                && (before.map { stored.id < $0 } ?? true)
        }.prefix(limit).map { $0 }
    }
    public func deviceTemplates() async -> [DeviceTemplate] {
        read { $0.devices.templates }.values.sorted { $0.name < $1.name }
    }
    public func deviceTemplate(_ name: String) async -> DeviceTemplate? { read { $0.devices.templates[name] } }
    public func networkProfiles(of station: StationID) async -> [NetworkProfile] {
        read { $0.devices.networks[station] ?? [:] }.values.sorted { $0.slot < $1.slot }
    }
    public func customerInformation(of station: StationID) async -> [CustomerRecord] {
        read { $0.devices.inquiries }.filter { $0.station == station }.reversed().map { inquiry in
            let parts = read { $0.devices.customerParts[station]?[inquiry.request] ?? [:] }
            let data = parts.sorted { $0.key < $1.key }.map(\.value).joined()
            return CustomerRecord(inquiry: inquiry, data: parts.isEmpty ? nil : data)
        }
    }
}

// Orders about device models: stations take everything at once.
extension FakePlatform {
    func device(_ order: DeviceOrder, _ actor: Actor) throws(ServiceFault) -> OrderResult {
        switch order {
        case .putTemplate(let template):
            let unknown = read { state in template.stations.first { state.stations[$0] == nil } }
            if let unknown {
                throw ServiceFault(
                    .invalid(.template), fields: [.init(path: "stations[0]", .stationUnknown(unknown))])
            }
            write(.template(template))
            return .done
        case .removeTemplate(let name):
            write(.removeTemplate(name))
            return .done
        case .removeCustomer(let id, let request):
            write(.removeCustomer(id, request: request))
            return .done
        case .endSecurityProfileChange(let id):
            guard var change = read({ $0.devices.securityProfiles[id] }) else { return .done }
            (change.state, change.word, change.at) = (.refused, "ended", now)
            write(.securityProfile(change))
            return .done
        default: break
        }
        guard let id = order.station, read({ $0.stations[id]?.online ?? false }) else {
            throw ServiceFault(.stationOffline(order.station ?? StationID("")))
        }
        return .command(command(id, try taken(order, by: actor, id), Array("{}".utf8), actor))
    }

    private func write(_ change: DeviceChange) { self.change { $0.devices.write(change) } }

    /// - Returns: the action that would have carried it.
    private func taken(_ order: DeviceOrder, by actor: Actor, _ id: StationID) throws(ServiceFault) -> String {
        let now = now
        switch order {
        case .set(_, let settings):
            write(
                .variables(
                    id, settings.map { .set($0.name, $0.attribute, value: $0.value, afterRestart: false) }, at: now))
            return "SetVariables"
        case .setMonitors(_, let wishes):
            let next = (read { $0.devices.monitors[id]?.keys.max() } ?? 0) + 1
            let monitors = wishes.enumerated().map { index, wish in
                DeviceMonitor(
                    id: wish.id ?? next + index, name: wish.name, kind: wish.kind, value: wish.value,
                    severity: wish.severity, isTransactional: wish.isTransactional, origin: DeviceMonitor.custom)
            }
            write(.monitors(id, monitors, at: now))
            return "SetVariableMonitoring"
        case .clearMonitors(_, let numbers):
            write(.forgetMonitors(id, .these(numbers)))
            return "ClearVariableMonitoring"
        case .monitoringBase(_, let base):
            write(.monitoring(id, base: base, level: nil, at: now))
            if base != "All" { write(.forgetMonitors(id, .custom)) }
            return "SetMonitoringBase"
        case .monitoringLevel(_, let level):
            write(.monitoring(id, base: nil, level: level, at: now))
            return "SetMonitoringLevel"
        case .securityProfile(_, let target, let network, let priority):
            let held = read { $0.stations[id]?.station.securityProfile ?? 0 }
            if network == nil || priority == nil { throw ServiceFault(.securityProfileUnready(id, .network)) }
            if let network { write(.network(id, network, at: now)) }
            write(
                .securityProfile(
                    SecurityProfileChange(
                        station: id, target: target, previous: held, network: network, priority: priority,
                        state: .awaited, at: now)))
            return "SetNetworkProfile"
        case .customer(_, let reference, let isReport, let isClear):
            let subject =
                switch reference {
                case .idToken(let token, _): tokenMarker.mark(of: token)
                case .identifier(let text): tokenMarker.mark(of: text)
                }
            let request = read { $0.devices.inquiries.count } + 1
            var inquiry = CustomerInquiry(
                station: id, request: request, subject: subject, isReport: isReport, isClear: isClear, orderedAt: now,
                by: actor.name)
            inquiry.status = "Accepted"
            inquiry.parts.take(0, .started)
            inquiry.parts.take(0, .ended)
            write(.customer(inquiry))
            if isReport {
                write(.customerPart(id, request: request, number: 0, data: "2 sessions since 2026-01-05", at: now))
            }
            return "CustomerInformation"
        case .refreshMonitors: return "GetMonitoringReport"
        case .read: return "GetVariables"
        default: return "GetBaseReport"
        }
    }
}

extension StationView {
    func with(_ change: SecurityProfileChange?) -> StationView {
        var view = StationView(
            station: station, online: online, lastSeen: lastSeen, protocol: self.protocol, evses: evses,
            commissioning: commissioning, profileChange: change ?? profileChange)
        view.firmware = firmware
        view.profileDifferences = profileDifferences
        view.outsideLimits = outsideLimits
        return view
    }
}
