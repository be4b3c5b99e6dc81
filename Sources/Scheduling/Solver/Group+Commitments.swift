// What is settled already becomes limit and floor at once.
extension Group {
    func commit(_ problem: PlanningProblem) {
        let committed = cars.filter { !problem.vehicles[$0.index].committed.isEmpty }
        if committed.isEmpty { return }
        for car in committed { commit(car, problem.vehicles[car.index].committed) }
        releaseWhereFull(committed)
    }

    /// Narrows the first slots of `car` to `energies`, as far as power, least power and battery allow.
    private func commit(_ car: Car, _ energies: [Double]) {
        var stored = car.start
        let settled = min(car.count, energies.count)
        // What can be charged from each slot on.
        var later = 0.0
        for j in 0..<car.count {
            let most = chargeLimit[car.offset + j]
            later += car.chargeEfficiency * (j < settled ? min(max(0, energies[j]), most) : most)
        }
        for j in 0..<settled {
            let at = car.offset + j
            var charge = min(max(0, energies[j]), chargeLimit[at], max(0, car.high - stored) / car.chargeEfficiency)
            if charge < leastCharge[at] - 1e-6 { charge = 0 }
            later -= car.chargeEfficiency * min(max(0, energies[j]), chargeLimit[at])
            var discharge = min(max(0, -energies[j]), dischargeLimit[at])
            // Not below the minimum, and not so far that the stay could not end where it began.
            let lowest = max(car.dischargeAbove, car.floor - later)
            discharge = min(discharge, max(0, stored - lowest) * car.dischargeEfficiency)
            stored += charge * car.chargeEfficiency - discharge / car.dischargeEfficiency
            (chargeFloor[at], chargeLimit[at]) = (charge, charge)
            (dischargeFloor[at], dischargeLimit[at]) = (discharge, discharge)
        }
    }

    /// In slots in which a node cannot bear what is committed below it, commitments to charge (or to discharge) are only
    /// the most that is done.
    private func releaseWhereFull(_ committed: [Car]) {
        var released = true
        while released {
            released = false
            for n in nodes.indices {
                let below = committed.filter { isUnder($0, n) }
                var net = [Double](repeating: 0, count: slotCount)
                for car in below {
                    for j in 0..<car.count {
                        net[car.first + j] += chargeFloor[car.offset + j] - dischargeFloor[car.offset + j]
                    }
                }
                for car in below {
                    for j in 0..<car.count {
                        let (at, cell) = (car.offset + j, n * slotCount + car.first + j)
                        if net[car.first + j] > highest[cell] + Group.sliver, chargeFloor[at] > 0 {
                            chargeFloor[at] = 0
                            released = true
                        } else if net[car.first + j] < lowest[cell] - Group.sliver, dischargeFloor[at] > 0 {
                            dischargeFloor[at] = 0
                            released = true
                        }
                    }
                }
            }
        }
    }

    private func isUnder(_ car: Car, _ node: Int) -> Bool {
        var n = car.node
        while n >= 0 && n != node { n = parent[n] }
        return n == node
    }
}
