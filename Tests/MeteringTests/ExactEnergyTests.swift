import Metering
import Quantities
import Testing

@Suite("Exact energy") struct ExactEnergyTests {
    @Test(arguments: [
        ("1.5", "1.5"), ("0.001", "0.001"), ("10", "10"), ("-0.25", "-0.25"), ("0.0000001", "0.0000001"),
        ("1e-05", "0.00001"), ("2.5E3", "2500"), ("999999999999.678901234", "999999999999.678901234"),
        ("999999999999", "999999999999"),
        ("123456789012.5", "123456789012.5"),
    ]) func `a decimal is read without loss`(_ text: String, _ exact: String) {
        #expect(ExactEnergy(kilowattHours: text)?.kilowattHours.text() == exact)
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "1,5", "NaN", "inf", "0x10", "1e99", "1e", "1 2", "--1", "1e18000", "9999999999999",
        "1000000000000.5",
        "1e12",
    ])
    func `what is no decimal is no energy`(_ text: String) {
        #expect(ExactEnergy(kilowattHours: text) == nil)
    }

    @Test func `sums and shares equal plain fractions, and the shares of a whole sum to it`() throws {
        for seed in UInt64(1)...300 {
            var random = SeededRandom(seed: seed)
            var (sum, exact) = (ExactEnergy.zero, Rational.zero)
            for _ in 0..<5 {
                let digits = Int.random(in: 0...99_999_999, using: &random)
                let text =
                    "\(digits / 1000).\(String(digits % 1000 + 1000).dropFirst())\(seed % 2 == 0 ? "0000007" : "")"
                let energy = try #require(ExactEnergy(kilowattHours: text))
                let fraction = try #require(Rational(decimal: text))
                let total = Int64.random(in: 1...7_200_000, using: &random)
                let part = Int64.random(in: 0...total, using: &random)
                let one = energy.share(of: .milliseconds(part), in: .milliseconds(total))
                let other = energy.share(of: .milliseconds(total - part), in: .milliseconds(total))
                #expect(one + other == energy, "seed \(seed)")
                #expect(one.kilowattHours == fraction * Rational(part) / Rational(total), "seed \(seed)")
                sum += one
                exact += fraction * Rational(part) / Rational(total)
            }
            #expect(sum.kilowattHours == exact, "seed \(seed)")
        }
    }

    @Test func `rounding to milliwatt-hours is half away from zero`() {
        #expect(ExactEnergy(kilowattHours: "0.0000005")?.rounded == Energy(milliwattHours: 1))
        #expect(ExactEnergy(kilowattHours: "-0.0000005")?.rounded == Energy(milliwattHours: -1))
        #expect(ExactEnergy(kilowattHours: "0.00000149")?.rounded == Energy(milliwattHours: 1))
    }
}
