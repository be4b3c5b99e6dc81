public import Assets
public import Documents
public import Quantities

/// A fleet, and a grid if one is given, brought onto one row of slots, to be asked what it can do.
public struct FlexibilityCase: Sendable {
    public let start: Instant
    /// In which times are shown.
    public let zone: Zone
    public let step: Duration
    public let fleet: FleetFile
    public let grid: GridFile?
    /// The stays in the file's order, then stationary batteries of the grid.
    public let flexible: FlexibleFleet
    /// As in ``PlanningProblem/nodes``; empty without a grid.
    public let nodes: [PlanningNode]

    /// kWh that each vehicle can still charge into its battery behind the horizon.
    public let chargedLater: [Double]

    /// The fleet under the grid's limits at given prices.
    public func problem(buyPrice: [Double], sellPrice: [Double], wear: Double = 0) -> PlanningProblem {
        PlanningProblem(
            stepHours: flexible.stepHours, buyPrice: buyPrice, sellPrice: sellPrice,
            vehicles: flexible.vehicles.map { vehicle in
                var vehicle = vehicle
                vehicle.wear = max(vehicle.wear, wear)
                return vehicle
            }, nodes: nodes)
    }

    public var end: Instant { start + step * flexible.slotCount }

    /// - Parameters:
    ///   - from, to: the horizon; without them from the first arrival, floored to a step counted from local midnight, to the last
    ///     departure, ceiled. A stay that goes on behind it must have left by then only what it can still charge later.
    ///   - slots: the horizon has at least so many, for signals that are longer than the fleet stays; only without `to`.
    public init(
        fleet: FleetFile, grid: GridFile? = nil, from: Instant?, to: Instant?, step: Duration, atLeast slots: Int = 0,
        zone: Zone
    ) throws(Problems) {
        self.fleet = fleet
        self.grid = grid
        self.step = step
        self.zone = zone
        if let grid { try PlanningCase.match(fleet, grid) }
        if let stay = fleet.stays.first(where: { $0.dischargeBudget != nil && $0.maxDischarge > .zero }) {
            throw Problems(Problem(file: fleet.file, line: stay.line, message: .budgetOnlyPlanned))
        }
        let horizon = try PlanningCase.horizon(fleet, zone, from, to, step)
        start = horizon.start
        let count = to == nil ? max(horizon.count, slots) : horizon.count
        let end = horizon.start + step * count
        let hours = Double(step.wholeMilliseconds) / 3_600_000
        var vehicles: [PlanningVehicle] = []
        var later: [Double] = []
        vehicles.reserveCapacity(fleet.stays.count)
        later.reserveCapacity(fleet.stays.count)
        for stay in fleet.stays {
            var vehicle = PlanningVehicle(
                stay, start: horizon.start, step: step, count: count, wear: 0, node: grid?.nodeOfEVSE[stay.evse])
            // What is over owes nothing any more.
            if stay.interval.end <= horizon.start { vehicle.wanted = 0 }
            vehicles.append(vehicle)
            let rest = Double(max(0, stay.interval.end.milliseconds - max(end, stay.interval.start).milliseconds))
            later.append(rest / 3_600_000 * vehicle.maxCharge * vehicle.chargeEfficiency)
        }
        for (index, node) in (grid?.nodes ?? []).enumerated() {
            for storage in node.storages {
                vehicles.append(PlanningVehicle(storage, slots: 0..<count, node: index))
                later.append(0)
            }
        }
        chargedLater = later
        flexible = FlexibleFleet(stepHours: hours, slotCount: count, vehicles: vehicles, chargedLater: later)
        guard let grid else {
            nodes = []
            return
        }
        let generation = PlanningCase.summedUp(grid, count) { node in
            node.generation?.means(start: horizon.start, step: step, count: count, zone: zone)
        }
        let base = PlanningCase.summedUp(grid, count) {
            $0.baseLoad.means(start: horizon.start, step: step, count: count)
        }
        let margins = PlanningCase.margins(grid, horizon.start, step, count)
        nodes = grid.nodes.indices.map { index in
            let load = zip(base[index], generation[index]).map { $0 - $1 }
            let limits = PlanningCase.limits(grid.nodes[index], load, margins[index])
            return PlanningNode(
                parent: grid.nodes[index].parent, importLimit: limits.most, exportLimit: limits.least)
        }
    }
}
