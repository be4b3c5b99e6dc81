import Assets
import Charging
import Operations
import Quantities
import Testing

@Suite("Registration") struct RegistrationTests {
    @Test func `a booting station is accepted with clock and interval`() {
        var d = Dialogue()
        d.connect("CP1")
        let answer = d.say("CP1", "BootNotification", #"{"chargePointVendor":"V","chargePointModel":"M"}"#)
        #expect(answer == #"{"status":"Accepted","currentTime":"2025-03-01T00:00:00Z","interval":300}"#)
        let view = d.core.stationView(StationID("CP1"))
        #expect(view?.online == true)
        #expect(view?.protocol == "ocpp1.6")
        #expect(view?.station.boot?.model == "M")
    }

    @Test func `an unknown identity is let in only when newcomers are welcome`() {
        var d = Dialogue { $0.acceptUnknownStations = false }
        #expect(d.core.admission(of: StationID("CP1")) == .unknown)
        d.connect("CP1")
        #expect(d.last.contains { if case .disconnect = $0 { true } else { false } })
        #expect(d.core.stationView(StationID("CP1")) == nil)
        d.order(.putStation(StationID("CP1"), StationChange()))
        #expect(d.core.admission(of: StationID("CP1")) == .open)
        var change = StationChange()
        change.passwordDigest = .some("digest")
        d.order(.putStation(StationID("CP1"), change))
        #expect(d.core.admission(of: StationID("CP1")) == .password(digest: "digest"))
    }

    @Test(arguments: [Station.Registration.pending, .rejected])
    func `before acceptance a call gets SecurityError, a boot its status`(_ registration: Station.Registration) {
        var d = Dialogue()
        var change = StationChange()
        change.registration = registration
        d.order(.putStation(StationID("CP1"), change))
        d.connect("CP1")
        // It was accepted in an earlier life as far as we know: no boot yet, so it is heard.
        #expect(d.say("CP1", "Heartbeat", "{}") != nil)
        let answer = d.say("CP1", "BootNotification", #"{"chargePointVendor":"V","chargePointModel":"M"}"#)
        #expect(answer?.contains(registration == .pending ? "Pending" : "Rejected") == true)
        #expect(d.say("CP1", "Heartbeat", "{}") == nil)
        #expect(d.error == "SecurityError")
        change.registration = .accepted
        d.order(.putStation(StationID("CP1"), change))
        #expect(d.say("CP1", "Heartbeat", "{}") == nil, "until it boots again it is not accepted")
        d.say("CP1", "BootNotification", #"{"chargePointVendor":"V","chargePointModel":"M"}"#)
        #expect(d.say("CP1", "Heartbeat", "{}") != nil)
    }

    @Test func `a pending station may send what it was asked for`() {
        var d = Dialogue()
        var change = StationChange()
        change.registration = .pending
        d.order(.putStation(StationID("CP1"), change))
        d.boot("CP1")
        #expect(
            d.say("CP1", "StatusNotification", #"{"connectorId":1,"errorCode":"NoError","status":"Available"}"#) == nil)
        d.order(
            .command(
                StationID("CP1"), action: "TriggerMessage",
                payload: Array(#"{"requestedMessage":"StatusNotification"}"#.utf8), timeout: .seconds(30)))
        #expect(
            d.say("CP1", "StatusNotification", #"{"connectorId":1,"errorCode":"NoError","status":"Available"}"#) == "{}"
        )
        #expect(d.say("CP1", "Heartbeat", "{}") == nil)
    }

    @Test func `the newest connection counts, and the end of an older one does not`() {
        var d = Dialogue()
        let old = d.connect("CP1")
        let new = d.connect("CP1")
        d.give(.disconnected(StationID("CP1"), connection: old, reason: "replaced"))
        #expect(d.core.stationView(StationID("CP1"))?.online == true)
        d.say("CP1", "Heartbeat", "{}", messageID: "h", connection: old)
        #expect(d.last.contains { if case .reply(_, old, "h", _) = $0 { true } else { false } })
        d.give(.disconnected(StationID("CP1"), connection: new, reason: "gone"))
        #expect(d.core.stationView(StationID("CP1"))?.online == false)
    }

    @Test func `an answer never comes before the changes it stands for`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        d.start("CP1", tag: "T1")
        let persist = d.last.firstIndex { if case .persist = $0 { true } else { false } }
        let reply = d.last.firstIndex { if case .reply = $0 { true } else { false } }
        #expect(persist != nil && reply != nil && persist! < reply!)
        #expect(d.last.count { if case .persist = $0 { true } else { false } } == 1, "one transaction an input")
    }

    @Test func `notices, vendor messages and certificate requests are answered`() {
        var d = Dialogue()
        d.boot("CP1")
        #expect(d.say("CP1", "FirmwareStatusNotification", #"{"status":"Idle"}"#) == "{}")
        #expect(d.say("CP1", "DiagnosticsStatusNotification", #"{"status":"Idle"}"#) == "{}")
        #expect(d.say("CP1", "LogStatusNotification", #"{"status":"Idle","requestId":1}"#) == "{}")
        #expect(
            d.say("CP1", "SecurityEventNotification", #"{"type":"FirmwareUpdated","timestamp":"2025-03-01T00:00:00Z"}"#)
                == "{}")
        #expect(d.say("CP1", "DataTransfer", #"{"vendorId":"x"}"#) == #"{"status":"UnknownVendorId"}"#)
        #expect(d.say("CP1", "SignCertificate", #"{"csr":"x"}"#) == #"{"status":"Rejected"}"#)
    }
}
