/// A primal-dual interior-point method for one ``Group`` (Mehrotra's predictor and corrector), which uses its structure:
/// given node prices vehicles are independent, so each Newton step eliminates every vehicle by itself (one row or a
/// tridiagonal block) and is left with one dense block of slots a node, eliminated along the tree.
///
/// Cost of a step: O(Σ stay²) for the vehicles and O(nodes · slots³) for the nodes; 10 to 25 steps whatever the size.
/// Its iterates lie in the middle of the set of near-optimal schedules: equal vehicles get equal shares.
///
/// Layout. Every variable lies in a box [0, width]:
/// - c and x count from what must be charged and discharged;
/// - charging only: c (slots), w (missing to the knee), w₂ (missing behind it), o (surplus); one row
///   −ec Σc − w − w₂ + o = start − target;
/// - both ways: c, x, e (battery after each slot but the last, less its least), w, w₂, o; rows e_t − e_{t−1} − ec c_t + x_t/ed;
///   in the last row the battery's end is target − w − w₂ + o;
/// - node: ℓ (load less `lowest`), overload and underload at a price beyond any worth (they end at zero, and keep prices
///   bounded where limits leave no inner room); row ℓ + over − under − Σ(c − x) − Σ children = 0.
final class InteriorPoint {
    struct Block {
        let car: Int
        /// First variable and first row.
        let variables: Int
        let rows: Int
        let first: Int
        let count: Int
        let node: Int
        let bothWays: Bool
        let ec: Double
        let perDischarge: Double

        // Offsets from `variables`.
        var discharge: Int { count }
        var energy: Int { 2 * count }
        var missing: Int { bothWays ? 3 * count - 1 : count }
        var missingLast: Int { missing + 1 }
        var surplus: Int { missing + 2 }
        var size: Int { missing + 3 }
        var rowCount: Int { bothWays ? count : 1 }
    }

    let group: Group
    let arena = Arena()
    let blocks: [Block]
    let nodeVariables: Int
    let count: Int
    let slots: Int
    let system: NodeSystem
    /// Where each of four about equal parts of the chains' rows begins, and their end.
    let lanes: [Int]

    // Per variable: value, width, duals of both edges, cost, and work.
    let value: Vector
    let width: Vector
    let lowerDual: Vector
    let upperDual: Vector
    let cost: Vector
    let give: Vector
    let push: Vector
    let reduced: Vector
    let step: Vector
    let lowerStep: Vector
    let upperStep: Vector
    let bendLower: Vector
    let bendUpper: Vector
    // Per vehicle row.
    let rowDual: Vector
    let rowGap: Vector
    let rowSide: Vector
    let rowStep: Vector
    let coupling: Vector
    let ratio: Vector
    let pivot: Vector
    // Per node and slot.
    let nodeDual: Vector
    let nodeGap: Vector
    let nodeGive: Vector
    let nodeSide: Vector
    let nodeStep: Vector
    let scratch: Vector
    let answer: Vector

    private(set) var steps = 0

    init(_ group: Group) {
        self.group = group
        slots = group.slotCount
        var blocks: [Block] = []
        blocks.reserveCapacity(group.cars.count)
        var (variables, longest) = (0, 1)
        // Rows of vehicles that go both ways come first: their chains are solved in one sweep.
        let chains = group.cars.reduce(0) { $0 + ($1.discharges ? $1.count : 0) }
        var (chainRows, rows) = (0, chains)
        for (i, car) in group.cars.enumerated() where car.count > 0 {
            let block = Block(
                car: i, variables: variables, rows: car.discharges ? chainRows : rows, first: car.first,
                count: car.count, node: car.node, bothWays: car.discharges, ec: car.chargeEfficiency,
                perDischarge: 1 / car.dischargeEfficiency)
            blocks.append(block)
            variables += block.size
            if block.bothWays { chainRows += block.rowCount } else { rows += block.rowCount }
            longest = max(longest, car.count)
        }
        lanes = InteriorPoint.lanes(blocks, rows: chains)
        self.blocks = blocks
        nodeVariables = variables
        let grid = group.nodes.count * slots
        // Whole groups of four lanes; what fills up the last is tied to nothing.
        count = (variables + 3 * grid + 3) / 4 * 4
        value = arena.vector(count)
        width = arena.vector(count)
        lowerDual = arena.vector(count)
        upperDual = arena.vector(count)
        cost = arena.vector(count)
        give = arena.vector(count)
        push = arena.vector(count)
        reduced = arena.vector(count)
        step = arena.vector(count)
        lowerStep = arena.vector(count)
        upperStep = arena.vector(count)
        bendLower = arena.vector(count)
        bendUpper = arena.vector(count)
        rowDual = arena.vector(rows)
        rowGap = arena.vector(rows)
        rowSide = arena.vector(rows)
        rowStep = arena.vector(rows)
        var couplings = 0
        for block in blocks { couplings = max(couplings, group.cars[block.car].offset + block.count) }
        coupling = arena.vector(couplings)
        ratio = arena.vector(rows)
        pivot = arena.vector(rows)
        nodeDual = arena.vector(grid)
        nodeGap = arena.vector(grid)
        nodeGive = arena.vector(grid)
        nodeSide = arena.vector(grid)
        nodeStep = arena.vector(grid)
        scratch = arena.vector(2 * longest + 8)
        answer = arena.vector(rows)
        system = NodeSystem(slots: slots, parent: group.parent, reach: InteriorPoint.reach(group))
        restart()
    }

    private static func lanes(_ blocks: [Block], rows: Int) -> [Int] {
        var lanes = [0]
        for block in blocks where block.bothWays && lanes.count < 4 && block.rows >= rows * lanes.count / 4 {
            if block.rows > 0 { lanes.append(block.rows) }
        }
        while lanes.count < 5 { lanes.append(rows) }
        return lanes
    }

    /// For each node and slot the earliest slot that a stay under the node ties to it.
    private static func reach(_ group: Group) -> [[Int]] {
        var reach = group.nodes.indices.map { _ in Array(0..<group.slotCount) }
        for car in group.cars where car.node >= 0 {
            for t in car.first..<(car.first + car.count) {
                reach[car.node][t] = min(reach[car.node][t], car.first)
            }
        }
        return reach
    }

    // MARK: Start

    /// Begins again, for the limits that the group has now.
    func restart() {
        let tiny = 1e-7  // a width of zero has no inside; so much is too little to matter
        steps = 0
        infeasibility = .infinity
        rowDual.fill(0)
        nodeDual.fill(0)
        var dearest = 0.0
        for t in 0..<slots { dearest = max(dearest, abs(group.buy[t]), abs(group.sell[t])) }
        var worth = dearest
        for block in blocks {
            let car = group.cars[block.car]
            worth = max(worth, (car.value + car.wear + dearest) / car.dischargeEfficiency)
            for j in 0..<block.count {
                let t = block.first + j
                let at = car.offset + j
                width[block.variables + j] = max(tiny, group.chargeLimit[at] - group.chargeFloor[at])
                cost[block.variables + j] = group.buy[t]
                if block.bothWays {
                    width[block.variables + block.discharge + j] =
                        max(tiny, group.dischargeLimit[at] - group.dischargeFloor[at])
                    cost[block.variables + block.discharge + j] = car.wear - group.sell[t]
                    if j < block.count - 1 {
                        width[block.variables + block.energy + j] = max(tiny, car.high - car.least(after: j))
                    }
                }
            }
            let least = car.least(after: car.count - 1)
            width[block.variables + block.missing] = max(tiny, car.knee - least)
            width[block.variables + block.missingLast] = max(tiny, car.target - max(car.knee, least))
            width[block.variables + block.surplus] = max(tiny, car.high - max(car.target, least))
            cost[block.variables + block.missing] = car.value
            cost[block.variables + block.missingLast] = car.lastValue
        }
        let beyond = 4 * (worth + dearest)
        for at in 0..<nodeGap.count {
            width[nodeVariables + 3 * at] = max(tiny, group.highest[at] - group.lowest[at])
            for extra in 1...2 {
                width[nodeVariables + 3 * at + extra] = 2 * (group.highest[at] - group.lowest[at]) + 10
                cost[nodeVariables + 3 * at + extra] = beyond
            }
        }
        let scale = max(dearest, 0.02 * worth, 1e-3)
        for i in (nodeVariables + 3 * nodeGap.count)..<count { width[i] = 1 }
        for i in 0..<count {
            value[i] = 0.5 * width[i]
            lowerDual[i] = scale
            upperDual[i] = scale
        }
        for block in blocks {
            for extra in [block.missing, block.missingLast] {
                let i = block.variables + extra
                value[i] = 0.1 * width[i]
                // Also of those who miss nothing that anybody values: a dual of zero would never move.
                lowerDual[i] = max(cost[i], scale)
            }
        }
        for at in 0..<nodeGap.count {
            for extra in 1...2 {
                let i = nodeVariables + 3 * at + extra
                value[i] = 0.01 * width[i]
                lowerDual[i] = cost[i]
                upperDual[i] = 1e-3 * cost[i]
            }
        }
    }

    // MARK: One step

    /// Sum over all edges of distance × dual: zero at the optimum.
    var complementarity: Double {
        var sum = SIMD4<Double>.zero
        for g in 0..<(count / 4) {
            let v = value[quad: g]
            sum += v * lowerDual[quad: g] + (width[quad: g] - v) * upperDual[quad: g]
        }
        return sum.sum()
    }
    /// Operations of one ``advance()``, about.
    var effortOfStep: Double {
        var sum = 60.0 * Double(count)
        for block in blocks { sum += Double(block.count * block.count) * (block.bothWays ? 1 : 0.5) }
        let slots = Double(self.slots)
        for up in group.parent { sum += slots * slots * slots * (up >= 0 ? 0.5 : 0.17) }
        return sum
    }
    /// Largest violation of a row, kWh.
    var infeasibility = Double.infinity

    /// - Returns: `false` when no further progress is possible.
    func advance() -> Bool {
        measure()
        let before = complementarity
        let mean = before / Double(2 * count)
        factor()

        // Predictor: straight for the optimum.
        for g in 0..<(count / 4) { push[quad: g] = -reduced[quad: g] }
        solve()
        let (primal, dual) = predict()
        let fraction = complementarity(after: primal, dual) / before
        let target = mean * fraction * fraction * fraction

        // Corrector: the same step with the curvature that the predictor saw.
        bend(target)
        solve()
        let (along, alongDual) = correct(target)
        move(along, alongDual)
        steps += 1
        return along > 1e-6 || alongDual > 1e-6
    }

    /// The duals' steps of the predictor, and the longest steps inside all boxes.
    private func predict() -> (primal: Double, dual: Double) {
        var (primal, dual) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
        for g in 0..<(count / 4) {
            let (v, z, y, d) = (value[quad: g], lowerDual[quad: g], upperDual[quad: g], step[quad: g])
            let s = width[quad: g] - v
            let (fall, rise) = (d / v, d / s)
            // Relative changes of the duals are −1 − d/v and −1 + d/s.
            lowerStep[quad: g] = -z - z * fall
            upperStep[quad: g] = y * rise - y
            primal = larger(primal, larger(-fall, rise))
            dual = larger(dual, larger(1 + fall, 1 - rise))
        }
        return (min(1, 1 / max(primal.max(), 1e-300)), min(1, 1 / max(dual.max(), 1e-300)))
    }

    private func complementarity(after primal: Double, _ dual: Double) -> Double {
        var sum = SIMD4<Double>.zero
        for g in 0..<(count / 4) {
            let v = value[quad: g] + primal * step[quad: g]
            sum += v * (lowerDual[quad: g] + dual * lowerStep[quad: g])
            sum += (width[quad: g] - v) * (upperDual[quad: g] + dual * upperStep[quad: g])
        }
        return sum.sum()
    }

    /// The corrector's push; what the predictor's step bends is kept for its duals.
    private func bend(_ target: Double) {
        for g in 0..<(count / 4) {
            let (v, d) = (value[quad: g], step[quad: g])
            let low = target - d * lowerStep[quad: g]
            let up = target + d * upperStep[quad: g]
            bendLower[quad: g] = low
            bendUpper[quad: g] = up
            push[quad: g] = low / v - up / (width[quad: g] - v) - reduced[quad: g]
        }
    }

    /// The duals' steps of the corrector, and how far to go: a little short of the nearest edge.
    private func correct(_ target: Double) -> (primal: Double, dual: Double) {
        var (primal, dual) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
        for g in 0..<(count / 4) {
            let (v, z, y, d) = (value[quad: g], lowerDual[quad: g], upperDual[quad: g], step[quad: g])
            let s = width[quad: g] - v
            let low = (bendLower[quad: g] - z * d) / v - z
            let up = (bendUpper[quad: g] + y * d) / s - y
            lowerStep[quad: g] = low
            upperStep[quad: g] = up
            primal = larger(primal, larger(-d / v, d / s))
            dual = larger(dual, larger(-low / z, -up / y))
        }
        let damping = 0.995
        return (min(1, damping / max(primal.max(), 1e-300)), min(1, damping / max(dual.max(), 1e-300)))
    }

    private func move(_ along: Double, _ alongDual: Double) {
        for g in 0..<(count / 4) {
            value[quad: g] += along * step[quad: g]
            lowerDual[quad: g] += alongDual * lowerStep[quad: g]
            upperDual[quad: g] += alongDual * upperStep[quad: g]
        }
        for i in 0..<rowDual.count { rowDual[i] += alongDual * rowStep[i] }
        for i in 0..<nodeDual.count { nodeDual[i] += alongDual * nodeStep[i] }
    }
}

/// Lane by lane; the library's own is not inlined.
@inline(__always) private func larger(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double> {
    a.replacing(with: b, where: b .> a)
}
