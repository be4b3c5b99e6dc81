import Assets
import Quantities
import Testing

@testable import Charging

@Suite("Battery") struct BatteryTests {
    // MARK: - Wear

    @Test func `throughput life gives the prices that are usual`() {
        let nmc = BatteryTerms(chemistry: .nmc, valuePerKilowattHour: 800_000_000)
        #expect(nmc.wearPrice == Rational(4, 15))
        let lfp = BatteryTerms(chemistry: .lfp, valuePerKilowattHour: 800_000_000, consumption: 150)
        #expect(lfp.wearPrice.text(decimals: 4) == "0.1333")
        #expect(lfp.wear(of: .kilowattHours(30)) == Rational(4))
        #expect(lfp.virtualDistance(of: .kilowattHours(30)) == 200_000)
        #expect(nmc.virtualDistance(of: .kilowattHours(30)) == nil, "no consumption, no distance")
    }

    @Test func `a session is booked once, and one unknown price makes the sum unknown`() {
        let terms = BatteryTerms(chemistry: .lfp, valuePerKilowattHour: 600_000_000, consumption: 160)
        func entry(_ n: Int, _ terms: BatteryTerms?) -> BatteryLedger.Entry {
            .init(
                session: .init("S-\(n)"), endedAt: Instant(seconds: Int64(n) * 86_400), charged: .kilowattHours(25),
                discharged: .kilowattHours(20), terms: terms)
        }
        var ledger = BatteryLedger()
        #expect(ledger.book(entry(1, terms)) && ledger.book(entry(2, terms)) && !ledger.book(entry(1, terms)))
        #expect(ledger.throughput == .kilowattHours(90) && ledger.discharged == .kilowattHours(40))
        #expect(ledger.wear == Rational(4) && ledger.virtualDistance == 250_000)
        ledger.book(entry(3, nil))
        #expect(ledger.wear == nil && ledger.virtualDistance == nil && ledger.discharged == .kilowattHours(60))
    }

    @Test func `the tightest of the budgets holds, and none goes below nothing`() {
        let zone = Zone.shanghai
        let day = CivilDay(year: 2026, month: 3, day: 2)!
        var ledger = BatteryLedger()
        for (n, at) in [zone.instant(of: day.adding(days: -1), minute: 600), zone.instant(of: day, minute: 60)]
            .enumerated()
        {
            ledger.book(
                .init(
                    session: .init("S-\(n)"), endedAt: at, charged: .zero, discharged: .kilowattHours(8), terms: nil))
        }
        func left(_ budget: DischargeBudget) -> Energy? { budget.remaining(on: day, zone: zone, after: ledger) }
        #expect(left(.init()) == nil)
        #expect(left(.init(day: .kilowattHours(20))) == .kilowattHours(12))
        #expect(left(.init(day: .kilowattHours(20), month: .kilowattHours(18))) == .kilowattHours(2))
        #expect(left(.init(month: .kilowattHours(100), life: .kilowattHours(10))) == .zero)
        // 20,000 km at 15 kWh a 100 km.
        #expect(DischargeBudget.life(kilometres: 20_000, consumption: 150) == .kilowattHours(3000))
    }

    // MARK: - Cycles

    /// The example of ASTM E1049-85, figure 6: −2 1 −3 5 −1 3 −4 4 −2, as shares of 10.
    @Test func `cycles of the standard's example are counted as the standard does`() {
        var counter = RainflowCounter()
        var cycles: [RainflowCounter.Cycle] = []
        for value in [-2.0, 1, -3, 5, -1, 3, -4, 4, -2] { cycles += counter.take(value) }
        cycles += counter.residue
        var counts: [Double: Double] = [:]
        for cycle in cycles { counts[cycle.depth, default: 0] += cycle.count }
        #expect(counts == [3: 0.5, 4: 1.5, 6: 0.5, 8: 1, 9: 0.5])
    }

    @Test func `a course cut anywhere counts as one in one piece, and points on the way do not matter`() {
        for seed: UInt64 in 1...200 {
            var random = SeededRandom(seed: seed)
            let turns = (0..<40).map { _ in (random.unit() * 100).rounded() / 100 }
            var (plain, dense) = (RainflowCounter(), RainflowCounter())
            var (a, b) = (0.0, 0.0)
            for (n, value) in turns.enumerated() {
                for cycle in plain.take(value) { a += cycle.count * cycle.depth }
                if n > 0 {
                    for cycle in dense.take((turns[n - 1] + value) / 2) { b += cycle.count * cycle.depth }
                }
                for cycle in dense.take(value) { b += cycle.count * cycle.depth }
            }
            #expect(abs(a - b) < 1e-9 && plain.residue == dense.residue, "seed \(seed)")
            // Every way up and down belongs to exactly one half cycle.
            let way = zip(turns, turns.dropFirst()).reduce(0) { $0 + abs($1.0 - $1.1) }
            let counted = a + plain.residue.reduce(0) { $0 + $1.count * $1.depth }
            #expect(abs(2 * counted - way) < 1e-9, "seed \(seed)")
            #expect(plain.open.count <= RainflowCounter.mostOpen)
        }
    }

    @Test func `one deep cycle ages more than many shallow ones of the same throughput`() {
        func ageing(_ depth: Double, _ times: Int) -> Double {
            var stress = CycleStress()
            for _ in 0..<times {
                stress.take(charge: 0.5 + depth / 2, hours: 0)
                stress.take(charge: 0.5 - depth / 2, hours: 0)
            }
            return stress.ageingNow()
        }
        #expect(ageing(0.8, 100) > 1.3 * ageing(0.2, 400))
        #expect(CycleStress.loss(0) == 0)
        #expect(CycleStress.loss(0.02) > CycleStress.loss(0.01))
        // Rest alone ages, and more so when full and warm.
        func rest(_ charge: Double, _ kelvin: Double) -> Double {
            var stress = CycleStress()
            stress.take(charge: charge, hours: 8760, kelvin: kelvin)
            return stress.ageing
        }
        #expect(abs(rest(0.5, 298) - 4.14e-10 * 8760 * 3600) < 1e-12)
        #expect(rest(0.9, 298) > rest(0.5, 298) && rest(0.5, 308) > 1.9 * rest(0.5, 298))
    }
}
