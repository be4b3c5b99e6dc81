import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities
import Rulebook

/// What the core holds of one station's tariffs.
struct TariffKeeper: Sendable {
    var picture: StationTariffs
    /// A call of ours about its default tariff is on its way.
    var isAsked = false
    /// A look was due meanwhile: it comes after the answer.
    var hasMissedLook = false
    /// Its abilities were asked for since it connected.
    var areAbilitiesAsked = false
    /// When it is looked at again; `nil`: when something happens.
    var due: Instant?
    /// When a new cut of the site's tariff is made.
    var renewAt: Instant?
    /// Answers that did not come, one after the other.
    var silences = 0
    /// Transactions that were asked to go on by another tariff, as `TRANSACTION ID`.
    var changes: Set<String> = []
}

/// The platform's own calls about money.
enum MoneyCall: Hashable, Sendable {
    case abilities
    /// The tariff with this id becomes the default.
    case setDefault(String)
    case changeTariff(transaction: String)
    /// A transaction is to tell of itself, so that it can be answered with its limits.
    case askForEvent(transaction: String)
    /// What a transaction costs so far.
    case runningCost(transaction: String)
    /// A limit is reached.
    case stop(transaction: String)
    /// The driver is paying on a page.
    case paymentBegun(String)
    /// The payment with this id is good: the transaction may begin.
    case startPaid(String)
    /// The payment with this id has a receipt: does the station have a display for its address?
    case display(String)
    case receipt
}

// Tariffs at stations that reckon costs by themselves (2.1 I07 to I11): the site's import tariff with its service fee, cut to
// what a station can say and renewed in time. What the station will not take in any form, the platform reckons alone.
extension Core {
    // MARK: - The default tariff of a station

    mutating func change(tariffs s: Int, _ change: (inout StationTariffs) -> Void) {
        var keeper =
            stations[s].tariffs ?? TariffKeeper(picture: StationTariffs(station: stations[s].station.id))
        let before = keeper.picture
        change(&keeper.picture)
        stations[s].tariffs = keeper
        guard keeper.picture != before else { return }
        persist(.holding(.tariffs(keeper.picture)))
        emit(.publish(.station(before.station)))
    }

    /// It connected, booted or changed its site: its tariffs are looked at a moment later.
    mutating func expectTariffs(_ s: Int, isNew: Bool, at now: Instant) {
        guard stations[s].version == .v21 || stations[s].tariffs != nil else { return }
        if stations[s].tariffs == nil {
            guard prices(for: s) != nil else { return }
            stations[s].tariffs = TariffKeeper(picture: StationTariffs(station: stations[s].station.id))
        }
        if isNew {
            stations[s].tariffs?.areAbilitiesAsked = false
            stations[s].tariffs?.isAsked = false
            stations[s].tariffs?.hasMissedLook = false
            stations[s].tariffs?.silences = 0
        }
        stations[s].tariffs?.renewAt = nil
        stations[s].tariffs?.due = now + .seconds(1)
        remind(at: now + .seconds(1))
    }

    /// The prices of a site may be others now.
    mutating func pricesChanged(of id: SiteID, at now: Instant) {
        for s in stations.indices where stations[s].station.site == id { expectTariffs(s, isNew: false, at: now) }
    }

    private func prices(for s: Int) -> Int? {
        stations[s].station.site.flatMap { siteIndex[$0] }.flatMap { sites[$0].site.tariffs.isEmpty ? nil : $0 }
    }

    mutating func tendTariffs(_ s: Int, at now: Instant) {
        guard let keeper = stations[s].tariffs, let due = keeper.due else { return }
        guard due <= now else { return remind(at: due) }
        stations[s].tariffs?.due = nil
        guard !keeper.isAsked else {
            stations[s].tariffs?.hasMissedLook = true
            return
        }
        guard stations[s].version == .v21, stations[s].isOnline,
            stations[s].lastBoot == nil || stations[s].lastBoot == .accepted
        else { return }
        guard let site = prices(for: s), sites[site].site.localCost != .off else { return stopTelling(s, at: now) }
        let abilities = keeper.picture.abilities
        if !keeper.areAbilitiesAsked, abilities.tariffs == nil || abilities.limits == nil {
            stations[s].tariffs?.areAbilitiesAsked = true
            if send(V2.Action.getVariables, OCPP2Adapter.readMoneyAbilities, .abilities, s, at: now) { return }
        }
        if sites[site].site.localCost == .auto, abilities.tariffs != true || abilities.costs == false {
            return stopTelling(s, at: now)
        }
        tell(site, s, at: now)
    }

    private mutating func stopTelling(_ s: Int, at now: Instant) {
        guard stations[s].tariffs?.picture.state != .off else { return }
        change(tariffs: s) {
            $0.state = .off
            ($0.wanted, $0.validUntil) = (nil, nil)
            $0.changedAt = now
        }
    }

    private mutating func tell(_ site: Int, _ s: Int, at now: Instant) {
        guard let keeper = stations[s].tariffs else { return }
        let picture = keeper.picture
        // Whoever takes none is asked again when something changes, and after a day (``refuse(_:word:_:at:)``).
        if let renewAt = keeper.renewAt, now < renewAt, picture.state == .held || picture.state == .central {
            stations[s].tariffs?.due = renewAt
            return remind(at: renewAt)
        }
        guard let cut = driverTariff(site, picture.abilities, at: now) else { return stopTelling(s, at: now) }
        let tariff = V2.Tariff(cut)
        let isThere = picture[tariff.tariffId].map { $0.setAt != nil && $0.missingSince == nil } ?? false
        // A cut of days is renewed when half of it is left, one of hours at its end.
        let length = cut.validUntil - now
        let renewAt = length > .days(2) ? now + length / 2 : cut.validUntil
        stations[s].tariffs?.renewAt = renewAt
        stations[s].tariffs?.due = renewAt
        remind(at: renewAt)
        change(tariffs: s) {
            if $0.wanted != tariff.tariffId || $0.state == .off || $0.state == .central { $0.changedAt = now }
            if $0.wanted != tariff.tariffId { $0.word = nil }
            $0.wanted = tariff.tariffId
            $0.validUntil = cut.validUntil
            $0.elements = tariff.elements
            $0.state = isThere ? .held : .due
        }
        if isThere { return changeRunning(to: tariff, s, at: now) }
        if send(
            V2.Action.setDefaultTariff, OCPP2Adapter.setDefaultTariff(tariff, evse: 0), .setDefault(tariff.tariffId), s,
            at: now)
        {
            stations[s].tariffs?.isAsked = true
        } else {
            retry(s, after: .minutes(1), at: now)
        }
    }

    private mutating func retry(_ s: Int, after pause: Duration, at now: Instant) {
        stations[s].tariffs?.renewAt = nil
        stations[s].tariffs?.due = now + pause
        remind(at: now + pause)
    }

    /// - Parameter prices: of a driver; `nil`: what the site asks.
    func driverTariff(
        _ site: Int, _ abilities: CostAbilities, _ prices: DriverPrices? = nil, at now: Instant
    ) -> DriverTariff? {
        let own = sites[site].site
        return DriverTariff(
            from: now, in: own.zone, most: abilities.mostElements ?? Self.usualElements,
            mayDepend: abilities.conditions ?? true
        ) { day in
            let whole = own.zone.day(day)
            guard let spans = priceSpans(in: whole, site, prices) else { return nil }
            var pieces: [DriverTariff.Piece] = []
            for (i, span) in spans.enumerated() {
                guard let price = span.price else { return nil }
                let start = pieces.last?.minutes.upperBound ?? 0
                let end =
                    i == spans.count - 1 ? 1440 : own.zone.millisecondOfDay(at: span.interval.end) / 60_000
                // An hour that the clock leaves out has no minutes.
                if end > start { pieces.append(.init(minutes: start..<end, price: price + span.fee)) }
            }
            return pieces.last?.minutes.upperBound == 1440 ? pieces : nil
        }
    }
    /// Where the station does not say how many it takes.
    private static let usualElements = 48

    /// The tariff of a transaction does not change with the default one: it is told by itself (I11).
    private mutating func changeRunning(to tariff: V2.Tariff, _ s: Int, at now: Instant) {
        for session in stations[s].sessions where session.status == .active {
            guard let held = session.account.tariff, held.hasPrefix(OCPP2Adapter.ownTariffs) else { continue }
            let own = transactionTariff(session, tariff, s, at: now)
            if held != own.tariffId { changeTariff(of: session, to: own, s, at: now) }
        }
    }

    mutating func changeTariff(of session: Session, to tariff: V2.Tariff, _ s: Int, at now: Instant) {
        let mark = session.transactionID + " " + tariff.tariffId
        guard stations[s].tariffs?.changes.contains(mark) == false else { return }
        if stations[s].tariffs?.changes.count ?? 0 >= StationTariffs.most { stations[s].tariffs?.changes = [] }
        stations[s].tariffs?.changes.insert(mark)
        _ = send(
            V2.Action.changeTransactionTariff,
            OCPP2Adapter.changeTariff(tariff, transaction: session.transactionID),
            .changeTariff(transaction: session.transactionID), s, at: now)
    }

    // MARK: - Calls

    /// `false`: it cannot be sent now.
    mutating func send(
        _ action: V2.Action, _ payload: [UInt8], _ purpose: MoneyCall, _ s: Int, at now: Instant
    ) -> Bool {
        send(action: action.rawValue, payload, purpose, s, at: now)
    }
    mutating func send(
        action: String, _ payload: [UInt8], _ purpose: MoneyCall, _ s: Int, at now: Instant
    ) -> Bool {
        guard stations[s].isOnline else { return false }
        let (token, messageID) = counters.nextMessage()
        guard
            stations[s].lane.push(
                CallLane.Call(
                    token: token, messageID: messageID, action: action, payload: payload,
                    timeout: settings.callTimeout, rank: purpose.rank, purpose: .money(purpose)))
        else { return false }
        pump(s, at: now)
        return true
    }

    /// How a call of ours about money ended; what its answer tells of the station was learned before. `nil`: it never left.
    mutating func settled(
        _ call: MoneyCall, _ outcome: StationLink.CallOutcome?, _ s: Int, at now: Instant
    ) {
        switch call {
        case .abilities:
            stations[s].tariffs?.due = now
            remind(at: now)
            // Limits that waited for it go with the next message.
            for session in stations[s].sessions where session.status == .active && !session.account.limits.isEmpty {
                askForEvent(of: session, s, at: now)
            }
        case .setDefault(let id):
            stations[s].tariffs?.isAsked = false
            switch outcome {
            case .answered: stations[s].tariffs?.silences = 0
            case .error(let code, _, _) where !["InternalError", "GenericError"].contains(code):
                refuse(id, word: code, s, at: now)
            case .error, .timeout, .dropped, nil:
                let silences = (stations[s].tariffs?.silences ?? 0) + 1
                stations[s].tariffs?.silences = silences
                // The next connection begins anew.
                if silences <= Self.mostSilences { retry(s, after: .minutes(1 << silences), at: now) }
            }
            // What changed while it was on its way: the answer was to prices that may be old.
            if stations[s].tariffs?.hasMissedLook == true {
                stations[s].tariffs?.hasMissedLook = false
                retry(s, after: .zero, at: now)
            }
        case .paymentBegun, .startPaid: paymentCallEnded(call, outcome, s, at: now)
        case .display(let payment): showReceipt(of: payment, outcome, s, at: now)
        case .changeTariff, .askForEvent, .stop, .runningCost, .receipt: break
        }
    }
    private static let mostSilences = 6

    private mutating func refuse(_ id: String, word: String, _ s: Int, at now: Instant) {
        guard stations[s].tariffs?.picture.wanted == id else { return }
        change(tariffs: s) {
            $0.state = .central
            $0.word = String(word.prefix(100))
            $0.changedAt = now
        }
        stations[s].tariffs?.renewAt = now + .days(1)
        stations[s].tariffs?.due = now + .days(1)
        remind(at: now + .days(1))
    }

    // MARK: - What answers tell

    mutating func learn(_ fact: TariffFact, _ s: Int, at now: Instant) {
        switch fact {
        case .set(let asked, let evse, let validFrom, let word):
            took(asked, evse: evse, validFrom: validFrom, word, s, at: now)
        case .changed(let asked, let transaction, let word):
            guard word == "Accepted", let i = stations[s].session(transaction: transaction) else {
                return change(tariffs: s) { $0.word = String(word.prefix(100)) }
            }
            let evse = stations[s].sessions[i].evse.number
            stations[s].sessions[i].account.tariff = asked.id
            persist(.session(stations[s].sessions[i]))
            change(tariffs: s) {
                var one = $0[asked.id] ?? HeldTariff(id: asked.id, isDrivers: true, evses: [evse])
                one.setAt = now
                one.missingSince = nil
                $0.put(one)
            }
        case .told(let evse, let all): told(all, evse: evse, s, at: now)
        case .cleared(let ids, let evse):
            change(tariffs: s) { picture in
                for one in picture.held where ids?.contains(one.id) ?? true {
                    if evse == 0 || one.evses == [evse] { picture.remove(one.id) }
                }
            }
            tariffsMayBeGone(s, at: now)
        }
    }

    private mutating func took(
        _ asked: AskedTariff, evse: Int, validFrom: Instant?, _ word: String, _ s: Int, at now: Instant
    ) {
        let isWanted = stations[s].tariffs?.picture.wanted == asked.id
        switch word {
        // It has one of this id, and no other content has it.
        case "Accepted", "DuplicateTariffId":
            let evses = evse == 0 ? stations[s].evses.map(\.number) : [evse]
            change(tariffs: s) { picture in
                if word == "Accepted", validFrom == nil {
                    // It takes the place of those that hold there (I07.FR.20 to 22).
                    for var other in picture.held where !other.isDrivers && other.id != asked.id {
                        if let from = other.validFrom, from > now { continue }
                        other.evses.removeAll { evse == 0 || $0 == evse }
                        if other.evses.isEmpty { picture.remove(other.id) } else { picture.put(other) }
                    }
                }
                var one = picture[asked.id] ?? HeldTariff(id: asked.id, evses: [])
                one.evses = Array(Set(one.evses + evses)).sorted()
                one.validFrom = validFrom
                one.setAt = now
                one.missingSince = nil
                picture.put(one)
                if isWanted {
                    picture.state = .held
                    picture.changedAt = now
                }
            }
            if isWanted, let site = prices(for: s), let picture = stations[s].tariffs?.picture,
                let cut = driverTariff(site, picture.abilities, at: now)
            {
                let tariff = V2.Tariff(cut)
                if tariff.tariffId == asked.id { changeRunning(to: tariff, s, at: now) }
            }
        case "TooManyElements" where asked.elements > 1:
            change(tariffs: s) {
                $0.word = word
                $0.abilities.mostElements = min($0.abilities.mostElements ?? .max, asked.elements / 2)
            }
            if isWanted { retry(s, after: .seconds(1), at: now) }
        case "ConditionNotSupported" where asked.isConditional:
            change(tariffs: s) {
                $0.word = word
                $0.abilities.conditions = false
            }
            if isWanted { retry(s, after: .seconds(1), at: now) }
        default:
            if isWanted {
                refuse(asked.id, word: word, s, at: now)
            } else {
                change(tariffs: s) { $0.word = String(word.prefix(100)) }
            }
        }
    }

    private mutating func told(_ all: [TariffAssignment], evse: Int, _ s: Int, at now: Instant) {
        change(tariffs: s) { picture in
            for told in all.prefix(StationTariffs.most) {
                var one = picture[told.id] ?? HeldTariff(id: told.id, evses: told.evses)
                one.isDrivers = told.isDrivers
                one.evses = Array(Set(told.evses)).sorted()
                one.validFrom = told.validFrom
                one.toldAt = now
                one.missingSince = nil
                picture.put(one)
            }
            for var one in picture.held where !all.contains(where: { $0.id == one.id }) {
                guard evse == 0 || one.evses == [evse] else { continue }
                // A driver's goes with its transaction (I08.FR.06), and what nobody here set is simply gone.
                if one.isDrivers || one.setAt == nil {
                    picture.remove(one.id)
                } else if one.missingSince == nil {
                    one.missingSince = now
                    picture.put(one)
                }
            }
            if evse == 0 { picture.toldAt = now }
        }
        tariffsMayBeGone(s, at: now)
    }

    private mutating func tariffsMayBeGone(_ s: Int, at now: Instant) {
        guard let picture = stations[s].tariffs?.picture, picture.state == .held, let wanted = picture.wanted,
            picture[wanted].map({ $0.missingSince != nil }) ?? true
        else { return }
        change(tariffs: s) {
            $0.state = .due
            $0.changedAt = now
        }
        retry(s, after: .seconds(1), at: now)
    }

    // MARK: - What the device model tells

    mutating func noteCostAbilities(_ told: [(VariableName, String?)], _ s: Int, at now: Instant) {
        guard stations[s].version == .v21 else { return }
        var abilities = stations[s].tariffs?.picture.abilities ?? CostAbilities()
        let before = abilities
        var isTold = false
        for (name, value) in told where abilities.take(name, value) { isTold = true }
        guard isTold, abilities != before else { return }
        change(tariffs: s) { $0.abilities = abilities }
        expectTariffs(s, isNew: false, at: now)
    }

    // MARK: - Orders

    mutating func money(_ order: MoneyOrder, by actor: Actor, at now: Instant) -> Result<OrderResult, ServiceFault> {
        switch order {
        case .setLimits(let id, let limits): return set(limits, of: id, at: now)
        case .beginPayment(let wish): return begin(wish, by: actor, at: now)
        case .steerPayment(let id, let act): return steer(id, act, at: now)
        case .setUpWebPayments(let id, let evse, let wish, let renews, let parts):
            return setUp(web: evse, of: id, wish, renews: renews, parts: parts, by: actor, at: now)
        case .scan(let code): return scan(code, by: actor, at: now)
        case .credit(let token, let change): return self.change(prepaid: token, change, at: now)
        case .sendTariff, .readTariffs, .clearTariffs: break
        }
        guard let id = order.station, let s = stationIndex[id] else {
            return .failure(ServiceFault(.stationUnknown(order.station ?? StationID(""))))
        }
        guard stations[s].version == .v21 else {
            return .failure(ServiceFault(.notInVersion(id, stations[s].version.subprotocol)))
        }
        let (action, payload): (V2.Action, [UInt8])
        switch order {
        case .sendTariff:
            guard let site = prices(for: s),
                let cut = driverTariff(
                    site, stations[s].tariffs?.picture.abilities ?? CostAbilities(), at: now)
            else { return .failure(ServiceFault(.noPrices(id))) }
            let tariff = V2.Tariff(cut)
            change(tariffs: s) {
                $0.wanted = tariff.tariffId
                $0.validUntil = cut.validUntil
                $0.elements = tariff.elements
                $0.state = .due
                $0.changedAt = now
            }
            (action, payload) = (.setDefaultTariff, OCPP2Adapter.setDefaultTariff(tariff, evse: 0))
        case .readTariffs: (action, payload) = (.getTariffs, V2.GetTariffsRequest(evseId: 0).json)
        case .clearTariffs(_, let ids, let evse):
            (action, payload) = (
                .clearTariffs, V2.ClearTariffsRequest(tariffIds: ids, evseId: evse == 0 ? nil : evse).json
            )
        case .setLimits, .beginPayment, .steerPayment, .setUpWebPayments, .scan, .credit: return .success(.done)
        }
        return command(id, action.rawValue, payload, settings.callTimeout, by: actor, at: now)
    }

    public func tariffs(of id: StationID) -> StationTariffs? {
        stationIndex[id].map { stations[$0].tariffs?.picture ?? StationTariffs(station: id) }
    }

    mutating func load(_ picture: StationTariffs) {
        guard let s = stationIndex[picture.station] else { return }
        stations[s].tariffs = TariffKeeper(picture: picture)
    }
}

extension MoneyCall {
    /// A driver waits for a start, and a stop holds a limit.
    var rank: CallLane.Rank {
        switch self {
        case .stop: .safety
        case .paymentBegun, .startPaid, .askForEvent: .command
        case .abilities, .setDefault, .changeTariff, .runningCost, .display, .receipt: .commissioning
        }
    }

    /// After a crash it must be known that a start was sent.
    var waitsForDisk: Bool { if case .startPaid = self { true } else { false } }
}

extension VariableNews {
    /// The actual value that it tells of.
    var told: (VariableName, String?)? {
        switch self {
        case .reported(let variable): variable.attribute == .actual ? (variable.name, variable.value) : nil
        case .read(let name, .actual, let value, _): (name, value)
        case .set(let name, .actual, let value, afterRestart: false): (name, value)
        case .gone(let name, .actual): (name, nil)
        case .gone, .read, .set: nil
        }
    }
}
