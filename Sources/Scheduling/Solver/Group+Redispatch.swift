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
        let old =
            isWithinRoom(car) && isWithinBand(car) ? energyCost(car) + car.shortageCost(ending: ending[i]) : .infinity
        let energy = response.respond(car)
        var new = car.shortageCost(ending: energy)
        var moved = 0.0
        var stored = car.start
        for j in 0..<car.count {
            let t = car.first + j
            let (c, x) = (response.charge[j], response.discharge[j])
            // An answer that charges and discharges at once burns energy: left to ``settleModes(_:)``.
            if c > 1e-9 && x > 1e-9 { return 0 }
            // Where the others are beyond a limit by more than the battery gives or takes, no answer is within both.
            stored += c * car.chargeEfficiency - x / car.dischargeEfficiency
            if stored > car.high + Group.sliver { return 0 }
            if stored < car.least(after: j) - Group.sliver && j < car.count - 1 { return 0 }
            new += buy[t] * c - (sell[t] - car.wear) * x
            moved = max(moved, abs(c - x - charge[car.offset + j] + discharge[car.offset + j]))
        }
        // An iterate may be outside its band by rounding and cheaper by as much.
        guard new <= old + Group.sliver * max(1, car.value),
            energy >= min(car.floor, ending[i]) - Group.sliver
        else {
            return 0
        }
        ending[i] = energy
        keepAnswer(car)
        return moved
    }

    /// Whether the schedule of `car` keeps the limits in ``response``.
    private func isWithinRoom(_ car: Car) -> Bool {
        for j in 0..<car.count {
            let (c, x) = (charge[car.offset + j], discharge[car.offset + j])
            if c - x > response.chargeMost[j] - response.dischargeLeast[j] + Group.sliver { return false }
            if c - x < response.chargeLeast[j] - response.dischargeMost[j] - Group.sliver { return false }
        }
        return true
    }

    /// Whether the schedule of `car` keeps its battery's lower edge: what was trimmed may be missing later.
    private func isWithinBand(_ car: Car) -> Bool {
        guard car.discharges, car.count > 1 else { return true }
        var energy = car.start
        for j in 0..<(car.count - 1) {
            energy +=
                charge[car.offset + j] * car.chargeEfficiency - discharge[car.offset + j] / car.dischargeEfficiency
            if energy < car.least(after: j) - Group.sliver { return false }
        }
        return true
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
            let at = car.offset + j
            let (c, d) = (chargeLimit[at], dischargeLimit[at])
            let most = response.chargeMost[j]
            let least = min(response.chargeLeast[j], most)
            response.chargeMost[j] = min(c, max(chargeFloor[at], most))
            response.chargeLeast[j] =
                least > Group.sliver ? min(c, max(chargeFloor[at], least)) : chargeFloor[at]
            response.dischargeMost[j] = min(d, max(dischargeFloor[at], -least))
            response.dischargeLeast[j] =
                -most > Group.sliver ? min(d, max(dischargeFloor[at], -most)) : dischargeFloor[at]
        }
    }

    /// Takes what is above a limit from charging-only vehicles in proportion, node by node from the leaves up; of
    /// discharging vehicles only what rounding left and only where the others have not as much, since their batteries may need it
    /// later: ``redispatch(rounds:)``.
    func trim() {
        for i in cars.indices { shave(i) }
        recomputeLoads()
        for n in nodes.indices {
            for t in 0..<slotCount {
                let excess = load[n * slotCount + t] - highest[n * slotCount + t]
                if excess > 1e-9 { trim(node: n, slot: t, excess: excess) }
            }
        }
        recomputeLoads()
    }

    /// An iterate leaves traces of charging also where a battery is full or nothing is wanted; others come to count on them.
    private func shave(_ i: Int) {
        let car = cars[i]
        guard !car.discharges, ending[i] > car.high + 1e-9 else { return }
        var spare = 0.0
        for j in 0..<car.count { spare += charge[car.offset + j] - chargeFloor[car.offset + j] }
        guard spare > 0 else { return }
        let part = min(1, (ending[i] - car.high) / (car.chargeEfficiency * spare))
        for at in car.offset..<(car.offset + car.count) { charge[at] -= part * (charge[at] - chargeFloor[at]) }
        ending[i] -= part * spare * car.chargeEfficiency
    }

    private func trim(node: Int, slot: Int, excess: Double) {
        let below = carsBelow(node).filter { covers(cars[$0], slot) }
        var cut = below.filter { !cars[$0].discharges }
        var total = cut.reduce(0) { $0 + spare(cars[$1], slot) }
        if total < excess, excess < Group.trace {
            cut = below
            total = cut.reduce(0) { $0 + spare(cars[$1], slot) }
        }
        guard total > 0 else { return }
        let part = min(1, excess / total)
        for i in cut {
            let at = cars[i].offset + slot - cars[i].first
            let less = spare(cars[i], slot) * part
            charge[at] -= less
            ending[i] -= less * cars[i].chargeEfficiency
            var m = cars[i].node
            while m >= 0 {
                load[m * slotCount + slot] -= less
                m = parent[m]
            }
        }
    }

    /// What `car` charges in `slot` beyond what it must.
    private func spare(_ car: Car, _ slot: Int) -> Double {
        let at = car.offset + slot - car.first
        return max(0, charge[at] - chargeFloor[at])
    }

    private func covers(_ car: Car, _ slot: Int) -> Bool {
        slot >= car.first && slot < car.first + car.count
    }

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
