// What the load at a root costs beside its energy: a charge on its highest power, and promises about it.

/// A charge on the highest power at the meter of a root node, counted over a month of which the horizon is a part.
public struct DemandCharge: Hashable, Sendable {
    /// Yuan that each kW above ``soFar`` costs: what a new peak is worth. For a charge by the month that is its price a kW, since a
    /// peak once reached costs nothing more.
    public var yuanPerKilowatt: Double
    /// kW: the highest so far in the month, or what is reached in any case.
    public var soFar: Double
    /// kW in each slot that flows through the meter beside the fleet: base load less generation; −∞ where a slot does not count, such
    /// as one of the next month.
    public var load: [Double]

    /// - Precondition: a charge and a peak from zero up.
    public init(yuanPerKilowatt: Double, soFar: Double, load: [Double]) {
        precondition(yuanPerKilowatt >= 0 && soFar >= 0, "a charge and a peak from zero up")
        self.yuanPerKilowatt = yuanPerKilowatt
        self.soFar = soFar
        self.load = load
    }
}

/// A promise about the load of the fleet below a root node, such as an instruction of the grid's operator or what a market
/// accepted; what is missing of it has a price.
public struct LoadCommitment: Hashable, Sendable {
    public enum Side: Hashable, Sendable {
        /// The load stays at or below the level; a level below zero is a promise to give back.
        case atMost
        /// The load stays at or above the level. Nobody gives back what such a promise needs: the load does not fall below zero
        /// while the level is above zero, nor below the level where that is below zero, whatever else was promised.
        case atLeast
    }
    /// Slots of the horizon.
    public var slots: Range<Int>
    /// kW of the fleet below, one for each of ``slots``.
    public var level: [Double]
    public var side: Side
    /// Yuan for each kWh beyond the level.
    public var yuanPerKilowattHour: Double

    /// - Precondition: one level for each slot, and a price above zero.
    public init(slots: Range<Int>, level: [Double], side: Side, yuanPerKilowattHour: Double) {
        precondition(level.count == slots.count && yuanPerKilowattHour > 0, "a level for each slot, and a price")
        self.slots = slots
        self.level = level
        self.side = side
        self.yuanPerKilowattHour = yuanPerKilowattHour
    }
}

extension PlanningProblem {
    /// Whether the load of a root costs something beside its energy.
    var hasLoadTerms: Bool { nodes.contains { $0.demand != nil || !$0.commitments.isEmpty } }
}

extension PlanningNode {
    /// Yuan a kWh by which the cost of the load rises just above `load` kW in slot `t`, by ``commitments``; below zero where a
    /// promise asks for more.
    func slope(above load: Double, _ t: Int) -> Double {
        commitments.reduce(0) { sum, promise in
            guard promise.slots.contains(t) else { return sum }
            let level = promise.level[t - promise.slots.lowerBound]
            switch promise.side {
            case .atMost: return level <= load ? sum + promise.yuanPerKilowattHour : sum
            case .atLeast: return level > load ? sum - promise.yuanPerKilowattHour : sum
            }
        }
    }

    /// Where that changes, kW, in rising order.
    fileprivate func levels(_ t: Int) -> [Double] {
        commitments.filter { $0.slots.contains(t) }.map { $0.level[t - $0.slots.lowerBound] }.sorted()
    }

    /// kW below which the load does not fall in slot `t`, because of what was promised to be drawn.
    func floor(_ t: Int) -> Double? {
        commitments.filter { $0.side == .atLeast && $0.slots.contains(t) }
            .map { min(0, $0.level[t - $0.slots.lowerBound]) }.max()
    }

    /// Yuan that `load`, kWh in each slot, costs by ``commitments`` and ``demand``.
    func cost(ofLoad load: [Double], stepHours: Double) -> Double {
        var sum = 0.0
        for promise in commitments {
            for (t, level) in zip(promise.slots, promise.level) {
                let beyond = load[t] - level * stepHours
                sum += promise.yuanPerKilowattHour * max(0, promise.side == .atMost ? beyond : -beyond)
            }
        }
        if let demand { sum += demand.yuanPerKilowatt * max(0, demand.peak(load, stepHours) - demand.soFar) }
        return sum
    }
}

extension DemandCharge {
    /// kW: the highest at the meter with `load`, kWh in each slot, of the fleet.
    func peak(_ load: [Double], _ stepHours: Double) -> Double {
        zip(load, self.load).reduce(0) { max($0, $1.0 / stepHours + $1.1) }
    }
}

/// The commitments of one root in one slot as what helpers can do for it (``Devices``): the cost of the load is convex, so it
/// is rewards up to a load, then nothing, then fines; and below zero fines for what is not given back.
struct LoadSteps {
    /// kW and yuan/kWh, from zero down: promised to be given back.
    private(set) var owed: [(kilowatts: Double, price: Double)] = []
    /// From zero up: promised to be drawn.
    private(set) var rewards: [(kilowatts: Double, price: Double)] = []
    /// kW above ``rewards`` that cost nothing.
    private(set) var free = 0.0
    /// Above that.
    private(set) var fines: [(kilowatts: Double, price: Double)] = []
    /// kW: nobody gives back beyond this; `nil`: no promise is about it.
    private(set) var floor: Double?

    /// Yuan an hour that the parts which are too small to be asked for may cost.
    private(set) var ignored = 0.0
    /// kW too little to matter.
    private static let nothing = 1e-4

    /// - Parameters:
    ///   - draw, back: kW that the fleet below can draw and give back at the most.
    /// - Returns: `nil` where no commitment is about the slot.
    init?(_ node: PlanningNode, _ t: Int, draw: Double, back: Double) {
        let levels = node.levels(t)
        guard !levels.isEmpty else { return nil }
        let limit = max(0, node.importLimit[t])
        var load = 0.0
        while load < min(limit, draw) - Self.nothing {
            let slope = node.slope(above: load, t)
            let next = min(levels.first { $0 > load } ?? .infinity, limit, slope > 0 ? draw : .infinity)
            if slope == 0 {
                free = next - load
            } else if next - load <= Self.nothing {
                ignored += abs(slope) * (next - load)
            } else if slope < 0 {
                rewards.append((next - load, -slope))
            } else {
                fines.append((next - load, slope))
            }
            load = next
        }
        // Where nobody can draw so much it does not matter what it would cost.
        if fines.isEmpty { free = max(free, limit - rewards.reduce(0) { $0 + $1.kilowatts }) }
        load = 0
        let ground = min(0, node.importLimit[t])
        floor = node.floor(t)
        let depth = min(back, floor.map { -$0 } ?? .infinity)
        while load > -depth {
            let next = levels.last { $0 < load } ?? -.infinity
            let slope = node.slope(above: next, t)
            // What lies above a limit has to be covered anyhow.
            let size = min(load, ground) - max(next, -depth)
            if slope > 0, size > Self.nothing {
                owed.append((size, slope))
            } else {
                ignored += max(0, slope * size)
            }
            load = next
        }
    }
}
