public import Quantities

/// A key that is being given to a station over OCPP (1.6 security whitepaper A01, 2.0.1 A01), until a connection shows
/// which one the station uses.
///
///     sent ──Accepted──▶ accepted ──comes with it──▶ confirmed
///      │──Rejected … ──▶ refused ──comes with the old one──▶ gone
///      └──RebootRequired, no answer──▶ afterReboot, unanswered ──comes with it──▶ confirmed
public struct KeyChange: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// On its way; the station has not answered.
        case sent
        /// Nobody knows whether the station took it: no answer, or none that can be read.
        case unanswered
        /// Taken, to be used after the next restart of the station.
        case afterReboot = "after-reboot"
        case refused
        /// Taken; the old one is over (A01.FR.03), the station has not come with this one yet.
        case accepted
        /// The station has come with it.
        case confirmed
    }
    /// The form in which the key is kept; the key itself is nowhere but in the station.
    public let stored: String
    public var state: State
    /// Since when.
    public var at: Instant
    /// The station's own word, where it is more than the state says.
    public var word: String?
    public init(stored: String, state: State = .sent, at: Instant, word: String? = nil) {
        self.stored = stored
        self.state = state
        self.at = at
        self.word = word
    }
}

/// How a station took a key.
public enum KeyAnswer: Hashable, Sendable {
    case accepted
    case afterReboot
    case refused(word: String)
    /// No answer, or one that leaves open whether it was taken.
    case unknown(word: String?)
    /// It never left the platform.
    case notSent
}

extension Station {
    /// More keys than this are never undecided at a time: each is one more that lets in.
    public static let mostUndecidedKeys = 3

    /// Kept forms that let the station in beside ``passwordDigest``, the newest first.
    public var undecidedKeys: [String] {
        keyChanges.reversed().map(\.stored).filter { $0 != passwordDigest }
    }

    /// A password that a person set ends every change under way.
    public mutating func setPassword(_ digest: String?) {
        passwordDigest = digest
        keyChanges = []
    }

    /// - Returns: `false`, with nothing changed, when too many are undecided.
    public mutating func beginKeyChange(_ stored: String, at now: Instant) -> Bool {
        guard undecidedKeys.count < Self.mostUndecidedKeys else { return false }
        keyChanges.removeAll { $0.stored == passwordDigest }
        keyChanges.append(KeyChange(stored: stored, at: now))
        return true
    }

    /// - Returns: whether something changed.
    public mutating func settleKeyChange(_ stored: String, _ answer: KeyAnswer, at now: Instant) -> Bool {
        // A password set by a person meanwhile has ended it.
        guard let i = keyChanges.lastIndex(where: { $0.stored == stored }), keyChanges[i].state != .confirmed else {
            return false
        }
        keyChanges[i].at = now
        switch answer {
        case .accepted:
            keyChanges[i].state = .accepted
            keyChanges[i].word = nil
            // Without a password until now there is no old one to end: the station may go on to come without
            // (profile 0) until it uses its key.
            if passwordDigest != nil {
                passwordDigest = stored
                keyChanges = [keyChanges[i]]
            }
        case .afterReboot: keyChanges[i].state = .afterReboot
        case .refused(let word):
            keyChanges[i].state = .refused
            keyChanges[i].word = word
        case .unknown(let word):
            keyChanges[i].state = .unanswered
            keyChanges[i].word = word
        case .notSent: keyChanges.remove(at: i)
        }
        return true
    }

    /// The station came in with what is kept as `stored`.
    /// - Returns: whether something changed.
    public mutating func cameWith(_ stored: String, at now: Instant) -> Bool {
        let before = (passwordDigest, keyChanges)
        if let change = keyChanges.last(where: { $0.stored == stored }) {
            if change.state != .confirmed {
                passwordDigest = stored
                keyChanges = [KeyChange(stored: stored, state: .confirmed, at: now)]
            }
        } else if stored == passwordDigest {
            // It keeps the old one, as it said (A01.FR.04). What it left open may still come into force in it.
            keyChanges.removeAll { $0.state == .refused }
        }
        return before != (passwordDigest, keyChanges)
    }
}
