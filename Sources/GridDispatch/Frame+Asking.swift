import Assets
import Quantities

extension Frame {
    /// Who is served before whom. The guard, limits and pauses are no tier: they bound every one of them.
    enum Tier: Int, CaseIterable {
        case driverMinimum, contract, market, plan, provisional, surplus, full

        init(_ priority: Priority) {
            switch priority {
            case .safety, .grid, .driverMinimum: self = .driverMinimum
            case .contract: self = .contract
            case .market: self = .market
            case .cost: self = .plan
            }
        }
    }

    /// What one EVSE asks for.
    struct Wish {
        let pile: Int
        let tier: Tier
        /// Watts; 0 is a wish too: hold it there.
        let amount: Int64
        let reason: SetpointReason
        /// What the plan gave beyond `amount`, and the vehicle does not take.
        var freed: Int64 = 0
        /// Nothing is asked: what holds may stay, and is cut only where it does not fit.
        var isHold = false
        /// Bound by the operator, an instruction or the rating.
        let cap: Int64
    }

    /// What a steered EVSE asks for; more than one wish where a minimum comes before the plan. A vehicle that turned round to
    /// give a moment ago rests before it charges again, whoever wants it to.
    func wishes(of k: Int, track: EVSETrack) -> [Wish] {
        let wishes = unrested(k, track)
        guard input.evses[k].session?.steering != nil, !track.response.mayAsk(1, settings: settings, at: now) else {
            return wishes
        }
        return wishes.map { wish in
            // Nor is it offered what others leave.
            wish.amount < 0
                ? wish
                : Wish(
                    pile: k, tier: wish.tier, amount: 0, reason: wish.amount > 0 ? .turning : wish.reason, cap: 0)
        }
    }

    private func unrested(_ k: Int, _ track: EVSETrack) -> [Wish] {
        let evse = input.evses[k]
        guard let session = evse.session else { return [] }
        let (cap, capReason, stack) = self.cap(k)
        func wish(_ tier: Tier, _ amount: Int64, _ reason: SetpointReason, freed: Int64 = 0, isHold: Bool = false)
            -> Wish
        {
            Wish(
                pile: k, tier: tier, amount: min(amount, cap), reason: amount > cap ? capReason ?? reason : reason,
                freed: freed, isHold: isHold, cap: cap)
        }

        if case .stopped = input.mode { return [wish(.driverMinimum, 0, .stopped)] }
        if evse.paused { return [wish(.driverMinimum, 0, .paused)] }
        // Told a limit now, one that gives would turn round to charge.
        if session.awaitsSteering { return [wish(.provisional, piles[k].ceiling, .provisional, isHold: true)] }

        var wishes: [Wish] = []
        if let stack, let lowest = stack.setLowest, stack.lowest > .zero {
            wishes.append(wish(Tier(lowest.priority), stack.lowest.watts, .instruction(lowest.id)))
        }
        if evse.chargeNow {
            // Full power, but not more than the vehicle shows it can take: what it leaves helps others.
            wishes.append(wish(.contract, track.drawCap?.watts ?? cap, .chargeNow))
            return wishes
        }
        if case .manual = input.mode {
            let hold = evse.limit == nil && capReason == nil
            wishes.append(wish(.contract, hold ? piles[k].ceiling : cap, .manual, isHold: hold))
            return wishes
        }
        let isFull = session.isFull || track.isFull
        let lacksMinimum = session.minimum.map { session.delivered < $0 } ?? false
        // One that only charges and takes nothing does not get its minimum by being offered more.
        if lacksMinimum, !isFull || session.steering != nil {
            wishes.append(wish(.driverMinimum, track.drawCap?.watts ?? cap, .driverMinimum))
        } else if !lacksMinimum, let share = shares[k] {
            wishes.append(wish(Tier(share.instruction.priority), share.amount, .instruction(share.instruction.id)))
            return wishes
        }
        let planned = input.plan.flatMap { plan in
            stays[session.session].flatMap { plan.power(of: plan.stays[$0], at: now) }
        }
        if isFull, planned.map({ $0 >= .zero || session.steering == nil }) ?? true {
            // It may wake up to heat or cool: the least power while there is room.
            wishes.append(wish(.full, evse.capability.minimum.watts, .full))
            return wishes
        }
        if let power = planned {
            if power < .zero {
                wishes.append(discharge(k, power, session))
                return wishes
            }
            let wished = roundedToMinimum(power.watts, evse.capability)
            let planned = min(cap, wished)
            let taken = track.drawCap.map { min(planned, $0.watts) } ?? planned
            let reason: SetpointReason = wished > cap ? capReason ?? .plan : .plan
            wishes.append(wish(.plan, taken, taken < planned ? .belowSetpoint : reason, freed: planned - taken))
            return wishes
        }
        let isAwaited = input.plan.map { $0.slot(at: now) != nil } ?? false
        if isAwaited, now - session.startedAt < settings.planGrace {
            // The plan that knows it is seconds away; until then the default profile does.
            wishes.append(wish(.provisional, piles[k].ceiling, .provisional, isHold: true))
        } else {
            wishes.append(wish(.provisional, track.drawCap?.watts ?? cap, .provisional))
        }
        return wishes
    }

    /// The most it may charge, with what bounds it, and what instructions leave of the EVSE.
    func cap(_ k: Int) -> (power: Int64, reason: SetpointReason?, stack: PriorityStack?) {
        let evse = input.evses[k]
        let stack =
            input.instructions.isEmpty
            ? nil
            : PriorityStack(input.instructions, for: .evse(evse.id), within: .zero...evse.capability.rating, at: now)
        var cap = (stack?.highest ?? evse.capability.rating).watts
        var reason: SetpointReason? = stack?.setHighest.map { .instruction($0.id) }
        if let limit = evse.limit?.watts, limit < cap {
            cap = max(0, limit)
            reason = .operatorLimit
        }
        if let limit = evse.outsideLimit?.watts, limit < cap {
            cap = max(0, limit)
            reason = .outsideLimit
        }
        if let stay = evse.session, let most = stay.steering?.mostTaking(stay).watts, most < cap {
            cap = most
            reason = .full
        }
        return (cap, reason, stack)
    }

    /// What the plan takes from a vehicle, as far as its floor, what the driver wants and its last turn leave it.
    private func discharge(_ k: Int, _ planned: Power, _ session: DispatchInput.Stay) -> Wish {
        let wanted = -planned.watts
        let most = session.steering == nil ? 0 : piles[k].givesAndReturns
        return Wish(
            pile: k, tier: .plan, amount: -min(wanted, most), reason: most < wanted ? .energyFloor : .plan, cap: 0)
    }

    /// A mean below the least power means part of the slot at the least power: on from half of it on, else off.
    private func roundedToMinimum(_ watts: Int64, _ capability: Capability) -> Int64 {
        let least = capability.minimum.watts
        return watts >= least ? watts : watts * 2 >= least ? least : 0
    }
}
