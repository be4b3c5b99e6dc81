/// A fleet to be scheduled under a tree of grid nodes: plain arrays, complete and pure.
///
/// Sign: charging is positive. Powers are kW at the EVSE, energies kWh; `Double` because this is a solver's input, exact
/// quantities are turned into it once, where the problem is built. Symbols as in `docs/planning.md`.
public struct PlanningProblem: Hashable, Sendable {
    /// Length of a slot in hours.
    public var stepHours: Double
    /// Import price of each slot, yuan/kWh; its count is the number of slots.
    public var buyPrice: [Double]
    /// What a discharged kWh earns in each slot, yuan/kWh; zeros where nothing is paid.
    public var sellPrice: [Double]
    public var vehicles: [PlanningVehicle]
    /// Parents may stand before or behind their children.
    public var nodes: [PlanningNode]

    public var slotCount: Int { buyPrice.count }

    /// - Precondition: as many sell prices as buy prices; every window lies within the slots; nodes have one limit a slot
    ///   and form a forest.
    public init(
        stepHours: Double, buyPrice: [Double], sellPrice: [Double], vehicles: [PlanningVehicle], nodes: [PlanningNode]
    ) {
        precondition(stepHours > 0 && sellPrice.count == buyPrice.count, "one sell price for each buy price")
        for vehicle in vehicles {
            precondition(
                vehicle.slots.lowerBound >= 0 && vehicle.slots.upperBound <= buyPrice.count,
                "a stay lies within the horizon")
            precondition(vehicle.node.map { nodes.indices.contains($0) } ?? true, "a vehicle hangs under a known node")
        }
        for node in nodes {
            precondition(node.importLimit.count == buyPrice.count, "one import limit for each slot")
            precondition(node.exportLimit.map { $0.count == buyPrice.count } ?? true, "one export limit for each slot")
            if case .behindMeter(let load) = node.settlement {
                precondition(load.count == buyPrice.count, "one load for each slot")
            }
            precondition(
                node.parent == nil || node.demand == nil && node.commitments.isEmpty,
                "a demand charge and commitments are those of a root")
            precondition(node.demand.map { $0.load.count == buyPrice.count } ?? true, "one load for each slot")
            for promise in node.commitments {
                precondition(
                    promise.slots.lowerBound >= 0 && promise.slots.upperBound <= buyPrice.count,
                    "a commitment lies within the horizon")
            }
        }
        self.stepHours = stepHours
        self.buyPrice = buyPrice
        self.sellPrice = sellPrice
        self.vehicles = vehicles
        self.nodes = nodes
    }
}

/// One charging stay.
public struct PlanningVehicle: Hashable, Sendable {
    /// Slots in which the vehicle is plugged in for at least a part of the time.
    public var slots: Range<Int>
    /// Part (0…1] of the first and of the last of ``slots`` that the vehicle is there; a stay within one slot uses
    /// ``firstPresence`` alone. Limits of mean power scale with it.
    public var firstPresence: Double
    public var lastPresence: Double
    /// kW.
    public var maxCharge: Double
    /// kW, a magnitude; 0: charging only.
    public var maxDischarge: Double
    /// kW, a magnitude, in the first slots of the stay: the most where something else leaves less than ``maxDischarge``, such
    /// as a control of the grid code. It holds for all of a slot.
    public var dischargeCeiling: [Double]
    /// kWh at the EVSE that the stay may give back in all, such as what a warranty leaves; infinite: no budget.
    public var dischargeBudget: Double
    /// The least power while charging, kW ("6 A or nothing"); 0: none.
    public var minCharge: Double
    /// Grid to battery and battery to grid, (0, 1].
    public var chargeEfficiency: Double
    public var dischargeEfficiency: Double
    /// Energy wanted into the battery by departure, kWh. Below zero: the stay may end with so much less than it began
    /// with, if it can discharge.
    public var wanted: Double
    /// `nil`: unknown; then at most ``wanted`` is charged and nothing is discharged.
    public var battery: PlanningBattery?
    /// What one kWh left undelivered costs, yuan.
    public var value: Double
    /// Wear of one kWh discharged (grid side), yuan.
    public var wear: Double
    /// Index into ``PlanningProblem/nodes``; `nil`: no limit but its own.
    public var node: Int?
    /// Who it is, for the next solve: by it a ``PlanningState`` finds what was planned for it. Unique, or `nil`.
    public var name: String?
    /// kWh at the EVSE, charging positive, in the first slots of the stay, where that is settled already (the slot under
    /// way). Kept unless battery or node no longer allow it; a node that is too full leaves it as the most that is charged.
    public var committed: [Double]

    public init(
        slots: Range<Int>, firstPresence: Double = 1, lastPresence: Double = 1, maxCharge: Double,
        maxDischarge: Double = 0, dischargeCeiling: [Double] = [], dischargeBudget: Double = .infinity,
        minCharge: Double = 0, chargeEfficiency: Double = 1,
        dischargeEfficiency: Double = 1,
        wanted: Double, battery: PlanningBattery? = nil, value: Double = 5, wear: Double = 0, node: Int?,
        name: String? = nil, committed: [Double] = []
    ) {
        self.slots = slots
        self.firstPresence = firstPresence
        self.lastPresence = lastPresence
        self.maxCharge = maxCharge
        self.maxDischarge = battery == nil ? 0 : maxDischarge
        self.dischargeCeiling = dischargeCeiling
        self.dischargeBudget = dischargeBudget
        self.minCharge = minCharge
        self.chargeEfficiency = chargeEfficiency
        self.dischargeEfficiency = dischargeEfficiency
        self.wanted = wanted
        self.battery = battery
        self.value = value
        self.wear = wear
        self.node = node
        self.name = name
        self.committed = committed
    }

    /// Part of slot `slot` that the vehicle is there.
    public func presence(_ slot: Int) -> Double {
        if slot == slots.lowerBound { return firstPresence }
        return slot == slots.upperBound - 1 ? lastPresence : 1
    }

    /// kW, a magnitude, in slot `slot` while it is there.
    public func mostDischarge(_ slot: Int) -> Double {
        let j = slot - slots.lowerBound
        return dischargeCeiling.indices.contains(j) ? min(maxDischarge, dischargeCeiling[j]) : maxDischarge
    }
}

/// What is stored, kWh.
public struct PlanningBattery: Hashable, Sendable {
    public var atArrival: Double
    /// An arrival below the minimum may climb and is not discharged below it; one above the maximum is not filled beyond
    /// where it came.
    public var minimum: Double
    public var maximum: Double
    public init(atArrival: Double, minimum: Double, maximum: Double) {
        self.atArrival = atArrival
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// A grid node; what hangs under it counts in all nodes above.
public struct PlanningNode: Hashable, Sendable {
    /// Index into ``PlanningProblem/nodes``.
    public var parent: Int?
    /// What the fleet below may draw in each slot, kW: limit less base load; infinite where there is no limit. Below zero
    /// the base load is above the limit by itself: nothing is added to it, and what can discharge covers as much of it as
    /// it can.
    public var importLimit: [Double]
    /// What the fleet below may feed back in each slot, kW, a magnitude: export limit plus base load; `nil`: no limit.
    public var exportLimit: [Double]?
    /// How what happens below is paid for; only a root's counts.
    public var settlement: PlanningSettlement
    /// Of a root: what its highest power costs.
    public var demand: DemandCharge?
    /// Of a root: what was promised of its load. Behind one meter (``PlanningSettlement/behindMeter(load:)``) only
    /// ``LoadCommitment/Side/atMost``, of what is drawn at the meter.
    public var commitments: [LoadCommitment]
    public init(
        parent: Int? = nil, importLimit: [Double], exportLimit: [Double]? = nil,
        settlement: PlanningSettlement = .apart, demand: DemandCharge? = nil, commitments: [LoadCommitment] = []
    ) {
        self.parent = parent
        self.importLimit = importLimit
        self.exportLimit = exportLimit
        self.settlement = settlement
        self.demand = demand
        self.commitments = commitments
    }

    /// Indices of `nodes`, the deepest first, so that children stand before their parents.
    /// - Precondition: they form a forest.
    public static func leavesFirst(_ nodes: [PlanningNode]) -> [Int] {
        let depth = nodes.indices.map { n in
            var (depth, above) = (0, nodes[n].parent)
            while let m = above {
                depth += 1
                precondition(depth <= nodes.count, "grid nodes form a forest")
                above = nodes[m].parent
            }
            return depth
        }
        return nodes.indices.sorted { (depth[$1], $0) < (depth[$0], $1) }
    }
}

/// How the energy below a root node is paid for.
public enum PlanningSettlement: Hashable, Sendable {
    /// Each vehicle has a meter of its own: charging pays the import price, discharging earns the sell price.
    case apart
    /// What is given back earns what import costs: all of it is used behind the meter.
    case atBuyPrice
    /// One meter for all: what crosses it is paid for, and the load behind it (kW a slot, less generation) is served
    /// first. Wants 0 ≤ sell price ≤ buy price in every slot.
    case behindMeter(load: [Double])
}
