import Assets
import Quantities

/// The site's nodes by index, with the path from each to the root.
struct NodeTree {
    /// Indices from the node itself up to the highest listed ancestor.
    let paths: [[Int]]
    private let indices: [NodeID: Int]

    init(_ nodes: [DispatchInput.Node]) {
        var indices: [NodeID: Int] = [:]
        for (i, node) in nodes.enumerated() where indices[node.id] == nil { indices[node.id] = i }
        self.indices = indices
        self.paths = nodes.indices.map { first in
            var path = [first]
            // A ring in the tree is cut where it closes: the set-up refuses it, and a loop must end here all the same.
            while let parent = nodes[path[path.count - 1]].parent, let next = indices[parent], !path.contains(next) {
                path.append(next)
            }
            return path
        }
    }

    /// Nodes whose limits bind something under `node`; none for an unlisted node.
    func path(from node: NodeID?) -> [Int] {
        guard let node, let index = indices[node] else { return [] }
        return paths[index]
    }
}
