import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities

/// Payments that the core knows: all that are not over, and the newest others for repeats.
struct PaymentBook: Sendable {
    struct Asked: Sendable {
        let key: String
        let at: Instant
    }

    /// Oldest first.
    var payments: [Payment] = []
    /// Steps that are at the provider now, by payment.
    var asked: [String: Asked] = [:]
    /// When the next step is due; `nil`: nothing waits.
    var due: Instant?
    /// ``Core/tendPayments(at:)`` is going through them.
    var areTended = false

    static let mostOpen = 10_000
    static let mostOver = 200
    /// The provider answers or is given up within seconds: beyond this its answer was lost on the way to us.
    static let answersWithin: Duration = .minutes(2)

    func index(_ id: String) -> Int? { payments.lastIndex { $0.id == id } }
    func index(reference: String, of station: StationID) -> Int? {
        payments.lastIndex { $0.reference == reference && $0.station == station }
    }
    func index(session: Session.ID) -> Int? { payments.lastIndex { $0.session == session } }

    mutating func put(_ payment: Payment) {
        if let i = index(payment.id) {
            payments[i] = payment
        } else {
            payments.append(payment)
        }
        if payments.count > Self.mostOver, payments.count(where: \.state.isOver) > Self.mostOver,
            let oldest = payments.firstIndex(where: \.state.isOver)
        {
            payments.remove(at: oldest)
        }
        if let next = payment.nextTry ?? payment.endsAt { remind(at: next) }
        // The transaction is to be started at once.
        if payment.awaitsStart { remind(at: payment.changedAt) }
    }

    mutating func remind(at instant: Instant) { due = due.map { min($0, instant) } ?? instant }
}

// Ad hoc payments (2.1 C18 to C25): an amount is reserved, a transaction is started for it, and what it cost is taken once it
// has ended, by the provider that the operator named or by the station's own terminal.
extension Core {
    static let paymentOpen = "payment-open"
    static let paymentStuck = "payment-stuck"

    private mutating func keep(_ payment: Payment, at now: Instant) {
        payments.put(payment)
        persist(.payment(payment))
        emit(.publish(.payment(payment.id)))
        let site = stationIndex[payment.station].flatMap { stations[$0].station.site }
        for (code, state) in [(Self.paymentOpen, Payment.State.open), (Self.paymentStuck, .failed)] {
            if payment.state == state {
                raise(
                    code, object: payment.id, site: site, priority: .high, values: ["station": payment.station.value],
                    at: now)
            } else {
                endAlarm(code, object: payment.id, at: now)
            }
        }
        tendPayments(at: now)
    }

    private mutating func change(_ id: String, at now: Instant, _ change: (inout Payment) -> Void) {
        guard let i = payments.index(id) else { return }
        var payment = payments.payments[i]
        change(&payment)
        guard payment != payments.payments[i] else { return }
        keep(payment, at: now)
    }

    private mutating func nextPaymentID() -> String {
        let number = counters.payment
        counters.payment += 1
        persist(.setting(key: Counters.paymentKey, value: String(counters.payment)))
        return "PM-\(number)"
    }

    // MARK: - Orders

    mutating func begin(_ wish: PaymentWish, by actor: Actor, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[wish.station] else { return .failure(ServiceFault(.stationUnknown(wish.station))) }
        guard settings.paysThroughProvider else { return .failure(ServiceFault(.paymentsOff)) }
        guard stations[s].version == .v21 else {
            return .failure(ServiceFault(.notInVersion(wish.station, stations[s].version.subprotocol)))
        }
        guard stations[s].evse(wish.evse) != nil else {
            return .failure(ServiceFault(.evseUnknown(number: wish.evse, most: stations[s].evses.count)))
        }
        // Who pays must be able to charge there.
        guard stations[s].isOnline else { return .failure(ServiceFault(.stationOffline(wish.station))) }
        guard payments.payments.count(where: { !$0.state.isOver }) < PaymentBook.mostOpen else {
            return .failure(ServiceFault(.tooMany(most: PaymentBook.mostOpen)))
        }
        if let reference = wish.reference, payments.index(reference: reference, of: wish.station) != nil {
            return .failure(ServiceFault(.paymentKnown))
        }
        var payment = Payment(
            id: nextPaymentID(), kind: wish.reference == nil ? .web : .kiosk, station: wish.station, evse: wish.evse,
            by: actor.name, createdAt: now, state: .begun)
        payment.reference = wish.reference
        payment.reserved = wish.fen
        payment.limits = wish.limits
        payment.endsAt = now + Payment.patience
        payment.ask(wish.reference == nil ? .reserve : .look, at: now)
        keep(payment, at: now)
        if wish.reference == nil {
            // The EVSE is kept for who is about to pay (C25.FR.21).
            _ = send(
                V2.Action.notifyWebPaymentStarted,
                OCPP2Adapter.paymentStarted(
                    evse: wish.evse, seconds: Int(Payment.patience.wholeMilliseconds / 1000)),
                .paymentBegun(payment.id), s, at: now)
        }
        return .success(.payment(payments.index(payment.id).map { payments.payments[$0] } ?? payment))
    }

    mutating func steer(_ id: String, _ act: PaymentAct, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let i = payments.index(id) else { return .failure(ServiceFault(.paymentUnknown(id))) }
        var payment = payments.payments[i]
        let state = payment.state
        // Its station let it fail: the provider has nothing to do about it.
        let isStations = state == .failed && payment.step == nil
        let isPossible: Bool =
            switch act {
            case .cancel: isStations || [.begun, .awaiting, .authorized, .open].contains(state)
            case .refund(let fen): state == .settled && fen > 0 && fen <= (payment.captured ?? 0) - payment.refunded
            case .capture(let fen):
                (state == .open || (state == .failed && payment.step != .capture)) && fen > 0
                    && fen <= payment.reserved ?? fen && payment.captured == nil
            case .retry: state == .failed && payment.step != nil
            }
        guard isPossible, settings.paysThroughProvider || (isStations && act == .cancel) else {
            return .failure(ServiceFault(.paymentState(id, state.rawValue)))
        }
        switch act {
        case .cancel where isStations: payment.close(at: now)
        case .cancel: payment.ask(.cancel, at: now)
        case .refund(let fen): payment.ask(.refund, fen: fen, at: now)
        case .capture(let fen): payment.ask(.capture, fen: fen, at: now)
        case .retry: _ = payment.retry(at: now)
        }
        keep(payment, at: now)
        return .success(.payment(payments.index(id).map { payments.payments[$0] } ?? payment))
    }

    // MARK: - The provider

    mutating func paid(_ id: String, _ key: String, _ outcome: PaymentOutcome, at now: Instant) {
        if payments.asked[id]?.key == key { payments.asked[id] = nil }
        guard let i = payments.index(id) else { return }
        var payment = payments.payments[i]
        guard payment.key == key else {
            // It was told something else meanwhile, which waited for this answer; the reference it needs for that.
            payments.remind(at: now)
            if case .answered(let answer) = outcome, payment.reference == nil, let reference = answer.reference {
                payment.reference = reference
                keep(payment, at: now)
            }
            return tendPayments(at: now)
        }
        switch outcome {
        case .answered(let answer): payment.take(answer, at: now)
        case .missed(let reason): payment.miss(reason, at: now)
        }
        keep(payment, at: now)
        if payment.state == .settled { offerReceipt(of: payment, at: now) }
    }

    /// Steps that are due go to the provider, starts to the stations, and what took too long is given up.
    mutating func tendPayments(at now: Instant) {
        // What is kept meanwhile waits for the next time: tended inside, what comes after it here would be started twice.
        guard !payments.areTended, let due = payments.due, due <= now else { return }
        payments.due = nil
        payments.areTended = true
        defer { payments.areTended = false }
        let hasProvider = settings.paysThroughProvider
        for payment in payments.payments where !payment.state.isOver {
            if payment.kind == .terminal, let end = payment.endsAt, end <= now,
                [.authorized, .ended].contains(payment.state)
            {
                change(payment.id, at: now) { $0.abandon(at: now) }
                continue
            }
            if let end = payment.endsAt, end <= now, [.begun, .awaiting, .authorized].contains(payment.state) {
                change(payment.id, at: now) {
                    if $0.word == nil { $0.word = "given up" }
                    $0.endsAt = nil
                    if hasProvider { $0.ask(.cancel, at: now) } else { $0.state = .cancelled }
                }
                continue
            }
            if payment.awaitsStart {
                start(payment, at: now)
            }
            guard let key = payment.key, let next = payment.nextTry else {
                if let end = payment.endsAt { payments.remind(at: end) }
                continue
            }
            guard next <= now else {
                payments.remind(at: payment.endsAt.map { min($0, next) } ?? next)
                continue
            }
            if let end = payment.endsAt { payments.remind(at: end) }
            guard hasProvider, let step = payment.step else { continue }
            if let asked = payments.asked[payment.id] {
                if now - asked.at >= PaymentBook.answersWithin {
                    paid(payment.id, asked.key, .missed("no answer arrived"), at: now)
                } else {
                    payments.remind(at: asked.at + PaymentBook.answersWithin)
                }
                continue
            }
            payments.asked[payment.id] = PaymentBook.Asked(key: key, at: now)
            payments.remind(at: now + PaymentBook.answersWithin)
            emit(
                .pay(
                    PaymentCall(
                        payment: payment.id, step: step, key: key, reference: payment.reference,
                        fen: step == .capture || step == .refund ? payment.stepFen : payment.reserved ?? 0,
                        station: payment.station, evse: payment.evse)))
        }
    }

    // MARK: - The station

    /// Once: after a crash the transaction it led to is waited for.
    private mutating func start(_ payment: Payment, at now: Instant) {
        guard let s = stationIndex[payment.station], stations[s].isOnline, stations[s].lane.hasRoom,
            let reference = payment.reference
        else {
            payments.remind(at: now + .seconds(5))
            return
        }
        let number = nextReport()
        change(payment.id, at: now) { $0.remoteStart = number }
        _ = send(
            V2.Action.requestStartTransaction,
            OCPP2Adapter.start(paid: reference, evse: payment.evse, number: number), .startPaid(payment.id), s, at: now)
    }

    mutating func paymentCallEnded(_ call: MoneyCall, _ outcome: StationLink.CallOutcome?, _ s: Int, at now: Instant) {
        guard case .startPaid(let id) = call else { return }
        switch outcome {
        case .answered(let payload):
            let word = ProtocolAdapter.status(in: payload)
            guard word != "Accepted" else { return }
            giveUp(id, "the station said \(word ?? "nothing")", at: now)
        case .error(let code, _, _): giveUp(id, "the station said \(code)", at: now)
        // It never left: it may be tried again.
        case nil: change(id, at: now) { $0.remoteStart = nil }
        // It may have arrived: the transaction is waited for as long as one waits.
        case .timeout, .dropped: break
        }
    }

    private mutating func giveUp(_ id: String, _ word: String, at now: Instant) {
        change(id, at: now) {
            guard $0.state == .authorized else { return }
            $0.word = String(word.prefix(200))
            $0.endsAt = nil
            $0.ask(.cancel, at: now)
        }
    }

    mutating func heard(_ news: MoneyNews, _ ruling: CallRuling?, _ s: Int, at now: Instant) -> StationAnswer {
        switch news {
        case .authorize(let reference): .authorization(verdict(paying: reference, ruling, s, at: now))
        case .settled(let notice): .settlement(receipt: settled(notice, s, at: now))
        case .vatNumber(let text): .vatNumber(VATNumber(text).verdict)
        }
    }

    /// A card at the station's terminal: the provider that authorized it is asked, where there is one (C18.FR.04).
    private mutating func verdict(paying reference: String, _ ruling: CallRuling?, _ s: Int, at now: Instant)
        -> TokenVerdict
    {
        if let known = paymentVerdict(reference, s) { return known }
        switch ruling {
        case .payment(let answer?) where answer.status == .authorized:
            terminalPayment(reference, reserved: answer.fen, s, at: now)
            return TokenVerdict(.accepted)
        case .payment: return TokenVerdict(.invalid)
        default:
            guard settings.acceptsTerminals else { return verdict(on: reference, at: now) }
            terminalPayment(reference, reserved: nil, s, at: now)
            return TokenVerdict(.accepted)
        }
    }

    /// `nil`: no payment of this station has that reference.
    private func paymentVerdict(_ reference: String, _ s: Int) -> TokenVerdict? {
        payments.index(reference: reference, of: stations[s].station.id).map { i in
            switch payments.payments[i].state {
            case .authorized, .charging: TokenVerdict(.accepted)
            default: TokenVerdict(.invalid)
            }
        }
    }

    /// For a transaction's token (C18.FR.06): a terminal may authorize by itself.
    mutating func verdict(paying report: TransactionReport, _ s: Int, at now: Instant) -> TokenVerdict? {
        guard report.tokenKind == V2.IdTokenKind.directPayment.name, let token = report.token else { return nil }
        if let known = paymentVerdict(token, s) { return known }
        guard settings.acceptsTerminals, report.stage != .ended else { return nil }
        terminalPayment(token, reserved: report.limits?.cost.map(Self.fen), s, at: now)
        return TokenVerdict(.accepted)
    }

    private mutating func terminalPayment(_ reference: String, reserved: Int64?, _ s: Int, at now: Instant) {
        guard payments.payments.count(where: { !$0.state.isOver }) < PaymentBook.mostOpen else { return }
        var payment = Payment(
            id: nextPaymentID(), kind: .terminal, station: stations[s].station.id, evse: 0,
            by: stations[s].station.id.value, createdAt: now, state: .authorized)
        payment.reference = reference
        payment.reserved = reserved
        // Nothing is released here that the terminal holds: it says itself when it does (C19). A card that never charges must
        // not be kept open for ever: there is room for so many only.
        payment.endsAt = now + Payment.terminalPatience
        keep(payment, at: now)
    }

    /// A transaction's message names the payment, or the start that was asked for it.
    mutating func bindPayment(_ report: TransactionReport, _ s: Int, _ i: Int, at now: Instant) {
        // Most messages name neither: only for those that do, all payments are gone through.
        guard !payments.payments.isEmpty, report.token != nil || report.remoteStart != nil else { return }
        let session = stations[s].sessions[i]
        guard payments.index(session: session.id) == nil else { return }
        let station = stations[s].station.id
        let found =
            report.token.flatMap { payments.index(reference: $0, of: station) }
            ?? report.remoteStart.flatMap { number in
                payments.payments.lastIndex { $0.station == station && $0.remoteStart == number }
            }
        guard let found, payments.payments[found].session == nil else { return }
        var payment = payments.payments[found]
        payment.session = session.id
        payment.changedAt = now
        if payment.state == .authorized {
            payment.state = .charging
            payment.endsAt = nil
        } else if payment.state.isOver || payment.step == .cancel {
            payment.word = "a transaction began although it was given up"
        }
        keep(payment, at: now)
        var limits = payment.limits
        limits.cost = limits.cost ?? payment.reserved.map { Rational($0) / Rational(100) }
        if payment.kind != .terminal, session.status == .active, !limits.isEmpty { hold(limits, s, i, at: now) }
    }

    mutating func endPayment(of session: Session, _ s: Int, at now: Instant) {
        guard let i = payments.index(session: session.id) else { return }
        let payment = payments.payments[i]
        let byStation =
            payment.kind == .terminal
            && !(settings.paysThroughProvider && stations[s].tariffs?.picture.abilities.settlesHere == true)
        let cost = session.cost ?? Self.costOfNothing(session)
        change(payment.id, at: now) { $0.end(costing: cost.map(Self.fen), byStation: byStation, at: now) }
    }

    /// What the end of a transaction that is paid at once is answered: nothing delivered costs nothing, also where nobody knows
    /// the prices (C20.FR.03).
    func costAtEnd(_ session: Session, _ paying: TokenVerdict?) -> Rational? {
        session.cost
            ?? (paying != nil || payments.index(session: session.id) != nil ? Self.costOfNothing(session) : nil)
    }
    private static func costOfNothing(_ session: Session) -> Rational? { session.imported == .zero ? .zero : nil }

    static func fen(_ yuan: Rational) -> Int64 { Int64((yuan * Rational(100)).text(decimals: 0)) ?? 0 }

    /// - Returns: where its receipt is, when the station has none of its own (C21.FR.03).
    private mutating func settled(_ notice: SettlementNotice, _ s: Int, at now: Instant) -> String? {
        let station = stations[s].station.id
        let id: String
        if let i = payments.index(reference: notice.reference, of: station) {
            id = payments.payments[i].id
        } else {
            // Authorized before we knew of it, or long ago.
            guard payments.payments.count(where: { !$0.state.isOver }) < PaymentBook.mostOpen else { return nil }
            var payment = Payment(
                id: nextPaymentID(), kind: .terminal, station: station, evse: 0, by: station.value, createdAt: now,
                state: .ended)
            payment.reference = notice.reference
            if let i = notice.transaction.flatMap({ stations[s].session(transaction: $0) }) {
                payment.session = stations[s].sessions[i].id
                payment.cost = stations[s].sessions[i].cost.map(Self.fen)
            }
            id = payment.id
            keep(payment, at: now)
        }
        change(id, at: now) { $0.settle(notice, at: now) }
        guard notice.word == "Settled", notice.receiptURL == nil else { return nil }
        return settings.receiptAddress?(id)
    }

    // MARK: - Looking

    public func payment(_ id: String) -> Payment? { payments.index(id).map { payments.payments[$0] } }

    mutating func load(_ all: [Payment]) {
        for payment in all { payments.put(payment) }
        // What was at the provider when the platform ended is asked again, under the same key.
        if !all.isEmpty { payments.due = Instant(milliseconds: 0) }
    }
}
