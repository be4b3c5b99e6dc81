import Assets
import Charging
import Quantities

// Reservations (1.6 §5.13 and §5.2, 2.x block H): asked of stations, used by a transaction, or over in another way.
extension Core {
    // MARK: - Orders

    mutating func ask(
        _ id: StationID, _ wish: StationWish, _ timeout: Duration, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        switch wish {
        case .reserve(let evse, let kind, let token, let group, let until):
            return reserve(
                s, evse: evse, connectorKind: kind, token, group: group, until: until, timeout, by: actor, at: now)
        case .cancelReservation(let number):
            guard stations[s].reservations.contains(where: { $0.id == number && $0.state.isOpen }) else {
                return .failure(ServiceFault(.reservationUnknown(number)))
            }
            return request(.cancelReservation(number), s, timeout, by: actor, at: now)
        case .display(let message): return request(.display(message), s, timeout, by: actor, at: now)
        case .clearDisplay(let number): return request(.clearDisplay(number), s, timeout, by: actor, at: now)
        case .readDisplay:
            counters.request += 1
            return request(.readDisplay(request: counters.request), s, timeout, by: actor, at: now)
        case .installCertificate(let use, let pem):
            return request(.installCertificate(use: use, pem: pem), s, timeout, by: actor, at: now)
        case .deleteCertificate(let hash):
            let use = stations[s].heldCertificates?.items.first { $0.isNamed(by: hash) }?.use
            return request(.deleteCertificate(hash, use: use), s, timeout, by: actor, at: now)
        case .listCertificates(let use): return listCertificates(use: use, s, timeout, by: actor, at: now)
        case .swapBatteries(let token): return swapBatteries(token: token, s, timeout, by: actor, at: now)
        case .readProfiles: return request(.readProfiles(request: nextReport()), s, timeout, by: actor, at: now)
        }
    }

    /// A command like one that a person made by hand.
    mutating func request(
        _ request: StationRequest, _ s: Int, _ timeout: Duration, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        let id = stations[s].station.id
        guard let (action, payload) = ProtocolAdapter.call(request, in: stations[s].version) else {
            return .failure(ServiceFault(.notInVersion(id, stations[s].version.subprotocol)))
        }
        return command(id, action, payload, timeout, by: actor, at: now)
    }

    private mutating func reserve(
        _ s: Int, evse: Int?, connectorKind: String?, _ token: String, group: String?, until: Instant,
        _ timeout: Duration, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        let id = stations[s].station.id
        let longest = ProtocolAdapter.longestToken(in: stations[s].version)
        var fields: [ServiceFault.Field] = []
        if until <= now { fields.append(.init(path: "expires_at", .past(now: now))) }
        if token.isEmpty || token.unicodeScalars.count > longest {
            fields.append(.init(path: "id_token", .bytes(1...longest)))
        }
        if let group, group.unicodeScalars.count > longest {
            fields.append(.init(path: "group", .bytes(1...longest)))
        }
        if let connectorKind, !ProtocolAdapter.knows(connectorKind: connectorKind, in: stations[s].version) {
            fields.append(.init(path: "connector_type", problem: "is no connector type of the station's protocol"))
        }
        guard fields.isEmpty else { return .failure(ServiceFault(.invalid(.reservation), fields: fields)) }
        if let evse, !(1...StationSlot.mostEVSEs).contains(evse) {
            return .failure(ServiceFault(.evseUnknown(number: evse, most: StationSlot.mostEVSEs)))
        }
        guard stations[s].reservations.count(where: { $0.state.isOpen }) < StationSlot.mostOpenReservations else {
            return .failure(ServiceFault(.tooMany(most: StationSlot.mostOpenReservations)))
        }
        let number = counters.reservation
        counters.reservation += 1
        persist(.setting(key: Counters.reservationKey, value: String(counters.reservation)))
        let known = idTokens[Self.key(token)]
        let asked = ReservationAsked(
            id: number, evse: evse, connectorKind: connectorKind, token: token, tokenKind: known?.type,
            group: group ?? known?.parent.flatMap { $0.unicodeScalars.count <= longest ? $0 : nil },
            expiresAt: until.floored(to: .seconds(1), from: Instant(milliseconds: 0)))
        switch request(.reserve(asked), s, timeout, by: actor, at: now) {
        case .success(.command(let view)):
            let isGone = view.status != .pending
            let reservation = Reservation(
                station: id, asked, createdAt: now, by: actor.name, state: isGone ? .notSent : .asked, at: now,
                command: isGone ? nil : view.id)
            put(reservation, s, at: now)
            return .success(.reservation(reservation, view))
        case let other: return other
        }
    }

    /// One that is open, or was a moment ago; older ones are on the disk.
    public func reservation(_ number: Int, of id: StationID) -> Reservation? {
        stationIndex[id].flatMap { s in stations[s].reservations.last { $0.id == number } }
    }
    public func reservations(of id: StationID) -> [Reservation] {
        stationIndex[id].map { stations[$0].reservations } ?? []
    }

    // MARK: - What stations say

    mutating func reserved(
        _ asked: ReservationAsked, isTaken: Bool, _ word: String, _ call: CallLane.Call, _ s: Int, at now: Instant
    ) {
        if let i = stations[s].reservations.lastIndex(where: { $0.asked.isSame(as: asked) }) {
            let state = stations[s].reservations[i].state
            guard state == .asked || state == .unanswered || state.isOpen else { return }
            return change(reservation: asked.id, s, at: now) {
                $0.state = isTaken ? .accepted : .refused
                $0.word = isTaken ? nil : word
                $0.command = nil
            }
        }
        // By hand. One that the station refuses to replace stays what it was.
        if !isTaken, stations[s].reservations.contains(where: { $0.id == asked.id && $0.state.isOpen }) { return }
        var by = Actor.platform.name
        if case .command(let id) = call.purpose, let view = command(id) { by = view.by }
        put(
            Reservation(
                station: stations[s].station.id, asked, createdAt: now, by: by, state: isTaken ? .accepted : .refused,
                at: now, word: isTaken ? nil : word), s, at: now)
        if asked.id >= counters.reservation, asked.id < Int(Int32.max) {
            counters.reservation = asked.id + 1
            persist(.setting(key: Counters.reservationKey, value: String(counters.reservation)))
        }
    }

    /// The command that asked for it ended without an answer that says how.
    mutating func reservationUnanswered(_ command: CommandView, at now: Instant) {
        guard command.action == "ReserveNow", let s = stationIndex[command.station],
            let known = stations[s].reservations.last(where: { $0.command == command.id })
        else { return }
        change(reservation: known.id, s, at: now) {
            switch command.status {
            case .error:
                $0.state = .refused
                $0.word = command.errorCode
            case .offline where command.failure == .neverSent: $0.state = .notSent
            // What the station answered could not be read.
            case .answered where $0.state == .asked: $0.state = .unanswered
            case .answered, .pending: return
            case .timeout, .offline: $0.state = .unanswered
            }
            // A late answer still finds it by its content.
            $0.command = nil
        }
    }

    /// Rejected: the station does not know it, so that it holds nothing (1.6 §7.x, 2.x H02).
    mutating func cancelled(reservation number: Int, isTaken: Bool, _ s: Int, at now: Instant) {
        change(reservation: number, s, at: now) {
            guard $0.state.isOpen else { return }
            $0.state = isTaken ? .cancelled : .removed
            $0.word = isTaken ? nil : "Rejected"
        }
    }

    mutating func reservationEnded(_ number: Int, _ word: String, _ s: Int, at now: Instant) {
        change(reservation: number, s, at: now) {
            guard $0.state.isOpen else { return }
            $0.state = word == "Expired" ? .expired : .removed
            $0.word = word
        }
    }

    // MARK: - Transactions

    /// A transaction began with a reservation: the one it names, else the one that its token has for its EVSE.
    mutating func use(reservation number: Int?, _ s: Int, _ i: Int, at now: Instant) {
        let session = stations[s].sessions[i]
        let found = stations[s].reservations.last { reservation in
            if let number { return reservation.id == number && reservation.session == nil }
            guard reservation.state == .accepted, let token = session.idToken else { return false }
            return reservation.asked.evse == session.evse.number
                && Self.key(reservation.asked.token) == Self.key(token)
        }
        guard let found else { return }
        change(reservation: found.id, s, at: now) {
            $0.state = session.status == .active ? .inUse : .used
            $0.session = session.id
            $0.word = nil
        }
    }

    mutating func endReservation(of session: Session, _ s: Int, at now: Instant) {
        guard let known = stations[s].reservations.last(where: { $0.session == session.id && $0.state == .inUse })
        else { return }
        change(reservation: known.id, s, at: now) { $0.state = .used }
    }

    /// The EVSE is promised to another token that this one shares no group with.
    func isReserved(_ s: Int, evse: Int, for token: String, at instant: Instant) -> Bool {
        let group = idTokens[Self.key(token)]?.parent.map(Self.key)
        let open = stations[s].reservations.filter {
            $0.state == .accepted && $0.asked.evse == evse && $0.asked.expiresAt > instant && $0.createdAt <= instant
        }
        return !open.isEmpty
            && !open.contains { one in
                Self.key(one.asked.token) == Self.key(token)
                    || one.asked.group.map { Self.key($0) == group || Self.key($0) == Self.key(token) } ?? false
            }
    }

    // MARK: - Keeping

    private mutating func put(_ reservation: Reservation, _ s: Int, at now: Instant) {
        stations[s].reservations.removeAll { $0.id == reservation.id }
        stations[s].reservations.append(reservation)
        while stations[s].reservations.count > StationSlot.mostOpenReservations + StationSlot.closedReservationsKept,
            let i = stations[s].reservations.firstIndex(where: { !$0.state.isOpen && $0.state != .inUse })
                ?? stations[s].reservations.indices.first
        {
            stations[s].reservations.remove(at: i)
        }
        persist(.holding(.reservation(reservation)))
        if reservation.state.isOpen { remind(at: reservation.asked.expiresAt) }
        emit(.publish(.station(reservation.station)))
    }

    private mutating func change(
        reservation number: Int, _ s: Int, at now: Instant, _ change: (inout Reservation) -> Void
    ) {
        guard let i = stations[s].reservations.lastIndex(where: { $0.id == number }) else { return }
        var reservation = stations[s].reservations[i]
        change(&reservation)
        guard reservation != stations[s].reservations[i] else { return }
        if reservation.state != stations[s].reservations[i].state { reservation.at = now }
        stations[s].reservations[i] = reservation
        persist(.holding(.reservation(reservation)))
        emit(.publish(.station(reservation.station)))
    }

    /// By our clock; the station's own word may come before or after.
    mutating func expireReservations(_ s: Int, at now: Instant) {
        for reservation in stations[s].reservations where reservation.state.isOpen {
            if reservation.asked.expiresAt <= now {
                change(reservation: reservation.id, s, at: now) { $0.state = .expired }
            } else {
                remind(at: reservation.asked.expiresAt)
            }
        }
    }

    mutating func load(_ reservation: Reservation) {
        guard let s = stationIndex[reservation.station] else { return }
        stations[s].reservations.append(reservation)
        if reservation.state.isOpen { remind(at: reservation.asked.expiresAt) }
    }
}

extension ReservationAsked {
    /// What a command carried, whatever words of its protocol stand for what nobody stated.
    fileprivate func isSame(as other: ReservationAsked) -> Bool {
        (id, evse, token, expiresAt) == (other.id, other.evse, other.token, other.expiresAt)
    }
}
