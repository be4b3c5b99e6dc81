/// An earlier solution, kept to start the next solve near its answer and to keep what need not change.
public struct PlanningState: Hashable, Sendable {
    /// Yuan/kWh, one list of slots a node: the price of its own limit, positive for import, negative for export.
    public let nodePrices: [[Double]]
    /// What was planned for which problem; `nil`: the prices alone.
    let plan: Plan?
    /// kW by node: the peaks that were found best, for a next search (``PeakSearch``).
    let peaks: [Int: Double]

    struct Plan: Hashable, Sendable {
        /// Brought onto the state's horizon; what was not known of it is NaN, which equals nothing.
        let problem: PlanningProblem
        let schedules: [VehicleSchedule]
        /// What was proven of them.
        let gap: Double
        /// Of a large fleet, where a change of a few vehicles is what those few differ; `nil` also once the horizon has moved.
        var account: PlanAccount?
    }

    public init(nodePrices: [[Double]]) { self.init(nodePrices: nodePrices, plan: nil) }

    init(nodePrices: [[Double]], plan: Plan?, peaks: [Int: Double] = [:]) {
        self.nodePrices = nodePrices
        self.plan = plan
        self.peaks = peaks
    }

    /// The state for a horizon that begins `slots` later, if the plan was followed; new slots at the end repeat the price
    /// one `period` earlier.
    public func shifted(by slots: Int, period: Int = 96) -> PlanningState {
        guard slots > 0 else { return self }
        return PlanningState(
            nodePrices: nodePrices.map { old in
                var prices = Array(old.dropFirst(slots))
                while prices.count < old.count {
                    prices.append(prices.count >= period ? prices[prices.count - period] : old.last ?? 0)
                }
                return prices
            }, plan: plan?.shifted(by: slots), peaks: peaks)
    }
}

extension PlanningState.Plan {
    fileprivate func shifted(by slots: Int) -> Self {
        func moved(_ list: [Double]) -> [Double] {
            Array(list.dropFirst(slots)) + [Double](repeating: .nan, count: min(slots, list.count))
        }
        var stays: [PlanningVehicle] = []
        var kept: [VehicleSchedule] = []
        for (vehicle, schedule) in zip(problem.vehicles, schedules) where vehicle.slots.upperBound > slots {
            let (stay, net) = vehicle.later(by: slots, following: schedule.net)
            stays.append(stay)
            kept.append(
                VehicleSchedule(
                    net: net, undelivered: schedule.undelivered,
                    binding: schedule.binding.map { bound in
                        .init(node: bound.node, slots: bound.slots.filter { $0 >= slots }.map { $0 - slots })
                    }))
        }
        return Self(
            problem: PlanningProblem(
                stepHours: problem.stepHours, buyPrice: moved(problem.buyPrice), sellPrice: moved(problem.sellPrice),
                vehicles: stays,
                nodes: problem.nodes.map {
                    PlanningNode(
                        parent: $0.parent, importLimit: moved($0.importLimit), exportLimit: $0.exportLimit.map(moved),
                        settlement: $0.settlement)
                }), schedules: kept, gap: gap)
    }
}

extension PlanningVehicle {
    /// The stay as it is `slots` later when `net` was followed, and the rest of `net`.
    fileprivate func later(by slots: Int, following net: [Double]) -> (PlanningVehicle, [Double]) {
        let gone = max(0, slots - self.slots.lowerBound)
        var stay = self
        stay.slots = max(0, self.slots.lowerBound - slots)..<(self.slots.upperBound - slots)
        stay.committed = Array(committed.dropFirst(gone))
        guard gone > 0 else { return (stay, net) }
        stay.firstPresence = stay.slots.count == 1 ? lastPresence : 1
        let stored = net.prefix(gone).reduce(0) {
            $0 + ($1 > 0 ? $1 * chargeEfficiency : $1 / dischargeEfficiency)
        }
        stay.wanted = wanted < 0 ? wanted - stored : max(0, wanted - stored)
        stay.battery?.atArrival += stored
        stay.dischargeBudget += net.prefix(gone).reduce(0) { $0 + min(0, $1) }
        return (stay, Array(net.dropFirst(gone)))
    }
}
