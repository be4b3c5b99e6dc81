/// A schedule with its proof.
public struct PlanningSolution: Sendable {
    /// In the order of ``PlanningProblem/vehicles``.
    public let vehicles: [VehicleSchedule]
    /// Yuan: Σ price·import − sell price·discharge + wear·discharge + Σ value·undelivered.
    public let objective: Double
    /// Yuan: no schedule of the continuous problem (no least power) costs less; recomputed from ``nodePrices``.
    public let bound: Double
    /// (objective − bound) / max(|bound|, import × mean price); 0 when both are 0.
    public let gap: Double
    /// Whether ``gap`` is at most the one asked for.
    public let isOptimal: Bool
    /// Yuan/kWh, one list of slots a node: the price of its own limit, positive for import, negative for export.
    public let nodePrices: [[Double]]
    /// Most interior-point steps that any group of nodes took; 0: every wish fitted at once.
    public let passes: Int
    /// Whether the caller stopped the solve; the schedule is feasible all the same.
    public let isCancelled: Bool
    /// Set when the checker refused the schedule that was found, a fault of ours that somebody must be told: what is
    /// issued in its place keeps all limits but is proven no better than ``gap`` says.
    public let fallback: Fallback?
    /// Vehicles whose schedule was taken over from the ``PlanningState`` because nothing about them had changed.
    public let kept: Int
    /// To start the next solve from.
    public let state: PlanningState

    /// What is issued in place of a refused schedule.
    public struct Fallback: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable {
            /// The refused vehicles do what the earlier plan said, or stand still without one; the others as found.
            case repaired
            /// All vehicles do what the earlier plan said; those it did not know stand still.
            case previous
            /// Nobody charges.
            case standingStill
        }
        public let kind: Kind
        /// What was wrong, at most a hundred.
        public let violations: [PlanCheck.Violation]
    }
}

/// What one vehicle gets.
public struct VehicleSchedule: Hashable, Sendable {
    /// kWh at the EVSE in each of the vehicle's slots: positive charging, negative discharging.
    public let net: [Double]
    /// kWh missing in the battery at departure.
    public let undelivered: Double
    /// Where the shortage comes from, nearest node first; empty when nothing is missing.
    public let binding: [Binding]

    /// Slots in which something kept the vehicle from charging more.
    public struct Binding: Hashable, Sendable {
        /// `nil`: the stay itself, its window, power or battery.
        public let node: Int?
        /// Slots of the horizon.
        public let slots: [Int]
    }
}

extension PlanningProblem {
    var meanPrice: Double { abs(buyPrice.reduce(0, +) / Double(max(1, slotCount))) }

    /// ``PlanningSolution/gap``.
    /// - Parameter imported: kWh.
    func gap(objective: Double, bound: Double, imported: Double) -> Double {
        let missing = objective - bound
        return missing <= 1e-9 ? 0 : missing / max(abs(bound), imported * meanPrice, 1e-9)
    }
}

extension [VehicleSchedule] {
    /// kWh charged.
    var imported: Double { reduce(0) { $0 + $1.net.reduce(0) { $0 + Swift.max(0, $1) } } }
}
