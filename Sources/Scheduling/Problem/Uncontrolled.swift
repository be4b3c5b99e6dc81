extension PlanningProblem {
    /// What the fleet does when nobody plans: full power from arrival until the wish is met, no discharge, no limits of
    /// nodes. The yardstick of every plan.
    public func uncontrolled() -> [VehicleSchedule] {
        vehicles.map { vehicle in
            let room = vehicle.battery.map { max(0, $0.maximum - $0.atArrival) } ?? vehicle.wanted
            let wanted = min(vehicle.wanted, room)
            var left = wanted
            let net = vehicle.slots.map { slot in
                let most = vehicle.maxCharge * vehicle.presence(slot) * stepHours
                let energy = max(0, min(most, left / vehicle.chargeEfficiency))
                left -= energy * vehicle.chargeEfficiency
                return energy
            }
            return VehicleSchedule(net: net, undelivered: vehicle.wanted - wanted + max(0, left), binding: [])
        }
    }

    /// kW of the fleet below each node in each slot.
    public func nodeLoads(_ schedules: [VehicleSchedule]) -> [[Double]] {
        var loads = [[Double]](repeating: [Double](repeating: 0, count: slotCount), count: nodes.count)
        for (vehicle, schedule) in zip(vehicles, schedules) { add(schedule, of: vehicle, to: &loads) }
        return loads.map { $0.map { $0 / stepHours } }
    }

    /// Adds `schedule` to `loads`, kWh, of each node above `vehicle`; with `sign` −1 takes it away.
    func add(_ schedule: VehicleSchedule, of vehicle: PlanningVehicle, to loads: inout [[Double]], sign: Double = 1) {
        var node = vehicle.node
        while let n = node {
            for (j, slot) in vehicle.slots.enumerated() { loads[n][slot] += sign * schedule.net[j] }
            node = nodes[n].parent
        }
    }
}
