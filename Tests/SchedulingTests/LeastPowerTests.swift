import Quantities
import Testing

@testable import Scheduling

@Suite("Least power") struct LeastPowerTests {
    @Test func `nobody charges below the least power, whatever the node`() {
        for seed: UInt64 in 1...60 {
            var problem = RandomProblems.problem(seed: seed, vehicles: 12)
            for index in problem.vehicles.indices { problem.vehicles[index].minCharge = 1.4 + 2 * Double(index % 2) }
            let plan = solve(problem, options: quick)
            #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [], "seed \(seed)")
            #expect(plan.bound <= plan.objective, "seed \(seed)")
        }
    }

    @Test func `where half can run at a time, all take turns and all are served`() {
        let vehicles = (0..<8).map { _ in
            PlanningVehicle(slots: 0..<32, maxCharge: 7, minCharge: 4.2, wanted: 10, node: 0)
        }
        let problem = PlanningProblem(
            stepHours: 0.25, buyPrice: [Double](repeating: 0.5, count: 32),
            sellPrice: [Double](repeating: 0, count: 32), vehicles: vehicles,
            nodes: [PlanningNode(importLimit: [Double](repeating: 12, count: 32))])
        let plan = solve(problem, options: quick)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
        #expect(plan.vehicles.map(\.undelivered).reduce(0, +) < 2, "\(plan.vehicles.map(\.undelivered))")
    }

    @Test func `one that needs more than the node gives charges while another discharges for it`() {
        let battery = PlanningBattery(atArrival: 30, minimum: 5, maximum: 50)
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [Double](repeating: 0.5, count: 8), sellPrice: [Double](repeating: 0.1, count: 8),
            vehicles: [
                PlanningVehicle(slots: 0..<8, maxCharge: 7, minCharge: 4, wanted: 12, node: 0),
                PlanningVehicle(
                    slots: 0..<8, maxCharge: 3, maxDischarge: 3, minCharge: 1, wanted: 0, battery: battery, node: 0),
            ], nodes: [PlanningNode(importLimit: [Double](repeating: 3, count: 8))])
        let plan = solve(problem)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
        #expect(plan.vehicles.map(\.undelivered).reduce(0, +) < 1e-3, "\(plan.vehicles)")
    }

    @Test func `no slot both charges and discharges although burning energy would pay`() {
        let vehicle = PlanningVehicle(
            slots: 0..<8, maxCharge: 7, maxDischarge: 7, chargeEfficiency: 0.9, dischargeEfficiency: 0.9, wanted: 5,
            battery: PlanningBattery(atArrival: 30, minimum: 25, maximum: 36), node: nil)
        let prices = [0.5, -0.3, -0.3, -0.3, 0.4, -0.3, -0.3, 0.5]
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: prices, sellPrice: prices, vehicles: [vehicle], nodes: [])
        let plan = solve(problem, options: quick)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
        #expect(abs(PlanCheck.objective(of: plan.vehicles, in: problem) - plan.objective) < 1e-9)
        #expect(plan.bound < plan.objective)
    }
}
