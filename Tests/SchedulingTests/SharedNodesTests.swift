import Quantities
import Testing

@testable import Scheduling

/// Large fleets under nodes that share others, in forms that real grids have and plain examples do not.
@Suite("Shared nodes") struct SharedNodesTests {
    private static func holds(_ problem: PlanningProblem, _ plan: PlanningSolution) -> Bool {
        PlanCheck.violations(of: plan.vehicles, in: problem).isEmpty && plan.fallback == nil
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `limits that are infinite or missing, at inner nodes and at the root`(seed: UInt64) {
        var problem = ManyVehiclesTests.country(seed: seed, part: 0.7)
        let (feeder, root) = (problem.nodes.count - 2, problem.nodes.count - 1)
        let open = [Double](repeating: .infinity, count: problem.slotCount)
        if seed % 2 == 0 { problem.nodes[feeder].importLimit = open } else { problem.nodes[root].exportLimit = nil }
        if seed > 2 {
            for v in problem.vehicles.indices { problem.vehicles[v].maxDischarge = 0 }
            problem.nodes[root].exportLimit = nil
        }
        let plan = solve(problem)
        #expect(Self.holds(problem, plan) && plan.gap <= 0.001 && plan.bound.isFinite, "\(plan.gap)")
        var rounds = 0
        let stopped = solve(
            problem,
            isCancelled: {
                rounds += 1
                return rounds > 5
            })
        #expect(Self.holds(problem, stopped) && stopped.bound.isFinite && stopped.gap.isFinite)
    }

    @Test func `three levels, with vehicles at an inner node`() {
        var problem = ManyVehiclesTests.country(seed: 11, part: 0.8)
        let (feeder, root) = (problem.nodes.count - 2, problem.nodes.count - 1)
        problem.nodes.append(PlanningNode(parent: root, importLimit: problem.nodes[feeder].importLimit))
        for n in 20..<30 { problem.nodes[n].parent = root + 1 }
        for v in problem.vehicles.indices where problem.vehicles[v].node == 3 { problem.vehicles[v].node = feeder }
        let plan = solve(problem)
        #expect(Self.holds(problem, plan) && plan.gap <= 0.001, "\(plan.gap)")
    }

    @Test func `settled slots that a shared node cannot bear are given up`() {
        var problem = ManyVehiclesTests.country(seed: 12, part: 0.7, slots: 24)
        let root = problem.nodes.count - 1
        for v in problem.vehicles.indices where problem.vehicles[v].slots.lowerBound == 0 {
            problem.vehicles[v].committed = [0.5]
        }
        problem.nodes[root].importLimit[0] = 0
        let plan = solve(problem)
        #expect(Self.holds(problem, plan) && plan.bound <= plan.objective)
        #expect(plan.vehicles.contains { $0.net.contains { $0 > 0.1 } })
    }

    @Test func `who is short is told which node is full, and when`() {
        let problem = ManyVehiclesTests.country(seed: 3, part: 0.5)
        let plan = solve(problem)
        let loads = problem.nodeLoads(plan.vehicles)
        var named: Set<Int> = []
        for (vehicle, schedule) in zip(problem.vehicles, plan.vehicles) {
            #expect(schedule.undelivered <= 1e-3 || !schedule.binding.isEmpty)
            for bound in schedule.binding {
                guard let node = bound.node else { continue }
                named.insert(node)
                #expect(problem.path(of: vehicle).contains(node))
                for t in bound.slots {
                    #expect(loads[node][t] >= problem.nodes[node].importLimit[t] * 0.998 - 0.01)
                }
            }
        }
        #expect(named.count > 1 && named.contains(problem.nodes.count - 1))
    }

    @Test(arguments: [40, 2400]) func `a stay that the horizon leaves no slot takes no part`(count: Int) {
        let vehicles = (0..<count).map { v in
            PlanningVehicle(
                slots: v % 8 == 0 ? 0..<0 : 0..<12, maxCharge: 7, maxDischarge: 7, wanted: 4,
                battery: PlanningBattery(atArrival: 20, minimum: 5, maximum: 40), node: v % 4)
        }
        let limit = [Double](repeating: Double(count) / 4 * 1.5, count: 12)
        let problem = PlanningProblem(
            stepHours: 0.25, buyPrice: (0..<12).map { $0 < 6 ? 0.3 : 0.9 },
            sellPrice: [Double](repeating: 0.2, count: 12),
            vehicles: vehicles,
            nodes: (0..<4).map { _ in PlanningNode(parent: 4, importLimit: limit) }
                + [PlanningNode(importLimit: limit.map { $0 * 3 })])
        let plan = solve(problem)
        #expect(Self.holds(problem, plan) && plan.gap <= 0.001)
        #expect(abs(plan.vehicles[0].undelivered - 4) < 1e-6)
    }
}

extension PlanningProblem {
    fileprivate func path(of vehicle: PlanningVehicle) -> [Int] {
        guard let node = vehicle.node else { return [] }
        return Array(sequence(first: node) { nodes[$0].parent })
    }
}
