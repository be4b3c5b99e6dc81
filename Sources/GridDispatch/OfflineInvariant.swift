public import Assets
public import Quantities

/// The limit that holds without us (architecture, decision 3): if the platform or the network died at an instant, then at
/// every later moment base-load quantile + Σ over EVSEs of what each may draw stays within every node's limit.
public enum OfflineInvariant {
    /// One EVSE as it stands without us.
    public struct Pile: Sendable {
        public let node: NodeID?
        public let rating: Power
        /// Transaction profiles that may be in force, each with its end.
        public let setpoints: [(limit: Power, until: Instant)]
        /// Default profiles that may be in force; empty: none is known, and the rating holds.
        public let fallbacks: [DailyProfile]
        /// Known not to follow: the rating holds whatever it was told.
        public let ignoresProfiles: Bool

        public init(
            node: NodeID?, rating: Power, setpoints: [(limit: Power, until: Instant)], fallbacks: [DailyProfile],
            ignoresProfiles: Bool = false
        ) {
            self.node = node
            self.rating = rating
            self.setpoints = setpoints
            self.fallbacks = fallbacks
            self.ignoresProfiles = ignoresProfiles
        }

        /// The most it may draw at `instant`: a transaction profile until its end, the default profile at any time (the
        /// transaction profile is lost when the station restarts or another vehicle comes).
        public func worstCase(at instant: Instant) -> Power {
            guard !ignoresProfiles, !fallbacks.isEmpty else { return rating }
            var most = Power.zero
            for fallback in fallbacks { most = max(most, fallback[at: instant]) }
            for setpoint in setpoints where setpoint.until > instant { most = max(most, setpoint.limit) }
            return min(most, rating)
        }
    }

    public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
        public let node: NodeID
        public let at: Instant
        public let base: Power
        public let charging: Power
        public let limit: Power
        public var description: String {
            "node \(node) at \(at): base load \(base.watts) W + charging \(charging.watts) W exceed \(limit.watts) W"
        }
    }

    /// The first violation if everything died at `death`, in order of time; `nil` when the invariant holds. Default
    /// profiles and base loads repeat daily, so one day proves all.
    public static func violation(
        nodes: [DispatchInput.Node], piles: [Pile], ifAllDiesAt death: Instant
    ) -> Violation? {
        let tree = NodeTree(nodes)
        guard nodes.contains(where: { $0.limit != nil }) else { return nil }
        let paths = piles.map { tree.path(from: $0.node) }
        for instant in moments(nodes: nodes, piles: piles, from: death) {
            var charging = [Power](repeating: .zero, count: nodes.count)
            for (pile, path) in zip(piles, paths) {
                let worst = pile.worstCase(at: instant)
                for n in path { charging[n] += worst }
            }
            for (n, node) in nodes.enumerated() {
                guard let limit = node.limit else { continue }
                let base = node.base?[at: instant] ?? .zero
                if base + charging[n] > limit {
                    return Violation(node: node.id, at: instant, base: base, charging: charging[n], limit: limit)
                }
            }
        }
        return nil
    }

    /// Every moment of the day after `death` at which anything may rise: the beginnings of steps.
    private static func moments(nodes: [DispatchInput.Node], piles: [Pile], from death: Instant) -> [Instant] {
        var moments: Set<Instant> = [death]
        var grids: Set<[Int64]> = []
        func add(_ profile: DailyProfile) {
            let step = profile.step.wholeMilliseconds
            guard profile.values.count > 1, grids.insert([profile.anchor.milliseconds % step, step]).inserted else {
                return
            }
            var at = death.ceiled(to: profile.step, from: profile.anchor)
            while at < death + .days(1) {
                moments.insert(at)
                at += profile.step
            }
        }
        for node in nodes { if let base = node.base { add(base) } }
        for pile in piles { for fallback in pile.fallbacks { add(fallback) } }
        return moments.sorted()
    }
}
