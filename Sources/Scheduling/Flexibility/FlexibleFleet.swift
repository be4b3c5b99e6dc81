/// What the stays of a fleet can add up to while every departure is kept.
///
/// A stay's net energies in its slots form a set Fᵢ (power, battery, what is wanted at departure); the fleet's totals form their
/// sum F = Σᵢ Fᵢ. Three kinds of answers are given of F, and kept apart: an outer ``Envelope``, exact questions about one signal
/// (``FlexibleFleet/follow(_:tolerance:isCancelled:progress:)``), and a ``GuaranteedSet`` within it. Symbols as in
/// `docs/flexibility.md`. Energies are kWh a slot at the EVSE, charging positive.
public struct FlexibleFleet: Sendable {
    public let stepHours: Double
    public let slotCount: Int
    /// Their prices, values and nodes do not matter here.
    public let vehicles: [PlanningVehicle]
    /// What each stay must have charged into its battery by departure or the end of the horizon, kWh: its wish less what can be
    /// charged later, or what power and battery allow of it.
    public let owed: [Double]
    /// Stays whose wish no schedule can meet, with what is missing, kWh.
    public let outOfReach: [(vehicle: Int, missing: Double)]

    /// - Parameter chargedLater: kWh that each stay can still charge into its battery behind the horizon; empty: nothing.
    /// - Precondition: every window lies within the slots.
    public init(stepHours: Double, slotCount: Int, vehicles: [PlanningVehicle], chargedLater: [Double] = []) {
        precondition(stepHours > 0, "slots have a length")
        precondition(chargedLater.isEmpty || chargedLater.count == vehicles.count, "one energy for each stay")
        self.stepHours = stepHours
        self.slotCount = slotCount
        self.vehicles = vehicles
        var owed: [Double] = []
        var outOfReach: [(vehicle: Int, missing: Double)] = []
        owed.reserveCapacity(vehicles.count)
        for (v, vehicle) in vehicles.enumerated() {
            let wanted = vehicle.maxDischarge > 0 ? vehicle.wanted : max(0, vehicle.wanted)
            var most = 0.0
            for slot in vehicle.slots {
                most += vehicle.maxCharge * vehicle.presence(slot) * stepHours * vehicle.chargeEfficiency
            }
            if let battery = vehicle.battery { most = min(most, max(0, battery.maximum - battery.atArrival)) }
            let later = chargedLater.isEmpty ? 0 : chargedLater[v]
            if wanted - most - later > FlexibleFleet.dust { outOfReach.append((v, wanted - most - later)) }
            let now = vehicle.maxDischarge > 0 ? wanted - later : max(0, wanted - later)
            owed.append(min(now, most))
        }
        self.owed = owed
        self.outOfReach = outOfReach
    }

    /// kWh that nobody can see.
    static let dust = 1e-6

    /// Why slot sets do not describe F exactly, and a yes or no may be of a larger set than what can be done.
    public enum Inexactness: String, Hashable, Sendable, CaseIterable {
        /// A vehicle that gives back loses energy on the way: F has no closed form over net power.
        case lossesBothWays = "losses-both-ways"
        /// "6 A or nothing": F is not convex, and this is not looked at.
        case leastPower = "least-power"
        /// An arrival below the minimum may climb and gives nothing back before: F is not convex.
        case arrivalBelowMinimum = "arrival-below-minimum"
    }

    /// Empty: charging only, or both ways without losses; then p(A) ≤ Z(A) ≤ b(A) over all sets A of slots is F exactly (a
    /// generalised polymatroid: Mukhi, Loho, Abate 2025, arXiv 2503.23458).
    public var inexactness: [Inexactness] {
        var found: Set<Inexactness> = []
        for vehicle in vehicles where !vehicle.slots.isEmpty {
            if vehicle.minCharge > 0 { found.insert(.leastPower) }
            guard vehicle.maxDischarge > 0, let battery = vehicle.battery else { continue }
            if vehicle.chargeEfficiency < 1 || vehicle.dischargeEfficiency < 1 { found.insert(.lossesBothWays) }
            if battery.atArrival < battery.minimum - FlexibleFleet.dust { found.insert(.arrivalBelowMinimum) }
        }
        return Inexactness.allCases.filter(found.contains)
    }
}
