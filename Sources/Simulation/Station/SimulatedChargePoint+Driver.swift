import OCPP
import Quantities

// What people and vehicles do at the station, and the transactions that follow from it.
extension SimulatedChargePoint {
    mutating func plugIn(_ connector: Int, _ vehicle: SimulatedVehicle, _ idTag: String?) {
        let i = connector - 1
        guard connectors.indices.contains(i), connectors[i].vehicle == nil else { return }
        connectors[i].vehicle = vehicle
        connectors[i].allowedTransfers = nil
        if connectors[i].transaction != nil {
            // Whoever comes back to a transaction that was not ended goes on with it.
            connectors[i].transaction?.told = .preparing
            if dialect.namesTransactions { tell(i, .reconnected) }
            return
        }
        connectors[i].idTag = idTag ?? contract(i)?.account
        connectors[i].isFinished = false
        reportStatuses()
        authorize(i, isNewCable: true)
    }

    mutating func plugOut(_ connector: Int) {
        let i = connector - 1
        guard connectors.indices.contains(i), connectors[i].vehicle != nil else { return }
        // The plug is out by hand.
        if connectors[i].fault == .connectorLockFailure { setFault(connector, nil) }
        if connectors[i].transaction != nil, !configuration.flag(.stopsOnDisconnect) {
            connectors[i].vehicle = nil
            connectors[i].transaction?.told = .suspendedEV
            if dialect.namesTransactions { tell(i, .disconnected) }
            return
        }
        endTransaction(connector, .evDisconnected)
        connectors[i].vehicle = nil
        connectors[i].idTag = nil
        connectors[i].isFinished = false
    }

    /// Asks whether the driver who is plugged in may charge; without the central system it is decided a little later.
    mutating func authorize(_ i: Int, isNewCable: Bool = false) {
        let number = connectors[i].number
        guard connectors[i].vehicle != nil, connectors[i].isUsable, connectors[i].transaction == nil,
            !connectors[i].isFinished
        else { return }
        if let remote = connectors[i].remote {
            connectors[i].remote = nil
            guard !isReserved(number, for: remote.idTag) else {
                counts.refusals += 1
                return
            }
            startTransaction(i, remote.idTag, isNewCable ? .cable : .remote, remoteStart: remote.number)
            if let profile = remote.profile, let local = connectors[i].transaction?.local {
                let own = profile.belonging(to: queue.id(of: local))
                profiles.install(own, evse: number, replacing: dialect.replacement)
                vehicleLearned(evse: number)
            }
        } else if let idTag = connectors[i].idTag {
            guard !isReserved(number, for: idTag) else {
                counts.refusals += 1
                return
            }
            if link != nil, isAccepted {
                switch preAuthorize(idTag) {
                case .starts where contractInUse(i) == nil: startTransaction(i, idTag, .authorized)
                case .refused where contractInUse(i) == nil: counts.refusals += 1
                case .starts, .refused, .mustAsk:
                    let question = Purpose.authorize(connector: number, token: idTag)
                    if !isUnderWay(question) {
                        call(
                            .authorize(idTag: idTag, contract: contractInUse(i), evccID: evccID(i)), question)
                    }
                }
            } else {
                decideAt = decideAt ?? now + (settings.offlineWait ?? settings.callTimeout)
            }
        }
    }

    /// Still no word of the central system: the local list and the settings decide, unless it has refused the station itself.
    mutating func decideOffline() {
        guard link == nil || registration == nil else { return }
        for i in connectors.indices {
            guard connectors[i].vehicle != nil, connectors[i].isUsable, !connectors[i].isFinished,
                let idTag = connectors[i].idTag, mayStartOffline(idTag), contractInUse(i) == nil,
                !isReserved(connectors[i].number, for: idTag)
            else { continue }
            startTransaction(i, idTag, .authorized)
        }
    }

    mutating func startTransaction(_ i: Int, _ idTag: String, _ cause: StartCause, remoteStart: Int? = nil) {
        guard connectors[i].transaction == nil else { return }
        let local = nextLocal
        nextLocal += 1
        counts.transactionsStarted += 1
        if dialect.namesTransactions { queue.name(local, transactionName(local)) }
        let interval = configuration.number(.sampleInterval)
        connectors[i].transaction = SimulatedConnector.Transaction(
            local: local, idTag: idTag, start: now, nextSample: interval > 0 ? now + .seconds(interval) : nil,
            isByContract: remoteStart == nil && contractInUse(i)?.account == idTag, talk: talk(i))
        // Without a word of anybody: power flows with the battery's coming (2.1 S04.FR.02).
        if connectors[i].isSlot { connectors[i].transaction?.told = .charging }
        let (register, session) = (connectors[i].register, v2xSession(i))
        connectors[i].transaction?.registerAtStart = register.milliwattHours
        connectors[i].transaction?.v2x = session
        awaitOutage()
        awaitOutsideLimit()
        awaitFailure(connectors[i].number)
        keepFirst(i)
        let reservation = useReservation(connectors[i].number, idTag)
        tell(
            i, .start(idTag: idTag, cause, remoteStart: remoteStart, reservation: reservation),
            sample: sample(i, configuration.measurands(.sampledAtBegin), .begin))
    }

    /// - Parameter token: of whoever ended it, where he is not who began it.
    mutating func endTransaction(_ connector: Int, _ cause: StopCause, by token: String? = nil) {
        let i = connector - 1
        guard connectors.indices.contains(i), let transaction = connectors[i].transaction else { return }
        counts.transactionsEnded += 1
        tell(
            i, .stop(cause, idTag: token ?? (cause == .local ? transaction.idTag : nil)),
            sample: sample(i, configuration.measurands(.sampledAtEnd), .end), kept: kept(i))
        forgetMessages(ofTransaction: queue.id(of: transaction.local))
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
    mutating func sampleNow(_ i: Int) {
        guard connectors[i].transaction != nil else { return }
        let interval = configuration.number(.sampleInterval)
        connectors[i].transaction?.nextSample = interval > 0 ? now + .seconds(interval) : nil
        if let sample = sample(i, configuration.measurands(.sampled), .periodic) { tell(i, .sample, sample: sample) }
    }

    /// Tells in each transaction what its vehicle does now, where that has changed.
    mutating func tellConditions() {
        guard dialect.namesTransactions else { return }
        for i in connectors.indices {
            let condition = connectors[i].condition
            guard let told = connectors[i].transaction?.told, told != condition else { continue }
            connectors[i].transaction?.told = condition
            let isFull = connectors[i].isSlot && connectors[i].vehicle?.isSatisfied == true
            let event: TransactionMessage.Event = isFull ? .limitReached(.energy) : .condition
            tell(i, connectors[i].isDrained && condition == .suspendedEVSE ? .deauthorized : event)
        }
    }

    /// Puts a message of the running transaction into the queue.
    mutating func tell(
        _ i: Int, _ event: TransactionMessage.Event, sample: MeterSample? = nil, kept: [MeterSample] = []
    ) {
        guard let transaction = connectors[i].transaction else { return }
        connectors[i].transaction?.nextSequence += 1
        queue.append(
            TransactionMessage(
                local: transaction.local, connector: connectors[i].number, sequence: transaction.nextSequence,
                isByContract: transaction.isByContract, at: clock, isOffline: link == nil || !isAccepted,
                condition: transaction.told, wattHours: connectors[i].wattHours, sample: sample, event: event,
                kept: kept, evccID: evccID(i), mode: transaction.mode,
                sleeps: settings.version == .v21 && connectors[i].exchange.isAsleep ? true : nil))
    }

    /// Of a vehicle whose station tells it (2.1 Q01.FR.02).
    private func evccID(_ i: Int) -> String? {
        settings.version == .v21 ? connectors[i].vehicle?.bidirectional?.evccID : nil
    }

    /// Text like a UUID of version 4, the same in each run of a seed and another for each station, run and transaction.
    private func transactionName(_ local: Int) -> String {
        // FNV-1a.
        let name = "\(settings.identity)/\(idPrefix)/\(local)"
        let hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        var random = SeededRandom(seed: settings.faults.seed).split(hash)
        let halves = [
            random.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000,
            random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000,
        ]
        let digits = halves.map { half in
            let text = String(half, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        var parts: [Substring] = []
        var rest = digits[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }
}
