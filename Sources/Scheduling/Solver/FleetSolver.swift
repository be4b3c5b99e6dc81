/// Cuts a problem into groups of nodes that hang together, solves each, and puts the answers together in a fixed order.
struct FleetSolver {
    let problem: PlanningProblem
    let options: PlanningOptions
    let warm: PlanningState?

    init(_ problem: PlanningProblem, options: PlanningOptions, warm: PlanningState?) {
        self.problem = problem
        self.options = options
        self.warm = warm
    }

    func run(isCancelled: () -> Bool, progress: (Double) -> Void) -> PlanningSolution {
        withoutActuallyEscaping(isCancelled) { isCancelled in
            changesAlone(isCancelled: isCancelled, progress: progress)
                ?? everything(isCancelled: isCancelled, progress: progress)
        }
    }

    private func everything(isCancelled: @escaping () -> Bool, progress: (Double) -> Void) -> PlanningSolution {
        let (parts, localNode) = cut()
        let total = Double(max(1, problem.vehicles.count))
        var schedules = [VehicleSchedule?](repeating: nil, count: problem.vehicles.count)
        var prices = [[Double]](
            repeating: [Double](repeating: 0, count: problem.slotCount), count: problem.nodes.count)
        var bound = 0.0
        var passes = 0
        var (done, cancelled) = (0, false)
        let found = GroupPool(threads: options.threads).solve(
            parts.count, isCancelled: isCancelled,
            progress: { k in
                done += parts[k].vehicles.count
                progress(Double(done) / total)
            }, with: { solved(parts[$0], localNode, likely: $1, isCancelled: $2) })
        // In the order of the parts: sums do not depend on who was ready first.
        for (part, group) in zip(parts, found) {
            bound += group.bound
            passes = max(passes, group.passes)
            cancelled = cancelled || group.isCancelled
            for (n, index) in part.nodes.enumerated() {
                prices[index] = Array(group.prices[(n * problem.slotCount)..<((n + 1) * problem.slotCount)])
            }
            for (index, schedule) in zip(group.order, group.schedules) { schedules[index] = schedule }
        }
        return conclude(
            schedules.map { $0! }, bound: bound, prices: prices, passes: passes, isCancelled: cancelled, kept: 0)
    }

    private func solved(
        _ part: Part, _ localNode: [Int], likely: [Double]?, isCancelled: @escaping () -> Bool
    ) -> SolvedGroup {
        // A small fleet's plan costs little to sharpen; a large one stops where the gap is met.
        let isLarge = problem.vehicles.count > 2000
        let group = Group(problem, vehicles: part.vehicles, nodes: part.nodes, localNode: localNode, options: options)
        var solver = GroupSolver(
            group, options: options, meanPrice: meanPrice, sharpness: isLarge ? 0.9 : 0.05,
            effort: options.effort * Double(part.vehicles.count) / Double(max(1, problem.vehicles.count)),
            isOfMany: isLarge, likely: likely)
        solver.run(from: warm.flatMap { startPrices($0, group) }, isCancelled: isCancelled)
        return SolvedGroup(
            order: group.cars.map(\.index), schedules: group.schedules(),
            prices: (0..<solver.prices.count).map { solver.prices[$0] }, bound: solver.bound, passes: solver.passes,
            isCancelled: solver.wasCancelled, isAlone: part.nodes.count == 1)
    }

    /// The schedules after the last gate, with their proof.
    func conclude(
        _ found: [VehicleSchedule], bound: Double, prices: [[Double]], passes: Int, isCancelled: Bool, kept: Int
    ) -> PlanningSolution {
        let (schedules, fallback) = issuable(found)
        let objective = PlanCheck.objective(of: schedules, in: problem)
        let imported = schedules.reduce(0) { $0 + $1.net.reduce(0) { $0 + max(0, $1) } }
        let difference = max(0, objective - bound)
        let scale = max(abs(bound), imported * meanPrice)
        let gap = difference <= 1e-9 ? 0 : difference / max(scale, 1e-9)
        return PlanningSolution(
            vehicles: schedules, objective: objective, bound: min(bound, objective), gap: gap,
            isOptimal: gap <= options.gap, nodePrices: prices, passes: passes, isCancelled: isCancelled,
            fallback: fallback, kept: kept,
            state: PlanningState(nodePrices: prices, plan: .init(problem: problem, schedules: schedules, gap: gap)))
    }

    var meanPrice: Double { abs(problem.buyPrice.reduce(0, +) / Double(max(1, problem.slotCount))) }

    struct Part {
        var vehicles: [Int] = []
        /// Children before parents.
        var nodes: [Int] = []
    }

    /// The groups by their root's index, vehicles without node last, and each node's index within its group.
    func cut() -> (parts: [Part], localNode: [Int]) {
        var depth = [Int](repeating: 0, count: problem.nodes.count)
        var root = Array(problem.nodes.indices)
        for n in problem.nodes.indices {
            var m = n
            while let parent = problem.nodes[m].parent {
                m = parent
                depth[n] += 1
                precondition(depth[n] <= problem.nodes.count, "grid nodes form a forest")
            }
            root[n] = m
        }
        var parts: [Part] = []
        var partOfRoot: [Int: Int] = [:]
        for n in problem.nodes.indices where root[n] == n {
            partOfRoot[n] = parts.count
            parts.append(Part())
        }
        let free = parts.count
        parts.append(Part())
        for n in problem.nodes.indices.sorted(by: { (depth[$0], $1) > (depth[$1], $0) }) {
            parts[partOfRoot[root[n]]!].nodes.append(n)
        }
        for (i, vehicle) in problem.vehicles.enumerated() {
            parts[vehicle.node.map { partOfRoot[root[$0]]! } ?? free].vehicles.append(i)
        }
        var local = [Int](repeating: 0, count: problem.nodes.count)
        for part in parts {
            for (k, n) in part.nodes.enumerated() { local[n] = k }
        }
        return (parts.filter { !$0.vehicles.isEmpty }, local)
    }

    func startPrices(_ warm: PlanningState, _ group: Group) -> Vector? {
        guard warm.nodePrices.count == problem.nodes.count else { return nil }
        let start = group.arena.vector(group.load.count)
        for (n, index) in group.nodes.enumerated() {
            guard warm.nodePrices[index].count == problem.slotCount else { return nil }
            for t in 0..<problem.slotCount {
                start[n * problem.slotCount + t] = warm.nodePrices[index][t]
            }
        }
        return start
    }
}
