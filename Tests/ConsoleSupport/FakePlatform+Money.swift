import Assets
import Charging
import Operations
import Quantities

extension FakePlatform {
    public func tariffs(of station: StationID) async -> StationTariffs? {
        read { $0.stations[station] == nil ? nil : $0.stationTariffs[station] ?? StationTariffs(station: station) }
    }
    public func statement(of session: Session.ID) async -> SessionStatement? {
        read { state in
            state.sessions.first { $0.session.id == session }.map { SessionStatement($0.session, site: $0.site) }
        }
    }
    public func payments(_ filter: PaymentFilter, limit: Int, before: String?) async -> [Payment] {
        let all = read { $0.payments }.filter(filter.matches)
        guard let before else { return Array(all.prefix(limit)) }
        return Array(all.drop { $0.id != before }.dropFirst().prefix(limit))
    }
    public func payment(_ id: String) async -> Payment? { read { $0.payments.first { $0.id == id } } }
    public func payment(receipt ticket: String) async -> Payment? {
        read { $0.payments.first { "receipt-" + $0.id == ticket } }
    }
    public func receiptAddress(of payment: String) -> String? { "https://charge.example/receipts/receipt-" + payment }

    public func prepaidAccount(_ token: String) async -> PrepaidAccount? { read { $0.prepaid[token] } }
    public func webPayments(of station: StationID) async -> [WebPaymentSetup]? {
        read { state in state.stations[station].map { _ in state.webPayments[station] ?? [] } }
    }
    public var webPaymentTemplate: String? {
        "https://charge.example/pay/{chargingstationid}/{evse}/{totp}/{version}"
    }
    public func payTicket(of payment: String) -> String { "pay-" + payment }
    public func payment(paying ticket: String) async -> Payment? {
        read { $0.payments.first { "pay-" + $0.id == ticket } }
    }

    func apply(_ order: MoneyOrder, _ actor: Actor) throws(ServiceFault) -> OrderResult {
        let now = now
        switch order {
        case .sendTariff(let id): return .command(command(id, "SetDefaultTariff", Array("{}".utf8), actor))
        case .readTariffs(let id): return .command(command(id, "GetTariffs", Array("{}".utf8), actor))
        case .clearTariffs(let id, _, _): return .command(command(id, "ClearTariffs", Array("{}".utf8), actor))
        case .setLimits(let id, let limits):
            let isThere = state.withLock { state -> Bool in
                guard let i = state.sessions.firstIndex(where: { $0.session.id == id }) else { return false }
                let old = state.sessions[i]
                var session = old.session
                guard session.status == .active else { return false }
                session.account.limits = limits
                state.sessions[i] = SessionView(
                    session: session, site: old.site, plan: old.plan, planStart: old.planStart, planStep: old.planStep)
                return true
            }
            guard isThere else { throw ServiceFault(.sessionEnded(id)) }
            return .done
        case .setUpWebPayments(let id, let evse, let wish, _, _):
            state.withLock { state in
                var setup = WebPaymentSetup(station: id, evse: evse, wish: wish, at: now)
                _ = setup.send(wish, seed: "seed", at: now)
                state.webPayments[id] = [setup]
            }
            return .command(command(id, "SetVariables", Array("{}".utf8), actor))
        case .credit(let token, let change):
            state.withLock { state in
                switch change {
                case .set(let fen): state.prepaid[token] = fen.map { PrepaidAccount(token: token, fen: $0, at: now) }
                case .add(let fen):
                    state.prepaid[token] = PrepaidAccount(
                        token: token, fen: (state.prepaid[token]?.fen ?? 0) + fen, at: now)
                }
            }
            return .done
        case .scan(let scanned):
            switch scanned.code {
            case "used00": throw ServiceFault(.codeUsed)
            case "many00": throw ServiceFault(.tooManyCodes(seconds: 3))
            case "good00": break
            default: throw ServiceFault(.codeNotGood)
            }
            let wish = PaymentWish(
                station: scanned.station, evse: scanned.evse, fen: scanned.cost ?? 5000, reference: nil,
                limits: TransactionLimits(energy: scanned.energy, seconds: scanned.seconds))
            return try apply(.beginPayment(wish), actor)
        case .beginPayment(let wish):
            let payment = state.withLock { state -> Payment in
                var payment = Payment(
                    id: "PM-\(state.payments.count + 1)", kind: wish.reference == nil ? .web : .kiosk,
                    station: wish.station, evse: wish.evse, by: actor.name, createdAt: now, state: .begun)
                payment.reserved = wish.fen
                payment.reference = wish.reference
                state.payments.insert(payment, at: 0)
                return payment
            }
            return .payment(payment)
        case .steerPayment(let id, let act):
            let changed = state.withLock { state -> Payment? in
                guard let i = state.payments.firstIndex(where: { $0.id == id }) else { return nil }
                var payment = state.payments[i]
                switch act {
                case .cancel where !payment.state.isOver: payment.ask(.cancel, at: now)
                case .refund(let fen) where payment.state == .settled: payment.ask(.refund, fen: fen, at: now)
                case .capture(let fen) where payment.state == .open: payment.ask(.capture, fen: fen, at: now)
                case .retry where payment.retry(at: now): break
                default: return nil
                }
                state.payments[i] = payment
                return payment
            }
            guard let changed else { throw ServiceFault(.paymentState(id, "over")) }
            return .payment(changed)
        }
    }
}
