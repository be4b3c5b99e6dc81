import Foundation
import Quantities
import Testing

@testable import Scheduling

/// What a stay may give back in all.
@Suite("Budgets of energy given back") struct BudgetTests {
    private func problem(budget: Double, wear: Double = 0) -> PlanningProblem {
        PlanningProblem(
            stepHours: 1, buyPrice: [0.2, 1, 0.2, 0.8, 0.2], sellPrice: [0, 0.9, 0, 0.7, 0],
            vehicles: [
                PlanningVehicle(
                    slots: 0..<5, maxCharge: 10, maxDischarge: 10, dischargeBudget: budget, wanted: 0,
                    battery: PlanningBattery(atArrival: 20, minimum: 0, maximum: 40), wear: wear, node: nil)
            ], nodes: [])
    }

    @Test func `a budget is spent in the hours that pay most`() {
        for (budget, net) in [(30.0, [10.0, 10]), (14, [10, 4]), (10, [10, 0]), (3, [3, 0]), (0, [0, 0])] {
            let problem = problem(budget: budget)
            let plan = solve(problem)
            #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
            let given = [-plan.vehicles[0].net[1], -plan.vehicles[0].net[3]]
            #expect(zip(given, net).allSatisfy { abs($0 - $1) < 1e-3 }, "\(budget): \(plan.vehicles[0].net)")
            // What is given is charged again at 0.2.
            let cost = net[0] * (0.2 - 0.9) + net[1] * (0.2 - 0.7)
            #expect(abs(plan.objective - cost) < 1e-3 && plan.isOptimal, "\(budget): \(plan.objective) \(plan.bound)")
        }
    }

    @Test func `the gate refuses who gives back more than it may`() {
        let problem = problem(budget: 5)
        let net: [Double] = [0, -6, 6, 0, 0]
        let schedule = VehicleSchedule(net: net, undelivered: 0, binding: [])
        #expect(PlanCheck.violations(of: [schedule], in: problem) == [.budget(vehicle: 0, kilowattHours: 6)])
    }

    @Test func `what was given back is gone from the budget`() {
        let state = PlanningState(
            nodePrices: [],
            plan: .init(
                problem: problem(budget: 8),
                schedules: [VehicleSchedule(net: [0, -6, 6, -2, 2], undelivered: 0, binding: [])], gap: 0))
        #expect(state.shifted(by: 2).plan?.problem.vehicles[0].dischargeBudget == 2)
    }

    static let seeds: UInt64 = min(
        300, ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"].flatMap { UInt64($0) } ?? 60)

    @Test(.enabled(if: Highs.library != nil, "TIDEWATT_HIGHS names no library of HiGHS"))
    func `bound, optimum and objective stand in this order, and nearly all plans are within the gap`() throws {
        var wide = 0
        for seed in 1...Self.seeds {
            let problem = Self.random(seed: seed)
            let optimum = try #require(Highs.optimum(of: problem))
            let plan = solve(problem, options: quick)
            let slack = 1e-5 * max(1, abs(optimum))
            #expect(plan.bound <= optimum + slack && plan.objective >= optimum - slack, "seed \(seed): \(optimum)")
            #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [], "seed \(seed)")
            #expect(plan.gap <= 0.02 && plan.fallback == nil, "seed \(seed): \(plan.gap)")
            if plan.gap > 0.001 { wide += 1 }
        }
        #expect(wide <= 1 + Int(Self.seeds) / 25, "\(wide) of \(Self.seeds)")
    }

    private static func random(seed: UInt64) -> PlanningProblem {
        var problem = RandomProblems.problem(seed: 9000 + seed, slots: 24, vehicles: 30)
        problem.sellPrice = problem.buyPrice.map { $0 * (seed % 2 == 0 ? 0.95 : 0.8) }
        var random = SeededRandom(seed: seed).split(99)
        for v in problem.vehicles.indices where problem.vehicles[v].maxDischarge > 0 && random.unit() < 0.7 {
            problem.vehicles[v].dischargeBudget = random.unit() < 0.1 ? 0 : 20 * random.unit()
        }
        return problem
    }
}
