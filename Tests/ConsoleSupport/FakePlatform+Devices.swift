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

/// A pile of 2.0.1 that told its variables, and a template that one of them does not fit.
public enum PreviewDevices {
    public static func fill(_ state: inout FakePlatform.State, _ id: StationID, at now: Instant) {
        func variable(
            _ component: String, _ name: String, _ value: String, _ mutability: DeviceVariable.Mutability,
            _ kind: DeviceVariable.Kind, most: String? = nil, list: String? = nil
        ) -> DeviceVariable {
            var variable = DeviceVariable(
                name: VariableName(component: component, variable: name), attribute: .actual, value: value)
            variable.mutability = mutability
            variable.kind = kind
            variable.maxLimit = most
            variable.valuesList = list
            return variable
        }
        if let old = state.stations[id] {
            state.stations[id] = StationView(
                station: old.station, online: old.online, lastSeen: old.lastSeen, protocol: "ocpp2.0.1",
                evses: old.evses, commissioning: old.commissioning)
        }
        let told = [
            variable("ChargingStation", "Model", "SIM-7", .readOnly, .string),
            variable("OCPPCommCtrlr", "HeartbeatInterval", "300", .readWrite, .integer, most: "3600"),
            variable("TxCtrlr", "StopTxOnInvalidId", "false", .readWrite, .boolean),
            variable("SampledDataCtrlr", "TxUpdatedInterval", "60", .readWrite, .integer),
        ]
        state.devices.write(.variables(id, told.map { .reported($0) }, at: now - .minutes(20)))
        var report = DeviceReport(
            station: id, isOfMonitors: false, request: 7, scope: .full, orderedAt: now - .minutes(20))
        _ = report.take(part: 0, isLast: false, items: 3, at: now - .minutes(20))
        _ = report.take(part: 1, isLast: true, items: 1, at: now - .minutes(20))
        state.devices.write(.report(report))
        let interval = VariableName(component: "SampledDataCtrlr", variable: "TxUpdatedInterval")
        state.devices.write(
            .variables(id, [.set(interval, .actual, value: "30", afterRestart: true)], at: now - .minutes(5)))
        state.devices.write(
            .template(
                DeviceTemplate(
                    name: "community", note: "7 kW",
                    settings: [
                        VariableSetting(
                            name: VariableName(component: "TxCtrlr", variable: "StopTxOnInvalidId"), value: "true"),
                        VariableSetting(name: interval, value: "30"),
                    ], stations: [id], changedAt: now - .days(3), changedBy: "wang")))
        let temperature = VariableName(component: "ChargingStation", variable: "Temperature")
        state.devices.write(
            .monitors(
                id,
                [
                    DeviceMonitor(
                        id: 3, name: temperature, kind: "UpperThreshold", value: "75", severity: 3,
                        isTransactional: false, origin: DeviceMonitor.custom)
                ], at: now - .days(2)))
        state.devices.write(
            .event(
                id,
                DeviceEvent(
                    number: 12, at: now - .minutes(40), trigger: "Alerting", notification: DeviceMonitor.custom,
                    name: temperature, value: "78.5", severity: 3, monitor: 3), receivedAt: now - .minutes(40)))
    }
}
