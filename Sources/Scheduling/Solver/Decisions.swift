/// What is decided about the modes of a group's vehicles. Whatever is open stays continuous.
struct Decisions {
    enum Mode: UInt8 {
        case open
        /// At the least power or more, and nothing is discharged.
        case charges
        /// Not at all; it may discharge.
        case rests
    }
    /// Per vehicle slot (``Car/offset``).
    var modes: [Mode]
    /// Per car that arrives below its minimum: in its slots before this one nothing is discharged …
    var waits: [Int]
    /// … and from the end of this one on the minimum is kept; the number of its slots: that is open, or never.
    var reaches: [Int]

    /// Nothing is decided.
    init(_ group: Group) {
        modes = [Mode](repeating: .open, count: group.charge.count)
        waits = [Int](repeating: 0, count: group.cars.count)
        reaches = group.cars.map(\.count)
    }

    /// Everything is decided as the group's schedule, which can be issued, has it.
    init(asScheduled group: Group) {
        self.init(group)
        for i in group.cars.indices { decide(i, asScheduled: group) }
    }

    /// Decides all slots of car `i` as the group's schedule has them.
    mutating func decide(_ i: Int, asScheduled group: Group) {
        let car = group.cars[i]
        for at in car.offset..<(car.offset + car.count) {
            modes[at] = group.charge[at] > 1e-9 ? .charges : .rests
        }
        if car.mustClimbFirst { wait(i, until: group.climb(i)) }
    }

    /// Forgets what was decided about car `i`.
    mutating func reopen(_ i: Int, in group: Group) {
        let car = group.cars[i]
        for at in car.offset..<(car.offset + car.count) { modes[at] = .open }
        waits[i] = 0
        reaches[i] = car.count
    }

    /// Car `i` reaches its minimum by the end of slot `slot` of its stay, and discharges nothing before.
    mutating func wait(_ i: Int, until slot: Int) {
        waits[i] = slot
        reaches[i] = slot
    }
}

extension Group {
    /// The slot by whose end car `i`, if it did not discharge, would have reached its minimum under the schedule; the
    /// number of its slots: never.
    func climb(_ i: Int) -> Int {
        let car = cars[i]
        var energy = car.start
        for j in 0..<car.count {
            energy += charge[car.offset + j] * car.chargeEfficiency
            if energy >= car.dischargeAbove - Group.sliver { return j }
        }
        return car.count
    }

    /// Narrows limits and batteries to `decisions`, and further to what follows from them.
    /// - Returns: `false` when no schedule keeps them; then nothing is narrowed.
    func impose(_ decisions: Decisions) -> Bool {
        lift()
        for i in cars.indices where !impose(decisions, on: i) {
            lift()
            return false
        }
        guard hasLeastPower else { return true }
        if !forbidWhatDoesNotFit(decisions) {
            lift()
            return false
        }
        return true
    }

    private func impose(_ decisions: Decisions, on i: Int) -> Bool {
        if decisions.reaches[i] < cars[i].count { climb(i, by: decisions.reaches[i]) }
        let car = cars[i]
        // What the battery can hold after each slot, whatever the nodes say.
        var (least, most) = (car.start, car.start)
        for j in 0..<car.count {
            let at = car.offset + j
            switch decisions.modes[at] {
            case .open:
                // Already full: the least power would be too much.
                if leastCharge[at] > 0, chargeFloor[at] == 0,
                    least + car.chargeEfficiency * min(leastCharge[at], chargeLimit[at]) > car.high
                        + Group.sliver
                {
                    chargeLimit[at] = 0
                }
            case .charges:
                if dischargeFloor[at] > 0 { return false }
                chargeFloor[at] = max(chargeFloor[at], min(leastCharge[at], chargeLimit[at]))
                dischargeLimit[at] = 0
            case .rests:
                if chargeFloor[at] > 0 { return false }
                chargeLimit[at] = 0
            }
            if j < decisions.waits[i] {
                if dischargeFloor[at] > 0 { return false }
                dischargeLimit[at] = 0
            }
            least += car.chargeEfficiency * chargeFloor[at] - dischargeLimit[at] / car.dischargeEfficiency
            most += car.chargeEfficiency * chargeLimit[at] - dischargeFloor[at] / car.dischargeEfficiency
            least = max(least, car.least(after: j))
            most = min(most, car.high)
            if least > most + Group.sliver { return false }
        }
        return true
    }

    /// Where a vehicle's least power does not fit beside what all others must do at least, it does not charge.
    /// - Returns: `false` when a node's limit cannot be kept.
    private func forbidWhatDoesNotFit(_ decisions: Decisions) -> Bool {
        let load = leastLoads()
        for at in 0..<load.count where load[at] > highest[at] + 1e-7 { return false }
        for car in cars where car.hasLeastPower {
            for j in 0..<car.count where decisions.modes[car.offset + j] == .open {
                if chargeLimit[car.offset + j] > 0, !fits(car, j, load) { chargeLimit[car.offset + j] = 0 }
            }
        }
        return true
    }

    /// Per node and slot: the least net load that the limits allow.
    func leastLoads() -> [Double] {
        var loads = [Double](repeating: 0, count: load.count)
        for car in cars {
            var n = car.node
            while n >= 0 {
                for j in 0..<car.count {
                    loads[n * slotCount + car.first + j] +=
                        chargeFloor[car.offset + j] - dischargeLimit[car.offset + j]
                }
                n = parent[n]
            }
        }
        return loads
    }

    /// What `loads` rise by when `car` charges at its least power in its slot `j`.
    func leastRise(_ car: Car, _ j: Int) -> Double {
        let at = car.offset + j
        return max(min(leastCharge[at], chargeLimit[at]), chargeFloor[at]) - chargeFloor[at]
            + dischargeLimit[at]
    }

    /// Whether `car` can charge in its slot `j` beside the least `loads`, its own included.
    func fits(_ car: Car, _ j: Int, _ loads: [Double]) -> Bool {
        let rise = leastRise(car, j)
        var n = car.node
        while n >= 0 {
            let cell = n * slotCount + car.first + j
            if loads[cell] + rise > highest[cell] + 1e-9 { return false }
            n = parent[n]
        }
        return true
    }
}
