import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charge point: sessions") struct SessionTests {
    @Test func `it boots, reports its connectors and beats`() {
        var b = Bench()
        #expect(b.newStory() == ["BootNotification", "0 Available", "1 Available"])
        b.run(for: .seconds(299))
        #expect(b.newStory() == [])
        b.run(for: .seconds(1))
        #expect(b.newStory() == ["Heartbeat"])
        #expect(b.faults == [])
    }

    @Test func `each wake-up asks for at most one more, however many old ones are left`() {
        var station = SimulatedChargePoint(StationSettings(identity: "CP-1"), at: t0)
        var due = [t0]
        var wakes = 0
        func wishes(_ actions: [SimulatedChargePoint.Action]) -> [Instant] {
            actions.compactMap { if case .wake(let at) = $0 { at } else { nil } }
        }
        due += wishes(station.handle(.powerOn, at: t0))
        due += wishes(station.handle(.disconnected, at: t0))
        due += wishes(station.handle(.plugIn(connector: 1, .wanting(30), idTag: "A"), at: t0))
        // A driver that never cancels a timer.
        while let at = due.min(), at <= t0 + .hours(2) {
            due.remove(at: due.firstIndex(of: at) ?? 0)
            due += wishes(station.handle(.wake, at: at))
            wakes += 1
            #expect(due.count <= 4)
        }
        // A sample a minute, battery steps every few minutes; the last one shows 7140 s of charging.
        #expect((120...300).contains(wakes))
        #expect(station.register(connector: 1) == RegisterReading(milliwattHours: 7_040 * 7_140_000 / 3600))
    }

    @Test func `while pending it asks again at the interval and sends nothing else`() {
        var b = Bench()
        b.answer = { request, number in
            guard case .bootNotification = request else { return Bench.friendly(request, number) }
            return .bootNotification(.init(status: .pending, currentTime: t0, interval: 20))
        }
        b.cut()
        b.run(for: .seconds(10))
        _ = b.newStory()
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "A"))
        b.run(for: .seconds(60))
        #expect(Set(b.story) == ["BootNotification"] && b.requests.count == 3)
        b.answer = { Bench.friendly($0, $1) }
        b.run(for: .seconds(20))
        #expect(b.story.suffix(5) == ["0 Available", "1 Preparing", "Authorize", "start A 0", "1 Charging"])
    }

    @Test func `a session is told from plug to plug, and its energy is exact`() {
        var b = Bench()
        _ = b.newStory()
        b.feed(.plugIn(connector: 1, .wanting(20), idTag: "A"))
        #expect(b.newStory() == ["1 Preparing", "Authorize", "start A 0", "1 Charging"])
        #expect(b.station.power == .watts(7040))
        b.run(for: .seconds(120))
        // 7040 W for a minute are 117.333 Wh, for two 234.666 Wh; the meter shows tenths, cut off.
        #expect(b.newStory() == ["meter 101 117.3", "meter 101 234.6"])
        b.run(for: .seconds(3480))
        #expect(b.station.register(connector: 1) == .wattHours(7040))
        _ = b.newStory()
        b.feed(.plugOut(connector: 1))
        #expect(b.newStory() == ["stop 101 7040 EVDisconnected", "1 Available"])
        #expect(b.station.power == .zero && b.faults == [])
    }

    @Test func `readings carry register, power and current`() throws {
        var b = Bench()
        b.feed(.plugIn(connector: 1, .wanting(20), idTag: "A"))
        b.run(for: .seconds(60))
        guard case .meterValues(let values)? = b.requests.last else { return #expect(Bool(false)) }
        let readings = values.meterValue.readings
        #expect(readings.map(\.measurand) == [.energyActiveImportRegister, .powerActiveImport, .currentImport])
        #expect(readings.map(\.text) == ["117.3", "7040.0", "32.0"])
        #expect(readings.map(\.unit) == [.wh, .w, .a] && readings[2].phase == .l1)
        #expect(readings.allSatisfy { $0.at == t0 + .seconds(60) })
    }

    @Test func `a satisfied vehicle stops drawing and is reported as such`() {
        var b = Bench()
        b.feed(.plugIn(connector: 1, .wanting(7), idTag: "A"))
        b.run(for: .hours(2))
        #expect(b.status == .suspendedEV && b.station.power == .zero)
        #expect(b.station.vehicle(connector: 1)?.isSatisfied == true)
        // Energy in equals energy stored, to the step's milliwatt-hours.
        let metered = b.station.register(connector: 1)?.milliwattHours ?? 0
        #expect((7_000_000...7_000_010).contains(metered))
        #expect(b.story.contains("1 SuspendedEV"))
        b.feed(.stop(connector: 1))
        #expect(b.status == .finishing && b.story.last == "1 Finishing")
    }

    @Test func `the battery's taper slows charging, step by step, until it is full`() {
        var b = Bench()
        b.feed(.plugIn(connector: 1, .wanting(60, stored: 53), idTag: "A"))
        var last = Power.watts(.max)
        var powers: Set<Power> = []
        for _ in 0..<200 {
            #expect(b.station.power <= last)
            last = b.station.power
            powers.insert(last)
            b.run(for: .minutes(2))
        }
        #expect(powers.count >= 10)
        #expect(b.station.vehicle(connector: 1)?.stored == .kilowattHours(60))
        #expect(b.status == .suspendedEV)
    }

    @Test func `efficiency loses energy before the battery and nowhere else`() {
        var b = Bench()
        let vehicle = SimulatedVehicle(
            battery: .kilowattHours(60), stored: .zero, wanted: .kilowattHours(9), maxPower: .watts(7040),
            efficiencyPermille: 900)
        b.feed(.plugIn(connector: 1, vehicle, idTag: "A"))
        b.run(for: .hours(3))
        let metered = b.station.register(connector: 1)?.milliwattHours ?? 0
        #expect((10_000_000...10_000_020).contains(metered))
    }

    @Test func `a tag that is not accepted does not charge`() {
        var b = Bench()
        b.answer = { Bench.friendly($0, $1, tag: .invalid) }
        _ = b.newStory()
        b.feed(.plugIn(connector: 1, .wanting(7), idTag: "NOBODY"))
        b.run(for: .minutes(10))
        #expect(b.status == .preparing && b.station.power == .zero)
        #expect(!b.story.contains { $0.hasPrefix("start") })
    }

    @Test func `a transaction that the central system does not allow ends as deauthorised`() {
        var b = Bench()
        b.answer = { request, number in
            if case .startTransaction = request { return Bench.friendly(request, number, tag: .blocked) }
            return Bench.friendly(request, number)
        }
        _ = b.newStory()
        b.feed(.plugIn(connector: 1, .wanting(7), idTag: "A"))
        #expect(
            b.newStory() == ["Authorize", "start A 0", "1 Finishing", "stop 101 0 DeAuthorized"]
                || b.status == .finishing)
        #expect(b.station.power == .zero)
    }

    @Test func `a transaction that began and ended offline is delivered in order with its own times`() {
        var b = Bench()
        _ = b.newStory()
        b.isReachable = false
        b.cut()
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .seconds(29))
        #expect(!b.station.isCharging(connector: 1))
        b.run(for: .seconds(61))
        #expect(b.station.isCharging(connector: 1))
        b.run(for: .seconds(120))
        b.feed(.plugOut(connector: 1))
        b.run(for: .minutes(20))
        #expect(b.requests.isEmpty)
        b.isReachable = true
        b.run(for: .minutes(10))
        let transaction = b.story.filter { $0.hasPrefix("start") || $0.hasPrefix("meter") || $0.hasPrefix("stop") }
        #expect(
            transaction == [
                "start A 0", "meter 101 117.3", "meter 101 234.6", "meter 101 352.0", "stop 101 352 EVDisconnected",
            ])
        guard case .startTransaction(let start)? = b.requests.first(where: { $0.action == .startTransaction }) else {
            return #expect(Bool(false))
        }
        #expect(start.timestamp == t0 + .seconds(30))
        #expect(b.station.undelivered == 0 && b.faults == [])
    }

    @Test func `a connection lost in between loses nothing and repeats nothing that was answered`() {
        var b = Bench()
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .seconds(90))
        b.cut()
        b.run(for: .minutes(10))
        let samples = b.story.filter { $0.hasPrefix("meter") }
        #expect(Set(samples).count == samples.count && samples.count == 11)
        #expect(b.connections == 2)
    }

    @Test func `an unanswered transaction message is sent again, each wait longer, then given up`() {
        var b = Bench()
        b.answer = { request, number in
            if case .startTransaction = request { return nil }
            return Bench.friendly(request, number)
        }
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(5))
        let starts = zip(b.requests, b.times).filter { $0.0.action == .startTransaction }.map(\.1)
        // 30 s time-out and 10 s, then 30 s and 20 s.
        #expect(starts == [t0, t0 + .seconds(40), t0 + .seconds(90)])
        #expect(b.story.contains { $0.hasPrefix("meter - ") })
        b.feed(.plugOut(connector: 1))
        b.run(for: .minutes(1))
        #expect(b.story.contains { $0.hasPrefix("stop -1 ") })
    }

    /// The same day, once with every wake-up on time and once with the driver asleep: the meters agree to the mWh.
    @Test func `late wake-ups change nothing`() {
        for seed in 1...40 {
            var random = SeededRandom(seed: UInt64(seed))
            func bench() -> Bench {
                var b = Bench()
                b.isReachable = false
                _ = b.station.handle(.disconnected, at: t0)
                return b
            }
            var (awake, asleep) = (bench(), bench())
            let vehicle = SimulatedVehicle.wanting(Int64(1 + random.next() % 40), stored: Int64(random.next() % 60))
            let stay = Duration.seconds(Int(600 + random.next() % 36_000))
            awake.feed(.plugIn(connector: 1, vehicle, idTag: "A"))
            asleep.feed(.plugIn(connector: 1, vehicle, idTag: "A"))
            awake.run(for: stay)
            asleep.sleep(stay)
            awake.feed(.plugOut(connector: 1))
            asleep.feed(.plugOut(connector: 1))
            #expect(awake.station.register(connector: 1) == asleep.station.register(connector: 1), "seed \(seed)")
            #expect(awake.station.queue.messages == asleep.station.queue.messages, "seed \(seed)")
        }
    }
}
