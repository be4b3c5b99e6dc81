import Assets
import Charging
import Operations
import Quantities

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

    // MARK: - A pile with much to tell

    /// A pile of 2.0.1 with variables of every kind, monitors, events, network profiles and what it told of a customer.
    static func fillRich(_ state: inout FakePlatform.State, _ id: StationID, at now: Instant) {
        if let old = state.stations[id] {
            var station = old.station
            station.securityProfile = 1
            state.stations[id] = StationView(
                station: station, online: true, lastSeen: now - .seconds(20), protocol: "ocpp2.0.1", evses: old.evses,
                commissioning: old.commissioning)
        }
        state.devices.write(.variables(id, variables.map { .reported($0) }, at: now - .hours(2)))
        var report = DeviceReport(
            station: id, isOfMonitors: false, request: 11, scope: .full, orderedAt: now - .hours(2))
        _ = report.take(part: 0, isLast: false, items: 8, at: now - .hours(2))
        _ = report.take(part: 3, isLast: false, items: 6, at: now - .hours(2))
        state.devices.write(.report(report))
        state.devices.write(.monitors(id, monitors, at: now - .days(2)))
        state.devices.write(.monitoring(id, base: "All", level: 6, at: now - .days(1)))
        for event in events(now) { state.devices.write(.event(id, event, receivedAt: event.at + .seconds(1))) }
        state.devices.write(
            .network(
                id,
                NetworkProfile(
                    slot: 1, interface: "Wired0", url: "ws://csms.example/ocpp", securityProfile: 1, messageTimeout: 30),
                at: now - .days(90)))
        state.devices.write(
            .network(
                id,
                NetworkProfile(
                    slot: 2, interface: "Wireless0", url: "wss://csms.example/ocpp", securityProfile: 2,
                    messageTimeout: 30), at: now - .hours(5)))
        var change = SecurityProfileChange(
            station: id, target: 2, previous: 1, state: .refused, at: now - .hours(5))
        change.word = "InvalidConfSlot"
        state.devices.write(.securityProfile(change))
        inquiries(&state, id, now)
        state.devices.write(
            .template(
                DeviceTemplate(
                    name: "wuhan-ac-2026", note: "交流桩统一参数，夜间心跳放宽",
                    settings: [
                        VariableSetting(
                            name: VariableName(component: "OCPPCommCtrlr", variable: "HeartbeatInterval"), value: "900"),
                        VariableSetting(
                            name: VariableName(
                                component: "OCPPCommCtrlr", variable: "MessageAttempts", instance: "TransactionEvent"),
                            value: "5"),
                        VariableSetting(
                            name: VariableName(component: "EVSE", evse: 1, variable: "Power"), attribute: .maxSet,
                            value: "7000"),
                        VariableSetting(
                            name: VariableName(component: "LocalAuthListCtrlr", variable: "Enabled"), value: "true"),
                    ], stations: [id, StationID("JY-004"), StationID("JY-017")], changedAt: now - .hours(30),
                    changedBy: "manager")))
    }

    /// Another one on its way to security profile 2.
    static func fillAwaited(_ state: inout FakePlatform.State, _ id: StationID, at now: Instant) {
        guard let old = state.stations[id] else { return }
        state.stations[id] = StationView(
            station: old.station, online: true, lastSeen: now - .seconds(5), protocol: "ocpp2.1", evses: old.evses,
            commissioning: old.commissioning)
        state.devices.write(
            .securityProfile(
                SecurityProfileChange(
                    station: id, target: 2, previous: 0, state: .resetting, at: now - .minutes(3))))
    }

    private static var variables: [DeviceVariable] {
        typealias Row = (
            component: String, evse: Int?, name: String, instance: String?, value: String?,
            mutability: DeviceVariable.Mutability, kind: DeviceVariable.Kind, unit: String?
        )
        let rows: [Row] = [
            ("AuthCtrlr", nil, "Enabled", nil, "true", .readWrite, .boolean, nil),
            ("ChargingStation", nil, "Model", nil, "ACS-7K", .readOnly, .string, nil),
            ("ChargingStation", nil, "VendorName", nil, "Star Charge", .readOnly, .string, nil),
            ("ChargingStation", nil, "SupplyPhases", nil, "1", .readOnly, .integer, nil),
            ("ClockCtrlr", nil, "TimeZone", nil, "Asia/Shanghai", .readWrite, .string, nil),
            ("EVSE", 1, "AvailabilityState", nil, "Available", .readOnly, .optionList, nil),
            ("EVSE", 1, "Power", nil, "0", .readOnly, .decimal, "W"),
            ("EVSE", 1, "Temperature", nil, "41.5", .readOnly, .decimal, "Celsius"),
            ("ISO15118Ctrlr", nil, "Enabled", nil, "true", .readOnly, .boolean, nil),
            ("ISO15118Ctrlr", nil, "PnCEnabled", nil, "true", .readWrite, .boolean, nil),
            ("ISO15118Ctrlr", nil, "ContractCertificateInstallationEnabled", nil, "true", .readWrite, .boolean, nil),
            ("LocalAuthListCtrlr", nil, "Enabled", nil, "false", .readWrite, .boolean, nil),
            ("OCPPCommCtrlr", nil, "HeartbeatInterval", nil, "300", .readWrite, .integer, "s"),
            ("OCPPCommCtrlr", nil, "MessageAttempts", "TransactionEvent", "3", .readWrite, .integer, nil),
            ("OCPPCommCtrlr", nil, "NetworkConfigurationPriority", nil, "1", .readWrite, .sequenceList, nil),
            (
                "SampledDataCtrlr", nil, "TxUpdatedMeasurands", nil,
                "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC", .readWrite, .memberList,
                nil
            ),
            ("SecurityCtrlr", nil, "BasicAuthPassword", nil, nil, .writeOnly, .string, nil),
        ]
        return rows.map { row in
            var variable = DeviceVariable(
                name: VariableName(
                    component: row.component, evse: row.evse, variable: row.name, instance: row.instance),
                value: row.value)
            (variable.mutability, variable.kind, variable.unit) = (row.mutability, row.kind, row.unit)
            variable.supportsMonitoring = row.kind == .decimal || row.name == "AvailabilityState"
            if row.name == "HeartbeatInterval" { (variable.minLimit, variable.maxLimit) = ("30", "3600") }
            if row.name == "NetworkConfigurationPriority" { variable.valuesList = "1,2,3" }
            if row.name == "TxUpdatedMeasurands" {
                variable.valuesList =
                    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC,Temperature"
            }
            return variable
        }
    }

    private static var monitors: [DeviceMonitor] {
        let (temperature, power) = (
            VariableName(component: "EVSE", evse: 1, variable: "Temperature"),
            VariableName(component: "EVSE", evse: 1, variable: "Power")
        )
        func monitor(
            _ id: Int, _ name: VariableName, _ kind: String, _ value: String, _ severity: Int, _ origin: String,
            _ isTransactional: Bool = false
        ) -> DeviceMonitor {
            DeviceMonitor(
                id: id, name: name, kind: kind, value: value, severity: severity, isTransactional: isTransactional,
                origin: origin)
        }
        return [
            monitor(1, temperature, "UpperThreshold", "85", 1, "HardWiredMonitor"),
            monitor(2, temperature, "UpperThreshold", "70", 5, "PreconfiguredMonitor"),
            monitor(7, power, "Delta", "500", 8, DeviceMonitor.custom, true),
            monitor(8, power, "PeriodicClockAligned", "900", 9, DeviceMonitor.custom),
        ]
    }

    private static func events(_ now: Instant) -> [DeviceEvent] {
        let temperature = VariableName(component: "EVSE", evse: 1, variable: "Temperature")
        let state = VariableName(component: "EVSE", evse: 1, variable: "AvailabilityState")
        return [
            DeviceEvent(
                number: 40, at: now - .hours(26), trigger: "Alerting", notification: "PreconfiguredMonitor",
                name: temperature, value: "71.2", severity: 5, monitor: 2),
            DeviceEvent(
                number: 41, at: now - .hours(25), trigger: "Alerting", notification: "PreconfiguredMonitor",
                name: temperature, value: "66.0", isCleared: true, severity: 5, monitor: 2),
            DeviceEvent(
                number: 42, at: now - .minutes(50), trigger: "Delta", notification: "HardWiredNotification",
                name: state, value: "Faulted", severity: 2, techCode: "E-117",
                techInfo: "contactor welded, phase L1, measured 231 V behind open contact"),
            DeviceEvent(
                number: 43, at: now - .minutes(12), trigger: "Alerting", notification: "HardWiredMonitor",
                name: temperature, value: "86.4", severity: 1, monitor: 1),
        ]
    }

    private static func inquiries(_ state: inout FakePlatform.State, _ id: StationID, _ now: Instant) {
        func inquiry(_ request: Int, _ mark: String, clear: Bool, _ status: String?, _ at: Instant) -> CustomerInquiry {
            var inquiry = CustomerInquiry(
                station: id, request: request, subject: mark, isReport: true, isClear: clear, orderedAt: at,
                by: "manager")
            inquiry.status = status
            return inquiry
        }
        var told = inquiry(21, "#4f1ac03b7d", clear: false, "Accepted", now - .days(2))
        told.parts.take(0, .started)
        told.parts.take(0, .ended)
        state.devices.write(.customer(told))
        state.devices.write(
            .customerPart(
                id, request: 21, number: 0, data: "idToken in cache until 2026-04-01; 14 sessions since 2026-01-05",
                at: now - .days(2)))
        state.devices.write(.customer(inquiry(22, "#90be221f04", clear: true, "Rejected", now - .hours(3))))
        state.devices.write(.customer(inquiry(23, "#4f1ac03b7d", clear: false, nil, now - .minutes(2))))
    }
}
