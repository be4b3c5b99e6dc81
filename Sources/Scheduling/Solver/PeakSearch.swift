/// Plans under a charge on the highest power (``DemandCharge``): which peak is worth its price.
///
/// With the charge d a kW and slots of h hours, let V(P) be the least cost when every kWh above the peak P is fined with d / h, in
/// each slot. V is convex, and min V(P) + d·P is the least cost with the charge: a schedule that goes beyond P by e kW at the
/// most pays for it d·e or more, and at the best peak no slot's limit is worth more than d / h. Each plan at some P tells V
/// there, from below, with its slope (the prices of the limits that P sets): a line that V nowhere falls under. The search goes to
/// the peak at which the highest of these lines, with the charge, is lowest (Kelley 1960); that value is the bound.
struct PeakSearch {
    let problem: PlanningProblem
    let options: PlanningOptions
    let warm: PlanningState?

    init(_ problem: PlanningProblem, options: PlanningOptions, warm: PlanningState?) {
        self.problem = problem
        self.options = options
        self.warm = warm
    }

    /// Each root with a charge by itself, and what hangs under none of them.
    func run(isCancelled: () -> Bool, progress: (Double) -> Void) -> PlanningSolution {
        let parts = cut()
        // What costs most begins first; few parts leave their threads to the parts.
        let pooled = parts.count >= 2 * options.threads
        var own = options
        if pooled { own.threads = 1 }
        let total = Double(max(1, problem.vehicles.count))
        return withoutActuallyEscaping(isCancelled) { isCancelled in
            let found: [Found]
            if pooled {
                var done = 0
                found = WorkPool(threads: options.threads, isCancelled: isCancelled).map(
                    Array(parts.indices),
                    isDone: { k in
                        done += parts[k].vehicles.count
                        progress(Double(done) / total)
                    }, { k, isCancelled in solved(parts[k], own, isCancelled: isCancelled, progress: { _ in }) })
            } else {
                var done = 0.0
                found = parts.map { part in
                    let share = Double(part.vehicles.count) / total
                    defer { done += share }
                    return solved(part, own, isCancelled: isCancelled) { progress(done + share * $0) }
                }
            }
            progress(1)
            return conclude(parts, found)
        }
    }

    // MARK: - Parts

    private struct Part: Sendable {
        var vehicles: [Int] = []
        var nodes: [Int] = []
        /// Within ``nodes``.
        var root: Int?
    }

    private struct Found: Sendable {
        let solution: PlanningSolution
        /// kW.
        let peak: Double?
    }

    private func cut() -> [Part] {
        var parts = [Part()]
        var partOfRoot: [Int: Int] = [:]
        let roots = problem.nodes.indices.map { problem.root(of: $0) }
        for (n, root) in roots.enumerated() {
            guard problem.nodes[root].demand != nil else {
                parts[0].nodes.append(n)
                continue
            }
            let k = partOfRoot[root] ?? parts.count
            if k == parts.count {
                parts.append(Part())
                partOfRoot[root] = k
            }
            if n == root { parts[k].root = parts[k].nodes.count }
            parts[k].nodes.append(n)
        }
        for (v, vehicle) in problem.vehicles.enumerated() {
            parts[vehicle.node.flatMap { partOfRoot[roots[$0]] } ?? 0].vehicles.append(v)
        }
        return parts.filter { !$0.vehicles.isEmpty || !$0.nodes.isEmpty }
    }

    private func problem(_ part: Part) -> PlanningProblem {
        let local = Dictionary(uniqueKeysWithValues: part.nodes.enumerated().map { ($1, $0) })
        return PlanningProblem(
            stepHours: problem.stepHours, buyPrice: problem.buyPrice, sellPrice: problem.sellPrice,
            vehicles: part.vehicles.map { v in
                var vehicle = problem.vehicles[v]
                vehicle.node = vehicle.node.flatMap { local[$0] }
                return vehicle
            },
            nodes: part.nodes.map { n in
                var node = problem.nodes[n]
                node.parent = node.parent.flatMap { local[$0] }
                return node
            })
    }

    private func solved(
        _ part: Part, _ options: PlanningOptions, isCancelled: () -> Bool, progress: (Double) -> Void
    ) -> Found {
        let own = problem(part)
        let start = warm.flatMap { warm in
            warm.nodePrices.count == problem.nodes.count
                ? PlanningState(nodePrices: part.nodes.map { warm.nodePrices[$0] }) : nil
        }
        guard let root = part.root, let charge = own.nodes[root].demand else {
            return Found(
                solution: solveWithoutPeaks(
                    own, options: options, warm: start, isCancelled: isCancelled, progress: progress),
                peak: nil)
        }
        var search = OnePeak(own, root: root, charge: charge, options: options)
        return search.run(
            from: start, likely: warm?.peaks[part.nodes[root]], isCancelled: isCancelled, progress: progress)
    }

    private func conclude(_ parts: [Part], _ found: [Found]) -> PlanningSolution {
        var schedules = [VehicleSchedule](
            repeating: VehicleSchedule(net: [], undelivered: 0, binding: []), count: problem.vehicles.count)
        var prices = [[Double]](repeating: [], count: problem.nodes.count)
        var peaks: [Int: Double] = [:]
        for (part, found) in zip(parts, found) {
            let solution = found.solution
            for (v, schedule) in zip(part.vehicles, solution.vehicles) {
                schedules[v] = VehicleSchedule(
                    net: schedule.net, undelivered: schedule.undelivered,
                    binding: schedule.binding.map { .init(node: $0.node.map { part.nodes[$0] }, slots: $0.slots) })
            }
            for (n, own) in zip(part.nodes, solution.nodePrices) { prices[n] = own }
            if let root = part.root { peaks[part.nodes[root]] = found.peak }
        }
        let solutions = found.map(\.solution)
        let gap = problem.gap(
            objective: solutions.reduce(0) { $0 + $1.objective }, bound: solutions.reduce(0) { $0 + $1.bound },
            imported: schedules.imported)
        return PlanningSolution(
            vehicles: schedules, objective: solutions.reduce(0) { $0 + $1.objective },
            bound: solutions.reduce(0) { $0 + $1.bound }, gap: gap, isOptimal: gap <= options.gap, nodePrices: prices,
            passes: solutions.reduce(0) { max($0, $1.passes) }, isCancelled: solutions.contains(where: \.isCancelled),
            fallback: solutions.lazy.compactMap(\.fallback).first, kept: solutions.reduce(0) { $0 + $1.kept },
            state: PlanningState(nodePrices: prices, plan: nil, peaks: peaks))
    }

    // MARK: - One root

    /// A root with its charge, and nothing else.
    private struct OnePeak {
        let problem: PlanningProblem
        let root: Int
        let charge: DemandCharge
        let options: PlanningOptions
        /// kW in each slot: what can be given back and drawn below the root, within its limits.
        private let back: [Double]
        private let draw: [Double]
        /// kW: peaks below nobody gets whatever the vehicles do, and above that no vehicle.
        private let least: Double
        private let most: Double
        private var wasCancelled = false

        private var lines: [Line] = []
        private var best: PlanningSolution?
        private var bestCost = Double.infinity

        /// V(P) ≥ value − slope · (P − peak), for every P.
        private struct Line {
            let peak: Double
            let value: Double
            /// Yuan/kW by which V falls.
            let slope: Double
            let prices: [[Double]]
            func height(at other: Double) -> Double { value - slope * (other - peak) }
        }

        init(_ problem: PlanningProblem, root: Int, charge: DemandCharge, options: PlanningOptions) {
            self.problem = problem
            self.root = root
            self.charge = charge
            self.options = options
            let reach = Devices.ability(problem)
            let node = problem.nodes[root]
            back = problem.buyPrice.indices.map { t in
                let limit = min(node.exportLimit?[t] ?? .infinity, node.floor(t).map { -$0 } ?? .infinity)
                return max(0, min(reach.back[root][t], limit))
            }
            draw = zip(reach.draw[root], node.importLimit).map { min($0, $1) }
            let least = zip(charge.load, back).reduce(charge.soFar) { max($0, $1.0 - $1.1) }
            self.least = least
            most = zip(charge.load, draw).reduce(least) { max($0, $1.0 + $1.1) }
        }

        mutating func run(
            from start: PlanningState?, likely: Double?, isCancelled: () -> Bool, progress: (Double) -> Void
        ) -> Found {
            var state = start
            var (low, high) = (least, most)
            var peak = least
            for round in 1...Self.mostRounds {
                let solution = solve(at: peak, state, isCancelled) { inner in
                    progress((Double(round - 1) + inner) / Double(Self.mostRounds))
                }
                state = PlanningState(nodePrices: solution.nodePrices)
                if solution.isCancelled {
                    wasCancelled = true
                    break
                }
                if lines.last!.slope > charge.yuanPerKilowatt { low = max(low, peak) } else { high = min(high, peak) }
                if peak <= least, high <= least { break }
                if gap(lowest(least, most).value) <= FleetSolver.allowed * options.gap { break }
                let next = lowest(low, high).peak
                // What was found best before is tried first.
                if round == 1, let likely, likely > low, likely < high {
                    peak = likely
                    continue
                }
                if lines.contains(where: { abs($0.peak - next) <= Self.nearest }) { break }
                // Steps that hardly move an end are made longer.
                let short = Self.leastStep * (high - low)
                peak = next < high ? min(max(next, low + short), high - short) : next
            }
            progress(1)
            return found()
        }
        private static let mostRounds = 24
        /// Of the gap asked for: what a single plan may leave of it.
        private static let sharpness = 0.5
        /// kW between peaks that are the same.
        private static let nearest = 1e-6
        private static let leastStep = 0.05

        /// Of the best schedule.
        private func gap(_ bound: Double) -> Double {
            problem.gap(objective: bestCost, bound: bound, imported: best.map { $0.vehicles.imported } ?? 0)
        }

        private mutating func solve(
            at peak: Double, _ state: PlanningState?, _ isCancelled: () -> Bool, _ progress: (Double) -> Void
        ) -> PlanningSolution {
            var inner = options
            inner.gap *= Self.sharpness
            let fine = charge.yuanPerKilowatt / problem.stepHours
            var fined = problem
            fined.nodes[root].demand = nil
            if fine > 0 {
                fined.nodes[root].commitments.append(
                    LoadCommitment(
                        slots: 0..<problem.slotCount, level: charge.load.map { peak - $0 }, side: .atMost,
                        yuanPerKilowattHour: fine))
            }
            let solution = solveWithoutPeaks(
                fined, options: inner, warm: state, isCancelled: isCancelled, progress: progress)
            let cost = PlanCheck.objective(of: solution.vehicles, in: problem)
            if cost < bestCost { (bestCost, best) = (cost, solution) }
            if !solution.isCancelled || lines.isEmpty {
                lines.append(
                    Line(
                        peak: peak, value: solution.bound, slope: slope(at: peak, fine, solution.nodePrices[root]),
                        prices: solution.nodePrices))
            }
            return solution
        }

        /// Yuan/kW: by how much V falls with the peak, from what the limits are worth.
        private func slope(at peak: Double, _ fine: Double, _ prices: [Double]) -> Double {
            let node = problem.nodes[root]
            var sum = 0.0
            for t in 0..<problem.slotCount {
                let level = peak - charge.load[t]
                if level >= draw[t] { continue }
                sum += level < -back[t] ? fine : min(max(0, prices[t] - node.slope(above: level, t)), fine)
            }
            return sum * problem.stepHours
        }

        /// Where the highest line, with the charge, is lowest, and that value less the charge of ``DemandCharge/soFar``.
        private func lowest(_ low: Double, _ high: Double) -> (peak: Double, value: Double) {
            func height(_ peak: Double) -> Double {
                lines.reduce(-.infinity) { max($0, $1.height(at: peak)) }
                    + charge.yuanPerKilowatt * (peak - charge.soFar)
            }
            var candidates = [low, high]
            for (k, a) in lines.enumerated() {
                for b in lines[(k + 1)...] where a.slope != b.slope {
                    let crossing =
                        (a.height(at: 0) - b.height(at: 0)) / (a.slope - b.slope)
                    if crossing > low, crossing < high { candidates.append(crossing) }
                }
            }
            return candidates.map { (peak: $0, value: height($0)) }.min { $0.value < $1.value }!
        }

        private func found() -> Found {
            let best = best!
            // Over all peaks: slopes that are not exact may have cut off too much of them.
            let lowest = lowest(least, most)
            let bound = min(bestCost, lowest.value)
            let gap = gap(bound)
            return Found(
                solution: PlanningSolution(
                    vehicles: best.vehicles, objective: bestCost, bound: bound, gap: gap,
                    isOptimal: gap <= options.gap, nodePrices: prices(at: lowest.peak), passes: best.passes,
                    isCancelled: wasCancelled, fallback: best.fallback, kept: best.kept, state: best.state),
                peak: lowest.peak)
        }

        /// Prices that prove the bound: where two lines cross, between theirs, so that the limits are worth what the charge is.
        private func prices(at peak: Double) -> [[Double]] {
            let order = lines.sorted { $0.height(at: peak) > $1.height(at: peak) }
            let charge = charge.yuanPerKilowatt
            guard let first = order.first else { return [] }
            let second = order.dropFirst().first {
                first.slope > charge ? $0.slope <= charge : $0.slope > charge
            }
            guard let second, second.slope != first.slope, peak > min(first.peak, second.peak) else {
                return first.prices
            }
            let part = min(1, max(0, (charge - second.slope) / (first.slope - second.slope)))
            return zip(first.prices, second.prices).map { zip($0, $1).map { part * $0 + (1 - part) * $1 } }
        }
    }
}
