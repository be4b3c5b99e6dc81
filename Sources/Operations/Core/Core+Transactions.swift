import Assets
import Charging
import GridDispatch
import Quantities

// Transactions that the station names and numbers itself (OCPP 2.x, block E). Messages come in any order, late and twice:
// the first one makes the session, the others complete it.
extension Core {
    /// Always answered normally: a refusal would make the station throw the message away (2.x E13).
    mutating func transaction(_ report: TransactionReport, _ s: Int, at now: Instant) -> StationAnswer {
        let (at, clockIsUnset) = trusted(report.at, now)
        let known = stations[s].session(transaction: report.transaction)
        let paying = verdict(paying: report, s, at: now)
        let verdict = report.token.map { token -> TokenVerdict in
            if report.isFree || isOfSlots(token, s) { return TokenVerdict(.accepted) }
            if let paying { return paying }
            // Whoever has the transaction may use the token in it again.
            return known.map { stations[s].sessions[$0].idToken == token } ?? false
                ? self.verdict(on: token, at: now)
                : verdictForStart(
                    on: token, s, evse: report.evse ?? known.map { stations[s].sessions[$0].evse.number } ?? 0,
                    began: at, at: now)
        }
        let i = known ?? open(report, s, at: at, now: now)
        let before = stations[s].sessions[i]
        let isNew = progress(report, s, i, at: now)
        if clockIsUnset { stations[s].sessions[i].raise(.clockUnset) }
        if let token = report.token, !report.isFree { take(token, verdict, s, i) }
        noteTransfers(report, isFirstToken: before.idToken == nil, s, i, at: now)
        if report.stage == .started { begin(report, s, i, at: at, now: now) }
        account(report, s, i)
        if report.tariff != nil { correctTariff(s, i, at: now) }
        bindPayment(report, s, i, at: now)
        limitToCredit(report.token, s, i, at: now)
        takeReadings(of: report, s, i, at: now)
        judgeCompleteness(s, i, at: now)
        chargeStored(s, i, report.readings, at: now)
        if report.reservation != nil || report.token != nil { use(reservation: report.reservation, s, i, at: now) }
        if let number = report.remoteStart { fulfilStart(of: stations[s].sessions[i], number: number, s, at: now) }

        if report.stage == .ended, before.status == .active || before.has(.noStop) {
            if before.status == .ended { reopen(s, i) }
            let register = report.readings.filter { $0.importRegister != nil }.max { $0.at < $1.at }?.importRegister
            end(s, i, at: at, register: register, reason: report.stopReason ?? "Local", flag: nil, now: now)
        } else if isNew || stations[s].sessions[i] != before || known == nil {
            persist(.session(stations[s].sessions[i]))
            emit(.publish(.session(before.id)))
        }
        // Known or not: what the end tells is what the platform shows of the session (I03.FR.02).
        guard let place = stations[s].session(transaction: report.transaction) else { return .transaction(verdict) }
        if report.stage == .ended { return .transaction(verdict, cost: costAtEnd(stations[s].sessions[place], paying)) }
        judgeLimits(s, place, at: now)
        let cost = runningCostToTell(s, place)
        if let cost, !report.wasOffline { noteTold(cost, s, place, at: now) }
        return .transaction(
            verdict, cost: cost, limits: limitsToTell(report, s, place),
            tariff: textToTell(report, verdict, isNew: isNew, s, place, at: now))
    }

    // MARK: - Parts of a message

    /// - Returns: index of the new session.
    private mutating func open(_ report: TransactionReport, _ s: Int, at: Instant, now: Instant) -> Int {
        let evse = report.evse ?? 0
        if evse > 0, let old = stations[s].activeSession(on: evse), stations[s].sessions[old].startedAt <= at {
            // An EVSE cannot have two transactions: the end of the one before was lost, or is still on its way.
            let session = stations[s].sessions[old]
            end(
                s, old, at: min(at, session.registerLastAt ?? at),
                register: session.registerLast ?? session.registerStart, reason: nil, flag: .noStop, now: now)
        }
        let number = counters.transaction
        counters.transaction += 1
        persist(.setting(key: Counters.transactionKey, value: String(counters.transaction)))
        let session = Session(
            id: Session.ID("S-\(number)"), evse: EVSEID(stations[s].station.id, evse),
            connector: report.connector ?? 1, transactionID: report.transaction, idToken: nil, startedAt: at,
            flags: [SessionFlag.startMissing.rawValue], course: Session.Course())
        sessionHome[session.id] = session.evse.station
        // Oldest first: a transaction of the time offline may be told after a newer one.
        let place = stations[s].sessions.firstIndex { $0.startedAt > at } ?? stations[s].sessions.count
        stations[s].sessions.insert(session, at: place)
        _ = stations[s].ensureEVSE(evse)
        requestPlan(for: s, "arrival", at: now)
        return place
    }

    /// - Returns: `false` when the message has come before.
    private mutating func progress(_ report: TransactionReport, _ s: Int, _ i: Int, at now: Instant) -> Bool {
        var course = stations[s].sessions[i].course ?? Session.Course()
        let isNew = course.sequence.take(report.sequence, report.stage)
        if !isNew { statistics.repeats += 1 }
        course.remoteStart = report.remoteStart ?? course.remoteStart
        if isNew, let state = report.chargingState, course.sequence.seen.last?.upperBound == report.sequence {
            course.chargingState = state
        }
        stations[s].sessions[i].course = course
        if stations[s].sessions[i].evse.number == 0, let evse = report.evse, evse > 0 {
            stations[s].sessions[i].evse = EVSEID(stations[s].station.id, evse)
            stations[s].sessions[i].connector = report.connector ?? 1
            _ = stations[s].ensureEVSE(evse)
        }
        let session = stations[s].sessions[i]
        if session.status == .active, let e = stations[s].evse(session.evse.number),
            let status = course.chargingState.flatMap(Self.status(chargingState:)),
            stations[s].evses[e].status != status
        {
            stations[s].evses[e].status = status
            stations[s].evses[e].statusSince = now
            judgeFault(session.evse.number, s, at: now)
            persistLive(s)
            emit(.publish(.station(stations[s].station.id)))
        }
        return isNew
    }

    private static func status(chargingState: String) -> ConnectorStatus? {
        switch chargingState {
        case "Charging": .charging
        case "EVConnected": .preparing
        case "SuspendedEV": .suspendedEV
        case "SuspendedEVSE": .suspendedEVSE
        default: nil
        }
    }

    private mutating func take(_ token: String, _ verdict: TokenVerdict?, _ s: Int, _ i: Int) {
        guard stations[s].sessions[i].idToken == nil else { return }
        stations[s].sessions[i].idToken = token
        keepPrices(of: token, s, i)
        if stations[s].sessions[i].status == .active { tokenUse[Self.key(token), default: 0] += 1 }
        if verdict?.isAccepted == false { stations[s].sessions[i].raise(.tokenRefused) }
    }

    private mutating func begin(_ report: TransactionReport, _ s: Int, _ i: Int, at: Instant, now: Instant) {
        stations[s].sessions[i].lower(.startMissing)
        let register = report.readings.filter { $0.importRegister != nil }.min { $0.at < $1.at }?.importRegister
        let before = stations[s].sessions[i].imported
        stations[s].sessions[i].begin(at: at, register: register, receivedAt: now)
        // A start that comes late brings energy of a time that may have been priced already.
        if var spending = stations[s].sessions[i].spending, stations[s].sessions[i].imported != before {
            spending =
                spending.energy == .zero
                ? Session.Spending(from: stations[s].sessions[i].startedAt)
                : Session.Spending(until: spending.until, energy: spending.energy, amount: nil)
            stations[s].sessions[i].spending = spending
        }
    }

    private mutating func takeReadings(of report: TransactionReport, _ s: Int, _ i: Int, at now: Instant) {
        guard !report.readings.isEmpty else { return }
        let session = stations[s].sessions[i]
        persist(.readings(session: session.id, evse: session.evse, report.readings))
        guard session.status == .active else { return }
        takeReadings(
            report.readings.sorted { $0.at < $1.at }, s, i, endingAt: report.stage == .ended ? report.at : nil, at: now)
        guard report.stage != .ended, let e = stations[s].evse(session.evse.number) else { return }
        let electrical = stations[s].station.electrical
        stations[s].evses[e].meter.take(
            report.readings, voltage: electrical.voltage, phases: electrical.phases, wasOffline: report.wasOffline,
            at: now)
        moveNeeds(s, i, knownBefore: (session.imported, session.exported))
    }

    /// A gap after the end is shown until it closes; the bill does not wait for it (stations drop updates for good when
    /// their memory is short, E12.FR.04).
    private mutating func judgeCompleteness(_ s: Int, _ i: Int, at now: Instant) {
        guard let sequence = stations[s].sessions[i].course?.sequence, sequence.end != nil else { return }
        if sequence.missing.isEmpty {
            for flag in [SessionFlag.messagesMissing, .messagesWaiting, .messagesLost] {
                stations[s].sessions[i].lower(flag)
            }
        } else {
            if !stations[s].sessions[i].has(.messagesMissing) {
                inquire(stations[s].sessions[i].transactionID, s, at: now)
            }
            stations[s].sessions[i].raise(.messagesMissing)
        }
    }
}
