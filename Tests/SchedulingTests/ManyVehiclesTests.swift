import Foundation
import Quantities
import Testing

@testable import Scheduling

/// Fleets so large that each node is first tried by the augmented Lagrangian, on several threads.
@Suite("Many vehicles") struct ManyVehiclesTests {
    /// 30 nodes, each with about eighty vehicles of its own that cannot all have what they want when they want it; some nodes with
    /// limits that leave wishes open, some without room for discharge, one that is dark half of the day.
    static func city(seed: UInt64, slots: Int = 48) -> PlanningProblem {
        var random = SeededRandom(seed: seed)
        func unit() -> Double { random.unit() }
        func pick<Element>(_ list: [Element]) -> Element { list[Int(random.next() % UInt64(list.count))] }
        let isSpot = seed % 2 == 0
        let buy = (0..<slots).map { isSpot ? 0.2 + 0.8 * unit() : [0.27, 0.63, 0.99][($0 / 8) % 3] }
        let earns = pick([0, 0.6, 0.95])
        var nodes: [PlanningNode] = []
        var fleet: [PlanningVehicle] = []
        for n in 0..<30 {
            let count = 75 + Int(random.next() % 15)
            let kilowatts = Double(count) * 7 * pick([0.08, 0.15, 0.25, 0.4])
            nodes.append(
                PlanningNode(
                    importLimit: (0..<slots).map { n == 3 && $0 < slots / 2 ? 0 : kilowatts * (0.7 + 0.6 * unit()) },
                    exportLimit: n % 3 == 0 ? (0..<slots).map { _ in kilowatts * unit() * 0.5 } : nil))
            for _ in 0..<count {
                let first = Int(random.next() % UInt64(slots - 4))
                let length = 4 + Int(random.next() % UInt64(slots - first - 3))
                let bothWays = unit() < 0.35
                let capacity = pick([40.0, 60, 80])
                fleet.append(
                    PlanningVehicle(
                        slots: first..<min(slots, first + length), firstPresence: 0.1 + 0.9 * unit(),
                        lastPresence: 0.1 + 0.9 * unit(), maxCharge: pick([3.5, 7, 7, 11]),
                        maxDischarge: bothWays ? pick([3.5, 7]) : 0, chargeEfficiency: pick([1, 0.95, 0.9]),
                        dischargeEfficiency: pick([1, 0.95, 0.9]), wanted: unit() < 0.1 ? 0 : 25 * unit(),
                        battery: bothWays || unit() < 0.3
                            ? PlanningBattery(
                                atArrival: capacity * (0.2 + 0.5 * unit()), minimum: 0.1 * capacity,
                                maximum: 0.95 * capacity) : nil,
                        value: pick([5, 5, 5, 2]), wear: pick([0, 0.1]), node: n))
            }
        }
        return PlanningProblem(
            stepHours: 0.25, buyPrice: buy, sellPrice: buy.map { $0 * earns }, vehicles: fleet, nodes: nodes)
    }

    /// The same with two feeders, one below the other, that carry `part` of what their nodes could take together.
    static func country(seed: UInt64, part: Double, slots: Int = 48) -> PlanningProblem {
        var problem = city(seed: seed, slots: slots)
        let count = problem.nodes.count
        func sum(_ nodes: Range<Int>) -> [Double] {
            (0..<slots).map { t in nodes.reduce(0) { $0 + problem.nodes[$1].importLimit[t] } }
        }
        let (all, half) = (sum(0..<count), sum(0..<(count / 2)))
        problem.nodes.append(PlanningNode(parent: count + 1, importLimit: half.map { $0 * part }))
        problem.nodes.append(
            PlanningNode(importLimit: all.map { $0 * part }, exportLimit: all.map { $0 * part * 0.1 }))
        for n in 0..<count { problem.nodes[n].parent = n < count / 2 ? count : count + 1 }
        return problem
    }

    /// Where nothing is wanted an unfinished iterate left traces that others counted on, and the gate refused the plan.
    @Test(arguments: [122, 134, 840, 920, 1254, 1444, 1485, 1790] as [UInt64])
    func `traces of an iterate do not fill anybody beyond full`(seed: UInt64) {
        let problem = RandomProblems.problem(seed: seed, vehicles: 60)
        let plan = FleetSolver(problem, options: quick, warm: nil, isLarge: true).run(
            isCancelled: { false }, progress: { _ in })
        #expect(plan.fallback == nil)
    }

    @Test(arguments: [(1 as UInt64, 0.8), (2, 0.8), (3, 0.6), (4, 0.6)])
    func `under shared nodes too, on any number of threads`(seed: UInt64, part: Double) {
        let problem = Self.country(seed: seed, part: part)
        let plan = solve(problem)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem).isEmpty && plan.fallback == nil)
        #expect(plan.gap <= 0.001 && plan.bound <= plan.objective, "\(plan.gap)")
        let many = solve(problem, options: PlanningOptions(threads: 3))
        #expect(many.vehicles == plan.vehicles && many.bound == plan.bound && many.nodePrices == plan.nodePrices)
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `a plan that holds, a bound below it, and a gap as small as asked for`(
        seed: UInt64
    ) {
        let problem = Self.city(seed: seed)
        let plan = solve(problem)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem).isEmpty && plan.fallback == nil)
        #expect(plan.gap <= 0.001 && plan.bound <= plan.objective, "\(plan.gap)")
        // Node by node, as small fleets are planned: neither side can be better than the other's proof.
        var (least, most) = (0.0, 0.0)
        for n in problem.nodes.indices {
            let alone = solve(problem.alone(n), options: quick)
            least += alone.bound
            most += alone.objective
        }
        let slack = 1e-6 * abs(most)
        #expect(plan.bound <= most + slack && least <= plan.objective + slack)
    }

    @Test func `the number of threads changes nothing`() {
        let problem = Self.city(seed: 7)
        let one = solve(problem)
        for threads in [2, 5] {
            let many = solve(problem, options: PlanningOptions(threads: threads))
            #expect(many.vehicles == one.vehicles && many.bound == one.bound && many.nodePrices == one.nodePrices)
        }
    }

    @Test func `progress rises to one on several threads, and a stop is heard`() {
        let problem = Self.city(seed: 8)
        var steps: [Double] = []
        _ = solve(problem, options: PlanningOptions(threads: 3), progress: { steps.append($0) })
        #expect(steps == steps.sorted() && steps.count > 30 && abs((steps.last ?? 0) - 1) < 1e-9)
        var asked = 0
        let stopped = solve(
            problem, options: PlanningOptions(threads: 3),
            isCancelled: {
                asked += 1
                return asked > 60
            })
        #expect(asked == 61, "once is enough")
        #expect(stopped.isCancelled && PlanCheck.violations(of: stopped.vehicles, in: problem).isEmpty)
    }

    @Test func `from its own prices a plan is found again`() {
        let problem = Self.city(seed: 9)
        let cold = solve(problem)
        let warm = solve(problem, warm: PlanningState(nodePrices: cold.nodePrices))
        #expect(warm.gap <= 0.001 && abs(warm.objective - cold.objective) <= 0.002 * abs(cold.objective))
    }

    @Test(arguments: [0, 3, 12])
    func `a stop under shared nodes leaves a schedule that holds and a bound below it`(rounds: Int) {
        let problem = Self.country(seed: 5, part: 0.7)
        var steps: [Double] = []
        let plan = solve(
            problem, isCancelled: { steps.count > rounds || rounds == 0 }, progress: { steps.append($0) })
        #expect(plan.isCancelled && plan.bound.isFinite && plan.bound <= plan.objective)
        #expect(PlanCheck.violations(of: plan.vehicles, in: problem).isEmpty && plan.fallback == nil)
        #expect(steps == steps.sorted())
    }

    @Test func `one block after the other keeps the limits of shared nodes`() throws {
        let problem = Self.country(seed: 6, part: 0.6)
        let solver = FleetSolver(problem, options: PlanningOptions(), warm: nil)
        let part = try #require(solver.cut().parts.first)
        let method = TreeLagrangian(
            problem, part, options: PlanningOptions(), pool: WorkPool(threads: 1, isCancelled: { false }))
        var schedules = [VehicleSchedule?](repeating: nil, count: problem.vehicles.count)
        for (v, schedule) in zip(method.order, method.filled().flatMap(\.schedules)) { schedules[v] = schedule }
        #expect(PlanCheck.violations(of: schedules.compactMap { $0 }, in: problem).isEmpty)
    }
}
