public import Assets
public import Quantities
import Scheduling

/// What can be asked of a site's vehicles now, node by node, beside what is merely connected. What an operator declares to a market
/// and what a test has shown are other figures, and none of them stands for another.
public struct SiteCapacity: Hashable, Sendable {
    public let site: SiteID
    public let at: Instant
    public let nodes: [Node]

    public init(site: SiteID, at: Instant, nodes: [Node]) {
        self.site = site
        self.at = at
        self.nodes = nodes
    }

    public struct Node: Hashable, Sendable {
        public let node: NodeID
        /// Ratings of all EVSEs below, whoever is there: charging, and discharging as a magnitude.
        public let connectedCharge: Power
        public let connectedDischarge: Power
        /// Of those that can be steered now.
        public let vehicles: Int
        /// For each of ``SiteCapacity/spans``; empty where nobody can be steered.
        public let adjustable: [Adjustable]

        public init(
            node: NodeID, connectedCharge: Power, connectedDischarge: Power, vehicles: Int, adjustable: [Adjustable]
        ) {
            self.node = node
            self.connectedCharge = connectedCharge
            self.connectedDischarge = connectedDischarge
            self.vehicles = vehicles
            self.adjustable = adjustable
        }
    }

    /// The most and the least power that all of the vehicles below can hold together from now on for so long, such that every stay
    /// can still have what it wants by its departure, within the limits of the node and of nodes below it while it is held. Whether
    /// those limits let all of them catch up later is not looked at. Slots count by their mean. Charging positive.
    public struct Adjustable: Hashable, Sendable {
        public let span: Duration
        public let most: Power
        public let least: Power

        public init(span: Duration, most: Power, least: Power) {
            self.span = span
            self.most = most
            self.least = least
        }
    }

    public static let spans: [Duration] = [.minutes(15), .hours(1)]
}

/// What ``SiteCapacity`` is measured of: taken from the core in a moment, worked out outside it (milliseconds for a hundred
/// vehicles).
public struct CapacityProblem: Sendable {
    public let site: SiteID
    let at: Instant
    let step: Duration
    /// Part of the first slot that is still to come.
    let remaining: Double
    let slotCount: Int
    let vehicles: [PlanningVehicle]
    let nodes: [PlanningNode]
    /// Of the grid's nodes, which stand first.
    let connected: [(node: NodeID, charge: Power, discharge: Power)]

    public func measured(isCancelled: () -> Bool = { false }) -> SiteCapacity {
        let stepHours = Double(step.wholeMilliseconds) / 3_600_000
        let below = nodes.indices.map { n in vehicles.indices.filter { isBelow(vehicles[$0].node, n) } }
        return SiteCapacity(
            site: site, at: at,
            nodes: connected.indices.map { n in
                SiteCapacity.Node(
                    node: connected[n].node, connectedCharge: connected[n].charge,
                    connectedDischarge: connected[n].discharge, vehicles: below[n].count,
                    adjustable: below[n].isEmpty
                        ? []
                        : SiteCapacity.spans.compactMap { span in
                            // The slot under way is held for its rest, so the hold goes on into the last one.
                            let later = Double(span.wholeMilliseconds) / Double(step.wholeMilliseconds) - remaining
                            let slots = 1 + Int(max(0, later).rounded(.up))
                            guard let range = range(of: n, slots: slots, stepHours, isCancelled) else { return nil }
                            return SiteCapacity.Adjustable(
                                span: span, most: Power(roundingKilowatts: range.most),
                                least: Power(roundingKilowatts: range.least))
                        })
            })
    }

    private func isBelow(_ node: Int?, _ n: Int) -> Bool {
        var above = node
        while let m = above {
            if m == n { return true }
            above = nodes[m].parent
        }
        return false
    }

    /// Of the first slot only the rest can be used, and of its last moments nothing is asked.
    private func part(_ slot: Int) -> Double { slot > 0 ? 1 : remaining >= 0.02 ? remaining : 0 }

    /// kW held in the first `slots` slots. Fleets under different nodes do not depend on each other: what hangs directly under each
    /// holds its own power, and a node passes on what its limits leave of the sum.
    private func range(
        of n: Int, slots: Int, _ stepHours: Double, _ isCancelled: () -> Bool
    ) -> (most: Double, least: Double)? {
        var (most, least) = (0.0, 0.0)
        let own = vehicles.filter { $0.node == n }
        if !own.isEmpty {
            let fleet = FlexibleFleet(stepHours: stepHours, slotCount: slotCount, vehicles: own)
            let parts = (0..<min(slots, slotCount)).map(part)
            guard let held = fleet.heldPower(parts: parts, isCancelled: isCancelled) else { return nil }
            (most, least) = held
        }
        for child in nodes.indices where nodes[child].parent == n {
            guard vehicles.contains(where: { isBelow($0.node, child) }) else { continue }
            guard let below = range(of: child, slots: slots, stepHours, isCancelled) else { return nil }
            most += below.most
            least += below.least
        }
        for t in 0..<min(slots, slotCount) where part(t) > 0 {
            let part = part(t)
            most = min(most, max(0, nodes[n].importLimit[t]) / part)
            if let limit = nodes[n].exportLimit?[t] { least = max(least, -max(0, limit) / part) }
        }
        // What must be charged does not fit: nothing can be promised.
        return least <= most ? (most, least) : nil
    }
}
