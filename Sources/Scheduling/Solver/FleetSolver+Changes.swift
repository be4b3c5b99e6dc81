// Rolling on: what did not change keeps its schedule; the rest is solved in the room that it leaves.
extension FleetSolver {
    /// - Returns: `nil` when everything has to be solved.
    func changesAlone(isCancelled: @escaping () -> Bool, progress: (Double) -> Void) -> PlanningSolution? {
        guard let warm, let plan = warm.plan else { return nil }
        let pool = WorkPool(threads: options.threads, isCancelled: isCancelled)
        guard let changes = Changes(since: plan, in: problem, pool), changes.open.count < problem.vehicles.count else {
            return nil
        }
        if isLarge, let account = plan.account, changes.isOfVehiclesAlone, !options.fairness {
            var change = VehicleChange(
                solver: self, pool: pool, plan: plan, changes: changes, prices: warm.nodePrices, account: account)
            return change.run(isCancelled: isCancelled, progress: progress)
        }
        return changedNodes(changes, plan, warm.nodePrices, isCancelled: isCancelled, progress: progress)
    }

    /// Solves the nodes alone whose inputs changed since the earlier plan, at the prices that the nodes above had. The
    /// proof is that of the whole problem; where it is not good enough, because a limit above binds another way now,
    /// everything has to be solved.
    private func changedNodes(
        _ changes: Changes, _ plan: PlanningState.Plan, _ earlierPrices: [[Double]],
        isCancelled: @escaping () -> Bool, progress: (Double) -> Void
    ) -> PlanningSolution? {
        var touched = Set(changes.open.compactMap { problem.vehicles[$0].node })
        for o in changes.gone {
            if let node = plan.problem.vehicles[o].node { touched.insert(node) }
        }
        let kept = zip(problem.vehicles, changes.earlier).map { vehicle, o in
            o >= 0 && vehicle.node.map { !touched.contains($0) } ?? true ? plan.schedules[o] : nil
        }
        guard kept.contains(where: { $0 != nil }) else { return nil }
        var loads = [[Double]](
            repeating: [Double](repeating: 0, count: problem.slotCount), count: problem.nodes.count)
        for (vehicle, schedule) in zip(problem.vehicles, kept) {
            if let schedule { problem.add(schedule, of: vehicle, to: &loads) }
        }
        let open = problem.vehicles.indices.filter { kept[$0] == nil }
        let part = FleetSolver(
            rest(open, beside: loads), options: options, warm: PlanningState(nodePrices: earlierPrices)
        )
        .run(isCancelled: isCancelled, progress: progress)
        guard !part.isCancelled, part.fallback == nil else { return nil }
        var schedules = kept.map { $0 ?? VehicleSchedule(net: [], undelivered: 0, binding: []) }
        for (v, schedule) in zip(open, part.vehicles) { schedules[v] = schedule }
        var prices = earlierPrices
        for (n, isAbove) in nodesAbove(open, in: problem).enumerated() where isAbove { prices[n] = part.nodePrices[n] }
        let whole = conclude(
            schedules, bound: lowerBound(prices), prices: prices, passes: part.passes, isCancelled: false,
            kept: problem.vehicles.count - open.count)
        return isAsGood(whole, as: plan) ? whole : nil
    }

    /// Least powers may cost more than the gap asked for.
    func isAsGood(_ solution: PlanningSolution, as plan: PlanningState.Plan) -> Bool {
        solution.gap <= max(options.gap, plan.gap) && solution.fallback == nil
    }

    /// The vehicles `open` in the room that `loads`, kWh, leave.
    func rest(_ open: [Int], beside loads: [[Double]]) -> PlanningProblem {
        var rest = problem
        rest.vehicles = open.map { problem.vehicles[$0] }
        for (n, isAbove) in nodesAbove(open, in: problem).enumerated() where isAbove {
            for t in 0..<problem.slotCount {
                let load = loads[n][t] / problem.stepHours
                rest.nodes[n].importLimit[t] = max(0, rest.nodes[n].importLimit[t]) - load
                if let limit = rest.nodes[n].exportLimit?[t] { rest.nodes[n].exportLimit?[t] = max(0, limit) + load }
            }
        }
        return rest
    }

    /// Whether each node has one of `vehicles` below.
    func nodesAbove(_ vehicles: some Sequence<Int>, in problem: PlanningProblem) -> [Bool] {
        var isAbove = [Bool](repeating: false, count: problem.nodes.count)
        for v in vehicles {
            var node = problem.vehicles[v].node
            while let n = node, !isAbove[n] {
                isAbove[n] = true
                node = problem.nodes[n].parent
            }
        }
        return isAbove
    }

    /// Yuan below which no schedule of the whole problem lies, at `prices`.
    func lowerBound(_ prices: [[Double]]) -> Double {
        let (parts, localNode) = cut()
        let pool = WorkPool(threads: options.threads, isCancelled: { false })
        return pool.map(Array(parts.indices), isDone: { _ in }) { k, _ in
            let group = Group(
                problem, vehicles: parts[k].vehicles, nodes: parts[k].nodes, localNode: localNode, options: options)
            guard let start = startPrices(PlanningState(nodePrices: prices), group) else { return -.infinity }
            return group.lowerBound(start, linear: true)
        }.reduce(0, +)
    }
}
