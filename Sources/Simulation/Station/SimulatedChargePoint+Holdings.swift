import OCPPMessages
import Quantities

/// What a station keeps for people through every reboot: whom it may trust without the central system, for whom connectors
/// are kept free, what its display shows.
struct StationHoldings: Sendable {
    /// What is known of a token: by the local list, or by the central system's last word.
    struct Listed: Hashable, Sendable {
        let isAccepted: Bool
        let expiresAt: Instant?
        let group: String?
    }
    struct Reservation: Hashable, Sendable {
        let id: Int
        /// `nil`: any.
        let connector: Int?
        let token: String
        let group: String?
        let expiresAt: Instant
    }

    /// 0: no list was sent.
    var listVersion = 0
    /// By the token in small letters: its case says nothing.
    private(set) var list: [String: Listed] = [:]
    var reservations: [Reservation] = []
    /// By number.
    var display: [Int: V2.MessageInfo] = [:]
    var cache = AuthorizationCache()

    static let mostListed = 200
    static let listedAMessage = 20
    static let mostDisplayed = 20

    func listed(_ token: String) -> Listed? { list[token.lowercased()] }

    enum ListVerdict: Hashable, Sendable { case accepted, failed, versionMismatch }

    /// - Parameter entries: `nil` values are to be forgotten.
    mutating func take(
        list version: Int, isWhole: Bool, _ entries: [(token: String, info: Listed?)]
    ) -> ListVerdict {
        guard isWhole || version > listVersion else { return .versionMismatch }
        guard version > 0, entries.count <= Self.listedAMessage else { return .failed }
        var changed = isWhole ? [:] : list
        for (token, info) in entries { changed[token.lowercased()] = info }
        guard changed.count <= Self.mostListed else { return .failed }
        list = changed
        listVersion = version
        return .accepted
    }
}

// Local list, reservations: the same for all versions.
extension SimulatedChargePoint {
    /// Why a reservation is not taken.
    enum ReservationRefusal: Hashable, Sendable { case occupied, faulted, unavailable, rejected }

    /// - Returns: `nil` when it is taken; one of the same number is replaced.
    mutating func reserve(_ reservation: StationHoldings.Reservation) -> ReservationRefusal? {
        guard settings.takesReservations, reservation.expiresAt > clock else { return .rejected }
        if let number = reservation.connector, self[number] == nil { return .rejected }
        let others = holdings.reservations.filter { $0.id != reservation.id }
        let wanted = connectors.filter { reservation.connector ?? $0.number == $0.number }
        if wanted.allSatisfy(\.isFaulted) { return .faulted }
        if wanted.allSatisfy({ !$0.isUsable }) { return .unavailable }
        let taken = Set(others.compactMap(\.connector))
        let free = wanted.filter {
            $0.isUsable && $0.vehicle == nil && $0.remote == nil && !taken.contains($0.number)
        }
        guard free.count > (reservation.connector == nil ? others.count { $0.connector == nil } : 0) else {
            return .occupied
        }
        holdings.reservations = others + [reservation]
        return nil
    }

    /// `false`: there is none of this number.
    mutating func cancelReservation(_ id: Int) -> Bool {
        let before = holdings.reservations.count
        holdings.reservations.removeAll { $0.id == id }
        return holdings.reservations.count < before
    }

    /// Whether somebody else may not use this connector.
    func isReserved(_ connector: Int, for token: String? = nil) -> Bool {
        let own = holdings.reservations.filter { $0.connector == connector }
        if !own.isEmpty { return !own.contains { reservation in token.map { suits($0, reservation) } ?? false } }
        let any = holdings.reservations.filter { $0.connector == nil }
        guard !any.isEmpty, !any.contains(where: { reservation in token.map { suits($0, reservation) } ?? false })
        else { return false }
        // As many free ones as are promised must stay.
        return connectors.count { $0.isUsable && $0.vehicle == nil && $0.number != connector } < any.count
    }

    private func suits(_ token: String, _ reservation: StationHoldings.Reservation) -> Bool {
        if token.lowercased() == reservation.token.lowercased() { return true }
        guard let group = reservation.group else { return false }
        return holdings.listed(token)?.group?.lowercased() == group.lowercased()
    }

    /// The reservation that a transaction of this token uses up.
    mutating func useReservation(_ connector: Int, _ token: String) -> Int? {
        let fits = holdings.reservations.indices.filter { i in
            let reservation = holdings.reservations[i]
            return reservation.connector ?? connector == connector && suits(token, reservation)
        }
        guard let i = fits.first(where: { holdings.reservations[$0].connector != nil }) ?? fits.first else {
            return nil
        }
        return holdings.reservations.remove(at: i).id
    }

    /// Those that are over, and those of connectors that went out of use.
    mutating func settleReservations() {
        for reservation in holdings.reservations {
            let isOver = reservation.expiresAt <= clock
            let isGone =
                reservation.connector.map { number in
                    self[number].map { !$0.isAvailable || $0.isFaulted } ?? true
                } ?? false
            guard isOver || isGone else { continue }
            holdings.reservations.removeAll { $0.id == reservation.id }
            if dialect.namesTransactions {
                schedule(.send(.reservationEnded(reservation.id, isExpired: isOver)), after: .zero)
            }
        }
        for i in connectors.indices { connectors[i].isReserved = isReserved(connectors[i].number) }
    }

    /// When the next reservation ends, on the machine's own time.
    var nextReservationEnd: Instant? {
        holdings.reservations.map(\.expiresAt).min().map { $0 - settings.faults.clockSkew }
    }
}
