import Assets
import GridDispatch
import Quantities
import Testing

@Suite("Default profiles") struct FallbackTests {
    @Test func `they fit their share at every quarter hour and take turns where an equal share is below 6 A`() {
        let base = DailyProfile(
            anchor: Instant(milliseconds: 0), values: (0..<96).map { .kilowatts($0 < 48 ? 320 : 120) })
        var site = BenchSite(piles: 120, limit: .watts(508_725), base: base)
        site.run(seconds: 120)
        let profiles = site.piles.compactMap(\.fallback)
        #expect(profiles.count == 120)
        for quarter in 0..<96 {
            let at = Instant(milliseconds: 0) + .minutes(15) * quarter
            let sum = profiles.reduce(Power.zero) { $0 + $1[at: at] }
            let room = site.nodes[0].limit! - base[at: at]
            #expect(sum.watts * 100 <= room.watts * 30, "quarter \(quarter): \(sum.watts) of \(room.watts) W")
            #expect(profiles.allSatisfy { $0[at: at] == .zero || $0[at: at] >= .watts(1_320) })
        }
        #expect(profiles.allSatisfy { $0.periods.count <= 24 })
        // Turns: nobody is left out over the day, and nobody gets much more than another.
        let energies = profiles.map { $0.values.reduce(Int64(0)) { $0 + $1.watts } / Int64($0.values.count) }
        #expect(energies.min()! > 0)
        #expect(energies.max()! <= energies.min()! * 3 / 2, "\(energies.min()!)…\(energies.max()!) W")
    }

    @Test func `few periods lower a profile, never raise it`() {
        for seed in UInt64(1)...100 {
            var random = SeededRandom(seed: seed)
            let profile = DailyProfile(
                anchor: Instant(milliseconds: 0),
                values: (0..<24).map { _ in .watts(Int64.random(in: 0...5, using: &random) * 1_000) })
            let count = Int.random(in: 1...12, using: &random)
            let lowered = profile.lowered(toPeriods: count)
            #expect(lowered.periods.count <= count, "seed \(seed)")
            for hour in 0..<24 {
                let at = Instant(milliseconds: 0) + .hours(hour)
                #expect(lowered[at: at] <= profile[at: at], "seed \(seed)")
            }
        }
    }

    @Test func `profiles that repeat daily are equal whatever day they start on`() {
        let values: [Power] = (0..<96).map { .watts($0) }
        let a = DailyProfile(anchor: Instant("2024-09-10T06:30:00Z")!, values: values)
        let b = DailyProfile(anchor: Instant("2024-09-12T06:30:00Z")!, values: values)
        #expect(a == b)
        #expect(a[at: Instant("2030-01-01T06:44:59Z")!] == .zero)
        #expect(a[at: Instant("2030-01-01T06:15:00Z")!] == .watts(95))
        #expect(a.maximum(from: Instant("2030-01-01T06:10:00Z")!, to: Instant("2030-01-01T06:30:00Z")!) == .watts(95))
        #expect(a.maximum(from: Instant("2030-01-01T06:30:00Z")!, to: Instant("2030-01-01T06:31:00Z")!) == .zero)
    }

    @Test func `a setpoint is a whole step at or below the wish, zero below the least current, and stable`() {
        let capability = Capability(
            electrical: Station.Electrical(voltage: 230, phases: 3, maxCurrentMilliamperes: 16_000))
        #expect(capability.settable(.watts(4_139)) == .zero)
        #expect(capability.settable(.watts(4_140)) == .watts(4_140))
        #expect(capability.settable(.watts(99_999)) == .watts(11_040))
        for watts in stride(from: Int64(4_140), through: 11_040, by: 37) {
            let once = capability.settable(.watts(watts))
            #expect(once <= .watts(watts) && capability.settable(once) == once, "\(watts) W")
        }
    }
}
