/// Cuts a problem into groups of nodes that hang together, solves each, and puts the answers together in a fixed order.
struct FleetSolver {
    let problem: PlanningProblem
    let options: PlanningOptions
    let warm: PlanningState?
    /// A small fleet's plan costs little to sharpen; a large one stops where the gap is met.
    let isLarge: Bool

    init(_ problem: PlanningProblem, options: PlanningOptions, warm: PlanningState?, isLarge: Bool? = nil) {
        self.problem = problem
        self.options = options
        self.warm = warm
        self.isLarge = isLarge ?? (problem.vehicles.count > 2000)
    }

    func run(isCancelled: () -> Bool, progress: (Double) -> Void) -> PlanningSolution {
        withoutActuallyEscaping(isCancelled) { isCancelled in
            changesAlone(isCancelled: isCancelled, progress: progress)
                ?? everything(isCancelled: isCancelled, progress: progress)
        }
    }

    private func everything(isCancelled: @escaping () -> Bool, progress: (Double) -> Void) -> PlanningSolution {
        let (parts, localNode) = cut()
        let pool = WorkPool(threads: options.threads, isCancelled: isCancelled)
        let total = Double(max(1, problem.vehicles.count))
        let share = isLarge ? 0.9 : 1.0
        var done = 0
        func isDone(_ k: Int) {
            done += parts[k].vehicles.count
            progress(share * Double(done) / total)
        }
        var found = [SolvedGroup?](repeating: nil, count: parts.count)
        // Each leader begins where the one before it ended, and all others where the leader most like them did.
        let tightness = isLarge ? parts.map(tightness) : []
        var known: [(tightness: Double, prices: [Double])] = []
        for k in Leaders(of: tightness).items {
            let group = solved(parts[k], localNode, from: known.last?.prices, isCancelled: pool.stop.isAsked)
            known.append((tightness[k]!, group.prices))
            found[k] = group
            isDone(k)
        }
        for k in parts.indices where isTree(parts[k]) {
            let own = Double(parts[k].vehicles.count)
            found[k] = solvedTree(parts[k], pool) { progress(share * (Double(done) + $0 * own) / total) }
            isDone(k)
        }
        let others = parts.indices.filter { found[$0] == nil }
        let answers = pool.map(others, isDone: isDone) { k, isCancelled in
            let own = isLarge ? tightness[k] : nil
            let nearest = own.flatMap { own in
                known.min { abs($0.tightness - own) < abs($1.tightness - own) }
            }
            return solved(parts[k], localNode, from: nearest?.prices, isCancelled: isCancelled)
        }
        for (k, group) in zip(others, answers) { found[k] = group }
        var groups = found.map { $0! }
        let hard = hard(groups)
        done = 0
        let effort = Double(hard.reduce(0) { $0 + parts[$1].vehicles.count })
        let again = pool.map(
            hard,
            isDone: { k in
                done += parts[k].vehicles.count
                progress(share + (1 - share) * Double(done) / effort)
            }, { solved(parts[$0], localNode, from: groups[$0].prices, isHard: true, isCancelled: $1) })
        for (k, group) in zip(hard, again) {
            let isCancelled = groups[k].isCancelled || group.isCancelled
            if group.gap < groups[k].gap { groups[k] = group }
            groups[k].isCancelled = isCancelled
        }
        if isLarge, hard.isEmpty { progress(1) }
        return conclude(parts, groups)
    }

    /// Groups that need a better method for the whole to be as near the bound as asked for: those furthest from it.
    private func hard(_ groups: [SolvedGroup]) -> [Int] {
        guard isLarge, !groups.contains(where: \.isCancelled) else { return [] }
        let scale = max(
            abs(groups.reduce(0) { $0 + $1.bound }), groups.reduce(0) { $0 + $1.turnover })
        var excess = groups.reduce(0) { $0 + $1.gap } - Self.allowed * options.gap * scale
        var hard: [Int] = []
        for k in groups.indices.sorted(by: { (groups[$0].gap, $1) > (groups[$1].gap, $0) }) {
            guard excess > 0 else { break }
            // The interior point keeps too much of a vehicle.
            guard groups[k].order.count <= Self.mostAtOnce else { continue }
            hard.append(k)
            excess -= groups[k].gap
        }
        return hard
    }
    /// Of the gap: what hard groups leave comes on top.
    static let allowed = 0.9
    private static let mostAtOnce = 20_000

    /// Puts together what came out of all parts, in their order: sums do not depend on who was ready first.
    private func conclude(_ parts: [Part], _ found: [SolvedGroup]) -> PlanningSolution {
        var schedules = [VehicleSchedule?](repeating: nil, count: problem.vehicles.count)
        let none = [[Double]](repeating: [Double](repeating: 0, count: problem.slotCount), count: problem.nodes.count)
        var (prices, highest, lowest) = (none, none, none)
        var bound = 0.0
        var passes = 0
        var isCancelled = false
        for (part, group) in zip(parts, found) {
            bound += group.bound
            passes = max(passes, group.passes)
            isCancelled = isCancelled || group.isCancelled
            for (n, index) in part.nodes.enumerated() {
                let own = (n * problem.slotCount)..<((n + 1) * problem.slotCount)
                prices[index] = Array(group.prices[own])
                highest[index] = Array(group.highest[own])
                lowest[index] = Array(group.lowest[own])
            }
            for (index, schedule) in zip(group.order, group.schedules) { schedules[index] = schedule }
        }
        return conclude(
            schedules.map { $0! }, bound: bound, prices: prices, limits: (highest, lowest), passes: passes,
            isCancelled: isCancelled, kept: 0)
    }

    /// What a single node's vehicles want of what it can give; `nil`: several nodes, or none.
    private func tightness(_ part: Part) -> Double? {
        guard part.nodes.count == 1 else { return nil }
        let room = problem.nodes[part.nodes[0]].importLimit.reduce(0) { $0 + max(0, $1) } * problem.stepHours
        return problem.wanted(by: part.vehicles) / max(room, 1e-9)
    }

    private func solved(
        _ part: Part, _ localNode: [Int], from likely: [Double]?, isHard: Bool = false,
        isCancelled: @escaping () -> Bool
    ) -> SolvedGroup {
        let group = Group(problem, vehicles: part.vehicles, nodes: part.nodes, localNode: localNode, options: options)
        let stage: GroupSolver.Stage =
            !isLarge ? .sharp : isHard ? .hard : part.nodes.count == 1 ? .quick(likely: likely) : .enough
        var solver = GroupSolver(
            group, options: options, meanPrice: meanPrice, stage: stage,
            effort: options.effort * Double(part.vehicles.count) / Double(max(1, problem.vehicles.count)))
        let start = isHard ? likely.map(group.arena.vector) : warm.flatMap { startPrices($0, group) }
        solver.run(from: start, isCancelled: isCancelled)
        return SolvedGroup(
            order: group.cars.map(\.index), schedules: group.schedules(),
            prices: solver.prices.values, highest: group.highest.values, lowest: group.lowest.values,
            bound: solver.bound,
            gap: max(0, group.objective() - solver.bound), turnover: group.turnover(meanPrice: meanPrice),
            passes: solver.passes, isCancelled: solver.wasCancelled)
    }

    /// The schedules after the last gate, with their proof.
    /// - Parameter limits: kWh, node by node: those that the bound counts, where that is known.
    func conclude(
        _ found: [VehicleSchedule], bound: Double, prices: [[Double]],
        limits: (highest: [[Double]], lowest: [[Double]])? = nil, passes: Int, isCancelled: Bool, kept: Int
    ) -> PlanningSolution {
        // Side by side: with a million vehicles each takes a second.
        let judgement = WorkPool(threads: options.threads, isCancelled: { false }).map([0, 1], isDone: { _ in }) {
            k, _ in
            k == 0
                ? (gate: PlanCheck.judged(found, in: problem), objective: 0)
                : (gate: (violations: [], loads: []), objective: PlanCheck.objective(of: found, in: problem))
        }
        let (schedules, fallback) = issuable(found, judgement[0].gate.violations)
        let objective =
            fallback == nil ? judgement[1].objective : PlanCheck.objective(of: schedules, in: problem)
        let imported = schedules.imported
        var account: PlanAccount?
        if isLarge, let limits, fallback == nil, bound.isFinite, problem.isSumOfVehicles {
            account = PlanAccount(
                objective: objective, imported: imported, loads: judgement[0].gate.loads, answers: bound,
                highest: limits.highest, lowest: limits.lowest)
            for n in prices.indices { account!.answers += account!.toll(of: n, at: prices[n]) }
        }
        return solution(
            schedules, objective: objective, imported: imported, bound: bound, prices: prices, passes: passes,
            isCancelled: isCancelled, fallback: fallback, kept: kept, account: account)
    }

    func solution(
        _ schedules: [VehicleSchedule], objective: Double, imported: Double, bound: Double, prices: [[Double]],
        passes: Int, isCancelled: Bool, fallback: PlanningSolution.Fallback?, kept: Int, account: PlanAccount?
    ) -> PlanningSolution {
        let gap = problem.gap(objective: objective, bound: bound, imported: imported)
        return PlanningSolution(
            vehicles: schedules, objective: objective, bound: min(bound, objective), gap: gap,
            isOptimal: gap <= options.gap, nodePrices: prices, passes: passes, isCancelled: isCancelled,
            fallback: fallback, kept: kept,
            state: PlanningState(
                nodePrices: prices,
                plan: .init(problem: problem, schedules: schedules, gap: gap, account: account)))
    }

    var meanPrice: Double { problem.meanPrice }

    struct Part {
        var vehicles: [Int] = []
        /// Children before parents.
        var nodes: [Int] = []
    }

    /// The groups by their root's index, vehicles without node last, and each node's index within its group. Nodes with no
    /// vehicle below are in none.
    func cut() -> (parts: [Part], localNode: [Int]) {
        var local = [Int](repeating: 0, count: problem.nodes.count)
        var members = [[Int]](repeating: [], count: problem.nodes.count + 1)
        for n in problem.nodes.indices { local[n] = problem.root(of: n) }
        let root = local
        for (v, vehicle) in problem.vehicles.enumerated() {
            members[vehicle.node.map { root[$0] } ?? problem.nodes.count].append(v)
        }
        let isUsed = nodesAbove(problem.vehicles.indices, in: problem)
        var nodes = [[Int]](repeating: [], count: problem.nodes.count + 1)
        for n in PlanningNode.leavesFirst(problem.nodes) where isUsed[n] {
            local[n] = nodes[root[n]].count
            nodes[root[n]].append(n)
        }
        let parts = zip(members, nodes).map { Part(vehicles: $0, nodes: $1) }.filter { !$0.vehicles.isEmpty }
        return (parts, local)
    }

    func startPrices(_ warm: PlanningState, _ group: Group) -> Vector? {
        guard warm.nodePrices.count == problem.nodes.count,
            group.nodes.allSatisfy({ warm.nodePrices[$0].count == problem.slotCount })
        else { return nil }
        return group.vector(warm.nodePrices)
    }
}

extension Group {
    /// Of all nodes' `prices` those of its own, node by node.
    func vector(_ prices: [[Double]]) -> Vector { arena.vector(nodes.flatMap { prices[$0] }) }
}

extension PlanningProblem {
    /// kWh that these vehicles want from the grid.
    func wanted(by vehicles: [Int]) -> Double {
        vehicles.reduce(0) { $0 + max(0, self.vehicles[$1].wanted) / self.vehicles[$1].chargeEfficiency }
    }
}

/// What came out of one group of nodes.
struct SolvedGroup: Sendable {
    /// Indices of its vehicles in the problem, and their schedules.
    let order: [Int]
    let schedules: [VehicleSchedule]
    /// Node by node, one a slot.
    let prices: [Double]
    /// kWh, as the prices: the limits that the bound counts, within what vehicles can reach.
    let highest: [Double]
    let lowest: [Double]
    let bound: Double
    /// Yuan between the cost and the bound.
    let gap: Double
    /// Yuan that its charging costs at the mean price.
    let turnover: Double
    let passes: Int
    var isCancelled: Bool
}

/// Groups that are solved before all others, from the least tight one to the tightest.
private struct Leaders {
    let items: [Int]
    private static let most = 16

    /// One in eight at most; the choice depends on nothing but the groups.
    init(of tightness: [Double?]) {
        let order = tightness.indices.filter { tightness[$0] != nil }
            .sorted { (tightness[$0]!, $0) < (tightness[$1]!, $1) }
        let count = min(Self.most, order.count / 8)
        items = (0..<count).map { order[(2 * $0 + 1) * order.count / (2 * count)] }
    }
}
