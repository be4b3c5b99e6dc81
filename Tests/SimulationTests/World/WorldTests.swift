import Foundation
import Operations
import Quantities
import Testing

@testable import Simulation

@Suite("World") struct WorldTests {
    /// More at night: `TIDEWATT_SEEDS`.
    static let seeds = ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"].flatMap(UInt64.init) ?? 200

    /// Batches, so that both cores have something to do and one failing seed can be run alone.
    @Test(arguments: 0..<8) func `whatever happens, limits hold and nothing is lost`(_ batch: UInt64) {
        var agreeing = 0
        for seed in UInt64(1)...Self.seeds where seed % 8 == batch {
            let report = World(WorldScript(seed: seed)).play()
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations.joined(separator: "\n"))")
            #expect(report.acknowledgedReadings > 0, "seed \(seed)")
            agreeing += report.agreeing
        }
        #expect(agreeing > 0, "no station was asked for its schedule")
    }

    @Test func `streets speak 1·6, 2·0·1, or both`() {
        let streets = (1...Self.seeds).map { Set(WorldScript(seed: $0).stations.map(\.version)) }
        #expect(Set(streets) == [[.v16], [.v201], [.v16, .v201]])
    }

    @Test func `a platform that promises too much by default is found out`() {
        let report = World(WorldScript(seed: 3)) { $0.dispatch.fallbackShare = 3 }.play()
        #expect(report.violations.contains { $0.hasPrefix("if all died") })
    }

    @Test func `load above the limit is found out, by the second and by the quarter hour`() {
        var seconds = LimitChecker()
        var violations: [String] = []
        let start = Instant("2026-02-01T00:00:00Z")!
        for second in 0...LimitChecker.tolerance {
            seconds.observe(
                load: .watts(1001), limit: .watts(1000), at: start + .seconds(second), violations: &violations)
        }
        #expect(violations.count == 1)
        var means = LimitChecker()
        violations = []
        // Half of each minute far above: never long, too much all the same.
        for second in 0...900 {
            let load = Power(watts: second % 60 < 30 ? 1_500 : 600)
            means.observe(load: load, limit: .watts(1_000), at: start + .seconds(second), violations: &violations)
        }
        #expect(violations.count == 1 && violations[0].contains("mean 1050 W"))

        // What nobody could foresee or answer counts by the quarter hour only.
        var dead = LimitChecker()
        violations = []
        for second in 0...900 {
            dead.observe(
                load: .watts(1_010), unforeseen: .watts(10), limit: .watts(1_000), at: start + .seconds(second),
                violations: &violations)
        }
        #expect(violations.count == 1 && violations[0].contains("mean 1010 W"))
    }

    @Test func `the same seed is the same run`() {
        let a = World(WorldScript(seed: 7)).play()
        let b = World(WorldScript(seed: 7)).play()
        #expect(a.delivered == b.delivered && a.plans == b.plans && a.acknowledgedReadings == b.acknowledgedReadings)
    }
}
