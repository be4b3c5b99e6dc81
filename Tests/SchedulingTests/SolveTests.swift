import Quantities
import Testing

@testable import Scheduling

@Suite("Solve") struct SolveTests {
    @Test func `random fleets get schedules that hold, with a bound below and a small gap`() {
        for seed: UInt64 in 1...300 {
            let problem = RandomProblems.problem(seed: seed)
            let plan = solve(problem)
            #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [], "seed \(seed)")
            let cost = PlanCheck.objective(of: plan.vehicles, in: problem)
            #expect(abs(cost - plan.objective) < 1e-6 * max(1, abs(cost)), "seed \(seed)")
            #expect(plan.bound <= plan.objective, "seed \(seed)")
            #expect(plan.isOptimal, "seed \(seed): gap \(plan.gap) after \(plan.passes) passes")
        }
    }

    @Test func `on whole numbers without losses the optimum is what trying everything finds`() {
        for seed: UInt64 in 1...40 {
            var random = SeededRandom(seed: seed)
            func number(_ most: Int) -> Int { Int(random.next() % UInt64(most + 1)) }
            let slots = 3
            var controls = random.split(4)
            let buy = (0..<slots).map { _ in Double(1 + number(4)) / 4 }
            let vehicles = (0..<2).map { _ -> PlanningVehicle in
                let both = number(1) == 1
                return PlanningVehicle(
                    slots: 0..<slots, maxCharge: Double(1 + number(1)), maxDischarge: both ? 1 : 0,
                    dischargeCeiling: controls.unit() < 0.5 ? (0..<slots).map { _ in Double(controls.next() % 2) } : [],
                    wanted: Double(number(4)),
                    battery: both ? PlanningBattery(atArrival: 2, minimum: 1, maximum: 6) : nil,
                    value: number(1) == 0 ? 3 : 0.6, wear: 0.1, node: 0)
            }
            let node = PlanningNode(
                importLimit: (0..<slots).map { _ in Double(number(3)) },
                exportLimit: (0..<slots).map { _ in Double(number(1)) })
            let problem = PlanningProblem(
                stepHours: 1, buyPrice: buy, sellPrice: buy.map { $0 * 0.9 }, vehicles: vehicles, nodes: [node])
            let least = leastByTrying(problem)
            let plan = solve(problem, options: PlanningOptions(gap: 1e-4))
            #expect(
                abs(plan.objective - least) < 2e-4 * max(1, abs(least)), "seed \(seed): \(plan.objective), \(least)")
            #expect(plan.bound <= least + 1e-9, "seed \(seed)")
        }
    }

    /// Every whole-number schedule of two vehicles.
    private func leastByTrying(_ problem: PlanningProblem) -> Double {
        let choices = [-1.0, 0, 1, 2]
        let cells = problem.slotCount * 2
        var least = Double.infinity
        for code in 0..<(1 << (2 * cells)) {
            var nets = [[Double]](repeating: [], count: 2)
            for cell in 0..<cells { nets[cell / problem.slotCount].append(choices[code >> (2 * cell) & 3]) }
            let schedules = zip(problem.vehicles, nets).map { vehicle, net in
                VehicleSchedule(net: net, undelivered: max(0, vehicle.wanted - net.reduce(0, +)), binding: [])
            }
            // What is undelivered is never more than what was asked.
            if nets.contains(where: { $0.reduce(0, +) < 0 }) { continue }
            let cost = PlanCheck.objective(of: schedules, in: problem)
            if cost < least, PlanCheck.violations(of: schedules, in: problem).isEmpty { least = cost }
        }
        return least
    }

    @Test func `the same problem gives the same bits`() {
        let problem = RandomProblems.problem(seed: 77, vehicles: 40)
        let (a, b) = (solve(problem), solve(problem))
        #expect(a.vehicles == b.vehicles)
        #expect(a.bound == b.bound && a.objective == b.objective)
    }

    @Test func `the order of vehicles does not change what a plan costs`() {
        for seed: UInt64 in 1...40 {
            var problem = RandomProblems.problem(seed: seed)
            let forward = solve(problem)
            problem.vehicles.reverse()
            let backward = solve(problem)
            let scale = max(1, abs(forward.objective))
            #expect(abs(forward.objective - backward.objective) < 2e-3 * scale, "seed \(seed)")
        }
    }

    @Test func `starting from an earlier answer ends as well as starting from nothing`() {
        for seed: UInt64 in 1...60 {
            let problem = RandomProblems.problem(seed: seed)
            let cold = solve(problem)
            let warm = solve(problem, warm: cold.state)
            #expect(warm.isOptimal, "seed \(seed)")
            #expect(PlanCheck.violations(of: warm.vehicles, in: problem) == [], "seed \(seed)")
            #expect(warm.passes <= cold.passes, "seed \(seed)")
        }
    }

    @Test func `a shifted state repeats the price of one period earlier`() {
        let state = PlanningState(nodePrices: [[1, 2, 3, 4]])
        #expect(state.shifted(by: 1, period: 2).nodePrices == [[2, 3, 4, 3]])
        #expect(state.shifted(by: 0).nodePrices == [[1, 2, 3, 4]])
    }

    @Test func `a solve that is stopped at once still answers`() {
        for seed: UInt64 in 1...20 {
            let problem = RandomProblems.problem(seed: seed)
            let plan = solve(problem, isCancelled: { true })
            #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [], "seed \(seed)")
            #expect(plan.bound <= plan.objective, "seed \(seed)")
        }
    }

    @Test func `progress rises to one`() {
        var seen: [Double] = []
        _ = solve(RandomProblems.problem(seed: 3), progress: { seen.append($0) })
        #expect(seen == seen.sorted() && seen.last == 1)
    }

    @Test func `equal vehicles share what is scarce equally`() {
        let vehicles = (0..<6).map { _ in PlanningVehicle(slots: 0..<16, maxCharge: 7, wanted: 20, node: 0) }
        let problem = PlanningProblem(
            stepHours: 0.25, buyPrice: [Double](repeating: 0.6, count: 16),
            sellPrice: [Double](repeating: 0, count: 16), vehicles: vehicles,
            nodes: [PlanningNode(importLimit: [Double](repeating: 15, count: 16))])
        let got = solve(problem).vehicles.map { $0.net.reduce(0, +) }
        #expect(got.allSatisfy { abs($0 - 10) < 0.1 }, "\(got)")
    }

    @Test func `with fairness a shortage reaches everybody's last fifth first`() {
        // The second vehicle needs less energy from the grid for each kWh in the battery, so cost alone would serve it first.
        let vehicles = [0.8, 1.0].map { efficiency in
            PlanningVehicle(slots: 0..<10, maxCharge: 10, chargeEfficiency: efficiency, wanted: 40, node: 0)
        }
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [Double](repeating: 0.6, count: 10), sellPrice: [Double](repeating: 0, count: 10),
            vehicles: vehicles, nodes: [PlanningNode(importLimit: [Double](repeating: 7.2, count: 10))])
        let plain = solve(problem).vehicles.map(\.undelivered)
        let fair = solve(problem, options: PlanningOptions(fairness: true)).vehicles.map(\.undelivered)
        #expect(plain[1] < 0.1 && plain[0] > 10)
        #expect(fair[0] < plain[0] - 3 && fair[1] < 8.2)
    }

    @Test func `a shortage names the node and the slots that were full`() {
        let vehicle = PlanningVehicle(slots: 1..<3, maxCharge: 7, wanted: 12, node: 0)
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [1, 1, 1], sellPrice: [0, 0, 0], vehicles: [vehicle],
            nodes: [PlanningNode(importLimit: [9, 3, 9])])
        let plan = solve(problem)
        #expect(abs(plan.vehicles[0].undelivered - 2) < 1e-6)
        #expect(plan.vehicles[0].binding == [.init(node: 0, slots: [1]), .init(node: nil, slots: [2])])
    }

    @Test func `a base load above its limit lets nobody charge and is no failure`() {
        let vehicle = PlanningVehicle(slots: 0..<2, maxCharge: 7, wanted: 5, node: 0)
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [1, 1], sellPrice: [0, 0], vehicles: [vehicle],
            nodes: [PlanningNode(importLimit: [-20, 7])])
        #expect(solve(problem).vehicles[0].net == [0, 5])
    }

    @Test func `below its minimum a battery climbs first and is not discharged`() {
        let vehicle = PlanningVehicle(
            slots: 0..<6, maxCharge: 10, maxDischarge: 10, wanted: 5,
            battery: PlanningBattery(atArrival: 10, minimum: 20, maximum: 50), node: nil)
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.2, 2, 2, 0.2, 0.2, 0.2], sellPrice: [0.1, 2, 2, 0.1, 0.1, 0.1],
            vehicles: [vehicle], nodes: [])
        let plan = solve(problem)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
        #expect(plan.bound <= plan.objective)
    }
}
