import Charging
import Quantities

extension Core {
    func verdict(on token: String, at now: Instant) -> TokenVerdict {
        guard let known = idTokens[Self.key(token)] else {
            return TokenVerdict(settings.acceptUnknownTokens ? .accepted : .invalid)
        }
        return prepaid(known.verdict(at: now), token, at: now)
    }

    /// Tokens differ by more than the case of ASCII letters (OCPP 1.6 §7.28: IdToken is a CiString20Type).
    static func key(_ token: String) -> String {
        let bytes = token.utf8
        guard bytes.contains(where: { $0 >= 0x41 && $0 <= 0x5A }) else { return token }
        return String(decoding: bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// For a start: a token that charges elsewhere already may not charge twice (OCPP 1.6 §7.4, ConcurrentTx).
    ///
    /// Nor may it charge at an EVSE that is kept free for another one (1.6 §5.13, 2.x H03).
    /// - Parameter began: when it began, by the station.
    func verdictForStart(on token: String, _ s: Int, evse: Int, began: Instant, at now: Instant) -> TokenVerdict {
        let verdict = verdict(on: token, at: now)
        if verdict.isAccepted, isReserved(s, evse: evse, for: token, at: began) {
            return TokenVerdict(
                .reserved, expiresAt: verdict.expiresAt, parent: verdict.parent, cachedUntil: verdict.cachedUntil)
        }
        guard verdict.isAccepted, tokenUse[Self.key(token), default: 0] > 0 else { return verdict }
        return TokenVerdict(
            .concurrent, expiresAt: verdict.expiresAt, parent: verdict.parent, cachedUntil: verdict.cachedUntil)
    }
}
