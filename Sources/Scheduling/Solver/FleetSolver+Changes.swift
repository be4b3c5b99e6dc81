// Rolling on: what did not change keeps its schedule; the rest is solved in the room that it leaves.
extension FleetSolver {
    /// Solves the nodes alone whose inputs changed since the earlier plan, at the prices that the nodes above had. The
    /// proof is that of the whole problem; where it is not good enough, because a limit above binds another way now,
    /// everything has to be solved.
    /// - Returns: `nil` when everything has to be solved.
    func changesAlone(isCancelled: @escaping () -> Bool, progress: (Double) -> Void) -> PlanningSolution? {
        guard let warm, let plan = warm.plan, let kept = unchanged(since: plan), kept.contains(where: { $0 != nil })
        else { return nil }
        let open = problem.vehicles.indices.filter { kept[$0] == nil }
        let part = FleetSolver(
            rest(open, beside: kept), options: options, warm: PlanningState(nodePrices: warm.nodePrices)
        )
        .run(isCancelled: isCancelled, progress: progress)
        guard !part.isCancelled, part.fallback == nil else { return nil }
        var schedules = kept.map { $0 ?? VehicleSchedule(net: [], undelivered: 0, binding: []) }
        for (v, schedule) in zip(open, part.vehicles) { schedules[v] = schedule }
        var prices = warm.nodePrices
        for n in nodesAbove(open) { prices[n] = part.nodePrices[n] }
        let whole = conclude(
            schedules, bound: lowerBound(prices), prices: prices, passes: part.passes, isCancelled: false,
            kept: problem.vehicles.count - open.count)
        // As good as the plan that it goes on with: least powers may cost more than the gap asked for.
        return whole.gap <= max(options.gap, plan.gap) && whole.fallback == nil ? whole : nil
    }

    /// The earlier schedule of each vehicle that can keep it: nothing changed about it, nor about any vehicle that hangs
    /// at the same node, nor about the limits above it. `nil` when prices or the tree are others.
    private func unchanged(since plan: PlanningState.Plan) -> [VehicleSchedule?]? {
        let old = plan.problem
        guard old.stepHours == problem.stepHours, old.slotCount == problem.slotCount,
            old.nodes.map(\.parent) == problem.nodes.map(\.parent),
            old.nodes.map(\.settlement) == problem.nodes.map(\.settlement)
        else { return nil }
        var known: [String: Int] = [:]
        for (v, vehicle) in old.vehicles.enumerated() {
            if let name = vehicle.name { known[name] = v }
        }
        let same = problem.vehicles.map { vehicle -> Int? in
            vehicle.name.flatMap { known[$0] }.flatMap { isSame(vehicle, $0, plan) ? $0 : nil }
        }
        var touched = Set(zip(problem.vehicles, same).compactMap { $1 == nil ? $0.node : nil })
        let still = Set(same.compactMap { $0 })
        for (v, vehicle) in old.vehicles.enumerated() where !still.contains(v) {
            if let node = vehicle.node { touched.insert(node) }
        }
        return zip(problem.vehicles, same).map { vehicle, v in
            guard let v, vehicle.node.map({ !touched.contains($0) }) ?? true else { return nil }
            return plan.schedules[v]
        }
    }

    /// kWh by which a vehicle may differ from what was foreseen of it: less than its schedule may be off by.
    private static let rounding = 1e-6

    private func isSame(_ new: PlanningVehicle, _ v: Int, _ plan: PlanningState.Plan) -> Bool {
        let (problem, old) = (plan.problem, plan.problem.vehicles[v])
        var aligned = old
        if abs(new.wanted - old.wanted) < Self.rounding { aligned.wanted = new.wanted }
        if let a = new.battery?.atArrival, let b = old.battery?.atArrival, abs(a - b) < Self.rounding {
            aligned.battery?.atArrival = a
        }
        // What is settled is what was planned.
        if zip(new.committed, plan.schedules[v].net).allSatisfy({ abs($0 - $1) < 1e-4 }) {
            aligned.committed = new.committed
        }
        guard aligned == new else { return false }
        for t in new.slots
        where problem.buyPrice[t] != self.problem.buyPrice[t] || problem.sellPrice[t] != self.problem.sellPrice[t] {
            return false
        }
        var node = new.node
        while let n = node {
            let (a, b) = (problem.nodes[n], self.problem.nodes[n])
            for t in new.slots where a.importLimit[t] != b.importLimit[t] || a.exportLimit?[t] != b.exportLimit?[t] {
                return false
            }
            node = b.parent
        }
        return true
    }

    /// The vehicles `open` in the room that the kept schedules leave.
    private func rest(_ open: [Int], beside kept: [VehicleSchedule?]) -> PlanningProblem {
        var rest = problem
        rest.vehicles = open.map { problem.vehicles[$0] }
        let fixed = problem.nodeLoads(
            zip(problem.vehicles, kept).map { vehicle, schedule in
                schedule
                    ?? VehicleSchedule(
                        net: [Double](repeating: 0, count: vehicle.slots.count), undelivered: 0, binding: [])
            })
        for n in rest.nodes.indices {
            for t in 0..<problem.slotCount {
                rest.nodes[n].importLimit[t] = max(0, rest.nodes[n].importLimit[t]) - fixed[n][t]
                if let limit = rest.nodes[n].exportLimit?[t] {
                    rest.nodes[n].exportLimit?[t] = max(0, limit) + fixed[n][t]
                }
            }
        }
        return rest
    }

    private func nodesAbove(_ vehicles: [Int]) -> Set<Int> {
        var nodes: Set<Int> = []
        for v in vehicles {
            var node = problem.vehicles[v].node
            while let n = node, nodes.insert(n).inserted { node = problem.nodes[n].parent }
        }
        return nodes
    }

    /// Yuan below which no schedule of the whole problem lies, at `prices`.
    private func lowerBound(_ prices: [[Double]]) -> Double {
        let (parts, localNode) = cut()
        return parts.reduce(0) { sum, part in
            let group = Group(
                problem, vehicles: part.vehicles, nodes: part.nodes, localNode: localNode, options: options)
            guard let start = startPrices(PlanningState(nodePrices: prices), group) else { return -.infinity }
            return sum + group.lowerBound(start, linear: true)
        }
    }
}
