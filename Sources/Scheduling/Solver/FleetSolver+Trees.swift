// Fleets under nodes that share others (ADR 26).
extension FleetSolver {
    /// Many vehicles below nodes that share a node. Settled slots may have to be given up where a shared node is full, and chains of
    /// nodes are no tree to divide: both are left to the interior point.
    func isTree(_ part: Part) -> Bool {
        isLarge && !options.fairness && part.nodes.count > 1 && part.vehicles.count > Self.manyOfTree
            && part.vehicles.allSatisfy { problem.vehicles[$0].committed.isEmpty }
            && part.nodes.allSatisfy { depth($0) <= Self.deepest }
    }
    private static let manyOfTree = 1000
    private static let deepest = 12

    private func depth(_ node: Int) -> Int {
        var (depth, node) = (0, node)
        while depth <= Self.deepest, let parent = problem.nodes[node].parent { (depth, node) = (depth + 1, parent) }
        return depth
    }

    /// - Parameter progress: part of the work that is done, at most.
    func solvedTree(_ part: Part, _ pool: WorkPool, progress: (Double) -> Void) -> SolvedGroup {
        let method = TreeLagrangian(problem, part, options: options, pool: pool)
        method.beginFromSample { sample in
            let group = Group(
                sample, vehicles: Array(sample.vehicles.indices), nodes: Array(sample.nodes.indices),
                localNode: Array(sample.nodes.indices), options: options)
            var solver = GroupSolver(group, options: options, meanPrice: meanPrice, stage: .enough, effort: 0)
            solver.run(from: nil, isCancelled: pool.stop.isAsked)
            return sample.nodes.indices.map { n in
                (0..<sample.slotCount).map { solver.prices[n * sample.slotCount + $0] }
            }
        }
        var (bound, last, next) = (-Double.infinity, -Double.infinity, 8)
        var prices = [Double](repeating: 0, count: part.nodes.count * problem.slotCount)
        while method.rounds < Self.mostRounds, !pool.stop.isAsked() {
            method.advance()
            progress(Double(method.rounds) / Double(Self.mostRounds + 1))
            guard method.rounds == next else { continue }
            let newest = method.bound()
            if newest > bound { (bound, prices) = (newest, method.prices(of: part.nodes)) }
            let isAtRest = abs(newest - last) <= 2 * options.gap * abs(newest)
            last = newest
            next += isAtRest ? 3 : 4
            guard isAtRest, let fitted = method.fitted(isFinal: false) else { continue }
            let cost = fitted.reduce(0) { $0 + $1.cost }
            let scale = max(abs(bound), fitted.reduce(0) { $0 + $1.charged } * meanPrice)
            if cost - bound <= Self.allowed * options.gap * scale { break }
        }
        if bound == -.infinity { (bound, prices) = (method.bound(), method.prices(of: part.nodes)) }
        let fitted = method.fitted(isFinal: true) ?? method.filled()
        let limits = method.limits(of: part.nodes)
        return SolvedGroup(
            order: method.order, schedules: method.schedules(fitted), prices: prices, highest: limits.highest,
            lowest: limits.lowest, bound: bound,
            gap: max(0, fitted.reduce(0) { $0 + $1.cost } - bound),
            turnover: fitted.reduce(0) { $0 + $1.charged } * meanPrice, passes: method.rounds,
            isCancelled: pool.stop.isAsked())
    }
    private static let mostRounds = 60
}
