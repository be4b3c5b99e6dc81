import OCPP
import Quantities

// Whom the station trusts without asking (local list, then cache), the master pass, and what becomes of a token that the
// central system refuses after the start.
extension SimulatedChargePoint {
    // MARK: The cache

    var cacheLifetime: Duration? {
        let seconds = configuration.number(.cacheLifeTime)
        return seconds > 0 ? .seconds(seconds) : nil
    }

    /// What the central system says of a token is kept, whatever it says (C10.FR.01, FR.04, FR.05).
    mutating func remember(_ token: String, _ standing: StationHoldings.Listed?) {
        guard let standing, configuration.flag(.cacheEnabled) else { return }
        holdings.cache.take(token, standing, at: clock)
    }

    private mutating func cached(_ token: String) -> StationHoldings.Listed? {
        guard configuration.flag(.cacheEnabled) else { return nil }
        return holdings.cache.standing(of: token, at: clock, lifetime: cacheLifetime)
    }

    /// `false`: it has none that is in use (C11.FR.04).
    mutating func clearCache() -> Bool {
        guard configuration.flag(.cacheEnabled) else { return false }
        holdings.cache.clear()
        return true
    }

    // MARK: Deciding

    enum LocalVerdict: Hashable, Sendable { case starts, refused, mustAsk }

    /// Without asking, where the central system could be asked (1.6 `LocalPreAuthorize`; 2.x C12, C14).
    mutating func preAuthorize(_ token: String) -> LocalVerdict {
        guard configuration.flag(.preAuthorizes) else { return .mustAsk }
        if let listed = holdings.listed(token) {
            let holds = listed.isAccepted && listed.expiresAt.map { $0 > clock } ?? true
            return holds && !isMasterPass(listed) ? .starts : .mustAsk
        }
        guard let known = cached(token) else { return .mustAsk }
        if isMasterPass(known) { return .mustAsk }
        if known.isAccepted { return .starts }
        return configuration.flag(.asksNoMore) ? .refused : .mustAsk
    }

    /// Whether a driver may charge while the central system cannot be asked: as the local list says, else the cache, else
    /// the setting for unknown tokens.
    mutating func mayStartOffline(_ token: String) -> Bool {
        if configuration.flag(.usesListOffline) {
            if let known = holdings.listed(token) {
                return known.isAccepted && !isMasterPass(known) && known.expiresAt.map { $0 > clock } ?? true
            }
            if let known = cached(token) { return known.isAccepted && !isMasterPass(known) }
        }
        return configuration.flag(.startsOffline)
    }

    // MARK: Tokens at the reader

    /// Somebody holds a token to the reader, and plugs nothing in.
    mutating func present(_ token: String) {
        guard powerAt == nil else { return }
        if let running = connectors.first(where: { $0.transaction?.idTag == token }) {
            return endTransaction(running.number, .local)
        }
        if let i = connectors.firstIndex(where: { $0.vehicle != nil && $0.transaction == nil && $0.idTag == nil }) {
            connectors[i].idTag = token
            connectors[i].isFinished = false
            return authorize(i)
        }
        if let known = holdings.listed(token) ?? cached(token), known.isAccepted, isMasterPass(known) {
            return stopAll(by: token)
        }
        let question = Purpose.authorize(connector: 0, token: token)
        guard link != nil, isAccepted, !isUnderWay(question) else { return }
        call(.authorize(idTag: token, contract: nil, evccID: nil), question)
    }

    /// A token of this group stops others' transactions and starts none (C16).
    private func isMasterPass(_ standing: StationHoldings.Listed) -> Bool {
        let group = configuration.text(.masterPassGroup)
        return !group.isEmpty && standing.group?.lowercased() == group.lowercased()
    }

    /// It has no screen to choose from: all of them (C16.FR.02).
    private mutating func stopAll(by token: String) {
        for connector in connectors where connector.transaction != nil {
            endTransaction(connector.number, .masterPass, by: token)
        }
    }

    /// - Parameters:
    ///   - connector: 0: of somebody who plugged nothing in.
    ///   - answer: `nil`: the central system cannot say.
    mutating func authorized(_ connector: Int, _ token: String, _ answer: [UInt8]?) {
        let isByContract = connectors.indices.contains(connector - 1) && contractInUse(connector - 1)?.account == token
        let standing = answer.flatMap { dialect.authorization($0, byContract: isByContract) }
        // A contract is checked each time: its certificates may be revoked.
        if !isByContract { remember(token, standing) }
        if let standing, standing.isAccepted, isMasterPass(standing) {
            counts.refusals += connector > 0 ? 1 : 0
            return stopAll(by: token)
        }
        let i = connector - 1
        // Another one may have come meanwhile; he is asked about himself.
        guard connectors.indices.contains(i), connectors[i].vehicle != nil, connectors[i].transaction == nil,
            connectors[i].isUsable, let idTag = connectors[i].idTag
        else { return }
        guard idTag == token else { return authorize(i) }
        guard answer != nil else {
            // As without a connection.
            if !isByContract, mayStartOffline(token) { startTransaction(i, token, .authorized) }
            return
        }
        guard standing?.isAccepted ?? false else {
            counts.refusals += 1
            return
        }
        connectors[i].allowedTransfers = answer.flatMap { dialect.allowedTransfers($0) }
        startTransaction(i, token, .authorized)
    }

    // MARK: Refused after the start

    /// The central system refuses the token of a running transaction (1.6 §3.6, 2.x E05).
    mutating func refused(_ connector: Int) {
        counts.refusals += 1
        guard !configuration.flag(.stopsOnRefusal) else { return endTransaction(connector, .deAuthorized) }
        let grace = Int64(configuration.number(.energyOnRefusal)) * 1000
        let end = connectors[connector - 1].register.milliwattHours + grace
        connectors[connector - 1].transaction?.energyEnd = end
    }
}
