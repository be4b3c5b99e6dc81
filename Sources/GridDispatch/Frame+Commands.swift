import Assets
import Quantities

extension Frame {
    struct Decision {
        let limit: Power
        let until: Instant
        let isUrgent: Bool
        /// `false`: the setpoint that holds is only renewed.
        let isChange: Bool
        /// A power to follow, not a limit.
        var isFollowed = false
    }

    /// Whether EVSE `k` must be told something now.
    func decision(_ k: Int, _ track: EVSETrack) -> Decision? {
        guard piles[k].standing == .steered, let wanted = admitted[k] else { return nil }
        if input.evses[k].session?.steering != nil { return steeringDecision(k, track) }
        let pile = piles[k]
        let capability = input.evses[k].capability
        // A ceiling that came from a default profile need not be a whole step.
        let limit = capability.settable(Power(watts: wanted))
        let isCut = limit.watts < pile.ceiling
        // One that still gives and is not to any more hears so at once.
        let isUrgent =
            isCut && (pile.isGuarded || limit == .zero && isHeldAtZero(k) || overloads(k)) || pile.giving > 0
        if track.failures > 0, now < track.retryAt, !(isUrgent && track.lastFailure == .notSent) { return nil }

        if let pending = track.ledger.pending {
            // One call at a time, but a cut does not wait behind a higher setpoint.
            guard isUrgent, limit < pending.limit, track.ledger.waiting.count < 3 else { return nil }
            return Decision(limit: limit, until: fitsUntil[k], isUrgent: true, isChange: true)
        }
        if track.isAskedAgain {
            return Decision(limit: limit, until: fitsUntil[k], isUrgent: isUrgent, isChange: true)
        }
        let band = Int64(Double(pile.rating) * settings.deadBand)
        let isRested = now - track.lastCommandAt >= settings.leastInterval
        if let live = track.ledger.confirmed, track.ledger.doubtful.isEmpty {
            let isNeeded = limit < live.limit && paths[k].contains { isOverOffline[$0] }
            let isChange =
                isNeeded || abs(limit.watts - live.limit.watts) > band || (limit == .zero) != (live.limit == .zero)
            if isChange, isUrgent || isRested {
                return Decision(limit: limit, until: fitsUntil[k], isUrgent: isUrgent, isChange: true)
            }
            guard live.until - now < settings.renewBefore, fitsUntil[k] > live.until, isRested || isUrgent else {
                return nil
            }
            return Decision(limit: limit, until: fitsUntil[k], isUrgent: isUrgent, isChange: limit != live.limit)
        }
        guard isRested || isUrgent else { return nil }
        if track.ledger.doubtful.isEmpty, let fallback = track.ledger.fallback, !pile.isReserved {
            let default_ = fallback[at: now].watts
            let differs = abs(limit.watts - default_) > band || (limit == .zero) != (default_ == 0)
            if !differs { return nil }
        }
        return Decision(limit: limit, until: fitsUntil[k], isUrgent: isUrgent, isChange: true)
    }

    /// What is sent of it, and how the ledger keeps it.
    func content(
        of decision: Decision, _ k: Int, _ session: String
    ) -> (DispatchCommand.Content, ProfileLedger.Setpoint.Kind) {
        guard decision.isFollowed else {
            return (.setpoint(session: session, limit: decision.limit, until: decision.until), .limit)
        }
        guard input.evses[k].session?.isScheduled == true else {
            return (.follow(session: session, power: decision.limit, until: decision.until), .deadMan)
        }
        let steps = scheduleSteps(k, session, decision.limit, until: decision.until)
        return (
            .schedule(session: session, steps: steps, until: decision.until),
            .schedule(later: Array(steps.dropFirst()))
        )
    }

    func isHeldAtZero(_ k: Int) -> Bool {
        if case .stopped = input.mode { return true }
        return input.evses[k].paused
    }

    /// What may flow now is more than some node above takes.
    func overloads(_ k: Int) -> Bool { paths[k].contains { isOverloaded[$0] } }

    // MARK: - What people see

    func describe(_ k: Int, _ track: EVSETrack) -> EVSEDispatch {
        let evse = input.evses[k]
        let state: EVSEDispatch.State
        if track.ledger.pending != nil {
            state = .pending
        } else if track.lastFailure == .rejected {
            state = .rejected
        } else if !track.ledger.doubtful.isEmpty {
            state = .noReply
        } else {
            state = track.ledger.confirmed == nil ? .none : .confirmed
        }
        let fallback = track.ledger.fallback
        return EVSEDispatch(
            evse: evse.id, wanted: targets[k].map { Power(watts: $0) }, confirmed: track.ledger.confirmed?.limit,
            confirmedUntil: track.ledger.confirmed?.until, state: state, reason: reasons[k],
            worstCase: Power(watts: piles[k].standing == .idle ? 0 : piles[k].ceiling), fallback: fallback?[at: now],
            isFull: track.isFull,
            stopsWithoutUs: fallback?.values.contains { $0 < evse.capability.minimum } ?? false)
    }

    func describeNodes() -> [NodeDispatch] {
        var worst = [Int64](repeating: 0, count: limits.count)
        for (k, pile) in piles.enumerated() { for n in paths[k] { worst[n] += pile.ceiling } }
        return input.nodes.indices.map { n in
            NodeDispatch(
                node: input.nodes[n].id, limit: limits[n].map { Power(watts: $0) }, base: Power(watts: base[n]),
                isStale: nodeTracks[n].measuredAt != nil && nodeTracks[n].isStale(at: now, settings: settings),
                worstCase: Power(watts: worst[n]), isGuarding: nodeTracks[n].isGuarding)
        }
    }

    /// How far each instruction came since the last step.
    func progress(
        _ known: inout [String: Instruction.Stage], tracks: [EVSETrack]
    ) -> [(instruction: String, stage: Instruction.Stage, power: Power)] {
        var steps: [(instruction: String, stage: Instruction.Stage, power: Power)] = []
        if input.instructions.isEmpty {
            known = [:]
            return steps
        }
        let keys = Set(input.instructions.map(\.progressKey))
        known = known.filter { keys.contains($0.key) }
        for instruction in input.instructions where instruction.interval.contains(now) {
            let stage = max(known[instruction.progressKey] ?? .received, instruction.stage)
            guard let (next, power) = nextStage(instruction, after: stage, tracks: tracks) else { continue }
            known[instruction.progressKey] = next
            steps.append((instruction.id, next, power))
        }
        return steps
    }

    private func nextStage(
        _ instruction: Instruction, after stage: Instruction.Stage, tracks: [EVSETrack]
    ) -> (Instruction.Stage, Power)? {
        switch instruction.target {
        case .node(let node):
            guard let n = input.nodes.firstIndex(where: { $0.id == node }) else { return nil }
            switch stage {
            case .received: return limits[n].map { (.allocated, Power(watts: $0)) }
            case .allocated:
                // Confirmed once what may be in force below the node fits under it.
                guard let limit = limits[n], !isOverloaded[n] else { return nil }
                return (.confirmed, Power(watts: limit))
            case .confirmed:
                let track = nodeTracks[n]
                guard !track.isStale(at: now, settings: settings) else { return nil }
                return (.measured, Power(watts: track.measured))
            case .measured: return nil
            }
        case .charging:
            guard let group = groups.first(where: { $0.instruction.id == instruction.id }) else { return nil }
            let isInForce = group.members.allSatisfy { member in
                let ledger = tracks[indices[member.pile]].ledger
                return ledger.pending == nil && ledger.doubtful.isEmpty
            }
            switch stage {
            case .received: return (.allocated, Power(watts: group.track.target))
            case .allocated: return isInForce ? (.confirmed, Power(watts: group.track.target)) : nil
            case .confirmed:
                let isMet = abs(group.measured - group.track.asked) <= GroupTrack.tolerance(group.track.asked)
                return isMet ? (.measured, Power(watts: group.measured)) : nil
            case .measured: return nil
            }
        case .evse(let evse):
            guard let k = input.evses.firstIndex(where: { $0.id == evse }) else { return nil }
            let track = tracks[indices[k]]
            switch stage {
            case .received: return targets[k].map { (.allocated, Power(watts: $0)) }
            case .allocated:
                guard let confirmed = track.ledger.confirmed, confirmed.limit.watts == targets[k] else { return nil }
                return (.confirmed, confirmed.limit)
            case .confirmed:
                guard let at = track.sampleAt, at >= track.changedAt + settings.settleAfter,
                    let power = track.samplePower
                else { return nil }
                return (.measured, power)
            case .measured: return nil
            }
        }
    }
}

extension Instruction {
    /// One that replaces another of the same id begins anew.
    fileprivate var progressKey: String { "\(history.first?.at.milliseconds ?? 0) \(id)" }
}
