import Assets
import GridDispatch
import Operations
import Quantities
import Testing

@Suite("Alarms over a restart") struct AlarmTests {
    private func over(_ d: Dialogue) -> [Alarm] {
        d.disk.alarms.values.filter { $0.code == "node-over-limit" }
    }

    /// A meter that says so every 30 seconds.
    private func metered(_ d: inout Dialogue, _ power: Power, for duration: Duration) {
        let end = d.now + duration
        while d.now < end {
            d.give(
                .nodeReadings(
                    request: 0, NodeID("N"), [NodeReading(at: d.now, power: power)],
                    by: Actor(name: "meter", role: .operator)))
            d.pass(.seconds(30), answering: true)
        }
    }

    private func overloaded() -> Dialogue {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(20))
        metered(&d, .kilowatts(25), for: .minutes(2))
        #expect(over(d).count == 1 && over(d).first?.endedAt == nil)
        d.restart()
        return d
    }

    @Test func `one that ended while the platform was away ends soon after its start`() {
        var d = overloaded()
        let began = d.now
        metered(&d, .kilowatts(10), for: .minutes(20))
        #expect(over(d).count == 1)
        #expect(over(d).first?.endedAt.map { $0 - began <= .minutes(16) } == true)
        #expect(!d.core.activeAlarms.contains { $0.code == "node-over-limit" })
    }

    @Test func `one that still holds goes on as the same alarm`() {
        var d = overloaded()
        metered(&d, .kilowatts(25), for: .minutes(20))
        #expect(over(d).count == 1 && over(d).first?.endedAt == nil)
        metered(&d, .kilowatts(10), for: .minutes(5))
        #expect(over(d).first?.endedAt != nil)
    }

    @Test func `one that tells of a moment waits for a person, over any restart`() throws {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(20))
        d.say(
            "P1", "SecurityEventNotification",
            #"{"type":"TamperDetectionActivated","timestamp":"\#(d.now)"}"#)
        d.restart()
        d.pass(.minutes(20))
        let alarm = try #require(d.core.activeAlarms.first { $0.code == "station-security-event" })
        #expect(alarm.endedAt == nil)
        d.order(.acknowledgeAlarm(alarm.id))
        #expect(!d.core.activeAlarms.contains { $0.code == "station-security-event" })
    }
}
