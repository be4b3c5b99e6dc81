/// Grants loads in a tree of limits: of all loads that keep them the nearest to what blocks wish.
///
/// min Σ (load − wish)² / softness over loads within each block's own limits and with the sum below each node within the node's. By
/// duality every block is granted its wish less softness × the price level of the node it hangs under; a node's level is that of
/// its parent, unless its own limits push it up or down.
struct GridShares {
    /// Of each node, which stand parents first.
    private let parents: [Int?]
    /// Of each block, the nodes above it, the nearest first.
    private let above: [[Int]]
    /// Of each node the blocks anywhere below it, with the nodes between, from that node down.
    private let below: [[(block: Int, between: [Int])]]

    /// Slot by slot, of each block: kWh for each yuan/kWh of a level, and limits in kWh.
    var softness: [[Double]]
    var lowest: [[Double]]
    var highest: [[Double]]
    /// Slot by slot, of each node, kWh; infinite: none.
    var limits: [[(lowest: Double, highest: Double)]]

    init(parents: [Int?], above: [[Int]], slots: Int) {
        self.parents = parents
        self.above = above
        below = parents.indices.map { m in
            above.indices.filter { above[$0].contains(m) }.map { b in
                (block: b, between: Array(above[b].prefix { $0 != m }.reversed()))
            }
        }
        softness = [[Double]](repeating: [], count: slots)
        (lowest, highest) = (softness, softness)
        limits = [[(lowest: Double, highest: Double)]](repeating: [], count: slots)
    }

    /// Of each node, the price level of what is below it, yuan/kWh.
    /// - Parameter near: levels near which they are looked for first.
    func levels(_ t: Int, wish: [Double], near: [Double]) -> [Double] {
        // From the leaves up: the levels between which a node is within its limits.
        var bounds = [(low: Double, high: Double)](repeating: (-.infinity, .infinity), count: parents.count)
        for m in parents.indices.reversed() {
            let limit = limits[t][m]
            // A root is asked for nothing from above; any other node may be pushed to either side of its limits.
            let free = parents[m] == nil ? load(below: m, t, wish, at: 0, bounds).load : nil
            if limit.highest < .infinity, free.map({ $0 > limit.highest }) ?? true {
                bounds[m].low = level(of: m, t, wish, where: limit.highest, near: near[m], bounds)
            }
            if limit.lowest > -.infinity, free.map({ $0 < limit.lowest }) ?? true {
                bounds[m].high = max(
                    bounds[m].low, level(of: m, t, wish, where: limit.lowest, near: near[m], bounds))
            }
        }
        var levels = near
        for m in parents.indices {
            levels[m] = min(max(parents[m].map { levels[$0] } ?? 0, bounds[m].low), bounds[m].high)
        }
        return levels
    }

    /// kWh, of each block.
    func loads(_ t: Int, wish: [Double], levels: [Double]) -> [Double] {
        let (softness, lowest, highest) = (softness[t], lowest[t], highest[t])
        return wish.indices.map { b in
            min(max(wish[b] - softness[b] * levels[above[b][0]], lowest[b]), highest[b])
        }
    }

    /// Load below node `m` at a level of it, and how fast it falls when the level rises.
    private func load(
        below m: Int, _ t: Int, _ wish: [Double], at level: Double, _ bounds: [(low: Double, high: Double)]
    ) -> (load: Double, slope: Double) {
        let (softness, lowest, highest) = (softness[t], lowest[t], highest[t])
        var (sum, slope) = (0.0, 0.0)
        for (b, between) in below[m] {
            var (own, isFree) = (level, true)
            for k in between {
                let clamped = min(max(own, bounds[k].low), bounds[k].high)
                isFree = isFree && clamped == own
                own = clamped
            }
            let load = wish[b] - softness[b] * own
            if load >= highest[b] {
                sum += highest[b]
            } else if load <= lowest[b] {
                sum += lowest[b]
            } else {
                sum += load
                if isFree { slope += softness[b] }
            }
        }
        return (sum, slope)
    }

    /// The level at which the load below node `m` is `limit`: Newton's steps, halving where they leave what is known.
    private func level(
        of m: Int, _ t: Int, _ wish: [Double], where limit: Double, near: Double,
        _ bounds: [(low: Double, high: Double)]
    ) -> Double {
        var (low, high) = (-Self.highestLevel, Self.highestLevel)
        var level = min(max(near, low), high)
        for _ in 0..<60 {
            let (sum, slope) = load(below: m, t, wish, at: level, bounds)
            let excess = sum - limit
            if abs(excess) <= 1e-9 * max(1, abs(limit)) { break }
            if excess > 0 { low = level } else { high = level }
            let next = slope > 0 ? level + excess / slope : .nan
            level = next > low && next < high ? next : 0.5 * (low + high)
        }
        return level
    }
    /// Yuan/kWh, far above what anybody's wish is worth: where no level is enough.
    private static let highestLevel = 1e3
}
