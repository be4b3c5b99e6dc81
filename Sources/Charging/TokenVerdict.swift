public import Quantities

/// May this token charge now?
public struct TokenVerdict: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable, CaseIterable {
        case accepted, blocked, expired, invalid
        /// It charges elsewhere already.
        case concurrent
        /// The EVSE is kept free for another token.
        case reserved
        /// Nothing is left on a prepaid card.
        case noCredit
    }
    public let status: Status
    public let expiresAt: Instant?
    public let parent: String?
    /// Until then a station may keep it (2.x); `nil`: as long as the token holds.
    public let cachedUntil: Instant?
    public init(
        _ status: Status, expiresAt: Instant? = nil, parent: String? = nil, cachedUntil: Instant? = nil
    ) {
        self.status = status
        self.expiresAt = expiresAt
        self.parent = parent
        self.cachedUntil = cachedUntil
    }
    public var isAccepted: Bool { status == .accepted }
}

extension IdToken {
    public func verdict(at now: Instant) -> TokenVerdict {
        let status: TokenVerdict.Status =
            switch self.status {
            case .blocked: .blocked
            case .expired: .expired
            case .invalid: .invalid
            case .accepted: if let expiresAt, expiresAt <= now { .expired } else { .accepted }
            }
        return TokenVerdict(status, expiresAt: expiresAt, parent: parent)
    }
}
