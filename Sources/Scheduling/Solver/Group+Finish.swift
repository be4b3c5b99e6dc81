extension Group {
    /// kWh by which a load may exceed a limit by rounding: 4 mW over a quarter of an hour.
    static let tolerance = 1e-6

    /// Nobody charges; what is forced by no limit.
    func startFromNothing() {
        charge.fill(0)
        discharge.fill(0)
        for (i, car) in cars.enumerated() { ending[i] = car.start }
        recomputeLoads()
    }

    /// Yuan of the current schedule at the worth the solver works with.
    func workCost() -> Double {
        var sum = 0.0
        for (i, car) in cars.enumerated() { sum += energyCost(car) + shortageCost(car, ending: ending[i]) }
        return sum
    }

    /// Turns the continuous schedule into one that can be issued.
    func finish(_ options: PlanningOptions) {
    }

    func schedules() -> [VehicleSchedule] {
        cars.enumerated().map { i, car in
            let net = (0..<car.count).map { charge[car.offset + $0] - discharge[car.offset + $0] }
            let missing = max(0, car.target - ending[i]) + car.lost
            return VehicleSchedule(net: net, undelivered: missing, binding: [])
        }
    }
}
