import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charge point: charging profiles") struct ProfileTests {
    private func charging(_ change: (inout StationSettings) -> Void = { _ in }) -> Bench {
        var settings = StationSettings(identity: "CP-1")
        change(&settings)
        var b = Bench(settings)
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        _ = b.newStory()
        return b
    }
    private func set(_ b: inout Bench, _ profile: V16.ChargingProfile, connector: Int = 1) -> V16.ChargingProfileStatus?
    {
        guard
            case .setChargingProfile(let response)? = b.call(
                .setChargingProfile(.init(connectorId: connector, csChargingProfiles: profile)))
        else { return nil }
        return response.status
    }

    @Test func `it draws what the profile allows, to the tenth of an ampere`() {
        var b = charging()
        #expect(set(&b, txProfile(61)) == .accepted)
        #expect(b.station.power == .watts(1342))
        #expect(set(&b, txProfile(20_000, unit: .w)) == .accepted)
        // 2000 W are 9.0909 A; the pilot says 9.0 A.
        #expect(b.station.power == .watts(1980))
        #expect(b.status == .charging)
    }

    @Test(arguments: [0, 10, 59]) func `below six amperes it does not charge and says whose fault it is`(
        _ tenths: Int64
    ) {
        var b = charging()
        #expect(set(&b, txProfile(tenths)) == .accepted)
        #expect(b.station.power == .zero && b.status == .suspendedEVSE)
        #expect(b.newStory() == ["1 SuspendedEVSE"])
        #expect(set(&b, txProfile(60)) == .accepted)
        #expect(b.station.power == .watts(1320) && b.newStory() == ["1 Charging"])
    }

    @Test func `after the transaction's profile the default counts, at its very instant`() {
        var b = charging()
        #expect(
            set(&b, txProfile(80, id: 2, transaction: nil, purpose: .txDefaultProfile, level: 0, duration: nil))
                == .accepted)
        #expect(set(&b, txProfile(160, duration: 600)) == .accepted)
        b.run(for: .milliseconds(599_999))
        #expect(b.station.power == .watts(3520))
        b.run(for: .milliseconds(1))
        #expect(b.station.power == .watts(1760))
        // 3520 W for 600 s.
        #expect(b.station.register(connector: 1)?.milliwattHours == 586_666)
    }

    @Test func `the station's maximum is shared by its connectors in use`() {
        var b = charging { $0.connectors = 2 }
        let maximum = txProfile(320, id: 9, transaction: nil, purpose: .chargePointMaxProfile, level: 0)
        #expect(set(&b, maximum, connector: 1) == .rejected)
        #expect(set(&b, maximum, connector: 0) == .accepted)
        #expect(b.station.power == .watts(7040))
        b.feed(.plugIn(connector: 2, .wanting(60), idTag: "B"))
        #expect(b.station.power(connector: 1) == .watts(3520) && b.station.power == .watts(7040))
        b.feed(.plugOut(connector: 2))
        #expect(b.station.power == .watts(7040))
    }

    @Test func `what it cannot do it rejects`() {
        var b = charging { $0.rateUnits = [.amperes] }
        #expect(set(&b, txProfile(100, unit: .w)) == .rejected)
        #expect(set(&b, txProfile(100, transaction: 999)) == .rejected)
        #expect(set(&b, txProfile(100, transaction: nil)) == .rejected)
        #expect(set(&b, txProfile(100), connector: 2) == .rejected)
        #expect(set(&b, txProfile(100), connector: 0) == .rejected)
        #expect(set(&b, txProfile(100, level: 9)) == .rejected)
        #expect(b.station.power == .watts(7040))
        for id in 1...12 {
            let status = set(
                &b, txProfile(100, id: id, transaction: nil, purpose: .txDefaultProfile, level: id % 9, start: t0),
                connector: id % 2)
            #expect(status == (id <= 10 ? .accepted : status))
        }
        #expect(b.station.profiles.entries.count <= 10)
    }

    @Test func `a transaction's profile ends with it`() {
        var b = charging()
        #expect(set(&b, txProfile(60)) == .accepted)
        b.feed(.stop(connector: 1))
        #expect(b.station.profiles.entries.isEmpty)
    }

    @Test func `defaults and maximum outlive a reboot, a transaction's profile does not`() {
        var b = charging()
        #expect(set(&b, txProfile(60)) == .accepted)
        #expect(
            set(&b, txProfile(100, id: 2, transaction: nil, purpose: .txDefaultProfile, level: 0, duration: nil))
                == .accepted)
        #expect(
            set(
                &b, txProfile(320, id: 3, transaction: nil, purpose: .chargePointMaxProfile, level: 0, duration: nil),
                connector: 0) == .accepted)
        _ = b.call(.reset(.init(type: .hard)))
        b.run(for: .minutes(1))
        #expect(b.station.profiles.entries.map(\.profile.id) == [2, 3])
        #expect(
            b.story.filter { $0.hasPrefix("stop") || $0 == "BootNotification" || $0.hasPrefix("start") }.first
                == "BootNotification")
        #expect(b.story.contains { $0.hasPrefix("stop 101") && $0.hasSuffix("HardReset") })
        #expect(b.station.power == .watts(2200))
    }

    @Test func `clearing and the composite schedule agree with what it does`() {
        var b = charging()
        #expect(set(&b, txProfile(160, duration: 600)) == .accepted)
        guard
            case .getCompositeSchedule(let composite)? = b.call(
                .getCompositeSchedule(.init(connectorId: 1, duration: 900, chargingRateUnit: .a)))
        else { return #expect(Bool(false)) }
        #expect(composite.status == .accepted)
        #expect(composite.chargingSchedule?.chargingSchedulePeriod.map(\.limit.description) == ["16.0", "32.0"])
        #expect(composite.chargingSchedule?.chargingSchedulePeriod.map(\.startPeriod) == [0, 600])
        #expect(b.call(.clearChargingProfile(.init(id: 7))) == .clearChargingProfile(.init(status: .unknown)))
        #expect(b.call(.clearChargingProfile(.init(id: 1))) == .clearChargingProfile(.init(status: .accepted)))
        #expect(b.station.power == .watts(7040) && b.faults == [])
    }

    @Test func `three phases and a one-phase vehicle use one wire of the limit`() {
        var b = charging { $0.supply = Supply(voltage: 230, phases: 3) }
        // The vehicle of the bench has one phase: 32 A · 230 V, its charger takes 7040 W.
        #expect(b.station.power == .watts(7040))
        #expect(set(&b, txProfile(100)) == .accepted)
        #expect(b.station.power == .watts(2300))
        #expect(set(&b, txProfile(69_000, unit: .w)) == .accepted)
        #expect(b.station.power == .watts(2300))
    }

    @Test func `a station that ignores profiles says Accepted and goes on`() {
        var b = charging { $0.faults.ignoresProfiles = true }
        #expect(set(&b, txProfile(60)) == .accepted)
        #expect(b.station.power == .watts(7040))
    }
}
