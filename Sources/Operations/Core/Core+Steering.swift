import Assets
import Charging
import GridDispatch
import Quantities
import Scheduling

/// What the core keeps of an EVSE whose vehicle is steered in both directions.
struct SteeringState: Hashable, Sendable {
    /// The transaction for which the station holds a power to follow; `nil`: it must be given one anew.
    var followed: String?
    /// The default profile was confirmed or read since the station connected.
    var isDefaultSure = false
    /// Its station connected; `nil`: before our start.
    var connectedAt: Instant?
    /// Asked for it by the request of this number, at this time.
    var defaultRequest: Int?
    var defaultAskedAt: Instant?
    /// Outlives connections; `nil`: nothing was kept of the running session.
    var kept: KeptSetpoint?
    /// When profiles above ours were ended because they did harm.
    var harmfulAt: Instant?
    /// When the import register moved last, and in which session.
    var registerStep: RegisterStep?

    struct RegisterStep: Hashable, Sendable {
        let session: Session.ID
        let at: Instant
        /// The smallest that was seen: registers count in units.
        let least: Energy
    }
}

// Vehicles that are steered in both directions (2.1 block Q with a central setpoint, K28). Whoever may give back is told a
// power to follow, which ends by itself; whose station was away is not counted on before its default profile is sure again.
extension Core {
    /// A station that does not answer what its default profiles are is asked again after this.
    private static let askDefaultAgain: Duration = .seconds(60)

    /// It would be steered, but for what its station falls back to: that is read again first, which takes moments.
    func awaitsSteering(_ m: Int, _ e: Int, _ session: Session, at now: Instant) -> Bool {
        let evse = stations[m].evses[e].steering
        guard !evse.isDefaultSure, let connectedAt = evse.connectedAt, now - connectedAt < Self.leftAlone else {
            return false
        }
        return steering(m, e, session, isSure: true, at: now) != nil
    }
    /// A vehicle whose station does not say for so long is told limits.
    private static let leftAlone: Duration = .seconds(30)

    /// `nil`: the vehicle is told limits only.
    /// - Parameters:
    ///   - controlled: what controls of the grid code and the vehicle's own offer leave now; a plan asks for each of its slots.
    ///   - isSure: as if the default profile were known; `nil`: as it is.
    func steering(
        _ m: Int, _ e: Int, _ session: Session, controlled: Bool = true, isSure: Bool? = nil, at now: Instant
    ) -> Steering? {
        let slot = stations[m]
        guard let v2x = session.v2x, v2x.isBidirectional, slot.version == .v21,
            isSure ?? slot.evses[e].steering.isDefaultSure,
            slot.supports(mode: "CentralSetpoint", evse: slot.evses[e].number),
            // Another profile goes before ours, such as a mode that a person ordered: it goes on until it ends.
            governed(m, e, session, at: now) == nil
        else { return nil }
        let electrical = slot.station.electrical
        let rating = electrical.maxPower
        let outside =
            slot.profiles?.outside.isEmpty == false
            ? outsideBounds(of: m, evse: slot.evses[e].number)(now).dischargeLimit : nil
        let able = min(electrical.maxDischarge ?? rating, v2x.mostDischarge ?? .zero)
        guard able > .zero else { return nil }
        // Where nothing is left to give it is steered all the same: a group may let it rest or charge.
        var (mostDischarge, dischargeBound) = (able, SetpointReason.atRating)
        for (bound, reason) in [
            (controlled ? self.mostDischarge(slot.evses[e].id, at: now) : nil, .gridCode),
            (outside.map { max(.zero, Power(watts: -$0 / 1000)) }, .outsideLimit),
            (controlled ? offered(session, in: Interval(now, now + .seconds(1))) : nil, .vehicleOffer),
        ] as [(Power?, SetpointReason)] {
            if let bound, bound < mostDischarge { (mostDischarge, dischargeBound) = (bound, reason) }
        }
        let full = [v2x.maximum, v2x.maximumV2X].compactMap { $0 }.min()
        var steering = Steering(
            mostCharge: min(rating, v2x.mostCharge ?? rating), mostDischarge: mostDischarge,
            leastCharge: v2x.leastCharge ?? .zero, leastDischarge: v2x.leastDischarge ?? .zero,
            floor: session.floor, full: full)
        steering.dischargeBound = dischargeBound
        return steering
    }

    /// The most that the vehicle offers to give in all of `span` (2.1 evEnergyOffer); `nil`: it made no offer for it.
    func offered(_ session: Session, in span: Interval) -> Power? {
        session.dialogue?.offer?.mostGiven(in: span).map { Power(watts: $0) }
    }

    /// Net energy since plug-in as the battery has it: since its vehicle spoke of its energies last, what went in counts
    /// without and what came out with the losses of one way, and what its station took for itself does not count.
    func stored(_ session: Session) -> Energy {
        guard let v2x = session.v2x else { return session.imported - session.exported }
        let terms = stationIndex[session.evse.station].flatMap { stations[$0].station.site }.flatMap { siteIndex[$0] }
            .flatMap { sites[$0].site.battery }
        let left = surelyOneWay(at: session.evse, terms)
        let (taken, given) = (session.imported - v2x.importedThen - v2x.ownUse, session.exported - v2x.exportedThen)
        return v2x.importedThen - v2x.exportedThen
            + Energy(milliwattHours: taken.milliwattHours * left / 1000 - given.milliwattHours * 1000 / left)
    }

    /// Whether vehicles at the station can be steered, as far as its variables say.
    func isSteered(_ m: Int) -> Bool {
        stations[m].version == .v21 && stations[m].commissioning?.v2x?.isUsable ?? false
    }

    /// Followed powers are judged by what is metered seconds later.
    func sampleInterval(_ m: Int) -> Duration {
        isSteered(m) ? min(settings.sampleInterval, settings.steeredSampleInterval) : settings.sampleInterval
    }

    /// Nothing that a station was told to follow outlives a connection or a start of its own.
    mutating func forgetFollowed(_ s: Int, isNewConnection: Bool, at now: Instant) {
        for e in stations[s].evses.indices {
            stations[s].evses[e].steering.followed = nil
            guard isNewConnection else { continue }
            var fresh = SteeringState()
            fresh.connectedAt = now
            fresh.kept = stations[s].evses[e].steering.kept
            fresh.registerStep = stations[s].evses[e].steering.registerStep
            stations[s].evses[e].steering = fresh
            // A schedule of its vehicle ends with the line.
            let number = stations[s].evses[e].number
            if let i = stations[s].activeSession(on: number), stations[s].sessions[i].v2x?.control == .scheduled,
                let site = stations[s].station.site.flatMap({ siteIndex[$0] })
            {
                sites[site].dispatcher.doubt(stations[s].evses[e].id)
            }
        }
    }

    // MARK: - Default profiles read again

    /// Asks stations that came back, one EVSE at a time, whether what they fall back to is still there (2.1 Q11).
    mutating func readDefaults(site s: Int, at now: Instant) {
        for m in sites[s].members where stations[m].version == .v21 && stations[m].isOnline && stations[m].lane.isIdle {
            for e in stations[m].evses.indices {
                let evse = stations[m].evses[e]
                guard !evse.steering.isDefaultSure, sites[s].fallbacks[evse.id] != nil,
                    let i = stations[m].activeSession(on: evse.number),
                    stations[m].sessions[i].v2x?.isBidirectional == true,
                    evse.steering.defaultAskedAt.map({ now - $0 >= Self.askDefaultAgain }) ?? true
                else { continue }
                let request = nextReport()
                stations[m].evses[e].steering.defaultRequest = request
                stations[m].evses[e].steering.defaultAskedAt = now
                let command = StationCommand.readDefault(evse: evse.number, request: request)
                _ = send(command, .comparison(evse: evse.number, command), rank: .setpoint, to: m, at: now)
                break
            }
        }
    }

    /// The station said which default profiles it holds, or that it has none.
    mutating func defaultsRead(_ request: Int, _ m: Int, at now: Instant) {
        guard let e = stations[m].evses.firstIndex(where: { $0.steering.defaultRequest == request }) else { return }
        let evse = stations[m].evses[e].id
        stations[m].evses[e].steering.defaultRequest = nil
        guard let s = stations[m].station.site.flatMap({ siteIndex[$0] }) else { return }
        let held = stations[m].profiles?.picture[OCPP2Adapter.defaultProfiles + evse.number]
        if let held, held.missingSince == nil, !held.differs {
            stations[m].evses[e].steering.isDefaultSure = true
        } else if let fallback = sites[s].fallbacks[evse] {
            // Lost or another one: it is sent again, and until then counts as before.
            sites[s].dispatcher.restore(evse, fallback: fallback)
        }
        emit(.wake(at: now))
    }

    /// A station that does not know the question gets its default profile again.
    mutating func defaultNotRead(_ number: Int, _ m: Int) {
        guard let e = stations[m].evse(number), let s = stations[m].station.site.flatMap({ siteIndex[$0] }),
            let fallback = sites[s].fallbacks[stations[m].evses[e].id]
        else { return }
        sites[s].dispatcher.restore(stations[m].evses[e].id, fallback: fallback)
    }

    // MARK: - Powers to follow

    mutating func followed(_ evse: EVSEID, _ session: String, _ answer: DispatchAnswer) {
        guard let m = stationIndex[evse.station], let e = stations[m].evse(evse.number) else { return }
        switch answer {
        case .accepted: stations[m].evses[e].steering.followed = session
        // Whatever was wrong with it: next time it is given whole.
        case .rejected: stations[m].evses[e].steering.followed = nil
        case .noReply, .notSent: break
        }
    }

    /// A station asks by itself for the newest value of what it follows (K29).
    mutating func power(askedBy s: Int, profile: Int, at now: Instant) -> StationAnswer {
        let form = stations[s].limitForm
        guard let e = stations[s].evses.firstIndex(where: { OCPP2Adapter.transactionProfiles + $0.number == profile }),
            stations[s].evses[e].steering.followed != nil,
            let site = stations[s].station.site.flatMap({ siteIndex[$0] })
        else { return .powerToFollow(nil, form) }
        guard let power = sites[site].dispatcher.renew(stations[s].evses[e].id, at: now) else {
            return .powerToFollow(nil, form)
        }
        // As after an update that it was sent.
        let told = OCPP2Adapter.setpoint(power, form).scaled(by: 3)
        learn(ProfileFact.updated(profile, limit: nil, dischargeLimit: nil, setpoint: told), s, at: now)
        return .powerToFollow(power, form)
    }
}

extension PlanningVehicle {
    /// In the problem the battery begins at the floor: only what lies above it is the plan's.
    mutating func steer(within steering: Steering, stored: Energy, efficiency: Double, wear: Double) {
        let above = max(0, (stored - steering.floor).kilowattHours)
        let full = steering.full.map { max(0, ($0 - steering.floor).kilowattHours) } ?? above + wanted
        maxCharge = min(maxCharge, steering.mostCharge.kilowatts)
        maxDischarge = steering.mostDischarge.kilowatts
        chargeEfficiency = efficiency
        dischargeEfficiency = efficiency
        battery = PlanningBattery(atArrival: above, minimum: 0, maximum: max(full, above))
        self.wear = wear
    }
}
