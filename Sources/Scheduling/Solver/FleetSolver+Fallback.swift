// The last gate. A fault of ours must not reach a pile, and must not go unseen.
extension FleetSolver {
    /// `found` if the checker has nothing against it, else the best that can be had without solving again.
    func issuable(_ found: [VehicleSchedule], _ violations: [PlanCheck.Violation]) -> (
        [VehicleSchedule], PlanningSolution.Fallback?
    ) {
        if violations.isEmpty { return (found, nil) }
        let still = problem.vehicles.map {
            VehicleSchedule(
                net: [Double](repeating: 0, count: $0.slots.count), undelivered: max(0, $0.wanted), binding: [])
        }
        let previous = previousSchedules(orElse: still)
        func repaired(_ refused: Set<Int>) -> [VehicleSchedule] {
            zip(found.indices, previous).map { refused.contains($0) ? $1 : found[$0] }
        }
        let candidates: [(PlanningSolution.Fallback.Kind, [VehicleSchedule])] = [
            (.repaired, repaired(refused(violations, withNodes: false))),
            (.repaired, repaired(refused(violations, withNodes: true))), (.previous, previous),
        ]
        for (kind, schedules) in candidates where PlanCheck.violations(of: schedules, in: problem).isEmpty {
            return (schedules, .init(kind: kind, violations: violations))
        }
        return (still, .init(kind: .standingStill, violations: violations))
    }

    /// What the earlier plan said of each vehicle that it knew by name and that still has the same slots.
    private func previousSchedules(orElse still: [VehicleSchedule]) -> [VehicleSchedule] {
        guard let plan = warm?.plan else { return still }
        var known: [String: VehicleSchedule] = [:]
        for (vehicle, schedule) in zip(plan.problem.vehicles, plan.schedules) {
            if let name = vehicle.name { known[name] = schedule }
        }
        return zip(problem.vehicles, still).map { vehicle, still in
            guard let net = vehicle.name.flatMap({ known[$0] })?.net, net.count == vehicle.slots.count else {
                return still
            }
            let stored = net.reduce(0) {
                $0 + ($1 > 0 ? $1 * vehicle.chargeEfficiency : $1 / vehicle.dischargeEfficiency)
            }
            return VehicleSchedule(net: net, undelivered: max(0, vehicle.wanted - stored), binding: [])
        }
    }

    /// The vehicles that violations name, and, where asked for, all below a node that they name.
    private func refused(_ violations: [PlanCheck.Violation], withNodes: Bool) -> Set<Int> {
        var vehicles: Set<Int> = []
        var nodes: Set<Int> = []
        for violation in violations {
            switch violation {
            case .shape(let v), .power(let v, _, _), .leastPower(let v, _, _), .battery(let v, _, _),
                .undelivered(let v, _, _), .budget(let v, _):
                vehicles.insert(v)
            case .importLimit(let n, _, _), .exportLimit(let n, _, _): if withNodes { nodes.insert(n) }
            }
        }
        for (v, vehicle) in problem.vehicles.enumerated() {
            var node = vehicle.node
            while let n = node {
                if nodes.contains(n) { vehicles.insert(v) }
                node = problem.nodes[n].parent
            }
        }
        return vehicles.intersection(problem.vehicles.indices)
    }
}
