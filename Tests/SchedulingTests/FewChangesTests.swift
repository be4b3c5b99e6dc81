import Foundation
import Quantities
import Testing

@testable import Scheduling

/// Large plans that go on with a few vehicles changed: cost, loads and bound are carried on, not reckoned anew.
@Suite("Few changes") struct FewChangesTests {
    /// Few under a sanitizer.
    private static let seeds =
        1...min(150, ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"].flatMap(UInt64.init).map { 10 * $0 } ?? 150)

    /// As a large fleet is treated, whatever its size.
    private static func plan(
        _ problem: PlanningProblem, from state: PlanningState?, threads: Int = 1
    ) -> PlanningSolution {
        FleetSolver(
            problem, options: PlanningOptions(effort: 5e6, threads: threads), warm: state, isLarge: true
        ).run(isCancelled: { false }, progress: { _ in })
    }

    private static func named(_ problem: PlanningProblem) -> PlanningProblem {
        var problem = problem
        for v in problem.vehicles.indices { problem.vehicles[v].name = "S\(v)" }
        return problem
    }

    /// One in `part` wants other energy, goes earlier, is gone or has come.
    private static func change(
        _ problem: inout PlanningProblem, oneIn part: UInt64, at nodes: Range<Int>? = nil,
        _ random: inout SeededRandom, round: Int
    ) {
        var fleet: [PlanningVehicle] = []
        for vehicle in problem.vehicles {
            let isThere = nodes.map { nodes in vehicle.node.map(nodes.contains) ?? false } ?? true
            guard isThere, random.next() % part == 0 else {
                fleet.append(vehicle)
                continue
            }
            var other = vehicle
            switch random.next() % 5 {
            case 0: other.wanted *= 0.6
            case 1: other.wanted *= 1.3
            case 2:
                guard vehicle.slots.count > 2 else { break }
                other.slots = vehicle.slots.lowerBound..<(vehicle.slots.upperBound - 1)
                other.lastPresence = 1
                other.dischargeCeiling = Array(vehicle.dischargeCeiling.prefix(other.slots.count))
            case 3: continue
            default:
                other.name = "\(vehicle.name ?? "")-\(round)"
                if random.next() % 2 == 0 { fleet.insert(other, at: Int(random.next() % UInt64(fleet.count + 1))) }
            }
            fleet.append(other)
        }
        problem.vehicles = fleet
    }

    /// What is carried on is what a look at everything finds.
    private static func check(_ plan: PlanningSolution, _ problem: PlanningProblem, _ what: String) throws {
        let judged = PlanCheck.judged(plan.vehicles, in: problem)
        #expect(judged.violations == [], "\(what)")
        let size = 1e-6 * max(1, abs(plan.objective))
        #expect(abs(PlanCheck.objective(of: plan.vehicles, in: problem) - plan.objective) < size, "\(what)")
        #expect(plan.fallback == nil, "\(what)")
        let account = try #require(plan.state.plan?.account, "\(what), \(plan.kept) kept, bound \(plan.bound)")
        #expect(abs(account.objective - plan.objective) < size, "\(what)")
        #expect(
            zip(account.loads, judged.loads).allSatisfy { zip($0, $1).allSatisfy { abs($0 - $1) < 1e-6 } }, "\(what)")
        // At the same prices nothing higher can be proven, but by what the limits that cannot be reached were widened.
        let fresh = FleetSolver(problem, options: PlanningOptions(), warm: nil).lowerBound(plan.nodePrices)
        #expect(plan.bound <= fresh + size, "\(what): \(plan.bound) of \(fresh)")
        #expect(plan.bound >= fresh - 1e-3 * max(1, abs(fresh)), "\(what): \(plan.bound) of \(fresh)")
        #expect(plan.bound <= plan.objective)
    }

    @Test func `cost, loads and bound that are carried on are those of the whole, change after change`() throws {
        var keeping = 0
        for seed in Self.seeds {
            var random = SeededRandom(seed: seed)
            var problem = Self.named(RandomProblems.problem(seed: seed, vehicles: 60))
            var last = Self.plan(problem, from: nil)
            for round in 1...4 {
                Self.change(&problem, oneIn: 12, &random, round: round)
                guard !problem.vehicles.isEmpty else { break }
                let next = Self.plan(problem, from: last.state)
                try Self.check(next, problem, "seed \(seed), round \(round)")
                if next.kept > 0 {
                    keeping += 1
                    #expect(next.gap <= max(0.001, last.gap), "seed \(seed), round \(round)")
                }
                last = next
            }
        }
        #expect(keeping > Self.seeds.count, "\(keeping)")
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `in a city most vehicles keep their schedules`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var problem = Self.named(ManyVehiclesTests.city(seed: seed))
        var last = solve(problem, options: PlanningOptions(threads: 2))
        for round in 1...3 {
            Self.change(&problem, oneIn: 4, at: (5 * round)..<(5 * round + 2), &random, round: round)
            let next = solve(problem, options: PlanningOptions(threads: 2), warm: last.state)
            try Self.check(next, problem, "round \(round)")
            #expect(next.gap <= max(0.001, last.gap))
            #expect(next.kept * 10 >= problem.vehicles.count * 9, "\(next.kept) of \(problem.vehicles.count)")
            let alone = solve(problem, options: PlanningOptions(threads: 1), warm: last.state)
            #expect(alone.vehicles == next.vehicles && alone.bound == next.bound, "whatever the number of threads")
            last = next
        }
    }

    @Test func `under shared nodes changes of few nodes leave the others alone`() throws {
        var random = SeededRandom(seed: 3)
        var problem = Self.named(ManyVehiclesTests.country(seed: 3, part: 0.8))
        let first = solve(problem, options: PlanningOptions(threads: 2))
        Self.change(&problem, oneIn: 10, at: 4..<6, &random, round: 1)
        let next = solve(problem, options: PlanningOptions(threads: 2), warm: first.state)
        try Self.check(next, problem, "shared")
        #expect(next.gap <= max(0.001, first.gap) && next.kept > problem.vehicles.count / 2, "\(next.kept)")
    }

    /// Thousands of others make what one driver loses small.
    @Test func `whoever comes to a full node gets room where others can move`() throws {
        let slots = 4
        func vehicle(_ name: String, _ stay: Range<Int>, node: Int) -> PlanningVehicle {
            PlanningVehicle(slots: stay, maxCharge: 7, wanted: 7, node: node, name: name)
        }
        var problem = PlanningProblem(
            stepHours: 1, buyPrice: [0.5, 0.51, 0.52, 0.53], sellPrice: [0, 0, 0, 0],
            vehicles: (0..<3000).map { vehicle("far \($0)", 0..<slots, node: 1) }
                + [vehicle("flexible", 0..<slots, node: 0)],
            nodes: [
                PlanningNode(importLimit: [7, 7, 7, 7]), PlanningNode(importLimit: [30_000, 30_000, 30_000, 30_000]),
            ])
        let first = solve(problem)
        #expect(abs(first.vehicles[3000].net[0] - 7) < 1e-6)
        // Left without, it would lose less than the gap of the whole.
        var urgent = vehicle("urgent", 0..<1, node: 0)
        urgent.value = 1
        problem.vehicles.append(urgent)
        let next = solve(problem, warm: first.state)
        #expect(next.kept >= 3000)
        #expect(next.vehicles[3001].undelivered < 1e-4 && next.vehicles[3000].undelivered < 1e-4)
        try Self.check(next, problem, "full")
    }

    @Test func `rounding in a vehicle that stays goes the exact way, and a name given twice keeps one schedule`() throws
    {
        let problem = Self.named(ManyVehiclesTests.city(seed: 1))
        let first = solve(problem, options: PlanningOptions(threads: 2))
        let plan = try #require(first.state.plan)
        let pool = WorkPool(threads: 1, isCancelled: { false })
        var rounded = problem
        rounded.vehicles[5].wanted += 1e-8
        let off = try #require(Changes(since: plan, in: rounded, pool))
        #expect(off.open.isEmpty && !off.isOfVehiclesAlone)
        var twice = problem
        twice.vehicles.append(problem.vehicles[7])
        let double = try #require(Changes(since: plan, in: twice, pool))
        #expect(double.open == [problem.vehicles.count] && double.gone.isEmpty && double.isOfVehiclesAlone)
    }

    @Test func `vehicles are found by name in whatever order they stand`() {
        var random = SeededRandom(seed: 1)
        let old = (0..<200).map { PlanningVehicle(slots: 0..<1, maxCharge: 7, wanted: 1, node: nil, name: "S\($0)") }
        for part in [1, 3, 50] as [UInt64] {
            var new = old.filter { _ in random.next() % part != 0 || part == 1 }
            new.insert(PlanningVehicle(slots: 0..<1, maxCharge: 7, wanted: 1, node: nil, name: "new"), at: 20)
            new.insert(PlanningVehicle(slots: 0..<1, maxCharge: 7, wanted: 1, node: nil), at: 30)
            if part == 1 { new.reverse() }
            let partners = Changes.partners(of: new, in: old)
            for (vehicle, partner) in zip(new, partners) {
                let place = vehicle.name.flatMap { name in old.firstIndex { $0.name == name } }
                #expect(partner == place ?? -1)
            }
        }
    }
}
