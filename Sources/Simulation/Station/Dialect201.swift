import OCPP
import OCPPMessages
import Quantities

/// OCPP 2.0.1: Core, SmartCharging, firmware and logs, the device model, local list, reservations, display. Each EVSE has one connector, number 1.
/// 2.1 is the same and more: what it adds is in `Dialect201+BothWays` and `Dialect201+ProfileRules`.
struct Dialect201: StationDialect {
    var version = OCPPVersion.v201
    let replacement = ProfileStack.Replacement.sameID
    let bootsOnEachConnection = false
    let namesTransactions = true
    let hasStationStatus = false
    let tellsFaults = false

    /// Occupied is all that a status says while a vehicle is there; the rest is told in its transaction.
    func told(_ condition: ConnectorCondition) -> ConnectorCondition {
        switch condition {
        case .available, .reserved, .unavailable, .faulted: condition
        case .preparing, .charging, .suspendedEV, .suspendedEVSE, .finishing: .preparing
        }
    }

    // MARK: What the station says

    func call(_ message: StationMessage, of settings: StationSettings) -> (action: String, payload: [UInt8]) {
        let request = request(message, settings)
        return (request.action.rawValue, request.json)
    }

    private func request(_ message: StationMessage, _ settings: StationSettings) -> V2.Request {
        switch message {
        case .boot(let cause):
            .bootNotification(
                .init(
                    chargingStation: V2.ChargingStation(
                        model: settings.model, vendorName: settings.vendor,
                        serialNumber: String(settings.identity.prefix(25)), firmwareVersion: settings.firmware),
                    reason: reason(cause)))
        case .heartbeat: .heartbeat(.init())
        case .authorize(let idTag, let contract, let evccID):
            authorization(idTag, contract: contract, evccID: evccID)
        case .status(let evse, let condition, _, let at):
            .statusNotification(
                .init(timestamp: at, connectorStatus: status(condition), evseId: evse, connectorId: 1))
        // The machine has named each of its transactions.
        case .transaction(let message, let id): .transactionEvent(event(message, id ?? ""))
        case .readings(let evse, let sample, _): .meterValues(.init(evseId: evse, meterValue: [meterValue(sample)]))
        case .firmware(let step, let request):
            .firmwareStatusNotification(.init(status: firmwareStatus(step), requestId: request))
        case .upload(let step, let request):
            .logStatusNotification(.init(status: uploadStatus(step), requestId: request))
        case .reservationEnded(let id, let isExpired):
            .reservationStatusUpdate(.init(reservationId: id, reservationUpdateStatus: isExpired ? .expired : .removed))
        case .outsideLimit(let profile, let evse, let isCritical):
            .notifyChargingLimit(
                .init(
                    chargingLimit: V2.ChargingLimit(chargingLimitSource: .ems, isGridCritical: isCritical),
                    chargingSchedule: V2.ChargingProfile(profile).chargingSchedule, evseId: evse > 0 ? evse : nil))
        case .outsideLimitEnded: .clearedChargingLimit(.init(chargingLimitSource: .ems))
        case .needs(let evse, let vehicle): needs(evse, vehicle, settings)
        case .vehiclePlan(let evse, let plan): self.plan(evse, plan)
        case .v2xNeeds(let evse, let needs): self.needs(evse, needs, settings)
        case .v2xPlan(let evse, let schedule): self.plan(evse, schedule, settings)
        case .pull(let profile): .pullDynamicScheduleUpdate(.init(chargingProfileId: profile))
        case .securityEvent(let event):
            .securityEventNotification(.init(type: word(event.kind), timestamp: event.at, techInfo: event.info))
        case .signCertificate(let text, let use): .signCertificate(.init(csr: text, certificateType: word(use)))
        }
    }

    private func event(_ message: TransactionMessage, _ id: String) -> V2.TransactionEventRequest {
        let samples = message.kept + (message.sample.map { [$0] } ?? [])
        let meterValue = samples.isEmpty ? nil : samples.map(self.meterValue)
        let offline = message.isOffline ? true : nil
        var limit: V2.TransactionLimit?
        if case .limitSet(let set) = message.event {
            limit = V2.TransactionLimit(
                maxCost: set.cost, maxEnergy: set.energy, maxTime: set.time, maxSoC: set.charge)
        }
        switch message.event {
        case .start(let idTag, let cause, let remoteStart, let reservation):
            let trigger: V2.TriggerReason =
                switch cause {
                case .authorized: .authorized
                case .remote: .remoteStart
                case .cable: .cablePluggedIn
                }
            // EVSE and token are said once (E01.FR.16, E03.FR.01).
            return V2.TransactionEventRequest(
                eventType: .started, timestamp: message.at, triggerReason: trigger, seqNo: message.sequence,
                transactionInfo: V2.Transaction(
                    transactionId: id, chargingState: state(message.condition), remoteStartId: remoteStart),
                meterValue: meterValue, offline: offline, reservationId: reservation,
                evse: V2.EVSE(id: message.connector, connectorId: 1),
                idToken: token(idTag, isContract: message.isByContract, evccID: message.evccID))
        case .sample, .condition, .disconnected, .reconnected, .deauthorized, .operationMode, .limitSet, .limitReached:
            let trigger: V2.TriggerReason =
                switch (message.event, message.sample?.context) {
                case (.disconnected, _): .evCommunicationLost
                case (.reconnected, _): .cablePluggedIn
                case (.deauthorized, _): .deauthorized
                case (.operationMode, _): .operationModeChanged
                case (.limitSet, _): .limitSet
                case (.limitReached(let kind), _): reached(kind)
                case (_, nil): .chargingStateChanged
                case (_, .trigger): .trigger
                case (_, .clock): .meterValueClock
                case (_, .periodic), (_, .begin), (_, .end): .meterValuePeriodic
                }
            return V2.TransactionEventRequest(
                eventType: .updated, timestamp: message.at, triggerReason: trigger, seqNo: message.sequence,
                transactionInfo: V2.Transaction(
                    transactionId: id,
                    chargingState: message.event == .disconnected ? .idle : state(message.condition),
                    operationMode: message.event == .operationMode ? V2.OperationMode(message.mode) : nil,
                    transactionLimit: limit),
                meterValue: meterValue, offline: offline, evseSleep: message.sleeps)
        case .stop(let cause, let idTag):
            let (trigger, reason) = reasons(cause)
            return V2.TransactionEventRequest(
                eventType: .ended, timestamp: message.at, triggerReason: trigger, seqNo: message.sequence,
                transactionInfo: V2.Transaction(
                    transactionId: id, chargingState: cause == .evDisconnected ? .idle : .evConnected,
                    stoppedReason: reason),
                meterValue: meterValue, offline: offline,
                idToken: idTag.map { token($0, isContract: message.isByContract) })
        }
    }

    func token(_ idTag: String, isContract: Bool, evccID: String? = nil) -> V2.IdToken {
        V2.IdToken(
            idToken: idTag, type: idTag.isEmpty ? .noAuthorization : isContract ? .eMAID : .central,
            additionalInfo: evccID.map { [V2.AdditionalInfo(additionalIdToken: $0, type: "EVCCID")] })
    }

    private func reached(_ kind: TransactionBounds.Kind) -> V2.TriggerReason {
        switch kind {
        case .energy: .energyLimitReached
        case .time: .timeLimitReached
        case .charge: .soCLimitReached
        case .cost: .costLimitReached
        }
    }

    private func meterValue(_ sample: MeterSample) -> V2.MeterValue {
        V2.MeterValue(
            sampledValue: sample.values.map {
                V2.SampledValue(
                    value: $0.value, measurand: V2.Measurand($0.measurand.rawValue),
                    context: V2.ReadingContext(sample.context.rawValue),
                    phase: $0.phase.map { V2.Phase($0.rawValue) }, location: .outlet,
                    unitOfMeasure: V2.UnitOfMeasure(unit: $0.unit))
            }, timestamp: sample.at)
    }

    // MARK: Its words

    private func reason(_ cause: BootCause) -> V2.BootReason {
        switch cause {
        case .powerUp: .powerUp
        case .reset: .remoteReset
        case .scheduledReset: .scheduledReset
        case .firmware: .firmwareUpdate
        case .triggered: .triggered
        }
    }

    private func reasons(_ cause: StopCause) -> (V2.TriggerReason, V2.Reason) {
        switch cause {
        case .evDisconnected: (.evCommunicationLost, .evDisconnected)
        case .local: (.stopAuthorized, .local)
        case .remote: (.remoteStop, .remote)
        case .deAuthorized: (.deauthorized, .deAuthorized)
        case .unlockCommand: (.unlockCommand, .other)
        case .hardReset: (.resetCommand, .immediateReset)
        case .softReset: (.resetCommand, .reboot)
        case .groundFault: (.abnormalCondition, .groundFault)
        case .masterPass: (.stopAuthorized, .masterPass)
        case .transferRefused: (.abnormalCondition, .reqEnergyTransferRejected)
        }
    }

    func status(_ condition: ConnectorCondition) -> V2.ConnectorStatus {
        switch condition {
        case .available: .available
        case .reserved: .reserved
        case .unavailable: .unavailable
        case .faulted: .faulted
        case .preparing, .charging, .suspendedEV, .suspendedEVSE, .finishing: .occupied
        }
    }

    private func state(_ condition: ConnectorCondition) -> V2.ChargingState {
        switch condition {
        case .charging: .charging
        case .suspendedEV: .suspendedEV
        case .suspendedEVSE: .suspendedEVSE
        case .preparing, .finishing: .evConnected
        case .available, .reserved, .unavailable, .faulted: .idle
        }
    }

    func tells(_ step: FirmwareStep, request: Int?) -> Bool { true }

    private func firmwareStatus(_ step: FirmwareStep) -> V2.FirmwareStatus {
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

    private func uploadStatus(_ step: UploadStep) -> V2.UploadLogStatus {
        switch step {
        case .idle: .idle
        case .uploading: .uploading
        case .uploaded: .uploaded
        case .failed: .uploadFailure
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
        guard case .authorize(let response)? = read(.authorize, answer) else { return nil }
        return standing(of: response)
    }

    func start(_ answer: [UInt8]) -> (id: String?, standing: StationHoldings.Listed?)? {
        guard case .transactionEvent(let response)? = read(.transactionEvent, answer) else { return nil }
        return (nil, response.idTokenInfo.map(standing))
    }

    func stop(_ answer: [UInt8]) -> StationHoldings.Listed? { start(answer)?.standing }

    func standing(_ info: V2.IdTokenInfo) -> StationHoldings.Listed {
        StationHoldings.Listed(
            isAccepted: info.status == .accepted, expiresAt: info.cacheExpiryDateTime,
            group: info.groupIdToken?.idToken)
    }

    func read(_ action: V2.Action, _ answer: [UInt8]) -> V2.Response? {
        try? V2.Response.decode(action, payload: answer.span, in: version).result.get()
    }
}
