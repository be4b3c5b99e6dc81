import Quantities
import Testing

@testable import Scheduling

/// A second way to the same optimum: dynamic programming over convex piecewise-linear costs of the stored energy.
private struct CostOfEnergy {
    /// Cost at the left end, which is `from`; then pieces with rising slope.
    var from: Double
    var cost: Double
    var pieces: [(length: Double, slope: Double)]

    /// What the energy change of one slot costs, on top: infimal convolution.
    mutating func add(from shift: Double, cost extra: Double, pieces more: [(length: Double, slope: Double)]) {
        from += shift
        cost += extra
        pieces = (pieces + more).sorted { $0.slope < $1.slope }
    }

    mutating func restrict(to low: Double, _ high: Double) {
        while from < low, let first = pieces.first {
            let cut = min(first.length, low - from)
            from += cut
            cost += cut * first.slope
            pieces[0].length -= cut
            if pieces[0].length <= 1e-12 { pieces.removeFirst() }
        }
        var excess = from + pieces.reduce(0) { $0 + $1.length } - high
        while excess > 0, let last = pieces.last {
            let cut = min(last.length, excess)
            excess -= cut
            pieces[pieces.count - 1].length -= cut
            if pieces[pieces.count - 1].length <= 1e-12 { pieces.removeLast() }
        }
    }

    /// The least of cost + value · missing; at a minimum of a convex function every kink is a candidate.
    func least(target: Double, value: Double) -> Double {
        var (energy, cost) = (from, self.cost)
        var best = cost + value * max(0, target - energy)
        for piece in pieces {
            for length in [min(piece.length, max(0, target - energy)), piece.length] {
                best = min(best, cost + length * piece.slope + value * max(0, target - energy - length))
            }
            energy += piece.length
            cost += piece.length * piece.slope
        }
        return best
    }
}

@Suite("Price response") struct PriceResponseTests {
    @Test func `the greedy answer costs what dynamic programming says, at any prices`() {
        for seed: UInt64 in 1...400 {
            var problem = RandomProblems.problem(seed: seed, slots: 30, vehicles: 3)
            for index in problem.vehicles.indices { problem.vehicles[index].node = nil }
            var random = SeededRandom(seed: seed ^ 0xFACE)
            let group = Group(
                problem, vehicles: Array(problem.vehicles.indices), nodes: [], localNode: [],
                options: PlanningOptions())
            for t in 0..<problem.slotCount {
                group.response.buy[t] = -0.2 + 1.5 * random.unit()
                group.response.sell[t] = -0.2 + 1.5 * random.unit()
            }
            group.response.pricesChanged()
            for car in group.cars {
                group.freeLimits(car)
                let end = group.response.respond(car)
                var found = car.value * max(0, car.target - end)
                for j in 0..<car.count {
                    let t = car.first + j
                    found += group.response.buy[t] * group.response.charge[j]
                    found -= (group.response.sell[t] - car.wear) * group.response.discharge[j]
                }
                #expect(abs(found - leastCost(group, car)) < 1e-9, "seed \(seed), vehicle \(car.index)")
            }
        }
    }

    private func leastCost(_ group: Group, _ car: Car) -> Double {
        var function = CostOfEnergy(from: car.start, cost: 0, pieces: [])
        for j in 0..<car.count {
            let t = car.first + j
            let most = group.dischargeLimit[car.offset + j]
            let earning = group.response.sell[t] - car.wear
            function.add(
                from: -most / car.dischargeEfficiency, cost: -most * earning,
                pieces: [
                    (most / car.dischargeEfficiency, earning * car.dischargeEfficiency),
                    (
                        group.chargeLimit[car.offset + j] * car.chargeEfficiency,
                        group.response.buy[t] / car.chargeEfficiency
                    ),
                ])
            let last = j == car.count - 1
            function.restrict(to: last ? max(car.low, car.floor) : car.low, car.high)
        }
        return function.least(target: car.target, value: car.value)
    }

    @Test func `equal prices are taken early, or late where that is asked`() {
        let vehicle = PlanningVehicle(slots: 0..<6, maxCharge: 4, wanted: 8, node: nil)
        let problem = PlanningProblem(
            stepHours: 1, buyPrice: [1, 0.5, 0.5, 0.5, 0.5, 1], sellPrice: [0, 0, 0, 0, 0, 0], vehicles: [vehicle],
            nodes: [])
        let plans = PlanningOptions.Preference.allCases.map { preference in
            solve(problem, options: PlanningOptions(preference: preference)).vehicles[0].net
        }
        #expect(plans == [[0, 4, 4, 0, 0, 0], [0, 0, 0, 4, 4, 0], [0, 2, 2, 2, 2, 0]])
    }
}
