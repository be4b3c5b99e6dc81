/// Goes on with a plan of which a few vehicles changed, came or left, at prices and limits that are what they were.
///
/// They are placed first in the room that all others leave. Where that costs more than the gap allows, or does not fit, all
/// vehicles of their node choose anew. Cost, loads and bound are the earlier ones, moved by what these vehicles differ
/// (``PlanAccount``), and only they and the nodes above them are checked: all others were.
struct VehicleChange {
    private let solver: FleetSolver
    private let pool: WorkPool
    private let plan: PlanningState.Plan
    private let changes: Changes
    private var prices: [[Double]]
    private var account: PlanAccount
    private var schedules: [VehicleSchedule] = []
    /// Whether each node has a vehicle below that changed, came or left.
    private let isTouched: [Bool]
    private var problem: PlanningProblem { solver.problem }

    init(
        solver: FleetSolver, pool: WorkPool, plan: PlanningState.Plan, changes: Changes, prices: [[Double]],
        account: PlanAccount
    ) {
        self.solver = solver
        self.pool = pool
        self.plan = plan
        self.changes = changes
        self.prices = prices
        self.account = account
        isTouched = zip(
            solver.nodesAbove(changes.open, in: solver.problem), solver.nodesAbove(changes.gone, in: plan.problem)
        ).map { $0 || $1 }
    }

    /// - Returns: `nil` when everything has to be solved.
    mutating func run(isCancelled: @escaping () -> Bool, progress: (Double) -> Void) -> PlanningSolution? {
        let none = VehicleSchedule(net: [], undelivered: 0, binding: [])
        schedules = changes.earlier.map { $0 < 0 ? none : plan.schedules[$0] }
        let left = appraised(changes.gone, in: plan.problem, plan.schedules)
        book(changes.gone, in: plan.problem, plan.schedules, left, sign: -1)
        let placed = place()
        progress(0.3)

        var moved = changes.open
        var passes = 0
        let crowded = crowded(regrets(placed))
        if crowded.contains(true) {
            let all = vehicles(at: crowded)
            guard 2 * all.count < problem.vehicles.count,
                let steps = chooseAnew(all, isCancelled: isCancelled, progress: { progress(0.3 + 0.7 * $0) })
            else { return nil }
            passes = steps
            moved += all
        }
        moved = Set(moved).sorted()
        let above = solver.nodesAbove(moved, in: problem)
        let nodes = problem.nodes.indices.filter { above[$0] || isTouched[$0] }
        guard
            PlanCheck.violations(of: moved, schedules, below: nodes, account.loads, in: problem).isEmpty
        else { return nil }
        progress(1)
        let solution = solver.solution(
            schedules, objective: account.objective, imported: account.imported, bound: account.bound(at: prices),
            prices: prices, passes: passes, isCancelled: false, fallback: nil,
            kept: problem.vehicles.count - moved.count, account: account)
        return solver.isAsGood(solution, as: plan) ? solution : nil
    }

    /// One changed vehicle after the other takes the best of what is left, the least flexible one first.
    private mutating func place() -> [NodeAppraisal] {
        let rest = solver.rest(changes.open, beside: account.loads)
        let (parts, localNode) = FleetSolver(rest, options: solver.options, warm: nil).cut()
        let options = solver.options
        let found = pool.map(Array(parts.indices), isDone: { _ in }) { k, _ in
            let group = Group(
                rest, vehicles: parts[k].vehicles, nodes: parts[k].nodes, localNode: localNode, options: options)
            group.startFromNothing()
            group.redispatch(rounds: 2)
            group.finish(prices: group.arena.vector(group.load.count))
            if !group.canBeIssued { group.fillOneByOne() }
            group.settleTies(options)
            return (order: group.cars.map(\.index), schedules: group.schedules())
        }
        for part in found {
            for (index, schedule) in zip(part.order, part.schedules) { schedules[changes.open[index]] = schedule }
        }
        let placed = appraised(changes.open, in: problem, schedules)
        book(changes.open, in: problem, schedules, placed, sign: 1)
        widen(by: changes.open)
        return placed
    }

    /// Yuan at each node by which its changed vehicles, as they are placed, and room that is paid for and not used add to the gap.
    private func regrets(_ placed: [NodeAppraisal]) -> [Double] {
        var regrets = [Double](repeating: 0, count: problem.nodes.count)
        for one in placed {
            if let node = one.node { regrets[node] = max(0, one.appraisal.regret) }
        }
        for n in Set(changes.gone.compactMap { plan.problem.vehicles[$0].node }).union(placed.compactMap(\.node)) {
            regrets[n] += max(0, account.unused(n, at: prices[n]))
        }
        return regrets
    }

    /// Nodes at which that is too much, or whose vehicles find no room.
    private func crowded(_ regrets: [Double]) -> [Bool] {
        var members = [Int](repeating: 0, count: problem.nodes.count)
        for vehicle in problem.vehicles {
            if let node = vehicle.node { members[node] += 1 }
        }
        let bound = account.bound(at: prices)
        let scale = max(abs(bound), account.imported * solver.meanPrice)
        let each = Self.allowed * solver.options.gap * scale / Double(problem.vehicles.count)
        var excess = account.objective - bound - solver.options.gap * scale * FleetSolver.allowed
        var isCrowded = [Bool](repeating: false, count: problem.nodes.count)
        for n in problem.nodes.indices where members[n] > 0 {
            guard regrets[n] > each * Double(members[n]) || isTouched[n] && isOverloaded(n) else { continue }
            isCrowded[n] = true
            excess -= regrets[n]
        }
        // The worst of the others, until the whole is as near its bound as asked for.
        let others = problem.nodes.indices.filter { !isCrowded[$0] && members[$0] > 0 && regrets[$0] > 0 }
        for n in others.sorted(by: { (regrets[$1], $0) < (regrets[$0], $1) }) {
            guard excess > 0 else { break }
            isCrowded[n] = true
            excess -= regrets[n]
        }
        return isCrowded
    }
    /// Of the gap that a node of average vehicles may have: the whole may not hide what one driver loses.
    private static let allowed = 1.3

    /// Whether a limit of the node or of one above it is not kept.
    private func isOverloaded(_ node: Int) -> Bool {
        let violations = PlanCheck.violations(
            of: [], schedules, below: sequence(first: node) { problem.nodes[$0].parent }, account.loads, in: problem)
        return !violations.isEmpty
    }

    private func vehicles(at nodes: [Bool]) -> [Int] {
        problem.vehicles.indices.filter { v in problem.vehicles[v].node.map { nodes[$0] } ?? false }
    }

    /// - Returns: steps of the solver; `nil` where it was stopped or refused.
    private mutating func chooseAnew(
        _ vehicles: [Int], isCancelled: @escaping () -> Bool, progress: (Double) -> Void
    ) -> Int? {
        let before = appraised(vehicles, in: problem, schedules)
        book(vehicles, in: problem, schedules, before, sign: -1)
        let part = FleetSolver(
            solver.rest(vehicles, beside: account.loads), options: solver.options,
            warm: PlanningState(nodePrices: prices), isLarge: solver.isLarge
        ).run(isCancelled: isCancelled, progress: progress)
        guard !part.isCancelled, part.fallback == nil else { return nil }
        for (v, schedule) in zip(vehicles, part.vehicles) { schedules[v] = schedule }
        let earlier = prices
        // Prices of a node with nodes below stay: others than these vehicles answer to them.
        let parents = Set(problem.nodes.compactMap(\.parent))
        let leaves = before.map { one in one.node.flatMap { parents.contains($0) ? nil : $0 } }
        for case let node? in leaves { prices[node] = part.nodePrices[node] }
        var after = appraised(vehicles, in: problem, schedules)
        // Whichever prices prove more.
        for (k, leaf) in leaves.enumerated() {
            guard let node = leaf else { continue }
            let old = before[k].appraisal.answers - account.toll(of: node, at: earlier[node])
            let new = after[k].appraisal.answers - account.toll(of: node, at: prices[node])
            guard old > new else { continue }
            prices[node] = earlier[node]
            after[k].appraisal.answers = before[k].appraisal.answers
        }
        book(vehicles, in: problem, schedules, after, sign: 1)
        return part.passes
    }

    // MARK: - The account

    struct NodeAppraisal: Sendable {
        let node: Int?
        var appraisal: Appraisal
    }

    /// Of `vehicles` with `schedules`, node by node.
    private func appraised(
        _ vehicles: [Int], in problem: PlanningProblem, _ schedules: [VehicleSchedule]
    ) -> [NodeAppraisal] {
        let members = Dictionary(grouping: vehicles) { problem.vehicles[$0].node ?? -1 }
        let nodes = members.keys.sorted()
        let chunks = stride(from: 0, to: nodes.count, by: Self.atOnce).map {
            nodes[$0..<min($0 + Self.atOnce, nodes.count)]
        }
        let (prices, late) = (self.prices, solver.options.preference == .late)
        return pool.map(Array(chunks.indices), isDone: { _ in }) { k, _ in
            let appraiser = Appraiser(problem, late: late)
            return chunks[k].map { n in
                let node = n < 0 ? nil : n
                return NodeAppraisal(
                    node: node, appraisal: appraiser.appraise(members[n]!, at: node, prices) { schedules[$0] })
            }
        }.flatMap { $0 }
    }
    /// Nodes that one piece of work appraises.
    private static let atOnce = 64

    private mutating func book(
        _ vehicles: [Int], in problem: PlanningProblem, _ schedules: [VehicleSchedule], _ appraisals: [NodeAppraisal],
        sign: Double
    ) {
        var sum = Appraisal()
        for one in appraisals { sum += one.appraisal }
        account.objective += sign * sum.cost
        account.imported += sign * sum.imported
        account.answers += sign * sum.answers
        for v in vehicles { problem.add(schedules[v], of: problem.vehicles[v], to: &account.loads, sign: sign) }
    }

    /// Lets the limits that the bound counts reach as far as `vehicles` may add to what was there.
    private mutating func widen(by vehicles: [Int]) {
        let hours = problem.stepHours
        for v in vehicles {
            let vehicle = problem.vehicles[v]
            var node = vehicle.node
            while let n = node {
                let limits = problem.nodes[n]
                for t in vehicle.slots {
                    let present = vehicle.presence(t) * hours
                    let most = account.highest[n][t] + vehicle.maxCharge * present
                    account.highest[n][t] = min(max(0, limits.importLimit[t]) * hours, most)
                    let least = account.lowest[n][t] - vehicle.mostDischarge(t) * present
                    account.lowest[n][t] = max(-(limits.exportLimit.map { max(0, $0[t]) } ?? .infinity) * hours, least)
                }
                node = limits.parent
            }
        }
    }
}
