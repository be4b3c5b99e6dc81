import OCPP
import OCPPMessages
import Quantities

// What the central system asks for: Core, SmartCharging, RemoteTrigger, FirmwareManagement.
extension SimulatedChargePoint {
    mutating func answer(_ call: InboundCall) {
        let id = call.messageID
        guard case .v16(let request) = call.request else { return }
        switch request {
        case .changeAvailability(let request):
            respond(id, .changeAvailability(.init(status: changeAvailability(request))))
        case .changeConfiguration(let request):
            let status = configuration.change(request.key, to: request.value)
            if status == .accepted { configurationChanged(request.key) }
            respond(id, .changeConfiguration(.init(status: status)))
        case .clearCache: respond(id, .clearCache(.init(status: .accepted)))
        case .dataTransfer: respond(id, .dataTransfer(.init(status: .unknownVendorId)))
        case .getConfiguration(let request): respond(id, .getConfiguration(configuration.answer(request.key)))
        case .remoteStartTransaction(let request): remoteStart(id, request)
        case .remoteStopTransaction(let request): remoteStop(id, request)
        case .reset(let request):
            respond(id, .reset(.init(status: .accepted)))
            // The answer goes out before the station goes down.
            schedule(.reboot(request.type == .hard ? .hardReset : .softReset), after: .seconds(1))
        case .unlockConnector(let request): unlock(id, request)
        case .setChargingProfile(let request):
            let status = set(request.csChargingProfiles, connector: request.connectorId)
            if status == .accepted { counts.profilesAccepted += 1 } else { counts.profilesRejected += 1 }
            respond(id, .setChargingProfile(.init(status: status)))
        case .clearChargingProfile(let request):
            let cleared = profiles.clear(
                id: request.id, evse: request.connectorId,
                purpose: request.chargingProfilePurpose.flatMap { ChargingProfile.Purpose($0) },
                stackLevel: request.stackLevel)
            respond(id, .clearChargingProfile(.init(status: cleared > 0 ? .accepted : .unknown)))
        case .getCompositeSchedule(let request): respond(id, .getCompositeSchedule(composite(request)))
        case .triggerMessage(let request): trigger(id, request)
        case .getDiagnostics:
            respond(id, .getDiagnostics(.init(fileName: "\(settings.identity)-diagnostics.log")))
            schedule(.send(.diagnosticsStatusNotification(.init(status: .uploading))), after: .seconds(1))
            schedule(.send(.diagnosticsStatusNotification(.init(status: .uploaded))), after: .seconds(10))
        case .updateFirmware:
            respond(id, .updateFirmware(.init()))
            let steps: [(Int, V16.FirmwareStatus)] = [
                (1, .downloading), (20, .downloaded), (25, .installing), (60, .installed),
            ]
            for (second, status) in steps {
                schedule(.send(.firmwareStatusNotification(.init(status: status))), after: .seconds(second))
            }
        default:
            let text = "\(call.action) belongs to a feature profile that this station does not have"
            linkHandle(.respondError(messageID: id, code: .notSupported, description: text))
        }
    }

    private mutating func changeAvailability(_ request: V16.ChangeAvailabilityRequest) -> V16.AvailabilityStatus {
        guard (0...connectors.count).contains(request.connectorId) else { return .rejected }
        var isScheduled = false
        for i in connectors.indices where request.connectorId == 0 || connectors[i].number == request.connectorId {
            if request.type == .operative {
                connectors[i].isAvailable = true
                connectors[i].becomesUnavailable = false
            } else if connectors[i].transaction != nil {
                connectors[i].becomesUnavailable = true
                isScheduled = true
            } else {
                connectors[i].isAvailable = false
            }
        }
        return isScheduled ? .scheduled : .accepted
    }

    /// A new sample interval holds from now on, also in running transactions.
    private mutating func configurationChanged(_ key: String) {
        guard key.lowercased() == "metervaluesampleinterval" else { return }
        let interval = configuration.number("MeterValueSampleInterval")
        for i in connectors.indices where connectors[i].transaction != nil {
            connectors[i].transaction?.nextSample = interval > 0 ? now + .seconds(interval) : nil
        }
    }

    private mutating func remoteStart(_ id: String, _ request: V16.RemoteStartTransactionRequest) {
        let free = { (c: SimulatedConnector) in c.isAvailable && c.transaction == nil && !c.becomesUnavailable }
        let candidates = connectors.indices.filter { i in
            free(connectors[i]) && (request.connectorId == nil || connectors[i].number == request.connectorId)
        }
        let chosen = candidates.first { connectors[$0].vehicle != nil } ?? candidates.first
        let isProfileUsable =
            request.chargingProfile.map { $0.chargingProfilePurpose == .txProfile && isUsable($0) } ?? true
        guard isAccepted, isProfileUsable, let i = chosen else {
            respond(id, .remoteStartTransaction(.init(status: .rejected)))
            return
        }
        respond(id, .remoteStartTransaction(.init(status: .accepted)))
        let wait = Duration.seconds(max(1, configuration.number("ConnectionTimeOut")))
        connectors[i].remote = .init(idTag: request.idTag, profile: request.chargingProfile, deadline: now + wait)
        guard connectors[i].vehicle != nil else { return }
        connectors[i].isFinished = false
        authorize(i)
    }

    private mutating func remoteStop(_ id: String, _ request: V16.RemoteStopTransactionRequest) {
        let running = connectors.first { connector in
            connector.transaction.flatMap { queue.number(of: $0.local) } == request.transactionId
        }
        respond(id, .remoteStopTransaction(.init(status: running == nil ? .rejected : .accepted)))
        if let running { endTransaction(running.number, .remote) }
    }

    private mutating func unlock(_ id: String, _ request: V16.UnlockConnectorRequest) {
        guard (1...connectors.count).contains(request.connectorId) else {
            respond(id, .unlockConnector(.init(status: .notSupported)))
            return
        }
        endTransaction(request.connectorId, .unlockCommand)
        respond(id, .unlockConnector(.init(status: .unlocked)))
    }

    private mutating func set(_ profile: V16.ChargingProfile, connector: Int) -> V16.ChargingProfileStatus {
        guard (0...connectors.count).contains(connector), isUsable(profile), let installed = ChargingProfile(profile)
        else { return .rejected }
        switch profile.chargingProfilePurpose {
        case .chargePointMaxProfile: guard connector == 0 else { return .rejected }
        case .txDefaultProfile: break
        case .txProfile:
            guard let local = self[connector]?.transaction?.local, let number = queue.number(of: local),
                profile.transactionId == number
            else { return .rejected }
        case .unrecognized: return .rejected
        }
        var changed = profiles
        changed.install(installed, evse: connector, replacing: .sameLevel)
        guard changed.entries.count <= settings.maxProfiles else { return .rejected }
        profiles = changed
        return .accepted
    }

    private func isUsable(_ profile: V16.ChargingProfile) -> Bool {
        let schedule = profile.chargingSchedule
        return settings.rateUnits.contains(schedule.chargingRateUnit)
            && (0...settings.maxStackLevel).contains(profile.stackLevel)
            && (1...settings.maxPeriods).contains(schedule.chargingSchedulePeriod.count)
            && schedule.chargingSchedulePeriod.first?.startPeriod == 0
            && !(profile.chargingProfileKind == .relative && schedule.startSchedule != nil)
            && !(profile.chargingProfileKind == .recurring && schedule.startSchedule == nil)
    }

    private func composite(_ request: V16.GetCompositeScheduleRequest) -> V16.GetCompositeScheduleResponse {
        let unit = request.chargingRateUnit ?? settings.rateUnits.first ?? .a
        guard (0...connectors.count).contains(request.connectorId), settings.rateUnits.contains(unit),
            (1...31_536_000).contains(request.duration)
        else { return .init(status: .rejected) }
        let span = Interval(clock, clock + .seconds(request.duration))
        let running = self[request.connectorId].flatMap { transaction(on: $0) }
        let composite = CompositeSchedule(
            profiles, evse: request.connectorId, over: span, transaction: running, supply: settings.supply)
        return .init(
            status: .accepted, connectorId: request.connectorId, scheduleStart: clock,
            chargingSchedule: composite.schedule(in: unit, supply: settings.supply, hardware: settings.hardware))
    }

    private mutating func trigger(_ id: String, _ request: V16.TriggerMessageRequest) {
        if let connector = request.connectorId, !(1...connectors.count).contains(connector) {
            respond(id, .triggerMessage(.init(status: .rejected)))
            return
        }
        if case .unrecognized = request.requestedMessage {
            respond(id, .triggerMessage(.init(status: .notImplemented)))
            return
        }
        respond(id, .triggerMessage(.init(status: .accepted)))
        switch request.requestedMessage {
        case .bootNotification: boot()
        case .heartbeat: call(.heartbeat(.init()), .heartbeat)
        case .diagnosticsStatusNotification: call(.diagnosticsStatusNotification(.init(status: .idle)), .other)
        case .firmwareStatusNotification: call(.firmwareStatusNotification(.init(status: .idle)), .other)
        case .statusNotification:
            if let connector = request.connectorId {
                reportStatus(connector)
            } else {
                for n in 0...connectors.count { reportStatus(n) }
            }
        case .meterValues:
            for i in connectors.indices where request.connectorId == nil || connectors[i].number == request.connectorId
            {
                let number = connectors[i].transaction.flatMap { queue.number(of: $0.local) }
                call(
                    .meterValues(
                        .init(
                            connectorId: connectors[i].number, meterValue: [meterValue(i, context: .trigger)],
                            transactionId: number)), .other)
            }
        case .unrecognized: break
        }
    }
}
