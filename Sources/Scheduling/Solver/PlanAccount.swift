/// What a plan costs, loads and proves, as sums over its vehicles: a change of a few moves them by what those few differ, and
/// nobody has to look at all the others again.
struct PlanAccount: Hashable, Sendable {
    /// Yuan.
    var objective: Double
    /// kWh charged.
    var imported: Double
    /// kWh below each node, slot by slot.
    var loads: [[Double]]
    /// Yuan: what the vehicles would cost at least, each alone at the prices of the nodes above it.
    var answers: Double
    /// kWh, node by node: the limits that the bound counts, within what vehicles can reach.
    var highest: [[Double]]
    var lowest: [[Double]]

    /// Yuan below which no schedule lies, where ``answers`` belongs to `prices` (Lagrangian duality).
    func bound(at prices: [[Double]]) -> Double {
        prices.indices.reduce(answers) { $0 - toll(of: $1, at: prices[$1]) }
    }

    /// Yuan that the limits of `node` would earn at its `prices`.
    func toll(of node: Int, at prices: [Double]) -> Double {
        var sum = 0.0
        for (t, price) in prices.enumerated() where price != 0 {
            sum += price * (price > 0 ? highest[node][t] : lowest[node][t])
        }
        return sum
    }

    /// Yuan that `prices` of `node` ask for room that is not used: 0 where each priced limit is reached.
    func unused(_ node: Int, at prices: [Double]) -> Double {
        zip(prices, loads[node]).reduce(toll(of: node, at: prices)) { $0 - $1.0 * $1.1 }
    }
}

/// What vehicles cost as scheduled, and what they would at least.
struct Appraisal: Sendable {
    /// Yuan.
    var cost = 0.0
    /// Yuan that the schedules pay at the prices of the nodes above; negative: are paid.
    var tolls = 0.0
    /// Yuan, cost and tolls together, of the best that each could do alone.
    var answers = 0.0
    /// kWh charged.
    var imported = 0.0

    /// Yuan that they would save alone: never below zero, but for rounding.
    var regret: Double { cost + tolls - answers }

    static func += (a: inout Appraisal, b: Appraisal) {
        a.cost += b.cost
        a.tolls += b.tolls
        a.answers += b.answers
        a.imported += b.imported
    }
}

/// Appraises vehicles one node after the other.
final class Appraiser {
    private let problem: PlanningProblem
    private let response: PriceResponse
    private var kinds: [Car.Losses: Int] = [:]

    init(_ problem: PlanningProblem, late: Bool) {
        self.problem = problem
        response = PriceResponse(
            slotCount: problem.slotCount, longestStay: problem.slotCount, kinds: PriceResponse.mostOrders, late: late)
    }

    /// - Precondition: the vehicles hang at `node`, have meters of their own and nothing settled.
    func appraise(
        _ vehicles: [Int], at node: Int?, _ prices: [[Double]], _ schedule: (Int) -> VehicleSchedule
    ) -> Appraisal {
        let sell = node.map { problem.sellPrices(under: problem.root(of: $0)) } ?? problem.sellPrice
        var tolls = [Double](repeating: 0, count: problem.slotCount)
        var above = node
        while let n = above {
            for t in tolls.indices { tolls[t] += prices[n][t] }
            above = problem.nodes[n].parent
        }
        for t in tolls.indices {
            response.buy[t] = problem.buyPrice[t] + tolls[t]
            response.sell[t] = sell[t] + tolls[t]
        }
        response.pricesChanged()
        var sum = Appraisal()
        for v in vehicles {
            let (vehicle, schedule) = (problem.vehicles[v], schedule(v))
            sum.cost += PlanCheck.objective(of: schedule, vehicle, sell: sell, in: problem)
            for (net, t) in zip(schedule.net, vehicle.slots) {
                sum.tolls += tolls[t] * net
                sum.imported += max(0, net)
            }
            sum.answers += answer(vehicle)
        }
        return sum
    }

    private func answer(_ vehicle: PlanningVehicle) -> Double {
        let losses = Car.Losses(
            charge: vehicle.chargeEfficiency, discharge: vehicle.dischargeEfficiency, wear: vehicle.wear)
        let kind = kinds[losses, default: kinds.count]
        kinds[losses] = kind
        let car = Car(vehicle, index: 0, offset: 0, node: -1, kind: kind, fairness: false)
        for j in 0..<car.count {
            let hours = vehicle.presence(car.first + j) * problem.stepHours
            (response.chargeLeast[j], response.chargeMost[j]) = (0, vehicle.maxCharge * hours)
            response.dischargeLeast[j] = 0
            response.dischargeMost[j] = car.discharges ? vehicle.mostDischarge(car.first + j) * hours : 0
        }
        return response.cost(of: car)
    }
}
