/// Many vehicles under nodes that share nodes above them. The vehicles of each node are a block, solved as those under a single
/// node are (``NodeLagrangian``); what blocks may take together is negotiated between them.
///
/// Alternating directions (Boyd et al. 2011, §7): each block pays a price of its own and, softly, for leaving the load that the
/// grid granted it; the grid then grants loads that keep all limits and are as near as can be to what blocks took, and prices move
/// with the difference. Granting is exact for any tree: of each node one price level at which those below just fit. Blocks do not
/// see each other within a round, so that they run on several threads with the same bits.
final class TreeLagrangian {
    let problem: PlanningProblem
    let options: PlanningOptions
    let pool: WorkPool
    let sell: [Double]
    /// Nodes with nodes below them, parents first.
    private(set) var shared: [Shared]
    let blocks: [Block]
    private var grid: GridShares
    private(set) var rounds = 0

    /// Slot by slot, of each block: its price, yuan/kWh, and the load, kWh, that it was granted.
    private var prices: [[Double]]
    private var granted: [[Double]]
    /// Slot by slot, of each shared node: the price level of what is below it.
    private var levels: [[Double]]
    /// Means of both in the last rounds: they prove more than the newest ones.
    private var settled: (prices: [[Double]], levels: [[Double]])

    struct Shared {
        /// Index in the problem.
        let node: Int
        /// Index among the shared ones, before its own.
        let parent: Int?
        /// kWh a slot, within what is below can reach.
        var highest: [Double]
        var lowest: [Double]
    }

    /// The vehicles of one node.
    final class Block {
        let vehicles: [Int]
        /// Its own limits; those of a shared node are looked after there, and `isOpen` then.
        let limits: PlanningNode
        let isOpen: Bool
        /// Shared nodes above it, the nearest first.
        let above: [Int]
        /// kWh from the grid, and their part of what the limits let through.
        let wanted: Double
        let tightness: Double
        /// kWh a slot, within what its vehicles can reach.
        var highest: [Double] = []
        var lowest: [Double] = []
        /// How much a kWh beyond what was granted adds to the price.
        var stiffness: [Double] = []
        var method: NodeLagrangian!

        init(_ problem: PlanningProblem, vehicles: [Int], limits: PlanningNode, isOpen: Bool, above: [Int]) {
            self.vehicles = vehicles
            self.limits = limits
            self.isOpen = isOpen
            self.above = above
            wanted = problem.wanted(by: vehicles)
            tightness = wanted / max(1e-9, limits.importLimit.reduce(0) { $0 + max(0, $1) } * problem.stepHours)
        }
    }

    /// - Parameter part: several nodes, children before parents, every vehicle below one of them.
    init(_ problem: PlanningProblem, _ part: FleetSolver.Part, options: PlanningOptions, pool: WorkPool) {
        self.problem = problem
        self.options = options
        self.pool = pool
        let slots = problem.slotCount
        sell = problem.sellPrices(under: part.nodes.last!)
        let parents = Set(part.nodes.compactMap { problem.nodes[$0].parent })
        var place: [Int: Int] = [:]
        var shared: [Shared] = []
        for n in part.nodes.reversed() where parents.contains(n) {
            place[n] = shared.count
            let node = problem.nodes[n]
            shared.append(
                Shared(
                    node: n, parent: node.parent.map { place[$0]! },
                    highest: node.importLimit.map { max(0, $0) * problem.stepHours },
                    lowest: node.exportLimit?.map { -max(0, $0) * problem.stepHours }
                        ?? [Double](repeating: -.infinity, count: slots)))
        }
        var members: [Int: [Int]] = [:]
        for v in part.vehicles { members[problem.vehicles[v].node!, default: []].append(v) }
        let open = PlanningNode(importLimit: [Double](repeating: .infinity, count: slots))
        var blocks: [Block] = []
        for n in part.nodes {
            guard let vehicles = members[n] else { continue }
            let nearest = place[n] ?? problem.nodes[n].parent.map { place[$0]! }
            let own = problem.nodes[n]
            blocks.append(
                Block(
                    problem, vehicles: vehicles,
                    limits: place[n] == nil
                        ? PlanningNode(importLimit: own.importLimit, exportLimit: own.exportLimit) : open,
                    isOpen: place[n] != nil, above: Array(sequence(first: nearest!) { shared[$0].parent })))
        }
        self.blocks = blocks
        self.shared = shared
        grid = GridShares(parents: shared.map(\.parent), above: blocks.map(\.above), slots: slots)
        let none = [[Double]](repeating: [Double](repeating: 0, count: blocks.count), count: slots)
        (prices, granted) = (none, none)
        levels = [[Double]](repeating: [Double](repeating: 0, count: shared.count), count: slots)
        settled = (prices, levels)
        _ = pool.map(Array(blocks.indices), isDone: { _ in }) { b, _ in
            self.prepare(blocks[b])
        }
        for t in 0..<slots {
            grid.softness[t] = blocks.map { 1 / $0.stiffness[t] }
            grid.lowest[t] = blocks.map { $0.lowest[t] }
            grid.highest[t] = blocks.map { $0.highest[t] }
            var reach = [(lowest: Double, highest: Double)](repeating: (0, 0), count: shared.count)
            for block in blocks {
                for m in block.above {
                    reach[m].lowest += block.lowest[t]
                    reach[m].highest += block.highest[t]
                }
            }
            // A limit that cannot be reached is none, and what can be reached is a limit that proves as much as any.
            grid.limits[t] = shared.indices.map { m in
                let (lowest, highest) = (self.shared[m].lowest[t], self.shared[m].highest[t])
                self.shared[m].lowest[t] = max(lowest, reach[m].lowest)
                self.shared[m].highest[t] = min(highest, reach[m].highest)
                return (
                    lowest > reach[m].lowest ? lowest : -.infinity, highest < reach[m].highest ? highest : .infinity
                )
            }
        }
    }

    private func prepare(_ block: Block) {
        let group = group(of: block)
        block.highest = group.highest.values
        block.lowest = group.lowest.values
        let widest = block.highest.max() ?? 0
        block.stiffness = block.highest.map { Self.firmness / max($0, 0.05 * widest, 1e-3) }
        // The grid's limits are looked after here, not there.
        group.highest.fill(1e6)
        group.lowest.fill(-1e6)
        block.method = NodeLagrangian(group)
        block.method.keepMean()
    }
    private static let firmness = 4.0

    /// The vehicles of `block` alone, at true prices, and where asked for with those of the nodes above.
    func group(of block: Block, atPrices: Bool = false) -> Group {
        var (buy, sell) = (problem.buyPrice, self.sell)
        if atPrices {
            for t in 0..<problem.slotCount {
                buy[t] += settled.levels[t][block.above[0]]
                sell[t] += settled.levels[t][block.above[0]]
            }
        }
        let alone = PlanningProblem(
            stepHours: problem.stepHours, buyPrice: buy, sellPrice: sell,
            vehicles: block.vehicles.map { v in
                var vehicle = problem.vehicles[v]
                vehicle.node = 0
                return vehicle
            }, nodes: [block.limits])
        return Group(
            alone, vehicles: Array(block.vehicles.indices), nodes: [0], localNode: [0], options: options)
    }

    // MARK: - Rounds

    /// Every block chooses once, and the grid grants anew.
    func advance() {
        _ = pool.map(Array(blocks.indices), isDone: { _ in }) { [self] b, _ in
            ask(b)
            blocks[b].method.advance()
        }
        rounds += 1
        let slots = pool.map(Array(0..<problem.slotCount), isDone: { _ in }) { [self] t, _ in grant(t) }
        for (t, slot) in slots.enumerated() {
            (prices[t], granted[t], levels[t]) = (slot.prices, slot.granted, slot.levels)
            for b in blocks.indices { settled.prices[t][b] += Self.newest * (prices[t][b] - settled.prices[t][b]) }
            for m in shared.indices { settled.levels[t][m] += Self.newest * (levels[t][m] - settled.levels[t][m]) }
        }
    }
    private static let newest = 0.3

    /// Begins at these levels and, on top of them, prices of the blocks' own limits; `nil`: none.
    func begin(levels: [[Double]], own: [[Double]?]) {
        self.levels = levels
        for t in 0..<problem.slotCount {
            for (b, block) in blocks.enumerated() { prices[t][b] = levels[t][block.above[0]] + (own[b]?[t] ?? 0) }
        }
        settled = (prices, levels)
    }

    private func ask(_ b: Int) {
        let method = blocks[b].method!
        for t in 0..<problem.slotCount {
            let stiffness = rounds == 0 ? 0 : blocks[b].stiffness[t]
            method.pull[at: t] = Float(stiffness)
            method.toll[at: t] = Float(prices[t][b] - stiffness * granted[t][b])
        }
        if rounds <= 1 { method.setSlopes() }
    }

    private struct Slot: Sendable {
        var prices: [Double]
        var granted: [Double]
        var levels: [Double]
    }

    private func grant(_ t: Int) -> Slot {
        let (prices, granted, softness) = (prices[t], granted[t], grid.softness[t])
        // What a block would like, were there no limits.
        var wish = [Double](repeating: 0, count: blocks.count)
        for b in blocks.indices {
            let load = Double(blocks[b].method.load[at: t])
            let relaxed = rounds == 1 ? load : Self.relaxation * load + (1 - Self.relaxation) * granted[b]
            wish[b] = relaxed + prices[b] * softness[b]
        }
        let levels = grid.levels(t, wish: wish, near: levels[t])
        let loads = grid.loads(t, wish: wish, levels: levels)
        return Slot(
            prices: wish.indices.map { (wish[$0] - loads[$0]) / softness[$0] }, granted: loads, levels: levels)
    }
    private static let relaxation = 1.6

    // MARK: - What is proven

    /// A lower bound, yuan, on every schedule of the continuous problem.
    func bound() -> Double {
        let parts = pool.map(Array(blocks.indices), isDone: { _ in }) { [self] b, _ in
            let group = group(of: blocks[b], atPrices: true)
            let own = group.arena.vector(ownPrices(b))
            return group.lowerBound(own, linear: true)
        }
        var sum = parts.reduce(0, +)
        for m in shared.indices {
            for (t, price) in prices(ofShared: m).enumerated() {
                if price > 0 {
                    sum -= price * shared[m].highest[t]
                } else if price < 0 {
                    sum -= price * shared[m].lowest[t]
                }
            }
        }
        return sum
    }

    /// Of a block's own limits.
    private func ownPrices(_ b: Int) -> [Double] {
        (0..<problem.slotCount).map { t in
            if blocks[b].isOpen { return 0 }
            let price = settled.prices[t][b] - settled.levels[t][blocks[b].above[0]]
            return abs(price) < 1e-9 ? 0 : price
        }
    }
    private func prices(ofShared m: Int) -> [Double] {
        (0..<problem.slotCount).map { t in
            let price = settled.levels[t][m] - (shared[m].parent.map { settled.levels[t][$0] } ?? 0)
            return abs(price) < 1e-9 ? 0 : price
        }
    }

    // MARK: - Answers

    /// In the order of ``fitted(isFinal:)``.
    var order: [Int] { blocks.flatMap(\.vehicles) }

    /// Prices of the limits of `nodes`, one after the other.
    func prices(of nodes: [Int]) -> [Double] {
        var known: [Int: [Double]] = [:]
        for m in shared.indices { known[shared[m].node] = prices(ofShared: m) }
        for (b, block) in blocks.enumerated() {
            guard let node = problem.vehicles[block.vehicles[0]].node, known[node] == nil else { continue }
            known[node] = ownPrices(b)
        }
        let none = [Double](repeating: 0, count: problem.slotCount)
        return nodes.flatMap { known[$0] ?? none }
    }

    /// kWh, likewise: what the bound counts of each limit.
    func limits(of nodes: [Int]) -> (highest: [Double], lowest: [Double]) {
        var known: [Int: (highest: [Double], lowest: [Double])] = [:]
        for block in blocks {
            if let node = problem.vehicles[block.vehicles[0]].node { known[node] = (block.highest, block.lowest) }
        }
        for one in shared { known[one.node] = (one.highest, one.lowest) }
        let none = [Double](repeating: 0, count: problem.slotCount)
        return (nodes.flatMap { known[$0]?.highest ?? none }, nodes.flatMap { known[$0]?.lowest ?? none })
    }
}
