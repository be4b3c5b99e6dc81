/// Plans with budgets of energy given back (``PlanningVehicle/dischargeBudget``).
///
/// A budget of one vehicle couples its slots: a price on each kWh that it gives back, added to its wear, stands for it. At any
/// prices of nodes the right one is found by halving, since what a vehicle gives back falls as the price rises; the plan's
/// bound less what the budgets would earn at those prices holds for the problem with budgets. What is issued comes from a second
/// plan in which whoever gave too much may give in its best slots alone, and there no more than its budget.
struct BudgetSearch {
    let problem: PlanningProblem
    let options: PlanningOptions
    /// How a kWh given back is worth it: behind one meter what import costs.
    private let priced: PlanningProblem
    /// Whether some base load is above a limit: what is left of it costs nothing, so bounds must not count on its being covered.
    private let hasCovers: Bool
    /// Vehicles that could give back more than they may.
    private let bound: [Int]
    /// Yuan/kWh that each vehicle's wear is raised by.
    private var prices: [Double]
    /// What each in ``bound`` would give back just below its price, kWh below zero in each slot of its stay.
    private var patterns: [Int: [Double]] = [:]
    private var wasCancelled = false

    /// - Returns: `nil` where no budget can be too small.
    init?(_ problem: PlanningProblem, options: PlanningOptions) {
        let bound = problem.vehicles.indices.filter { v in
            let vehicle = problem.vehicles[v]
            guard vehicle.maxDischarge > 0, vehicle.dischargeBudget < .infinity else { return false }
            let most = vehicle.slots.reduce(0) { $0 + vehicle.mostDischarge($1) * vehicle.presence($1) }
            return most * problem.stepHours > vehicle.dischargeBudget
        }
        if bound.isEmpty { return nil }
        self.problem = problem
        self.options = options
        self.bound = bound
        var priced = problem
        for n in priced.nodes.indices {
            if case .behindMeter = priced.nodes[n].settlement { priced.nodes[n].settlement = .atBuyPrice }
        }
        self.priced = priced
        hasCovers = problem.nodes.contains { $0.importLimit.contains { $0 < 0 } }
        prices = [Double](repeating: 0, count: problem.vehicles.count)
    }

    /// Vehicles' own limits and wear, without budgets.
    private var free: PlanningProblem {
        var free = problem
        for v in bound {
            free.vehicles[v].dischargeBudget = .infinity
            free.vehicles[v].wear += prices[v]
        }
        return free
    }

    mutating func run(
        warm: PlanningState?, isCancelled: () -> Bool, progress: (Double) -> Void
    ) -> PlanningSolution {
        var best: PlanningSolution?
        var proof: (bound: Double, nodePrices: [[Double]]) = (-.infinity, [])
        var state = warm
        for round in 0..<Self.mostRounds {
            func share(_ part: Double) { progress((Double(round) + part) / Double(Self.mostRounds)) }
            let loose = solveWithDevices(free, options: options, warm: state, isCancelled: isCancelled) {
                share($0 / 2)
            }
            state = PlanningState(nodePrices: loose.nodePrices)
            wasCancelled = wasCancelled || loose.isCancelled
            let lower =
                proven(loose, state, isCancelled)
                - bound.reduce(0) { $0 + prices[$1] * problem.vehicles[$1].dischargeBudget }
            if lower > proof.bound { proof = (lower, loose.nodePrices) }
            // With nobody's wear raised and nobody beyond a budget it is the plan.
            if prices.allSatisfy({ $0 == 0 }),
                bound.allSatisfy({ loose.vehicles[$0].givenBack <= problem.vehicles[$0].dischargeBudget })
            {
                progress(1)
                return loose
            }
            let kept = solveWithDevices(
                confined(to: loose.vehicles), options: options, warm: state, isCancelled: isCancelled
            ) { share(0.5 + $0 / 2) }
            wasCancelled = wasCancelled || kept.isCancelled
            if best.map({ rank(kept) < rank($0) }) ?? true { best = kept }
            let gap = problem.gap(
                objective: best!.objective, bound: proof.bound, imported: best!.vehicles.imported)
            if gap <= FleetSolver.allowed * options.gap || loose.isCancelled || kept.isCancelled { break }
            let before = prices
            reprice(at: kept.nodePrices)
            if before == prices { break }
        }
        progress(1)
        return found(best!, proof)
    }
    private static let mostRounds = 16

    /// What is left above limits, watt-hours, and then what it costs.
    private func rank(_ solution: PlanningSolution) -> (Int, Double) {
        guard hasCovers else { return (0, solution.objective) }
        let left = zip(problem.nodes, problem.nodeLoads(solution.vehicles)).reduce(0.0) { sum, pair in
            zip(pair.0.importLimit, pair.1).reduce(sum) { $0 + ($1.0 < 0 ? max(0, $1.1 - $1.0) : 0) }
        }
        return (Int(left * problem.stepHours * 1000), solution.objective)
    }

    /// Yuan below which no schedule lies, whatever it leaves above limits.
    private func proven(_ loose: PlanningSolution, _ state: PlanningState?, _ isCancelled: () -> Bool) -> Double {
        guard hasCovers else { return loose.bound }
        var uncovered = free
        for n in uncovered.nodes.indices {
            for t in 0..<problem.slotCount {
                uncovered.nodes[n].importLimit[t] = max(0, uncovered.nodes[n].importLimit[t])
            }
        }
        return solveWithDevices(uncovered, options: options, warm: state, isCancelled: isCancelled, progress: { _ in })
            .bound
    }

    /// The problem in which whoever has a budget gives back where `schedules` say so, in the slots that pay most and as much as
    /// it may.
    private func confined(to schedules: [VehicleSchedule]) -> PlanningProblem {
        var confined = problem
        let hours = problem.stepHours
        for v in bound {
            let vehicle = problem.vehicles[v]
            let sell = vehicle.node.map { priced.sellPrices(under: priced.root(of: $0)) } ?? problem.sellPrice
            // Just at its price a vehicle may as well give less than it may: then where it would give more.
            let gives = schedules[v].givenBack >= vehicle.dischargeBudget - 1e-6
            let net = gives ? schedules[v].net : patterns[v] ?? schedules[v].net
            var left = vehicle.dischargeBudget
            var ceiling = [Double](repeating: 0, count: vehicle.slots.count)
            let order = net.indices.filter { net[$0] < 0 }.sorted { a, b in
                let (x, y) = (sell[vehicle.slots.lowerBound + a], sell[vehicle.slots.lowerBound + b])
                return (y, a) < (x, b)
            }
            for j in order {
                let give = min(left, -net[j])
                ceiling[j] = give / (hours * vehicle.presence(vehicle.slots.lowerBound + j))
                left -= give
            }
            confined.vehicles[v].dischargeCeiling = ceiling
            confined.vehicles[v].dischargeBudget = .infinity
        }
        return confined
    }

    /// For each budget the price at which the vehicle gives back what it may, at prices of nodes.
    private mutating func reprice(at nodePrices: [[Double]]) {
        var own = priced
        own.vehicles = bound.map { problem.vehicles[$0] }
        let solver = FleetSolver(own, options: options, warm: nil)
        let (parts, localNode) = solver.cut()
        for part in parts {
            let group = Group(own, vehicles: part.vehicles, nodes: part.nodes, localNode: localNode, options: options)
            let vector = group.vector(nodePrices)
            for n in -1..<group.nodes.count where !group.carsByNode[n + 1].isEmpty {
                group.setPrices(above: n, vector)
                for i in group.carsByNode[n + 1] {
                    let car = group.cars[i]
                    let v = bound[car.index]
                    prices[v] = price(of: car, in: group, problem.vehicles[v].dischargeBudget)
                    patterns[v] = (0..<car.count).map { -group.response.discharge[$0] }
                }
            }
        }
    }

    /// Leaves the answer just below it in the group's response.
    private func price(of car: Car, in group: Group, _ budget: Double) -> Double {
        func given(_ price: Double) -> Double {
            group.freeLimits(car)
            _ = group.response.respond(car.wearing(price))
            return group.response.discharge.sum(car.count)
        }
        if given(0) <= budget { return 0 }
        var (low, high) = (0.0, 1.0)
        while given(high) > budget, high < Self.dearest { high *= 4 }
        for _ in 0..<Self.halvings {
            let middle = 0.5 * (low + high)
            if given(middle) > budget { low = middle } else { high = middle }
        }
        _ = given(low)
        return high
    }
    private static let dearest = 1e6
    private static let halvings = 40

    private func found(
        _ best: PlanningSolution, _ proof: (bound: Double, nodePrices: [[Double]])
    ) -> PlanningSolution {
        let bound = min(best.objective, proof.bound)
        let gap = problem.gap(objective: best.objective, bound: bound, imported: best.vehicles.imported)
        return PlanningSolution(
            vehicles: best.vehicles, objective: best.objective, bound: bound, gap: gap,
            isOptimal: gap <= options.gap, nodePrices: proof.nodePrices, passes: best.passes,
            isCancelled: wasCancelled, fallback: best.fallback, kept: best.kept, state: best.state)
    }
}

extension VehicleSchedule {
    /// kWh at the EVSE.
    var givenBack: Double { net.reduce(0) { $0 - min(0, $1) } }
}
