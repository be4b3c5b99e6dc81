import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Quantities

// Charging profiles that lie above the platform's own: operation modes that people order (2.1 block Q), priority charging (K21),
// profiles made by hand. The dispatcher makes room for all that they allow; they are refused where there is no room, and ended
// where they do harm: a limit of a node and the driver's minimum go before whoever ordered them.
extension Core {
    /// `nil`: the platform's own profiles hold the EVSE.
    func governed(_ s: Int, _ e: Int, _ session: Session, at now: Instant) -> DispatchInput.Governed? {
        var most: ClosedRange<Power>?
        var until: Instant?
        var isEndless = false
        for (held, profile) in profilesAboveOurs(s, session, at: now) {
            let range = powers(held, s, session)
            most =
                most.map {
                    min($0.lowerBound, range.lowerBound)...max($0.upperBound, range.upperBound)
                } ?? range
            if let end = profile.end(transactionStart: session.startedAt) {
                until = max(until ?? end, end)
            } else {
                isEndless = true
            }
        }
        return most.map { DispatchInput.Governed(range: $0, until: isEndless ? nil : until) }
    }

    private func profilesAboveOurs(
        _ s: Int, _ session: Session, at now: Instant
    ) -> [(held: HeldProfile, profile: ChargingProfile)] {
        guard stations[s].version != .v16, let kept = stations[s].profiles?.picture.kept else { return [] }
        let own = OCPP2Adapter.transactionLevel(stations[s].limitForm)
        return kept.compactMap { one in
            let held = one.profile
            let isAbove =
                held.purpose == HeldProfile.forPriority
                ? session.dialogue?.hasPriority == true
                : held.purpose == HeldProfile.forTransaction && held.level > own
                    && held.transaction ?? session.transactionID == session.transactionID
            guard isAbove, one.missingSince == nil, held.source == HeldProfile.ours,
                held.evse == session.evse.number || held.evse == 0, let profile = held.chargingProfile(),
                // One that begins soon is reckoned with before.
                profile.speaks(within: Interval(now, now + settings.dispatch.profileDuration), session.startedAt)
            else { return nil }
            return (held, profile)
        }
    }

    /// All that a profile lets the vehicle of a session do.
    func powers(_ held: HeldProfile, _ s: Int, _ session: Session) -> ClosedRange<Power> {
        let form = stations[s].limitForm
        let electrical = stations[s].station.electrical
        let bounds = held.bounds(Supply(voltage: form.voltage, phases: form.phases))
        let able = electrical.maxDischarge ?? electrical.maxPower
        let gives = session.v2x?.isBidirectional == true ? min(able, session.v2x?.mostDischarge ?? able) : .zero
        let lowest = bounds.lowest.map { max(Power(watts: ($0 - 999) / 1000), .zero - gives) } ?? (.zero - gives)
        let highest = bounds.highest.map { min(Power(watts: ($0 + 999) / 1000), electrical.maxPower) }
        return min(lowest, .zero)...max(highest ?? electrical.maxPower, .zero)
    }

    // MARK: - What they may ask for

    /// What is left to profiles above ours at an EVSE, beside those at other EVSEs: others that charge or give make room.
    /// - Returns: positive magnitudes, each with the node that bounds it; `nil`: no node does.
    func roomAboveOurs(
        _ s: Int, evse: Int, at now: Instant
    ) -> (charge: (power: Power, node: NodeID)?, discharge: (power: Power, node: NodeID)?) {
        guard let start = stations[s].station.node.flatMap({ nodeIndex[$0] }) else { return (nil, nil) }
        var charge: (power: Power, node: NodeID)?
        var discharge: (power: Power, node: NodeID)?
        for n in pathUp(from: start) {
            let node = nodes[n].node
            let margin = { (limit: Power) in
                Power(watts: Int64(Double(limit.watts) * (1 - self.settings.dispatch.targetMargin)))
            }
            let others = governed(below: n, except: (s, evse), at: now)
            let base = nodeState(n)?.base ?? .zero
            if let limit = node.limit {
                let left = max(.zero, margin(limit) - max(.zero, base) - others.upperBound)
                if charge.map({ left < $0.power }) ?? true { charge = (left, node.id) }
            }
            if let limit = node.exportLimit {
                let left = max(.zero, margin(limit) + min(.zero, base) + others.lowerBound)
                if discharge.map({ left < $0.power }) ?? true { discharge = (left, node.id) }
            }
        }
        return (charge, discharge)
    }

    private func governed(below n: Int, except one: (s: Int, evse: Int), at now: Instant) -> ClosedRange<Power> {
        var sum = Power.zero...Power.zero
        for s in stations.indices {
            guard let node = stations[s].station.node.flatMap({ nodeIndex[$0] }), pathUp(from: node).contains(n) else {
                continue
            }
            for e in stations[s].evses.indices where s != one.s || stations[s].evses[e].number != one.evse {
                guard let i = stations[s].activeSession(on: stations[s].evses[e].number),
                    let range = governed(s, e, stations[s].sessions[i], at: now)?.range
                else { continue }
                sum = (sum.lowerBound + range.lowerBound)...(sum.upperBound + range.upperBound)
            }
        }
        return sum
    }

    private func nodeState(_ n: Int) -> NodeDispatch? {
        nodes[n].node.site.flatMap { siteIndex[$0] }.flatMap { s in
            sites[s].nodeStates.first { $0.node == nodes[n].node.id }
        }
    }

    /// Why a profile above ours may not be set for a session; `nil`: it may.
    func refusal(of held: HeldProfile, _ s: Int, _ session: Session, at now: Instant) -> ServiceFault.Field? {
        let range = powers(held, s, session)
        let room = roomAboveOurs(s, evse: session.evse.number, at: now)
        if let (power, node) = room.charge, range.upperBound > power {
            return .init(path: "limit", .noRoom(node, left: power, asked: range.upperBound))
        }
        guard range.lowerBound < .zero else { return nil }
        if let (power, node) = room.discharge, .zero - range.lowerBound > power {
            return .init(path: "discharge_limit", .noExportRoom(node, left: power, asked: .zero - range.lowerBound))
        }
        // Where it only may give, it is ended when the floor is reached.
        let mustGive = held.schedules.contains { $0.periods.contains { $0.v2x?.setpoint ?? 0 < 0 } }
        return mustGive && stored(session) <= session.floor ? .init(path: "setpoint", .atFloor) : nil
    }

    // MARK: - Where they do harm

    /// After each step of a site's dispatcher.
    mutating func endHarmful(site s: Int, at now: Instant) {
        for m in sites[s].members where stations[m].version != .v16 && stations[m].isOnline {
            for e in stations[m].evses.indices {
                let evse = stations[m].evses[e]
                guard let i = stations[m].activeSession(on: evse.number) else { continue }
                let session = stations[m].sessions[i]
                guard evse.steering.harmfulAt.map({ now - $0 >= Self.endAgain }) ?? true,
                    governed(m, e, session, at: now) != nil, let harm = harm(m, e, session, at: now)
                else { continue }
                stations[m].evses[e].steering.harmfulAt = now
                for (held, _) in profilesAboveOurs(m, session, at: now) { end(held, m, session, at: now) }
                raise(
                    harm.code, object: evse.id.description, site: sites[s].site.id, priority: .high,
                    values: harm.node.map { ["node": $0.value] } ?? [:], at: now)
            }
        }
    }
    /// A station that does not end it is told again.
    private static let endAgain: Duration = .seconds(30)
    /// Alarms that tell of a moment.
    static let harms: Set<String> = ["profile-ended-at-floor", "profile-ended-over-limit", "profile-ended-over-export"]

    private enum Harm {
        case takesBelowFloor
        case exceeds(NodeID)
        case exports(NodeID)
        var code: String {
            switch self {
            case .takesBelowFloor: "profile-ended-at-floor"
            case .exceeds: "profile-ended-over-limit"
            case .exports: "profile-ended-over-export"
            }
        }
        var node: NodeID? {
            switch self {
            case .takesBelowFloor: nil
            case .exceeds(let node), .exports(let node): node
            }
        }
    }

    private func harm(_ m: Int, _ e: Int, _ session: Session, at now: Instant) -> Harm? {
        let meter = stations[m].evses[e].meter
        guard let power = meter.power, let at = meter.at, now - at <= settings.dispatch.evseStaleAfter,
            let start = stations[m].station.node.flatMap({ nodeIndex[$0] })
        else { return nil }
        if power < .zero {
            // What it gives until it is told and has stopped is gone as well.
            let soon = (.zero - power).energy(over: settings.dispatch.deadMan)
            if power < .zero - Self.leastFlow, stored(session) - soon <= session.floor { return .takesBelowFloor }
            for n in pathUp(from: start) {
                guard let limit = nodes[n].node.exportLimit, let flow = fresh(n, at: now) else { continue }
                if flow < .zero - limit { return .exports(nodes[n].node.id) }
            }
            return nil
        }
        guard power > Self.leastFlow else { return nil }
        for n in pathUp(from: start) {
            guard let limit = nodes[n].node.limit else { continue }
            // Others were cut before; where no meter shows it, what is expected must fit.
            let load = fresh(n, at: now) ?? (nodeState(n)?.base ?? .zero) + power
            if load > limit { return .exceeds(nodes[n].node.id) }
        }
        return nil
    }
    private static let leastFlow = Power(watts: 300)

    private func fresh(_ n: Int, at now: Instant) -> Power? {
        nodes[n].reading.flatMap { now - $0.at <= settings.dispatch.meterStaleAfter ? $0.power : nil }
    }

    private mutating func end(_ held: HeldProfile, _ m: Int, _ session: Session, at now: Instant) {
        let isPriority = held.purpose == HeldProfile.forPriority
        _ = command(
            stations[m].station.id,
            isPriority ? V2.Action.usePriorityCharging.rawValue : V2.Action.clearChargingProfile.rawValue,
            isPriority
                ? OCPP2Adapter.usePriority(transaction: session.transactionID, isOn: false)
                : OCPP2Adapter.clear(profile: held.id), .seconds(30), by: .platform, at: now)
    }
}

extension HeldProfile {
    /// The least and the most that flows by its schedules, in milliwatts, 0 within; `nil`: only hardware and vehicle bound it.
    fileprivate func bounds(_ supply: Supply) -> (lowest: Int64?, highest: Int64?) {
        var (lowest, highest): (Int64?, Int64?) = (0, 0)
        for schedule in schedules {
            for period in schedule.periods {
                let (least, most) = period.bounds
                let scale =
                    schedule.unit == "A"
                    ? Int64(supply.voltage * max(1, min(period.phases ?? 3, supply.phases))) : 1
                lowest = lowest.flatMap { a in least.map { min(a, max($0, -Self.mostBound) * scale) } }
                highest = highest.flatMap { a in most.map { max(a, min($0, Self.mostBound) * scale) } }
            }
        }
        return (lowest, highest)
    }
    /// A peer's absurd number stays harmless.
    private static let mostBound: Int64 = 1_000_000_000_000
}

extension HeldProfile.Schedule.Period {
    /// By the table of operation modes (2.1 part 2, block Q), in the unit of ``limit``.
    fileprivate var bounds: (least: Int64?, most: Int64?) {
        switch mode {
        case "Idle": return (0, 0)
        case "ChargingOnly": return (0, limit)
        case "LocalFrequency":
            guard let curves = v2x?.curves, !curves.frequency.isEmpty else { return (nil, nil) }
            let extremes = curves.response.extremes
            return (extremes.lowerBound, extremes.upperBound)
        case "CentralSetpoint", "CentralFrequency":
            guard let setpoint = v2x?.setpoint else { return (v2x?.dischargeLimit, limit) }
            return (min(0, setpoint), max(0, setpoint))
        default: return (v2x?.dischargeLimit, limit)
        }
    }
}
