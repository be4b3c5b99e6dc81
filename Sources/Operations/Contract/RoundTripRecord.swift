public import Assets
public import Charging
public import Quantities

/// What one session showed of the losses at its EVSE.
public struct RoundTripRecord: Hashable, Sendable {
    public let evse: EVSEID
    public let session: Session.ID
    /// When it ended.
    public let at: Instant
    public let value: RoundTrip
    public init(evse: EVSEID, session: Session.ID, at: Instant, value: RoundTrip) {
        self.evse = evse
        self.session = session
        self.at = at
        self.value = value
    }
}

extension [RoundTripRecord] {
    /// Of one EVSE: batteries age, and converters are exchanged.
    public static let most = 16

    /// Keeps the newest of one EVSE, oldest first; of a session told again, the last word.
    public mutating func put(_ record: RoundTripRecord) {
        removeAll { $0.session == record.session }
        append(record)
        sort { ($0.at, $0.session) < ($1.at, $1.session) }
        if count > Self.most { removeFirst(count - Self.most) }
    }
}

/// What an EVSE is known to lose, from its own meter and the vehicles that were there.
public struct LearnedRoundTrip: Hashable, Sendable {
    public let value: RoundTrip
    /// So many it stands on.
    public let sessions: Int
    /// When the newest of them ended.
    public let at: Instant

    /// `nil`: nothing was measured.
    public init?(_ records: [RoundTripRecord]) {
        guard let newest = records.last, let value = RoundTrip(medianOf: records.map(\.value)) else { return nil }
        self.value = value
        sessions = records.count
        at = newest.at
    }

    /// Fewer are shown, but nothing is decided by them.
    public static let leastSessions = 3
    public var isEnough: Bool { sessions >= Self.leastSessions }
}
