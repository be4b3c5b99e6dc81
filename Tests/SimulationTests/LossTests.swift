import Charging
import Quantities
import Simulation
import Testing

/// Losses told by registers and states of charge, against batteries whose losses are known.
@Suite("Measured losses") struct LossTests {
    private static let start = Instant(seconds: 1_800_000_000)

    /// How a station meters: the steps of its values, and how often it tells them.
    private struct Meter {
        /// Hundredths of a per cent; cut off, or rounded to the nearest.
        var step: Int64 = 100
        var isRounded = false
        /// mWh.
        var resolution: Int64 = 1000
        var interval: Duration = .seconds(2)
        /// Watts that it draws by itself while nothing flows.
        var standby: Int64 = 0
    }

    /// A stay that is being metered.
    private struct Stay {
        var battery: SimulatedBattery
        let meter: Meter
        var at = LossTests.start
        var (imported, exported) = (Int64(5_000_000_000), Int64(700_000))
        var track = LossTrack()

        init(_ battery: SimulatedBattery, _ meter: Meter) {
            (self.battery, self.meter) = (battery, meter)
            tell()
        }

        mutating func tell() {
            let exact = battery.stored.milliwattHours * 10_000 / battery.capacity.milliwattHours
            let charge = (exact + (meter.isRounded ? meter.step / 2 : 0)) / meter.step * meter.step
            func shown(_ register: Int64) -> RegisterReading {
                RegisterReading(milliwattHours: register / meter.resolution * meter.resolution)
            }
            track.take(
                LossTrack.Sample(
                    at: at, charge: min(charge, 10_000), imported: shown(imported), exported: shown(exported)))
        }

        /// So many readings at a power; discharging below 0.
        mutating func pass(_ readings: Int, watts: Int64) {
            for _ in 0..<readings {
                let flow = Energy(milliwattHours: abs(watts) * meter.interval.wholeMilliseconds / 3600)
                if watts > 0 {
                    imported += flow.milliwattHours
                    battery.charge(flow)
                } else if watts < 0 {
                    exported += flow.milliwattHours
                    battery.discharge(flow)
                } else {
                    imported += meter.standby * meter.interval.wholeMilliseconds / 3600
                }
                at += meter.interval
                tell()
            }
        }
    }

    private static func battery(_ random: inout SeededRandom) -> SimulatedBattery {
        SimulatedBattery(
            capacity: .kilowattHours(Int64(30 + random.next() % 70)), stored: .kilowattHours(15),
            chargeEfficiencyPermille: 820 + Int(random.next() % 180),
            dischargeEfficiencyPermille: 820 + Int(random.next() % 180))
    }

    /// Exact, in millionths.
    private static func truth(_ battery: SimulatedBattery) -> Int {
        battery.chargeEfficiencyPermille * battery.dischargeEfficiencyPermille
    }

    /// Some turns of random length and power between a fifth and nine tenths full, with pauses.
    private static func drive(_ stay: inout Stay, _ random: inout SeededRandom) {
        let capacity = stay.battery.capacity.milliwattHours
        for _ in 0..<(6 + random.next() % 10) {
            let watts = 3000 + Int64(random.next() % 40_000)
            // What passes in one reading must not leap over the ends.
            let isUp = stay.battery.stored.milliwattHours < capacity / 2
            let each = watts * stay.meter.interval.wholeMilliseconds / 3600
            let room =
                isUp
                ? capacity * 9 / 10 - stay.battery.stored.milliwattHours
                : (stay.battery.stored.milliwattHours - capacity / 5) * 4 / 5
            let most = max(0, room / max(1, each))
            let share = 20 + Int64(random.next() % 80)
            stay.pass(Int(most * share / 100), watts: isUp ? watts : -watts)
            if random.next() % 2 == 0 { stay.pass(Int(random.next() % 40), watts: 0) }
        }
    }

    @Test func `the true losses lie in the interval that is told, whatever the meter, seed by seed`() throws {
        var told = 0
        for seed in UInt64(0)..<80 {
            var random = SeededRandom(seed: seed)
            let battery = Self.battery(&random)
            var meter = Meter()
            meter.step = [10, 50, 100][Int(random.next() % 3)]
            meter.isRounded = random.next() % 2 == 0
            meter.resolution = [1, 100, 1000][Int(random.next() % 3)]
            meter.interval = [.seconds(2), .seconds(10), .seconds(60)][Int(random.next() % 3)]
            var stay = Stay(battery, meter)
            Self.drive(&stay, &random)
            guard let measured = stay.track.roundTrip else { continue }
            told += 1
            let truth = Self.truth(battery)
            #expect(measured.low * 1000 <= truth && truth <= measured.high * 1000, "seed \(seed): \(measured)")
            let (charge, discharge) = (
                try #require(stay.track.chargeShare(capacity: battery.capacity)),
                try #require(stay.track.dischargeShare(capacity: battery.capacity))
            )
            #expect(
                (charge.low...charge.high).contains(battery.chargeEfficiencyPermille)
                    && (discharge.low...discharge.high).contains(battery.dischargeEfficiencyPermille), "seed \(seed)")
            if meter.interval == .seconds(2) {
                // Whole per cents, and yet a hundredth at most: the steps are exact, only their instants are not.
                #expect(measured.high - measured.low <= 60, "seed \(seed): \(measured)")
            }
        }
        #expect(told > 45, "most stays say something: \(told)")
    }

    @Test func `what is drawn while nothing flows is no loss of the way`() throws {
        var random = SeededRandom(seed: 5)
        let battery = Self.battery(&random)
        var meter = Meter()
        (meter.standby, meter.interval) = (60, .seconds(10))
        var stay = Stay(battery, meter)
        for _ in 0..<3 {
            stay.pass(200, watts: 12_000)
            stay.pass(2000, watts: 0)
            stay.pass(150, watts: -12_000)
            stay.pass(2000, watts: 0)
        }
        let measured = try #require(stay.track.roundTrip)
        #expect((measured.low * 1000...measured.high * 1000).contains(Self.truth(battery)))
    }

    @Test func `little movement, one direction, or figures that cannot be say nothing`() {
        let battery = SimulatedBattery(capacity: .kilowattHours(60), stored: .kilowattHours(20))
        var stay = Stay(battery, Meter())
        stay.pass(1500, watts: 20_000)
        #expect(stay.track.roundTrip == nil && stay.track.charged.points >= 2000)
        stay.pass(200, watts: -20_000)
        #expect(stay.track.roundTrip == nil, "some three points are too few")
        stay.pass(600, watts: -20_000)
        #expect(stay.track.roundTrip?.middle ?? 0 > 985)
        // A battery that rises by more than what went in: its management is lost, or the meter is another's.
        var absurd = LossTrack()
        for step in 0..<60 as Range<Int64> {
            let up = step < 30
            absurd.take(
                LossTrack.Sample(
                    at: Self.start + .seconds(step * 60), charge: up ? 3000 + 100 * step : 6000 - 10 * (step - 30),
                    imported: .wattHours(min(step, 30) * 100), exported: .wattHours(max(0, step - 30) * 100)))
        }
        #expect(absurd.roundTrip == nil)
    }

    @Test func `a register that falls, a charge that leaps, a lost hour: only what is sound counts`() throws {
        for seed in UInt64(0)..<25 {
            var random = SeededRandom(seed: seed)
            let battery = Self.battery(&random)
            var stay = Stay(battery, Meter())
            for _ in 0..<4 {
                Self.drive(&stay, &random)
                switch random.next() % 3 {
                case 0: (stay.imported, stay.exported) = (0, 0)
                case 1: stay.at = stay.at - .hours(1)
                default: stay.at += .hours(1)
                }
                // The disk knows it as memory does.
                #expect(LossTrack(text: stay.track.text) == stay.track)
            }
            guard let measured = stay.track.roundTrip else { continue }
            let truth = Self.truth(battery)
            #expect(measured.low * 1000 <= truth && truth <= measured.high * 1000, "seed \(seed): \(measured)")
        }
        #expect(LossTrack(text: "") == nil && LossTrack(text: "1,2;3") == nil)
    }

    @Test func `medians of several contain what all of them contain`() {
        let truth = 880
        for seed in UInt64(0)..<100 {
            var random = SeededRandom(seed: seed)
            let all = (0..<(1 + random.next() % 9)).map { _ in
                let (low, high) = (truth - Int(random.next() % 90), truth + Int(random.next() % 90))
                return RoundTrip(low: low, middle: Int.random(in: low...high, using: &random), high: high)
            }
            let one = RoundTrip(medianOf: all)
            #expect(one.map { $0.low <= truth && truth <= $0.high } ?? false, "seed \(seed)")
        }
        #expect(RoundTrip(medianOf: []) == nil)
        let one = RoundTrip(low: 810, middle: 865, high: 900)
        #expect(one.surelyOneWay == 900 && one.likelyOneWay == 930)
    }
}
