import Assets
import Quantities

// Discharge beside charging. It makes no room for others' charging: the vehicle that gives may leave at any moment, and
// the charging would stay. It needs room of its own below each node's export limit.
extension Frame {
    /// Room of each node for discharge, above which more would flow out than it may: its limit and what base load is sure to
    /// take up, less the target margin.
    static func exportRoom(
        _ input: DispatchInput, _ tracks: [NodeTrack], settings: DispatchSettings, at now: Instant
    ) -> [Int64] {
        zip(input.nodes, tracks).map { node, track in
            guard let limit = node.exportLimit?.watts else { return .max / 4 }
            return limit + track.baseAtLeast(at: now, settings: settings) - Int64(Double(limit) * settings.targetMargin)
        }
    }

    /// What of `wanted` (a magnitude) fits under the export limits, given what others were granted before.
    mutating func fitting(discharge wanted: Int64, of k: Int, _ room: inout [Int64]) -> Int64 {
        var most = wanted
        for n in paths[k] where room[n] < most {
            most = max(0, room[n])
            reasons[k] = .exportLimit(input.nodes[n].id)
        }
        if let least = input.evses[k].session?.steering?.leastDischarge.watts, most < least { most = 0 }
        for n in paths[k] { room[n] -= most }
        return most
    }

    /// Cuts discharge to what fits beside all that may still flow.
    mutating func admitDischarge() {
        guard admitted.contains(where: { $0 ?? 0 < 0 }) else { return }
        var room = zip(exportRoom, givingBelow).map { $0 - $1 }
        for k in piles.indices {
            guard let power = admitted[k], power < 0 else { continue }
            let giving = piles[k].giving
            guard -power > giving else { continue }
            var more = -power - giving
            for n in paths[k] { more = min(more, max(0, room[n])) }
            for n in paths[k] { room[n] -= more }
            let least = input.evses[k].session?.steering?.leastDischarge.watts ?? 0
            admitted[k] = giving + more < least ? 0 : -(giving + more)
        }
    }

    /// More may flow out of some node above than it takes.
    func exports(beyond k: Int) -> Bool { paths[k].contains { isOverExporting[$0] } }

    /// Whether a steered EVSE must be told something now.
    func steeringDecision(_ k: Int, _ track: EVSETrack) -> Decision? {
        if input.evses[k].session?.isScheduled == true { return scheduleDecision(k, track) }
        guard var wanted = admitted[k] else { return nil }
        let pile = piles[k]
        // The station counts its dead-man by itself: what fits for a shorter time than that is not told.
        if fitsUntil[k] < now + settings.deadMan + ProfileLedger.deliveryTolerance {
            wanted = min(wanted, pile.floorNow)
        }
        let power = Power(watts: wanted)
        let isUrgent =
            power.watts < pile.ceiling && (pile.isGuarded || wanted == 0 && isHeldAtZero(k) || overloads(k))
            || -wanted < pile.giving && exports(beyond: k)
        if track.failures > 0, now < track.retryAt, !(isUrgent && track.lastFailure == .notSent) { return nil }
        func decision(isChange: Bool) -> Decision {
            Decision(
                limit: power, until: now + settings.deadMan, isUrgent: isUrgent, isChange: isChange,
                isFollowed: true)
        }
        if let pending = track.ledger.pending {
            guard isUrgent, power != pending.limit, track.ledger.waiting.count < 3 else { return nil }
            return decision(isChange: true)
        }
        if track.isAskedAgain { return decision(isChange: true) }
        let isRested = now - track.lastCommandAt >= settings.steerInterval
        guard let live = track.ledger.confirmed, live.isDeadMan, track.ledger.doubtful.isEmpty else {
            return isRested || isUrgent ? decision(isChange: true) : nil
        }
        let band = max(100, Int64(Double(pile.rating) * settings.steerBand))
        let isChange =
            abs(wanted - live.limit.watts) > band || wanted.signum() != live.limit.watts.signum()
        if isChange, isRested || isUrgent { return decision(isChange: true) }
        guard live.until - now < settings.deadManRenewBefore, isRested || isUrgent else { return nil }
        return decision(isChange: power != live.limit)
    }
}

extension Frame.Pile {
    /// Watts that may be asked of it now, a magnitude; 0 where it is not steered.
    func mostGiving(keepsWanted: Bool) -> Int64 { keepsWanted ? givesAndReturns : gives }
}
