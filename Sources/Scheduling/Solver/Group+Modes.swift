// What is not convex: in each slot a vehicle either charges (at its least power or more) or does not, in which case it
// may discharge. Given that choice for every slot the price response is exact; the choice itself is searched.
extension Group {
    /// Whether the continuous schedule of car `i` cannot be issued as it is.
    func needsModes(_ i: Int) -> Bool {
        let car = cars[i]
        var energy = car.start
        for j in 0..<car.count {
            let (c, x) = (charge[car.offset + j], discharge[car.offset + j])
            if c > 1e-9 && x > 1e-9 { return true }
            if c > 1e-9 && c < leastCharge[car.offset + j] - 1e-9 { return true }
            energy += c * car.chargeEfficiency - x / car.dischargeEfficiency
            if x > 1e-9 && energy < car.dischargeAbove - Group.sliver { return true }
        }
        return false
    }

    /// Gives car `i`, all others fixed, the best schedule that can be issued which a local search over the slots' modes
    /// finds: single changes until none helps, then, where `thorough`, exchanges of two.
    /// - Parameters:
    ///   - prices: prices of the nodes to be heeded beside the true ones.
    ///   - target: what the car may have in its battery at departure, where that is less than it wants.
    func settleModes(
        _ i: Int, heeding prices: Vector? = nil, upTo target: Double = .infinity, thorough: Bool
    ) {
        let car = cars[i].wantingAtMost(target)
        book(car, sign: -1)
        defer { book(car, sign: 1) }
        setPrices(above: car.node, prices)
        var search = ModeSearch(
            self, car,
            start: (0..<car.count).map { j in
                let (c, x) = (charge[car.offset + j], discharge[car.offset + j])
                return c > x && c >= leastCharge[car.offset + j] - 1e-9
            })
        search.run(thorough: thorough)
        if search.cost < .infinity {
            for j in 0..<car.count {
                charge[car.offset + j] = search.charge[j]
                discharge[car.offset + j] = search.discharge[j]
            }
            ending[i] = search.ending
        }
    }
}

/// A local search over one vehicle's modes.
private struct ModeSearch {
    let group: Group
    var room: Room
    var car: Car
    /// Whether the vehicle charges in each slot.
    var charges: [Bool]
    private(set) var cost = Double.infinity
    private(set) var charge: [Double]
    private(set) var discharge: [Double]
    private(set) var ending = 0.0
    private var evaluations = 0
    /// So many answers at most for one vehicle, about 2 ms.
    private static let limit = 3000

    /// Limits of the vehicle's slots that the others leave.
    struct Room {
        var chargeLeast: [Double] = []
        var chargeMost: [Double] = []
        var dischargeLeast: [Double] = []
        var dischargeMost: [Double] = []
        var leastPower: [Double] = []
    }

    init(_ group: Group, _ car: Car, start: [Bool]) {
        self.group = group
        self.car = car
        charges = start
        group.roomForOne(car)
        var room = Room()
        for j in 0..<car.count {
            room.chargeLeast.append(group.response.chargeLeast[j])
            room.chargeMost.append(group.response.chargeMost[j])
            room.dischargeLeast.append(group.response.dischargeLeast[j])
            room.dischargeMost.append(group.response.dischargeMost[j])
            room.leastPower.append(group.leastCharge[car.offset + j])
        }
        self.room = room
        charge = [Double](repeating: 0, count: car.count)
        discharge = charge
    }

    mutating func run(thorough: Bool) {
        if car.mustClimbFirst { chooseClimb() }
        _ = evaluate(charges)
        let relaxed = relaxedModes()
        if evaluate(relaxed) { charges = relaxed }
        let none = room.chargeLeast.map { $0 > 1e-9 }
        if evaluate(none) { charges = none }
        guard cost < .infinity else { return }
        improveBySingles()
        if thorough && car.hasLeastPower { improveByExchanges() }
    }

    /// Where the car would charge if any power were allowed, in slots with room for its least power.
    private func relaxedModes() -> [Bool] {
        let response = group.response
        for j in 0..<car.count {
            response.chargeLeast[j] = room.chargeLeast[j]
            response.chargeMost[j] = mayCharge(j) ? room.chargeMost[j] : room.chargeLeast[j]
            response.dischargeLeast[j] = room.dischargeLeast[j]
            response.dischargeMost[j] = room.dischargeMost[j]
        }
        _ = response.respond(car)
        return (0..<car.count).map {
            response.charge[$0] > max(1e-9, response.discharge[$0]) && mayCharge($0)
        }
    }

    private mutating func improveBySingles() {
        var improved = true
        while improved && evaluations < ModeSearch.limit {
            improved = false
            for j in charges.indices where mayCharge(j) || charges[j] {
                charges[j].toggle()
                if evaluate(charges) { improved = true } else { charges[j].toggle() }
            }
        }
    }

    private mutating func improveByExchanges() {
        var improved = true
        while improved && evaluations < ModeSearch.limit {
            improved = false
            for a in charges.indices where charges[a] {
                for b in charges.indices where !charges[b] && mayCharge(b) && evaluations < ModeSearch.limit {
                    charges[a] = false
                    charges[b] = true
                    if evaluate(charges) {
                        improved = true
                        break
                    }
                    charges[a] = true
                    charges[b] = false
                }
            }
        }
    }

    private func mayCharge(_ j: Int) -> Bool { room.chargeMost[j] >= max(room.leastPower[j], 1e-9) }

    /// An arrival below its minimum discharges only after it has climbed to it: by when is tried slot by slot, and never
    /// is one of the answers.
    private mutating func chooseClimb() {
        let original = car
        var (best, bestCost) = (original, Double.infinity)
        for slot in 0...original.count {
            car = slot < original.count ? original.climbing(by: slot) : original
            let old = room.dischargeMost
            for j in 0..<min(slot, original.count) { room.dischargeMost[j] = room.dischargeLeast[j] }
            cost = .infinity
            if evaluate(charges), cost < bestCost { (best, bestCost) = (car, cost) }
            room.dischargeMost = old
        }
        car = best
        cost = .infinity
        let until = best.lowFrom > 0 || best.low == best.dischargeAbove ? best.lowFrom : best.count
        for j in 0..<min(until, best.count) { room.dischargeMost[j] = room.dischargeLeast[j] }
    }

    /// - Returns: whether `modes` give a better schedule, which is then kept.
    private mutating func evaluate(_ modes: [Bool]) -> Bool {
        evaluations += 1
        let response = group.response
        for j in 0..<car.count {
            if modes[j] {
                let least = max(room.chargeLeast[j], room.leastPower[j])
                if room.dischargeLeast[j] > 1e-9 || room.chargeMost[j] < least - 1e-9 { return false }
                response.chargeLeast[j] = min(least, room.chargeMost[j])
                response.chargeMost[j] = room.chargeMost[j]
                response.dischargeLeast[j] = 0
                response.dischargeMost[j] = 0
            } else {
                if room.chargeLeast[j] > 1e-9 { return false }
                response.chargeLeast[j] = 0
                response.chargeMost[j] = 0
                response.dischargeLeast[j] = room.dischargeLeast[j]
                response.dischargeMost[j] = room.dischargeMost[j]
            }
        }
        let end = response.respond(car)
        var sum = car.shortageCost(ending: end)
        var energy = car.start
        for j in 0..<car.count {
            let (c, x) = (response.charge[j], response.discharge[j])
            energy += c * car.chargeEfficiency - x / car.dischargeEfficiency
            if energy > car.high + Group.sliver || energy < car.least(after: j) - Group.sliver {
                return false
            }
            if x > 1e-9 && energy < car.dischargeAbove - Group.sliver { return false }
            let t = car.first + j
            sum += response.buy[t] * c - (response.sell[t] - car.wear) * x
        }
        guard sum < cost - 1e-9 else { return false }
        cost = sum
        ending = end
        for j in 0..<car.count {
            charge[j] = response.charge[j]
            discharge[j] = response.discharge[j]
        }
        return true
    }
}
