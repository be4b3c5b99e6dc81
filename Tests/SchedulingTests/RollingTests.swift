import Quantities
import Testing

@testable import Scheduling

@Suite("Rolling on") struct RollingTests {
    private func named(_ seed: UInt64) -> PlanningProblem {
        var problem = RandomProblems.problem(seed: seed)
        for v in problem.vehicles.indices { problem.vehicles[v].name = "S\(v)" }
        return problem
    }

    @Test func `after a change the plan is within its proven gap of the one made from nothing`() {
        var keeping = 0
        for seed: UInt64 in 1...60 {
            var problem = named(seed)
            let first = solve(problem, options: quick)
            var random = SeededRandom(seed: seed)
            let v = Int(random.next() % UInt64(problem.vehicles.count))
            switch random.next() % 3 {
            case 0: problem.vehicles[v].wanted *= 0.5
            case 1: problem.vehicles.remove(at: v)
            default:
                var newcomer = problem.vehicles[v]
                newcomer.name = "new"
                problem.vehicles.append(newcomer)
            }
            let warm = solve(problem, options: quick, warm: first.state)
            let cold = solve(problem, options: quick)
            #expect(PlanCheck.violations(of: warm.vehicles, in: problem) == [], "seed \(seed)")
            #expect(warm.gap <= max(0.001, first.gap, cold.gap), "seed \(seed): \(warm.gap)")
            let mean = problem.buyPrice.reduce(0, +) / Double(problem.slotCount)
            let imported = warm.vehicles.reduce(0) { $0 + $1.net.reduce(0) { $0 + max(0, $1) } }
            let scale = max(abs(warm.bound), imported * mean)
            #expect(warm.objective <= cold.objective + warm.gap * scale + 1e-6, "seed \(seed)")
            #expect(warm.bound <= cold.objective + 1e-6, "seed \(seed)")
            if warm.kept > 0 { keeping += 1 }
        }
        #expect(keeping > 15, "\(keeping)")
    }

    @Test func `where nothing changed the whole plan stays`() {
        for seed: UInt64 in 1...30 {
            let problem = named(seed)
            let first = solve(problem, options: quick)
            let second = solve(problem, options: quick, warm: first.state)
            #expect(second.vehicles == first.vehicles && second.passes == 0, "seed \(seed)")
            #expect(second.kept == problem.vehicles.count, "seed \(seed)")
        }
    }

    @Test func `a slot later, after following the plan, the rest of it stays`() {
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [1, 0.5, 0.5, 1], sellPrice: [0, 0, 0, 0],
            vehicles: [
                PlanningVehicle(slots: 0..<3, maxCharge: 7, wanted: 16, node: 0, name: "A"),
                PlanningVehicle(slots: 1..<3, maxCharge: 7, wanted: 5, node: 0, name: "B"),
            ], nodes: [PlanningNode(importLimit: [10, 10, 10, 10])])
        let first = solve(problem, options: quick)
        #expect(first.vehicles[0].net.first.map { abs($0 - 2) < 1e-6 } == true)
        let later = PlanningProblem(
            stepHours: 1, buyPrice: [0.5, 0.5, 1, 1], sellPrice: [0, 0, 0, 0],
            vehicles: [
                PlanningVehicle(
                    slots: 0..<2, maxCharge: 7, wanted: 16 - first.vehicles[0].net[0], node: 0, name: "A"),
                PlanningVehicle(slots: 0..<2, maxCharge: 7, wanted: 5, node: 0, name: "B"),
            ], nodes: [PlanningNode(importLimit: [10, 10, 10, 10])])
        let second = solve(later, warm: first.state.shifted(by: 1))
        #expect(second.kept == 2)
        #expect(second.vehicles.map(\.net) == [Array(first.vehicles[0].net.dropFirst()), first.vehicles[1].net])
    }

    @Test func `what is settled of the slot under way is kept`() {
        for seed: UInt64 in 1...20 {
            var problem = named(seed)
            for v in problem.vehicles.indices {
                problem.vehicles[v].slots = 0..<max(2, problem.vehicles[v].slots.upperBound)
            }
            let first = solve(problem, options: quick)
            for v in problem.vehicles.indices {
                problem.vehicles[v].committed = Array(first.vehicles[v].net.prefix(2))
                problem.vehicles[v].wanted *= 1.2
            }
            for t in problem.buyPrice.indices { problem.buyPrice[t] *= t % 2 == 0 ? 1.3 : 0.8 }
            let plan = solve(problem, options: quick)
            #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [], "seed \(seed)")
            for (vehicle, schedule) in zip(problem.vehicles, plan.vehicles) {
                for (net, settled) in zip(schedule.net, vehicle.committed) {
                    #expect(abs(net - settled) < 1e-4, "seed \(seed): \(vehicle), \(schedule)")
                }
            }
        }
    }

    @Test func `a node that can no longer bear what is settled gets less, and nobody gets more`() {
        let vehicles = [4.0, 3, 2].map {
            PlanningVehicle(slots: 0..<2, maxCharge: 7, wanted: 9, node: 0, committed: [$0])
        }
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.1, 1], sellPrice: [0, 0], vehicles: vehicles,
            nodes: [PlanningNode(importLimit: [6, 40])])
        let nets = solve(problem, options: quick).vehicles.map { $0.net[0] }
        #expect(abs(nets.reduce(0, +) - 6) < 1e-6)
        #expect(zip(nets, [4.0, 3, 2]).allSatisfy { $0 <= $1 + 1e-9 })
    }
}

@Suite("A refused plan") struct FallbackTests {
    private let problem = PlanningProblem(
        stepHours: 1, buyPrice: [1, 1], sellPrice: [0, 0],
        vehicles: ["A", "B"].map { PlanningVehicle(slots: 0..<2, maxCharge: 7, wanted: 8, node: 0, name: $0) },
        nodes: [PlanningNode(importLimit: [8, 8])])

    private func schedule(_ net: [Double]) -> VehicleSchedule {
        VehicleSchedule(net: net, undelivered: max(0, 8 - net.reduce(0, +)), binding: [])
    }

    @Test func `a plan that holds has no flag`() {
        let solver = FleetSolver(problem, options: PlanningOptions(), warm: nil)
        let found = [schedule([4, 4]), schedule([4, 4])]
        #expect(solver.issuable(found, PlanCheck.violations(of: found, in: problem)).1 == nil)
        #expect(solve(problem, options: quick).fallback == nil)
    }

    @Test func `the refused vehicle alone goes back to what was planned before`() {
        let state = PlanningState(
            nodePrices: [[0, 0]],
            plan: .init(problem: problem, schedules: [schedule([1, 2]), schedule([3, 3])], gap: 0))
        let solver = FleetSolver(problem, options: PlanningOptions(), warm: state)
        let found = [schedule([9, 0]), schedule([4, 4])]
        let (schedules, fallback) = solver.issuable(found, PlanCheck.violations(of: found, in: problem))
        #expect(fallback?.kind == .repaired)
        #expect(fallback?.violations.contains(.power(vehicle: 0, slot: 0, kilowattHours: 9)) == true)
        #expect(schedules.map(\.net) == [[1, 2], [4, 4]])
    }

    @Test func `without an earlier plan the refused vehicle stands still`() {
        let solver = FleetSolver(problem, options: PlanningOptions(), warm: nil)
        let found = [schedule([9, 0]), schedule([4, 4])]
        let (schedules, fallback) = solver.issuable(found, PlanCheck.violations(of: found, in: problem))
        #expect(fallback?.kind == .repaired)
        #expect(schedules.map(\.net) == [[0, 0], [4, 4]])
    }

    @Test func `where the earlier plan no longer fits either, nobody charges, and the flag says so`() {
        let old = [schedule([7, 0]), schedule([7, 0])]
        let state = PlanningState(nodePrices: [[0, 0]], plan: .init(problem: problem, schedules: old, gap: 0))
        let solver = FleetSolver(problem, options: PlanningOptions(), warm: state)
        let plan = solver.conclude(old, bound: 16, prices: [[0, 0]], passes: 1, isCancelled: false, kept: 0)
        #expect(plan.fallback?.kind == .standingStill)
        #expect(plan.vehicles.map(\.net) == [[0, 0], [0, 0]])
        #expect(!plan.isOptimal && plan.objective == 80)
    }
}
