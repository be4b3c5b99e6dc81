import Foundation
import Quantities
import Scheduling

/// `swift run -c release plan [SETS…]`, sets of cases one after the other: `small` (all without a name), `seeds` (10 000 vehicles, five
/// seeds each), `highs` (the same fleet solved by HiGHS in this run, where `TIDEWATT_HIGHS` names its library), `million`, `warm`
/// (a hundredth of the vehicles changed), `flex` (what fleets can do).
///
/// A fleet is 55 % home overnight, 25 % short stays and 20 % all day, 100 vehicles a transformer, 96 slots; the limits are about a
/// fifth of the connected power, so every transformer binds.
@main enum Plan {
    struct Case {
        let vehicles: Int
        let bothWays: Double
        let spot: Bool
        /// Part of the transformers that bind.
        var binding = 1.0
        /// Limit of one node above all transformers, as a part of the sum of theirs.
        var above: Double?
        var seed: UInt64 = 7

        var name: String {
            "\(vehicles) vehicles, \(Int(bothWays * 100)) % both ways, \(spot ? "spot" : "time of use")"
                + (binding < 1 ? ", \(Int(binding * 100)) % binding" : "")
                + (above.map { ", one node above at \(Int($0 * 100)) %" } ?? "") + ", seed \(seed)"
        }
    }
    static let small = [
        Case(vehicles: 100, bothWays: 0.3, spot: false),
        Case(vehicles: 1000, bothWays: 0.3, spot: false),
        Case(vehicles: 10_000, bothWays: 0, spot: false),
        Case(vehicles: 10_000, bothWays: 1, spot: true),
        Case(vehicles: 10_000, bothWays: 0.3, spot: false, above: 0.7),
        Case(vehicles: 10_000, bothWays: 0.3, spot: false, above: 0.8),
        Case(vehicles: 10_000, bothWays: 0.3, spot: true, above: 0.8),
    ]
    static let seeds = (7...11).flatMap { seed in
        [false, true].map { Case(vehicles: 10_000, bothWays: 0.3, spot: $0, seed: seed) }
    }
    static let million = [
        Case(vehicles: 1_000_000, bothWays: 0.3, spot: false), Case(vehicles: 1_000_000, bothWays: 0.3, spot: true),
        Case(vehicles: 1_000_000, bothWays: 0, spot: false),
        Case(vehicles: 1_000_000, bothWays: 0.3, spot: false, binding: 0.5),
        Case(vehicles: 1_000_000, bothWays: 0.3, spot: true, binding: 0.5),
        Case(vehicles: 1_000_000, bothWays: 0.3, spot: false, above: 0.8),
        Case(vehicles: 1_000_000, bothWays: 0.3, spot: true, above: 0.8),
    ]

    static let warm = [
        Case(vehicles: 100_000, bothWays: 0.3, spot: false), Case(vehicles: 100_000, bothWays: 0.3, spot: true, above: 0.8),
        Case(vehicles: 1_000_000, bothWays: 0.3, spot: false),
    ]

    static func main() {
        let sets = CommandLine.arguments.dropFirst()
        let cores = ProcessInfo.processInfo.activeProcessorCount
        for set in sets.isEmpty ? ["small"] : Array(sets) {
            switch set {
            case "small": for test in small { _ = run(test, threads: 1) }
            case "seeds": for test in seeds { _ = run(test, threads: 1) }
            case "million": for test in million { _ = run(test, threads: cores) }
            case "warm": for test in warm { goOn(test, threads: cores) }
            case "flex": for count in [100, 1000, 10_000, 100_000] { ask(count) }
            case "highs": compare(Case(vehicles: 10_000, bothWays: 0.3, spot: false))
            default:
                FileHandle.standardError.write(Data("plan: no set \(set): small, seeds, highs, million, warm, flex\n".utf8))
                exit(2)
            }
        }
    }

    /// One line: wall and CPU time of solving, repair and check; the gap that is proven; memory beyond that of the problem.
    static func run(_ test: Case, threads: Int) -> Double {
        let problem = Fleet(test).problem
        let input = peak()
        let (wall, cpu) = (ContinuousClock.now, clock())
        let plan = solve(problem, options: PlanningOptions(threads: threads))
        let seconds = Double(clock() - cpu) / Double(CLOCKS_PER_SEC)
        let elapsed = (ContinuousClock.now - wall) / .seconds(1)
        let refused = PlanCheck.violations(of: plan.vehicles, in: problem).count + (plan.fallback == nil ? 0 : 1)
        print(
            "\(test.name): \(number(elapsed, 2)) s, \(number(seconds, 3)) CPU s on \(threads), gap"
                + " \(number(plan.gap * 100, 4)) %, \(plan.passes) passes, \((peak() - input) >> 20) MiB"
                + (refused == 0 ? "" : ", REFUSED BY THE CHECK"))
        return seconds
    }

    /// What it costs to plan anew when one vehicle in a hundred changed: all of them at one node in a hundred, or anywhere.
    static func goOn(_ test: Case, threads: Int) {
        var problem = Fleet(test).problem
        for v in problem.vehicles.indices { problem.vehicles[v].name = "S\(v)" }
        func timed(_ problem: PlanningProblem, _ state: PlanningState?) -> (PlanningSolution, wall: Double, cpu: Double) {
            let (wall, cpu) = (ContinuousClock.now, clock())
            let plan = solve(problem, options: PlanningOptions(threads: threads), warm: state)
            return (plan, (ContinuousClock.now - wall) / .seconds(1), Double(clock() - cpu) / Double(CLOCKS_PER_SEC))
        }
        let cold = timed(problem, nil)
        print("\(test.name): \(number(cold.wall, 2)) s, \(number(cold.cpu, 3)) CPU s on \(threads)")
        for isScattered in [false, true] {
            var random = SeededRandom(seed: 5)
            var (next, state) = (problem, cold.0.state)
            for round in 1...2 {
                let first = Int(random.next() % UInt64(test.vehicles * 99 / 100)) / 100 * 100
                for k in 0..<(test.vehicles / 100) {
                    change(&next.vehicles[isScattered ? 100 * k + Int(random.next() % 100) : first + k], random.next(), round)
                }
                let warm = timed(next, state)
                print(
                    "  1 % changed, \(isScattered ? "scattered" : "at 1 % of nodes"): \(number(warm.wall, 3)) s,"
                        + " \(number(warm.cpu, 3)) CPU s, \(number(100 * warm.cpu / cold.cpu, 1)) % of it, gap"
                        + " \(number(warm.0.gap * 100, 4)) %, \(warm.0.kept) kept")
                state = warm.0.state
            }
        }
    }

    /// Wants less or more, leaves half an hour earlier, or is another vehicle.
    private static func change(_ vehicle: inout PlanningVehicle, _ draw: UInt64, _ round: Int) {
        switch draw % 4 {
        case 0: vehicle.wanted *= 0.7
        case 1: vehicle.wanted *= 1.1
        case 2 where vehicle.slots.count > 4:
            vehicle.slots = vehicle.slots.lowerBound..<(vehicle.slots.upperBound - 2)
            vehicle.lastPresence = 1
        default: vehicle.name = "\(vehicle.name ?? "") again \(round)"
        }
    }

    /// HiGHS first: its time is that of the whole linear programme, without building it.
    static func compare(_ test: Case) {
        let programme = Highs.LinearProgramme(of: Fleet(test).problem)
        let cpu = clock()
        guard let optimum = programme.optimum() else { return print("no HiGHS: set TIDEWATT_HIGHS to its library") }
        let seconds = Double(clock() - cpu) / Double(CLOCKS_PER_SEC)
        print("HiGHS, \(test.name): \(number(seconds, 1)) CPU s, optimum \(number(optimum, 3))")
        print("ratio \(number(seconds / run(test, threads: 1), 0)) : 1")
    }

    /// What a fleet of which 30 % give back with losses, most of what it wants, can do.
    static func ask(_ count: Int) {
        var problem = Fleet(Case(vehicles: count, bothWays: 0.3, spot: false)).problem
        for v in problem.vehicles.indices { problem.vehicles[v].wanted *= 0.7 }
        let fleet = FlexibleFleet(stepHours: 0.25, slotCount: problem.slotCount, vehicles: problem.vehicles)
        let tolerance = 0.001 + 7e-6 * Double(count)
        var line = "\(count) vehicles:"
        func time<Answer>(_ what: String, _ body: () -> Answer) -> Answer {
            let cpu = clock()
            let answer = body()
            line += " \(what) \(number(Double(clock() - cpu) / Double(CLOCKS_PER_SEC), 4)) CPU s;"
            return answer
        }
        _ = time("envelope") { fleet.envelope() }
        let even = fleet.evenBaseline
        guard
            let band = time(
                "block of two hours, both ways", { fleet.largestBand(30..<38, baseline: even, tolerance: tolerance) })
        else { return print(line, "no block") }
        let signal = zip(even, band.less.total).map { 0.5 * ($0 + $1) }
        let yes = time("a signal followed") { fleet.follow(signal, tolerance: tolerance) }
        let no = time("one refused") { fleet.follow(signal.map { 0.95 * $0 }, tolerance: tolerance) }
        if count <= 10_000 { _ = time("storage") { fleet.equivalentStorage(tolerance: tolerance) } }
        print(
            line,
            "block within \(number(100 * (1 - band.less.power / band.less.provenMost), 3)) % of its bound"
                + (yes.isFollowed && !no.isFollowed ? "" : ", WRONG"))
    }

    private static func number(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

    /// Bytes that the process has used at most.
    private static func peak() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss) << 10
    }
}

/// A made-up fleet; always the same for the same case.
private struct Fleet {
    private let test: Plan.Case
    private let slots = 96
    private var random: SeededRandom

    init(_ test: Plan.Case) {
        self.test = test
        random = SeededRandom(seed: test.seed)
    }

    private mutating func normal(_ mean: Double, _ deviation: Double) -> Double {
        let radius = (-2 * log(max(1e-12, random.unit()))).squareRoot()
        return mean + deviation * radius * cos(2 * .pi * random.unit())
    }
    private mutating func pick(_ list: [Double]) -> Double { list[Int(random.next() % UInt64(list.count))] }

    var problem: PlanningProblem {
        var copy = self
        return copy.make()
    }

    private mutating func make() -> PlanningProblem {
        var (buy, sell): ([Double], [Double]) = ([], [])
        for slot in 0..<slots {
            let hour = (12 + slot / 4) % 24
            let level = hour < 8 ? 0.4 : (10..<12).contains(hour) || (17..<22).contains(hour) ? 1.6 : 1
            let price = test.spot ? 0.5 + 0.3 * sin(Double(slot) / 9) + 0.1 * random.unit() : 0.6 * level + 0.03
            buy.append(price)
            sell.append(test.spot ? price - 0.03 : 0.55 * level)
        }
        let transformers = (test.vehicles + 99) / 100
        let fleet = (0..<test.vehicles).map { vehicle(node: $0 / 100) }
        var nodes = (0..<transformers).map { _ in
            let kilowatts = 144 * (0.7 + 0.6 * random.unit())
            let room = test.binding < 1 && random.unit() >= test.binding ? 10.0 : 1
            return PlanningNode(
                parent: test.above == nil ? nil : transformers,
                importLimit: [Double](repeating: kilowatts * room, count: slots),
                exportLimit: [Double](repeating: 72 * room, count: slots))
        }
        if let above = test.above {
            let sum = nodes.reduce(0) { $0 + $1.importLimit[0] }
            nodes.append(PlanningNode(importLimit: [Double](repeating: sum * above, count: slots)))
        }
        return PlanningProblem(stepHours: 0.25, buyPrice: buy, sellPrice: sell, vehicles: fleet, nodes: nodes)
    }

    private mutating func vehicle(node: Int) -> PlanningVehicle {
        let kind = random.unit()
        var (arrival, departure) = (0.0, 24.0)
        if kind < 0.55 {
            (arrival, departure) = (normal(6.5, 1.5), normal(19.5, 1))
        } else if kind < 0.8 {
            arrival = random.unit() * 20
            departure = arrival + 1.5 + random.unit() * 4
        }
        arrival = min(max(arrival, 0), 22.5)
        departure = min(max(departure, arrival + 1), 24)
        let power = pick([7, 7, 7, 7, 7, 7, 7, 11, 11, 3.5])
        let capacity = pick([40, 60, 80])
        let bothWays = random.unit() < test.bothWays
        let efficiency = bothWays ? pick([0.95, 0.92]) : 0.93
        let charge = 0.15 + 0.5 * random.unit()
        let wanted = min(
            capacity * (0.75 + 0.2 * random.unit() - charge), efficiency * power * (departure - arrival) * 0.95)
        let first = Int(arrival * 4)
        let end = min(slots, Int((departure * 4).rounded(.up)))
        return PlanningVehicle(
            slots: first..<end, firstPresence: Double(first + 1) - arrival * 4,
            lastPresence: departure * 4 - Double(end - 1), maxCharge: power, maxDischarge: bothWays ? power : 0,
            chargeEfficiency: efficiency, dischargeEfficiency: efficiency, wanted: max(0.5, wanted),
            battery: bothWays
                ? PlanningBattery(atArrival: charge * capacity, minimum: 0.1 * capacity, maximum: 0.98 * capacity)
                : nil,
            wear: 0.1, node: node)
    }
}
