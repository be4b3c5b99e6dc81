/// What differs between an earlier plan's problem and a new one on the same grid.
struct Changes: Sendable {
    /// Of each vehicle its index in the earlier problem; −1 where it was not there or cannot go on as was planned.
    let earlier: [Int]
    /// Vehicles that cannot go on as was planned.
    let open: [Int]
    /// Vehicles of the earlier problem that do not, by their index there.
    let gone: [Int]
    /// Whether prices, limits and all other vehicles are exactly what they were, and nothing is settled: then the rest of the
    /// account is what it was.
    let isOfVehiclesAlone: Bool

    /// - Returns: `nil` when the horizon or the grid is another.
    init?(since plan: PlanningState.Plan, in problem: PlanningProblem, _ pool: WorkPool) {
        let old = plan.problem
        guard old.stepHours == problem.stepHours, old.slotCount == problem.slotCount,
            old.nodes.map(\.parent) == problem.nodes.map(\.parent),
            old.nodes.map(\.settlement) == problem.nodes.map(\.settlement)
        else { return nil }
        let partners = Self.partners(of: problem.vehicles, in: old.vehicles)
        let comparison = Comparison(plan, problem)
        let length = max(1, min(10_000, partners.count / (8 * pool.threads)))
        let chunks = stride(from: 0, to: partners.count, by: length).map { $0..<min($0 + length, partners.count) }
        let parts = pool.map(Array(chunks.indices), isDone: { _ in }) { k, _ in
            var (earlier, isExact) = ([Int](), true)
            earlier.reserveCapacity(chunks[k].count)
            for v in chunks[k] {
                let partner = partners[v]
                isExact = isExact && problem.vehicles[v].committed.isEmpty
                let isSame = partner >= 0 && comparison.isSame(problem.vehicles[v], partner, isExact: &isExact)
                earlier.append(isSame ? partner : -1)
            }
            return (earlier, isExact)
        }
        var isKept = [Bool](repeating: false, count: old.vehicles.count)
        let earlier = parts.flatMap(\.0)
        for o in earlier where o >= 0 { isKept[o] = true }
        self.earlier = earlier
        open = earlier.indices.filter { earlier[$0] < 0 }
        gone = isKept.indices.filter { !isKept[$0] }
        isOfVehiclesAlone =
            comparison.changedSlots.isEmpty && !comparison.isOtherNode.contains(true) && parts.allSatisfy(\.1)
    }

    /// Of each of `new` the index in `old` of the vehicle of its name, −1 without one. Lists whose orders are nearly the same are
    /// walked side by side; whom that does not find is looked up.
    static func partners(of new: [PlanningVehicle], in old: [PlanningVehicle]) -> [Int] {
        var partners = [Int](repeating: -1, count: new.count)
        var (alone, missed) = ([Int](), [Int]())
        var (v, o) = (0, 0)
        func agree(_ v: Int, _ o: Int) -> Bool {
            v < new.count && o < old.count && new[v].name != nil && new[v].name == old[o].name
        }
        while v < new.count, o < old.count {
            if agree(v, o) {
                partners[v] = o
                v += 1
                o += 1
            } else if let k = (1...near).first(where: { agree(v, o + $0) }) {
                missed += o..<(o + k)
                o += k
            } else if let k = (1...near).first(where: { agree(v + $0, o) }) {
                alone += v..<(v + k)
                v += k
            } else {
                alone.append(v)
                missed.append(o)
                v += 1
                o += 1
            }
        }
        alone += v..<new.count
        missed += o..<old.count
        var known: [String: Int] = [:]
        for o in missed {
            if let name = old[o].name { known[name] = o }
        }
        // Nobody is found twice.
        for v in alone { partners[v] = new[v].name.flatMap { known.removeValue(forKey: $0) } ?? -1 }
        return partners
    }
    private static let near = 8
}

/// Whether vehicles can go on as was planned: nothing changed about them, nor about prices and limits while they are there.
private struct Comparison: Sendable {
    private let plan: PlanningState.Plan
    private let problem: PlanningProblem
    let changedSlots: [Int]
    /// Whether limits of the node or of one above it changed.
    let isOtherNode: [Bool]

    init(_ plan: PlanningState.Plan, _ problem: PlanningProblem) {
        let old = plan.problem
        self.plan = plan
        self.problem = problem
        changedSlots = problem.buyPrice.indices.filter {
            old.buyPrice[$0] != problem.buyPrice[$0] || old.sellPrice[$0] != problem.sellPrice[$0]
        }
        let isOther = zip(old.nodes, problem.nodes).map {
            $0.importLimit != $1.importLimit || $0.exportLimit != $1.exportLimit
        }
        isOtherNode = problem.nodes.indices.map { n in
            var node: Int? = n
            while let m = node {
                if isOther[m] { return true }
                node = problem.nodes[m].parent
            }
            return false
        }
    }

    /// kWh by which a vehicle may differ from what was foreseen of it: less than its schedule may be off by.
    private static let rounding = 1e-6

    /// - Parameter isExact: becomes false where a vehicle is the same but for rounding.
    func isSame(_ new: PlanningVehicle, _ v: Int, isExact: inout Bool) -> Bool {
        let old = plan.problem.vehicles[v]
        if new != old {
            guard isAsForeseen(new, old, plan.schedules[v].net) else { return false }
            isExact = false
        }
        if changedSlots.contains(where: new.slots.contains) { return false }
        guard var node = new.node, isOtherNode[node] else { return true }
        while true {
            let (a, b) = (plan.problem.nodes[node], problem.nodes[node])
            for t in new.slots where a.importLimit[t] != b.importLimit[t] || a.exportLimit?[t] != b.exportLimit?[t] {
                return false
            }
            guard let parent = b.parent else { return true }
            node = parent
        }
    }

    private func isAsForeseen(_ new: PlanningVehicle, _ old: PlanningVehicle, _ net: [Double]) -> Bool {
        var aligned = old
        if abs(new.wanted - old.wanted) < Self.rounding { aligned.wanted = new.wanted }
        if let a = new.battery?.atArrival, let b = old.battery?.atArrival, abs(a - b) < Self.rounding {
            aligned.battery?.atArrival = a
        }
        // What is settled is what was planned.
        if zip(new.committed, net).allSatisfy({ abs($0 - $1) < 1e-4 }) { aligned.committed = new.committed }
        return aligned == new
    }
}

extension PlanningProblem {
    /// Whether what a vehicle costs, and would cost at least, depends on no other: none shares a meter, and nothing is settled that a
    /// full node would give up.
    var isSumOfVehicles: Bool {
        !nodes.contains { if case .behindMeter = $0.settlement { true } else { false } }
            && vehicles.allSatisfy { $0.committed.isEmpty }
    }
}
