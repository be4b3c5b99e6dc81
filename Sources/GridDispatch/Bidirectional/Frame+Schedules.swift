import Assets
import Quantities

// Vehicles that follow a schedule and not a value of the moment (ISO 15118-20 scheduled control): each new one is negotiated with
// the vehicle, so they are told seldom and for longer. What they are told ends by itself, and until then keeps their floor.
extension Frame {
    /// Whether an EVSE whose vehicle follows schedules must be told something now.
    func scheduleDecision(_ k: Int, _ track: EVSETrack) -> Decision? {
        guard let wanted = admitted[k] else { return nil }
        let pile = piles[k]
        let power = Power(watts: wanted)
        let isUrgent =
            power.watts < pile.ceiling && (pile.isGuarded || wanted == 0 && isHeldAtZero(k) || overloads(k))
            || -wanted < pile.giving && exports(beyond: k) || wanted >= 0 && pile.giving > 0
        if track.failures > 0, now < track.retryAt, !(isUrgent && track.lastFailure == .notSent) { return nil }
        func decision(isChange: Bool) -> Decision {
            Decision(limit: power, until: fitsUntil[k], isUrgent: isUrgent, isChange: isChange, isFollowed: true)
        }
        if let pending = track.ledger.pending {
            guard isUrgent, power != pending.limit, track.ledger.waiting.count < 3 else { return nil }
            return decision(isChange: true)
        }
        if track.isAskedAgain { return decision(isChange: true) }
        let isRested = now - track.lastCommandAt >= settings.scheduleInterval
        guard isRested || isUrgent else { return nil }
        guard let live = track.ledger.confirmed, track.ledger.doubtful.isEmpty else { return decision(isChange: true) }
        let band = max(100, Int64(Double(pile.rating) * settings.deadBand))
        if abs(wanted - live.limit.watts) > band || wanted.signum() != live.limit.watts.signum() {
            return decision(isChange: true)
        }
        guard live.until - now < settings.renewBefore, fitsUntil[k] > live.until else { return nil }
        return decision(isChange: power != live.limit)
    }
}

extension DispatchInput.Stay {
    /// How long what it is told may go on if we die now: until the end that it was told, and the error of whoever counts.
    func goesOn(_ settings: DispatchSettings) -> Duration {
        isScheduled
            ? settings.profileDuration + ProfileLedger.clockTolerance
            : settings.deadMan + ProfileLedger.deliveryTolerance
    }
}
