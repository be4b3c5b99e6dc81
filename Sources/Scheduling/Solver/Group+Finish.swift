extension Group {
    /// kWh by which a load may exceed a limit by rounding: 4 mW over a quarter of an hour.
    static let tolerance = 1e-6
    /// kWh above a limit that an unfinished iterate leaves and nobody's battery notices.
    static let trace = 1e-3
    /// kWh below which nobody is made to charge or discharge: what rounding leaves above a limit.
    static let sliver = 5e-7

    /// Nobody does more than it must: always within all limits.
    func startFromNothing() {
        for i in cars.indices { clear(i) }
        recomputeLoads()
    }

    /// Leaves car `i` with what it must charge and discharge; loads are not changed.
    func clear(_ i: Int) {
        let car = cars[i]
        ending[i] = car.start
        for j in car.offset..<(car.offset + car.count) {
            charge[j] = chargeFloor[j]
            discharge[j] = dischargeFloor[j]
            ending[i] += charge[j] * car.chargeEfficiency - discharge[j] / car.dischargeEfficiency
        }
    }

    /// Yuan of the current schedule at the worth the solver works with.
    func workCost() -> Double {
        var sum = 0.0
        for (i, car) in cars.enumerated() {
            sum += energyCost(car) + car.shortageCost(ending: ending[i])
        }
        return sum
    }

    /// Turns the continuous schedule into one that can be issued.
    /// - Parameter prices: the nodes' prices that belong to it.
    func finish(prices: Vector) {
        roundToLeastPower(prices)
        for i in turn where needsModes(i) { settleModes(i, thorough: true) }
        recomputeLoads()
    }

    /// Chooses among schedules of equal cost.
    func settleTies(_ options: PlanningOptions) {
        if options.preference == .spread { spreadOut() }
        recomputeLoads()
    }

    /// Whether the schedule keeps everything that the continuous problem leaves out, and all limits.
    var canBeIssued: Bool {
        !cars.indices.contains { needsModes($0) } && worstExcess() <= Group.tolerance
    }

    /// The schedule that always exists: one vehicle after the other takes the best of what is left.
    func fillOneByOne() {
        startFromNothing()
        for _ in 0..<2 {
            for i in turn { settleModes(i, thorough: false) }
        }
        recomputeLoads()
    }

    /// The schedules with the reasons of what is missing.
    func schedules() -> [VehicleSchedule] {
        cars.enumerated().map { i, car in
            let net = (0..<car.count).map { charge[car.offset + $0] - discharge[car.offset + $0] }
            let missing = max(0, car.target - ending[i]) + car.lost
            return VehicleSchedule(
                net: net, undelivered: missing, binding: missing > 1e-4 ? reasons(car) : [])
        }
    }

    private func reasons(_ car: Car) -> [VehicleSchedule.Binding] {
        var list: [VehicleSchedule.Binding] = []
        var rest = Array(0..<car.count)
        let own = rest.filter { charge[car.offset + $0] >= chargeLimit[car.offset + $0] - 1e-6 }
        rest.removeAll { charge[car.offset + $0] >= chargeLimit[car.offset + $0] - 1e-6 }
        var n = car.node
        while n >= 0 {
            let full = rest.filter { j in
                let at = n * slotCount + car.first + j
                return load[at] >= highest[at] - 1e-4 - 1e-6 * highest[at]
            }
            if !full.isEmpty { list.append(.init(node: nodes[n], slots: full.map { car.first + $0 })) }
            n = parent[n]
        }
        if !own.isEmpty || car.lost > 1e-6 {
            list.append(.init(node: nil, slots: own.map { car.first + $0 }))
        }
        return list
    }
}

// MARK: - Spread

extension Group {
    /// Evens out each vehicle's charging over slots of equal price, and each vehicle's discharging over neighbours of
    /// equal price; costs and energies at departure stay as they are.
    private func spreadOut() {
        for i in turn where !cars[i].hasLeastPower {
            let car = cars[i]
            book(car, sign: -1)
            roomForOne(car)
            if car.discharges {
                var from = 0
                while from < car.count {
                    var to = from + 1
                    while to < car.count, buy[car.first + to] == buy[car.first + from],
                        sell[car.first + to] == sell[car.first + from]
                    { to += 1 }
                    level(car, Array(from..<to))
                    from = to
                }
            } else {
                let byPrice = Dictionary(grouping: 0..<car.count) { buy[car.first + $0] }
                for price in byPrice.keys.sorted() { level(car, byPrice[price]!) }
            }
            book(car, sign: 1)
        }
    }

    private func level(_ car: Car, _ slots: [Int]) {
        let (first, response) = (car.offset, self.response)
        let charging = slots.contains { charge[first + $0] > 1e-9 }
        let discharging = slots.contains { discharge[first + $0] > 1e-9 }
        // Both directions, or forced ones, in one stretch: there is nothing even about it.
        if charging == discharging { return }
        let flow = charging ? charge : discharge
        let limits = charging ? chargeLimit : dischargeLimit
        let room = charging ? response.chargeMost : response.dischargeMost
        if slots.contains(where: { response.chargeLeast[$0] > 0 || response.dischargeLeast[$0] > 0 }) {
            return
        }
        let total = slots.reduce(0.0) { $0 + flow[first + $1] }
        // The part of full power at which the slots together give the total, slots with less room being full.
        let byRoom = slots.sorted { room[$0] * limits[first + $1] < room[$1] * limits[first + $0] }
        var rest = total
        var weight = slots.reduce(0.0) { $0 + limits[first + $1] }
        for j in byRoom {
            let share = weight > 0 ? min(room[j], rest * limits[first + j] / weight) : 0
            flow[first + j] = share
            rest -= share
            weight -= limits[first + j]
        }
    }
}
