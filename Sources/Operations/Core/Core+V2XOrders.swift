import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities

// Operation modes, priority charging and signals by order of a person (2.1 block Q, K21): each is a command like one made by
// hand, and what its answer tells is learned in the same way.
extension Core {
    mutating func order(_ order: V2XOrder, by actor: Actor, at now: Instant) -> Result<OrderResult, ServiceFault> {
        switch order {
        case .mode(let id, let wish, let timeout): mode(wish, of: id, timeout, by: actor, at: now)
        case .priority(let id, let isOn, let limit, let timeout):
            priority(isOn, limit: limit, of: id, timeout, by: actor, at: now)
        case .signal(let id, let signal, let at, let timeout):
            self.signal(signal, at: at, to: id, timeout, by: actor, at: now)
        }
    }

    /// Of a session that runs at a station of 2.1.
    private func place(of id: Session.ID) -> Result<(station: Int, session: Int), ServiceFault> {
        guard let s = sessionHome[id].flatMap({ stationIndex[$0] }), let i = stations[s].session(id) else {
            return .failure(ServiceFault(.sessionUnknown(id)))
        }
        guard stations[s].sessions[i].status == .active else { return .failure(ServiceFault(.sessionEnded(id))) }
        guard stations[s].version == .v21 else {
            return .failure(ServiceFault(.notInVersion(stations[s].station.id, stations[s].version.subprotocol)))
        }
        return .success((s, i))
    }

    private mutating func mode(
        _ wish: OperationWish, of id: Session.ID, _ timeout: Duration, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        let (s, i): (Int, Int)
        switch place(of: id) {
        case .success(let found): (s, i) = found
        case .failure(let fault): return .failure(fault)
        }
        let (station, session) = (stations[s].station.id, stations[s].sessions[i])
        let evse = session.evse.number
        if wish.mode == .centralSetpoint {
            return command(
                station, V2.Action.clearChargingProfile.rawValue, OCPP2Adapter.clearMode(evse: evse), timeout,
                by: actor, at: now)
        }
        // Above the platform's own profile, which goes on below.
        let level = min(Self.manualLevel, stations[s].commissioning?.maxStackLevel ?? Self.manualLevel)
        guard level > OCPP2Adapter.transactionLevel(stations[s].limitForm) else {
            return .failure(
                ServiceFault(
                    .invalid(.mode),
                    fields: [
                        .init(
                            path: "mode",
                            problem:
                                "the station's ProfileStackLevel of \(level) leaves no level above the platform's own profile"
                        )
                    ]))
        }
        let request = OCPP2Adapter.setMode(
            wish,
            at: OCPP2Adapter.ProfilePlace(
                evse: evse, transaction: session.transactionID, level: level, form: stations[s].limitForm,
                rating: mostPower(s, evse: evse, at: now)), now)
        let broken = V2.Request.setChargingProfile(request).conflicts
        guard broken.isEmpty else {
            return .failure(
                ServiceFault(
                    .invalid(.mode), fields: broken.map { .init(path: $0.path, .payload($0.kind, detail: $0.detail)) }))
        }
        if let refusal = refusal(of: HeldProfile(request.chargingProfile, evse), s, session, at: now) {
            return .failure(ServiceFault(.invalid(.mode), fields: [refusal]))
        }
        return command(station, V2.Action.setChargingProfile.rawValue, request.json, timeout, by: actor, at: now)
    }
    private static let manualLevel = 8

    /// All that an EVSE may have by its rating, by its operator, by others and by the nodes above it.
    private func mostPower(_ s: Int, evse: Int, at now: Instant) -> Power {
        guard let e = stations[s].evse(evse) else { return stations[s].station.electrical.maxPower }
        return [
            stations[s].station.electrical.maxPower, stations[s].station.operatorLimit,
            stations[s].evses[e].control.limit, outsideShare(s, e, at: now),
            roomAboveOurs(s, evse: evse, at: now).charge?.power,
        ].compactMap { $0 }.min() ?? stations[s].station.electrical.maxPower
    }

    /// A profile for it first, where the station has none: without one it answers NoProfile (K21.FR.01).
    private mutating func priority(
        _ isOn: Bool, limit: Power?, of id: Session.ID, _ timeout: Duration, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        let (s, i): (Int, Int)
        switch place(of: id) {
        case .success(let found): (s, i) = found
        case .failure(let fault): return .failure(fault)
        }
        let (station, session) = (stations[s].station.id, stations[s].sessions[i])
        let evse = session.evse.number
        // One that was set when there was more room is set anew.
        let isKnown = stations[s].profiles?.picture.kept.contains { one in
            one.profile.purpose == HeldProfile.forPriority && one.missingSince == nil
                && (one.profile.evse == evse || one.profile.evse == 0) && !one.profile.isOver(at: now)
                && refusal(of: one.profile, s, session, at: now) == nil
        }
        if isOn, limit != nil || isKnown != true, stations[s].isOnline {
            let room = roomAboveOurs(s, evse: evse, at: now).charge
            if let room, let limit, limit > room.power {
                return .failure(
                    ServiceFault(
                        .invalid(.mode),
                        fields: [.init(path: "limit", .noRoom(room.node, left: room.power, asked: limit))]))
            }
            let most = min(limit ?? .kilowatts(1_000_000), mostPower(s, evse: evse, at: now))
            if let room, most < stations[s].station.electrical.minPower {
                return .failure(
                    ServiceFault(
                        .invalid(.mode),
                        fields: [
                            .init(
                                path: "limit",
                                .noRoom(room.node, left: room.power, asked: stations[s].station.electrical.minPower))
                        ]))
            }
            let request = OCPP2Adapter.priorityProfile(evse: evse, limit: most, form: stations[s].limitForm, now)
            let set = command(
                station, V2.Action.setChargingProfile.rawValue, request.json, timeout, by: actor, at: now)
            if case .failure = set { return set }
        }
        return command(
            station, V2.Action.usePriorityCharging.rawValue,
            OCPP2Adapter.usePriority(transaction: session.transactionID, isOn: isOn), timeout, by: actor, at: now)
    }

    private mutating func signal(
        _ signal: Int, at instant: Instant?, to id: StationID, _ timeout: Duration, by actor: Actor, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        guard stations[s].version == .v21 else {
            return .failure(ServiceFault(.notInVersion(id, stations[s].version.subprotocol)))
        }
        return command(
            id, V2.Action.afrrSignal.rawValue, OCPP2Adapter.signal(signal, at: instant ?? now), timeout, by: actor,
            at: now)
    }
}
