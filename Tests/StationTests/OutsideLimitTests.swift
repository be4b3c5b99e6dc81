import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charging station of 2.0.1: limits from outside") struct OutsideLimitTests {
    private func charging(_ change: (inout StationSettings) -> Void = { _ in }) -> Bench201 {
        var settings = StationSettings(identity: "CP-1")
        settings.faults.outsideLimit = StationFaults.OutsideLimit()
        change(&settings)
        var b = Bench201(settings)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        return b
    }

    private func lines(_ b: Bench201) -> [String] {
        b.story.filter { $0.hasPrefix("limited") || $0.hasPrefix("free") }
    }

    @Test func `it obeys, tells, and is free again`() {
        var b = charging()
        b.run(for: .milliseconds(19_999))
        #expect(b.station.power == .watts(7040) && lines(b) == [])
        b.run(for: .milliseconds(1))
        #expect(b.station.power == .watts(1760) && lines(b) == ["limited by EMS to 8.0"])
        // What the central system sets above it, changes nothing, nor can it be cleared or set by it.
        _ = b.call(
            .setChargingProfile(.init(evseId: 1, chargingProfile: txProfile201(200, transaction: b.transaction))))
        #expect(b.station.power == .watts(1760))
        #expect(
            b.call(.clearChargingProfile(.init(chargingProfileId: 9_000_001)))
                == .clearChargingProfile(.init(status: .unknown)))
        #expect(b.station.power == .watts(1760))
        b.run(for: .seconds(40))
        #expect(b.station.power == .watts(4400) && lines(b) == ["limited by EMS to 8.0", "free of EMS"])
        b.run(for: .minutes(10))
        #expect(lines(b).count == 2 && b.faults == [])
    }

    @Test func `asked for its profiles, it names who set which`() {
        var b = charging()
        b.run(for: .seconds(30))
        _ = b.call(
            .setChargingProfile(.init(evseId: 1, chargingProfile: txProfile201(200, transaction: b.transaction))))
        _ = b.newStory()
        let all = V2.ChargingProfileCriterion(chargingLimitSource: [.cso, .ems, .so, .other])
        #expect(
            b.call(.getChargingProfiles(.init(requestId: 4, chargingProfile: all)))
                == .getChargingProfiles(.init(status: .accepted)))
        #expect(b.newStory() == ["profiles 0 [9000001]…", "profiles 1 [1]"])
        let foreign = V2.ChargingProfileCriterion(chargingLimitSource: [.ems])
        _ = b.call(.getChargingProfiles(.init(requestId: 5, chargingProfile: foreign)))
        #expect(b.newStory() == ["profiles 0 [9000001]"])
    }

    @Test func `after a reboot in the middle of it, it is told again`() {
        var b = charging { $0.rebootTime = .seconds(5) }
        b.run(for: .seconds(25))
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .seconds(20))
        #expect(lines(b) == ["limited by EMS to 8.0", "limited by EMS to 8.0"])
        b.run(for: .minutes(1))
        #expect(lines(b).last == "free of EMS" && lines(b).count == 3)
    }

    @Test func `1_6 knows none`() {
        var settings = StationSettings(identity: "CP-1")
        settings.faults.outsideLimit = StationFaults.OutsideLimit()
        var b = Bench(settings)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(1))
        #expect(b.station.power == .watts(7040))
    }
}
