import Foundation
import Scheduling

/// HiGHS, a solver of linear programmes, by the C library that `TIDEWATT_HIGHS` names.
enum Highs {
    private typealias Call =
        @convention(c) (
            Int32, Int32, Int32, Int32, Int32, Double, UnsafePointer<Double>, UnsafePointer<Double>,
            UnsafePointer<Double>,
            UnsafePointer<Double>, UnsafePointer<Double>, UnsafePointer<Int32>, UnsafePointer<Int32>,
            UnsafePointer<Double>, UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>,
            UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>, UnsafeMutablePointer<Int32>,
            UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>
        ) -> Int32

    /// Address of `Highs_lpCall`.
    static let library: UInt? = {
        guard let path = ProcessInfo.processInfo.environment["TIDEWATT_HIGHS"],
            let handle = dlopen(path, RTLD_NOW), let symbol = dlsym(handle, "Highs_lpCall")
        else { return nil }
        return UInt(bitPattern: symbol)
    }()

    /// Yuan; `nil`: HiGHS found none.
    static func optimum(of problem: PlanningProblem) -> Double? { LinearProgramme(of: problem).optimum() }

    /// The fleet with departures kept, paid `weights` for each kWh in a slot; all of it below one last node without limits.
    private static func served(
        _ fleet: FlexibleFleet, _ weights: [Double], _ nodes: [PlanningNode] = []
    ) -> PlanningProblem {
        let root = nodes.count
        return PlanningProblem(
            stepHours: fleet.stepHours, buyPrice: weights.map { -$0 }, sellPrice: weights.map { -$0 },
            vehicles: zip(fleet.vehicles, fleet.owed).map { vehicle, owed in
                var stay = vehicle
                (stay.wanted, stay.node, stay.wear) = (owed, nodes.isEmpty ? root : vehicle.node ?? root, 0)
                return stay
            },
            nodes: nodes.map { node in
                var below = node
                below.parent = node.parent ?? root
                return below
            } + [
                PlanningNode(importLimit: weights.map { _ in 1e6 }, exportLimit: weights.map { _ in 1e6 })
            ])
    }

    /// The most that a fleet can do in direction `weights`, departures kept.
    static func support(of fleet: FlexibleFleet, _ weights: [Double], under nodes: [PlanningNode] = []) -> Double? {
        LinearProgramme(of: served(fleet, weights, nodes), isServed: true).optimum().map { -$0 }
    }

    /// kWh, summed over slots, by which the nearest total that a fleet can do misses `signal` (kWh a slot).
    static func distance(
        of fleet: FlexibleFleet, to signal: [Double], under nodes: [PlanningNode] = []
    ) -> Double? {
        let problem = served(fleet, signal.map { _ in 0 }, nodes)
        var programme = LinearProgramme(of: problem, isServed: true)
        let busy = signal.indices.filter { t in problem.vehicles.contains { $0.slots.contains(t) } }
        // The rows of the last node are the last ones.
        for (row, t) in zip((programme.rows.count - busy.count)..., busy) {
            let (over, under) = (programme.column(1, 0, .infinity), programme.column(1, 0, .infinity))
            programme.rows[row].terms += [(over, -1), (under, 1)]
            (programme.rows[row].lower, programme.rows[row].upper) = (signal[t], signal[t])
        }
        let idle = Set(signal.indices).subtracting(busy).reduce(0) { $0 + abs(signal[$1]) }
        return programme.optimum().map { $0 + idle }
    }

    /// min Σ cost·x over lower ≤ x ≤ upper and rows of sums.
    struct LinearProgramme {
        var cost: [Double] = []
        var lower: [Double] = []
        var upper: [Double] = []
        var rows: [(terms: [(column: Int, factor: Double)], lower: Double, upper: Double)] = []
        /// Yuan that do not depend on what is chosen.
        private var fixed = 0.0

        mutating func column(_ cost: Double, _ lower: Double, _ upper: Double) -> Int {
            self.cost.append(cost)
            self.lower.append(lower)
            self.upper.append(upper)
            return self.cost.count - 1
        }

        /// As the problem is described, without anything of the solver: charging, discharging and stored energy of each slot, what
        /// is missing at the end, and the load of each node.
        /// - Parameter isServed: nothing may be missing.
        init(of problem: PlanningProblem, isServed: Bool = false) {
            var loads = [[[(Int, Double)]]](
                repeating: [[(Int, Double)]](repeating: [], count: problem.slotCount), count: problem.nodes.count)
            for vehicle in problem.vehicles {
                let gives = vehicle.maxDischarge > 0 && vehicle.battery != nil
                let start = gives ? vehicle.battery!.atArrival : 0
                let (low, high): (Double, Double) =
                    if gives, let battery = vehicle.battery {
                        (min(battery.minimum, start), max(battery.maximum, start))
                    } else {
                        (0, vehicle.battery.map { max(0, $0.maximum - $0.atArrival) } ?? max(0, vehicle.wanted))
                    }
                let wanted = gives ? vehicle.wanted : max(0, vehicle.wanted)
                var stored: Int?
                var given: [(Int, Double)] = []
                for (j, t) in vehicle.slots.enumerated() {
                    let hours = vehicle.presence(t) * problem.stepHours
                    let charge = column(problem.buyPrice[t], 0, vehicle.maxCharge * hours)
                    var flows = [(charge, 1.0)]
                    var into = [(charge, vehicle.chargeEfficiency)]
                    if gives {
                        let back = column(vehicle.wear - problem.sellPrice[t], 0, vehicle.mostDischarge(t) * hours)
                        flows.append((back, -1))
                        given.append((back, 1))
                        into.append((back, -1 / vehicle.dischargeEfficiency))
                    }
                    let isLast = j == vehicle.slots.count - 1
                    let after = column(0, isLast ? max(low, start + min(0, wanted)) : low, high)
                    // What was stored, and what flows, is what is stored then.
                    rows.append(
                        (
                            into + [(after, -1)] + (stored.map { [($0, 1.0)] } ?? []), stored == nil ? -start : 0,
                            stored == nil ? -start : 0
                        ))
                    stored = after
                    var node = vehicle.node
                    while let n = node {
                        loads[n][t] += flows
                        node = problem.nodes[n].parent
                    }
                }
                if vehicle.dischargeBudget < .infinity, !given.isEmpty {
                    rows.append((given, 0, vehicle.dischargeBudget))
                }
                let missing = column(vehicle.value, 0, isServed ? 0 : .infinity)
                if let stored { rows.append(([(stored, 1), (missing, 1)], start + wanted, .infinity)) }
            }
            let hours = problem.stepHours
            for (n, node) in problem.nodes.enumerated() {
                for promise in node.commitments {
                    for (t, level) in zip(promise.slots, promise.level) {
                        let beyond = column(promise.yuanPerKilowattHour, 0, .infinity)
                        let load = loads[n][t]
                        switch promise.side {
                        case .atMost: rows.append((load + [(beyond, -1)], -.infinity, level * hours))
                        case .atLeast:
                            rows.append((load + [(beyond, 1)], level * hours, .infinity))
                            rows.append((load, min(0, level) * hours, .infinity))
                        }
                    }
                }
                if let demand = node.demand {
                    let peak = column(demand.yuanPerKilowatt, demand.soFar, .infinity)
                    fixed -= demand.yuanPerKilowatt * demand.soFar
                    for t in 0..<problem.slotCount {
                        rows.append((loads[n][t] + [(peak, -hours)], -.infinity, -demand.load[t] * hours))
                    }
                }
                for t in 0..<problem.slotCount where !loads[n][t].isEmpty {
                    let down = node.exportLimit.map { -max(0, $0[t]) * problem.stepHours } ?? -.infinity
                    rows.append(
                        (loads[n][t].map { ($0.0, $0.1) }, down, max(0, node.importLimit[t]) * problem.stepHours))
                }
            }
        }

        func optimum() -> Double? {
            guard let library, !cost.isEmpty else { return nil }
            let call = unsafeBitCast(UnsafeRawPointer(bitPattern: library)!, to: Call.self)
            var (starts, indices, values): ([Int32], [Int32], [Double]) = ([], [], [])
            for row in rows {
                starts.append(Int32(indices.count))
                for term in row.terms {
                    indices.append(Int32(term.column))
                    values.append(term.factor)
                }
            }
            var x = [Double](repeating: 0, count: cost.count)
            var (duals, sums, prices) = (
                x, [Double](repeating: 0, count: rows.count), [Double](repeating: 0, count: rows.count)
            )
            var (columnBasis, rowBasis) = (
                [Int32](repeating: 0, count: cost.count), [Int32](repeating: 0, count: rows.count)
            )
            var status: Int32 = 0
            // Rows one after the other (2); least cost (1).
            let answer = call(
                Int32(cost.count), Int32(rows.count), Int32(indices.count), 2, 1, 0, cost, lower, upper,
                rows.map(\.lower), rows.map(\.upper), starts, indices, values, &x, &duals, &sums, &prices,
                &columnBasis, &rowBasis, &status)
            let isOptimal: Int32 = 7
            guard answer >= 0, status == isOptimal else { return nil }
            return zip(cost, x).reduce(fixed) { $0 + $1.0 * $1.1 }
        }
    }
}
