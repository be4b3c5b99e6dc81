import Assets
import Charging
import Forecasting
import GridDispatch
import Quantities

// One site's dispatcher: what it sees, and what becomes of its wishes.
extension Core {
    /// Also between ticks whenever something happened that it should see at once.
    mutating func step(site s: Int, at now: Instant) {
        guard !sites[s].members.isEmpty else { return }
        let input = dispatchInput(s, at: now)
        let output = sites[s].dispatcher.step(input, at: now)
        for (i, entry) in zip(evseOrder(s), output.evses) {
            stations[i.station].evses[i.evse].dispatch = entry
            keepSetpoint(i.station, i.evse, at: now)
        }
        sites[s].nodeStates = output.nodes
        follow(output, s, at: now)
        tell(output, of: s, input, at: now)
        for verdict in output.verdicts { note(verdict.evse, ignoresProfiles: verdict.ignoresProfiles, at: now) }
        for command in output.commands { carryOut(command, s, at: now) }
        endHarmful(site: s, at: now)
        emit(.wake(at: output.wakeAt))
    }

    private func evseOrder(_ s: Int) -> [(station: Int, evse: Int)] {
        sites[s].members.flatMap { m in stations[m].evses.indices.map { (m, $0) } }
    }

    mutating func dispatchInput(_ s: Int, at now: Instant) -> DispatchInput {
        let path = sites[s].path
        let nodeInputs = path.map { n in
            DispatchInput.Node(
                id: nodes[n].node.id, parent: nodes[n].node.parent, limit: nodes[n].node.limit,
                exportLimit: nodes[n].node.exportLimit,
                measured: nodes[n].reading.map { DispatchInput.Measured(power: $0.power, at: min($0.at, now)) },
                base: envelope(of: n, for: s, at: now))
        }
        var evses: [DispatchInput.EVSE] = []
        evses.reserveCapacity(sites[s].members.count)
        for m in sites[s].members {
            for e in stations[m].evses.indices { evses.append(evseInput(m, e, s, at: now)) }
        }
        endInstructions(s, at: now)
        return DispatchInput(
            mode: sites[s].site.mode, plan: sites[s].plan, nodes: nodeInputs, evses: evses,
            instructions: sites[s].instructions)
    }

    private mutating func evseInput(_ m: Int, _ e: Int, _ s: Int, at now: Instant) -> DispatchInput.EVSE {
        let slot = stations[m]
        let evse = slot.evses[e]
        let limits = [evse.control.limit, slot.station.operatorLimit].compactMap { $0 }
        var isUrgent = evse.control.chargeNow
        var stay: DispatchInput.Stay?
        var governed: DispatchInput.Governed?
        if let i = slot.activeSession(on: evse.number), isPluggedIn(evse) {
            let session = slot.sessions[i]
            let outlook = outlook(m, e, session, s, at: now)
            isUrgent = isUrgent || (session.needs?.chargeNow ?? false)
            governed = self.governed(m, e, session, at: now)
            stay = DispatchInput.Stay(
                session: session.id.value, startedAt: session.startedAt, delivered: stored(session),
                wanted: outlook.wanted, minimum: session.needs?.minimum,
                // Whoever should be gone may go at any moment: nothing is taken that would have to come back.
                departure: isOverdue(session, at: now) ? now : outlook.departure,
                isFull: isSuspendedByVehicle(evse, at: now), steering: steering(m, e, session, at: now),
                awaitsSteering: awaitsSteering(m, e, session, at: now),
                mayGive: session.v2x.map {
                    $0.isBidirectional
                        ? slot.station.electrical.maxDischarge ?? slot.station.electrical.maxPower : .zero
                } ?? .zero, isScheduled: session.v2x?.control == .scheduled)
        }
        let measured = evse.meter.power.flatMap { power in
            evse.meter.at.map { DispatchInput.Measured(power: power, at: $0) }
        }
        return DispatchInput.EVSE(
            id: evse.id, node: slot.station.node, capability: capability(slot), contacted: slot.lastSeen != nil,
            online: slot.isOnline && slot.lastBoot != .pending && slot.lastBoot != .rejected, session: stay,
            measured: measured, paused: evse.control.paused, limit: limits.min(),
            outsideLimit: outsideShare(m, e, at: now), chargeNow: isUrgent,
            ignoresProfiles: slot.commissioning?.verdict == .doesNotFollow, governed: governed)
    }

    /// A transaction whose vehicle has left draws nothing: its stop message is on the way.
    func isPluggedIn(_ evse: EVSESlot) -> Bool { evse.status != .available && evse.status != .unavailable }

    private func isSuspendedByVehicle(_ evse: EVSESlot, at now: Instant) -> Bool {
        guard evse.status == .suspendedEV, let since = evse.statusSince else { return false }
        return now - since >= settings.dispatch.fullAfter
    }

    func capability(_ slot: StationSlot) -> Capability {
        let form = slot.limitForm
        return Capability(
            electrical: slot.station.electrical,
            granularity: form.unit == .amperes ? .milliamperes(100) : .watts(1),
            maxPeriods: slot.commissioning?.maxPeriods ?? Self.cautiousPeriods)
    }
    /// What every smart-charging station can take, when it does not say.
    private static let cautiousPeriods = 24

    // MARK: - Wishes of a stay

    /// Stated needs, else forecasts; looked up again as often as plans are made, because a forecast moves while the vehicle
    /// stays (and costs too much for every step).
    mutating func outlook(_ m: Int, _ e: Int, _ session: Session, _ s: Int, at now: Instant) -> Outlook {
        if let known = stations[m].evses[e].outlook, known.session == session.id,
            now - known.at < settings.replanInterval, now >= known.at, known.departure > now
        {
            return known
        }
        let departure =
            session.needs?.departure
            ?? sites[s].forecaster.departure(user: session.idToken, arrival: session.startedAt, now: now)
            .value(at: settings.departureQuantile)
        // A vehicle that came with more than it wants has some to give: its target lies below what it had.
        let offered = session.v2x.flatMap { $0.isBidirectional && $0.target ?? .zero < .zero ? $0.target : nil }
        let stated = session.needs.flatMap { $0.statedBy == Needs.vehicle ? offered ?? $0.energy : $0.energy }
        let wanted =
            stated
            ?? session.v2x?.target
            ?? sites[s].forecaster.energy(
                user: session.idToken, arrival: session.startedAt,
                delivered: session.imported - session.exported,
                stillDrawing: !(stations[m].evses[e].dispatch?.isFull ?? false)
            ).value(at: settings.energyQuantile)
        let outlook = Outlook(
            session: session.id,
            // Nobody stays longer than was stated because little of it is left: what is taken then would not come back.
            departure: session.needs?.departure.map { $0 > now } == true
                ? departure : max(departure, now + Self.leastStay),
            wanted: session.needs?.minimum.map { max(wanted, $0) } ?? wanted,
            isForecast: session.needs?.departure == nil || session.needs?.energy == nil, at: now)
        stations[m].evses[e].outlook = outlook
        return outlook
    }
    /// A vehicle that is still there after its expected departure is planned for so long.
    private static let leastStay: Duration = .minutes(30)

    /// Still there after the departure that was stated.
    func isOverdue(_ session: Session, at now: Instant) -> Bool { session.needs?.departure.map { $0 <= now } ?? false }

    // MARK: - Commands

    private mutating func carryOut(_ command: DispatchCommand, _ s: Int, at now: Instant) {
        let id = sites[s].site.id
        guard let m = stationIndex[command.evse.station] else {
            return sites[s].dispatcher.settle(command.number, .notSent, at: now)
        }
        let asked: StationCommand
        let rank: CallLane.Rank
        switch command.content {
        case .setpoint(let session, let limit, let until):
            guard let i = stations[m].session(Session.ID(session)) else {
                return sites[s].dispatcher.settle(command.number, .notSent, at: now)
            }
            asked = .limitTransaction(
                evse: command.evse.number, transaction: stations[m].sessions[i].transactionID, limit: limit,
                interval: Interval(now, max(until, now)))
            rank = command.isUrgent ? .safety : .setpoint
        case .follow(let session, let power, let until):
            guard let i = stations[m].session(Session.ID(session)), let e = stations[m].evse(command.evse.number) else {
                return sites[s].dispatcher.settle(command.number, .notSent, at: now)
            }
            asked = .steer(
                evse: command.evse.number, transaction: stations[m].sessions[i].transactionID, power: power,
                interval: Interval(now, max(until, now)), isRenewal: stations[m].evses[e].steering.followed == session)
            rank = command.isUrgent ? .safety : .setpoint
        case .schedule(let session, let steps, let until):
            guard let i = stations[m].session(Session.ID(session)) else {
                return sites[s].dispatcher.settle(command.number, .notSent, at: now)
            }
            asked = .followSchedule(
                evse: command.evse.number, transaction: stations[m].sessions[i].transactionID,
                steps: steps.map { PowerStep(start: max(.zero, $0.from - now), power: $0.power) },
                interval: Interval(now, max(until, now)))
            rank = command.isUrgent ? .safety : .setpoint
        case .fallback(let profile):
            asked = .limitByDefault(
                evse: command.evse.number, anchor: profile.anchor,
                steps: profile.periods.map { LimitStep(start: $0.start, limit: $0.limit) })
            rank = .fallback
        }
        // A newer limit makes a waiting older one of the same kind pointless.
        let older = stations[m].lane.withdraw { purpose in
            guard case .dispatch(_, _, let waiting) = purpose else { return false }
            return waiting.isSameKind(as: asked)
        }
        for call in older { withdraw(call, m, at: now) }
        sites[s].asked[command.number] = command
        statistics.setpoints += 1
        if !send(asked, .dispatch(id, number: command.number, asked), rank: rank, to: m, at: now) {
            settle(id, command.number, .notSent, at: now)
        }
    }

    mutating func settle(_ site: SiteID, _ number: UInt64, _ answer: DispatchAnswer, at now: Instant) {
        guard let s = siteIndex[site] else { return }
        sites[s].dispatcher.settle(number, answer, at: now)
        // Without a reply it may still be answered late.
        guard let command = sites[s].asked[number] else { return }
        if answer != .noReply { sites[s].asked[number] = nil }
        emit(.publish(.station(command.evse.station)))
        if case .follow(let session, _, _) = command.content { followed(command.evse, session, answer) }
        if answer == .accepted, let m = stationIndex[command.evse.station],
            let e = stations[m].evse(command.evse.number)
        {
            switch command.content {
            case .follow: break
            // It has taken the place of what was followed.
            case .setpoint, .schedule: stations[m].evses[e].steering.followed = nil
            case .fallback: stations[m].evses[e].steering.isDefaultSure = true
            }
        }
        if answer == .accepted, case .fallback(let profile) = command.content {
            sites[s].fallbacks[command.evse] = profile
            persist(.setting(key: Self.fallbackKey(command.evse), value: profile.text))
        }
        if sites[s].asked.count > Self.askedKept {
            for old in sites[s].asked.keys.sorted().prefix(Self.askedKept / 2) { sites[s].asked[old] = nil }
        }
    }
    /// Commands without a reply that a late answer may still settle.
    private static let askedKept = 4096

    // MARK: - Default profiles survive a restart of ours

    private static func fallbackKey(_ evse: EVSEID) -> String { "fallback/\(evse.number)/\(evse.station)" }

    mutating func restoreFallbacks(_ settings: [String: String]) {
        for s in sites.indices {
            for m in sites[s].members {
                for evse in stations[m].evses {
                    guard let profile = settings[Self.fallbackKey(evse.id)].flatMap(DailyProfile.init(text:)) else {
                        continue
                    }
                    sites[s].fallbacks[evse.id] = profile
                    sites[s].dispatcher.restore(evse.id, fallback: profile)
                }
            }
        }
    }
}

extension StationCommand {
    /// A newer one of the same kind replaces it.
    fileprivate func isSameKind(as other: StationCommand) -> Bool {
        switch (self, other) {
        case (.limitTransaction(let a, _, _, _), .limitTransaction(let b, _, _, _)): a == b
        case (.steer(let a, _, _, _, _), .steer(let b, _, _, _, _)): a == b
        // Both are one profile at the station.
        case (.followSchedule(let a, _, _, _), .followSchedule(let b, _, _, _)): a == b
        case (.limitTransaction(let a, _, _, _), .followSchedule(let b, _, _, _)): a == b
        case (.followSchedule(let a, _, _, _), .limitTransaction(let b, _, _, _)): a == b
        case (.followSchedule(let a, _, _, _), .steer(let b, _, _, _, _)): a == b
        case (.steer(let a, _, _, _, _), .followSchedule(let b, _, _, _)): a == b
        case (.limitTransaction(let a, _, _, _), .steer(let b, _, _, _, _)): a == b
        case (.steer(let a, _, _, _, _), .limitTransaction(let b, _, _, _)): a == b
        case (.limitByDefault(let a, _, _), .limitByDefault(let b, _, _)): a == b
        default: false
        }
    }
}

extension DailyProfile {
    /// `ANCHOR_MS:W,W,…`: for the settings table.
    fileprivate var text: String {
        "\(anchor.milliseconds):" + values.map { String($0.watts) }.joined(separator: ",")
    }

    fileprivate init?(text: String) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let anchor = Int64(parts[0]) else { return nil }
        let values = parts[1].split(separator: ",").map { Int64($0) }
        guard !values.isEmpty, 86_400_000 % values.count == 0, !values.contains(nil) else { return nil }
        self.init(anchor: Instant(milliseconds: anchor), values: values.compactMap { $0.map(Power.init(watts:)) })
    }
}
