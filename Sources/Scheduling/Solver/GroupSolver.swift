/// Finds a schedule of one group and a bound that proves how good it is.
struct GroupSolver {
    let group: Group
    let options: PlanningOptions
    let meanPrice: Double
    /// Part of the gap asked for at which the search ends.
    let sharpness: Double
    /// Operations that the search for modes may spend.
    let effort: Double
    /// One of many groups whose plan need only meet the gap.
    let isOfMany: Bool
    /// Prices of a group like it, to begin near the answer.
    let likely: [Double]?

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

    init(
        _ group: Group, options: PlanningOptions, meanPrice: Double, sharpness: Double, effort: Double,
        isOfMany: Bool = false, likely: [Double]? = nil
    ) {
        self.effort = effort
        self.isOfMany = isOfMany
        self.likely = likely
        self.group = group
        self.options = options
        self.meanPrice = meanPrice
        self.sharpness = sharpness
        prices = group.arena.vector(group.load.count)
        trial = group.arena.vector(group.load.count)
        best = group.makeSaved()
    }

    mutating func run(from start: Vector?, isCancelled: @escaping () -> Bool) {
        group.takeAnswers(to: nil)
        learn(prices)
        // Where nobody is in anybody's way the answers to the true prices are the optimum.
        if group.worstExcess() > Group.tolerance {
            if let start {
                trial.copy(from: start)
                learn(trial)
                group.takeAnswers(to: trial)
                improve()
            }
            if !isGoodEnough, isOfMany, group.nodes.count == 1 { lagrangian(start, isCancelled) }
            if !isGoodEnough { interiorPoint(isCancelled) }
            takeBest()
        }
        group.save(best)
        group.finish(prices: prices)
        if !group.canBeIssued { group.fillOneByOne() }
        searchModes(isCancelled)
        group.settleTies(options)
    }

    /// Where what is not convex costs more than the gap asked for: all vehicles' modes together.
    private func searchModes(_ isCancelled: @escaping () -> Bool) {
        let slack = max(
            max(sharpness, 0.3) * options.gap * max(abs(workBound), group.turnover(meanPrice: meanPrice)), 1e-9)
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
        group.redispatch(rounds: 4)
    }

    /// Of many vehicles under one node: quick, and where it does not come near enough the interior point goes on.
    private mutating func lagrangian(_ start: Vector?, _ isCancelled: @escaping () -> Bool) {
        let method = NodeLagrangian(group)
        if let start {
            method.start(at: start)
        } else if let likely {
            for (t, price) in likely.enumerated() { trial[t] = price }
            method.start(at: trial)
        }
        while method.passes < min(40, options.maxPasses), !isCancelled() {
            method.advance()
            passes = method.passes
            guard passes >= 4, passes % 2 == 0 else { continue }
            method.writePrices(trial)
            learn(trial)
            // To make a schedule fit costs more than to prove something of it.
            if !isGoodEnough, passes % 4 == 0 || passes == 6 {
                method.writeSchedule()
                improve()
            }
            if isGoodEnough { return }
        }
    }

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
            let scale = max(
                abs(workBound.isFinite ? workBound : 0), group.turnover(meanPrice: meanPrice), 1e-6)
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

    /// Whether the gap is small enough to end the search.
    private var isGoodEnough: Bool {
        let scale = max(abs(workBound), group.turnover(meanPrice: meanPrice), 1e-9)
        return bestCost - workBound <= max(sharpness * options.gap * scale, 1e-9)
    }

    /// Takes the bound at `candidate` if it is higher.
    private mutating func learn(_ candidate: Vector) {
        let linear = group.lowerBound(candidate, linear: true)
        if linear > bound {
            bound = linear
            if candidate.count > 0 { prices.copy(from: candidate) }
        }
        workBound = max(
            workBound, options.fairness ? group.lowerBound(candidate, linear: false) : linear)
    }

    /// Makes the group's schedule fit and keeps it if it is the best so far.
    private mutating func improve() {
        group.trim()
        group.redispatch(rounds: 1)
        keepIfBetter()
    }

    private mutating func keepIfBetter() {
        let cost = group.workCost()
        guard cost < bestCost, group.worstExcess() <= Group.tolerance else { return }
        bestCost = cost
        group.save(best)
    }
}
