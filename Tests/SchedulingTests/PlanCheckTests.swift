import Testing

@testable import Scheduling

@Suite("Plan check") struct PlanCheckTests {
    private let problem = PlanningProblem(
        stepHours: 1, buyPrice: [1, 1, 1], sellPrice: [0.5, 0.5, 0.5],
        vehicles: [
            PlanningVehicle(
                slots: 0..<3, lastPresence: 0.5, maxCharge: 7, maxDischarge: 7, minCharge: 2, wanted: 5,
                battery: PlanningBattery(atArrival: 10, minimum: 8, maximum: 20), wear: 0.1, node: 1)
        ],
        nodes: [
            PlanningNode(importLimit: [6, 6, 6], exportLimit: [3, 3, 3]),
            PlanningNode(parent: 0, importLimit: [9, 9, 9]),
        ])

    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let net: [Double]
        var undelivered = 0.0
        let found: [PlanCheck.Violation]
    }
    static let cases = [
        Case(testDescription: "a good schedule", net: [5, -2, 2], found: []),
        Case(testDescription: "too few slots", net: [5], found: [.shape(vehicle: 0)]),
        Case(testDescription: "not a number", net: [5, .nan, 2], found: [.shape(vehicle: 0)]),
        Case(
            testDescription: "more than the present half slot allows", net: [1e-9, 1e-9, 5],
            found: [.power(vehicle: 0, slot: 2, kilowattHours: 5)]),
        Case(
            testDescription: "a trickle", net: [4, 1, 0],
            found: [.leastPower(vehicle: 0, slot: 1, kilowattHours: 1)]),
        Case(
            testDescription: "discharged too deep", net: [-3, 6, 2],
            found: [.battery(vehicle: 0, slot: 0, kilowattHours: 7)]),
        Case(
            testDescription: "filled above its maximum", net: [6, 6, 0],
            found: [.battery(vehicle: 0, slot: 1, kilowattHours: 22), .battery(vehicle: 0, slot: 2, kilowattHours: 22)]),
        Case(
            testDescription: "a wrong statement of what is missing", net: [3, 0, 0], undelivered: 1,
            found: [.undelivered(vehicle: 0, stated: 1, found: 2)]),
        Case(
            testDescription: "more than the upper node allows", net: [6.5, 0, 0],
            found: [.importLimit(node: 0, slot: 0, excess: 0.5)]),
    ]

    @Test(arguments: cases) func `what is wrong is named`(_ test: Case) {
        let schedule = VehicleSchedule(net: test.net, undelivered: test.undelivered, binding: [])
        #expect(PlanCheck.violations(of: [schedule], in: problem) == test.found)
    }

    @Test func `export beyond the limit is named`() {
        var open = problem
        open.vehicles[0].battery?.minimum = 0
        let schedule = VehicleSchedule(net: [-4, 6, 3], undelivered: 0, binding: [])
        #expect(PlanCheck.violations(of: [schedule], in: open) == [.exportLimit(node: 0, slot: 0, excess: 1)])
    }

    @Test func `the objective counts price, earnings, wear and what is missing`() {
        let schedule = VehicleSchedule(net: [4, -2, 0], undelivered: 3, binding: [])
        #expect(abs(PlanCheck.objective(of: [schedule], in: problem) - (4 - 2 * 0.4 + 15)) < 1e-12)
    }

    @Test func `uncontrolled charging runs at full power from arrival until the wish is met`() {
        let schedule = problem.uncontrolled()[0]
        #expect(schedule.net == [5, 0, 0] && schedule.undelivered == 0)
        var hungry = problem
        hungry.vehicles[0].wanted = 30
        let full = hungry.uncontrolled()[0]
        #expect(full.net == [7, 3, 0] && full.undelivered == 20)
        #expect(problem.nodeLoads([schedule]) == [[5, 0, 0], [5, 0, 0]])
    }
}
