import OCPP
import OCPPMessages
import Quantities

/// OCPP 1.6: Core, SmartCharging, RemoteTrigger, FirmwareManagement, LocalAuthListManagement, Reservation. A connector is an EVSE.
struct Dialect16: StationDialect {
    let replacement = ProfileStack.Replacement.sameLevel
    let bootsOnEachConnection = true
    let namesTransactions = false
    let hasStationStatus = true
    let tellsFaults = true

    func told(_ condition: ConnectorCondition) -> ConnectorCondition { condition }

    // MARK: What the station says

    func call(_ message: StationMessage, of settings: StationSettings) -> (action: String, payload: [UInt8]) {
        let request = request(message, settings)
        return (request.action.rawValue, request.json)
    }

    private func request(_ message: StationMessage, _ settings: StationSettings) -> V16.Request {
        switch message {
        case .boot:
            .bootNotification(
                .init(
                    chargePointVendor: settings.vendor, chargePointModel: settings.model,
                    chargePointSerialNumber: String(settings.identity.prefix(25)),
                    firmwareVersion: settings.firmware))
        case .heartbeat: .heartbeat(.init())
        case .authorize(let idTag, nil, _): .authorize(.init(idTag: idTag))
        case .authorize(let idTag, let contract?, _): authorization(idTag, contract)
        case .status(let connector, let condition, let fault, let at):
            .statusNotification(
                .init(
                    connectorId: connector, errorCode: errorCode(fault), status: status(condition), info: fault?.info,
                    timestamp: at))
        case .transaction(let message, let id): request(message, id.flatMap { Int($0) })
        case .readings(let connector, let sample, let id):
            .meterValues(
                .init(
                    connectorId: connector, meterValue: [meterValue(sample)], transactionId: id.flatMap { Int($0) }))
        case .firmware(let step, let request?):
            .signedFirmwareStatusNotification(.init(status: signedFirmwareStatus(step), requestId: request))
        case .firmware(let step, nil): .firmwareStatusNotification(.init(status: firmwareStatus(step)))
        case .upload(let step, let request?):
            .logStatusNotification(.init(status: uploadStatus(step), requestId: request))
        case .upload(let step, nil): .diagnosticsStatusNotification(.init(status: diagnosticsStatus(step)))
        // 1.6 has no word for it; its stations do not say it.
        case .reservationEnded, .outsideLimit, .outsideLimitEnded, .needs, .vehiclePlan, .v2xNeeds, .v2xPlan, .pull:
            .heartbeat(.init())
        case .securityEvent(let event):
            .securityEventNotification(.init(type: word(event.kind), timestamp: event.at, techInfo: event.info))
        case .signCertificate(let text, _): .signCertificate(.init(csr: text))
        }
    }

    private func request(_ message: TransactionMessage, _ number: Int?) -> V16.Request {
        switch message.event {
        case .start(let idTag, _, _, let reservation):
            .startTransaction(
                .init(
                    connectorId: message.connector, idTag: idTag, meterStart: message.wattHours, timestamp: message.at,
                    reservationId: reservation))
        case .sample:
            .meterValues(
                .init(
                    connectorId: message.connector, meterValue: message.sample.map { [meterValue($0)] } ?? [],
                    transactionId: number))
        // Only stations that name their transactions have more to say in them.
        case .condition, .disconnected, .reconnected, .deauthorized, .operationMode, .limitSet, .limitReached:
            .statusNotification(
                .init(
                    connectorId: message.connector, errorCode: .noError, status: status(message.condition),
                    timestamp: message.at))
        case .stop(let cause, let idTag):
            // A start that was given up leaves no number: -1, as real stations do.
            .stopTransaction(
                .init(
                    meterStop: message.wattHours, timestamp: message.at, transactionId: number ?? -1, idTag: idTag,
                    reason: reason(cause), transactionData: data(of: message)))
        }
    }

    /// `nil` where no measurands are set for it (§3.16.5).
    private func data(of message: TransactionMessage) -> [V16.MeterValue]? {
        let samples = message.kept + (message.sample.map { [$0] } ?? [])
        return samples.isEmpty ? nil : samples.map(meterValue)
    }

    private func meterValue(_ sample: MeterSample) -> V16.MeterValue {
        V16.MeterValue(
            timestamp: sample.at,
            sampledValue: sample.values.map {
                V16.SampledValue(
                    value: $0.value.description, context: V16.ReadingContext(sample.context.rawValue),
                    measurand: V16.Measurand($0.measurand.rawValue), phase: $0.phase.map { V16.Phase($0.rawValue) },
                    location: .outlet, unit: V16.UnitOfMeasure($0.unit))
            })
    }

    private func status(_ condition: ConnectorCondition) -> V16.ChargePointStatus {
        switch condition {
        case .available: .available
        case .reserved: .reserved
        case .preparing: .preparing
        case .charging: .charging
        case .suspendedEV: .suspendedEV
        case .suspendedEVSE: .suspendedEVSE
        case .finishing: .finishing
        case .unavailable: .unavailable
        case .faulted: .faulted
        }
    }

    private func errorCode(_ fault: StationFault?) -> V16.ChargePointErrorCode {
        switch fault {
        case nil: .noError
        case .groundFailure: .groundFailure
        case .highTemperature: .highTemperature
        case .connectorLockFailure: .connectorLockFailure
        }
    }

    private func reason(_ cause: StopCause) -> V16.Reason {
        switch cause {
        case .evDisconnected: .evDisconnected
        case .local: .local
        case .remote: .remote
        case .deAuthorized: .deAuthorized
        case .unlockCommand: .unlockCommand
        case .hardReset: .hardReset
        case .softReset: .softReset
        // There is no word for it (errorCode of the status says which fault).
        case .groundFault, .masterPass, .transferRefused: .other
        }
    }

    func tells(_ step: FirmwareStep, request: Int?) -> Bool {
        switch step {
        case .idle, .downloading, .downloaded, .downloadFailed, .installing, .installed, .installationFailed: true
        case .downloadScheduled, .signatureVerified, .invalidSignature, .installScheduled, .installRebooting:
            request != nil
        }
    }

    /// What it has no word for is not told (``tells(_:request:)``).
    private func firmwareStatus(_ step: FirmwareStep) -> V16.FirmwareStatus {
        switch step {
        case .downloading: .downloading
        case .downloaded: .downloaded
        case .downloadFailed: .downloadFailed
        case .installing: .installing
        case .installed: .installed
        case .installationFailed: .installationFailed
        case .idle, .downloadScheduled, .signatureVerified, .invalidSignature, .installScheduled, .installRebooting:
            .idle
        }
    }

    private func signedFirmwareStatus(_ step: FirmwareStep) -> V16.SignedFirmwareStatus {
        switch step {
        case .idle: .idle
        case .downloadScheduled: .downloadScheduled
        case .downloading: .downloading
        case .downloaded: .downloaded
        case .downloadFailed: .downloadFailed
        case .signatureVerified: .signatureVerified
        case .invalidSignature: .invalidSignature
        case .installScheduled: .installScheduled
        case .installing: .installing
        case .installRebooting: .installRebooting
        case .installed: .installed
        case .installationFailed: .installationFailed
        }
    }

    private func uploadStatus(_ step: UploadStep) -> V16.UploadLogStatus {
        switch step {
        case .idle: .idle
        case .uploading: .uploading
        case .uploaded: .uploaded
        case .failed: .uploadFailure
        }
    }

    private func diagnosticsStatus(_ step: UploadStep) -> V16.DiagnosticsStatus {
        switch step {
        case .idle: .idle
        case .uploading: .uploading
        case .uploaded: .uploaded
        case .failed: .uploadFailed
        }
    }

    // MARK: What the central system answers

    func registration(_ answer: [UInt8]) -> (Registration, interval: Int)? {
        guard case .bootNotification(let response)? = read(.bootNotification, answer) else { return nil }
        switch response.status {
        case .accepted: return (.accepted, response.interval)
        case .pending: return (.pending, response.interval)
        case .rejected, .unrecognized: return (.rejected, response.interval)
        }
    }

    func authorization(_ answer: [UInt8], byContract: Bool) -> StationHoldings.Listed? {
        if byContract { return authorizationByContract(answer) }
        guard case .authorize(let response)? = read(.authorize, answer) else { return nil }
        return standing(response.idTagInfo)
    }

    func start(_ answer: [UInt8]) -> (id: String?, standing: StationHoldings.Listed?)? {
        guard case .startTransaction(let response)? = read(.startTransaction, answer) else { return nil }
        return (String(response.transactionId), standing(response.idTagInfo))
    }

    func stop(_ answer: [UInt8]) -> StationHoldings.Listed? {
        guard case .stopTransaction(let response)? = read(.stopTransaction, answer) else { return nil }
        return response.idTagInfo.map(standing)
    }

    private func standing(_ info: V16.IdTagInfo) -> StationHoldings.Listed {
        StationHoldings.Listed(
            isAccepted: info.status == .accepted, expiresAt: info.expiryDate, group: info.parentIdTag)
    }

    func read(_ action: V16.Action, _ answer: [UInt8]) -> V16.Response? {
        try? V16.Response.decode(action, payload: answer.span).result.get()
    }

    // MARK: Configuration keys

    func fixed(_ key: String, _ value: String) -> StationConfiguration.Entry {
        StationConfiguration.Entry(name: .init(variable: key), value: value)
    }
    func open(
        _ key: String, _ value: String, _ kind: StationConfiguration.Kind,
        _ parameter: StationConfiguration.Parameter? = nil
    ) -> StationConfiguration.Entry {
        StationConfiguration.Entry(
            name: .init(variable: key), value: value, kind: kind, isReadOnly: false, parameter: parameter)
    }

    func configuration(_ settings: StationSettings) -> [StationConfiguration.Entry] {
        let sampled: [MeterSample.Measurand] = [.energyRegister, .power, .current]
        let register = MeterSample.Measurand.energyRegister.rawValue
        return [
            open("AllowOfflineTxForUnknownId", "true", .flag, .startsOffline),
            open("AuthorizeRemoteTxRequests", "false", .flag),
            open("AuthorizationCacheEnabled", "true", .flag, .cacheEnabled),
            open("ClockAlignedDataInterval", "0", .number(), .alignedInterval),
            open("ConnectionTimeOut", "60", .number(), .connectionTimeOut),
            open("ConnectorPhaseRotation", "NotApplicable", .text),
            fixed("CentralContractValidationAllowed", "true"),
            fixed("ContractValidationOffline", "false"),
            fixed("GetConfigurationMaxKeys", "100"),
            open("ISO15118PnCEnabled", "true", .flag, .takesContracts),
            open("HeartbeatInterval", "300", .number(), .heartbeatInterval),
            open("LocalAuthorizeOffline", "true", .flag, .usesListOffline),
            open("LocalPreAuthorize", "false", .flag, .preAuthorizes),
            open("MaxEnergyOnInvalidId", "0", .number(), .energyOnRefusal),
            open("MeterValuesAlignedData", register, .measurands, .aligned),
            open("MeterValuesSampledData", sampled.map(\.rawValue).joined(separator: ","), .measurands, .sampled),
            open("MeterValueSampleInterval", "60", .number(), .sampleInterval),
            fixed("NumberOfConnectors", "\(settings.connectors)"),
            fixed("LocalAuthListEnabled", "true"),
            fixed("LocalAuthListMaxLength", "\(StationHoldings.mostListed)"),
            fixed("SendLocalListMaxLength", "\(StationHoldings.listedAMessage)"),
            fixed("ReserveConnectorZeroSupported", "true"),
            fixed("ResetRetries", "0"),
            open("StopTransactionOnEVSideDisconnect", "true", .flag, .stopsOnDisconnect),
            open("StopTransactionOnInvalidId", "true", .flag, .stopsOnRefusal),
            open("StopTxnAlignedData", "", .measurands, .alignedAtEnd),
            open("StopTxnSampledData", "", .measurands, .sampledAtEnd),
            fixed(
                "SupportedFeatureProfiles",
                "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"),
            open("TransactionMessageAttempts", "3", .number(), .attempts),
            open("TransactionMessageRetryInterval", "10", .number(), .attemptInterval),
            fixed("UnlockConnectorOnEVSideDisconnect", "true"),
            open("WebSocketPingInterval", "0", .number()),
            fixed("ChargeProfileMaxStackLevel", "\(settings.maxStackLevel)"),
            fixed(
                "ChargingScheduleAllowedChargingRateUnit",
                settings.rateUnits.map { $0 == .amperes ? "Current" : "Power" }.joined(separator: ",")),
            fixed("ChargingScheduleMaxPeriods", "\(settings.maxPeriods)"),
            fixed("ConnectorSwitch3to1PhaseSupported", "false"),
            fixed("MaxChargingProfilesInstalled", "\(settings.maxProfiles)"),
        ] + securityKeys(settings.security)
    }
}
