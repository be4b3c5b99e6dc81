import Assets
import Quantities

extension Frame {
    /// Running account of what is granted.
    private struct Account {
        var now: [Int64]
        var offline: [[Int64]]
        var granted: [Int64]
        /// What each EVSE takes of the room without us: at least its default profile.
        var taken: [[Int64]]
        /// Room for discharge.
        var export: [Int64]
    }

    /// Targets as if every steered EVSE could be set at will: tier by tier, in each the least laxity first, what already
    /// flows before what would be new.
    mutating func allocate(tracks: [EVSETrack]) {
        var account = Account(
            now: roomNow, offline: roomOffline, granted: Array(repeating: 0, count: piles.count),
            taken: piles.map(\.floor), export: exportRoom)
        var wishes: [Wish] = []
        for (k, pile) in piles.enumerated() {
            if pile.standing == .unreachable { reasons[k] = .offline }
            let isFixed = pile.standing == .unreachable || pile.isReserved
            for n in paths[k] {
                if isFixed { account.now[n] -= pile.ceiling }
                for s in segments.indices { account.offline[n][s] -= isFixed ? pile.worst[s] : pile.floor[s] }
            }
            if pile.standing == .steered { wishes += self.wishes(of: k, track: tracks[indices[k]]) }
            // What no wish of ours is about: it may flow whatever is granted to others.
            if pile.standing != .steered || input.evses[k].session?.steering == nil {
                for n in paths[k] { account.export[n] -= pile.giving }
            }
        }

        for wish in wishes {
            reasons[wish.pile] = wish.reason
            targets[wish.pile] = 0
        }
        var freed = wishes.reduce(0) { $0 + $1.freed }
        for tier in Tier.allCases {
            var served = tier == .surplus ? surplus(of: wishes) : wishes.filter { $0.tier == tier }
            if served.isEmpty { continue }
            sortByUrgency(&served)
            if tier == .surplus {
                for wish in served { offer(wish, freed: &freed, &account) }
                continue
            }
            for wish in served where wish.amount < 0 && account.granted[wish.pile] == 0 {
                turn(wish, round: tracks[indices[wish.pile]], &account)
            }
            served.removeAll { $0.amount < 0 }
            // First keep what flows, within the narrower margin, so that noise in the base load moves nothing.
            for wish in served { grant(wish, upTo: min(wish.amount, piles[wish.pile].ceiling), keeps: true, &account) }
            if tier == .provisional { served = withFairShares(served, account) }
            for wish in served { grant(wish, upTo: wish.amount, keeps: false, &account) }
            order += served.map(\.pile)
        }
        for wish in wishes {
            let granted = account.granted[wish.pile]
            let isHeld = wish.isHold && granted >= piles[wish.pile].ceiling
            let isAwaiting = input.evses[wish.pile].session?.awaitsSteering ?? false
            targets[wish.pile] = isHeld ? nil : wish.isHold && isAwaiting ? 0 : granted
        }
    }

    /// Grants discharge; a vehicle that turned round a moment ago rests first.
    private mutating func turn(_ wish: Wish, round track: EVSETrack, _ account: inout Account) {
        let k = wish.pile
        order.append(k)
        guard track.response.mayAsk(-1, settings: settings, at: now) else {
            reasons[k] = .turning
            return
        }
        account.granted[k] = -fitting(discharge: -wish.amount, of: k, &account.export)
    }

    /// Least laxity first, in steps of a quarter hour so that neighbours do not change places all the time; then those
    /// that already charge.
    private func sortByUrgency(_ wishes: inout [Wish]) {
        func key(_ wish: Wish) -> (Int64, Int, Int) {
            return (piles[wish.pile].laxityQuarters, piles[wish.pile].ceiling > 0 ? 0 : 1, wish.pile)
        }
        wishes.sort { key($0) < key($1) }
    }

    /// Raises the grant of one EVSE to at most `amount`, never above the room of any node over it, now or without us.
    private mutating func grant(_ wish: Wish, upTo amount: Int64, keeps: Bool, _ account: inout Account) {
        let k = wish.pile
        let pile = piles[k]
        let capability = input.evses[k].capability
        if pile.isReserved {
            account.granted[k] = max(account.granted[k], capability.settable(Power(watts: amount)).watts)
            return
        }
        var most = amount
        for n in paths[k] {
            // The keep margin lies halfway between target and guard; a guarding node has none.
            let slack =
                keeps && !nodeTracks[n].isGuarding
                ? Int64(Double(limits[n] ?? 0) * (settings.targetMargin - settings.guardMargin) / 2) : 0
            let fits = account.now[n] + account.granted[k] + slack
            if fits < most {
                most = fits
                reasons[k] = nodeTracks[n].isGuarding ? .guardCut(input.nodes[n].id) : .nodeLimit(input.nodes[n].id)
            }
            for s in segments.indices {
                let without = max(pile.floorNow, account.taken[k][s] + account.offline[n][s])
                if without < most {
                    most = without
                    reasons[k] = .offlineGuarantee(input.nodes[n].id)
                }
            }
        }
        let power = settable(max(0, most), k)
        if power == 0, amount > 0, amount < capability.minimum.watts { reasons[k] = .belowMinimumCurrent }
        guard power > account.granted[k] else { return }
        for n in paths[k] {
            account.now[n] -= power - account.granted[k]
            for s in segments.indices {
                let taken = max(power, pile.floor[s])
                account.offline[n][s] -= max(0, taken - account.taken[k][s])
            }
        }
        for s in segments.indices { account.taken[k][s] = max(account.taken[k][s], max(power, pile.floor[s])) }
        account.granted[k] = power
        if !keeps || power == wish.amount, power + 1 >= settable(wish.amount, k) {
            reasons[k] = wish.reason
        }
    }

    /// Without a plan the free room is shared equally among those that wait for one, each at least at its least power.
    private func withFairShares(_ wishes: [Wish], _ account: Account) -> [Wish] {
        var waiting = [Int64](repeating: 0, count: limits.count)
        for wish in wishes { for n in paths[wish.pile] { waiting[n] += 1 } }
        return wishes.map { wish in
            let k = wish.pile
            let held = account.granted[k]
            let part =
                paths[k].map { (account.now[$0] + heldBelow($0, wishes, account)) / waiting[$0] }.min() ?? wish.amount
            let fair = max(held, max(input.evses[k].capability.minimum.watts, part))
            return Wish(
                pile: k, tier: wish.tier, amount: min(wish.amount, fair), reason: wish.reason, isHold: wish.isHold,
                cap: wish.cap)
        }
    }

    private func heldBelow(_ node: Int, _ wishes: [Wish], _ account: Account) -> Int64 {
        wishes.reduce(0) { paths[$1.pile].contains(node) ? $0 + account.granted[$1.pile] : $0 }
    }

    /// Who may take room that others leave: vehicles at their planned setpoint in a slot in which the plan charges them,
    /// and vehicles that the plan leaves short.
    private func surplus(of wishes: [Wish]) -> [Wish] {
        wishes.compactMap { wish in
            guard wish.tier == .plan, wish.freed == 0, wish.amount >= 0, shares[wish.pile] == nil,
                let session = input.evses[wish.pile].session,
                let stay = planned(session.session)
            else { return nil }
            let isShort = stay.undelivered > .zero
            let missing = (session.wanted ?? stay.wanted).milliwattHours - session.delivered.milliwattHours
            guard isShort || wish.amount > 0, missing > 100_000 else { return nil }
            return Wish(pile: wish.pile, tier: .surplus, amount: wish.cap, reason: .freedRoom, cap: wish.cap)
        }
    }

    func planned(_ session: String) -> Plan.Stay? { stays[session].flatMap { input.plan?.stays[$0] } }

    /// A short vehicle takes what it can get; the others only as much as the plan meant for those that do not take it, so
    /// that nothing more is bought at this hour than planned.
    private mutating func offer(_ wish: Wish, freed: inout Int64, _ account: inout Account) {
        let k = wish.pile
        let before = account.granted[k]
        let isShort = input.evses[k].session.flatMap { planned($0.session) }.map { $0.undelivered > .zero } ?? false
        let most = isShort ? wish.amount : min(wish.amount, before + freed)
        guard most > before else { return }
        let reason = reasons[k]
        grant(wish, upTo: most, keeps: false, &account)
        if account.granted[k] > before {
            reasons[k] = .freedRoom
            freed -= account.granted[k] - before
        } else {
            reasons[k] = reason
        }
    }

    // MARK: - What may go out now

    /// Cuts raises to the room that is free at this moment, counting every EVSE at what may be in force on it.
    mutating func admit() {
        var now = roomNow
        var offline = roomOffline
        for (k, pile) in piles.enumerated() {
            for n in paths[k] {
                now[n] -= pile.ceiling
                for s in segments.indices { offline[n][s] -= pile.worst[s] }
            }
        }
        for k in order where targets[k] != nil && admitted[k] == nil {
            let pile = piles[k]
            let target = targets[k] ?? 0
            if pile.ignores {
                keep(k, at: min(target, roomOfIgnoring(k, now, offline)), &offline)
                continue
            }
            guard target > pile.ceiling, !pile.isGuarded, !pile.isReserved else {
                keep(k, at: min(target, pile.allowed), &offline)
                continue
            }
            var most = target
            for n in paths[k] {
                most = min(most, pile.ceiling + now[n])
                for s in segments.indices { most = min(most, max(pile.allowed, pile.worst[s] + offline[n][s])) }
            }
            let power = settable(max(0, most), k)
            guard power > pile.ceiling else {
                keep(k, at: min(target, pile.ceiling), &offline)
                continue
            }
            for n in paths[k] {
                now[n] -= power - pile.ceiling
                for s in segments.indices { offline[n][s] -= max(0, power - pile.worst[s]) }
            }
            admitted[k] = power
        }
        roomLeft = offline
        admitDischarge()
    }

    /// What one that seems not to follow may be told. Its whole rating counts already; what has room of that is its own, so
    /// that a pile which follows after all is not held at zero for good, and comes down when others need the room.
    private func roomOfIgnoring(_ k: Int, _ now: [Int64], _ offline: [[Int64]]) -> Int64 {
        var room = piles[k].ceiling
        for n in paths[k] {
            room = min(room, piles[k].ceiling + now[n])
            for s in segments.indices { room = min(room, piles[k].worst[s] + offline[n][s]) }
        }
        return settable(max(0, room), k)
    }

    /// What EVSE `k` can be told of a charging power: steered ones take any watt.
    func settable(_ watts: Int64, _ k: Int) -> Int64 {
        let capability = input.evses[k].capability
        guard input.evses[k].session?.steering != nil else { return capability.settable(Power(watts: watts)).watts }
        return watts < capability.minimum.watts ? 0 : min(watts, capability.rating.watts)
    }

    /// Renews or lowers what holds. It fits as long as it held before; longer only into room that is free then: others'
    /// default profiles may rise meanwhile, and targets rest on cuts that others have yet to confirm.
    private mutating func keep(_ k: Int, at power: Int64, _ offline: inout [[Int64]]) {
        admitted[k] = power
        for s in segments.indices {
            let more = max(0, power - piles[k].worst[s])
            guard more == 0 || paths[k].allSatisfy({ more <= offline[$0][s] }) else {
                fitsUntil[k] = segments[s].from
                return
            }
            for n in paths[k] { offline[n][s] -= more }
        }
    }

    /// Takes the room that a default profile needs in the next minutes beside what is in force; `false`: it does not fit
    /// yet. What is later is the planner's: its profiles take a share that leaves room for old and new ones side by side.
    mutating func admitFallback(_ profile: DailyProfile, of k: Int) -> Bool {
        let tolerance = ProfileLedger.clockTolerance
        let needs = segments.indices.map { s in
            let most = profile.maximum(from: segments[s].from - tolerance, to: segments[s].to + tolerance).watts
            return max(0, min(most, piles[k].rating) - piles[k].worst[s])
        }
        for n in paths[k] { for s in segments.indices where needs[s] > 0 && needs[s] > roomLeft[n][s] { return false } }
        for n in paths[k] { for s in segments.indices { roomLeft[n][s] -= needs[s] } }
        return true
    }
}
