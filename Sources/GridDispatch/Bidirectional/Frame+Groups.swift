import Assets
import Quantities

/// What a group's instruction comes to in one step.
struct GroupFrame {
    let instruction: Instruction
    let node: Int
    let track: GroupTrack
    /// EVSEs that can be told.
    let members: [Member]
    /// What those do that cannot be told now, by their meters.
    let fixed: Int64
    let measured: Int64

    struct Member {
        let pile: Int
        /// What it could do.
        let unit: GroupUnit
        /// What keeps it from giving and from taking more.
        let keepsFromGiving: SetpointReason
        let keepsFromTaking: SetpointReason
    }
}

extension Frame {
    /// Divides what groups are asked for among their members. Of two groups with a common member the higher priority has it.
    mutating func shareOut(_ known: inout [String: GroupTrack], tracks: [EVSETrack]) {
        guard case .auto = input.mode else {
            known = [:]
            return
        }
        let active = input.instructions.compactMap { instruction -> (Instruction, Int, Power)? in
            guard case .charging(below: let id) = instruction.target, case .exactly(let power) = instruction.demand,
                instruction.interval.contains(now), let node = input.nodes.firstIndex(where: { $0.id == id })
            else { return nil }
            return (instruction, node, power)
        }.sorted { a, b in
            if a.0.priority != b.0.priority { return a.0.priority > b.0.priority }
            return (a.0.interval.start, a.0.id) < (b.0.interval.start, b.0.id)
        }
        if active.isEmpty {
            known = [:]
            return
        }
        known = known.filter { id, _ in active.contains { $0.0.id == id } }
        var taken: Set<Int> = []
        for (instruction, node, power) in active {
            let below = piles.indices.filter { paths[$0].contains(node) && !taken.contains($0) }
            var measured: Int64 = 0
            var fixed: Int64 = 0
            var unsure: Int64 = 0
            var told: Int64 = 0
            var isSettled = true
            var members: [GroupFrame.Member] = []
            // Whoever could make up had the time for it.
            let isInNeed = known[instruction.id]?.missedSince.map { now - $0 > settings.negotiateWithin } ?? false
            for k in below {
                let track = tracks[indices[k]]
                let (drawn, uncertain) = drawnNow(k, track)
                measured += drawn
                unsure += uncertain
                told += input.evses[k].session?.steering != nil ? track.ledger.confirmed?.limit.watts ?? drawn : drawn
                guard let member = member(k, track, instruction.priority, isInNeed: isInNeed) else {
                    fixed += drawn
                    continue
                }
                isSettled =
                    isSettled && track.ledger.pending == nil && !track.response.fallsShort
                    && now - track.changedAt >= settings.followWithin
                members.append(member)
                taken.insert(k)
            }
            // A ramp begins at what flows, or at what was told already if that is nearer. One that an earlier run of ours began,
            // when nobody knows any more what flowed, is as far as it would be from rest.
            let begunAt = instruction.interval.start
            let isKnown = unsure <= GroupTrack.tolerance(power.watts) || now - begunAt <= settings.followWithin
            let nearest = abs(told - power.watts) < abs(measured - power.watts) ? told : measured
            var track =
                known[instruction.id]
                ?? GroupTrack(
                    asked: power.watts, measured: isKnown ? nearest : 0, since: isKnown ? now : begunAt)
            track.step(to: power.watts, ramp: instruction.ramp, measured: measured, settings: settings, at: now)
            track.correct(measured: measured, unsure: unsure, isSettled: isSettled, settings: settings, at: now)
            known[instruction.id] = track
            let shares = GroupUnit.divide(track.target + track.trim - fixed, among: members.map(\.unit))
            for (member, share) in zip(members, shares) { self.shares[member.pile] = (share, instruction) }
            groups.append(
                GroupFrame(
                    instruction: instruction, node: node, track: track, members: members, fixed: fixed,
                    measured: measured))
        }
    }

    /// What flows through an EVSE now as well as it can be known: by its newest sample, as long as that says anything, else as
    /// it was told.
    /// - Returns: also by how much that may be wrong because nobody knows what the EVSE does.
    private func drawnNow(_ k: Int, _ track: EVSETrack) -> (power: Int64, unsure: Int64) {
        let pile = piles[k]
        let isSteered = input.evses[k].session.map { $0.steering != nil || $0.awaitsSteering } ?? false
        let sample = track.sampleAt.flatMap { at in
            now - at <= settings.evseStaleAfter ? track.samplePower.map { (at: at, power: $0.watts) } : nil
        }
        /// By its default profile it charges what that allows, or nothing.
        let leftAlone = (min(max(0, sample?.power ?? pile.allowed), pile.allowed), pile.allowed)
        switch pile.standing {
        case .absent: return (0, 0)
        case .idle: return (sample?.power ?? 0, 0)
        case .unreachable:
            let isLong = track.unreachableSince.map { now - $0 >= settings.outOfOrderAfter } ?? false
            if isLong, input.evses[k].session == nil { return (0, 0) }
            // It may go on as it was told, and its vehicle may have left.
            if let (at, power) = sample, holdsAlone(k, track) {
                // A limit says nothing of what flows below it.
                let flows = isSteered && at < track.changedAt ? asTold(track, power).power : power
                return (flows, max(abs(flows), abs(power)))
            }
            return leftAlone
        case .steered: break
        }
        let (power, unsure) = drawnInReach(k, track, isSteered: isSteered, sample, leftAlone: leftAlone)
        // While its station was away its vehicle may have left.
        let mayBeGone = track.reachableSince.map { (sample?.at ?? track.begunAt) < $0 } ?? false
        return (power, mayBeGone ? max(unsure, abs(power)) : unsure)
    }

    private func drawnInReach(
        _ k: Int, _ track: EVSETrack, isSteered: Bool, _ sample: (at: Instant, power: Int64)?,
        leftAlone: (power: Int64, unsure: Int64)
    ) -> (power: Int64, unsure: Int64) {
        let pile = piles[k]
        if let (at, power) = sample {
            if isSteered, now - at <= settings.settleAfter { return (power, 0) }
            if !isSteered, pile.isReserved || at >= track.changedAt { return (power, 0) }
        }
        if isSteered { return holdsAlone(k, track) ? asTold(track, sample?.power) : leftAlone }
        // A pile that only charges may be metered once a minute. What it was told since, it does.
        guard let sample else {
            if pile.isReserved { return (0, 0) }
            let power = min(pile.allowed, track.drawCap?.watts ?? pile.allowed)
            // For a while, until a new session's first sample comes. A silent meter is not believed whatever it is told.
            let isBelieved =
                track.ledger.doubtful.isEmpty && now - track.changedAt <= settings.settleAfter * 3
                && now - track.begunAt <= settings.evseStaleAfter
            return (power, isBelieved ? 0 : pile.allowed)
        }
        let held = min(sample.power, pile.allowed)
        guard track.ledger.pending == nil, let takesAll = track.takesAll else { return (held, pile.allowed - held) }
        return (takesAll && !track.isFull ? pile.allowed : held, 0)
    }

    /// A steered vehicle is taken to do what it confirmed, but without a sample nobody knows.
    private func asTold(_ track: EVSETrack, _ sampled: Int64?) -> (power: Int64, unsure: Int64) {
        let power = track.ledger.confirmed?.limit.watts ?? 0
        let lost = track.ledger.doubtful.filter { !track.ledger.waiting.contains($0.number) }
        return (power, lost.map { abs($0.limit.watts - power) }.reduce(abs(power - (sampled ?? 0)), max))
    }

    /// What it was told holds on whether it can be reached or not. A schedule of its vehicle ends with the line, as a dead-man
    /// does, and the line may be gone before that is seen.
    private func holdsAlone(_ k: Int, _ track: EVSETrack) -> Bool {
        guard let live = track.ledger.confirmed, live.earliestEnd > now else { return false }
        guard input.evses[k].session?.isScheduled == true, let heardAt = track.sampleAt else { return true }
        return now - heardAt < settings.deadMan
    }

    /// `nil`: it is not to be told by a group: it is not steered, has to charge whatever the group is asked, or does not answer.
    private func member(
        _ k: Int, _ track: EVSETrack, _ priority: Priority, isInNeed: Bool
    ) -> GroupFrame.Member? {
        let evse = input.evses[k]
        guard piles[k].standing == .steered, !piles[k].isReserved, !evse.paused, !evse.chargeNow,
            let stay = evse.session, let steering = stay.steering,
            stay.minimum.map({ stay.delivered >= $0 }) ?? true
        else { return nil }
        if let pending = track.ledger.pending, now - pending.sentAt > settings.followWithin { return nil }
        if track.failures > 0, now < track.retryAt { return nil }
        let giving = piles[k].mostGiving(keepsWanted: priority <= .contract)
        let cap = cap(k)
        let taking = min(steering.mostCharge.watts, cap.power)
        var lowest = -giving
        var highest = taking
        let isFloored = giving < steering.mostDischarge.watts && steering.mostDischarge >= steering.leastDischarge
        var keepsFromGiving: SetpointReason = isFloored ? .energyFloor : steering.dischargeBound
        var keepsFromTaking = (taking < steering.mostCharge.watts ? cap.reason : nil) ?? .atRating
        let derated = track.response.bounds(isNeeded: isInNeed && stay.isScheduled, at: now)
        if let given = derated.giving, -given > lowest { (lowest, keepsFromGiving) = (-given, .fallsShort) }
        if let takes = derated.taking, takes < highest { (highest, keepsFromTaking) = (takes, .fallsShort) }
        if !track.response.mayAsk(-1, settings: settings, at: now) { (lowest, keepsFromGiving) = (0, .turning) }
        if !track.response.mayAsk(1, settings: settings, at: now) { (highest, keepsFromTaking) = (0, .turning) }
        return GroupFrame.Member(
            pile: k,
            unit: GroupUnit(
                lowest: min(0, lowest), highest: max(0, highest),
                leastUp: max(steering.leastCharge, evse.capability.minimum).watts,
                leastDown: steering.leastDischarge.watts, current: track.ledger.confirmed?.limit.watts ?? 0,
                laxity: piles[k].laxityQuarters, isSlow: stay.isScheduled),
            keepsFromGiving: keepsFromGiving, keepsFromTaking: keepsFromTaking)
    }

    // MARK: - What people see

    /// - Precondition: after ``admit()``.
    func describeGroups(tracks: [EVSETrack]) -> [GroupDispatch] {
        groups.map { group in
            let target = group.track.target
            let allocated = group.members.reduce(group.fixed) { $0 + (targets[$1.pile] ?? 0) }
            let isMissed = group.track.missedSince != nil || abs(target - allocated) > GroupTrack.tolerance(target)
            var shortfalls: [GroupDispatch.Shortfall] = []
            if isMissed {
                for member in group.members {
                    if let reason = shortfall(
                        of: member, target, missing: target - allocated, tracks[indices[member.pile]])
                    {
                        shortfalls.append(.init(evse: input.evses[member.pile].id, reason: reason))
                    }
                }
                shortfalls += others(than: group, tracks)
                // Who does all it can holds nobody back, unless that is all there is to say.
                let others = shortfalls.filter { $0.reason != .atRating }
                if !others.isEmpty { shortfalls = others }
                if shortfalls.isEmpty { shortfalls += nearest(group, tracks) }
            }
            return GroupDispatch(
                instruction: group.instruction.id, node: input.nodes[group.node].id,
                asked: Power(watts: group.track.asked), target: Power(watts: target),
                allocated: Power(watts: allocated), measured: Power(watts: group.measured),
                lowest: Power(watts: group.members.reduce(group.fixed) { $0 + $1.unit.lowest }),
                highest: Power(watts: group.members.reduce(group.fixed) { $0 + $1.unit.highest }),
                missedSince: group.track.missedSince, shortfalls: shortfalls)
        }
    }

    /// Why those below the node that the group cannot tell do not help.
    private func others(than group: GroupFrame, _ tracks: [EVSETrack]) -> [GroupDispatch.Shortfall] {
        let told = Set(group.members.map(\.pile))
        return piles.indices.compactMap { k in
            guard paths[k].contains(group.node), !told.contains(k) else { return nil }
            let (pile, track) = (piles[k], tracks[indices[k]])
            let reason: SetpointReason
            switch pile.standing {
            case .absent, .idle: return nil
            case .unreachable: reason = .offline
            case .steered:
                if let share = shares[k] {
                    reason = .instruction(share.instruction.id)
                } else if track.ledger.governed != nil {
                    reason = .notSteered
                } else if pile.isReserved {
                    reason = track.lastFailure == .rejected ? .refuses : .ignoresProfiles
                } else if input.evses[k].session?.steering == nil {
                    reason = .notSteered
                } else if track.failures > 0, track.lastFailure == .rejected {
                    reason = .refuses
                } else {
                    reason = isBusy(k) ? reasons[k] : .unanswered
                }
            }
            return .init(evse: input.evses[k].id, reason: reason)
        }
    }

    /// Nobody has a reason of its own: whoever is the furthest from what it was told, or all that stand empty.
    private func nearest(_ group: GroupFrame, _ tracks: [EVSETrack]) -> [GroupDispatch.Shortfall] {
        func distance(_ k: Int) -> Int64 {
            abs((tracks[indices[k]].samplePower?.watts ?? 0) - (targets[k] ?? 0))
        }
        if let furthest = group.members.map(\.pile).max(by: { distance($0) < distance($1) }) {
            return [.init(evse: input.evses[furthest].id, reason: .fallsShort)]
        }
        return piles.indices.filter { paths[$0].contains(group.node) }.map {
            .init(evse: input.evses[$0].id, reason: .noSession)
        }
    }

    /// Why a member does not do more of what its group misses, the nearest cause first.
    private func shortfall(
        of member: GroupFrame.Member, _ target: Int64, missing: Int64, _ track: EVSETrack
    ) -> SetpointReason? {
        let k = member.pile
        let share = shares[k]?.amount ?? 0
        let granted = targets[k] ?? 0
        if share != granted { return reasons[k] }
        if let admitted = admitted[k], admitted != granted {
            // Room that others have yet to leave.
            let node = paths[k].first.map { input.nodes[$0].id } ?? NodeID("")
            return granted < 0 ? .exportLimit(node) : .nodeLimit(node)
        }
        if track.ledger.pending != nil || track.ledger.confirmed?.limit.watts != granted { return .unanswered }
        if let power = track.samplePower, abs(power.watts - granted) > GroupTrack.tolerance(granted) {
            return .fallsShort
        }
        let unit = member.unit
        // What is left is too little for anyone who rests.
        if share == 0, abs(missing) < (target < 0 ? unit.leastDown : unit.leastUp) { return .belowMinimumCurrent }
        if target < 0 {
            return share == unit.lowest || -unit.lowest < unit.leastDown ? member.keepsFromGiving : nil
        }
        return share == unit.highest || unit.highest < unit.leastUp ? member.keepsFromTaking : nil
    }

    /// It charges for a reason of its own.
    private func isBusy(_ k: Int) -> Bool {
        let evse = input.evses[k]
        return evse.paused || evse.chargeNow || piles[k].isReserved
            || evse.session.map { stay in stay.minimum.map { stay.delivered < $0 } ?? false } ?? false
    }
}
