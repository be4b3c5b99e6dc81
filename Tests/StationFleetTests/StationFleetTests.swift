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
    static func members(
        _ count: Int, faults: StationFaults = .none, password: String? = nil,
        identity: (Int) -> String = { "潮|\($0)" }
    ) -> [StationFleet.Member] {
        (0..<count).map { index in
            var settings = StationSettings(identity: identity(index))
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

    /// What must hold however slow the machine is: nobody counts a watt-hour that the other does not.
    static func expectTheSame(_ summary: FleetSummary, _ standIn: StandIn) {
        let sessions = standIn.state.withLock { $0.registers.count }
        #expect(summary.counts.transactionsStarted == sessions && summary.counts.transactionsEnded == sessions)
        #expect(summary.undelivered == 0 && summary.counts.errors == 0)
        // meterStart and meterStop are whole watt-hours.
        #expect(abs(Int(summary.energy.milliwattHours / 1000) - standIn.soldWattHours) <= 2 * sessions)
    }

    @Test func `stays become sessions of exactly their energy, at both ends`() async throws {
        try await Self.withCentralSystem { standIn, endpoint, group in
            let summary = await Self.run(Self.members(8, password: "secret"), against: endpoint, group)
            Self.expectTheSame(summary, standIn)
            #expect(summary.energy > .zero && summary.energy.milliwattHours < 112_000_000 + 16_000)
            let seen = standIn.state.withLock { $0 }
            #expect(seen.identities == Set((0..<8).map { "潮|\($0)" }))
            #expect(seen.passwords == Set((0..<8).map { "潮|\($0):secret" }))
            #expect(seen.actions["BootNotification"] == 8 && seen.actions["MeterValues", default: 0] > 8)
        }
    }

    @Test func `sockets that are cut again and again lose no session`() async throws {
        try await Self.withCentralSystem { standIn, endpoint, group in
            standIn.state.withLock { $0.cutsAfter = 7 }
            let summary = await Self.run(Self.members(4), against: endpoint, group, speed: 5_000)
            #expect(summary.connectionsLost > 4)
            Self.expectTheSame(summary, standIn)
        }
    }

    @Test func `faults are counted`() async throws {
        try await Self.withCentralSystem { _, endpoint, group in
            var faults = StationFaults()
            faults.duplicatesPermille = 300
            faults.dropsPermille = 50
            let summary = await Self.run(Self.members(4, faults: faults), against: endpoint, group, speed: 5_000)
            #expect(summary.counts.duplicates > 0 && summary.counts.drops > 0 && summary.undelivered == 0)
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
