import Assets
import Charging
import Quantities
import Testing

@Suite("Register arithmetic") struct RegisterTests {
    private func session(start: Int64) -> Session {
        Session(
            id: Session.ID("S-1"), evse: EVSEID(StationID("CP1"), 1), connector: 1, transactionID: "1", idToken: "T",
            startedAt: Instant(seconds: 0), registerStart: .wattHours(start))
    }

    @Test func `import is the stop less the start, whatever lies between, seed by seed`() {
        for seed in UInt64(0)..<200 {
            var random = SeededRandom(seed: seed)
            var session = session(start: 1000)
            var register: Int64 = 1000
            for minute in 1...30 {
                register += Int64.random(in: 0...500, using: &random)
                // Readings may be lost, repeated, or come late.
                if Bool.random(using: &random) {
                    session.take(
                        register: .wattHours(register), at: Instant(seconds: Int64(minute) * 60),
                        receivedAt: Instant(seconds: 1 << 32))
                }
                if Int.random(in: 0..<5, using: &random) == 0 {
                    session.take(
                        register: .wattHours(register), at: Instant(seconds: Int64(minute) * 60),
                        receivedAt: Instant(seconds: 1 << 32))
                    session.take(
                        register: .wattHours(1000), at: Instant(seconds: 1), receivedAt: Instant(seconds: 1 << 32))
                }
            }
            session.end(at: Instant(seconds: 3600), register: .wattHours(register), reason: "Local")
            #expect(session.imported == .wattHours(register - 1000), "seed \(seed)")
            #expect(session.flags.isEmpty, "seed \(seed)")
        }
    }

    @Test func `a register that falls adds nothing by falling and counts on`() {
        var session = session(start: 10_000)
        session.take(register: .wattHours(12_000), at: Instant(seconds: 60), receivedAt: Instant(seconds: 1 << 32))
        session.take(register: .wattHours(0), at: Instant(seconds: 120), receivedAt: Instant(seconds: 1 << 32))
        session.take(register: .wattHours(500), at: Instant(seconds: 180), receivedAt: Instant(seconds: 1 << 32))
        session.end(at: Instant(seconds: 240), register: .wattHours(700), reason: nil)
        #expect(session.imported == .wattHours(2700))
        #expect(session.has(.registerWentBack))
    }

    @Test func `a register that jumps adds nothing by jumping`() {
        var session = session(start: 0)
        session.take(register: .wattHours(1000), at: Instant(seconds: 60), receivedAt: Instant(seconds: 1 << 32))
        session.take(
            register: .wattHours(900_000_000_000), at: Instant(seconds: 120), receivedAt: Instant(seconds: 1 << 32))
        session.end(at: Instant(seconds: 180), register: .wattHours(900_000_000_500), reason: nil)
        #expect(session.imported == .wattHours(1500))
        #expect(session.has(.registerJumped))
    }

    @Test func `a stop below its start keeps what was metered`() {
        var session = session(start: 5000)
        session.take(register: .wattHours(6000), at: Instant(seconds: 60), receivedAt: Instant(seconds: 1 << 32))
        session.end(at: Instant(seconds: 120), register: .wattHours(10), reason: nil)
        #expect(session.imported == .wattHours(1000))
        #expect(session.has(.registerWentBack))
        #expect(session.registerStop == .wattHours(10))
    }

    @Test func `a stop in whole watt-hours below a sample in tenths is rounding, not a register that fell`() {
        for (stop, isFall) in [(Int64(2000), false), (1999, true)] {
            var session = session(start: 1000)
            session.take(
                register: RegisterReading(milliwattHours: 2_000_900), at: Instant(seconds: 60),
                receivedAt: Instant(seconds: 1 << 32))
            session.end(at: Instant(seconds: 120), register: .wattHours(stop), reason: nil)
            #expect(session.imported == .wattHours(stop - 1000))
            #expect(session.has(.registerWentBack) == isFall)
        }
    }

    @Test func `a session never ends before it starts`() {
        var session = session(start: 0)
        session.startedAt = Instant(seconds: 500)
        session.end(at: Instant(seconds: 100), register: nil, reason: nil)
        #expect(session.endedAt == Instant(seconds: 500))
    }
}

@Suite("Live meter") struct LiveMeterTests {
    private func reading(
        _ measurand: String, _ mantissa: Int64, scale: Int = 0, _ unit: String, phase: String? = nil, at: Int64 = 60,
        location: String? = "Outlet"
    ) -> Reading {
        Reading(
            at: Instant(seconds: at), measurand: measurand, mantissa: mantissa, scale: scale, unit: unit, phase: phase,
            location: location)
    }
    private func power(_ readings: [Reading]) -> Power? {
        var meter = LiveMeter()
        meter.take(readings, voltage: 220, phases: 1, at: Instant(seconds: 100))
        return meter.power
    }

    @Test func `power is taken as told, in watts or kilowatts, whole or by phase`() {
        #expect(power([reading("Power.Active.Import", 70_404, scale: 1, "W")]) == .watts(7040))
        #expect(power([reading("Power.Active.Import", 704, scale: 2, "kW")]) == .watts(7040))
        let phases = ["L1", "L2", "L3"].map { reading("Power.Active.Import", 1000, "W", phase: $0) }
        #expect(power(phases) == .watts(3000))
        #expect(power(phases + [reading("Power.Active.Import", 3100, "W")]) == .watts(3100))
        #expect(power([reading("Power.Active.Export", 3000, "W")]) == .watts(-3000))
    }

    @Test func `without power the currents tell it`() {
        #expect(power([reading("Current.Import", 16, "A")]) == .watts(3520))
        let phases = ["L1", "L2", "L3", "N"].map { reading("Current.Import", 10, "A", phase: $0) }
        #expect(power(phases) == .watts(6600))
    }

    @Test func `without either the register's steps tell it`() {
        var meter = LiveMeter()
        meter.take(
            [reading("Energy.Active.Import.Register", 1000, "Wh", at: 0)], voltage: 220, phases: 1,
            at: Instant(seconds: 0))
        #expect(meter.power == nil)
        meter.take(
            [reading("Energy.Active.Import.Register", 1117, "Wh", at: 60)], voltage: 220, phases: 1,
            at: Instant(seconds: 60))
        #expect(meter.power == .watts(7020))
        #expect(meter.at == Instant(seconds: 60))
    }

    @Test func `what waited in a queue is as old as it is, whatever the station's clock says`() {
        for skew in [-40, 0, 40] as [Int64] {
            var meter = LiveMeter()
            func take(_ watts: Int64, metered: Int64, told: Int64, wasOffline: Bool = false) {
                meter.take(
                    [reading("Power.Active.Import", watts, "W", at: metered + skew)], voltage: 220, phases: 1,
                    wasOffline: wasOffline, at: Instant(seconds: told))
            }
            // At first nobody knows how wrong the clock is.
            take(6_000, metered: 800, told: 800)
            take(7_000, metered: 1_000, told: 1_000)
            take(7_001, metered: 1_010, told: 1_010)
            #expect(meter.at == Instant(seconds: 1_010), "skew \(skew)")
            // Away for half a minute; then one after another.
            take(7_002, metered: 1_015, told: 1_045, wasOffline: true)
            #expect(meter.power == .watts(7_002) && meter.at == Instant(seconds: 1_015), "skew \(skew)")
            take(7_003, metered: 1_043, told: 1_048)
            #expect(meter.at == Instant(seconds: 1_043), "skew \(skew)")
            take(7_004, metered: 1_050, told: 1_050)
            #expect(meter.at == Instant(seconds: 1_050), "skew \(skew)")
        }
        // Away for longer: what was metered since waits behind what was queued before, and nothing says so.
        for skew in [-40, 0, 40] as [Int64] {
            var meter = LiveMeter()
            for (metered, told) in [(1_000, 1_000), (1_030, 1_030), (1_200, 1_240), (1_202, 1_241)] as [(Int64, Int64)]
            {
                meter.take(
                    [reading("Power.Active.Import", told, "W", at: metered + skew)], voltage: 220, phases: 1,
                    at: Instant(seconds: told))
            }
            #expect(meter.at == Instant(seconds: 1_202), "skew \(skew)")
        }
        // We begin while a station tells what it kept.
        var late = LiveMeter()
        late.take(
            [reading("Power.Active.Import", 7_000, "W", at: 700)], voltage: 220, phases: 1, at: Instant(seconds: 730))
        #expect(late.at == Instant(seconds: 700))
        // For minutes on end a station tells what it kept, older than what comes live by half a minute.
        var slow = LiveMeter()
        for told in stride(from: Int64(1_000), through: 1_240, by: 2) {
            slow.take(
                [reading("Power.Active.Import", told, "W", at: told < 1_040 ? told : told - 30)], voltage: 220,
                phases: 1,
                at: Instant(seconds: told))
        }
        #expect(slow.at == Instant(seconds: 1_210))
        // Silence for however long makes nobody's delay out of a queue's.
        var away = LiveMeter()
        for (metered, told) in [(1_000, 1_000), (1_030, 1_030), (1_060, 1_306), (1_310, 1_357)] as [(Int64, Int64)] {
            away.take(
                [reading("Power.Active.Import", told, "W", at: metered)], voltage: 220, phases: 1,
                at: Instant(seconds: told))
        }
        #expect(away.at == Instant(seconds: 1_310))
        // A clock that ran ahead and was set right is believed again within some minutes.
        var meter = LiveMeter()
        for (metered, told) in [
            (200, 100), (210, 110), (130, 130), (200, 200), (260, 260), (430, 430), (500, 500), (560, 560),
        ]
            as [(Int64, Int64)]
        {
            meter.take(
                [reading("Power.Active.Import", told, "W", at: metered)], voltage: 220, phases: 1,
                at: Instant(seconds: told))
        }
        #expect(meter.at == Instant(seconds: 560))
    }

    @Test func `older samples and other places say nothing`() {
        var meter = LiveMeter()
        meter.take([reading("Power.Active.Import", 7000, "W")], voltage: 220, phases: 1, at: Instant(seconds: 60))
        meter.take([reading("Power.Active.Import", 1, "W", at: 30)], voltage: 220, phases: 1, at: Instant(seconds: 90))
        #expect(meter.power == .watts(7000))
        #expect(power([reading("Power.Active.Import", 9, "W", location: "Inlet")]) == nil)
    }
}
