import Assets
import Charging
import GridDispatch
import Quantities
import Scheduling

// Limits that others than us set stations (2.x K11 to K14). They bind the station whatever we say; the plan and the
// dispatcher promise no more than they leave. They only ever lower: what holds without us never counts on one.
extension Core {
    // MARK: - What stations tell

    /// The newest word of one source on one EVSE replaces the one before.
    mutating func limited(_ news: OutsideLimitNews, _ s: Int, at now: Instant) {
        guard news.evse <= StationSlot.mostEVSEs else { return }
        let profile = HeldProfile(
            id: 0, evse: news.evse, purpose: HeldProfile.fromOutside, level: 0, kind: "Absolute",
            schedules: news.schedules, source: news.source)
        let known = outside(s).first { $0.evse == news.evse && $0.source == news.source }
        put(
            OutsideLimit(
                profile, isCritical: news.isCritical ?? false, isLocalGeneration: news.isLocalGeneration,
                since: known?.since ?? now, at: now), s, at: now)
        outsideChanged(s, at: now)
    }

    mutating func unlimited(source: String, evse: Int?, _ s: Int, at now: Instant) {
        let ended = outside(s).filter { $0.source == source && (evse == nil || $0.evse == evse) }
        guard !ended.isEmpty else { return }
        for limit in ended { end(limit, s) }
        outsideChanged(s, at: now)
    }

    /// A report of its profiles says how much an outside limit allows, where the notice did not.
    mutating func takeOutsideLimits(from profiles: [HeldProfile], _ s: Int, at now: Instant) {
        let told = profiles.filter { $0.purpose == HeldProfile.fromOutside && $0.source != HeldProfile.ours }
        guard !told.isEmpty else { return }
        for profile in told where profile.evse <= StationSlot.mostEVSEs {
            let known = outside(s).first { $0.evse == profile.evse && $0.source == profile.source }
            // Within one purpose the highest level leads (2.x part 2 §3.6).
            if let known, known.isReported, known.profile.id != profile.id, known.profile.level > profile.level,
                stations[s].profiles?.picture[known.profile.id]?.missingSince == nil
            {
                continue
            }
            var limit = known ?? OutsideLimit(profile, since: now, at: now)
            limit.profile = profile
            limit.at = now
            limit.isReported = true
            limit.mayBeLost = false
            put(limit, s, at: now)
        }
        outsideChanged(s, at: now)
    }

    /// A report that should have a limit came without it. One that was only noticed counts as lost after a restart of the
    /// station: not every station tells such limits as profiles.
    mutating func endLostOutsideLimits(
        after report: ProfileReport, _ criteria: ProfileCriteria, _ s: Int, at now: Instant
    ) {
        let lost = outside(s).filter { limit in
            (limit.isReported || limit.mayBeLost) && limit.at < report.firstAt
                && criteria.ids == nil && criteria.level == nil && criteria.matches(limit.profile)
        }
        guard !lost.isEmpty else { return }
        for limit in lost { end(limit, s) }
        outsideChanged(s, at: now)
    }

    /// Limits need not outlive a restart (K01.FR.27); they hold on until a report says more.
    mutating func outsideLimitsBooted(_ s: Int) {
        for limit in outside(s) where !limit.mayBeLost {
            var doubtful = limit
            doubtful.mayBeLost = true
            keep(doubtful, s)
        }
    }

    private func outside(_ s: Int) -> [OutsideLimit] { stations[s].profiles?.outside ?? [] }

    private mutating func put(_ limit: OutsideLimit, _ s: Int, at now: Instant) {
        // A peer that names ever new sources loses its oldest.
        if outside(s).count >= OutsideLimit.most,
            !outside(s).contains(where: { $0.evse == limit.evse && $0.source == limit.source }),
            let oldest = outside(s).min(by: { $0.at < $1.at })
        {
            end(oldest, s)
        }
        keep(limit, s)
    }

    private mutating func keep(_ limit: OutsideLimit, _ s: Int) {
        keeper(s) { keeper in
            let i = keeper.outside.firstIndex { $0.evse == limit.evse && $0.source == limit.source }
            if let i {
                keeper.outside[i] = limit
            } else {
                keeper.outside.append(limit)
                keeper.outside.sort { ($0.evse, $0.source) < ($1.evse, $1.source) }
            }
        }
        persist(.holding(.outsideLimit(stations[s].station.id, limit)))
    }

    private mutating func end(_ limit: OutsideLimit, _ s: Int) {
        keeper(s) { $0.outside.removeAll { $0.evse == limit.evse && $0.source == limit.source } }
        persist(.holding(.outsideLimitGone(stations[s].station.id, source: limit.source, evse: limit.evse)))
    }

    private mutating func outsideChanged(_ s: Int, at now: Instant) {
        judgeOutside(s, at: now)
        for e in stations[s].evses.indices {
            stations[s].evses[e].comparisonDue = nil
            stations[s].evses[e].allowedMoreIn = nil
        }
        requestPlan(for: s, "limit", at: now)
        if let site = stations[s].station.site.flatMap({ siteIndex[$0] }) { step(site: site, at: now) }
    }

    // MARK: - Alarms

    /// One a station: whoever has to act looks at the station.
    private mutating func judgeOutside(_ s: Int, at now: Instant) {
        let id = stations[s].station.id
        if let limit = outside(s).first(where: \.isCritical) {
            raise(
                Self.outsideCritical, object: id.value, site: stations[s].station.site, priority: .high,
                values: ["source": limit.source], at: now)
        } else {
            endAlarm(Self.outsideCritical, object: id.value, at: now)
        }
    }
    private static let outsideCritical = "outside-limit-critical"

    /// Those of an earlier run still hold.
    mutating func confirmOutsideAlarms(at now: Instant) {
        for s in stations.indices where stations[s].profiles?.outside.contains(where: \.isCritical) ?? false {
            judgeOutside(s, at: now)
        }
    }

    mutating func endOutsideAlarms(_ s: Int, at now: Instant) {
        endAlarm(Self.outsideCritical, object: stations[s].station.id.value, at: now)
    }

    // MARK: - What they leave

    /// The lowest of all limits from outside that bind an EVSE (0: the station) at an instant; `nil`: none does.
    func outsideLimits(of m: Int, evse: Int) -> (Instant) -> Power? {
        let limits = outside(m).filter { $0.evse == 0 || $0.evse == evse }
        let form = stations[m].limitForm
        return { at in limits.compactMap { $0.limit(at: at, voltage: form.voltage, phases: form.phases) }.min() }
    }

    /// What they leave an EVSE in both directions at an instant.
    func outsideBounds(of m: Int, evse: Int) -> (Instant) -> OutsideBounds {
        let limits = outside(m).filter { $0.evse == 0 || $0.evse == evse }
        let form = stations[m].limitForm
        return { at in
            OutsideBounds(
                limit: limits.compactMap { $0.limit(at: at, voltage: form.voltage, phases: form.phases) }.min()
                    .map { $0.watts * 1000 },
                dischargeLimit: limits.compactMap {
                    $0.dischargeLimit(at: at, voltage: form.voltage, phases: form.phases)
                }.max().map { $0.watts * 1000 })
        }
    }

    /// What local generation adds to an EVSE at an instant, milliwatts: its own, else the station's.
    func localGeneration(of m: Int, evse: Int) -> (Instant) -> Int64 {
        let all = outside(m).filter(\.isLocalGeneration)
        let own = all.filter { $0.evse == evse }
        let limits = own.isEmpty ? all.filter { $0.evse == 0 } : own
        let form = stations[m].limitForm
        return { at in
            limits.compactMap { $0.generation(at: at, voltage: form.voltage, phases: form.phases) }
                .reduce(0) { $0 + $1.watts * 1000 }
        }
    }

    /// The lowest that these allow at an instant, by whichever clock within what a station's may be off by.
    private static func lowest(_ limits: [OutsideLimit], _ form: LimitForm, around instant: Instant) -> Power? {
        limits.flatMap { limit in
            [instant - clockTolerance, instant, instant + clockTolerance].compactMap {
                limit.limit(at: $0, voltage: form.voltage, phases: form.phases)
            }
        }.min()
    }
    /// As the dispatcher's own.
    private static let clockTolerance: Duration = .seconds(60)

    /// What is left to an EVSE now: its own limits, and its share of the station's.
    ///
    /// The station's limit bounds the sum. Where it is too low for all that charge, those that came first get at least the
    /// least power, and the others wait: shares on which nobody can charge help nobody.
    func outsideShare(_ m: Int, _ e: Int, at now: Instant) -> Power? {
        let slot = stations[m]
        guard slot.profiles?.outside.isEmpty == false else { return nil }
        let form = slot.limitForm
        func lowest(_ evse: Int) -> Power? {
            Self.lowest(outside(m).filter { $0.evse == evse }, form, around: now)
        }
        let own = lowest(slot.evses[e].number)
        guard let whole = lowest(0) else { return own }
        let charging = slot.sessions.filter { session in
            session.status == .active && slot.evse(session.evse.number).map { isPluggedIn(slot.evses[$0]) } ?? false
        }.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }.map(\.evse.number)
        guard let place = charging.firstIndex(of: slot.evses[e].number) else { return min(own ?? whole, whole) }
        let least = max(1, slot.station.electrical.minPower.watts)
        let served = max(1, min(Int64(charging.count), whole.watts / least))
        let share = place < Int(served) ? Power(watts: whole.watts / served) : .zero
        return min(own ?? share, share)
    }

    /// Hangs the vehicles of stations with limits from outside under nodes that stand for those limits, behind the grid's.
    /// - Returns: what each of these nodes is, see ``PlanRequest/outside``.
    func hang(
        _ candidates: inout [Candidate], underOutsideLimitsOf s: Int, _ nodes: inout [PlanningNode], start: Instant,
        count: Int, at now: Instant
    ) -> [EVSEID] {
        var made: [EVSEID] = []
        let step = settings.planStep
        func room(_ limits: [OutsideLimit], _ form: LimitForm) -> [Double] {
            var room = (0..<count).map { t in
                let from = start + step * t
                // The lowest that holds within the slot: its mean must not hide a minute without power.
                let minutes = max(1, Int(step.wholeMilliseconds / 60_000))
                return (0..<minutes).lazy.compactMap { minute in
                    Self.lowest(limits, form, around: max(now, from + .minutes(minute)))
                }.min().map(\.kilowatts) ?? .infinity
            }
            if !room.isEmpty { room[0] *= Self.remaining(of: start, step, at: now) }
            return room
        }
        for m in sites[s].members {
            let limits = outside(m)
            guard !limits.isEmpty else { continue }
            let own = candidates.indices.filter { candidates[$0].key.evse.station == stations[m].station.id }
            guard let first = own.first else { continue }
            let form = stations[m].limitForm
            var parent = candidates[first].vehicle.node
            func add(_ id: EVSEID, _ limits: [OutsideLimit]) -> Int {
                nodes.append(PlanningNode(parent: parent, importLimit: room(limits, form)))
                made.append(id)
                return nodes.count - 1
            }
            let whole = limits.filter { $0.evse == 0 }
            if !whole.isEmpty { parent = add(EVSEID(stations[m].station.id, 0), whole) }
            for v in own {
                let evse = candidates[v].key.evse
                let these = limits.filter { $0.evse == evse.number }
                candidates[v].vehicle.node = these.isEmpty ? parent : add(evse, these)
            }
        }
        return made
    }

    mutating func load(_ limit: OutsideLimit, of id: StationID) {
        guard let s = stationIndex[id] else { return }
        keeper(s) { $0.outside.append(limit) }
    }
}
