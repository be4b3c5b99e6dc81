import Charging
import Quantities

// Prepaid cards (2.1 C17): they charge while something is left, for so much, and are asked about each time.
extension Core {
    /// A token's verdict with what is left on it: whoever caches it would let it charge without asking (C17.FR.01, FR.02).
    func prepaid(_ verdict: TokenVerdict, _ token: String, at now: Instant) -> TokenVerdict {
        guard !prepaidAccounts.isEmpty, verdict.isAccepted, let account = prepaidAccounts[Self.key(token)] else {
            return verdict
        }
        return TokenVerdict(
            account.fen > 0 ? .accepted : .noCredit, expiresAt: verdict.expiresAt, parent: verdict.parent,
            cachedUntil: now)
    }

    mutating func change(prepaid token: String, _ change: PrepaidChange, at now: Instant) -> Result<
        OrderResult, ServiceFault
    > {
        let key = Self.key(token)
        guard let known = idTokens[key] else { return .failure(ServiceFault(.idTokenUnknown)) }
        var account = prepaidAccounts[key] ?? PrepaidAccount(token: known.value, fen: 0, at: now)
        switch change {
        case .set(nil):
            forgetPrepaid(token)
            return .success(.done)
        case .set(let fen?): account.fen = fen
        case .add(let fen): account.fen += fen
        }
        guard account.fen <= PrepaidAccount.most else {
            return .failure(
                ServiceFault(.invalid(.limit), fields: [.init(path: "amount_yuan", .range(0...1_000_000, .none))]))
        }
        account.changedAt = now
        keep(account)
        return .success(.done)
    }

    private mutating func keep(_ account: PrepaidAccount) {
        prepaidAccounts[Self.key(account.token)] = account
        persist(.prepaid(account))
    }

    mutating func forgetPrepaid(_ token: String) {
        guard let gone = prepaidAccounts.removeValue(forKey: Self.key(token)) else { return }
        persist(.removePrepaid(gone.token))
    }

    /// A transaction goes on the card: it may cost what is left, or less where somebody said so (C17.FR.03).
    mutating func limitToCredit(_ token: String?, _ s: Int, _ i: Int, at now: Instant) {
        guard !prepaidAccounts.isEmpty, let token, let account = prepaidAccounts[Self.key(token)] else {
            return
        }
        let session = stations[s].sessions[i]
        let left = Rational(max(0, account.fen)) / Rational(100)
        guard session.status == .active, session.idToken == token,
            session.account.limits.cost.map({ $0 > left }) ?? true
        else { return }
        var limits = session.account.limits
        limits.cost = left
        hold(limits, s, i, at: now)
    }

    mutating func takeFromCard(_ session: Session, at now: Instant) {
        guard !prepaidAccounts.isEmpty, let token = session.idToken, var account = prepaidAccounts[Self.key(token)],
            let cost = session.cost
        else { return }
        account.take(Self.fen(cost), for: session.id, at: now)
        keep(account)
    }

    public func prepaidAccount(_ token: String) -> PrepaidAccount? { prepaidAccounts[Self.key(token)] }
    mutating func load(_ account: PrepaidAccount) { prepaidAccounts[Self.key(account.token)] = account }
}
