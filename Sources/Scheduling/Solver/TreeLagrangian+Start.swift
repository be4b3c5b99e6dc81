// Prices to begin at: those of a small problem like the whole.
extension TreeLagrangian {
    /// Solves some of the blocks, in the part of the room above that is theirs, and begins every block where the one most like it
    /// ended.
    func beginFromSample(_ solve: (PlanningProblem) -> [[Double]]) {
        let members = blocks.reduce(0) { $0 + $1.vehicles.count }
        let count = min(Self.mostSampled, blocks.count / 6, Self.mostVehicles * blocks.count / max(1, members))
        guard count > 0 else { return }
        let order = blocks.indices.sorted { (blocks[$0].tightness, $0) < (blocks[$1].tightness, $1) }
        let chosen = (0..<count).map { order[(2 * $0 + 1) * order.count / (2 * count)] }
        var (all, sampled) = ([Double](repeating: 0, count: shared.count), [Double](repeating: 0, count: shared.count))
        for b in blocks.indices { for m in blocks[b].above { all[m] += blocks[b].wanted } }
        for b in chosen { for m in blocks[b].above { sampled[m] += blocks[b].wanted } }

        // Children before parents: blocks first, and the root last.
        var nodes: [PlanningNode] = []
        var vehicles: [PlanningVehicle] = []
        let parents = shared.indices.reversed().filter { sampled[$0] > 0 }
        let place = Dictionary(uniqueKeysWithValues: parents.enumerated().map { ($1, chosen.count + $0) })
        for (k, b) in chosen.enumerated() {
            var limits = blocks[b].limits
            limits.parent = place[blocks[b].above[0]]
            nodes.append(limits)
            for v in blocks[b].vehicles {
                var vehicle = problem.vehicles[v]
                vehicle.node = k
                vehicles.append(vehicle)
            }
        }
        for m in parents {
            // A little more than its part: from prices that are too low a search rises faster than it falls from too high ones.
            let part = Self.ease * sampled[m] / all[m] / problem.stepHours
            nodes.append(
                PlanningNode(
                    parent: shared[m].parent.flatMap { place[$0] }, importLimit: shared[m].highest.map { $0 * part },
                    exportLimit: shared[m].lowest.map { -$0 * part }))
        }
        let prices = solve(
            PlanningProblem(
                stepHours: problem.stepHours, buyPrice: problem.buyPrice, sellPrice: sell, vehicles: vehicles,
                nodes: nodes))
        // Parents come first: a level is what they and the node itself ask.
        let levels = (0..<problem.slotCount).map { t in
            var slot = [Double](repeating: 0, count: shared.count)
            for m in shared.indices {
                slot[m] = (shared[m].parent.map { slot[$0] } ?? 0) + (place[m].map { prices[$0][t] } ?? 0)
            }
            return slot
        }
        begin(levels: levels, own: blocks.map { _ in nil })
        let known = chosen.enumerated().map { (tightness: blocks[$1].tightness, prices: prices[$0]) }
        let own = pool.map(Array(blocks.indices), isDone: { _ in }) { [self] b, _ in
            group(of: blocks[b], atPrices: true).bestStart(among: known.near(blocks[b].tightness))
        }
        begin(levels: levels, own: own)
    }
    private static let mostSampled = 64
    private static let mostVehicles = 12_000
    private static let ease = 1.02
}

extension [(tightness: Double, prices: [Double])] {
    /// Prices of those most like it: the nearest and one that is less tight.
    func near(_ tightness: Double) -> [[Double]] {
        guard
            let nearest = indices.min(by: { abs(self[$0].tightness - tightness) < abs(self[$1].tightness - tightness) })
        else { return [] }
        return nearest > 0 ? [self[nearest].prices, self[nearest - 1].prices] : [self[nearest].prices]
    }
}

extension Group {
    /// The prices that prove most; `nil`: none proves more than no prices do. From prices that are much too high a search comes
    /// down slowly.
    func bestStart(among candidates: [[Double]]) -> [Double]? {
        var best: [Double]?
        var most = lowerBound(arena.vector(load.count), linear: true)
        for prices in candidates {
            let bound = lowerBound(arena.vector(prices), linear: true)
            if bound > most { (best, most) = (prices, bound) }
        }
        return best
    }
}
