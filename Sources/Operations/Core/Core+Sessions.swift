import Assets
import Charging
import Forecasting
import GridDispatch
import Quantities

extension Core {
    // MARK: - Start

    /// A start is always given a transaction, also with a refused token: the status tells, and the energy is recorded.
    mutating func start(_ event: StationEvent.Start, _ s: Int, at now: Instant) -> StationAnswer {
        let (at, clockIsUnset) = trusted(event.at, now)
        if let known = stations[s].sessions.last(where: {
            $0.evse.number == event.connector && $0.startedAt == at && $0.registerStart == event.register
                && $0.idToken == event.token
        }), !clockIsUnset, let number = Int(known.transactionID) {
            statistics.repeats += 1
            return .started(transaction: number, verdict(on: event.token, at: now))
        }
        // A vehicle cannot have two transactions: the stop of the one before was lost, or is still on its way.
        if let old = stations[s].activeSession(on: event.connector) {
            let session = stations[s].sessions[old]
            end(
                s, old, at: min(at, session.registerLastAt ?? at),
                register: session.registerLast ?? session.registerStart,
                reason: nil, flag: .noStop, now: now)
        }
        let verdict = verdictForStart(on: event.token, s, evse: event.connector, began: at, at: now)
        let number = counters.transaction
        counters.transaction += 1
        persist(.setting(key: Counters.transactionKey, value: String(counters.transaction)))
        var session = Session(
            id: Session.ID("S-\(number)"), evse: EVSEID(stations[s].station.id, max(0, event.connector)),
            connector: event.connector, transactionID: String(number), idToken: event.token, startedAt: at,
            registerStart: event.register)
        if clockIsUnset { session.raise(.clockUnset) }
        if !verdict.isAccepted { session.raise(.tokenRefused) }
        session.account.prices = prices(of: event.token)
        tokenUse[Self.key(event.token), default: 0] += 1
        sessionHome[session.id] = session.evse.station
        stations[s].sessions.append(session)
        _ = stations[s].ensureEVSE(event.connector)
        forgetOldSessions(s)
        persist(.session(session))
        emit(.publish(.session(session.id)))
        if let i = stations[s].session(session.id) {
            use(reservation: event.reservation, s, i, at: now)
            limitToCredit(event.token, s, i, at: now)
        }
        fulfilStart(of: session, number: nil, s, at: now)
        requestPlan(for: s, "arrival", at: now)
        return .started(transaction: number, verdict)
    }

    // MARK: - Stop

    /// A stop is always answered normally, whatever it stops: a refusal would make the station throw it away.
    mutating func stop(_ event: StationEvent.Stop, _ s: Int, at now: Instant) -> StationAnswer {
        let (at, clockIsUnset) = trusted(event.at, now)
        let answer = StationAnswer.stopped(event.token.map { verdict(on: $0, at: now) })
        guard let i = target(of: event, s) else {
            recordOrphan(event, s, at: at, now: now)
            return answer
        }
        let session = stations[s].sessions[i]
        if session.status == .ended, !session.has(.noStop) {
            statistics.repeats += 1
            return answer
        }
        takeReadings(event.readings, s, i, endingAt: event.at, at: now)
        if session.status == .ended { reopen(s, i) }
        if clockIsUnset { stations[s].sessions[i].raise(.clockUnset) }
        end(s, i, at: at, register: event.register, reason: event.reason, flag: nil, now: now)
        if !event.readings.isEmpty { persist(.readings(session: session.id, evse: session.evse, event.readings)) }
        return answer
    }

    /// The session that a stop means: by its transaction, else (a transaction begun offline has -1 or a number of the
    /// station's own) the only active one, or the one of the same token.
    private func target(of event: StationEvent.Stop, _ s: Int) -> Int? {
        let sessions = stations[s].sessions
        if let i = sessions.lastIndex(where: { $0.transactionID == event.transaction }) { return i }
        guard Int(event.transaction).map({ $0 <= 0 }) ?? false else { return nil }
        let active = sessions.indices.filter {
            sessions[$0].status == .active && (sessions[$0].registerLast ?? event.register) <= event.register
        }
        if active.count == 1 { return active[0] }
        return active.last { sessions[$0].idToken == event.token }
    }

    /// A stop without a start: its energy is unknown, but that it happened is kept.
    private mutating func recordOrphan(_ event: StationEvent.Stop, _ s: Int, at: Instant, now: Instant) {
        if stations[s].sessions.contains(where: {
            $0.has(.unknownTransaction) && $0.endedAt == at && $0.registerStop == event.register
        }) {
            statistics.repeats += 1
            return
        }
        let number = counters.transaction
        counters.transaction += 1
        persist(.setting(key: Counters.transactionKey, value: String(counters.transaction)))
        let orphan = Session(
            id: Session.ID("S-\(number)"), evse: EVSEID(stations[s].station.id, 0), connector: 0,
            transactionID: event.transaction, idToken: event.token, status: .ended, startedAt: at, endedAt: at,
            stopReason: event.reason, registerStop: event.register, flags: [SessionFlag.unknownTransaction.rawValue])
        sessionHome[orphan.id] = orphan.evse.station
        stations[s].sessions.append(orphan)
        forgetOldSessions(s)
        persist(.session(orphan))
        if !event.readings.isEmpty { persist(.readings(session: orphan.id, evse: orphan.evse, event.readings)) }
        emit(.publish(.session(orphan.id)))
    }

    mutating func reopen(_ s: Int, _ i: Int) {
        stations[s].sessions[i].lower(.noStop)
        stations[s].sessions[i].status = .active
        if let token = stations[s].sessions[i].idToken { tokenUse[Self.key(token), default: 0] += 1 }
    }

    mutating func end(
        _ s: Int, _ i: Int, at: Instant, register: RegisterReading?, reason: String?, flag: SessionFlag?, now: Instant
    ) {
        let before = stations[s].sessions[i]
        stations[s].sessions[i].end(at: at, register: register, reason: reason)
        if let flag { stations[s].sessions[i].raise(flag) }
        closeCost(s, i, since: before.registerLastAt ?? before.startedAt, before.imported)
        let session = stations[s].sessions[i]
        if let token = session.idToken.map(Self.key), let uses = tokenUse[token] {
            tokenUse[token] = uses > 1 ? uses - 1 : nil
        }
        if let e = stations[s].evse(session.evse.number) {
            stations[s].evses[e].meter.clear(at: now)
            if stations[s].evses[e].outlook?.session == session.id { stations[s].evses[e].outlook = nil }
        }
        persist(.session(session))
        emit(.publish(.session(session.id)))
        learn(session, s)
        learnLosses(of: session, s)
        endReservation(of: session, s, at: now)
        forgetProfiles(of: session, s)
        endPayment(of: session, s, at: now)
        takeFromCard(session, at: now)
        fulfil(s, session.id.value, at: now) {
            $0 == .stop(transaction: session.transactionID) || $0 == .unlock(evse: session.evse.number)
        }
        forgetOldSessions(s)
        requestPlan(for: s, "departure", at: now)
    }

    private mutating func learn(_ session: Session, _ s: Int) {
        guard let site = stations[s].station.site.flatMap({ siteIndex[$0] }), let end = session.endedAt,
            end > session.startedAt, !session.has(.noStop), !session.has(.clockUnset)
        else { return }
        sites[site].forecaster.observe(
            Forecaster.ObservedStay(
                user: session.idToken, arrival: session.startedAt, departure: end,
                energy: session.imported - session.exported))
    }

    mutating func forgetOldSessions(_ s: Int) {
        while stations[s].sessions.count > StationSlot.endedKept,
            let oldest = stations[s].sessions.firstIndex(where: { $0.status == .ended }),
            stations[s].sessions.lazy.filter({ $0.status == .ended }).count > StationSlot.endedKept
        {
            sessionHome[stations[s].sessions[oldest].id] = nil
            stations[s].sessions.remove(at: oldest)
        }
    }

    // MARK: - Meter values

    mutating func meter(_ event: StationEvent.Samples, _ s: Int, at now: Instant) {
        guard event.connector >= 0, event.connector <= StationSlot.mostEVSEs, !event.readings.isEmpty else { return }
        let id = EVSEID(stations[s].station.id, event.connector)
        let i = session(of: event, s)
        persist(.readings(session: i.map { stations[s].sessions[$0].id }, evse: id, event.readings))
        if let e = stations[s].ensureEVSE(event.connector) {
            let electrical = stations[s].station.electrical
            stations[s].evses[e].meter.take(
                event.readings, voltage: electrical.voltage, phases: electrical.phases, at: now)
        }
        guard let i else { return }
        let flags = stations[s].sessions[i].flags.count
        let known = (stations[s].sessions[i].imported, stations[s].sessions[i].exported)
        let isPriced = takeReadings(event.readings, s, i, at: now)
        let isMoved = moveNeeds(s, i, knownBefore: known)
        judgeLimits(s, i, at: now)
        let session = stations[s].sessions[i]
        guard session.status == .active, let e = stations[s].evse(event.connector) else { return }
        emit(.publish(.session(session.id)))
        // Registers are cumulative: what a crash forgets, the next reading brings back. So not every one is written.
        let isDue = stations[s].evses[e].sessionWrittenAt.map { now - $0 >= Self.sessionWriteInterval } ?? true
        if isDue || isPriced || isMoved || session.flags.count != flags {
            stations[s].evses[e].sessionWrittenAt = now
            persist(.session(session))
        }
    }

    /// Meter values name a transaction, none, or one that is stale or 0: the connector's running one is meant then.
    private func session(of event: StationEvent.Samples, _ s: Int) -> Int? {
        if let transaction = event.transaction,
            let i = stations[s].sessions.lastIndex(where: {
                $0.transactionID == transaction && $0.evse.number == event.connector
            })
        {
            return i
        }
        return stations[s].activeSession(on: event.connector)
    }

    private static let sessionWriteInterval: Duration = .minutes(5)

    /// - Parameter end: for readings that come with the end of a transaction: its instant by the station's clock. Where that
    ///   clock runs ahead, old ones look newer than what came live: those that count less are passed over, and whether the
    ///   register really fell, the end's own says.
    /// - Returns: whether a change of price was passed, so that the session must be written (``spend(_:_:since:_:)``).
    @discardableResult
    mutating func takeReadings(
        _ readings: [Reading], _ s: Int, _ i: Int, endingAt end: Instant? = nil, at now: Instant
    ) -> Bool {
        guard stations[s].sessions[i].status == .active else { return false }
        let isAhead = end.map { $0 > now } ?? false
        var isPriced = false
        noteStateOfCharge(readings, s, i)
        trackLosses(readings, s, i)
        for reading in readings {
            if let register = reading.exportRegister,
                !(isAhead && stations[s].sessions[i].exportLast.map({ register < $0 }) ?? false)
            {
                takeExport(register, at: reading.at, s, i, at: now)
            }
            guard let register = reading.importRegister else { continue }
            if isAhead, let last = stations[s].sessions[i].registerLast, register < last { continue }
            let since = stations[s].sessions[i].registerLastAt ?? stations[s].sessions[i].startedAt
            let before = stations[s].sessions[i].imported
            stations[s].sessions[i].take(register: register, at: reading.at, receivedAt: now)
            setOwnUseApart(stations[s].sessions[i].imported - before, since: since, to: reading.at, s, i)
            if spend(s, i, since: since, before) { isPriced = true }
        }
        return isPriced
    }

    /// Energy given back, which is credited apart from what the rest costs.
    private mutating func takeExport(
        _ register: RegisterReading, at instant: Instant, _ s: Int, _ i: Int, at now: Instant
    ) {
        guard let step = stations[s].sessions[i].take(exportRegister: register, at: instant, receivedAt: now) else {
            return
        }
        credit(step.energy, s, i, since: step.span.start, to: step.span.end)
    }

    // MARK: -

    /// A station's own instant, unless its clock was plainly never set or runs far ahead.
    func trusted(_ at: Instant, _ now: Instant) -> (Instant, isUnset: Bool) {
        let isPlausible = at >= Self.firstPlausible && at <= now + .days(1)
        return isPlausible ? (at, false) : (now, true)
    }
    /// 2015-01-01: before any station that speaks OCPP 1.6-J.
    private static let firstPlausible = Instant(seconds: 1_420_070_400)
}
