import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charge point: faults") struct StationFaultTests {
    private func settings(_ change: (inout StationFaults) -> Void) -> StationSettings {
        var settings = StationSettings(identity: "CP-1")
        change(&settings.faults)
        return settings
    }

    @Test func `a reconnect without boot goes on where it was`() {
        var b = Bench(settings { $0.reconnectsWithoutBoot = true })
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        _ = b.newStory()
        b.cut()
        b.run(for: .seconds(59))
        #expect(b.connections == 2 && b.story == [])
        b.run(for: .seconds(2))
        #expect(b.story == ["meter 101 117.3"])
    }

    @Test func `who came while the connection was gone is asked about after a reconnect without boot`() {
        var b = Bench(settings { $0.reconnectsWithoutBoot = true })
        _ = b.newStory()
        b.cut()
        b.run(for: .seconds(2))
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        // Back before the driver's patience is over.
        b.run(for: .seconds(20))
        #expect(b.connections == 2 && b.newStory().contains("Authorize"))
        #expect(b.station.isCharging(connector: 1))
    }

    @Test func `a duplicated call comes twice with one id and is answered twice`() {
        var b = Bench(settings { $0.duplicatesPermille = 1000 })
        #expect(Array(b.newStory().prefix(2)) == ["BootNotification", "BootNotification"])
        #expect(b.station.counts.duplicates > 0)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(3))
        #expect(b.station.undelivered == 0)
    }

    @Test func `a late answer comes after the central system's time-out`() {
        var b = Bench(
            settings {
                $0.lateAnswersPermille = 1000
                $0.lateAnswerDelay = .seconds(45)
            })
        let token = b.order(.clearCache(.init()))
        b.run(for: .seconds(31))
        #expect(b.outcomes[token] == .timeout)
        b.run(for: .seconds(15))
        #expect(b.outcomes[token] == .answered(payload: Array(#"{"status":"Accepted"}"#.utf8)))
    }

    @Test func `a wrong clock is wrong in every timestamp`() {
        var b = Bench(settings { $0.clockSkew = .seconds(-90) })
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        guard case .startTransaction(let start)? = b.requests.first(where: { $0.action == .startTransaction }) else {
            return #expect(Bool(false))
        }
        #expect(start.timestamp == t0 - .seconds(90))
    }

    @Test func `reconnection attempts back off and are bounded`() {
        var b = Bench()
        b.isReachable = false
        b.cut()
        b.run(for: .hours(10))
        b.isReachable = true
        let before = b.connections
        b.run(for: .minutes(8))
        #expect(b.connections == before + 1)
    }

    /// Lossy, late, duplicated and dropped: whatever the seed, every transaction is delivered in order in the end, nothing
    /// sent breaks the standard, and the meter shows the integral of the power that a checker reads every second.
    @Test func `every seed delivers its transactions and conserves energy`() {
        for seed in 1...20 {
            var random = SeededRandom(seed: UInt64(seed) &* 77)
            var settings = StationSettings(identity: "CP-\(seed)")
            settings.faults = StationFaults(seed: UInt64(seed))
            settings.faults.dropsPermille = 30
            settings.faults.duplicatesPermille = 30
            var b = Bench(settings)
            var sessions = 0
            var integral: Int64 = 0
            for _ in 0..<4 {
                b.feed(.plugIn(connector: 1, .wanting(Int64(1 + random.next() % 9)), idTag: "A"))
                for _ in 0..<Int(60 + random.next() % 900) {
                    // Power is constant between events; the checker reads it before each second.
                    integral += b.station.power.watts
                    b.run(for: .seconds(1))
                }
                if b.station.isCharging(connector: 1) { sessions += 1 }
                b.feed(.plugOut(connector: 1))
                b.run(for: .seconds(Int(random.next() % 300)))
            }
            b.run(for: .hours(2))
            #expect(b.station.undelivered == 0, "seed \(seed)")
            #expect(b.faults == [], "seed \(seed): \(b.faults.first ?? "")")
            let metered = (b.station.register(connector: 1)?.milliwattHours ?? 0)
            // The checker is a second coarse at each change of power: one second at full power each.
            #expect(abs(metered - integral * 1000 / 3600) < 40 * 7040 * 1000 / 3600, "seed \(seed)")
            var open: Set<Int> = []
            var last: Int?
            for request in b.requests {
                switch request {
                case .startTransaction(let start): last = start.meterStart
                case .stopTransaction(let stop):
                    #expect(stop.meterStop >= (last ?? 0), "seed \(seed)")
                    open.insert(stop.transactionId)
                default: break
                }
            }
            #expect(open.count >= sessions, "seed \(seed): \(open) of \(sessions)")
        }
    }
}
