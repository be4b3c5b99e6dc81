import Quantities
import Testing

@testable import Simulation

@Suite("Demo scenario") struct DemoScenarioTests {
    /// Days on which full power from arrival breaks the limit in some quarter of an hour; computed minute by minute here,
    /// apart from the verdict's own arithmetic.
    static func brokenDays(_ scenario: DemoScenario) -> (days: Int, householdPeak: Power, energy: Energy) {
        let minutes = scenario.days * 1440
        var watts = Array(repeating: Int64(0), count: minutes)
        var total = Energy.zero
        for stay in scenario.community.drivers.flatMap(\.stays) {
            var left = stay.energy.milliwattHours
            total += stay.energy
            var at = stay.arrival
            while at < stay.departure, left > 0 {
                let taken = min(left, scenario.pilePower.energy(over: .minutes(1)).milliwattHours)
                let minute = Int((at - scenario.judged.start).wholeMilliseconds / 60_000)
                if minute >= 0, minute < minutes { watts[minute] += taken * 60 / 1000 }
                left -= taken
                at += .minutes(1)
            }
        }
        let base = scenario.householdMeans(in: scenario.judged, step: .minutes(15))
        var broken = Set<Int>()
        for (slot, household) in base.enumerated() {
            let mean = watts[(slot * 15)..<(slot * 15 + 15)].reduce(0, +) / 15
            if household.watts + mean > scenario.limit.watts { broken.insert(slot / 96) }
        }
        return (broken.count, base.max() ?? .zero, total)
    }

    @Test func `uncontrolled charging breaks the limit on at least three of seven days, households alone never do`()
        throws
    {
        for seed in UInt64(1)...6 {
            let scenario = try DemoScenario(seed: seed, days: 7)
            let (days, peak, energy) = Self.brokenDays(scenario)
            #expect(peak < scenario.limit, "seed \(seed)")
            #expect(days >= (seed == DemoScenario.defaultSeed ? 3 : 2), "seed \(seed)")
            #expect(energy > .kilowattHours(7000), "seed \(seed)")
        }
    }
}
