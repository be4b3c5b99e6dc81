public import Charging
public import Quantities

/// What is left on a prepaid card (2.1 C17). Sessions of the card may cost that much, and what they cost is taken from it.
public struct PrepaidAccount: Hashable, Sendable {
    /// The token's value as it is kept.
    public let token: String
    /// Whole fen; below zero: a session cost more than there was, offline or at a station that stops late.
    public var fen: Int64
    public var changedAt: Instant
    /// The newest session that was taken from it, and how much: ended a second time, it is not taken twice.
    public var lastSession: Session.ID?
    public var lastFen: Int64 = 0
    public init(token: String, fen: Int64, at now: Instant) {
        self.token = token
        self.fen = fen
        changedAt = now
    }

    /// A card may lose and gain this much at most.
    public static let most: Int64 = 100_000_000

    public mutating func take(_ cost: Int64, for session: Session.ID, at now: Instant) {
        if lastSession == session { fen += lastFen }
        fen = max(-Self.most, fen - cost)
        (lastSession, lastFen, changedAt) = (session, cost, now)
    }
}

/// Changes of what is left on a card.
public enum PrepaidChange: Hashable, Sendable {
    /// So much is on it from now on; `nil`: it is no prepaid card.
    case set(Int64?)
    case add(Int64)
}
