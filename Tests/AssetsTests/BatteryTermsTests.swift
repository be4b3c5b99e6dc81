import Assets
import Quantities
import Testing

@Suite("Battery terms") struct BatteryTermsTests {
    @Test func `throughput life gives the prices that are usual`() {
        let nmc = BatteryTerms(chemistry: .nmc, valuePerKilowattHour: 800_000_000)
        #expect(nmc.wearPrice == Rational(4, 15))
        let lfp = BatteryTerms(chemistry: .lfp, valuePerKilowattHour: 800_000_000, consumption: 150)
        #expect(lfp.wearPrice.text(decimals: 4) == "0.1333")
        #expect(lfp.wear(of: .kilowattHours(30)) == Rational(4))
        #expect(lfp.virtualDistance(of: .kilowattHours(30)) == 200_000)
        #expect(nmc.virtualDistance(of: .kilowattHours(30)) == nil, "no consumption, no distance")
    }
}
