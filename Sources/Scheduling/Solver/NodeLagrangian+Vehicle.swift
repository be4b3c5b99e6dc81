// One vehicle's best schedule against true prices and what its own power adds near a limit: exact, but for single precision.
extension NodeLagrangian {
    /// Vehicle `i` chooses again while all others stay as they are.
    func choose(_ i: Int) {
        // The first time at the price of the one before: they see the same slots.
        if passes == 0, i > 0 { members[i].price = min(members[i - 1].price, members[i].value) }
        let member = members[i]
        for g in member.from..<member.to {
            let k = member.at + g - member.from
            let others = load[g] - net[k]
            load[g] = others
            let asked = toll[g] + pull[g] * others
            cost[g] = buy[g] + asked
            gain[g] = sell[g] + asked
            alpha[g] = importPrice[g] + stiffness[g] * (others - highest[g])
            beta[g] = exportPrice[g] + stiffness[g] * (others - lowest[g])
        }
        if member.bothWays {
            members[i].price = chooseBothWays(member)
        } else {
            restrict(member, member.first, member.end)
            let price = priceAtEnd(member, from: member.from, to: member.to, begin: 0)
            members[i].price = price
            take(member, price, from: member.from, to: member.to)
        }
        for g in member.from..<member.to { load[g] += net[member.at + g - member.from] }
    }

    /// Over the whole stay, then again between the slots at which its battery is at an edge.
    private func chooseBothWays(_ member: Member) -> Float {
        var (first, begin) = (member.first, Float(0))
        var last: Float = member.price
        // Ends still to be reached, the next one last.
        var ends: [(slot: Int, energy: Float)] = []
        while true {
            let end = ends.last
            let to = end?.slot ?? member.end
            let (from, until) = (first / 8, (to + 7) / 8)
            restrict(member, first, to)
            let price: Float
            if let end {
                price = root(member, end.energy - begin, -.infinity, .infinity, last, from, until)
            } else {
                price = priceAtEnd(member, from: from, to: until, begin: begin)
            }
            take(member, price, from: from, to: until, keepingOutside: true, first, to)
            if let edge = worstEdge(member, first, to, begin) {
                ends.append(edge)
                last = price
                if ends.count > 64 { return price }
                continue
            }
            guard let end else { return price }
            ends.removeLast()
            (first, begin) = (end.slot, end.energy)
            last = price
        }
    }

    /// Leaves the slots outside `first ..< to` no power.
    private func restrict(_ member: Member, _ first: Int, _ to: Int) {
        for g in (first / 8)..<((to + 7) / 8) {
            let k = member.at + g - member.from
            most[g] = upper[k]
            least[g] = lower[k]
        }
        for t in (first / 8 * 8)..<first {
            most[at: t] = 0
            least[at: t] = 0
        }
        for t in to..<((to + 7) / 8 * 8) {
            most[at: t] = 0
            least[at: t] = 0
        }
    }

    /// The slot after which the battery is furthest outside its band, and the edge there; `nil`: nowhere.
    private func worstEdge(_ member: Member, _ first: Int, _ to: Int, _ begin: Float) -> (slot: Int, energy: Float)? {
        guard to - first > 1 else { return nil }
        var energy = begin
        var worst: Float = 2e-3
        var found: (Int, Float)?
        let offset = 8 * (member.at - member.from)
        for t in first..<(to - 1) {
            let flow = net[at: offset + t]
            energy += flow > 0 ? flow * member.ec : flow * member.ed
            if energy - member.high > worst {
                worst = energy - member.high
                found = (t + 1, member.high)
            } else if member.low - energy > worst {
                worst = member.low - energy
                found = (t + 1, member.low)
            }
        }
        return found
    }

    /// Writes the answer to `price`.
    private func take(
        _ member: Member, _ price: Float, from: Int, to: Int, keepingOutside: Bool = false, _ first: Int = 0,
        _ end: Int = 0
    ) {
        let charging = Lanes(repeating: price * member.ec)
        let discharging = Lanes(repeating: price * member.ed + member.wear)
        for g in from..<to {
            let slot = Slot(self, g)
            var flow = slot.answer(charging - cost[g], low: positive(least[g]), high: positive(most[g]))
            if member.bothWays {
                flow += slot.answer(discharging - gain[g], low: negative(least[g]), high: negative(most[g]))
            }
            let k = member.at + g - member.from
            if keepingOutside, 8 * g < first || 8 * g + 8 > end {
                for t in max(first, 8 * g)..<min(end, 8 * g + 8) { net[at: 8 * k + t - 8 * g] = flow[t - 8 * g] }
            } else {
                net[k] = flow
            }
        }
    }

    // MARK: - The price in the battery at which a stretch ends where it should

    /// What a kWh in the battery is worth at the end: of what is wanted its value, beyond it nothing.
    private func priceAtEnd(_ member: Member, from: Int, to: Int, begin: Float) -> Float {
        let warm = member.price
        var price = root(member, member.target - begin, 0, member.lastValue, warm, from, to)
        if price >= member.lastValue, member.knee < member.target {
            price = root(member, member.knee - begin, member.lastValue, member.value, member.value, from, to)
        }
        if price <= 0, energy(member, 0, from, to).energy > member.high - begin {
            return root(member, member.high - begin, -.infinity, 0, 0, from, to)
        }
        if price >= member.value, energy(member, price, from, to).energy < member.floor - begin - 1e-3 {
            return root(member, member.floor - begin, price, .infinity, price, from, to)
        }
        return price
    }

    /// The price at which the stretch brings `wanted` into the battery, between `lowest` and `highest`.
    private func root(
        _ member: Member, _ wanted: Float, _ lowest: Float, _ highest: Float, _ warm: Float, _ from: Int, _ to: Int
    ) -> Float {
        var (below, above) = (lowest, highest)
        var price = min(max(warm, lowest), highest)
        var stride: Float = 0.03
        for _ in 0..<40 {
            let (energy, slope) = self.energy(member, price, from, to)
            let excess = energy - wanted
            if abs(excess) <= Self.near { return price }
            if excess < 0 {
                if price >= highest { return highest }
                below = price
            } else {
                if price <= lowest { return lowest }
                above = price
            }
            var next = slope > 0 ? price - excess / slope : excess < 0 ? .infinity : -.infinity
            next = min(max(next, price - stride), price + stride)
            if next <= below || next >= above {
                // Towards an end that has not been tried, else into the middle.
                if next <= below, below == lowest, below > -.infinity, stride < 8 {
                    next = lowest
                } else if next >= above, above == highest, above < .infinity, stride < 8 {
                    next = highest
                } else {
                    next = 0.5 * (below + above)
                }
                if next == price || !next.isFinite { return price }
            }
            price = next
            stride *= 3
        }
        return price
    }

    /// kWh: the repair finds the rest, and single precision knows no better than a tenth of it.
    private static let near: Float = 1e-3

    /// What the stretch brings into the battery at `price`, and how fast that grows with it.
    private func energy(
        _ member: Member, _ price: Float, _ from: Int, _ to: Int
    ) -> (energy: Float, slope: Float) {
        member.bothWays ? energyBothWays(member, price, from, to) : energyCharging(member, price, from, to)
    }

    @inline(never) private func energyCharging(
        _ member: Member, _ price: Float, _ from: Int, _ to: Int
    ) -> (energy: Float, slope: Float) {
        let charging = Lanes(repeating: price * member.ec)
        var (sum, slope) = (Lanes(), Lanes())
        for g in from..<to {
            let slot = Slot(self, g)
            sum += slot.answer(charging - cost[g], low: least[g], high: most[g], &slope)
        }
        return (total(sum) * member.ec, total(slope) * member.ec * member.ec)
    }

    @inline(never) private func energyBothWays(
        _ member: Member, _ price: Float, _ from: Int, _ to: Int
    ) -> (energy: Float, slope: Float) {
        let charging = Lanes(repeating: price * member.ec)
        let discharging = Lanes(repeating: price * member.ed + member.wear)
        var (sum, slope) = (Lanes(), Lanes())
        var (down, slopeDown) = (Lanes(), Lanes())
        for g in from..<to {
            let slot = Slot(self, g)
            let (least, most) = (self.least[g], self.most[g])
            sum += slot.answer(charging - cost[g], low: positive(least), high: positive(most), &slope)
            down += slot.answer(discharging - gain[g], low: negative(least), high: negative(most), &slopeDown)
        }
        return (
            total(sum) * member.ec + total(down) * member.ed,
            total(slope) * member.ec * member.ec + total(slopeDown) * member.ed * member.ed
        )
    }

    /// In pairs: one after the other each would wait for the one before.
    @inline(__always) private func total(_ lanes: Lanes) -> Float {
        let four = lanes.lowHalf + lanes.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
    @inline(__always) private func positive(_ value: Lanes) -> Lanes {
        value.replacing(with: Lanes(), where: value .< Lanes())
    }
    @inline(__always) private func negative(_ value: Lanes) -> Lanes {
        value.replacing(with: Lanes(), where: value .> Lanes())
    }

    /// Eight slots as a vehicle finds them.
    private struct Slot {
        let alpha: Lanes
        let beta: Lanes
        let steep: Lanes
        let loose: Lanes

        @inline(__always) init(_ node: NodeLagrangian, _ g: Int) {
            alpha = node.alpha[g]
            beta = node.beta[g]
            steep = node.stiff[g]
            loose = node.loose[g]
        }

        /// The power for what a kWh is worth above its true price, with the price that its own power adds where a limit is near.
        /// Transparent: of two calls in one loop the compiler inlines none, which costs an eighth of a plan.
        @_transparent func answer(_ worth: Lanes, low: Lanes, high: Lanes) -> Lanes {
            let atImport = (worth - alpha) * steep
            let atExport = (worth - beta) * steep
            var flow = worth * loose
            flow.replace(with: atExport, where: flow .< atExport)
            flow.replace(with: atImport, where: flow .> atImport)
            flow.replace(with: low, where: flow .< low)
            flow.replace(with: high, where: flow .> high)
            return flow
        }

        /// The same; adds how fast it grows with the worth to `slope`.
        @_transparent func answer(_ worth: Lanes, low: Lanes, high: Lanes, _ slope: inout Lanes) -> Lanes {
            let free = worth * loose
            let flow = answer(worth, low: low, high: high)
            var own = steep
            own.replace(with: loose, where: flow .== free)
            own.replace(with: Lanes(), where: (flow .== low) .| (flow .== high))
            slope += own
            return flow
        }
    }
}
