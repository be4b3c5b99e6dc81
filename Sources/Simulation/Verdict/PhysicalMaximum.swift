public import Quantities

/// What physics allows a group of stays under one node: the most energy that can be delivered at all, and the most of it
/// that can fall into chosen slots (the valley).
///
/// Written apart from the planner on purpose: a maximum flow source → stay → slot → sink in whole milliwatt-hours
/// (Dinic 1970), with the chosen slots opened first. Augmenting paths never lower the flow through an arc into the
/// sink, so opening the other slots afterwards keeps the chosen slots' total at its maximum.
public struct PhysicalMaximum: Sendable {
    public struct Stay: Sendable {
        public let wanted: Energy
        /// First slot, and the most energy of each slot from there on.
        public let first: Int
        public let most: [Energy]
        public init(wanted: Energy, first: Int, most: [Energy]) {
            self.wanted = wanted
            self.first = first
            self.most = most
        }
    }

    /// Energy delivered in each slot by a schedule that delivers the most and, of that, the most in chosen slots.
    public let perSlot: [Energy]
    public var delivered: Energy { perSlot.reduce(.zero, +) }
    /// The part of ``delivered`` that falls into chosen slots.
    public let chosen: Energy

    /// - Parameters:
    ///   - room: energy that the node leaves for charging in each slot; negative counts as none.
    ///   - isChosen: the slots to fill first, as many as `room`.
    public init(stays: [Stay], room: [Energy], isChosen: [Bool]) {
        precondition(room.count == isChosen.count, "one flag a slot")
        let slots = room.count
        var network = FlowNetwork(nodes: stays.count + slots + 2)
        let (source, sink) = (stays.count + slots, stays.count + slots + 1)
        for (i, stay) in stays.enumerated() {
            network.addArc(from: source, to: i, capacity: max(0, stay.wanted.milliwattHours))
            for (k, most) in stay.most.enumerated() where most > .zero && stay.first + k >= 0 && stay.first + k < slots
            {
                network.addArc(from: i, to: stays.count + stay.first + k, capacity: most.milliwattHours)
            }
        }
        let outlets = (0..<slots).map { slot in
            network.addArc(
                from: stays.count + slot, to: sink,
                capacity: isChosen[slot] ? max(0, room[slot].milliwattHours) : 0)
        }
        network.maximise(from: source, to: sink)
        let chosen = outlets.reduce(Int64(0)) { $0 + network.flow(of: $1) }
        for slot in 0..<slots where !isChosen[slot] {
            network.setCapacity(of: outlets[slot], to: max(0, room[slot].milliwattHours))
        }
        network.maximise(from: source, to: sink)
        self.perSlot = outlets.map { Energy(milliwattHours: network.flow(of: $0)) }
        self.chosen = Energy(milliwattHours: chosen)
    }
}

/// Dinic's maximum flow on integer capacities: level graph by breadth first, blocking flow by depth first.
struct FlowNetwork {
    private struct Arc {
        let to: Int
        var residual: Int64
    }
    private var arcs: [Arc] = []
    private var outgoing: [[Int]]
    private var level: [Int]
    private var next: [Int]

    init(nodes: Int) {
        outgoing = Array(repeating: [], count: nodes)
        level = Array(repeating: -1, count: nodes)
        next = Array(repeating: 0, count: nodes)
    }

    /// Arcs come in pairs: `2k` forward, `2k + 1` its reverse.
    @discardableResult mutating func addArc(from: Int, to: Int, capacity: Int64) -> Int {
        let index = arcs.count
        arcs.append(Arc(to: to, residual: capacity))
        arcs.append(Arc(to: from, residual: 0))
        outgoing[from].append(index)
        outgoing[to].append(index + 1)
        return index
    }

    func flow(of arc: Int) -> Int64 { arcs[arc ^ 1].residual }

    mutating func setCapacity(of arc: Int, to capacity: Int64) { arcs[arc].residual = capacity - flow(of: arc) }

    mutating func maximise(from source: Int, to sink: Int) {
        while findLevels(from: source, to: sink) {
            for node in next.indices { next[node] = 0 }
            while push(from: source, to: sink, atMost: .max) > 0 {}
        }
    }

    private mutating func findLevels(from source: Int, to sink: Int) -> Bool {
        for node in level.indices { level[node] = -1 }
        level[source] = 0
        var queue = [source]
        var head = 0
        while head < queue.count {
            let node = queue[head]
            head += 1
            for index in outgoing[node] where arcs[index].residual > 0 && level[arcs[index].to] < 0 {
                level[arcs[index].to] = level[node] + 1
                queue.append(arcs[index].to)
            }
        }
        return level[sink] >= 0
    }

    /// Depth is bounded by the number of nodes: a path visits each level once.
    private mutating func push(from node: Int, to sink: Int, atMost limit: Int64) -> Int64 {
        if node == sink { return limit }
        while next[node] < outgoing[node].count {
            let index = outgoing[node][next[node]]
            let arc = arcs[index]
            if arc.residual > 0, level[arc.to] == level[node] + 1 {
                let pushed = push(from: arc.to, to: sink, atMost: min(limit, arc.residual))
                if pushed > 0 {
                    arcs[index].residual -= pushed
                    arcs[index ^ 1].residual += pushed
                    return pushed
                }
            }
            next[node] += 1
        }
        return 0
    }
}
