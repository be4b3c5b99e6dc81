import Foundation
import Quantities
import Testing

@testable import Scheduling

/// What the load of a root costs beside its energy: its peak, and promises about it.
@Suite("Peaks and promises") struct LoadTermsTests {
    private func car(
        _ slots: Range<Int>, kilowatts: Double, wanted: Double, value: Double = 5
    ) -> PlanningVehicle {
        PlanningVehicle(slots: slots, maxCharge: kilowatts, wanted: wanted, value: value, node: 0)
    }
    private func store(_ slots: Range<Int>, kilowatts: Double, from start: Double, offers: Double) -> PlanningVehicle {
        PlanningVehicle(
            slots: slots, maxCharge: kilowatts, maxDischarge: kilowatts, wanted: -offers,
            battery: PlanningBattery(atArrival: start, minimum: 0, maximum: 100), node: 0)
    }

    // MARK: Peaks

    @Test func `a peak is worth its price as long as moving energy costs less`() {
        // 12 kWh in three hours at 0.2, 0.5 and 1 yuan: each kW less at 0.2 moves a kWh to 0.5, then to 1.
        func plan(_ yuanPerKilowatt: Double, soFar: Double = 0) -> PlanningSolution {
            solve(
                PlanningProblem(
                    stepHours: 1, buyPrice: [0.2, 0.5, 1], sellPrice: [0, 0, 0],
                    vehicles: [car(0..<3, kilowatts: 12, wanted: 12)],
                    nodes: [
                        PlanningNode(
                            importLimit: [20, 20, 20],
                            demand: DemandCharge(yuanPerKilowatt: yuanPerKilowatt, soFar: soFar, load: [0, 0, 0]))
                    ]))
        }
        func expect(_ plan: PlanningSolution, _ net: [Double], cost: Double) {
            for (a, b) in zip(plan.vehicles[0].net, net) { #expect(abs(a - b) < 0.01, "\(plan.vehicles[0].net)") }
            #expect(abs(plan.objective - cost) < 0.02, "\(plan.objective)")
            #expect(plan.bound <= plan.objective && plan.isOptimal, "\(plan.bound) \(plan.gap)")
        }
        // 12 kW cost 2.4 + 12 d; 6 kW cost 4.2 + 6 d; 4 kW cost 6.8 + 4 d.
        expect(plan(0.1), [12, 0, 0], cost: 3.6)
        expect(plan(1), [6, 6, 0], cost: 10.2)
        expect(plan(2), [4, 4, 4], cost: 14.8)
        expect(plan(1, soFar: 8), [8, 4, 0], cost: 3.6)
        expect(plan(1, soFar: 15), [12, 0, 0], cost: 2.4)
    }

    @Test func `vehicles give back where the building alone would set the peak, as far as that pays`() {
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.5, 0.5, 0.5], sellPrice: [0, 0, 0],
            vehicles: [store(0..<3, kilowatts: 10, from: 20, offers: 0)],
            nodes: [
                PlanningNode(
                    importLimit: [60, 40, 60], settlement: .behindMeter(load: [40, 60, 40]),
                    demand: DemandCharge(yuanPerKilowatt: 3, soFar: 45, load: [40, 60, 40]))
            ])
        let plan = solve(problem)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
        // Half of what is above 40 in all: it cannot be moved below 50, what it can give is 10 kW.
        #expect(abs(plan.vehicles[0].net[1] + 10) < 0.01, "\(plan.vehicles[0].net)")
        #expect(abs(plan.objective - 15) < 0.02 && plan.isOptimal, "\(plan.objective) \(plan.bound)")
    }

    @Test func `what a peak reached in any case costs is in the plan, and nobody is held back for it`() {
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.2, 1], sellPrice: [0, 0], vehicles: [car(0..<2, kilowatts: 7, wanted: 7)],
            nodes: [
                PlanningNode(
                    importLimit: [100, 100], demand: DemandCharge(yuanPerKilowatt: 35, soFar: 0, load: [10, 50]))
            ])
        let plan = solve(problem)
        #expect(abs(plan.objective - 1750 - 1.4) < 0.01 && plan.isOptimal, "\(plan.objective) \(plan.bound)")
        #expect(plan.state.peaks == [0: 50])
    }

    @Test func `a peak below which the limit itself forces discharge is not paid for twice`() {
        // A margin of 20 kW in the first slot makes the limit 80 there; what the charge is on is 95.
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.2, 0.2, 0.7], sellPrice: [0, 0, 0],
            vehicles: [
                PlanningVehicle(
                    slots: 0..<3, maxCharge: 50, maxDischarge: 50, dischargeCeiling: [50, 0, 50], wanted: 0,
                    battery: PlanningBattery(atArrival: 20, minimum: 0, maximum: 20), node: 0),
                car(1..<3, kilowatts: 40, wanted: 30),
            ],
            nodes: [
                PlanningNode(
                    importLimit: [-15, 40, 100],
                    demand: DemandCharge(yuanPerKilowatt: 0.6, soFar: 0, load: [95, 60, 0]))
            ])
        let plan = solve(problem)
        #expect(plan.isOptimal && plan.bound <= plan.objective, "\(plan.bound) \(plan.objective)")
        for peak in stride(from: 75.0, through: 105, by: 0.5) {
            var fixed = problem
            fixed.nodes[0].demand = nil
            fixed.nodes[0].importLimit = zip(problem.nodes[0].importLimit, [95, 60, 0]).map { min($0, peak - $1) }
            let other = solve(fixed)
            let cost = PlanCheck.objective(of: other.vehicles, in: problem)
            let loads = problem.nodeLoads(other.vehicles)[0]
            if loads[0] <= -15 + 1e-6 { #expect(plan.bound <= cost + 1e-3, "at \(peak): \(plan.bound) above \(cost)") }
        }
    }

    @Test func `what covers a load below is none of a promise's`() {
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.2, 0.9], sellPrice: [0, 0],
            vehicles: [
                PlanningVehicle(
                    slots: 0..<1, maxCharge: 5, maxDischarge: 5, wanted: -5,
                    battery: PlanningBattery(atArrival: 5, minimum: 0, maximum: 5), node: 1),
                car(0..<2, kilowatts: 15, wanted: 15),
            ],
            nodes: [
                PlanningNode(
                    importLimit: [100, 100],
                    commitments: [LoadCommitment(slots: 0..<1, level: [10], side: .atMost, yuanPerKilowattHour: 1)]),
                PlanningNode(parent: 0, importLimit: [-5, 0]),
            ])
        let plan = solve(problem)
        #expect(abs(plan.vehicles[0].net[0] + 5) < 0.01 && abs(plan.vehicles[1].net[0] - 15) < 0.01)
        #expect(abs(plan.objective - 3) < 0.01 && plan.isOptimal, "\(plan.objective) \(plan.bound)")
    }

    @Test(arguments: [20, .infinity]) func `slots that do not count are free of the charge`(limit: Double) {
        let problem = PlanningProblem(
            stepHours: 0.25, buyPrice: [1, 0.5, 0.3, 0.2], sellPrice: [0, 0, 0, 0],
            vehicles: [car(0..<4, kilowatts: 10, wanted: 6)],
            nodes: [
                PlanningNode(
                    importLimit: [limit, limit, limit, limit],
                    demand: DemandCharge(yuanPerKilowatt: 3, soFar: 8, load: [5, 5, -.infinity, -.infinity]))
            ])
        let plan = solve(problem)
        for (a, b) in zip(plan.vehicles[0].net, [0.25, 0.75, 2.5, 2.5]) { #expect(abs(a - b) < 0.01) }
        #expect(abs(plan.objective - 1.875) < 0.001 && plan.isOptimal, "\(plan.objective) \(plan.bound)")
    }

    @Test func `a plan begins at the peak that was best before`() {
        var problem = RandomProblems.problem(seed: 9007, slots: 24, vehicles: 30)
        LoadTermsTests.add(to: &problem, seed: 7, demand: true, promises: false)
        let first = solve(problem)
        let again = solve(problem, warm: first.state)
        #expect(again.gap <= 0.001 && abs(again.objective - first.objective) <= 0.002 * abs(first.objective))
        #expect(again.state.peaks.keys == first.state.peaks.keys)
        #expect(first.state.shifted(by: 1).peaks == first.state.peaks)
    }

    // MARK: Promises

    @Test func `a promise to give back is kept while its fine is worth it`() {
        func plan(_ fine: Double) -> PlanningSolution {
            solve(
                PlanningProblem(
                    stepHours: 1, buyPrice: [0.5, 0.5], sellPrice: [0.4, 0.4],
                    vehicles: [
                        store(0..<2, kilowatts: 10, from: 20, offers: 0), car(1..<2, kilowatts: 4, wanted: 4, value: 3),
                    ],
                    nodes: [
                        PlanningNode(
                            importLimit: [20, 20], exportLimit: [20, 20],
                            commitments: [
                                LoadCommitment(slots: 1..<2, level: [-8], side: .atMost, yuanPerKilowattHour: fine)
                            ])
                    ]))
        }
        // A kWh given back must be charged again: it costs 0.1; a kWh for the driver is worth 3 and costs 0.5.
        let cheap = plan(0.05)
        #expect(abs(cheap.vehicles[0].net[1]) < 0.01 && abs(cheap.vehicles[1].net[0] - 4) < 0.01)
        #expect(abs(cheap.objective - 2 - 12 * 0.05) < 0.01, "\(cheap.objective)")
        let dear = plan(1)
        #expect(abs(dear.vehicles[0].net[1] + 10) < 0.01 && abs(dear.vehicles[1].net[0] - 4) < 0.01)
        #expect(abs(dear.objective - 2 - 1 - 2) < 0.01, "two kWh are missing, ten are moved: \(dear.objective)")
        let beyond = plan(4)
        #expect(abs(beyond.vehicles[1].net[0] - 2) < 0.01, "the driver gives way: \(beyond.vehicles[1].net)")
        #expect([cheap, dear, beyond].allSatisfy { $0.isOptimal && $0.bound <= $0.objective })
    }

    @Test func `a promise to draw moves energy to its hours, and nobody gives back then`() {
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.2, 0.8, 0.8], sellPrice: [0, 0.75, 0.75],
            vehicles: [car(0..<3, kilowatts: 6, wanted: 8), store(0..<3, kilowatts: 5, from: 50, offers: 20)],
            nodes: [
                PlanningNode(
                    importLimit: [20, 20, 20], exportLimit: [20, 20, 20],
                    commitments: [
                        LoadCommitment(slots: 1..<2, level: [7], side: .atLeast, yuanPerKilowattHour: 2)
                    ])
            ])
        let plan = solve(problem)
        let loads = problem.nodeLoads(plan.vehicles)[0]
        #expect(abs(loads[1] - 7) < 0.01, "\(loads)")
        #expect(plan.isOptimal && PlanCheck.violations(of: plan.vehicles, in: problem) == [])
    }

    @Test func `opposite promises are weighed against each other`() {
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.5], sellPrice: [0],
            vehicles: [car(0..<1, kilowatts: 10, wanted: 10, value: 0.5)],
            nodes: [
                PlanningNode(
                    importLimit: [20],
                    commitments: [
                        LoadCommitment(slots: 0..<1, level: [3], side: .atMost, yuanPerKilowattHour: 1),
                        LoadCommitment(slots: 0..<1, level: [8], side: .atLeast, yuanPerKilowattHour: 2),
                    ])
            ])
        let plan = solve(problem)
        #expect(abs(plan.vehicles[0].net[0] - 8) < 0.01 && abs(plan.objective - 5 - 5) < 0.01, "\(plan.objective)")
    }

    // MARK: Against HiGHS

    static let seeds: UInt64 = min(
        500, ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"].flatMap { UInt64($0) } ?? 60)

    @Test(.enabled(if: Highs.library != nil, "TIDEWATT_HIGHS names no library of HiGHS"), arguments: 1...seeds)
    func `bound, optimum and objective stand in this order`(seed: UInt64) throws {
        for (demand, promises) in [(true, false), (false, true), (true, true)] {
            var problem = RandomProblems.problem(seed: 9000 + seed, slots: 24, vehicles: 30)
            Self.add(to: &problem, seed: seed, demand: demand, promises: promises)
            let optimum = try #require(Highs.optimum(of: problem))
            let plan = solve(problem, options: quick)
            let slack = 1e-5 * max(1, abs(optimum))
            #expect(plan.bound <= optimum + slack && plan.objective >= optimum - slack, "\(optimum): \(plan.bound)")
            // A promise to draw may pay for charging and giving back at once, which the bound allows and nobody does.
            let mayBurn = problem.nodes[0].commitments.contains { $0.side == .atLeast }
            #expect(plan.gap <= (mayBurn ? 0.02 : 0.001) && plan.fallback == nil, "gap \(plan.gap)")
            #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [])
            #expect(abs(PlanCheck.objective(of: plan.vehicles, in: problem) - plan.objective) < slack)
        }
    }

    @Test func `behind one meter peaks are shaved to within the gap`() {
        for seed: UInt64 in 1...Self.seeds {
            var problem = RandomProblems.problem(seed: 9000 + seed, slots: 24, vehicles: 30)
            var random = SeededRandom(seed: seed).split(78)
            problem.sellPrice = problem.buyPrice.map { $0 * 0.6 }
            let load = (0..<problem.slotCount).map { _ in 40 * random.unit() - 12 }
            problem.nodes[0].settlement = .behindMeter(load: load)
            problem.nodes[0].importLimit = load.map { 45 + 30 * random.unit() - $0 }
            problem.nodes[0].exportLimit = problem.nodes[0].exportLimit.map { zip($0, load).map { max(0, $0 + $1) } }
            problem.nodes[0].demand = DemandCharge(
                yuanPerKilowatt: [0.5, 5, 35][Int(seed % 3)], soFar: 50 * random.unit(), load: load)
            let plan = solve(problem, options: quick)
            #expect(plan.gap <= 0.001 && plan.fallback == nil, "seed \(seed): \(plan.gap)")
            #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [], "seed \(seed)")
        }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `many sites with a charge each are planned to within the gap, on any number of threads`(seed: UInt64) {
        let problem = Self.sites(seed: seed)
        let plan = solve(problem)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [] && plan.fallback == nil)
        #expect(plan.gap <= 0.001 && plan.bound <= plan.objective, "\(plan.gap)")
        let many = solve(problem, options: PlanningOptions(threads: 3))
        #expect(many.vehicles == plan.vehicles && many.bound == plan.bound)
    }

    @Test(arguments: [1] as [UInt64])
    func `a portfolio keeps what it sold while fines are worth it`(seed: UInt64) {
        var problem = ManyVehiclesTests.country(seed: seed, part: 0.8, slots: 20)
        let root = problem.nodes.count - 1
        let before = problem.nodeLoads(solve(problem).vehicles)[root]
        problem.nodes[root].commitments = [
            LoadCommitment(
                slots: 8..<12, level: (8..<12).map { before[$0] * 0.5 }, side: .atMost, yuanPerKilowattHour: 1.5),
            LoadCommitment(
                slots: 16..<18, level: (16..<18).map { before[$0] * 1.2 }, side: .atLeast, yuanPerKilowattHour: 0.4),
        ]
        let plan = solve(problem, options: PlanningOptions(threads: 2))
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem) == [] && plan.fallback == nil)
        #expect(plan.gap <= 0.001 && plan.bound <= plan.objective, "\(plan.gap)")
        let after = problem.nodeLoads(plan.vehicles)[root]
        func fines(_ loads: [Double]) -> Double {
            problem.nodes[root].cost(ofLoad: loads.map { $0 * problem.stepHours }, stepHours: problem.stepHours)
        }
        #expect(fines(after) < 0.5 * fines(before), "\(fines(after)) of \(fines(before))")
    }

    // MARK: Instances

    /// Charges and promises at the first node, which is a root; prices are made positive.
    static func add(to problem: inout PlanningProblem, seed: UInt64, demand: Bool, promises: Bool) {
        var random = SeededRandom(seed: seed).split(77)
        let count = problem.slotCount
        problem.buyPrice = problem.buyPrice.map { abs($0) }
        let most = problem.nodes[0].importLimit.max() ?? 0
        if demand {
            let base = random.unit() < 0.5 ? 40.0 : 0
            problem.nodes[0].demand = DemandCharge(
                yuanPerKilowatt: [0.5, 5, 35][Int(random.next() % 3)],
                soFar: random.unit() < 0.3 ? 0 : 60 * random.unit(),
                load: (0..<count).map { _ in base * random.unit() })
        }
        guard promises else { return }
        for _ in 0..<(1 + Int(random.next() % 3)) {
            let first = Int(random.next() % UInt64(count))
            let slots = first..<(first + 1 + Int(random.next() % UInt64(count - first)))
            let side: LoadCommitment.Side = random.unit() < 0.6 ? .atMost : .atLeast
            let level = most * (random.unit() * 1.4 - (side == .atMost ? 0.7 : 0.3))
            let isOpposed = problem.nodes[0].commitments.contains { $0.slots.overlaps(slots) && $0.side != side }
            let fine = 0.1 + 3 * random.unit()
            if isOpposed { continue }
            problem.nodes[0].commitments.append(
                LoadCommitment(
                    slots: slots, level: slots.map { _ in level }, side: side, yuanPerKilowattHour: fine))
        }
    }

    /// Six sites of about eighty vehicles that pay for their peaks.
    static func sites(seed: UInt64, slots: Int = 16) -> PlanningProblem {
        var problem = ManyVehiclesTests.city(seed: seed, slots: slots)
        problem.nodes.removeLast(problem.nodes.count - 6)
        problem.vehicles.removeAll { $0.node ?? 0 >= 6 }
        var random = SeededRandom(seed: seed).split(79)
        for n in problem.nodes.indices {
            let most = problem.nodes[n].importLimit.max() ?? 0
            problem.nodes[n].demand = DemandCharge(
                yuanPerKilowatt: 20 * random.unit(), soFar: most * random.unit(),
                load: (0..<slots).map { _ in 0.3 * most * random.unit() })
        }
        return problem
    }
}
