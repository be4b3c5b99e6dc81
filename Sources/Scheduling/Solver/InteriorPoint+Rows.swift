extension InteriorPoint {
    /// Reduced costs, row violations, and how readily each variable gives way.
    func measure() {
        for g in 0..<(count / 4) {
            // 1 / (z/v + y/s), with one division.
            let (v, z, y) = (value[quad: g], lowerDual[quad: g], upperDual[quad: g])
            let s = width[quad: g] - v
            give[quad: g] = v * s / (z * s + y * v)
        }
        nodeGap.fill(0)
        var worst = 0.0
        for block in blocks {
            let car = group.cars[block.car]
            let (v, r, last) = (block.variables, block.rows, block.rows + block.rowCount - 1)
            let (ec, ied) = (block.ec, block.perDischarge)
            let grid = block.node * slots + block.first
            var sum = 0.0
            for j in 0..<block.count {
                let dual = block.bothWays ? rowDual[r + j] : rowDual[r]
                let price = block.node >= 0 ? nodeDual[grid + j] : 0
                let c = value[v + j] + group.chargeFloor[car.offset + j]
                reduced[v + j] = cost[v + j] + ec * dual + price
                var net = c
                sum += ec * c
                if block.bothWays {
                    let i = v + block.discharge + j
                    let x = value[i] + group.dischargeFloor[car.offset + j]
                    net -= x
                    reduced[i] = cost[i] - dual * ied - price
                    let here =
                        j < block.count - 1
                        ? value[v + block.energy + j] + car.least(after: j) : end(block, car)
                    let before = j > 0 ? value[v + block.energy + j - 1] + car.least(after: j - 1) : car.start
                    rowGap[r + j] = -(here - before - ec * c + ied * x)
                    worst = max(worst, abs(rowGap[r + j]))
                    if j < block.count - 1 { reduced[v + block.energy + j] = -dual + rowDual[r + j + 1] }
                }
                if block.node >= 0 { nodeGap[grid + j] += net }
            }
            if !block.bothWays {
                rowGap[r] = -(end(block, car) - car.start - sum)
                worst = max(worst, abs(rowGap[r]))
            }
            reduced[v + block.missing] = cost[v + block.missing] + rowDual[last]
            reduced[v + block.missingLast] = cost[v + block.missingLast] + rowDual[last]
            reduced[v + block.surplus] = -rowDual[last]
        }
        for n in group.nodes.indices {
            let up = group.parent[n]
            for t in 0..<slots {
                let at = n * slots + t
                let i = nodeVariables + 3 * at
                let flow = value[i] + group.lowest[at] + value[i + 1] - value[i + 2]
                nodeGap[at] -= flow
                if up >= 0 { nodeGap[up * slots + t] += flow }
                let slope = up >= 0 ? nodeDual[up * slots + t] - nodeDual[at] : -nodeDual[at]
                reduced[i] = slope
                reduced[i + 1] = cost[i + 1] + slope
                reduced[i + 2] = cost[i + 2] - slope
                nodeGive[at] = give[i] + give[i + 1] + give[i + 2]
                worst = max(worst, abs(nodeGap[at]))
            }
        }
        infeasibility = worst
    }

    private func end(_ block: Block, _ car: Car) -> Double {
        max(car.target, car.least(after: car.count - 1)) - value[block.variables + block.missing]
            - value[block.variables + block.missingLast] + value[block.variables + block.surplus]
    }

    /// Eliminates every vehicle from the node system and factors what is left.
    func factor() {
        system.begin(nodeGive)
        for block in blocks {
            let v = block.variables
            let ends = give[v + block.missing] + give[v + block.missingLast] + give[v + block.surplus]
            let k = coupling.part(group.cars[block.car].offset, block.count)
            if block.bothWays {
                eliminateBothWays(block, ends, k)
            } else {
                eliminateCharging(block, ends, k)
            }
        }
        system.factor()
    }

    private func eliminateCharging(_ block: Block, _ ends: Double, _ k: Vector) {
        let v = block.variables
        var sum = 0.0
        for j in 0..<block.count {
            k[j] = block.ec * give[v + j]
            sum += k[j]
        }
        let total = block.ec * sum + ends
        pivot[block.rows] = total
        guard block.node >= 0 else { return }
        for j in 0..<block.count { system.addDiagonal(block.node, block.first + j, give[v + j]) }
        system.subtractOuter(block.node, block.first, k, block.count, 1 / total)
    }

    /// The block is a chain of conductances: `left` and `right` are what a row sees to both sides, and no difference of
    /// large numbers is ever formed.
    private func eliminateBothWays(_ block: Block, _ ends: Double, _ k: Vector) {
        let (v, r, n) = (block.variables, block.rows, block.count)
        let (ec, ied) = (block.ec, block.perDischarge)
        let x = v + block.discharge
        let e = v + block.energy
        let right = scratch.part(0, n)
        let reach = scratch.part(n, n)
        var behind = ends
        var j = n - 1
        while j >= 0 {
            right[j] = behind
            if j > 0 {
                let here = ec * ec * give[v + j] + ied * ied * give[x + j] + behind
                behind = give[e + j - 1] * here / (give[e + j - 1] + here)
            }
            j -= 1
        }
        var left = 0.0
        for j in 0..<n {
            let (c, d) = (give[v + j], give[x + j])
            let own = ec * ec * c + ied * ied * d
            k[j] = ec * c + ied * d
            let onward = j < n - 1 ? give[e + j] : ends
            let total = own + left + right[j]
            pivot[r + j] = 1 / (own + left + onward)
            ratio[r + j] = j < n - 1 ? onward * pivot[r + j] : 0
            if block.node >= 0 {
                let spread = (ied - ec) * (ied - ec)
                system.addDiagonal(
                    block.node, block.first + j, ((c + d) * (left + right[j]) + c * d * spread) / total)
                if j > 0 {
                    reach.scale(ratio[r + j - 1], j)
                    system.subtractRow(block.node, block.first + j, block.first, reach, j, k[j] / total)
                }
                reach[j] = k[j]
            }
            if j < n - 1 {
                let here = own + left
                left = onward * here / (onward + here)
            }
        }
    }

    /// Solves the Newton system for ``push`` into ``step``, ``rowStep`` and ``nodeStep``.
    func solve() {
        for n in group.nodes.indices {
            for t in 0..<slots { nodeSide[n * slots + t] = nodeGap[n * slots + t] }
        }
        for n in group.nodes.indices {
            let up = group.parent[n]
            for t in 0..<slots {
                let at = n * slots + t
                let i = nodeVariables + 3 * at
                let flow = give[i] * push[i] + give[i + 1] * push[i + 1] - give[i + 2] * push[i + 2]
                nodeSide[at] -= flow
                if up >= 0 { nodeSide[up * slots + t] += flow }
            }
        }
        for block in blocks { gather(block) }
        solveChains()
        for block in blocks where block.bothWays && block.node >= 0 { gatherChain(block) }
        system.solve(nodeSide, into: nodeStep)
        for block in blocks where block.bothWays { spreadChain(block) }
        solveChains()
        for block in blocks { spread(block) }
        for n in group.nodes.indices {
            let up = group.parent[n]
            for t in 0..<slots {
                let at = n * slots + t
                let i = nodeVariables + 3 * at
                let slope = up >= 0 ? nodeStep[at] - nodeStep[up * slots + t] : nodeStep[at]
                step[i] = give[i] * (slope + push[i])
                step[i + 1] = give[i + 1] * (slope + push[i + 1])
                step[i + 2] = give[i + 2] * (push[i + 2] - slope)
            }
        }
    }

    /// Right-hand sides of the vehicle's rows, and their share in the node's.
    private func gather(_ block: Block) {
        let (v, r, n) = (block.variables, block.rows, block.count)
        let k = coupling.part(group.cars[block.car].offset, n)
        let grid = block.node * slots + block.first
        let ends =
            -give[v + block.missing] * push[v + block.missing]
            - give[v + block.missingLast] * push[v + block.missingLast]
            + give[v + block.surplus] * push[v + block.surplus]
        if !block.bothWays {
            var sum = 0.0
            for j in 0..<n { sum += give[v + j] * push[v + j] }
            rowSide[r] = rowGap[r] + block.ec * sum - ends
            guard block.node >= 0 else { return }
            let share = rowSide[r] / pivot[r]
            for j in 0..<n { nodeSide[grid + j] += give[v + j] * push[v + j] - k[j] * share }
            return
        }
        let x = v + block.discharge
        let e = v + block.energy
        var before = 0.0
        for j in 0..<n {
            let (c, d) = (give[v + j] * push[v + j], give[x + j] * push[x + j])
            let here = j < n - 1 ? give[e + j] * push[e + j] : ends
            rowSide[r + j] = rowGap[r + j] + block.ec * c - block.perDischarge * d - here + before
            before = here
            if block.node >= 0 { nodeSide[grid + j] += c - d }
        }
        for j in 0..<n { answer[r + j] = rowSide[r + j] }
    }

    private func gatherChain(_ block: Block) {
        let (r, n) = (block.rows, block.count)
        let k = coupling.part(group.cars[block.car].offset, n)
        let grid = block.node * slots + block.first
        for j in 0..<n { nodeSide[grid + j] -= k[j] * answer[r + j] }
    }

    private func spreadChain(_ block: Block) {
        let (r, n) = (block.rows, block.count)
        let k = coupling.part(group.cars[block.car].offset, n)
        let grid = block.node * slots + block.first
        let hangs = block.node >= 0
        for j in 0..<n { answer[r + j] = rowSide[r + j] - (hangs ? k[j] * nodeStep[grid + j] : 0) }
    }

    /// Solves the tridiagonal systems of all vehicles that go both ways in ``answer``.
    ///
    /// A chain waits for its own last result at every row; ``ratio`` is zero at the end of each chain, so that the rows of
    /// all are one recurrence, and four parts of it run side by side.
    private func solveChains() {
        let (a, b, c, d) = (lanes[0], lanes[1], lanes[2], lanes[3])
        let least = min(min(lanes[1] - a, lanes[2] - b), min(lanes[3] - c, lanes[4] - d))
        var before = SIMD4<Double>.zero
        for j in 0..<least {
            let here = SIMD4(answer[a + j], answer[b + j], answer[c + j], answer[d + j]) + before
            (answer[a + j], answer[b + j], answer[c + j], answer[d + j]) = (here[0], here[1], here[2], here[3])
            before = here * SIMD4(ratio[a + j], ratio[b + j], ratio[c + j], ratio[d + j])
        }
        for lane in 0..<4 {
            var last = before[lane]
            for i in (lanes[lane] + least)..<lanes[lane + 1] {
                answer[i] += last
                last = answer[i] * ratio[i]
            }
        }
        // Backwards from the end of each part.
        var behind = SIMD4<Double>.zero
        for j in 1..<(least + 1) {
            let (e, f, g, h) = (lanes[1] - j, lanes[2] - j, lanes[3] - j, lanes[4] - j)
            let own = SIMD4(answer[e], answer[f], answer[g], answer[h]) * SIMD4(pivot[e], pivot[f], pivot[g], pivot[h])
            behind = own + behind * SIMD4(ratio[e], ratio[f], ratio[g], ratio[h])
            (answer[e], answer[f], answer[g], answer[h]) = (behind[0], behind[1], behind[2], behind[3])
        }
        for lane in 0..<4 {
            var last = behind[lane]
            for i in (lanes[lane]..<(lanes[lane + 1] - least)).reversed() {
                last = answer[i] * pivot[i] + ratio[i] * last
                answer[i] = last
            }
        }
    }

    /// Steps of the vehicle's rows and variables for the node prices' step.
    private func spread(_ block: Block) {
        let (v, r, n) = (block.variables, block.rows, block.count)
        let k = coupling.part(group.cars[block.car].offset, n)
        let grid = block.node * slots + block.first
        let hangs = block.node >= 0
        let last: Double
        if block.bothWays {
            let answer = answer.part(r, n)
            let x = v + block.discharge
            let e = v + block.energy
            for j in 0..<n {
                let price = hangs ? nodeStep[grid + j] : 0
                rowStep[r + j] = answer[j]
                step[v + j] = give[v + j] * (push[v + j] - block.ec * answer[j] - price)
                step[x + j] = give[x + j] * (push[x + j] + block.perDischarge * answer[j] + price)
                if j < n - 1 { step[e + j] = give[e + j] * (push[e + j] + answer[j] - answer[j + 1]) }
            }
            last = answer[n - 1]
        } else {
            var sum = rowSide[r]
            if hangs { for j in 0..<n { sum -= k[j] * nodeStep[grid + j] } }
            last = sum / pivot[r]
            rowStep[r] = last
            for j in 0..<n {
                step[v + j] =
                    give[v + j] * (push[v + j] - block.ec * last - (hangs ? nodeStep[grid + j] : 0))
            }
        }
        step[v + block.missing] = give[v + block.missing] * (push[v + block.missing] - last)
        step[v + block.missingLast] = give[v + block.missingLast] * (push[v + block.missingLast] - last)
        step[v + block.surplus] = give[v + block.surplus] * (push[v + block.surplus] + last)
    }
}

// MARK: - What an iterate says

extension InteriorPoint {
    /// kWh in a slot.
    private static let nothing = 1e-5

    /// Writes the iterate into the group's schedule. The inside of a box is nowhere zero: what is next to nothing in both
    /// directions is taken for nothing, so that no neighbour relies on it.
    func writeSchedule() {
        for block in blocks {
            let car = group.cars[block.car]
            var energy = car.start
            for j in 0..<block.count {
                let at = car.offset + j
                var c = min(value[block.variables + j] + group.chargeFloor[at], group.chargeLimit[at])
                var x = 0.0
                if block.bothWays {
                    x = min(
                        value[block.variables + block.discharge + j] + group.dischargeFloor[at],
                        group.dischargeLimit[at])
                    if min(c, x) < InteriorPoint.nothing {
                        let net = c - x
                        c = net > InteriorPoint.nothing ? net : 0
                        x = -net > InteriorPoint.nothing ? -net : 0
                    }
                }
                group.charge[car.offset + j] = c
                group.discharge[car.offset + j] = x
                energy += block.ec * c - block.perDischarge * x
            }
            group.ending[block.car] = energy
        }
    }

    /// Writes each node's own price: positive where its import limit is scarce, negative where its export limit is.
    func writePrices(_ prices: Vector) {
        for n in group.nodes.indices {
            let up = group.parent[n]
            for t in 0..<slots {
                prices[n * slots + t] = nodeDual[n * slots + t] - (up >= 0 ? nodeDual[up * slots + t] : 0)
            }
        }
    }
}
