/// Looks for the modes of all vehicles of a group together.
///
/// Given modes the rest is convex and is solved jointly over the grid tree by ``InteriorPoint``. Modes come from rounding
/// the continuous schedule a few at a time, each time solved again (a dive), and in small groups from branch and bound.
/// The best schedule so far never gets worse. Effort is counted, not timed, so that the answer does not depend on the
/// machine, and is spent only while the gap is wider than asked for.
struct JointSearch {
    private let group: Group
    private let method: InteriorPoint
    private let isCancelled: () -> Bool
    /// Operations, about one a nanosecond, that may still be spent.
    private var effort: Double
    /// Of one interior-point step.
    private let effortOfStep: Double
    /// Yuan: a schedule this near to the bound is good enough.
    private let slack: Double
    /// Below this no schedule of the continuous problem lies.
    private let floor: Double

    /// The best schedule of the continuous problem.
    private let continuous: Group.Saved
    private let best: Group.Saved
    private(set) var bestCost: Double
    private let prices: Vector

    /// - Precondition: the group's schedule can be issued.
    init(
        _ group: Group, method: InteriorPoint, continuous: Group.Saved, bound: Double, slack: Double,
        effort: Double,
        isCancelled: @escaping () -> Bool
    ) {
        self.group = group
        self.method = method
        self.isCancelled = isCancelled
        self.continuous = continuous
        self.slack = slack
        floor = bound
        effortOfStep = method.effortOfStep
        self.effort = max(
            effort, Double(JointSearch.leastSolves) * JointSearch.usualSteps * effortOfStep)
        best = group.makeSaved()
        group.save(best)
        bestCost = group.workCost()
        prices = group.arena.vector(group.load.count)
    }

    /// A large group gets so many solves of the convex part at least.
    private static let leastSolves = 5
    private static let usualSteps = 20.0

    /// Leaves the best schedule found in the group.
    mutating func run() {
        dive()
        polish()
        openPairs(upTo: 0.5 * effort)
        branch()
        group.lift()
        group.restore(best)
    }

    private var isDone: Bool { bestCost - floor <= slack || effort <= 0 || isCancelled() }

    // MARK: - The convex part

    /// Solves what `decisions` leave open; the schedule, within all limits, is left in the group, the limits narrowed.
    /// - Returns: yuan below which no schedule that keeps the decisions lies.
    private mutating func relax(_ decisions: Decisions) -> Double {
        guard group.impose(decisions) else { return .infinity }
        method.restart()
        while method.steps < 60 {
            let moves = method.advance()
            if method.complementarity <= max(0.3 * slack, 0.02 * (bestCost - floor)) || !moves { break }
        }
        // Also where no step was possible: each look is paid for, so that a search ends.
        effort -= Double(max(1, method.steps)) * effortOfStep
        method.writePrices(prices)
        let bound = group.lowerBound(prices, linear: false)
        method.writeSchedule()
        group.trim()
        group.redispatch(rounds: 1)
        return bound
    }

    /// Takes the group's schedule, made such that it can be issued, if it is the best so far.
    /// - Returns: whether it is.
    @discardableResult
    private mutating func offer() -> Bool {
        group.lift()
        for i in group.turn where group.needsModes(i) { group.settleModes(i, thorough: false) }
        let cost = group.workCost()
        guard cost < bestCost - 1e-9, group.canBeIssued else { return false }
        bestCost = cost
        group.save(best)
        return true
    }

    /// Solves again with the modes of the best schedule, while that and choosing modes again, each vehicle alone, helps.
    private mutating func polish() {
        for _ in 0..<4 where !isDone {
            group.lift()
            group.restore(best)
            _ = relax(Decisions(asScheduled: group))
            guard offer() else { return }
            for i in group.turn { group.settleModes(i, thorough: false) }
            offer()
        }
    }

    // MARK: - Doubts

    /// A mode that a continuous schedule leaves in doubt.
    private struct Doubt {
        enum Kind { case mode, climb }
        let car: Int
        /// Of the stay.
        let slot: Int
        let kind: Kind
        /// How far it is towards charging (or to having climbed), 0…1.
        let share: Double
        /// kWh that are wrong.
        let weight: Double
    }

    private static let noise = 1e-6

    private func doubts() -> [Doubt] {
        var list: [Doubt] = []
        for i in group.cars.indices {
            let car = group.cars[i]
            var energy = car.start
            var hasClimbDoubt = false
            for j in 0..<car.count {
                let at = car.offset + j
                let (c, x) = (group.charge[at], group.discharge[at])
                energy += c * car.chargeEfficiency - x / car.dischargeEfficiency
                if c > JointSearch.noise {
                    let least = group.leastCharge[at]
                    if x > JointSearch.noise {
                        list.append(Doubt(car: i, slot: j, kind: .mode, share: c / (c + x), weight: min(c, x)))
                    } else if c < least - JointSearch.noise {
                        list.append(
                            Doubt(car: i, slot: j, kind: .mode, share: c / least, weight: min(c, least - c)))
                    }
                }
                if x > JointSearch.noise, energy < car.dischargeAbove - 1e-5, !hasClimbDoubt {
                    hasClimbDoubt = true
                    let share = (energy - car.start) / max(car.dischargeAbove - car.start, 1e-9)
                    list.append(
                        Doubt(
                            car: i, slot: j, kind: .climb, share: max(0, share),
                            weight: min(x, car.dischargeAbove - energy)))
                }
            }
        }
        return list
    }

    // MARK: - Dive

    /// From the continuous schedule down.
    private mutating func dive() {
        group.lift()
        group.restore(continuous)
        settle(Decisions(group))
    }

    /// Decides what the group's schedule leaves in doubt a part at a time, the clearest first, and rounds what is left when
    /// the effort ends.
    private mutating func settle(_ start: Decisions) {
        var decisions = start
        var rounds = max(3, min(24, Int(effort / (JointSearch.usualSteps * effortOfStep)) - 1))
        var doubts = doubts()
        while !isCancelled() && !doubts.isEmpty && rounds > 0 {
            let before = decisions
            decide(doubts, part: max(1.0 / 3, 1 / Double(rounds)), &decisions)
            rounds -= 1
            var bound = relax(decisions)
            if group.worstExcess() > Group.trace || bound == .infinity, rounds > 0 {
                // Too much at once: those that were to charge in full slots do not.
                takeBack(&decisions, since: before)
                rounds -= 1
                bound = relax(decisions)
            }
            if bound >= bestCost - slack { return }
            doubts = self.doubts()
        }
        offer()
    }

    private func takeBack(_ decisions: inout Decisions, since before: Decisions) {
        for car in group.cars {
            for j in 0..<car.count {
                let at = car.offset + j
                guard decisions.modes[at] == .charges, before.modes[at] == .open else { continue }
                var n = car.node
                while n >= 0 {
                    let cell = n * group.slotCount + car.first + j
                    if group.load[cell] > group.highest[cell] + Group.trace { decisions.modes[at] = .rests }
                    n = group.parent[n]
                }
            }
        }
    }

    private func decide(_ doubts: [Doubt], part: Double, _ decisions: inout Decisions) {
        for doubt in doubts where doubt.kind == .climb {
            decisions.wait(doubt.car, until: group.climb(doubt.car))
        }
        let doubts = doubts.filter { $0.kind == .mode }
        let clearest = doubts.indices.sorted {
            let (a, b) = (abs(doubts[$0].share - 0.5), abs(doubts[$1].share - 0.5))
            return a != b ? a > b : $0 < $1
        }
        var load = group.leastLoads()
        for k in clearest.prefix(Int((part * Double(doubts.count)).rounded(.up))) {
            let doubt = doubts[k]
            let car = group.cars[doubt.car]
            let at = car.offset + doubt.slot
            let charges = doubt.share >= 0.5 && group.fits(car, doubt.slot, load)
            decisions.modes[at] = charges ? .charges : .rests
            guard charges else { continue }
            var n = car.node
            while n >= 0 {
                load[n * group.slotCount + car.first + doubt.slot] += group.leastRise(car, doubt.slot)
                n = group.parent[n]
            }
        }
    }

    // MARK: - Neighbours

    /// Opens the modes of two vehicles at a time, those of all others as in the best schedule, until a whole round of pairs
    /// helps no more.
    private mutating func openPairs(upTo least: Double) {
        let order = group.turn.filter { group.cars[$0].count > 0 }
        guard order.count <= JointSearch.pairLimit else { return }
        var improved = true
        while improved {
            improved = false
            for distance in 0..<max(1, order.count) {
                for a in 0..<(order.count - distance) {
                    if isDone || effort <= least { return }
                    improved = open([order[a], order[a + distance]]) || improved
                }
            }
        }
    }
    /// Up to so many vehicles; the pairs grow with the square.
    private static let pairLimit = 12

    /// - Returns: whether the best schedule got better.
    private mutating func open(_ cars: [Int]) -> Bool {
        let cost = bestCost
        group.lift()
        group.restore(best)
        var decisions = Decisions(asScheduled: group)
        for i in cars { decisions.reopen(i, in: group) }
        if relax(decisions) < bestCost - slack { settle(decisions) }
        return bestCost < cost - 1e-6
    }

    // MARK: - Branch and bound

    private struct Branch {
        let decisions: Decisions
        let bound: Double
    }

    /// Each branch is dived into down to a schedule.
    private mutating func branch() {
        var open = [Branch(decisions: Decisions(group), bound: floor)]
        var dives = 0
        while !open.isEmpty && !isDone {
            // Mostly the newest, near where the last dive failed; now and then the most promising of all.
            dives += 1
            var chosen = open.count - 1
            if dives % 8 == 0 {
                for k in open.indices where open[k].bound < open[chosen].bound { chosen = k }
            }
            var next: Branch? = open.remove(at: chosen)
            while let here = next, !isDone {
                next = nil
                if here.bound >= bestCost - slack { break }
                let bound = max(here.bound, relax(here.decisions))
                if bound >= bestCost - slack { break }
                let doubts = doubts()
                offer()
                guard let doubt = doubts.max(by: { $0.weight < $1.weight }) else { break }
                let (yes, no) = split(here.decisions, doubt)
                let (first, second) = doubt.share >= 0.5 ? (yes, no) : (no, yes)
                next = Branch(decisions: first, bound: bound)
                open.append(Branch(decisions: second, bound: bound))
            }
            if let next { open.append(next) }
        }
    }

    private func split(_ decisions: Decisions, _ doubt: Doubt) -> (yes: Decisions, no: Decisions) {
        var (yes, no) = (decisions, decisions)
        switch doubt.kind {
        case .mode:
            let at = group.cars[doubt.car].offset + doubt.slot
            yes.modes[at] = .charges
            no.modes[at] = .rests
        case .climb:
            yes.reaches[doubt.car] = min(yes.reaches[doubt.car], doubt.slot)
            no.waits[doubt.car] = max(no.waits[doubt.car], doubt.slot + 1)
        }
        return (yes, no)
    }
}
