import OCPP
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated batteries and electronics") struct BatteryTests {
    private func battery(_ percent: Int64, charge: Int = 960, discharge: Int = 950) -> SimulatedBattery {
        SimulatedBattery(
            capacity: .kilowattHours(60), stored: Energy(milliwattHours: 600_000 * percent),
            chargeEfficiencyPermille: charge, dischargeEfficiencyPermille: discharge, dischargeTaperStartPermille: 100)
    }

    @Test func `a round trip costs both efficiencies, to the milliwatt-hour`() {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var b = battery(
                50, charge: 800 + Int(random.next() % 200), discharge: 800 + Int(random.next() % 200))
            let start = b.stored
            var (inward, outward) = (Int64(0), Int64(0))
            for _ in 0..<500 {
                let energy = Int64(random.next() % 20_000)
                if random.next() % 2 == 0 {
                    b.charge(Energy(milliwattHours: energy))
                    inward += energy
                } else {
                    b.discharge(Energy(milliwattHours: energy))
                    outward += energy
                }
            }
            let exact =
                Double(inward) * Double(b.chargeEfficiencyPermille) / 1000
                - Double(outward) * 1000 / Double(b.dischargeEfficiencyPermille)
            #expect(abs(Double((b.stored - start).milliwattHours) - exact) <= 2, "seed \(seed)")
        }
    }

    @Test func `near full and near empty its management lets less through, in steps of a per cent`() {
        for (percent, charge, discharge) in [
            (50, 1000, 1000), (90, 1000, 1000), (95, 600, 1000), (99, 280, 1000), (10, 1000, 1000), (5, 1000, 600),
            (1, 1000, 280), (0, 1000, 0),
        ] as [(Int64, Int64, Int64)] {
            let b = battery(percent)
            #expect(b.chargeSharePermille == charge && b.dischargeSharePermille == discharge, "\(percent) %")
        }
        // The least energy after which that changes, and not a milliwatt-hour less.
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var b = SimulatedBattery(
                capacity: Energy(milliwattHours: 50_000_001 + Int64(random.next() % 1_000_003)),
                stored: Energy(milliwattHours: Int64(random.next() % 50_000_000)),
                chargeEfficiencyPermille: 901, dischargeEfficiencyPermille: 877, taperStartPermille: 1,
                dischargeTaperStartPermille: 1000)
            let up = b.chargeToNextStep(ceiling: b.capacity)
            var short = b
            short.charge(Energy(milliwattHours: up.milliwattHours - 1))
            #expect(short.chargeSharePermille == b.chargeSharePermille, "seed \(seed)")
            short = b
            short.charge(up)
            #expect(short.chargeSharePermille < b.chargeSharePermille || short.isFull, "seed \(seed)")
            let down = b.dischargeToNextStep(floor: .zero)
            short = b
            short.discharge(Energy(milliwattHours: max(0, down.milliwattHours - 1)))
            #expect(short.dischargeSharePermille == b.dischargeSharePermille, "seed \(seed)")
            b.discharge(down)
            #expect(b.dischargeSharePermille < short.dischargeSharePermille, "seed \(seed)")
        }
    }

    @Test func `an order takes effect after its delay and moves at its ramp; what cannot be binds at once`() {
        var flow = PowerFlow()
        var now = t0
        func follow(_ watts: Int64, within bounds: ClosedRange<Int64> = -20_000...20_000) {
            flow.follow(
                .watts(watts), within: .watts(bounds.lowerBound)...(.watts(bounds.upperBound)),
                delay: .milliseconds(400), perTick: .watts(1000), at: now)
        }
        follow(-3000)
        #expect(flow.power == .zero && flow.due == t0 + .milliseconds(400))
        now = t0 + .milliseconds(400)
        follow(-3000)
        #expect(flow.power == .zero && flow.due == now + PowerFlow.tick)
        for step in 1...3 as ClosedRange<Int64> {
            now = now + PowerFlow.tick
            follow(-3000)
            #expect(flow.power == .watts(-1000 * step))
        }
        #expect(flow.due == nil)
        follow(-3000, within: -500...20_000)
        #expect(flow.power == .watts(-500) && flow.due == nil)
        follow(-3000)
        #expect(flow.due == now + PowerFlow.tick)
    }
}
