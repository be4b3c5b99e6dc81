import Operations
import Quantities
import Testing

@testable import Simulation

@Suite("V2G park") struct ParkTests {
    @Test func `two days keep every limit and every driver's wish, and pay`() throws {
        let scenario = try ParkScenario(days: 2)
        let month = try ParkMonth(scenario).summary
        let report = month.report
        #expect(month.slotsAboveLimit == 0 && month.missed < .wattHours(10))
        #expect(report.power.rated == .kilowatts(600) && report.power.measuredPeak <= .kilowatts(600))
        #expect(report.discharged > .kilowattHours(100))
        // Cycled energy is in the gross share and not in the net one.
        let (gross, net) = (try #require(report.valleyShareGross), try #require(report.valleyShareNet))
        #expect(net < gross && report.cycled > report.discharged)
        // Nobody loses by it: beside uncontrolled charging the owner is better off by more than the wear.
        #expect(try #require(report.income) > -month.uncontrolledCost)
        #expect(try #require(report.wear) == scenario.battery.wear(of: report.discharged))
    }

    @Test func `stays of one pile follow each other, and the same seed gives the same month`() throws {
        let scenario = try ParkScenario(days: 30)
        #expect(try ParkScenario(days: 30).stays == scenario.stays)
        #expect(try ParkScenario(seed: 2, days: 30).stays != scenario.stays)
        for pile in 0..<scenario.piles {
            let own = scenario.stays.filter { $0.pile == pile }
            #expect(own.count > 5)
            for (a, b) in zip(own, own.dropFirst()) { #expect(a.departure < b.arrival) }
            for stay in own {
                #expect(stay.arrival < stay.departure && stay.stored > .zero && stay.target <= scenario.capacity)
            }
        }
        #expect(scenario.building(at: scenario.interval.start) == scenario.building(at: scenario.interval.start))
        #expect(scenario.pv(at: scenario.interval.start) == .zero)
    }
}
