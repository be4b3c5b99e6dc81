// Re-dispatch: with all others fixed, each vehicle in turn takes its exact best schedule at true prices in the room that
// they leave. Never worse, always within the limits, and it brings the tie rule into a schedule.
extension Group {
    /// Lets every vehicle choose again, until a round brings nothing more.
    func redispatch(rounds: Int) {
        setPrices(above: -1, nil)
        for _ in 0..<rounds {
            var moved = 0.0
            for i in turn { moved = max(moved, choose(i)) }
            if moved < 1e-6 { break }
        }
        recomputeLoads()
    }

    /// - Returns: the largest change of a slot, kWh.
    private func choose(_ i: Int) -> Double {
        let car = cars[i]
        book(car, sign: -1)
        defer { book(car, sign: 1) }
        roomForOne(car)
        let old = energyCost(car) + shortageCost(car, ending: ending[i])
        let energy = response.respond(car)
        var new = shortageCost(car, ending: energy)
        var moved = 0.0
        for j in 0..<car.count {
            let t = car.first + j
            let (c, x) = (response.charge[j], response.discharge[j])
            // An answer that charges and discharges at once burns energy: left to ``settleModes(_:)``.
            if c > 1e-9 && x > 1e-9 { return 0 }
            new += buy[t] * c - (sell[t] - car.wear) * x
            moved = max(moved, abs(c - x - charge[car.offset + j] + discharge[car.offset + j]))
        }
        // An iterate may be outside its band by rounding and cheaper by as much.
        guard new <= old + Group.sliver * max(1, car.value), energy >= min(car.floor, ending[i]) - Group.sliver else {
            return 0
        }
        ending[i] = energy
        keepAnswer(car)
        return moved
    }

    /// Limits of `car` in the room that the booked loads leave, where its own schedule is not booked.
    func roomForOne(_ car: Car) {
        for j in 0..<car.count {
            response.chargeMost[j] = chargeLimit[car.offset + j]
            response.chargeLeast[j] = -dischargeLimit[car.offset + j]
        }
        // chargeLeast … chargeMost hold the range of the net energy first.
        var n = car.node
        while n >= 0 {
            let at = n * slotCount + car.first
            for j in 0..<car.count {
                response.chargeMost[j] = min(response.chargeMost[j], highest[at + j] - load[at + j])
                response.chargeLeast[j] = max(response.chargeLeast[j], lowest[at + j] - load[at + j])
            }
            n = parent[n]
        }
        for j in 0..<car.count {
            let (c, d) = (chargeLimit[car.offset + j], dischargeLimit[car.offset + j])
            let most = response.chargeMost[j]
            let least = min(response.chargeLeast[j], most)
            response.chargeMost[j] = min(c, max(0, most))
            response.chargeLeast[j] = least > Group.sliver ? min(c, least) : 0
            response.dischargeMost[j] = min(d, max(0, -least))
            response.dischargeLeast[j] = -most > Group.sliver ? min(d, -most) : 0
        }
    }

    /// Takes what is above a limit from charging-only vehicles in proportion, node by node from the leaves up; what
    /// discharging vehicles have to do about the rest is left to ``redispatch(rounds:)``.
    func trim() {
        recomputeLoads()
        for n in nodes.indices {
            for t in 0..<slotCount {
                let excess = load[n * slotCount + t] - highest[n * slotCount + t]
                if excess > 1e-9 { trim(node: n, slot: t, excess: excess) }
            }
        }
        recomputeLoads()
    }

    private func trim(node: Int, slot: Int, excess: Double) {
        var total = 0.0
        let below = carsBelow(node)
        for i in below where !cars[i].discharges && covers(cars[i], slot) {
            total += charge[cars[i].offset + slot - cars[i].first]
        }
        guard total > 0 else { return }
        let keep = max(0, 1 - excess / total)
        for i in below where !cars[i].discharges && covers(cars[i], slot) {
            let at = cars[i].offset + slot - cars[i].first
            let cut = charge[at] * (1 - keep)
            charge[at] -= cut
            ending[i] -= cut * cars[i].chargeEfficiency
            var m = cars[i].node
            while m >= 0 {
                load[m * slotCount + slot] -= cut
                m = parent[m]
            }
        }
    }

    private func covers(_ car: Car, _ slot: Int) -> Bool { slot >= car.first && slot < car.first + car.count }

    private func carsBelow(_ node: Int) -> [Int] {
        var list: [Int] = []
        for n in 0...node {
            var m = n
            while m >= 0 && m != node { m = parent[m] }
            if m == node { list += carsByNode[n + 1] }
        }
        return list
    }
}
