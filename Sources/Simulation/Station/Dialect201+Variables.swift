import OCPP
import OCPPMessages
import Quantities

// The device model (part 2 block B, appendix 3): what the station has of its standard variables, read and changed.
extension Dialect201 {
    func configuration(_ settings: StationSettings) -> [StationConfiguration.Entry] {
        variables(of: settings) + (1...settings.connectors).flatMap { evse($0, settings) } + controllers(settings)
            + variablesBothWays(settings) + gridCodeVariables(settings) + swapVariables(settings)
            + securityVariables(settings.security, identity: settings.identity)
    }

    private typealias Entry = StationConfiguration.Entry

    func fixed(
        _ component: String, _ variable: String, _ value: String, _ kind: StationConfiguration.Kind = .text,
        instance: String? = nil
    ) -> StationConfiguration.Entry {
        let name = StationConfiguration.Name(component: component, variable: variable, instance: instance)
        return StationConfiguration.Entry(name: name, value: value, kind: kind)
    }

    func open(
        _ component: String, _ variable: String, _ value: String, _ kind: StationConfiguration.Kind,
        _ parameter: StationConfiguration.Parameter? = nil, instance: String? = nil
    ) -> StationConfiguration.Entry {
        let name = StationConfiguration.Name(component: component, variable: variable, instance: instance)
        return StationConfiguration.Entry(
            name: name, value: value, kind: kind, isReadOnly: false, parameter: parameter)
    }

    private func variables(of settings: StationSettings) -> [StationConfiguration.Entry] {
        [
            fixed("ChargingStation", "Available", "true", .flag),
            fixed("ChargingStation", "AvailabilityState", "Available", .option(Self.states)),
            fixed("ChargingStation", "Problem", "false", .flag),
            fixed("ChargingStation", "Model", settings.model),
            fixed("ChargingStation", "VendorName", settings.vendor),
            fixed("ChargingStation", "SupplyPhases", "\(settings.supply.phases)", .number()),
        ]
    }

    private func evse(_ number: Int, _ settings: StationSettings) -> [StationConfiguration.Entry] {
        let most = settings.hardware.milliwatts / 1000
        func at(
            _ connector: Int?, _ variable: String, _ value: String, _ kind: StationConfiguration.Kind,
            of component: String? = nil
        ) -> Entry {
            let name = StationConfiguration.Name(
                component: component ?? (connector == nil ? "EVSE" : "Connector"), evse: number, connector: connector,
                variable: variable)
            return Entry(name: name, value: value, kind: kind)
        }
        return [
            at(nil, "Available", "true", .flag),
            at(nil, "AvailabilityState", "Available", .option(Self.states)),
            at(nil, "Problem", "false", .flag),
            at(nil, "AllowReset", "\(settings.resetsSingleEVSEs)", .flag),
            at(nil, "SupplyPhases", "\(settings.supply.phases)", .number()),
            at(nil, "Power", "0", .number(unit: "W", most: most)),
            at(1, "Available", "true", .flag),
            at(1, "AvailabilityState", "Available", .option(Self.states)),
            at(1, "Problem", "false", .flag),
            at(1, "ConnectorType", settings.connectorWord, .text),
            at(1, "SupplyPhases", "\(settings.supply.phases)", .number()),
            at(1, "Problem", "false", .flag, of: "ConnectorPlugRetentionLock"),
            at(nil, "Temperature", "0", .number(unit: "Celsius"), of: "TemperatureSensor"),
        ]
    }

    private func controllers(_ settings: StationSettings) -> [StationConfiguration.Entry] {
        let isBothWays = is21 && settings.bidirectional != nil
        let isCabinet = is21 && settings.swap != nil
        let sampled: [MeterSample.Measurand] =
            isBothWays
            ? [.energyRegister, .energyExport, .power, .powerExport, .charge, .setpoint]
            : isCabinet ? [.energyRegister, .power, .charge] : [.energyRegister, .power, .current]
        let register =
            isBothWays ? sampled.prefix(2).map(\.rawValue).joined(separator: ",") + ",SoC" : sampled[0].rawValue
        let (start, stop) = isCabinet ? ("EVConnected", "EVConnected") : ("PowerPathClosed", "Authorized")
        let seconds = StationConfiguration.Kind.number(unit: "s")
        let units = settings.rateUnits.map { $0 == .amperes ? "A" : "W" }
        let answer = settings.callTimeout.wholeMilliseconds / 1000
        return [
            open("OCPPCommCtrlr", "HeartbeatInterval", "300", seconds, .heartbeatInterval),
            open("OCPPCommCtrlr", "OfflineThreshold", "600", seconds, .offlineThreshold),
            open("OCPPCommCtrlr", "MessageAttempts", "3", .number(), .attempts, instance: "TransactionEvent"),
            open(
                "OCPPCommCtrlr", "MessageAttemptInterval", "10", seconds, .attemptInterval,
                instance: "TransactionEvent"),
            fixed("OCPPCommCtrlr", "MessageTimeout", "\(answer)", seconds, instance: "Default"),
            fixed("OCPPCommCtrlr", "QueueAllMessages", "false", .flag),
            fixed("OCPPCommCtrlr", "ResetRetries", "0", .number()),
            fixed("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "true", .flag),
            open("OCPPCommCtrlr", "NetworkConfigurationPriority", "1", .members(StationWatch.slots.map(String.init))),
            open("OCPPCommCtrlr", "WebSocketPingInterval", "0", seconds),
            fixed("AuthCtrlr", "Enabled", "true", .flag),
            fixed("AuthCtrlr", "AuthorizeRemoteStart", "false", .flag),
            open("AuthCtrlr", "LocalAuthorizeOffline", "true", .flag, .usesListOffline),
            open("AuthCtrlr", "LocalPreAuthorize", "false", .flag, .preAuthorizes),
            open("AuthCtrlr", "MasterPassGroupId", "", .text, .masterPassGroup),
            fixed("AuthCacheCtrlr", "Available", "true", .flag),
            open("AuthCacheCtrlr", "Enabled", "true", .flag, .cacheEnabled),
            open("AuthCacheCtrlr", "LifeTime", "0", seconds, .cacheLifeTime),
            open("AuthCacheCtrlr", "DisablePostAuthorize", "false", .flag, .asksNoMore),
            fixed("AuthCacheCtrlr", "Storage", "0", .number(most: Int64(AuthorizationCache.mostBytes))),
            open("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true", .flag, .startsOffline),
            open("TxCtrlr", "EVConnectionTimeOut", "60", seconds, .connectionTimeOut),
            open("TxCtrlr", "StopTxOnEVSideDisconnect", "true", .flag, .stopsOnDisconnect),
            open("TxCtrlr", "MaxEnergyOnInvalidId", "0", .number(unit: "Wh"), .energyOnRefusal),
            open("TxCtrlr", "StopTxOnInvalidId", "true", .flag, .stopsOnRefusal),
            fixed("TxCtrlr", "TxStartPoint", start, .members([start])),
            fixed("TxCtrlr", "TxStopPoint", stop, .members([stop])),
            fixed("LocalAuthListCtrlr", "Enabled", "true", .flag),
            fixed("LocalAuthListCtrlr", "Entries", "\(StationHoldings.mostListed)", .number()),
            fixed("LocalAuthListCtrlr", "ItemsPerMessage", "\(StationHoldings.listedAMessage)", .number()),
            fixed("LocalAuthListCtrlr", "BytesPerMessage", "65536", .number()),
            fixed("ReservationCtrlr", "Enabled", "true", .flag),
            fixed("ReservationCtrlr", "NonEvseSpecific", "true", .flag),
            fixed("DisplayMessageCtrlr", "Enabled", "true", .flag),
            fixed("DisplayMessageCtrlr", "DisplayMessages", "\(StationHoldings.mostDisplayed)", .number()),
            fixed("DisplayMessageCtrlr", "SupportedFormats", "UTF8", .members(["UTF8"])),
            fixed(
                "DisplayMessageCtrlr", "SupportedPriorities", "InFront,NormalCycle",
                .members(["InFront", "NormalCycle"])),
            fixed("SampledDataCtrlr", "Enabled", "true", .flag),
            open("SampledDataCtrlr", "TxUpdatedInterval", "60", seconds, .sampleInterval),
            open(
                "SampledDataCtrlr", "TxUpdatedMeasurands", sampled.map(\.rawValue).joined(separator: ","), .measurands,
                .sampled),
            open("SampledDataCtrlr", "TxStartedMeasurands", register, .measurands, .sampledAtBegin),
            open("SampledDataCtrlr", "TxEndedMeasurands", register, .measurands, .sampledAtEnd),
            open("SampledDataCtrlr", "TxEndedInterval", "0", seconds, .sampledEndInterval),
            fixed("AlignedDataCtrlr", "Available", "true", .flag),
            open("AlignedDataCtrlr", "Enabled", "true", .flag, .alignedEnabled),
            open("AlignedDataCtrlr", "Interval", "0", seconds, .alignedInterval),
            open("AlignedDataCtrlr", "Measurands", register, .measurands, .aligned),
            open("AlignedDataCtrlr", "SendDuringIdle", "false", .flag, .alignedOnlyIdle),
            open("AlignedDataCtrlr", "TxEndedInterval", "0", seconds, .alignedEndInterval),
            open("AlignedDataCtrlr", "TxEndedMeasurands", "", .measurands, .alignedAtEnd),
            fixed("MonitoringCtrlr", "Available", "true", .flag),
            fixed("MonitoringCtrlr", "Enabled", "true", .flag),
            open("MonitoringCtrlr", "OfflineQueuingSeverity", "5", .number(most: 9), .offlineSeverity),
            fixed("MonitoringCtrlr", "ActiveMonitoringBase", "FactoryDefault", .option(Self.bases)),
            fixed("MonitoringCtrlr", "ActiveMonitoringLevel", "9", .number(most: 9)),
            fixed("MonitoringCtrlr", "ItemsPerMessage", "50", .number(), instance: "SetVariableMonitoring"),
            fixed("MonitoringCtrlr", "BytesPerMessage", "65536", .number(), instance: "SetVariableMonitoring"),
            fixed("MonitoringCtrlr", "ItemsPerMessage", "50", .number(), instance: "ClearVariableMonitoring"),
            fixed("MonitoringCtrlr", "BytesPerMessage", "65536", .number(), instance: "ClearVariableMonitoring"),
            fixed("SmartChargingCtrlr", "Enabled", "true", .flag),
            fixed("SmartChargingCtrlr", "ProfileStackLevel", "\(settings.maxStackLevel)", .number()),
            fixed("SmartChargingCtrlr", "RateUnit", units.joined(separator: ","), .members(units)),
            fixed("SmartChargingCtrlr", "PeriodsPerSchedule", "\(settings.maxPeriods)", .number()),
            fixed("SmartChargingCtrlr", "Entries", "\(settings.maxProfiles)", .number(), instance: "ChargingProfiles"),
            fixed("SmartChargingCtrlr", "Phases3to1", "false", .flag),
            fixed("ISO15118Ctrlr", "Enabled", "true", .flag),
            open("ISO15118Ctrlr", "PnCEnabled", "true", .flag, .takesContracts),
            fixed("ISO15118Ctrlr", "CentralContractValidationAllowed", "true", .flag),
            fixed("ISO15118Ctrlr", "ContractValidationOffline", "false", .flag),
            fixed("ISO15118Ctrlr", "MaxScheduleEntries", "\(SimulatedChargePoint.mostSchedules)", .number()),
            fixed("ClockCtrlr", "DateTime", ""),
            fixed("ClockCtrlr", "TimeSource", "Heartbeat"),
            fixed("DeviceDataCtrlr", "ItemsPerMessage", "50", .number(), instance: "GetVariables"),
            fixed("DeviceDataCtrlr", "ItemsPerMessage", "50", .number(), instance: "SetVariables"),
            fixed("DeviceDataCtrlr", "ItemsPerMessage", "50", .number(), instance: "GetReport"),
            fixed("DeviceDataCtrlr", "BytesPerMessage", "65536", .number(), instance: "GetVariables"),
            fixed("DeviceDataCtrlr", "BytesPerMessage", "65536", .number(), instance: "SetVariables"),
            fixed("DeviceDataCtrlr", "BytesPerMessage", "65536", .number(), instance: "GetReport"),
        ]
    }

    private static let bases = ["All", "FactoryDefault", "HardWiredOnly"]
    private static let states = ["Available", "Occupied", "Reserved", "Unavailable", "Faulted"]

    /// What an entry says now: some say what the station does.
    func value(_ entry: StationConfiguration.Entry, of station: SimulatedChargePoint) -> String {
        if let value = valueBothWays(entry.name, of: station) { return value }
        return switch (entry.name.evse, entry.name.variable) {
        case (let evse?, "AvailabilityState"): status(station[evse]?.condition ?? .unavailable).name
        case (let evse?, "Power"): "\(station.power(connector: evse).watts)"
        case (let evse?, "Problem") where entry.name.component == "ConnectorPlugRetentionLock":
            "\(station[evse]?.fault == .connectorLockFailure)"
        case (let evse?, "Problem"): "\(station.hasProblem(evse))"
        case (nil, "Problem"): "\(station.connectors.contains { station.hasProblem($0.number) })"
        case (let evse?, "Temperature"): "\(station[evse]?.temperature(at: station.now) ?? 0)"
        case (nil, "Storage"):
            "\(station.holdings.cache.bytes(at: station.clock, lifetime: station.cacheLifetime))"
        case (nil, "ActiveMonitoringBase"): station.watch.base.name
        case (nil, "ActiveMonitoringLevel"): "\(station.watch.level)"
        case (nil, "DateTime"): station.clock.description
        case (nil, "CertificateEntries"): "\(station.security.certificates.held.count)"
        default: entry.value
        }
    }

    // MARK: GetVariables, SetVariables

    private enum Search {
        case found(Int)
        case unknownComponent, unknownVariable, unknownAttribute
    }

    private func search(
        _ component: V2.Component, _ variable: V2.Variable, _ attribute: V2.AttributeKind?,
        _ station: SimulatedChargePoint
    ) -> Search {
        let name = self.name(component, variable)
        // No component of ours has an instance.
        guard component.instance == nil, station.configuration.entries.contains(where: { $0.name.isAt(name) }) else {
            return .unknownComponent
        }
        guard let i = station.configuration.index(of: name) else { return .unknownVariable }
        return attribute ?? .actual == .actual ? .found(i) : .unknownAttribute
    }

    func name(_ component: V2.Component, _ variable: V2.Variable) -> StationConfiguration.Name {
        StationConfiguration.Name(
            component: component.name, evse: component.evse?.id, connector: component.evse?.connectorId,
            variable: variable.name, instance: variable.instance)
    }

    func get(_ data: V2.GetVariableData, from station: SimulatedChargePoint) -> V2.GetVariableResult {
        func result(_ status: V2.GetVariableStatus, _ value: String? = nil) -> V2.GetVariableResult {
            V2.GetVariableResult(
                attributeStatus: status, component: data.component, variable: data.variable,
                attributeType: data.attributeType, attributeValue: value)
        }
        switch search(data.component, data.variable, data.attributeType, station) {
        case .found(let i) where station.configuration.entries[i].kind == .secret: return result(.rejected)
        case .found(let i): return result(.accepted, value(station.configuration.entries[i], of: station))
        case .unknownComponent: return result(.unknownComponent)
        case .unknownVariable: return result(.unknownVariable)
        case .unknownAttribute: return result(.notSupportedAttributeType)
        }
    }

    func set(_ data: V2.SetVariableData, in station: inout SimulatedChargePoint) -> V2.SetVariableResult {
        let status: V2.SetVariableStatus
        switch search(data.component, data.variable, data.attributeType, station) {
        case .found(let i) where station.configuration.entries[i].name.matches(Self.priority):
            // It connects anew by it after a reboot (B10.FR.01, FR.04), by slots for which everything is there.
            let isUsable = isUsable(priority: data.attributeValue, in: station)
            status = isUsable && station.change(i, to: data.attributeValue) ? .rebootRequired : .rejected
        case .found(let i) where station.configuration.entries[i].kind == .secret:
            status = setPassword(data.attributeValue, in: &station) ? .accepted : .rejected
        case .found(let i): status = station.change(i, to: data.attributeValue) ? .accepted : .rejected
        case .unknownComponent: status = .unknownComponent
        case .unknownVariable: status = .unknownVariable
        case .unknownAttribute: status = .notSupportedAttributeType
        }
        return V2.SetVariableResult(
            attributeStatus: status, component: data.component, variable: data.variable,
            attributeType: data.attributeType)
    }
}
