/// What a schedule means for energy, money and nodes; the same for a plan and for uncontrolled charging.
public struct PlanReport: Sendable {
    public let totals: Totals
    /// In the order of the case's nodes.
    public let nodes: [Node]

    public struct Totals: Hashable, Sendable {
        public let importKilowattHours: Double
        public let dischargeKilowattHours: Double
        public let undeliveredKilowattHours: Double
        /// Yuan: import cost less what discharging earns; without wear and without the value of what is undelivered.
        public let cost: Double
        /// Part of the imported energy that falls into valley hours; `nil` without valley hours or without import.
        public let valleyShare: Double?
    }
    public struct Node: Sendable {
        /// kW a slot, base load and fleet together.
        public let load: [Double]
        public let peak: Double
        /// Slots in which the load is above the limit (or, exported, above the export limit), and by how many kWh.
        public let overloads: [(slot: Int, kilowattHours: Double)]
        public let exportOverloads: [(slot: Int, kilowattHours: Double)]
        public var overload: Double { overloads.reduce(0) { $0 + $1.kilowattHours } }
        public var exportOverload: Double { exportOverloads.reduce(0) { $0 + $1.kilowattHours } }
    }

    /// kWh in a slot below which an overload is rounding.
    static let visible = 1e-4

    public init(_ schedules: [VehicleSchedule], in planning: PlanningCase) {
        let problem = planning.problem
        var (imported, discharged, undelivered, cost, inValley) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for (vehicle, schedule) in zip(problem.vehicles, schedules) {
            for (net, slot) in zip(schedule.net, vehicle.slots) {
                if net > 0 {
                    imported += net
                    cost += net * problem.buyPrice[slot]
                    inValley += net * (planning.valley?[slot] ?? 0)
                } else {
                    discharged -= net
                    cost += net * problem.sellPrice[slot]
                }
            }
            undelivered += schedule.undelivered
        }
        totals = Totals(
            importKilowattHours: imported, dischargeKilowattHours: discharged, undeliveredKilowattHours: undelivered,
            cost: cost, valleyShare: planning.valley != nil && imported > 1e-9 ? inValley / imported : nil)
        let fleet = problem.nodeLoads(schedules)
        nodes = planning.grid.nodes.indices.map { n in
            let node = planning.grid.nodes[n]
            let load = zip(fleet[n], planning.baseLoads[n]).map { $0 + $1 }
            func excess(_ over: (Double) -> Double) -> [(slot: Int, kilowattHours: Double)] {
                load.enumerated().compactMap { slot, kw in
                    let energy = over(kw) * problem.stepHours
                    return energy > PlanReport.visible ? (slot, energy) : nil
                }
            }
            let limit = node.limit.approximate
            let export = node.exportLimit?.approximate
            return Node(
                load: load, peak: load.max() ?? 0, overloads: excess { $0 - limit },
                exportOverloads: export.map { export in excess { -$0 - export } } ?? [])
        }
    }
}
