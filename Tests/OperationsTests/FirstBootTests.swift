import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities
import Testing

/// A station that comes back without a boot, and of which none was ever heard.
@Suite("Boots that never came") struct FirstBootTests {
    private static func asked(_ d: Dialogue) -> Int {
        d.calls.count { call in
            call.action == "TriggerMessage"
                && String(decoding: call.payload, as: UTF8.self).contains("BootNotification")
        }
    }

    @Test(arguments: OCPPVersion.allCases) func `it is asked once a connection`(_ version: OCPPVersion) throws {
        var d = Dialogue()
        d.connect("CP1", version)
        d.pass(.seconds(19))
        #expect(Self.asked(d) == 0, "it may yet boot by itself")
        d.pass(.seconds(2))
        #expect(Self.asked(d) == 1)
        let command = try #require(d.disk.commands.values.first)
        #expect(command.by == Actor.platform.name && command.action == "TriggerMessage")
        d.answer("CP1", "TriggerMessage", #"{"status":"Accepted"}"#)
        d.pass(.minutes(5))
        #expect(Self.asked(d) == 0)
        let boot =
            version == .v16
            ? #"{"chargePointVendor":"V","chargePointModel":"M"}"#
            : #"{"chargingStation":{"vendorName":"V","model":"M"},"reason":"Triggered"}"#
        d.say("CP1", "BootNotification", boot)
        #expect(d.core.stationView(StationID("CP1"))?.station.boot?.vendor == "V")
        #expect(d.disk.commands[command.id]?.followUp?.state == .done)
        d.disconnect("CP1")
        d.connect("CP1", version)
        d.pass(.minutes(1))
        #expect(Self.asked(d) == 0, "its boot is known")
        d.restart()
        d.connect("CP1", version)
        d.pass(.minutes(1))
        #expect(Self.asked(d) == 0)
    }

    @Test func `not one that boots, that is not accepted, or that never does what it is asked`() {
        var d = Dialogue()
        d.boot("CP1")
        var change = StationChange()
        change.registration = .pending
        d.order(.putStation(StationID("CP2"), change))
        d.connect("CP2")
        d.pass(.minutes(1))
        #expect(Self.asked(d) == 0)
        var questions = 0
        for _ in 0..<10 {
            d.connect("CP3")
            d.pass(.minutes(1))
            questions += Self.asked(d)
            d.answer("CP3", "TriggerMessage", #"{"status":"NotImplemented"}"#)
            d.disconnect("CP3")
        }
        #expect(questions == 3)
    }
}
