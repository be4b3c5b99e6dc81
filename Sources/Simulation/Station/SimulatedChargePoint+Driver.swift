import OCPP
import OCPPMessages
import Quantities

// What people and vehicles do at the station, and the transactions that follow from it.
extension SimulatedChargePoint {
    mutating func plugIn(_ connector: Int, _ vehicle: SimulatedVehicle, _ idTag: String?) {
        let i = connector - 1
        guard connectors.indices.contains(i), connectors[i].vehicle == nil else { return }
        connectors[i].vehicle = vehicle
        connectors[i].idTag = idTag
        connectors[i].isFinished = false
        reportStatuses()
        authorize(i)
    }

    mutating func plugOut(_ connector: Int) {
        let i = connector - 1
        guard connectors.indices.contains(i), connectors[i].vehicle != nil else { return }
        endTransaction(connector, .evDisconnected)
        connectors[i].vehicle = nil
        connectors[i].idTag = nil
        connectors[i].isFinished = false
    }

    /// Asks whether the driver who is plugged in may charge; without the central system it is decided a little later.
    mutating func authorize(_ i: Int) {
        let number = connectors[i].number
        guard connectors[i].vehicle != nil, connectors[i].isAvailable, connectors[i].transaction == nil,
            !connectors[i].isFinished
        else { return }
        if let remote = connectors[i].remote {
            connectors[i].remote = nil
            if let profile = remote.profile.flatMap({ ChargingProfile($0) }) {
                profiles.install(profile, evse: number, replacing: .sameLevel)
            }
            startTransaction(i, remote.idTag)
        } else if let idTag = connectors[i].idTag {
            if link != nil, isAccepted {
                if !isUnderWay(.authorize(connector: number)) {
                    call(.authorize(.init(idTag: idTag)), .authorize(connector: number))
                }
            } else {
                decideAt = decideAt ?? now + (settings.offlineWait ?? settings.callTimeout)
            }
        }
    }

    /// Still no word of the central system: everybody may charge (AllowOfflineTxForUnknownId), unless it has refused the
    /// station itself.
    mutating func decideOffline() {
        guard configuration.flag("AllowOfflineTxForUnknownId"), link == nil || registration == nil else { return }
        for i in connectors.indices {
            guard connectors[i].vehicle != nil, connectors[i].isAvailable, !connectors[i].isFinished,
                let idTag = connectors[i].idTag
            else { continue }
            startTransaction(i, idTag)
        }
    }

    mutating func authorized(_ connector: Int, _ answer: [UInt8]?) {
        let i = connector - 1
        guard connectors[i].vehicle != nil, connectors[i].transaction == nil, let idTag = connectors[i].idTag else {
            return
        }
        guard let answer else {
            // The central system cannot say: as without a connection.
            if configuration.flag("AllowOfflineTxForUnknownId") { startTransaction(i, idTag) }
            return
        }
        guard
            case .authorize(let response)? = try? V16.Response.decode(.authorize, payload: answer.span).result.get(),
            response.idTagInfo.status == .accepted
        else {
            counts.refusals += 1
            return
        }
        startTransaction(i, idTag)
    }

    mutating func startTransaction(_ i: Int, _ idTag: String) {
        guard connectors[i].transaction == nil else { return }
        let local = nextLocal
        nextLocal += 1
        counts.transactionsStarted += 1
        let interval = configuration.number("MeterValueSampleInterval")
        connectors[i].transaction = SimulatedConnector.Transaction(
            local: local, idTag: idTag, start: now, nextSample: interval > 0 ? now + .seconds(interval) : nil)
        queue.append(
            .start(
                local: local, connector: connectors[i].number, idTag: idTag, meterStart: connectors[i].wattHours,
                at: clock))
    }

    mutating func endTransaction(_ connector: Int, _ reason: V16.Reason) {
        let i = connector - 1
        guard connectors.indices.contains(i), let transaction = connectors[i].transaction else { return }
        counts.transactionsEnded += 1
        queue.append(
            .stop(
                local: transaction.local, idTag: reason == .local ? transaction.idTag : nil,
                meterStop: connectors[i].wattHours, at: clock, reason: reason))
        connectors[i].transaction = nil
        connectors[i].isFinished = true
        connectors[i].cutOff()
        profiles.clear(evse: connector, purpose: .transaction)
        if connectors[i].becomesUnavailable {
            connectors[i].becomesUnavailable = false
            connectors[i].isAvailable = false
        }
    }

    /// Takes the periodic sample of a connector and sets the next.
    mutating func sample(_ i: Int) {
        guard let transaction = connectors[i].transaction else { return }
        let interval = configuration.number("MeterValueSampleInterval")
        connectors[i].transaction?.nextSample = interval > 0 ? now + .seconds(interval) : nil
        queue.append(
            .meter(
                local: transaction.local, connector: connectors[i].number, meterValue(i, context: .samplePeriodic)))
    }

    /// What the meter of a connector shows now.
    func meterValue(_ i: Int, context: V16.ReadingContext) -> V16.MeterValue {
        let connector = connectors[i]
        let used = min(settings.supply.phases, connector.vehicle?.phases ?? settings.supply.phases)
        let volts = Int64(settings.supply.voltage)
        var samples: [V16.SampledValue] = []
        func add(_ measurand: V16.Measurand, _ value: JSONDecimal, _ unit: V16.UnitOfMeasure, _ phase: V16.Phase? = nil)
        {
            samples.append(
                V16.SampledValue(
                    value: value.description, context: context, measurand: measurand, phase: phase, location: .outlet,
                    unit: unit))
        }
        let phases: [V16.Phase] = [.l1, .l2, .l3]
        for measurand in configuration.sampled {
            switch measurand {
            case .energyActiveImportRegister:
                // A meter shows tenths of a watt-hour, cut off.
                add(measurand, JSONDecimal(mantissa: connector.register.milliwattHours / 100, scale: 1), .wh)
            case .powerActiveImport: add(measurand, JSONDecimal(mantissa: connector.power.watts * 10, scale: 1), .w)
            case .powerOffered:
                let watts = connector.offeredMilliamperes * volts * Int64(used) / 1000
                add(measurand, JSONDecimal(mantissa: watts * 10, scale: 1), .w)
            case .currentImport:
                let tenths = connector.power.watts * 10 / (volts * Int64(used))
                for phase in phases.prefix(used) { add(measurand, JSONDecimal(mantissa: tenths, scale: 1), .a, phase) }
            case .currentOffered:
                add(measurand, JSONDecimal(mantissa: connector.offeredMilliamperes / 100, scale: 1), .a)
            case .voltage:
                for phase in [V16.Phase.l1N, .l2N, .l3N].prefix(settings.supply.phases) {
                    add(measurand, JSONDecimal(mantissa: volts, scale: 0), .v, phase)
                }
            default: break
            }
        }
        return V16.MeterValue(timestamp: clock, sampledValue: samples)
    }
}
