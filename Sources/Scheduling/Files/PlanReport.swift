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
        /// Behind one meter what stays and storages add to the bill of the load alone.
        public let cost: Double
        /// Into and out of stationary batteries.
        public let storedKilowattHours: Double
        public let restoredKilowattHours: Double
        public let generatedKilowattHours: Double
        /// Part of the generation that does not leave the grid at a root; `nil` without generation.
        public let selfConsumption: Double?
        /// Yuan for peaks beyond those that were there (``GridFile/Demand``), and for promises not kept.
        public let demandCost: Double
        public let fines: Double
        /// Highest load of all roots together, kW.
        public let peak: Double
        /// Part of the imported energy that falls into valley hours; `nil` without valley hours or without import.
        public let valleyShare: Double?
    }
    public struct Node: Sendable {
        /// kW a slot, base load and fleet together.
        public let load: [Double]
        public let peak: Double
        /// kWh of base load above the limit that discharging covers.
        public let covered: Double
        /// Slots in which the load is above the limit (or, exported, above the export limit), and by how many kWh.
        public let overloads: [(slot: Int, kilowattHours: Double)]
        public let exportOverloads: [(slot: Int, kilowattHours: Double)]
        /// kWh beyond each of the node's commitments.
        public let missed: [Double]
        public var overload: Double { overloads.reduce(0) { $0 + $1.kilowattHours } }
        public var exportOverload: Double { exportOverloads.reduce(0) { $0 + $1.kilowattHours } }
    }

    /// kWh in a slot below which an overload is rounding.
    static let visible = 1e-4

    public init(_ schedules: [VehicleSchedule], in planning: PlanningCase) {
        let problem = planning.problem
        var (imported, discharged, undelivered, inValley, stored, restored) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for (index, (vehicle, schedule)) in zip(problem.vehicles, schedules).enumerated() {
            guard index < planning.fleet.stays.count else {
                for net in schedule.net { if net > 0 { stored += net } else { restored -= net } }
                continue
            }
            for (net, slot) in zip(schedule.net, vehicle.slots) {
                if net > 0 {
                    imported += net
                    inValley += net * (planning.valley?[slot] ?? 0)
                } else {
                    discharged -= net
                }
            }
            undelivered += schedule.undelivered
        }
        let fleet = problem.nodeLoads(schedules)
        var (generated, leaving) = (0.0, 0.0)
        var whole = [Double](repeating: 0, count: problem.slotCount)
        for n in planning.grid.nodes.indices where planning.grid.nodes[n].parent == nil {
            for slot in 0..<problem.slotCount {
                let load = planning.baseLoads[n][slot] + fleet[n][slot]
                whole[slot] += load
                generated += planning.generation[n][slot] * problem.stepHours
                leaving += min(planning.generation[n][slot], max(0, -load)) * problem.stepHours
            }
        }
        var (demandCost, fines) = (0.0, 0.0)
        for (node, kilowatts) in zip(problem.nodes, fleet) {
            let load = kilowatts.map { $0 * problem.stepHours }
            let whole = node.cost(ofLoad: load, stepHours: problem.stepHours)
            var promised = node
            promised.demand = nil
            let own = promised.cost(ofLoad: load, stepHours: problem.stepHours)
            (demandCost, fines) = (demandCost + whole - own, fines + own)
        }
        totals = Totals(
            importKilowattHours: imported, dischargeKilowattHours: discharged, undeliveredKilowattHours: undelivered,
            cost: PlanCheck.energyCost(of: schedules, in: problem), storedKilowattHours: stored,
            restoredKilowattHours: restored, generatedKilowattHours: generated,
            selfConsumption: generated > 1e-9 ? 1 - leaving / generated : nil, demandCost: demandCost, fines: fines,
            peak: whole.max() ?? 0,
            valleyShare: planning.valley != nil && imported > 1e-9 ? inValley / imported : nil)
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
            let covered = zip(planning.baseLoads[n], load).reduce(0) { sum, pair in
                sum + max(0, min(pair.0 - limit, pair.0 - pair.1)) * problem.stepHours
            }
            return Node(
                load: load, peak: load.max() ?? 0, covered: covered, overloads: excess { $0 - limit },
                exportOverloads: export.map { export in excess { -$0 - export } } ?? [],
                missed: node.commitments.map { promise in
                    let slots = PlanningCase.slots(promise.interval, planning.start, planning.step, load.count)
                    let level = promise.kilowatts.approximate
                    return slots.reduce(0) { sum, slot in
                        sum + max(0, promise.side == .atMost ? load[slot] - level : level - load[slot])
                            * problem.stepHours
                    }
                })
        }
    }
}
