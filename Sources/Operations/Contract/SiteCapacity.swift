public import Assets
public import Quantities
import Scheduling

/// What can be asked of a site's vehicles now, node by node, beside what is merely connected. What an operator declares to a market
/// and what a test has shown are other figures, and none of them stands for another.
public struct SiteCapacity: Hashable, Sendable {
    public let site: SiteID
    public let at: Instant
    public let nodes: [Node]
    /// What the site drew at the most in this month; `nil`: no quarter hour of it is over.
    public let peak: MonthPeak?

    public init(site: SiteID, at: Instant, nodes: [Node], peak: MonthPeak? = nil) {
        self.site = site
        self.at = at
        self.nodes = nodes
        self.peak = peak
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
    /// can still have what it wants by its departure: within the limits of the node and of nodes below it while it is held, and
    /// within those of all nodes of the site when vehicles catch up (of more than 300 vehicles, for the root alone). Slots count by their mean. Charging positive.
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
    var peak: MonthPeak? = nil

    public func measured(isCancelled: () -> Bool = { false }) -> SiteCapacity {
        var direct = [[PlanningVehicle]](repeating: [], count: nodes.count)
        var below = [Int](repeating: 0, count: nodes.count)
        for vehicle in vehicles {
            guard let node = vehicle.node else { continue }
            direct[node].append(vehicle)
            var above: Int? = node
            while let n = above {
                below[n] += 1
                above = nodes[n].parent
            }
        }
        // Whatever is held, so much is missing in the end.
        let unavoidable = mayBeShort ? missing(isCancelled) : nil
        let ranges = SiteCapacity.spans.map { span in
            let parts = parts(of: span)
            return heldPowers(parts, direct, isCancelled).enumerated().map { n, held in
                guard let held, let unavoidable, below[n] > 0, n < connected.count,
                    nodes[n].parent == nil || vehicles.count <= Self.manyVehicles
                else { return held }
                return (held.most, caughtUp(n, parts, held, unavoidable, isCancelled))
            }
        }
        return SiteCapacity(
            site: site, at: at,
            nodes: connected.indices.map { n in
                SiteCapacity.Node(
                    node: connected[n].node, connectedCharge: connected[n].charge,
                    connectedDischarge: connected[n].discharge, vehicles: below[n],
                    adjustable: below[n] == 0
                        ? []
                        : zip(SiteCapacity.spans, ranges).compactMap { span, held in
                            held[n].map {
                                SiteCapacity.Adjustable(
                                    span: span, most: Power(roundingKilowatts: $0.most),
                                    least: Power(roundingKilowatts: $0.least))
                            }
                        })
            }, peak: peak)
    }

    /// Of the first slot only the rest can be used, and of its last moments nothing is asked.
    private func part(_ slot: Int) -> Double { slot > 0 ? 1 : remaining >= 0.02 ? remaining : 0 }

    /// Part of each slot that a hold from now on lasts: the slot under way is held for its rest, so it goes on into the last one.
    private func parts(of span: Duration) -> [Double] {
        let later = Double(span.wholeMilliseconds) / Double(step.wholeMilliseconds) - remaining
        return (0..<min(slotCount, 1 + Int(max(0, later).rounded(.up)))).map(part)
    }

    /// kW that can be held below each node; `nil`: nothing can be promised there.
    ///
    /// Fleets under different nodes do not depend on each other: what hangs directly under each holds its own power, and a node
    /// passes on what its limits leave of the sum.
    private func heldPowers(
        _ parts: [Double], _ direct: [[PlanningVehicle]], _ isCancelled: () -> Bool
    ) -> [(most: Double, least: Double)?] {
        typealias Held = (most: Double, least: Double)?
        func sum(_ a: Held, _ b: Held) -> Held {
            guard let a, let b else { return nil }
            return (a.most + b.most, a.least + b.least)
        }
        var held = [Held](repeating: (0, 0), count: nodes.count)
        for n in PlanningNode.leavesFirst(nodes) {
            if !direct[n].isEmpty {
                let fleet = FlexibleFleet(stepHours: stepHours, slotCount: slotCount, vehicles: direct[n])
                held[n] = sum(held[n], fleet.heldPower(parts: parts, isCancelled: isCancelled))
            }
            if var (most, least) = held[n] {
                for (t, part) in parts.enumerated() where part > 0 {
                    most = min(most, max(0, nodes[n].importLimit[t]) / part)
                    if let limit = nodes[n].exportLimit?[t] { least = max(least, -max(0, limit) / part) }
                }
                // Else what must be charged does not fit.
                held[n] = least <= most ? (most, least) : nil
            }
            if let parent = nodes[n].parent { held[parent] = sum(held[parent], held[n]) }
        }
        return held
    }

    // MARK: - Catching up

    private var stepHours: Double { Double(step.wholeMilliseconds) / 3_600_000 }

    /// Whether limits of nodes can keep anybody from charging at full power.
    private var mayBeShort: Bool {
        var most = [[Double]](repeating: [Double](repeating: 0, count: slotCount), count: nodes.count)
        for vehicle in vehicles {
            var above = vehicle.node
            while let n = above {
                for t in vehicle.slots { most[n][t] += vehicle.maxCharge * vehicle.presence(t) }
                above = nodes[n].parent
            }
        }
        return nodes.indices.contains { n in zip(most[n], nodes[n].importLimit).contains { $0 > $1 } }
    }

    /// kWh that stays will miss within the limits of nodes, and what `held` finds missing in their loads, kW.
    private func missing(
        _ isCancelled: () -> Bool, under limited: [PlanningNode]? = nil,
        held: (_ loads: [[Double]]) -> Double = { _ in 0 }
    ) -> Double {
        let flat = [Double](repeating: 0.01, count: slotCount)
        let problem = PlanningProblem(
            stepHours: stepHours, buyPrice: flat, sellPrice: flat.map { _ in 0 },
            vehicles: vehicles.map { vehicle in
                var alike = vehicle
                (alike.value, alike.minCharge) = (1, 0)
                return alike
            }, nodes: limited ?? nodes)
        let plan = solve(problem, options: PlanningOptions(gap: 0.0001), isCancelled: isCancelled)
        return plan.vehicles.reduce(0) { $0 + $1.undelivered } + held(problem.nodeLoads(plan.vehicles))
    }

    /// The least power, kW, from which all that hangs together can catch up as well as if nothing had been held.
    private func caughtUp(
        _ n: Int, _ parts: [Double], _ held: (most: Double, least: Double), _ unavoidable: Double,
        _ isCancelled: () -> Bool
    ) -> Double {
        func canCatchUp(_ power: Double) -> Bool {
            var limited = nodes
            for (t, part) in parts.enumerated() where part > 0 {
                limited[n].importLimit[t] = min(limited[n].importLimit[t], power * part)
            }
            // What is to be given back and is not is missing as well.
            return missing(isCancelled, under: limited) { loads in
                parts.enumerated().reduce(0) { sum, slot in
                    slot.element > 0
                        ? sum + max(0, loads[n][slot.offset] - power * slot.element) * stepHours : sum
                }
            } <= unavoidable * (1 + Self.alike) + Self.nothing
        }
        var (low, high) = (held.least, held.most)
        if isCancelled() || canCatchUp(low) { return low }
        while high - low > max(0.5, 0.05 * (held.most - held.least)), !isCancelled() {
            let middle = 0.5 * (low + high)
            if canCatchUp(middle) { high = middle } else { low = middle }
        }
        return high
    }
    /// kWh, and of what is missing anyhow: within that two plans are alike.
    private static let nothing = 0.05
    private static let alike = 2e-4
    /// Beyond so many only the site as a whole is asked: a plan for each node would take longer than a minute.
    private static let manyVehicles = 300
}
