import OCPPMessages

/// The configuration keys of a simulated charge point (OCPP 1.6 §9), with what each of them accepts.
struct StationConfiguration: Hashable, Sendable {
    enum Rule: Hashable, Sendable { case readOnly, seconds, flag, measurands, text }
    struct Entry: Hashable, Sendable {
        let key: String
        var value: String
        let rule: Rule
    }

    private(set) var entries: [Entry]
    /// The measurands that MeterValues carries: the value of MeterValuesSampledData, read once.
    private(set) var sampled: [V16.Measurand] = [.energyActiveImportRegister, .powerActiveImport, .currentImport]

    static let measurands: [V16.Measurand] = [
        .energyActiveImportRegister, .powerActiveImport, .currentImport, .currentOffered, .powerOffered, .voltage,
    ]

    init(_ settings: StationSettings) {
        let units = settings.rateUnits.map { $0 == .a ? "Current" : "Power" }.joined(separator: ",")
        entries = [
            Entry(key: "AllowOfflineTxForUnknownId", value: "true", rule: .flag),
            Entry(key: "AuthorizeRemoteTxRequests", value: "false", rule: .flag),
            Entry(key: "ClockAlignedDataInterval", value: "0", rule: .readOnly),
            Entry(key: "ConnectionTimeOut", value: "60", rule: .seconds),
            Entry(key: "ConnectorPhaseRotation", value: "NotApplicable", rule: .text),
            Entry(key: "GetConfigurationMaxKeys", value: "100", rule: .readOnly),
            Entry(key: "HeartbeatInterval", value: "300", rule: .seconds),
            Entry(key: "LocalAuthorizeOffline", value: "true", rule: .flag),
            Entry(key: "LocalPreAuthorize", value: "false", rule: .flag),
            Entry(key: "MeterValuesAlignedData", value: "", rule: .readOnly),
            Entry(
                key: "MeterValuesSampledData", value: sampled.map(\.name).joined(separator: ","), rule: .measurands),
            Entry(key: "MeterValueSampleInterval", value: "60", rule: .seconds),
            Entry(key: "NumberOfConnectors", value: "\(settings.connectors)", rule: .readOnly),
            Entry(key: "ResetRetries", value: "0", rule: .readOnly),
            Entry(key: "StopTransactionOnEVSideDisconnect", value: "true", rule: .readOnly),
            Entry(key: "StopTransactionOnInvalidId", value: "true", rule: .flag),
            Entry(key: "StopTxnAlignedData", value: "", rule: .readOnly),
            Entry(key: "StopTxnSampledData", value: "", rule: .readOnly),
            Entry(
                key: "SupportedFeatureProfiles", value: "Core,FirmwareManagement,SmartCharging,RemoteTrigger",
                rule: .readOnly),
            Entry(key: "TransactionMessageAttempts", value: "3", rule: .seconds),
            Entry(key: "TransactionMessageRetryInterval", value: "10", rule: .seconds),
            Entry(key: "UnlockConnectorOnEVSideDisconnect", value: "true", rule: .readOnly),
            Entry(key: "WebSocketPingInterval", value: "0", rule: .seconds),
            Entry(key: "ChargeProfileMaxStackLevel", value: "\(settings.maxStackLevel)", rule: .readOnly),
            Entry(key: "ChargingScheduleAllowedChargingRateUnit", value: units, rule: .readOnly),
            Entry(key: "ChargingScheduleMaxPeriods", value: "\(settings.maxPeriods)", rule: .readOnly),
            Entry(key: "ConnectorSwitch3to1PhaseSupported", value: "false", rule: .readOnly),
            Entry(key: "MaxChargingProfilesInstalled", value: "\(settings.maxProfiles)", rule: .readOnly),
        ]
    }

    func text(_ key: String) -> String { entries.first { $0.key == key }?.value ?? "" }
    func number(_ key: String) -> Int { Int(text(key)) ?? 0 }
    func flag(_ key: String) -> Bool { text(key) == "true" }

    mutating func change(_ key: String, to value: String) -> V16.ConfigurationStatus {
        // Keys are compared without case (CiString50Type).
        guard let i = entries.firstIndex(where: { $0.key.lowercased() == key.lowercased() }) else {
            return .notSupported
        }
        switch entries[i].rule {
        case .readOnly: return .rejected
        case .seconds: guard let number = Int(value), (0...10_000_000).contains(number) else { return .rejected }
        case .flag: guard ["true", "false"].contains(value.lowercased()) else { return .rejected }
        case .measurands:
            let words = value.split(separator: ",").map { V16.Measurand(String($0.trimmingSpaces)) }
            guard words.allSatisfy(StationConfiguration.measurands.contains) else { return .rejected }
            sampled = words
            entries[i].value = words.map(\.name).joined(separator: ",")
            return .accepted
        case .text: guard value.utf8.count <= 500 else { return .rejected }
        }
        entries[i].value = entries[i].rule == .flag ? value.lowercased() : value
        return .accepted
    }

    func answer(_ keys: [String]?) -> V16.GetConfigurationResponse {
        let report = { (entry: Entry) in
            V16.KeyValue(key: entry.key, readonly: entry.rule == .readOnly, value: entry.value)
        }
        guard let keys, !keys.isEmpty else {
            return V16.GetConfigurationResponse(configurationKey: entries.map(report))
        }
        let wanted = Set(keys.map { $0.lowercased() })
        let known = entries.filter { wanted.contains($0.key.lowercased()) }
        let unknown = keys.filter { key in !entries.contains { $0.key.lowercased() == key.lowercased() } }
        return V16.GetConfigurationResponse(
            configurationKey: known.isEmpty ? nil : known.map(report), unknownKey: unknown.isEmpty ? nil : unknown)
    }
}

extension Substring {
    var trimmingSpaces: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
