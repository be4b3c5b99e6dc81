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

    /// What the plan has for a vehicle until its schedule ends. What follows the first power lies between nothing and that
    /// power, so that the ledger, which reckons with the first until the end, reckons with all of it: floors, and the limits of
    /// nodes in both directions, hold whatever step runs. What somebody asks for beside the plan stays as it is.
    func scheduleSteps(_ k: Int, _ session: String, _ power: Power, until: Instant) -> [ScheduleStep] {
        var steps = [ScheduleStep(from: now, power: power)]
        guard reasons[k] == .plan, power != .zero, let plan = input.plan, let stay = planned(session) else {
            return steps
        }
        let passed = max(-1, (now - plan.start).wholeMilliseconds / plan.step.wholeMilliseconds)
        var next = plan.start + plan.step * Int(passed + 1)
        while next < until, steps.count < Self.mostSteps {
            guard let planned = plan.power(of: stay, at: next) else { break }
            let bounded = power > .zero ? min(max(.zero, planned), power) : max(min(.zero, planned), power)
            if bounded != steps.last?.power { steps.append(ScheduleStep(from: next, power: bounded)) }
            next = next + plan.step
        }
        return steps
    }
    /// Of the ten minutes that are told a plan of quarter hours has two, one of minutes has ten.
    private static let mostSteps = 12
}

extension Response.Pace {
    /// A value of the moment shows within seconds, and another try costs nothing.
    static func steered(_ settings: DispatchSettings) -> Self {
        Self(within: settings.followWithin, restFor: settings.derateFor, atMost: settings.profileDuration)
    }
    /// A schedule is negotiated first, and runs by the station's clock. Each try costs the group the time of a negotiation.
    static func scheduled(_ settings: DispatchSettings) -> Self {
        Self(
            within: settings.negotiateWithin, clock: ProfileLedger.clockTolerance,
            restFor: settings.scheduleDerateFor, atMost: settings.scheduleDerateFor * 6, triesOnlyInNeed: true)
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
