import Foundation
import Quantities
import Testing

@testable import Scheduling

/// The linear programme of the continuous problem, solved by HiGHS: what every bound must stay below and every schedule above.
/// Its library is one that the tests' setup installs (`TIDEWATT_HIGHS`).
@Suite("Against HiGHS", .enabled(if: Highs.library != nil, "TIDEWATT_HIGHS names no library of HiGHS"))
struct HighsTests {
    /// More at night: `TIDEWATT_SEEDS`.
    static let seeds: UInt64 = ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"] == nil ? 60 : 500

    @Test(arguments: 1...seeds)
    func `bound, optimum and objective stand in this order, and the gap is what is claimed`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        // One in ten is large.
        let most = random.next() % 10 == 0 ? 400 : 40
        let problem = RandomProblems.problem(seed: 9000 + seed, slots: most == 400 ? 16 : 32, vehicles: most)
        let optimum = try #require(Highs.optimum(of: problem))
        let plan = solve(problem, options: quick)
        let slack = 1e-6 * max(1, abs(optimum))
        #expect(plan.bound <= optimum + slack, "\(plan.bound) above \(optimum)")
        #expect(plan.objective >= optimum - slack, "\(plan.objective) below \(optimum)")
        let imported = plan.vehicles.reduce(0) { $0 + $1.net.reduce(0) { $0 + max(0, $1) } }
        let mean = abs(problem.buyPrice.reduce(0, +)) / Double(problem.slotCount)
        let gap = (plan.objective - plan.bound) / max(abs(plan.bound), imported * mean, 1e-9)
        #expect(abs(gap - plan.gap) < 1e-9 && plan.isOptimal == (gap <= 0.001))
    }

    @Test(arguments: 1...(seeds / 20))
    func `so do they where many nodes are solved one by one`(seed: UInt64) throws {
        let problem = ManyVehiclesTests.city(seed: 100 + seed, slots: 24)
        // Independent nodes: the optimum is the sum of theirs.
        var optimum = 0.0
        for n in problem.nodes.indices { optimum += try #require(Highs.optimum(of: problem.alone(n))) }
        let plan = solve(problem, options: PlanningOptions(threads: 2))
        let slack = 1e-6 * max(1, abs(optimum))
        #expect(plan.bound <= optimum + slack && plan.objective >= optimum - slack)
        #expect(plan.gap <= 0.001)
    }

    @Test(arguments: 1...max(1, seeds / 100))
    func `so do they where nodes share others`(seed: UInt64) throws {
        let problem = ManyVehiclesTests.country(seed: 200 + seed, part: seed % 2 == 0 ? 0.6 : 0.8, slots: 16)
        let optimum = try #require(Highs.optimum(of: problem))
        let plan = solve(problem, options: PlanningOptions(threads: 2))
        let slack = 1e-6 * max(1, abs(optimum))
        #expect(plan.bound <= optimum + slack && plan.objective >= optimum - slack)
        #expect(plan.gap <= 0.001)
    }
}

extension PlanningProblem {
    /// One node without parents, with its own vehicles.
    func alone(_ n: Int) -> PlanningProblem {
        PlanningProblem(
            stepHours: stepHours, buyPrice: buyPrice, sellPrice: sellPrice,
            vehicles: vehicles.filter { $0.node == n }.map { vehicle in
                var own = vehicle
                own.node = 0
                return own
            }, nodes: [nodes[n]])
    }
}
