import Gateway
import NIOPosix
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated stations on real sockets", .timeLimit(.minutes(1))) struct StationFleetTests {
    static let start = Instant("2026-01-05T08:00:00Z") ?? Instant(seconds: 0)

    static func withCentralSystem(
        _ body: (StandIn, StationEndpoint, MultiThreadedEventLoopGroup) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let standIn = StandIn()
        let gateway = OCPPGateway(delegate: standIn, group: group)
        standIn.state.withLock { $0.gateway = gateway }
        let port = try await gateway.start(host: "127.0.0.1", port: 0).port ?? 0
        try await body(standIn, StationEndpoint(host: "127.0.0.1", port: port), group)
        await gateway.shutdown()
        standIn.state.withLock { $0.gateway = nil }
        try await group.shutdownGracefully()
    }

    /// Two hours at each of `count` stations, one after the other at the second stay.
    static func members(_ count: Int, faults: StationFaults = .none, password: String? = nil) -> [StationFleet.Member] {
        (0..<count).map { index in
            var settings = StationSettings(identity: "潮|\(index)")
            settings.faults = faults
            settings.faults.seed = UInt64(index)
            func stay(_ minute: Int) -> StationFleet.Stay {
                let vehicle = SimulatedVehicle(
                    battery: .kilowattHours(60), stored: .kilowattHours(20), wanted: .kilowattHours(7),
                    maxPower: Power(watts: 7040))
                return StationFleet.Stay(
                    arrival: start + .minutes(minute), departure: start + .minutes(minute + 120), vehicle: vehicle,
                    idTag: "TAG\(index)")
            }
            return StationFleet.Member(settings: settings, password: password, stays: [stay(5), stay(180)])
        }
    }

    /// Runs a fleet to the end of its stays.
    static func run(
        _ members: [StationFleet.Member], against endpoint: StationEndpoint, _ group: MultiThreadedEventLoopGroup,
        speed: Double = 10_000
    ) async -> FleetSummary {
        let fleet = StationFleet(
            endpoint: endpoint, members: members, clock: FleetClock(start: start, speed: speed), group: group)
        fleet.start()
        while await !fleet.isDone() { await Task.yield() }
        await fleet.finish(within: .seconds(5))
        return await fleet.summary()
    }

    @Test func `every stay becomes a session with exactly its energy`() async throws {
        try await Self.withCentralSystem { standIn, endpoint, group in
            let summary = await Self.run(Self.members(8, password: "secret"), against: endpoint, group)
            #expect(summary.counts.transactionsStarted == 16 && summary.counts.transactionsEnded == 16)
            #expect(summary.undelivered == 0 && summary.counts.errors == 0 && summary.counts.refusals == 0)
            // 16 × 7 kWh, to the whole watt-hours of meterStart and meterStop.
            #expect(abs(summary.energy.milliwattHours - 112_000_000) < 16_000)
            #expect(abs(standIn.soldWattHours - 112_000) <= 32)
            let seen = standIn.state.withLock { $0 }
            #expect(seen.identities == Set((0..<8).map { "潮|\($0)" }))
            #expect(seen.passwords == Set((0..<8).map { "潮|\($0):secret" }))
            #expect(seen.actions["BootNotification"] == 8 && seen.actions["MeterValues", default: 0] > 16)
        }
    }

    @Test func `sockets that are cut again and again lose no session`() async throws {
        try await Self.withCentralSystem { standIn, endpoint, group in
            standIn.state.withLock { $0.cutsAfter = 7 }
            let summary = await Self.run(Self.members(4), against: endpoint, group, speed: 5_000)
            #expect(summary.connectionsLost > 4)
            #expect(summary.undelivered == 0 && summary.counts.transactionsEnded == 8)
            #expect(abs(summary.energy.milliwattHours - 56_000_000) < 8_000)
        }
    }

    @Test func `faults are counted`() async throws {
        try await Self.withCentralSystem { _, endpoint, group in
            var faults = StationFaults()
            faults.duplicatesPermille = 300
            faults.dropsPermille = 50
            let summary = await Self.run(Self.members(4, faults: faults), against: endpoint, group, speed: 5_000)
            #expect(summary.counts.duplicates > 0 && summary.counts.drops > 0)
            #expect(summary.undelivered == 0)
        }
    }

    @Test func `a fleet that is refused says why`() async throws {
        try await Self.withCentralSystem { standIn, endpoint, group in
            standIn.state.withLock { $0.decision = .unauthorized }
            let fleet = StationFleet(
                endpoint: endpoint, members: Self.members(1), clock: FleetClock(start: Self.start, speed: 1),
                group: group)
            fleet.start()
            var summary = await fleet.summary()
            while summary.connectionsLost == 0 { summary = await fleet.summary() }
            await fleet.finish(within: .zero)
            #expect(summary.lastFault == "refused: HTTP/1.1 401 Unauthorized" && summary.connectionsOpened == 0)
        }
    }
}
