/// Judges a schedule against its problem, slot by slot and in plain arithmetic. Knows nothing of the solver: this is the
/// last gate before a plan is issued.
public enum PlanCheck {
    public enum Violation: Hashable, Sendable, CustomStringConvertible {
        case shape(vehicle: Int)
        case power(vehicle: Int, slot: Int, kilowattHours: Double)
        case leastPower(vehicle: Int, slot: Int, kilowattHours: Double)
        case battery(vehicle: Int, slot: Int, kilowattHours: Double)
        case budget(vehicle: Int, kilowattHours: Double)
        case undelivered(vehicle: Int, stated: Double, found: Double)
        case importLimit(node: Int, slot: Int, excess: Double)
        case exportLimit(node: Int, slot: Int, excess: Double)

        public var description: String {
            switch self {
            case .shape(let v): "vehicle \(v): not one finite value for each slot of the stay"
            case .power(let v, let t, let e): "vehicle \(v), slot \(t): \(e) kWh is beyond its power"
            case .leastPower(let v, let t, let e): "vehicle \(v), slot \(t): \(e) kWh is below its least power"
            case .battery(let v, let t, let e): "vehicle \(v), slot \(t): \(e) kWh stored is outside its band"
            case .budget(let v, let e): "vehicle \(v): \(e) kWh given back is beyond its budget"
            case .undelivered(let v, let s, let f): "vehicle \(v): \(s) kWh stated as undelivered, \(f) found"
            case .importLimit(let n, let t, let e): "node \(n), slot \(t): \(e) kWh above its limit"
            case .exportLimit(let n, let t, let e): "node \(n), slot \(t): \(e) kWh above its export limit"
            }
        }
    }

    /// kWh: what rounding may add up to in one slot, 40 mW over a quarter of an hour, and over a stay in one battery.
    static let tolerance = 1e-5
    static let batteryTolerance = 1e-4

    /// Everything that is wrong with `schedules`, the first hundred; empty: it can be issued.
    public static func violations(of schedules: [VehicleSchedule], in problem: PlanningProblem) -> [Violation] {
        judged(schedules, in: problem).violations
    }

    /// What is wrong, and the load below each node in each slot, kWh.
    static func judged(
        _ schedules: [VehicleSchedule], in problem: PlanningProblem
    ) -> (violations: [Violation], loads: [[Double]]) {
        var loads = [[Double]](
            repeating: [Double](repeating: 0, count: problem.slotCount), count: problem.nodes.count)
        guard schedules.count == problem.vehicles.count else { return ([.shape(vehicle: schedules.count)], loads) }
        var list: [Violation] = []
        for v in schedules.indices {
            guard checkStay(v, problem.vehicles[v], schedules[v], problem.stepHours, &list) else { continue }
            problem.add(schedules[v], of: problem.vehicles[v], to: &loads)
            if list.count >= 100 { return (list, loads) }
        }
        for n in problem.nodes.indices { checkNode(n, loads[n], in: problem, &list) }
        return (Array(list.prefix(100)), loads)
    }

    /// What is wrong with `vehicles` and `nodes` alone, where all others were judged before and `loads` are those of all, kWh.
    static func violations(
        of vehicles: [Int], _ schedules: [VehicleSchedule], below nodes: some Sequence<Int>, _ loads: [[Double]],
        in problem: PlanningProblem
    ) -> [Violation] {
        var list: [Violation] = []
        for v in vehicles { _ = checkStay(v, problem.vehicles[v], schedules[v], problem.stepHours, &list) }
        for n in nodes { checkNode(n, loads[n], in: problem, &list) }
        return list
    }

    private static func checkNode(
        _ n: Int, _ loads: [Double], in problem: PlanningProblem, _ list: inout [Violation]
    ) {
        let node = problem.nodes[n]
        for t in 0..<problem.slotCount {
            let excess = loads[t] - max(0, node.importLimit[t]) * problem.stepHours
            if excess > tolerance { list.append(.importLimit(node: n, slot: t, excess: excess)) }
            guard let limit = node.exportLimit?[t] else { continue }
            let back = -loads[t] - max(0, limit) * problem.stepHours
            if back > tolerance { list.append(.exportLimit(node: n, slot: t, excess: back)) }
        }
    }

    /// - Returns: whether the schedule is one of this stay at all.
    private static func checkStay(
        _ v: Int, _ vehicle: PlanningVehicle, _ schedule: VehicleSchedule, _ hours: Double, _ list: inout [Violation]
    ) -> Bool {
        guard schedule.net.count == vehicle.slots.count, schedule.net.allSatisfy({ $0.isFinite }) else {
            list.append(.shape(vehicle: v))
            return false
        }
        let battery = vehicle.battery
        let start = battery?.atArrival ?? 0
        let top = battery.map { max($0.maximum, start) } ?? vehicle.wanted
        var stored = start
        for (j, t) in vehicle.slots.enumerated() {
            let net = schedule.net[j]
            let present = vehicle.presence(t) * hours
            if net > vehicle.maxCharge * present + tolerance || -net > vehicle.mostDischarge(t) * present + tolerance {
                list.append(.power(vehicle: v, slot: t, kilowattHours: net))
            }
            if net > tolerance, net < min(vehicle.minCharge, vehicle.maxCharge) * present - tolerance {
                list.append(.leastPower(vehicle: v, slot: t, kilowattHours: net))
            }
            stored += net > 0 ? net * vehicle.chargeEfficiency : net / vehicle.dischargeEfficiency
            let tooLow = net < -tolerance && stored < (battery?.minimum ?? 0) - batteryTolerance
            if stored > top + batteryTolerance || tooLow {
                list.append(.battery(vehicle: v, slot: t, kilowattHours: stored))
            }
        }
        if schedule.givenBack > vehicle.dischargeBudget + batteryTolerance {
            list.append(.budget(vehicle: v, kilowattHours: schedule.givenBack))
        }
        let found = max(0, start + vehicle.wanted - stored)
        if abs(found - schedule.undelivered) > batteryTolerance {
            list.append(.undelivered(vehicle: v, stated: schedule.undelivered, found: found))
        }
        return true
    }

    /// Yuan: what the schedules cost under the problem's prices, wear and values, commitments and charges on peaks.
    public static func objective(of schedules: [VehicleSchedule], in problem: PlanningProblem) -> Double {
        var sum = energyCost(of: schedules, in: problem) + loadCost(of: schedules, in: problem)
        for (vehicle, schedule) in zip(problem.vehicles, schedules) { sum += ownCost(of: schedule, vehicle) }
        return sum
    }

    /// Yuan: fines of ``PlanningNode/commitments``, and ``PlanningNode/demand``.
    public static func loadCost(of schedules: [VehicleSchedule], in problem: PlanningProblem) -> Double {
        guard problem.hasLoadTerms else { return 0 }
        return zip(problem.nodes, problem.nodeLoads(schedules)).reduce(0) { sum, pair in
            sum + pair.0.cost(ofLoad: pair.1.map { $0 * problem.stepHours }, stepHours: problem.stepHours)
        }
    }

    /// Yuan: wear, and the value of what is missing.
    private static func ownCost(of schedule: VehicleSchedule, _ vehicle: PlanningVehicle) -> Double {
        var sum = vehicle.value * schedule.undelivered
        for net in schedule.net where net < 0 { sum -= vehicle.wear * net }
        return sum
    }

    /// Yuan: what one vehicle with a meter of its own costs where a discharged kWh earns `sell`.
    static func objective(
        of schedule: VehicleSchedule, _ vehicle: PlanningVehicle, sell: [Double], in problem: PlanningProblem
    ) -> Double {
        energyCost(of: schedule, vehicle, sell: sell, in: problem) + ownCost(of: schedule, vehicle)
    }

    private static func energyCost(
        of schedule: VehicleSchedule, _ vehicle: PlanningVehicle, sell: [Double], in problem: PlanningProblem
    ) -> Double {
        var sum = 0.0
        for (net, t) in zip(schedule.net, vehicle.slots) { sum += (net > 0 ? problem.buyPrice[t] : sell[t]) * net }
        return sum
    }

    /// Yuan: import cost less what is earned. Behind one meter what the schedules add to the bill of the load alone.
    public static func energyCost(of schedules: [VehicleSchedule], in problem: PlanningProblem) -> Double {
        var sum = 0.0
        var behind: [Int: [Double]] = [:]
        for (vehicle, schedule) in zip(problem.vehicles, schedules) {
            let root = vehicle.node.map { problem.root(of: $0) }
            if let root, case .behindMeter(let load) = problem.nodes[root].settlement {
                var flow = behind[root] ?? load.map { $0 * problem.stepHours }
                for (net, t) in zip(schedule.net, vehicle.slots) { flow[t] += net }
                behind[root] = flow
                continue
            }
            let sell = root.map { problem.sellPrices(under: $0) } ?? problem.sellPrice
            sum += energyCost(of: schedule, vehicle, sell: sell, in: problem)
        }
        for root in behind.keys.sorted() {
            guard case .behindMeter(let load) = problem.nodes[root].settlement, let flow = behind[root] else {
                continue
            }
            for t in 0..<problem.slotCount {
                let before = load[t] * problem.stepHours
                sum += (flow[t] > 0 ? problem.buyPrice[t] : problem.sellPrice[t]) * flow[t]
                sum -= (before > 0 ? problem.buyPrice[t] : problem.sellPrice[t]) * before
            }
        }
        return sum
    }
}
