/// Nodes that hang together and the vehicles under them: one problem, independent of all others.
///
/// Holds the current schedule and the loads that follow from it. All energies are kWh a slot.
final class Group {
    let arena = Arena()
    let slotCount: Int
    private(set) var cars: [Car]
    /// Index in the problem of each node; children stand before their parents.
    let nodes: [Int]
    /// Parent within the group, −1 at the root.
    let parent: [Int]
    /// True prices; the wear is not in them.
    let buy: [Double]
    let sell: [Double]

    /// Per vehicle slot (``Car/offset``): what may be charged and discharged, what must be, the least power, and the
    /// schedule. While modes are imposed (``impose(_:)``) the first four are those of the modes.
    let chargeLimit: Vector
    let dischargeLimit: Vector
    let chargeFloor: Vector
    let dischargeFloor: Vector
    let leastCharge: Vector
    let charge: Vector
    let discharge: Vector
    /// Battery energy at departure of each car under the schedule.
    let ending: Vector
    /// Per node and slot (node · slotCount + slot): what the net load may be, and what it is.
    let lowest: Vector
    let highest: Vector
    let load: Vector

    /// The first four of the stay itself.
    let own: Limits
    struct Limits {
        let chargeLimit: Vector
        let dischargeLimit: Vector
        let chargeFloor: Vector
        let dischargeFloor: Vector
    }
    let hasLeastPower: Bool
    /// ``cars`` before modes were imposed.
    private var ownCars: [Car] = []

    let response: PriceResponse
    /// Cars that hang directly under node n, at n + 1; those without node at 0.
    let carsByNode: [[Int]]
    /// Cars in the order in which they choose: least laxity first, without regard to the order of the input.
    private(set) var turn: [Int] = []

    init(
        _ problem: PlanningProblem, vehicles: [Int], nodes: [Int], localNode: [Int],
        options: PlanningOptions
    ) {
        slotCount = problem.slotCount
        self.nodes = nodes
        parent = nodes.map { problem.nodes[$0].parent.map { localNode[$0] } ?? -1 }
        assert(zip(parent.indices, parent).allSatisfy { $1 < 0 || $1 > $0 }, "children stand before their parents")
        buy = problem.buyPrice
        // Parents stand behind their children: the last is the root.
        sell = nodes.last.map { problem.sellPrices(under: $0) } ?? problem.sellPrice
        var cars: [Car] = []
        cars.reserveCapacity(vehicles.count)
        var (slots, longest) = (0, 1)
        var kinds: [Car.Losses: Int] = [:]
        for index in vehicles {
            let vehicle = problem.vehicles[index]
            let node = vehicle.node.map { localNode[$0] } ?? -1
            let losses = Car.Losses(
                charge: vehicle.chargeEfficiency, discharge: vehicle.dischargeEfficiency, wear: vehicle.wear)
            let kind = vehicle.maxDischarge > 0 ? kinds[losses, default: kinds.count] : 0
            if vehicle.maxDischarge > 0 { kinds[losses] = kind }
            cars.append(Car(vehicle, index: index, offset: slots, node: node, kind: kind, fairness: options.fairness))
            slots += vehicle.slots.count
            longest = max(longest, vehicle.slots.count)
        }
        self.cars = cars
        ownCars = cars
        hasLeastPower = cars.contains { $0.hasLeastPower }
        var byNode = [[Int]](repeating: [], count: nodes.count + 1)
        for (i, car) in cars.enumerated() { byNode[car.node + 1].append(i) }
        carsByNode = byNode
        chargeLimit = arena.vector(slots)
        dischargeLimit = arena.vector(slots)
        chargeFloor = arena.vector(slots)
        dischargeFloor = arena.vector(slots)
        own = Limits(
            chargeLimit: arena.vector(slots), dischargeLimit: arena.vector(slots),
            chargeFloor: arena.vector(slots),
            dischargeFloor: arena.vector(slots))
        leastCharge = arena.vector(slots)
        charge = arena.vector(slots)
        discharge = arena.vector(slots)
        ending = arena.vector(cars.count)
        lowest = arena.vector(nodes.count * slotCount)
        highest = arena.vector(nodes.count * slotCount)
        load = arena.vector(nodes.count * slotCount)
        response = PriceResponse(
            slotCount: slotCount, longestStay: longest, kinds: kinds.count, late: options.preference == .late)
        for car in cars {
            let vehicle = problem.vehicles[car.index]
            for j in 0..<car.count {
                let hours = vehicle.presence(car.first + j) * problem.stepHours
                chargeLimit[car.offset + j] = vehicle.maxCharge * hours
                dischargeLimit[car.offset + j] = car.discharges ? vehicle.mostDischarge(car.first + j) * hours : 0
                leastCharge[car.offset + j] = min(vehicle.minCharge, vehicle.maxCharge) * hours
            }
        }
        setNodeLimits(problem)
        commit(problem)
        own.chargeLimit.copy(from: chargeLimit)
        own.dischargeLimit.copy(from: dischargeLimit)
        own.chargeFloor.copy(from: chargeFloor)
        own.dischargeFloor.copy(from: dischargeFloor)
        turn = orderOfTurns()
    }

    /// Limits that the fleet below cannot reach are replaced by what it can reach: the same set of schedules, and
    /// numbers of one size.
    private func setNodeLimits(_ problem: PlanningProblem) {
        let (most, least) = (arena.vector(highest.count), arena.vector(highest.count))
        for car in cars where car.node >= 0 {
            for j in 0..<car.count {
                most[car.node * slotCount + car.first + j] += chargeLimit[car.offset + j]
                least[car.node * slotCount + car.first + j] += dischargeLimit[car.offset + j]
            }
        }
        for (n, index) in nodes.enumerated() {
            let node = problem.nodes[index]
            for t in 0..<slotCount {
                let at = n * slotCount + t
                highest[at] = min(max(0, node.importLimit[t]) * problem.stepHours, most[at] + Group.margin)
                let down = node.exportLimit.map { max(0, $0[t]) * problem.stepHours } ?? .infinity
                lowest[at] = -min(down, least[at] + Group.margin)
                if parent[n] >= 0 {
                    most[parent[n] * slotCount + t] += most[at]
                    least[parent[n] * slotCount + t] += least[at]
                }
            }
        }
    }
    /// Room, kWh, between what a fleet can reach and a limit that does not matter.
    static let margin = 1.0

    private func orderOfTurns() -> [Int] {
        struct Key {
            let flexible: Int
            let laxity: Double
            let end: Int
            let start: Int
            let target: Double
            let limit: Double
        }
        let keys = cars.map { car in
            var most = 0.0
            for j in 0..<car.count { most += chargeLimit[car.offset + j] }
            return Key(
                flexible: car.discharges ? 1 : 0,
                laxity: most * car.chargeEfficiency - (car.target - car.start), end: car.first + car.count,
                start: car.first, target: car.target - car.start, limit: most)
        }
        return cars.indices.sorted { x, y in
            let (a, b) = (keys[x], keys[y])
            if a.flexible != b.flexible { return a.flexible < b.flexible }
            if a.laxity != b.laxity { return a.laxity < b.laxity }
            if a.end != b.end { return a.end < b.end }
            if a.start != b.start { return a.start < b.start }
            if a.target != b.target { return a.target < b.target }
            if a.limit != b.limit { return a.limit < b.limit }
            return cars[x].index < cars[y].index
        }
    }
}

// MARK: - Loads, cost

extension Group {
    /// Adds `car`'s schedule to its nodes' loads, `sign` +1, or takes it away, −1.
    func book(_ car: Car, sign: Double) {
        var n = car.node
        while n >= 0 {
            let own = load.part(n * slotCount + car.first, car.count)
            own.add(sign, charge.part(car.offset, car.count), car.count)
            if car.discharges { own.add(-sign, discharge.part(car.offset, car.count), car.count) }
            n = parent[n]
        }
    }

    func recomputeLoads() {
        load.fill(0)
        for car in cars { book(car, sign: 1) }
    }

    /// The largest excess of a load over its limit, kWh.
    func worstExcess() -> Double {
        var worst = 0.0
        for at in 0..<load.count { worst = max(worst, load[at] - highest[at], lowest[at] - load[at]) }
        return worst
    }

    /// Yuan of the current schedule with the plain linear value of what is missing.
    func objective() -> Double {
        var sum = 0.0
        for (i, car) in cars.enumerated() {
            sum += energyCost(car) + car.value * (max(0, car.target - ending[i]) + car.lost)
        }
        return sum
    }

    /// Yuan at true prices, wear included, of the schedule of `car`.
    func energyCost(_ car: Car) -> Double {
        let (at, n) = (car.offset, car.count)
        var sum = 0.0
        for j in 0..<n { sum += buy[car.first + j] * charge[at + j] }
        guard car.discharges else { return sum }
        for j in 0..<n { sum -= (sell[car.first + j] - car.wear) * discharge[at + j] }
        return sum
    }

    /// Yuan that the whole group turns over: Σ charge × mean price.
    func turnover(meanPrice: Double) -> Double {
        charge.sum(charge.count) * meanPrice
    }
}

// MARK: - Modes imposed

extension Group {
    /// Gives limits and batteries back what modes took from them.
    func lift() {
        chargeLimit.copy(from: own.chargeLimit)
        dischargeLimit.copy(from: own.dischargeLimit)
        chargeFloor.copy(from: own.chargeFloor)
        dischargeFloor.copy(from: own.dischargeFloor)
        cars = ownCars
    }

    /// Makes car `i` reach its minimum by the end of slot `slot` of its stay and keep it, until ``lift()``.
    func climb(_ i: Int, by slot: Int) { cars[i] = ownCars[i].climbing(by: slot) }
}
