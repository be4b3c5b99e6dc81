import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charge point: what the central system asks") struct CommandTests {
    @Test func `a remote start begins when the cable is in, with its profile`() {
        var b = Bench()
        _ = b.newStory()
        let profile = V16.ChargingProfile(
            chargingProfileId: 1, stackLevel: 0, chargingProfilePurpose: .txProfile, chargingProfileKind: .relative,
            chargingSchedule: .init(
                chargingRateUnit: .a, chargingSchedulePeriod: [.init(startPeriod: 0, limit: JSONDecimal(10))]))
        #expect(
            b.call(.remoteStartTransaction(.init(idTag: "R", connectorId: 1, chargingProfile: profile)))
                == .remoteStartTransaction(.init(status: .accepted)))
        #expect(b.newStory() == [])
        b.run(for: .seconds(30))
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: nil))
        #expect(b.newStory().contains("start R 0") && b.station.power == .watts(2200))
    }

    @Test func `a remote start waits no longer than ConnectionTimeOut`() {
        var b = Bench()
        _ = b.call(.remoteStartTransaction(.init(idTag: "R")))
        b.run(for: .seconds(61))
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: nil))
        b.run(for: .seconds(61))
        #expect(b.status == .preparing && !b.station.isCharging(connector: 1))
        #expect(b.call(.remoteStartTransaction(.init(idTag: "R"))) == .remoteStartTransaction(.init(status: .accepted)))
        #expect(b.station.isCharging(connector: 1))
        #expect(b.call(.remoteStartTransaction(.init(idTag: "R"))) == .remoteStartTransaction(.init(status: .rejected)))
    }

    @Test func `a remote stop needs the right number`() {
        var b = Bench()
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "A"))
        #expect(
            b.call(.remoteStopTransaction(.init(transactionId: 5))) == .remoteStopTransaction(.init(status: .rejected)))
        #expect(
            b.call(.remoteStopTransaction(.init(transactionId: 101)))
                == .remoteStopTransaction(.init(status: .accepted)))
        #expect(b.story.contains("stop 101 0 Remote") && b.status == .finishing)
    }

    @Test func `unlocking ends the transaction; an unknown connector is not supported`() {
        var b = Bench()
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "A"))
        #expect(b.call(.unlockConnector(.init(connectorId: 9))) == .unlockConnector(.init(status: .notSupported)))
        #expect(b.call(.unlockConnector(.init(connectorId: 1))) == .unlockConnector(.init(status: .unlocked)))
        #expect(b.story.contains("stop 101 0 UnlockCommand"))
    }

    @Test func `availability changes at once, or after the transaction`() {
        var b = Bench()
        let set = { (type: V16.AvailabilityType) in V16.Request.changeAvailability(.init(connectorId: 0, type: type)) }
        #expect(b.call(set(.inoperative)) == .changeAvailability(.init(status: .accepted)))
        #expect(b.status == .unavailable)
        _ = b.call(set(.operative))
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "A"))
        #expect(b.call(set(.inoperative)) == .changeAvailability(.init(status: .scheduled)))
        #expect(b.status == .charging)
        b.feed(.plugOut(connector: 1))
        #expect(b.status == .unavailable)
        #expect(
            b.call(.changeAvailability(.init(connectorId: 5, type: .operative)))
                == .changeAvailability(.init(status: .rejected)))
    }

    @Test func `configuration is read and changed by its rules`() {
        var b = Bench()
        let change = { (key: String, value: String) in V16.Request.changeConfiguration(.init(key: key, value: value)) }
        #expect(b.call(change("MeterValueSampleInterval", "10")) == .changeConfiguration(.init(status: .accepted)))
        #expect(b.call(change("MeterValueSampleInterval", "-1")) == .changeConfiguration(.init(status: .rejected)))
        #expect(b.call(change("NumberOfConnectors", "2")) == .changeConfiguration(.init(status: .rejected)))
        #expect(b.call(change("Nothing", "2")) == .changeConfiguration(.init(status: .notSupported)))
        #expect(
            b.call(change("MeterValuesSampledData", "Energy.Active.Import.Register,SoC"))
                == .changeConfiguration(.init(status: .rejected)))
        #expect(
            b.call(change("meterValuesSampledData", "Power.Active.Import, Voltage"))
                == .changeConfiguration(.init(status: .accepted)))
        guard
            case .getConfiguration(let some)? = b.call(
                .getConfiguration(.init(key: ["MeterValueSampleInterval", "Nothing"])))
        else {
            return #expect(Bool(false))
        }
        #expect(some.configurationKey == [V16.KeyValue(key: "MeterValueSampleInterval", readonly: false, value: "10")])
        #expect(some.unknownKey == ["Nothing"])
        guard case .getConfiguration(let all)? = b.call(.getConfiguration(.init())) else { return #expect(Bool(false)) }
        let keys = Set((all.configurationKey ?? []).map(\.key))
        #expect(
            keys.isSuperset(of: [
                "ChargeProfileMaxStackLevel", "ChargingScheduleAllowedChargingRateUnit", "ChargingScheduleMaxPeriods",
                "MaxChargingProfilesInstalled", "ConnectorSwitch3to1PhaseSupported", "NumberOfConnectors",
                "MeterValuesSampledData",
                "HeartbeatInterval", "SupportedFeatureProfiles",
            ]))
        _ = b.newStory()
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "A"))
        b.run(for: .seconds(30))
        #expect(b.newStory().filter { $0.hasPrefix("meter") } == Array(repeating: "meter 101 7040.0", count: 3))
        #expect(b.faults == [])
    }

    @Test func `triggered messages come after the answer`() {
        var b = Bench()
        _ = b.newStory()
        for (trigger, line) in [
            (V16.MessageTrigger.bootNotification, "BootNotification"), (.heartbeat, "Heartbeat"),
            (.meterValues, "meter - 0.0"),
            (.firmwareStatusNotification, "firmware Idle"), (.diagnosticsStatusNotification, "diagnostics Idle"),
        ] {
            #expect(
                b.call(.triggerMessage(.init(requestedMessage: trigger))) == .triggerMessage(.init(status: .accepted)))
            #expect(b.newStory().first == line)
        }
        _ = b.call(.triggerMessage(.init(requestedMessage: .statusNotification, connectorId: 1)))
        #expect(b.newStory() == ["1 Available"])
        #expect(
            b.call(.triggerMessage(.init(requestedMessage: .heartbeat, connectorId: 7)))
                == .triggerMessage(.init(status: .rejected)))
    }

    @Test func `diagnostics and firmware report their progress`() {
        var b = Bench()
        _ = b.newStory()
        #expect(
            b.call(.getDiagnostics(.init(location: "ftp://127.0.0.1/up")))
                == .getDiagnostics(.init(fileName: "CP-1-diagnostics.log")))
        b.run(for: .seconds(20))
        #expect(b.newStory() == ["diagnostics Uploading", "diagnostics Uploaded"])
        _ = b.call(.updateFirmware(.init(location: "ftp://127.0.0.1/fw", retrieveDate: t0)))
        b.run(for: .seconds(100))
        // It comes back with the new firmware before it says that it is installed.
        let story = b.newStory().filter { $0.hasPrefix("firmware") }
        #expect(b.station.settings.firmware == "fw")
        #expect(
            story == [
                "firmware Downloading", "firmware Downloaded", "firmware Installing", "firmware Installed",
            ])
    }

    @Test func `what a central system does not say is not supported`() {
        var b = Bench()
        let token = b.order(.heartbeat(.init()))
        guard case .error("NotSupported", _, _)? = b.outcomes[token] else { return #expect(Bool(false)) }
        #expect(b.call(.dataTransfer(.init(vendorId: "x"))) == .dataTransfer(.init(status: .unknownVendorId)))
        #expect(b.call(.clearCache(.init())) == .clearCache(.init(status: .accepted)))
    }
}
