import Quantities
import Testing

@testable import Scheduling

/// Base loads above their limits, and one meter for all that lies behind it.
@Suite("Covering loads") struct DevicesTests {
    private func store(
        _ slots: Range<Int>, kilowatts: Double, from start: Double, wanted: Double, maximum: Double = 100,
        node: Int? = 0, wear: Double = 0
    ) -> PlanningVehicle {
        PlanningVehicle(
            slots: slots, maxCharge: kilowatts, maxDischarge: kilowatts, wanted: wanted,
            battery: PlanningBattery(atArrival: start, minimum: 0, maximum: maximum), wear: wear, node: node)
    }

    @Test func `a base load above its limit is covered by what can discharge, and paid for by the hour`() {
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.3, 1, 0.3], sellPrice: [0, 0, 0],
            vehicles: [store(0..<3, kilowatts: 10, from: 20, wanted: 0)],
            nodes: [PlanningNode(importLimit: [5, -6, 5])])
        let plan = solve(problem)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
        #expect(abs(plan.vehicles[0].net[1] + 6) < 1e-6, "\(plan.vehicles[0].net)")
        #expect(abs(plan.objective - 1.8) < 1e-6 && plan.isOptimal && plan.bound <= plan.objective)
    }

    @Test func `what cannot be covered is left, and nothing is added to it`() {
        let car = PlanningVehicle(slots: 0..<3, maxCharge: 7, wanted: 6, node: 0)
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.3, 0.3, 0.3], sellPrice: [0, 0, 0],
            vehicles: [car, store(0..<3, kilowatts: 4, from: 3, wanted: -3)],
            nodes: [PlanningNode(importLimit: [2, -9, 7])])
        let plan = solve(problem)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
        #expect(abs(plan.vehicles[1].net[1] + 4) < 1e-5, "it charges before what it lacks: \(plan.vehicles[1].net)")
        #expect(abs(plan.vehicles[0].net[1]) < 1e-6 && plan.vehicles[0].undelivered < 1e-5)
    }

    @Test func `what nobody below could cover gives nobody above any room`() {
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.3], sellPrice: [0],
            vehicles: [
                PlanningVehicle(slots: 0..<1, maxCharge: 7, wanted: 3, node: 0),
                PlanningVehicle(
                    slots: 0..<1, maxCharge: 5, maxDischarge: 5, wanted: 0,
                    battery: PlanningBattery(atArrival: 0, minimum: 0, maximum: 40), node: 1),
            ],
            nodes: [PlanningNode(importLimit: [0.5]), PlanningNode(parent: 0, importLimit: [-2])])
        let plan = solve(problem)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
        #expect(plan.vehicles[0].net[0] <= 0.5 + 1e-6 && plan.vehicles[0].net[0] > 0.49, "\(plan.vehicles[0].net)")
    }

    @Test func `a stay that offers energy ends with no less than it offered to`() {
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [1, 1, 1], sellPrice: [0.5, 0.9, 0.6],
            vehicles: [store(0..<3, kilowatts: 10, from: 50, wanted: -12, node: nil)], nodes: [])
        let net = solve(problem).vehicles[0].net
        #expect(abs(net[1] + 10) < 1e-6 && abs(net[2] + 2) < 1e-6 && abs(net[0]) < 1e-6, "\(net)")
    }

    @Test func `behind one meter surplus is kept for later, and given back no further than the load`() {
        // Noon: 8 kW of surplus. Evening: 5 kW of load.
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.6, 0.6, 1], sellPrice: [0.3, 0.3, 0.2],
            vehicles: [store(0..<3, kilowatts: 6, from: 0, wanted: 0)],
            nodes: [
                PlanningNode(importLimit: [20, 38, 15], settlement: .behindMeter(load: [10, -8, 5]))
            ])
        let plan = solve(problem)
        let net = plan.vehicles[0].net
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
        #expect(abs(net[0]) < 1e-3 && abs(net[1] - 5) < 2e-3 && abs(net[2] + 5) < 2e-3, "\(net)")
        // Five kWh at 0.3 not earned, five at 1 not paid.
        #expect(abs(plan.objective + 3.5) < 1e-3 && plan.isOptimal, "\(plan.objective) \(plan.bound) \(plan.gap)")
    }

    @Test func `random sites are planned within all limits, near a bound that no other plan breaks`() {
        for seed: UInt64 in 1...120 {
            var problem = RandomProblems.problem(seed: seed, slots: 16, vehicles: 10)
            var random = SeededRandom(seed: seed).split(9)
            let whole = random.unit() < 0.6
            problem.buyPrice = problem.buyPrice.map { abs($0) }
            problem.sellPrice = problem.buyPrice.map { $0 * 0.6 }
            for n in problem.nodes.indices where random.unit() < 0.5 {
                for t in 0..<problem.slotCount where random.unit() < 0.25 {
                    problem.nodes[n].importLimit[t] = -10 * random.unit()
                }
            }
            if whole {
                let load = (0..<problem.slotCount).map { _ in 30 * (random.unit() - 0.5) }
                problem.nodes[0].settlement = .behindMeter(load: load)
                // Some limits lie below the load.
                problem.nodes[0].importLimit = load.map { 4 + 20 * random.unit() - $0 }
                if let limit = problem.nodes[0].exportLimit {
                    problem.nodes[0].exportLimit = zip(limit, load).map { $0 + $1 }
                }
            }
            let plan = solve(problem, options: quick)
            #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [], "seed \(seed)")
            #expect(
                plan.vehicles.count == problem.vehicles.count && plan.fallback == nil,
                "seed \(seed): \(plan.fallback.map { "\($0.kind) \($0.violations)" } ?? "")")
            let cost = PlanCheck.objective(of: plan.vehicles, in: problem)
            #expect(abs(cost - plan.objective) < 1e-6 * max(1, abs(cost)), "seed \(seed)")
            #expect(plan.gap < 0.005, "seed \(seed): gap \(plan.gap), \(plan.objective) over \(plan.bound)")
            // Standing still leaves at least as much above the limits, or costs at least the bound.
            let still = problem.uncontrolled().map {
                VehicleSchedule(net: $0.net.map { _ in 0 }, undelivered: 0, binding: [])
            }
            func above(_ schedules: [VehicleSchedule]) -> Double {
                zip(problem.nodes, problem.nodeLoads(schedules)).reduce(0) { sum, pair in
                    sum + zip(pair.1, pair.0.importLimit).reduce(0) { $0 + max(0, $1.0 - $1.1) }
                }
            }
            #expect(above(plan.vehicles) <= above(still) + 1e-4, "seed \(seed)")
        }
    }
}
