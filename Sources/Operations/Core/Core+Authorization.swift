import Charging
import Quantities

extension Core {
    func verdict(on token: String, at now: Instant) -> TokenVerdict {
        guard let known = idTokens[token] else {
            return TokenVerdict(settings.acceptUnknownTokens ? .accepted : .invalid)
        }
        return known.verdict(at: now)
    }

    /// For a start: a token that charges elsewhere already may not charge twice (OCPP 1.6 §7.4, ConcurrentTx).
    func verdictForStart(on token: String, at now: Instant) -> TokenVerdict {
        let verdict = verdict(on: token, at: now)
        guard verdict.isAccepted, tokenUse[token, default: 0] > 0 else { return verdict }
        return TokenVerdict(.concurrent, expiresAt: verdict.expiresAt, parent: verdict.parent)
    }
}
