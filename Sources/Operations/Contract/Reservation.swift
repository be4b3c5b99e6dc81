public import Assets
public import Charging
public import Quantities

/// A promise that an EVSE of a station stays free for a token until an instant (1.6 §5.13, 2.0.1 block H).
public struct Reservation: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// On its way to the station.
        case asked
        case accepted
        /// The station said no; ``word`` is its own.
        case refused
        /// Nobody knows whether the station took it.
        case unanswered
        /// It never left us.
        case notSent = "not-sent"
        /// A transaction began with it and runs.
        case inUse = "in-use"
        /// That transaction has ended.
        case used
        case expired
        /// The station gave it up, because of a fault or otherwise.
        case removed
        case cancelled

        /// It holds the EVSE, or may do so.
        public var isOpen: Bool {
            switch self {
            case .asked, .accepted, .unanswered: true
            case .refused, .notSent, .inUse, .used, .expired, .removed, .cancelled: false
            }
        }
    }

    public let station: StationID
    public let asked: ReservationAsked
    public let createdAt: Instant
    public let by: String
    public var state: State
    /// Since when.
    public var at: Instant
    /// The station's own word, where it said more than the state.
    public var word: String?
    /// Which session used it.
    public var session: Session.ID?
    /// The command that asked for it; `nil` once it is answered.
    public var command: String?

    public var id: Int { asked.id }

    public init(
        station: StationID, _ asked: ReservationAsked, createdAt: Instant, by: String, state: State, at: Instant,
        word: String? = nil, session: Session.ID? = nil, command: String? = nil
    ) {
        self.station = station
        self.asked = asked
        self.createdAt = createdAt
        self.by = by
        self.state = state
        self.at = at
        self.word = word
        self.session = session
        self.command = command
    }
}

/// A reservation as it is kept.
public struct StoredReservation: Hashable, Sendable {
    /// Grows with each reservation of the platform.
    public let place: Int64
    public let reservation: Reservation
    public init(place: Int64, reservation: Reservation) {
        self.place = place
        self.reservation = reservation
    }
}
