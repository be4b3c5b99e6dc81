import Quantities

@testable import Scheduling

/// Little search for modes: property tests ask whether rules hold, and debug builds are slow.
let quick = PlanningOptions(effort: 5e6)

/// Fleets and grids from a seed: nested nodes, both directions, losses, partial slots, scarcity.
enum RandomProblems {
    static func problem(seed: UInt64, slots: Int = 24, vehicles most: Int = 20) -> PlanningProblem {
        var random = SeededRandom(seed: seed)
        func unit() -> Double { random.unit() }
        func pick<Element>(_ list: [Element]) -> Element { list[Int(random.next() % UInt64(list.count))] }
        let buy = (0..<slots).map { slot in
            pick([true, false]) ? [0.27, 0.63, 0.99][(slot / 4) % 3] : 0.2 + 0.8 * unit()
        }
        let earns = pick([0, 0.6, 0.9])
        let count = 1 + Int(random.next() % UInt64(most))
        let levels = 1 + Int(random.next() % 3)
        var nodes: [PlanningNode] = []
        let tight = pick([0.1, 0.2, 0.4, 0.8])
        func node(_ parent: Int?, _ share: Double) {
            let kw = Double(count) * 7 * tight * share
            nodes.append(
                PlanningNode(
                    parent: parent, importLimit: (0..<slots).map { _ in kw * (0.5 + unit()) },
                    exportLimit: unit() < 0.5 ? (0..<slots).map { _ in kw * unit() } : nil))
        }
        node(nil, 1)
        if levels > 1 {
            for _ in 0..<2 { node(0, 0.6) }
        }
        if levels > 2 {
            for k in 0..<4 { node(1 + k % 2, 0.4) }
        }
        let leaves = levels == 1 ? [0] : levels == 2 ? [0, 1, 2] : [1, 3, 4, 5, 6]
        var controls = random.split(4)
        let fleet = (0..<count).map { _ -> PlanningVehicle in
            let first = Int(random.next() % UInt64(slots))
            let length = 1 + Int(random.next() % UInt64(slots - first))
            let both = unit() < 0.4
            let capacity = pick([40.0, 60, 80])
            let arrival = capacity * (0.2 + 0.5 * unit())
            var vehicle = PlanningVehicle(
                slots: first..<(first + length), firstPresence: 0.1 + 0.9 * unit(), lastPresence: 0.1 + 0.9 * unit(),
                maxCharge: pick([3.5, 7, 11]), maxDischarge: both ? pick([3.5, 7]) : 0,
                chargeEfficiency: pick([1, 0.95, 0.9]), dischargeEfficiency: pick([1, 0.95, 0.9]),
                wanted: unit() < 0.1 ? 0 : 20 * unit(),
                battery: both || unit() < 0.3
                    ? PlanningBattery(atArrival: arrival, minimum: 0.1 * capacity, maximum: 0.95 * capacity) : nil,
                value: pick([5, 5, 5, 2, 0.5]), wear: pick([0, 0.1]), node: unit() < 0.05 ? nil : pick(leaves))
            if both, controls.unit() < 0.3 {
                vehicle.dischargeCeiling = (0..<length).map { _ in [0, 1.5, 20][Int(controls.next() % 3)] }
            }
            return vehicle
        }
        return PlanningProblem(
            stepHours: pick([0.25, 0.5, 1]), buyPrice: buy, sellPrice: buy.map { $0 * earns }, vehicles: fleet,
            nodes: nodes)
    }
}
