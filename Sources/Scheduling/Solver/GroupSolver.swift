/// Finds a schedule of one group and a bound that proves how good it is.
struct GroupSolver {
    let group: Group
    let options: PlanningOptions
    let meanPrice: Double
    let stage: Stage
    /// Operations that the search for modes may spend.
    let effort: Double

    /// How far the search goes.
    enum Stage {
        /// Far below the gap asked for: in a small fleet that costs little.
        case sharp
        /// As far as asked for.
        case enough
        /// Of many groups under one node each: as far as the quick method goes, from prices of a group like it. What is not near
        /// enough then may still be small beside all others.
        case quick(likely: [Double]?)
        /// Where that left too much.
        case hard
    }
    private var isQuick: Bool { if case .quick = stage { true } else { false } }
    /// Part of the gap asked for at which the search ends.
    private var sharpness: Double {
        switch stage {
        case .sharp: 0.05
        case .enough: 0.9
        case .quick: 1.3
        case .hard: 0.3
        }
    }

    /// Lower bound, yuan, with the linear value of what is missing, at ``prices``.
    private(set) var bound = -Double.infinity
    /// Per node and slot: the prices that give ``bound``.
    let prices: Vector
    private(set) var passes = 0
    private(set) var wasCancelled = false

    private let trial: Vector
    private let best: Group.Saved
    /// Cost of the best schedule, with the worth the solver works with.
    private var bestCost = Double.infinity
    /// The bound that belongs to it.
    private var workBound = -Double.infinity
    /// Yuan that the charging of the newest schedule costs at the mean price.
    private var turnover = 0.0

    init(_ group: Group, options: PlanningOptions, meanPrice: Double, stage: Stage, effort: Double) {
        self.group = group
        self.options = options
        self.meanPrice = meanPrice
        self.stage = stage
        self.effort = effort
        prices = group.arena.vector(group.load.count)
        trial = group.arena.vector(group.load.count)
        best = group.makeSaved()
    }

    mutating func run(from start: Vector?, isCancelled: @escaping () -> Bool) {
        group.takeAnswers(to: nil)
        turnover = group.turnover(meanPrice: meanPrice)
        if options.fairness {
            learn(prices)
        } else {
            // Without prices, what the answers cost is the bound.
            bound = group.objective()
            workBound = bound
        }
        // Where nobody is in anybody's way the answers to the true prices are the optimum.
        if group.worstExcess() > Group.tolerance {
            if let start {
                trial.copy(from: start)
                learn(trial)
                group.takeAnswers(to: trial)
                improve()
            }
            if case .quick(let likely) = stage {
                if !isGoodEnough { lagrangian(start, likely, isCancelled) }
                if bestCost == .infinity { interiorPoint(isCancelled) }
            } else if !isGoodEnough {
                interiorPoint(isCancelled)
            }
            takeBest()
        }
        group.save(best)
        group.finish(prices: prices)
        if !group.canBeIssued { group.fillOneByOne() }
        if !isQuick { searchModes(isCancelled) }
        group.settleTies(options)
    }

    /// Where what is not convex costs more than the gap asked for: all vehicles' modes together.
    private func searchModes(_ isCancelled: @escaping () -> Bool) {
        let slack = max(max(sharpness, 0.3) * options.gap * scale, 1e-9)
        guard group.workCost() - workBound > slack, group.canBeIssued else { return }
        var search = JointSearch(
            group, method: InteriorPoint(group), continuous: best, bound: workBound, slack: slack,
            effort: effort,
            isCancelled: isCancelled)
        search.run()
    }

    private func takeBest() {
        if bestCost < .infinity {
            group.restore(best)
        } else {
            // Stopped before any step gave a schedule: first come, first served is one, if not a fair one.
            group.startFromNothing()
        }
        group.redispatch(rounds: isQuick ? 1 : 4)
    }

    private mutating func lagrangian(
        _ start: Vector?, _ likely: [Double]?, _ isCancelled: @escaping () -> Bool
    ) {
        let method = NodeLagrangian(group)
        if let start {
            method.start(at: start)
        } else if let likely {
            for (t, price) in likely.enumerated() { trial[t] = price }
            method.start(at: trial)
        }
        var last = -Double.infinity
        while method.passes < min(Self.mostRounds, options.maxPasses) {
            if isCancelled() {
                wasCancelled = true
                return
            }
            method.advance()
            passes = method.passes
            guard passes >= 4, passes % 2 == 0 else { continue }
            method.writePrices(trial)
            let newest = learn(trial)
            // To make a schedule fit costs more than to prove something of it: only where prices have come to rest, or at the end.
            let isAtRest = abs(newest - last) <= Self.rest * options.gap * scale
            last = newest
            if !isGoodEnough, isAtRest || passes == Self.mostRounds {
                method.writeSchedule(to: group)
                improve()
            }
            if isGoodEnough { return }
        }
    }
    /// Parts of the gap by which the bound may still have moved.
    private static let rest = 2.0
    private static let mostRounds = 24

    private mutating func interiorPoint(_ isCancelled: @escaping () -> Bool) {
        let method = InteriorPoint(group)
        var stale = 0
        while method.steps < options.maxPasses {
            if isCancelled() {
                wasCancelled = true
                break
            }
            let moves = method.advance()
            passes = method.steps
            guard method.complementarity <= 8 * options.gap * scale || !moves else { continue }
            let (cost, limit) = (bestCost, workBound)
            method.writePrices(trial)
            learn(trial)
            method.writeSchedule()
            improve()
            if isGoodEnough || !moves { break }
            stale = bestCost < cost || workBound > limit || bestCost == .infinity ? 0 : stale + 1
            if stale == 6 { break }
        }
    }

    /// Yuan to which gaps are compared.
    private var scale: Double { max(workBound.isFinite ? abs(workBound) : 0, turnover, 1e-9) }

    /// Whether the gap is small enough to end the search.
    private var isGoodEnough: Bool {
        bestCost - workBound <= max(sharpness * options.gap * scale, 1e-9)
    }

    /// Takes the bound at `candidate` if it is higher. The bound there.
    @discardableResult private mutating func learn(_ candidate: Vector) -> Double {
        let linear = group.lowerBound(candidate, linear: true)
        if linear > bound {
            bound = linear
            if candidate.count > 0 { prices.copy(from: candidate) }
        }
        workBound = max(
            workBound, options.fairness ? group.lowerBound(candidate, linear: false) : linear)
        return linear
    }

    /// Makes the group's schedule fit and keeps it if it is the best so far.
    private mutating func improve() {
        group.trim()
        group.redispatch(rounds: 1)
        turnover = group.turnover(meanPrice: meanPrice)
        keepIfBetter()
    }

    private mutating func keepIfBetter() {
        let cost = group.workCost()
        guard cost < bestCost, group.worstExcess() <= Group.tolerance else { return }
        bestCost = cost
        group.save(best)
    }
}
