import Assets
import Quantities
import Synchronization

/// The first step of a stop-all: what it would do, and a token that lets the second step do it within two minutes.
final class StopConfirmations: Sendable {
    struct Entry: Sendable {
        let site: SiteID
        let actor: String
        let expires: ContinuousClock.Instant
    }
    static let validSeconds = 120
    private let entries = Mutex<[String: Entry]>([:])
    private static let most = 1000

    func issue(for site: SiteID, actor: String) -> String {
        let token = RandomText.hexadecimal(bytes: 16)
        let now = ContinuousClock.now
        entries.withLock { entries in
            entries = entries.filter { $0.value.expires > now }
            if entries.count >= Self.most, let soonest = entries.min(by: { $0.value.expires < $1.value.expires }) {
                entries[soonest.key] = nil
            }
            entries[token] = Entry(site: site, actor: actor, expires: now + .seconds(Self.validSeconds))
        }
        return token
    }

    /// `true` once for a token of this site and this actor that is still good.
    func redeem(_ token: String, for site: SiteID, actor: String) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[token], entry.site == site, entry.actor == actor else { return false }
            entries[token] = nil
            return entry.expires > .now
        }
    }
}
