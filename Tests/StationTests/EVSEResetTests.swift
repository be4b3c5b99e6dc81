import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charging station of 2.0.1: one EVSE is reset") struct EVSEResetTests {
    /// Two EVSEs, a vehicle at each.
    private func charging() -> Bench201 {
        var settings = StationSettings(identity: "CP-1")
        settings.connectors = 2
        var b = Bench201(settings)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.feed(.plugIn(connector: 2, .wanting(60), idTag: "B"))
        _ = b.newStory()
        return b
    }

    private func reset(_ b: inout Bench201, _ kind: V2.ResetKind, _ evse: Int = 1) -> V2.ResetStatus? {
        guard case .reset(let answer)? = b.call(.reset(.init(type: kind, evseId: evse))) else { return nil }
        return answer.status
    }

    @Test func `at once its transaction ends, the other goes on, and nothing boots`() {
        var b = charging()
        #expect(reset(&b, .immediate) == .accepted)
        b.run(for: .seconds(2))
        #expect(b.newStory() == ["Ended 2 ResetCommand EVConnected 1.9 ImmediateReset", "1.1 Unavailable"])
        #expect(b.status == .unavailable && b.station.power(connector: 2) == .watts(7040))
        b.run(for: .seconds(18))
        #expect(b.newStory() == [])
        // It asks anew for the vehicle that is still there, as after every reboot.
        b.run(for: .seconds(2))
        #expect(b.story.contains("1.1 Occupied") && b.story.contains("Started 0 Authorized EVConnected 1.9"))
        #expect(!b.story.contains { $0.hasPrefix("boot") } && b.connections == 1 && b.faults == [])
        #expect(b.station.power == .watts(14_080))
    }

    @Test func `on idle it waits for its own transaction alone`() {
        var b = charging()
        #expect(reset(&b, .onIdle) == .scheduled)
        b.run(for: .minutes(2))
        #expect(b.station.isCharging(connector: 1))
        b.feed(.plugOut(connector: 1))
        #expect(b.status == .available)
        b.run(for: .seconds(2))
        #expect(b.status == .unavailable && b.station.isCharging(connector: 2))
        b.run(for: .seconds(20))
        #expect(b.status == .available && b.connections == 1)
        #expect(b.story.filter { $0.hasPrefix("1.1") } == ["1.1 Available", "1.1 Unavailable", "1.1 Available"])
        #expect(reset(&b, .onIdle) == .accepted)
    }

    @Test func `a cable that was left behind begins nothing by it`() {
        var b = charging()
        b.feed(.stop(connector: 1))
        #expect(reset(&b, .onIdle) == .accepted)
        b.run(for: .minutes(1))
        #expect(b.status == .finishing && b.station.counts.transactionsStarted == 2)
    }

    @Test func `nobody begins to charge meanwhile, and what it was before it is again`() {
        var b = charging()
        b.feed(.plugOut(connector: 1))
        let reservation = V2.ReserveNowRequest(
            id: 7, expiryDateTime: b.now + .seconds(600), idToken: .init(idToken: "A", type: .central), evseId: 1)
        #expect(b.call(.reserveNow(reservation)) == .reserveNow(.init(status: .accepted)))
        _ = reset(&b, .immediate)
        b.run(for: .seconds(3))
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "A"))
        let start = V2.Request.requestStartTransaction(
            .init(idToken: .init(idToken: "A", type: .central), remoteStartId: 5, evseId: 1))
        #expect(b.call(start) == .requestStartTransaction(.init(status: .rejected)))
        b.run(for: .seconds(10))
        #expect(!b.station.isCharging(connector: 1))
        b.feed(.plugOut(connector: 1))
        b.run(for: .seconds(20))
        #expect(b.status == .reserved)
    }

    @Test func `out of use it stays so, over its reset and the station's`() {
        var b = charging()
        func set(_ status: V2.OperationalStatus) -> V2.Response? {
            b.call(.changeAvailability(.init(operationalStatus: status, evse: .init(id: 1))))
        }
        #expect(set(.inoperative) == .changeAvailability(.init(status: .scheduled)))
        _ = reset(&b, .immediate)
        b.run(for: .minutes(1))
        #expect(b.status == .unavailable && !b.station.isCharging(connector: 1))
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .minutes(2))
        #expect(b.connections == 2 && b.status == .unavailable && b.station.isCharging(connector: 2))
        #expect(set(.operative) == .changeAvailability(.init(status: .accepted)))
        #expect(b.status != .unavailable)
    }

    @Test func `where it cannot be done its variable says so`() {
        var settings = StationSettings(identity: "CP-1")
        settings.resetsSingleEVSEs = false
        var b = Bench201(settings)
        #expect(reset(&b, .immediate) == .rejected)
        let name = StationConfiguration.Name(component: "EVSE", evse: 1, variable: "AllowReset")
        #expect(Dialect201().value(of: name, in: b.station) == "false")
        #expect(Dialect201().value(of: name, in: charging().station) == "true")
    }
}
