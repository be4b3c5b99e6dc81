public import Quantities
import Scheduling

extension CommunityFacts {
    /// Energy by slot of the cheapest schedule that somebody who knew everything beforehand could have made: true
    /// arrivals, departures, wishes and household load, one node, no least current.
    ///
    /// A wish left open costs far more than any price, so as much as possible is delivered first.
    public func foresight() -> [Energy] {
        let hours = Double(prices.step.wholeMilliseconds) / 3_600_000
        let buy = prices.values.map { $0.price?.approximate ?? 0 }
        let vehicles = stays.compactMap { stay -> PlanningVehicle? in
            guard let within = Interval(stay.arrival, stay.departure).intersection(prices.interval),
                let first = prices.index(at: within.start)
            else { return nil }
            let last = prices.index(at: within.end - .milliseconds(1)) ?? prices.values.count - 1
            func presence(_ slot: Int) -> Double {
                let part = prices.interval(at: slot).intersection(within)?.duration ?? .zero
                return Double(part.wholeMilliseconds) / Double(prices.step.wholeMilliseconds)
            }
            return PlanningVehicle(
                slots: first..<(last + 1), firstPresence: presence(first), lastPresence: presence(last),
                maxCharge: stay.most.kilowatts, wanted: stay.wanted.kilowattHours, value: 50, node: 0)
        }
        let room = base.map { (limit - $0).kilowatts }
        let problem = PlanningProblem(
            stepHours: hours, buyPrice: buy, sellPrice: buy.map { _ in 0 }, vehicles: vehicles,
            nodes: [PlanningNode(importLimit: room)])
        let solution = solve(problem, options: PlanningOptions(gap: 0.0001))
        var slots = Array(repeating: 0.0, count: prices.values.count)
        for (vehicle, schedule) in zip(vehicles, solution.vehicles) {
            for (k, energy) in schedule.net.enumerated() { slots[vehicle.slots.lowerBound + k] += energy }
        }
        return slots.map { Energy(roundingKilowattHours: $0) }
    }
}
