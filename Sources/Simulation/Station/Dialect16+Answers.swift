import OCPP
import OCPPMessages
import Quantities

// What the central system asks for in OCPP 1.6.
extension Dialect16 {
    func answer(_ call: InboundCall, by station: inout SimulatedChargePoint) {
        let id = call.messageID
        guard case .v16(let request) = call.request else { return }
        switch request {
        case .changeAvailability(let request):
            let isScheduled = station.changeAvailability(
                connector: request.connectorId, isOperative: request.type == .operative)
            let status: V16.AvailabilityStatus = isScheduled.map { $0 ? .scheduled : .accepted } ?? .rejected
            respond(.changeAvailability(.init(status: status)), id, &station)
        case .changeConfiguration(let request):
            respond(.changeConfiguration(.init(status: change(request, &station))), id, &station)
        case .clearCache:
            let isCleared = station.clearCache()
            respond(.clearCache(.init(status: isCleared ? .accepted : .rejected)), id, &station)
        case .dataTransfer: respond(.dataTransfer(.init(status: .unknownVendorId)), id, &station)
        case .getConfiguration(let request):
            respond(.getConfiguration(configuration(request.key, of: station)), id, &station)
        case .remoteStartTransaction(let request): remoteStart(request, id, &station)
        case .remoteStopTransaction(let request):
            let running = station.connector(ofTransaction: String(request.transactionId))
            respond(.remoteStopTransaction(.init(status: running == nil ? .rejected : .accepted)), id, &station)
            if let running { station.endTransaction(running, .remote) }
        case .reset(let request):
            respond(.reset(.init(status: .accepted)), id, &station)
            // The answer goes out before the station goes down.
            let stop: StopCause = request.type == .hard ? .hardReset : .softReset
            station.schedule(.reboot(stop, .reset), after: .seconds(1))
        case .unlockConnector(let request):
            guard station[request.connectorId] != nil else {
                return respond(.unlockConnector(.init(status: .notSupported)), id, &station)
            }
            let isFree = station.unlock(request.connectorId)
            respond(.unlockConnector(.init(status: isFree ? .unlocked : .unlockFailed)), id, &station)
            station.endTransaction(request.connectorId, .unlockCommand)
        case .setChargingProfile(let request):
            let refusal = install(request.csChargingProfiles, connector: request.connectorId, &station)
            respond(.setChargingProfile(.init(status: refusal == nil ? .accepted : .rejected)), id, &station)
        case .clearChargingProfile(let request):
            let cleared = station.profiles.clear(
                id: request.id, evse: request.connectorId,
                purpose: request.chargingProfilePurpose.flatMap { ChargingProfile.Purpose($0) },
                stackLevel: request.stackLevel)
            respond(.clearChargingProfile(.init(status: cleared > 0 ? .accepted : .unknown)), id, &station)
        case .getCompositeSchedule(let request):
            respond(.getCompositeSchedule(composite(request, of: station)), id, &station)
        case .triggerMessage(let request): trigger(request, id, &station)
        case .getDiagnostics(let request):
            let name = "\(station.settings.identity)-diagnostics.log"
            respond(.getDiagnostics(.init(fileName: name)), id, &station)
            station.begin(
                .log, url: request.location + "/" + name, request: nil, retries: request.retries,
                retryInterval: request.retryInterval)
        case .getLog(let request):
            let name = "\(station.settings.identity)-\(request.logType.name).log"
            let hadOne = station.begin(
                .log, url: request.log.remoteLocation + "/" + name, request: request.requestId,
                retries: request.retries, retryInterval: request.retryInterval)
            respond(.getLog(.init(status: hadOne ? .acceptedCanceled : .accepted, filename: name)), id, &station)
        case .updateFirmware(let request):
            respond(.updateFirmware(.init()), id, &station)
            station.begin(
                .firmware, url: request.location, request: nil, retrieveAt: request.retrieveDate,
                retries: request.retries, retryInterval: request.retryInterval)
        case .signedUpdateFirmware(let request):
            guard station.settings.faults.transfer != .badCertificate else {
                station.note(.invalidSigningCertificate)
                return respond(.signedUpdateFirmware(.init(status: .invalidCertificate)), id, &station)
            }
            let hadOne = station.begin(
                .firmware, url: request.firmware.location, request: request.requestId, isSigned: true,
                retrieveAt: request.firmware.retrieveDateTime, installAt: request.firmware.installDateTime,
                retries: request.retries, retryInterval: request.retryInterval)
            respond(.signedUpdateFirmware(.init(status: hadOne ? .acceptedCanceled : .accepted)), id, &station)
        case .extendedTriggerMessage, .certificateSigned, .installCertificate, .deleteCertificate,
            .getInstalledCertificateIds:
            answer(security: request, id, &station)
        case .getLocalListVersion:
            respond(.getLocalListVersion(.init(listVersion: station.holdings.listVersion)), id, &station)
        case .sendLocalList(let request): take(request, id, &station)
        case .reserveNow(let request):
            let refusal = station.reserve(
                StationHoldings.Reservation(
                    id: request.reservationId, connector: request.connectorId > 0 ? request.connectorId : nil,
                    token: request.idTag, group: request.parentIdTag, expiresAt: request.expiryDate))
            respond(.reserveNow(.init(status: status(refusal))), id, &station)
        case .cancelReservation(let request):
            let isKnown = station.cancelReservation(request.reservationId)
            respond(.cancelReservation(.init(status: isKnown ? .accepted : .rejected)), id, &station)
        default: station.refuse(call)
        }
    }

    private func respond(_ response: V16.Response, _ id: String, _ station: inout SimulatedChargePoint) {
        station.respond(id, response)
    }

    // MARK: Local list and reservations

    private func take(
        _ request: V16.SendLocalListRequest, _ id: String, _ station: inout SimulatedChargePoint
    ) {
        let entries = (request.localAuthorizationList ?? []).map { entry in
            (
                token: entry.idTag,
                info: entry.idTagInfo.map {
                    StationHoldings.Listed(
                        isAccepted: $0.status == .accepted, expiresAt: $0.expiryDate, group: $0.parentIdTag)
                }
            )
        }
        let verdict = station.holdings.take(
            list: request.listVersion, isWhole: request.updateType == .full, entries)
        let status: V16.UpdateStatus =
            switch verdict {
            case .accepted: .accepted
            case .failed: .failed
            case .versionMismatch: .versionMismatch
            }
        respond(.sendLocalList(.init(status: status)), id, &station)
    }

    private func status(_ refusal: SimulatedChargePoint.ReservationRefusal?) -> V16.ReservationStatus {
        switch refusal {
        case nil: .accepted
        case .occupied: .occupied
        case .faulted: .faulted
        case .unavailable: .unavailable
        case .rejected: .rejected
        }
    }

    // MARK: Settings

    private func change(
        _ request: V16.ChangeConfigurationRequest, _ station: inout SimulatedChargePoint
    ) -> V16.ConfigurationStatus {
        guard let entry = station.configuration.index(of: .init(variable: request.key)) else { return .notSupported }
        if let status = changeSecurity(request, &station) { return status }
        return station.change(entry, to: request.value) ? .accepted : .rejected
    }

    private func configuration(_ keys: [String]?, of station: SimulatedChargePoint) -> V16.GetConfigurationResponse {
        let entries = station.configuration.entries
        let report = { (entry: StationConfiguration.Entry) in
            V16.KeyValue(
                key: entry.name.variable, readonly: entry.isReadOnly, value: entry.kind == .secret ? nil : entry.value)
        }
        guard let keys, !keys.isEmpty else {
            return V16.GetConfigurationResponse(configurationKey: entries.map(report))
        }
        let wanted = keys.map { StationConfiguration.Name(variable: $0) }
        let known = entries.filter { entry in wanted.contains { $0.matches(entry.name) } }
        let unknown = keys.filter { station.configuration.index(of: .init(variable: $0)) == nil }
        return V16.GetConfigurationResponse(
            configurationKey: known.isEmpty ? nil : known.map(report), unknownKey: unknown.isEmpty ? nil : unknown)
    }

    // MARK: Transactions and profiles

    private func remoteStart(
        _ request: V16.RemoteStartTransactionRequest, _ id: String, _ station: inout SimulatedChargePoint
    ) {
        let profile = request.chargingProfile.flatMap { converted($0) }
        let isReadable = request.chargingProfile == nil || profile != nil
        let isTaken =
            isReadable && station.startRemotely(request.idTag, connector: request.connectorId, profile: profile)
        respond(.remoteStartTransaction(.init(status: isTaken ? .accepted : .rejected)), id, &station)
    }

    private func install(
        _ profile: V16.ChargingProfile, connector: Int, _ station: inout SimulatedChargePoint
    ) -> ProfileRefusal? {
        guard let profile = converted(profile) else {
            station.counts.profilesRejected += 1
            return .profile
        }
        return station.install(profile, evse: connector)
    }

    private func converted(_ profile: V16.ChargingProfile) -> ChargingProfile? {
        if case .unrecognized = profile.chargingSchedule.chargingRateUnit { return nil }
        return ChargingProfile(profile)
    }

    private func composite(
        _ request: V16.GetCompositeScheduleRequest, of station: SimulatedChargePoint
    ) -> V16.GetCompositeScheduleResponse {
        var unit: ChargingProfile.Unit?
        switch request.chargingRateUnit {
        case .a?: unit = .amperes
        case .w?: unit = .watts
        case .unrecognized?: return .init(status: .rejected)
        case nil: break
        }
        guard
            let (schedule, chosen) = station.composite(
                connector: request.connectorId, seconds: request.duration, unit: unit)
        else { return .init(status: .rejected) }
        return .init(
            status: .accepted, connectorId: request.connectorId, scheduleStart: schedule.span.start,
            chargingSchedule: schedule.schedule(
                in: chosen == .amperes ? .a : .w, supply: station.settings.supply,
                hardware: station.settings.hardware))
    }

    // MARK: Triggered messages

    private func trigger(
        _ request: V16.TriggerMessageRequest, _ id: String, _ station: inout SimulatedChargePoint
    ) {
        func answer(_ status: V16.TriggerMessageStatus) {
            respond(.triggerMessage(.init(status: status)), id, &station)
        }
        if let connector = request.connectorId, station[connector] == nil { return answer(.rejected) }
        if case .unrecognized = request.requestedMessage { return answer(.notImplemented) }
        answer(.accepted)
        switch request.requestedMessage {
        case .bootNotification: station.call(.boot(.triggered), .boot)
        case .heartbeat: station.call(.heartbeat, .heartbeat)
        case .diagnosticsStatusNotification: station.call(.upload(.idle, request: nil), .other)
        case .firmwareStatusNotification: station.call(.firmware(.idle, request: nil), .other)
        case .statusNotification:
            if let connector = request.connectorId {
                station.reportStatus(connector)
            } else {
                for number in 0...station.connectors.count { station.reportStatus(number) }
            }
        case .meterValues: station.reportMeters(connector: request.connectorId)
        case .unrecognized: break
        }
    }
}
