import Assets
import GridDispatch
import Operations
import Quantities
import Testing

@Suite("Alarms of piles: faulted, gone") struct StationAlarmTests {
    private func active(_ d: Dialogue, _ code: String) -> [Alarm] { d.core.activeAlarms.filter { $0.code == code } }

    @Test func `a faulted pile is alarmed at once, once, with what it says, until it is whole`() throws {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(20))
        let payload = { (status: String, error: String) in
            #"{"connectorId":1,"errorCode":"\#(error)","status":"\#(status)"}"#
        }
        d.say("P1", "StatusNotification", payload("Faulted", "GroundFailure"))
        let alarm = try #require(active(d, "station-faulted").first)
        #expect(alarm.object == "P1/1" && alarm.values["error"] == "GroundFailure" && alarm.site == SiteID("S"))
        d.say("P1", "StatusNotification", payload("Faulted", "GroundFailure"))
        d.disconnect("P1")
        d.pass(.minutes(3))
        #expect(active(d, "station-faulted").map(\.id) == [alarm.id])
        // It still holds after a restart, although nobody says it again.
        d.restart()
        d.pass(.minutes(20))
        #expect(active(d, "station-faulted").map(\.id) == [alarm.id])
        d.connect("P1")
        d.say("P1", "StatusNotification", payload("Available", "NoError"))
        #expect(active(d, "station-faulted").isEmpty)
    }

    @Test func `a charge point that is faulted as a whole is alarmed too`() {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(20))
        let payload = { (status: String) in #"{"connectorId":0,"errorCode":"InternalError","status":"\#(status)"}"# }
        d.say("P1", "StatusNotification", payload("Faulted"))
        #expect(active(d, "station-faulted").map(\.object) == ["P1/0"])
        d.say("P1", "StatusNotification", payload("Available"))
        #expect(active(d, "station-faulted").isEmpty)
        d.say("P1", "StatusNotification", payload("Faulted"))
        d.order(.deleteStation(StationID("P1")))
        #expect(active(d, "station-faulted").isEmpty)
    }

    @Test func `a transaction that goes on says that the fault is over`() {
        var d = Dialogue()
        d.connect("C1", .v201)
        func event(_ number: Int, _ kind: String, _ state: String) -> String {
            #"{"eventType":"\#(kind)","timestamp":"\#(d.now)","triggerReason":"ChargingStateChanged","seqNo":\#(number),"transactionInfo":{"transactionId":"T","chargingState":"\#(state)"},"evse":{"id":1,"connectorId":1}}"#
        }
        d.say("C1", "TransactionEvent", event(0, "Started", "Charging"))
        d.say(
            "C1", "StatusNotification",
            #"{"timestamp":"\#(d.now)","connectorStatus":"Faulted","evseId":1,"connectorId":1}"#)
        #expect(active(d, "station-faulted").map(\.object) == ["C1/1"])
        d.say("C1", "TransactionEvent", event(1, "Updated", "SuspendedEVSE"))
        #expect(active(d, "station-faulted").isEmpty)
    }

    @Test func `a pile that does not come back is alarmed after five minutes, until it does`() {
        var d = Dialogue()
        d.community(piles: 2, limit: .kilowatts(20))
        d.disconnect("P1")
        d.pass(.minutes(4))
        #expect(active(d, "station-offline").isEmpty)
        d.pass(.minutes(2))
        #expect(active(d, "station-offline").map(\.object) == ["P1"])
        d.connect("P1")
        #expect(active(d, "station-offline").isEmpty)
    }

    @Test func `nobody is gone just because the platform was`() {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(20))
        d.pass(.minutes(1))
        d.restart()
        d.pass(.minutes(4))
        #expect(active(d, "station-offline").isEmpty)
        d.pass(.minutes(3))
        #expect(active(d, "station-offline").count == 1)
    }

    @Test func `when most of a site is gone, one alarm says so`() throws {
        var d = Dialogue()
        d.community(piles: 8, limit: .kilowatts(20))
        for i in 1...4 { d.disconnect("P\(i)") }
        d.pass(.minutes(7))
        #expect(active(d, "station-offline").count == 4 && active(d, "site-stations-offline").isEmpty)
        for i in 5...6 { d.disconnect("P\(i)") }
        d.pass(.minutes(7))
        let alarm = try #require(active(d, "site-stations-offline").first)
        #expect(alarm.object == "S" && alarm.values == ["count": "6", "total": "8"])
        #expect(active(d, "station-offline").isEmpty)
        for i in 1...5 { d.connect("P\(i)") }
        d.pass(.minutes(2))
        #expect(active(d, "site-stations-offline").isEmpty)
        #expect(active(d, "station-offline").map(\.object) == ["P6"])
        d.order(.deleteStation(StationID("P6")))
        #expect(active(d, "station-offline").isEmpty)
    }
}
