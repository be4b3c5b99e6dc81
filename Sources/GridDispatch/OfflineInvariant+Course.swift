public import Quantities

extension OfflineInvariant {
    /// A node's load without us over a span of equal steps, each value at the step's beginning.
    public struct Course: Hashable, Sendable {
        /// High quantile of the base load; `nil`: nothing is known of it, and the limit is taken as one for charging alone.
        public let base: [Power]?
        /// Σ over the EVSEs below of what each may draw.
        public let charging: [Power]
    }

    /// One for every node, in their order, if everything died at `death`.
    public static func courses(
        nodes: [DispatchInput.Node], piles: [Pile], ifAllDiesAt death: Instant, step: Duration, count: Int
    ) -> [Course] {
        let tree = NodeTree(nodes)
        let moments = (0..<count).map { death + step * $0 }
        var charging = nodes.map { _ in [Power](repeating: .zero, count: count) }
        for pile in piles {
            let path = tree.path(from: pile.node)
            guard !path.isEmpty else { continue }
            for (k, moment) in moments.enumerated() {
                let worst = pile.worstCase(at: moment)
                for n in path { charging[n][k] += worst }
            }
        }
        return zip(nodes, charging).map { node, sums in
            Course(base: node.base.map { base in moments.map { base[at: $0] } }, charging: sums)
        }
    }
}
