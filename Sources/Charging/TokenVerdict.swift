public import Quantities

/// May this token charge now?
public struct TokenVerdict: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable, CaseIterable {
        case accepted, blocked, expired, invalid
        /// It charges elsewhere already.
        case concurrent
        /// The EVSE is kept free for another token.
        case reserved
    }
    public let status: Status
    public let expiresAt: Instant?
    public let parent: String?
    public init(_ status: Status, expiresAt: Instant? = nil, parent: String? = nil) {
        self.status = status
        self.expiresAt = expiresAt
        self.parent = parent
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
