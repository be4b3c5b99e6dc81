import Assets
import Charging
import Operations
import Quantities
import Testing

@Suite("Repeats") struct RepeatTests {
    @Test func `the same id and payload get the same answer and are applied once`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        #expect(d.start("CP1", tag: "T1", messageID: "a") == 1)
        d.now += .minutes(2)
        #expect(d.start("CP1", tag: "T1", at: d.now - .minutes(2), messageID: "a") == 1)
        #expect(d.disk.sessions.count == 1)
    }

    @Test func `the same id with another payload is a new message`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        d.token("T2")
        #expect(d.start("CP1", tag: "T1", messageID: "a") == 1)
        #expect(d.start("CP1", tag: "T2", connector: 2, messageID: "a") == 2)
    }

    @Test func `the same start under a new id is known by its content`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        let at = d.now
        #expect(d.start("CP1", tag: "T1", at: at) == 1)
        d.disconnect("CP1")
        d.now += .minutes(3)
        d.connect("CP1")
        #expect(d.start("CP1", tag: "T1", at: at) == 1)
        #expect(d.start("CP1", tag: "T1", meter: 1001, at: at + .seconds(1)) == 2, "another start is another session")
    }

    @Test func `a repeated stop changes nothing`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        let tx = d.start("CP1", tag: "T1")
        d.now += .minutes(10)
        let at = d.now
        d.stop("CP1", tx, meter: 6000)
        d.now += .minutes(10)
        #expect(d.stop("CP1", tx, meter: 6000, at: at) == "{}")
        #expect(d.session("S-1")?.endedAt == at)
        #expect(d.disk.sessions.count == 1)
    }

    @Test func `a repeated heartbeat gets the present time, never an old one`() {
        var d = Dialogue()
        d.boot("CP1")
        d.say("CP1", "Heartbeat", "{}", messageID: "1")
        d.now += .hours(2)
        #expect(d.say("CP1", "Heartbeat", "{}", messageID: "1") == #"{"currentTime":"2025-03-01T02:00:00Z"}"#)
    }

    @Test func `after a restart repeats are known, and old transactions too`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        let at = d.now
        let tx = d.start("CP1", tag: "T1", at: at, messageID: "a")
        d.now += .minutes(10)
        d.meter("CP1", wh: 2000, watts: 7000, transaction: tx)
        d.restart()
        d.connect("CP1")
        #expect(d.start("CP1", tag: "T1", at: at, messageID: "a") == tx)
        #expect(d.start("CP1", tag: "T1", at: at, messageID: "b") == tx)
        d.now += .minutes(10)
        d.meter("CP1", wh: 3000, watts: 7000, transaction: tx)
        d.stop("CP1", tx, meter: 6000)
        #expect(d.disk.sessions.count == 1)
        #expect(d.disk.sessions[Session.ID("S-1")]?.imported == .wattHours(5000))
        d.restart()
        d.connect("CP1")
        #expect(d.stop("CP1", tx, meter: 6000) == "{}")
        #expect(d.disk.sessions.count == 1)
        d.token("T2")
        #expect(d.start("CP1", tag: "T2") == 2, "numbers go on after a restart")
    }

    @Test func `message ids are never used twice, also over restarts`() {
        var d = Dialogue()
        for _ in 0..<3 {
            d.boot("CP1")
            for _ in 0..<5 {
                d.order(
                    .command(StationID("CP1"), action: "ClearCache", payload: Array("{}".utf8), timeout: .seconds(9)))
                d.answerCalls()
            }
            d.restart()
        }
        #expect(d.messageIDs.count == 15)
        #expect(Set(d.messageIDs).count == 15)
        #expect(d.messageIDs.allSatisfy { $0.utf8.count <= 36 })
    }
}
