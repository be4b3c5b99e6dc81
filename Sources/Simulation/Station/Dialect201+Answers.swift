import OCPP
import OCPPMessages
import Quantities

// What the central system asks for in OCPP 2.0.1. The device model is in `Dialect201+Variables`, charging profiles are in
// `Dialect201+Profiles`.
extension Dialect201 {
    func answer(_ call: InboundCall, by station: inout SimulatedChargePoint) {
        let id = call.messageID
        guard case .v2(let request) = call.request else { return }
        switch request {
        case .getBaseReport(let request): report(request, id, &station)
        case .getReport(let request): report(request, id, &station)
        case .getVariables(let request):
            let results = request.getVariableData.map { get($0, from: station) }
            respond(.getVariables(.init(getVariableResult: results)), id, &station)
        case .setVariables(let request):
            var results: [V2.SetVariableResult] = []
            for data in request.setVariableData { results.append(set(data, in: &station)) }
            respond(.setVariables(.init(setVariableResult: results)), id, &station)

        case .requestStartTransaction(let request): start(request, id, &station)
        case .requestStopTransaction(let request):
            let running = station.connector(ofTransaction: request.transactionId)
            respond(.requestStopTransaction(.init(status: running == nil ? .rejected : .accepted)), id, &station)
            if let running { station.endTransaction(running, .remote) }
        case .getTransactionStatus(let request):
            respond(.getTransactionStatus(status(of: request.transactionId, in: station)), id, &station)
        case .reset(let request): reset(request, id, &station)
        case .changeAvailability(let request): change(request, id, &station)
        case .unlockConnector(let request): unlock(request, id, &station)
        case .triggerMessage(let request): trigger(request, id, &station)

        case .setChargingProfile(let request): install(request, id, &station)
        case .clearChargingProfile(let request): clear(request, id, &station)
        case .getChargingProfiles(let request): report(request, id, &station)
        case .getCompositeSchedule(let request): composite(request, id, &station)

        case .setVariableMonitoring(let request): set(request, id, &station)
        case .clearVariableMonitoring(let request): clear(request, id, &station)
        case .setMonitoringBase(let request): set(request, id, &station)
        case .setMonitoringLevel(let request): set(request, id, &station)
        case .getMonitoringReport(let request): report(request, id, &station)
        case .setNetworkProfile(let request): set(request, id, &station)
        case .customerInformation(let request): answer(request, id, &station)

        case .getLog(let request):
            let name = "\(station.settings.identity)-\(request.logType.name).log"
            let hadOne = station.begin(
                .log, url: request.log.remoteLocation + "/" + name, request: request.requestId,
                retries: request.retries, retryInterval: request.retryInterval)
            respond(.getLog(.init(status: hadOne ? .acceptedCanceled : .accepted, filename: name)), id, &station)
        case .updateFirmware(let request):
            let isSigned = request.firmware.signature != nil
            guard !isSigned || station.settings.faults.transfer != .badCertificate else {
                station.note(.invalidSigningCertificate)
                return respond(.updateFirmware(.init(status: .invalidCertificate)), id, &station)
            }
            let hadOne = station.begin(
                .firmware, url: request.firmware.location, request: request.requestId, isSigned: isSigned,
                retrieveAt: request.firmware.retrieveDateTime, installAt: request.firmware.installDateTime,
                retries: request.retries, retryInterval: request.retryInterval)
            respond(.updateFirmware(.init(status: hadOne ? .acceptedCanceled : .accepted)), id, &station)
        case .clearCache:
            let isCleared = station.clearCache()
            respond(.clearCache(.init(status: isCleared ? .accepted : .rejected)), id, &station)
        case .dataTransfer: respond(.dataTransfer(.init(status: .unknownVendorId)), id, &station)
        case .getLocalListVersion:
            respond(.getLocalListVersion(.init(versionNumber: station.holdings.listVersion)), id, &station)
        case .sendLocalList(let request): take(request, id, &station)
        case .reserveNow(let request): reserve(request, id, &station)
        case .cancelReservation(let request):
            let isKnown = station.cancelReservation(request.reservationId)
            respond(.cancelReservation(.init(status: isKnown ? .accepted : .rejected)), id, &station)
        case .setDisplayMessage(let request): show(request.message, id, &station)
        case .clearDisplayMessage(let request):
            let isKnown = station.holdings.display.removeValue(forKey: request.id) != nil
            respond(.clearDisplayMessage(.init(status: isKnown ? .accepted : .unknown)), id, &station)
        case .getDisplayMessages(let request): report(request, id, &station)
        case .certificateSigned, .installCertificate, .deleteCertificate, .getInstalledCertificateIds:
            answer(security: request, id, &station)
        case .costUpdated: respond(.costUpdated(.init()), id, &station)
        default:
            let isAnswered =
                answerBothWays(request, id, &station) || answerGridCode(request, id, &station)
                || answerSwap(request, id, &station)
            if !isAnswered { station.refuse(call) }
        }
    }

    func respond(_ response: V2.Response, _ id: String, _ station: inout SimulatedChargePoint) {
        station.respond(id, response)
    }

    // MARK: Transactions

    private func start(
        _ request: V2.RequestStartTransactionRequest, _ id: String, _ station: inout SimulatedChargePoint
    ) {
        let profile = request.chargingProfile.flatMap { ChargingProfile($0, at: station.clock) }
        let isReadable = request.chargingProfile == nil || profile != nil
        let isTaken =
            isReadable
            && station.startRemotely(
                request.idToken.idToken, connector: request.evseId, profile: profile, number: request.remoteStartId)
        respond(.requestStartTransaction(.init(status: isTaken ? .accepted : .rejected)), id, &station)
    }

    /// Without an id it is about all transactions, and says nothing of one that goes on (E14.FR.06 to FR.08).
    private func status(
        of transaction: String?, in station: SimulatedChargePoint
    ) -> V2.GetTransactionStatusResponse {
        guard let transaction else { return .init(messagesInQueue: station.undelivered > 0) }
        let local = station.queue.local(of: transaction)
        return .init(
            messagesInQueue: local.map { local in station.queue.messages.contains { $0.local == local } } ?? false,
            ongoingIndicator: station.connector(ofTransaction: transaction) != nil)
    }

    // MARK: Reset, availability, connectors

    private func reset(_ request: V2.ResetRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        func answer(_ status: V2.ResetStatus) { respond(.reset(.init(status: status)), id, &station) }
        if let evse = request.evseId {
            guard request.type == .immediate || request.type == .onIdle else { return answer(.rejected) }
            return switch station.reset(evse: evse, atOnce: request.type == .immediate) {
            case .accepted: answer(.accepted)
            case .scheduled: answer(.scheduled)
            case .rejected: answer(.rejected)
            }
        }
        switch request.type {
        case .immediate:
            answer(.accepted)
            // The answer goes out before the station goes down.
            station.schedule(.reboot(.hardReset, .reset), after: .seconds(1))
        case .onIdle:
            let isIdle = station.connectors.allSatisfy { $0.transaction == nil }
            answer(isIdle ? .accepted : .scheduled)
            if isIdle {
                station.schedule(.reboot(.softReset, .reset), after: .seconds(1))
            } else {
                station.resetsWhenIdle = true
            }
        case .immediateAndResume, .unrecognized: answer(.rejected)
        }
    }

    private func change(
        _ request: V2.ChangeAvailabilityRequest, _ id: String, _ station: inout SimulatedChargePoint
    ) {
        let isKnown = (request.evse?.connectorId ?? 1) == 1 && request.evse?.id != 0
        let isScheduled =
            isKnown
            ? station.changeAvailability(
                connector: request.evse?.id ?? 0, isOperative: request.operationalStatus == .operative) : nil
        let status: V2.ChangeAvailabilityStatus = isScheduled.map { $0 ? .scheduled : .accepted } ?? .rejected
        respond(.changeAvailability(.init(status: status)), id, &station)
    }

    private func unlock(_ request: V2.UnlockConnectorRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        func answer(_ status: V2.UnlockStatus) { respond(.unlockConnector(.init(status: status)), id, &station) }
        guard let connector = station[request.evseId], request.connectorId == 1 else {
            return answer(.unknownConnector)
        }
        // Unlike in 1.6 it does not end a transaction (F05.FR.02).
        guard connector.transaction == nil else { return answer(.ongoingAuthorizedTransaction) }
        answer(station.unlock(request.evseId) ? .unlocked : .unlockFailed)
    }

    // MARK: Triggered messages

    private func trigger(_ request: V2.TriggerMessageRequest, _ id: String, _ station: inout SimulatedChargePoint) {
        let status = judge(request, station)
        respond(.triggerMessage(.init(status: status)), id, &station)
        guard status == .accepted else { return }
        switch request.requestedMessage {
        case .bootNotification: station.call(.boot(.triggered), .boot)
        case .heartbeat: station.call(.heartbeat, .heartbeat)
        case .logStatusNotification: station.call(.upload(.idle, request: nil), .other)
        case .firmwareStatusNotification: station.call(.firmware(.idle, request: nil), .other)
        case .statusNotification: if let evse = request.evse?.id { station.reportStatus(evse) }
        case .meterValues: station.reportMeters(connector: request.evse?.id)
        case .signChargingStationCertificate: station.ask(for: .platform)
        case .signV2GCertificate: station.ask(for: .vehicles)
        case .signCombinedCertificate: station.ask(for: .both)
        case .transactionEvent:
            for i in station.connectors.indices
            where request.evse == nil || station.connectors[i].number == request.evse?.id {
                let measurands = station.configuration.measurands(.sampled)
                if let sample = station.sample(i, measurands, .trigger) { station.tell(i, .sample, sample: sample) }
            }
        default: break
        }
    }

    private func judge(
        _ request: V2.TriggerMessageRequest, _ station: SimulatedChargePoint
    ) -> V2.TriggerMessageStatus {
        if let evse = request.evse, station[evse.id] == nil || (evse.connectorId ?? 1) != 1 { return .rejected }
        switch request.requestedMessage {
        // Whoever is accepted does not boot again (F06.FR.17).
        case .bootNotification: return station.isAccepted ? .rejected : .accepted
        // Of one connector only (F06.FR.13).
        case .statusNotification: return request.evse?.connectorId == nil ? .rejected : .accepted
        case .heartbeat, .logStatusNotification, .firmwareStatusNotification, .meterValues,
            .signChargingStationCertificate, .signV2GCertificate, .signCombinedCertificate:
            return .accepted
        case .transactionEvent:
            let isRunning = station.connectors.contains {
                $0.transaction != nil && (request.evse == nil || $0.number == request.evse?.id)
            }
            return isRunning ? .accepted : .rejected
        default: return .notImplemented
        }
    }
}
