import Assets
import Quantities

// Which stations belong to which site, and which nodes lie above them.
extension Core {
    mutating func refreshLayout() {
        guard layoutIsStale else { return }
        layoutIsStale = false
        var members: [SiteID: [Int]] = [:]
        for s in stations.indices {
            if let site = stations[s].station.site { members[site, default: []].append(s) }
        }
        for i in sites.indices {
            let id = sites[i].site.id
            sites[i].members = (members[id] ?? []).sorted { stations[$0].station.id < stations[$1].station.id }
            for s in sites[i].members where stations[s].evses.isEmpty { _ = stations[s].ensureEVSE(1) }
            var above: Set<Int> = []
            for (n, slot) in nodes.enumerated() where slot.node.site == id { above.formUnion(pathUp(from: n)) }
            for s in sites[i].members {
                if let n = stations[s].station.node.flatMap({ nodeIndex[$0] }) { above.formUnion(pathUp(from: n)) }
            }
            sites[i].path = above.sorted()
            sites[i].roots = sites[i].path.filter { n in
                nodes[n].node.site == id
                    && !pathUp(from: n).dropFirst().contains { nodes[$0].node.site == id }
            }
        }
    }

    /// The node and all above it. The tree has no cycles: orders that would close one are refused.
    func pathUp(from n: Int) -> [Int] {
        var path = [n]
        while let parent = nodes[path[path.count - 1]].node.parent.flatMap({ nodeIndex[$0] }), path.count <= nodes.count
        {
            path.append(parent)
        }
        return path
    }

    /// Power that all EVSEs below a node draw, as far as they tell.
    func charging(below n: Int) -> Power {
        var sum = Power.zero
        for slot in stations {
            guard let node = slot.station.node.flatMap({ nodeIndex[$0] }), pathUp(from: node).contains(n) else {
                continue
            }
            for evse in slot.evses { sum += evse.meter.power ?? .zero }
        }
        return sum
    }
}
