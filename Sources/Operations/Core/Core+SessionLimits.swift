import Charging
import OCPPMessages
import Quantities

// How far a transaction may go in cost, energy, time and state of charge (2.1 E16): told to the station, which acts on it
// first, and held by the platform where the station does not.
extension Core {
    mutating func set(
        _ limits: TransactionLimits, of id: Session.ID, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = sessionHome[id].flatMap({ stationIndex[$0] }), let i = stations[s].session(id) else {
            return .failure(ServiceFault(.sessionUnknown(id)))
        }
        guard stations[s].sessions[i].status == .active else { return .failure(ServiceFault(.sessionEnded(id))) }
        hold(limits, s, i, at: now)
        return activeSession(id).map { .success(.session($0)) } ?? .success(.done)
    }

    mutating func hold(_ limits: TransactionLimits, _ s: Int, _ i: Int, at now: Instant) {
        let session = stations[s].sessions[i]
        var account = session.account
        account.limits = limits
        account.limitsSetAt = now
        account.telling = account.telling == .never ? .never : .again
        (account.reached, account.reachedAt, account.stops) = (nil, nil, 0)
        account.stationActs = false
        stations[s].sessions[i].account = account
        persist(.session(stations[s].sessions[i]))
        emit(.publish(.session(session.id)))
        if let seconds = limits.seconds { remind(at: session.startedAt + .seconds(seconds)) }
        judgeLimits(s, i, at: now)
        guard stations[s].version == .v21, limits != session.account.heldLimits else { return }
        if stations[s].tariffs?.picture.abilities.limits == nil {
            if stations[s].tariffs == nil {
                stations[s].tariffs = TariffKeeper(picture: StationTariffs(station: stations[s].station.id))
            }
            stations[s].tariffs?.areAbilitiesAsked = true
            _ = send(V2.Action.getVariables, OCPP2Adapter.readMoneyAbilities, .abilities, s, at: now)
        } else {
            askForEvent(of: session, s, at: now)
        }
    }

    /// Limits go with the answer to a message: let one come soon.
    mutating func askForEvent(of session: Session, _ s: Int, at now: Instant) {
        guard stations[s].tariffs?.picture.abilities.limits?.isEmpty == false else { return }
        let trigger = V2.TriggerMessageRequest(
            requestedMessage: .transactionEvent,
            evse: session.evse.number > 0 ? V2.EVSE(id: session.evse.number) : nil)
        _ = send(V2.Action.triggerMessage, trigger.json, .askForEvent(transaction: session.transactionID), s, at: now)
    }

    /// What a message of a transaction tells of limits and of the station's own reckoning.
    mutating func account(_ report: TransactionReport, _ s: Int, _ i: Int) {
        let account = stations[s].sessions[i].account
        if let tariff = report.tariff { stations[s].sessions[i].account.tariff = String(tariff.prefix(60)) }
        // A running sum that comes late says less than one that came before.
        if let cost = report.cost, account.told.map({ $0.at <= cost.at }) ?? true {
            stations[s].sessions[i].account.told = cost
        }
        if let limits = report.limits {
            stations[s].sessions[i].account.heldLimits = account.heldLimits.updated(by: limits)
        }
        if Self.limitTriggers.contains(report.trigger) { stations[s].sessions[i].account.stationActs = true }
        if account.stationActs, report.chargingState == "Charging" {
            // It goes on: a limit was raised there.
            stations[s].sessions[i].account.stationActs = false
        }
    }
    private static let limitTriggers: Set<String> = [
        "CostLimitReached", "EnergyLimitReached", "TimeLimitReached", "SoCLimitReached",
    ]

    /// The limits to be told with the answer to a message; once after they were set (E16.FR.02).
    mutating func limitsToTell(_ report: TransactionReport, _ s: Int, _ i: Int) -> TransactionLimits? {
        let session = stations[s].sessions[i]
        let account = session.account
        guard stations[s].version == .v21, session.status == .active, account.telling != .told, !report.wasOffline,
            account != SessionAccount(), let words = stations[s].tariffs?.picture.abilities.limits
        else { return nil }
        let wanted = account.limits.replacing(account.heldLimits).restricted(to: words)
        guard !wanted.isEmpty else { return nil }
        stations[s].sessions[i].account.telling = .told
        persist(.session(stations[s].sessions[i]))
        // What it keeps to already by itself needs no word (E16.FR.08); what we told it before may have to be raised.
        let isKept = account.telling == .never ? account.heldLimits.isWithin(wanted) : account.heldLimits == wanted
        return isKept ? nil : wanted
    }

    /// A cost so far, for a station that does not reckon: where the site wants it told, and where a limit of cost needs it
    /// (I02, E16.FR.11).
    func runningCostToTell(_ s: Int, _ i: Int) -> Rational? {
        let session = stations[s].sessions[i]
        guard session.status == .active, stations[s].version != .v16 else { return nil }
        let wants = stations[s].station.site.flatMap { siteIndex[$0] }.map { sites[$0].site.tellsRunningCost } ?? false
        guard wants || session.account.limits.cost != nil, session.account.tariff == nil else { return nil }
        return runningCost(s, i)?.amount
    }

    // MARK: - Holding them

    mutating func judgeLimits(_ s: Int, _ i: Int, at now: Instant) {
        let session = stations[s].sessions[i]
        let limits = session.account.limits
        guard session.status == .active, !limits.isEmpty else { return }
        guard let reached = reachedLimit(s, i, at: now) else {
            if session.account.reached != nil {
                stations[s].sessions[i].account.reached = nil
                stations[s].sessions[i].account.reachedAt = nil
                persist(.session(stations[s].sessions[i]))
            }
            return
        }
        if session.account.reached == nil {
            stations[s].sessions[i].account.reached = reached
            stations[s].sessions[i].account.reachedAt = now
            persist(.session(stations[s].sessions[i]))
            emit(.publish(.session(session.id)))
        }
        guard !session.account.stationActs, session.account.stops < Self.mostStops else { return }
        let since = session.account.reachedAt ?? now
        // A station that knows the limit acts on it first.
        let grace: Duration = session.account.telling == .told && stations[s].version == .v21 ? Self.limitGrace : .zero
        let due = since + grace + Self.stopInterval * session.account.stops
        guard now >= due else { return remind(at: due) }
        remind(at: now + Self.stopInterval)
        let (action, payload) = ProtocolAdapter.stop(session.transactionID, in: stations[s].version)
        guard send(action: action, payload, .stop(transaction: session.transactionID), s, at: now) else { return }
        stations[s].sessions[i].account.stops += 1
        persist(.session(stations[s].sessions[i]))
    }
    private static let limitGrace: Duration = .seconds(60)
    private static let stopInterval: Duration = .minutes(5)
    private static let mostStops = 3

    private func reachedLimit(_ s: Int, _ i: Int, at now: Instant) -> String? {
        let session = stations[s].sessions[i]
        let limits = session.account.limits
        if let most = limits.energy, session.imported >= most { return "energy" }
        if let most = limits.cost, let cost = runningCost(s, i)?.amount, cost >= most { return "cost" }
        if let most = limits.seconds, now - session.startedAt >= .seconds(most) { return "time" }
        if let most = limits.stateOfCharge, let present = session.account.stateOfCharge, present >= most {
            return "soc"
        }
        return nil
    }

    /// Of one station, when something is due.
    mutating func tendLimits(_ s: Int, at now: Instant) {
        for i in stations[s].sessions.indices where stations[s].sessions[i].status == .active {
            let account = stations[s].sessions[i].account
            guard !account.limits.isEmpty else { continue }
            judgeLimits(s, i, at: now)
            if let seconds = account.limits.seconds {
                let end = stations[s].sessions[i].startedAt + .seconds(seconds)
                if end > now { remind(at: end) }
            }
        }
    }

    /// The state of charge that readings tell, where a limit goes by it.
    mutating func noteStateOfCharge(_ readings: [Reading], _ s: Int, _ i: Int) {
        guard stations[s].sessions[i].account.limits.stateOfCharge != nil,
            let newest = readings.filter({ $0.measurand == "SoC" }).max(by: { $0.at < $1.at }),
            let percent = newest.percent
        else { return }
        stations[s].sessions[i].account.stateOfCharge = percent
    }
}

extension Reading {
    fileprivate var percent: Int? {
        guard (0...18).contains(scale) else { return nil }
        var divisor: Int64 = 1
        for _ in 0..<scale { divisor *= 10 }
        let value = mantissa / divisor
        return (0...100).contains(value) ? Int(value) : nil
    }
}

extension TransactionLimits {
    /// What a message says replaces what was said; what it does not say stays.
    func updated(by newer: TransactionLimits) -> TransactionLimits {
        TransactionLimits(
            cost: newer.cost ?? cost, energy: newer.energy ?? energy, seconds: newer.seconds ?? seconds,
            stateOfCharge: newer.stateOfCharge ?? stateOfCharge)
    }

    /// A limit that is no longer wanted cannot be taken back, only be set so high that it never counts (E16.FR.17).
    func replacing(_ held: TransactionLimits) -> TransactionLimits {
        TransactionLimits(
            cost: cost ?? held.cost.map { _ in Rational(1_000_000) },
            energy: energy ?? held.energy.map { _ in .kilowattHours(10_000) },
            seconds: seconds ?? held.seconds.map { _ in 31_536_000 },
            stateOfCharge: stateOfCharge ?? held.stateOfCharge.map { _ in 100 })
    }

    /// Only those that the station says that it keeps (E16.FR.12).
    func restricted(to words: [String]) -> TransactionLimits {
        func keeps(_ word: String) -> Bool { words.contains { $0.hasSuffix(word) } }
        return TransactionLimits(
            cost: keeps("cost") ? cost : nil, energy: keeps("energy") ? energy : nil,
            // The standard's own list calls it maxLength.
            seconds: keeps("time") || keeps("length") ? seconds : nil, stateOfCharge: keeps("soc") ? stateOfCharge : nil
        )
    }
}
