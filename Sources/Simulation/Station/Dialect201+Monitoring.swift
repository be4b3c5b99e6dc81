import OCPP
import OCPPMessages
import Quantities

// Monitors and customers (part 2 block N).
extension Dialect201 {
    /// What a variable says now; `nil` when there is none.
    func value(of name: StationConfiguration.Name, in station: SimulatedChargePoint) -> String? {
        station.configuration.index(of: name).map { value(station.configuration.entries[$0], of: station) }
    }

    // MARK: Monitors

    func set(_ request: V2.SetVariableMonitoringRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let results = request.setMonitoringData.map { data in
            let (status, number) = set(data, in: &station)
            return V2.SetMonitoringResult(
                status: status, type: data.type, component: data.component, variable: data.variable,
                severity: data.severity, id: number)
        }
        respond(.setVariableMonitoring(.init(setMonitoringResult: results)), id, &station)
    }

    private func set(
        _ data: V2.SetMonitoringData, in station: inout SimulatedChargePoint
    ) -> (V2.SetMonitoringStatus, Int?) {
        let name = self.name(data.component, data.variable)
        guard station.configuration.entries.contains(where: { $0.name.isAt(name) }) else {
            return (.unknownComponent, nil)
        }
        guard let value = value(of: name, in: station) else { return (.unknownVariable, nil) }
        switch data.type {
        case .upperThreshold, .lowerThreshold: if JSONDecimal(value) == nil { return (.unsupportedMonitorType, nil) }
        case .delta: break
        case .periodic, .periodicClockAligned: if data.value.whole ?? 0 < 1 { return (.rejected, nil) }
        case .targetDelta, .targetDeltaRelative, .unrecognized: return (.unsupportedMonitorType, nil)
        }
        guard (0...9).contains(data.severity) else { return (.rejected, nil) }
        let known = data.id.map { id in station.watch.monitors.firstIndex { $0.id == id } }
        // One that is to be replaced must be there (N04.FR.10), and two of a kind and severity are one too many (N04.FR.13).
        if known == .some(nil) { return (.rejected, nil) }
        if let i = known ?? nil, station.watch.monitors[i].origin == .hardWired { return (.rejected, nil) }
        let isDouble = station.watch.monitors.contains {
            $0.name.matches(name) && $0.kind == data.type && $0.severity == data.severity && $0.id != data.id
        }
        if isDouble { return (.duplicate, nil) }
        let custom = station.watch.monitors.count { $0.origin == .custom }
        guard known != nil || custom < StationWatch.mostMonitors else { return (.rejected, nil) }
        let number = data.id ?? station.watch.nextMonitor
        if data.id == nil { station.watch.nextMonitor += 1 }
        let isPeriodic = data.type == .periodic || data.type == .periodicClockAligned
        var monitor = StationWatch.Monitor(
            id: number, name: name, kind: data.type, value: data.value, severity: data.severity, reference: value,
            due: nil)
        if isPeriodic { monitor.due = station.nextPeriod(of: monitor) }
        station.watch.monitors.removeAll { $0.id == number }
        station.watch.monitors.append(monitor)
        return (.accepted, number)
    }

    func clear(_ request: V2.ClearVariableMonitoringRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let results = request.id.map { number in
            guard let monitor = station.watch.monitors.first(where: { $0.id == number }) else {
                return V2.ClearMonitoringResult(status: .notFound, id: number)
            }
            // Built in (N06.FR.03).
            guard monitor.origin != .hardWired else { return V2.ClearMonitoringResult(status: .rejected, id: number) }
            station.watch.monitors.removeAll { $0.id == number }
            return V2.ClearMonitoringResult(status: .accepted, id: number)
        }
        respond(.clearVariableMonitoring(.init(clearMonitoringResult: results)), id, &station)
    }

    func set(_ request: V2.SetMonitoringBaseRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        if case .unrecognized = request.monitoringBase {
            return respond(.setMonitoringBase(.init(status: .notSupported)), id, &station)
        }
        station.watch.take(base: request.monitoringBase, evses: station.connectors.count)
        respond(.setMonitoringBase(.init(status: .accepted)), id, &station)
    }

    func set(_ request: V2.SetMonitoringLevelRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let isKnown = (0...9).contains(request.severity)
        if isKnown { station.watch.level = request.severity }
        respond(.setMonitoringLevel(.init(status: isKnown ? .accepted : .rejected)), id, &station)
    }

    /// One message for each monitor, after the answer.
    func report(_ request: V2.GetMonitoringReportRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let found = station.watch.monitors.filter { monitor in
            (request.componentVariable?.contains { covers($0, monitor.name) } ?? true)
                && (request.monitoringCriteria?.contains { meets($0, monitor.kind) } ?? true)
        }
        respond(.getMonitoringReport(.init(status: found.isEmpty ? .emptyResultSet : .accepted)), id, &station)
        for (number, monitor) in found.enumerated() {
            let name = monitor.name
            let message = V2.Request.notifyMonitoringReport(
                .init(
                    requestId: request.requestId, seqNo: number, generatedAt: station.clock,
                    monitor: [
                        V2.MonitoringData(
                            component: V2.Component(
                                name: name.component,
                                evse: name.evse.map { V2.EVSE(id: $0, connectorId: name.connector) }),
                            variable: V2.Variable(name: name.variable, instance: name.instance),
                            variableMonitoring: [
                                V2.VariableMonitoring(
                                    id: monitor.id, transaction: false, value: monitor.value, type: monitor.kind,
                                    severity: monitor.severity)
                            ])
                    ], tbc: number == found.count - 1 ? nil : true))
            station.call(message.action.rawValue, message.json, .other)
        }
    }

    private func meets(_ criterion: V2.MonitoringCriterion, _ kind: V2.MonitorKind) -> Bool {
        switch kind {
        case .upperThreshold, .lowerThreshold: criterion == .thresholdMonitoring
        case .delta, .targetDelta, .targetDeltaRelative: criterion == .deltaMonitoring
        case .periodic, .periodicClockAligned: criterion == .periodicMonitoring
        case .unrecognized: false
        }
    }

    // MARK: Network profiles

    static let securityProfile = StationConfiguration.Name(component: "SecurityCtrlr", variable: "SecurityProfile")
    static let priority = StationConfiguration.Name(
        component: "OCPPCommCtrlr", variable: "NetworkConfigurationPriority")

    // MARK: Customers

    /// It keeps nothing of customers but what its running transactions carry.
    func answer(_ request: V2.CustomerInformationRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        guard request.idToken != nil || request.customerIdentifier != nil || request.customerCertificate != nil else {
            return respond(.customerInformation(.init(status: .invalid)), id, &station)
        }
        respond(.customerInformation(.init(status: .accepted)), id, &station)
        let token = request.idToken?.idToken ?? request.customerIdentifier
        var data = ""
        if request.report {
            for connector in station.connectors {
                guard let running = connector.transaction, running.idTag == token else { continue }
                data += "EVSE \(connector.number): charging since \(running.start); "
            }
        }
        let message = V2.Request.notifyCustomerInformation(
            .init(
                data: data.isEmpty ? "no data" : data, seqNo: 0, generatedAt: station.clock,
                requestId: request.requestId))
        station.call(message.action.rawValue, message.json, .other)
    }
}
