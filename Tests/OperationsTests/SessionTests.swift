import Assets
import Charging
import Operations
import Quantities
import Testing

@Suite("Sessions") struct SessionTests {
    @Test func `a session is metered and ends with the difference of its registers`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        let tx = d.start("CP1", tag: "T1", meter: 1000)
        d.now += .minutes(10)
        d.meter("CP1", wh: 3500, watts: 7000, transaction: tx)
        #expect(d.session("S-1")?.imported == .wattHours(2500))
        #expect(d.evse("CP1")?.power == .watts(7000))
        d.now += .minutes(10)
        #expect(d.stop("CP1", tx, meter: 6000) == "{}")
        let session = d.disk.sessions[Session.ID("S-1")]
        #expect(session?.status == .ended)
        #expect(session?.imported == .wattHours(5000))
        #expect(session?.stopReason == "Local")
        #expect(d.evse("CP1")?.transaction == nil)
        #expect(d.disk.readings.count == 2)
    }

    @Test func `meter values outside a transaction are kept with their connector`() {
        var d = Dialogue()
        d.boot("CP1")
        d.meter("CP1", wh: 10, watts: 0, transaction: nil)
        d.now += .minutes(1)
        d.meter("CP1", wh: 10, watts: 0, transaction: 0)
        #expect(d.disk.readings.keys.allSatisfy { $0.session == nil && $0.evse == EVSEID(StationID("CP1"), 1) })
        #expect(d.disk.readings.count == 4)
    }

    @Test(arguments: [Duration.minutes(2), .hours(1), .days(3650)])
    func `a reading from a clock that runs ahead does not stop the following`(ahead: Duration) {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        let tx = d.start("CP1", tag: "T1", meter: 1000)
        d.now += .minutes(1)
        let real = d.now
        d.now += ahead
        let early = d.now
        d.now = real
        d.meter("CP1", wh: 1200, watts: 1000, transaction: tx, at: early)
        d.now += .minutes(1)
        d.meter("CP1", wh: 1400, watts: 6000, transaction: tx)
        #expect(d.session("S-1")?.imported == .wattHours(400))
        #expect(d.evse("CP1")?.power == .watts(6000))
        // What was stored under the wrong time does not come back with a restart.
        d.restart()
        d.boot("CP1")
        d.now += .minutes(1)
        d.meter("CP1", wh: 1600, watts: 6000, transaction: tx)
        #expect(d.session("S-1")?.imported == .wattHours(600))
    }

    /// A stop tells the whole course once more; by a clock that is ahead it looks as if it came after what was told live.
    @Test(arguments: [Duration.zero, .seconds(90), .hours(3)])
    func `what a stop repeats counts once, whatever the station's clock says`(ahead: Duration) {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        let begin = d.now
        let tx = d.start("CP1", tag: "T1", meter: 1000, at: begin + ahead)
        var told = ""
        for minute in 0...5 {
            let at = begin + .minutes(minute) + ahead
            d.now = begin + .minutes(minute)
            d.meter("CP1", wh: 1000 + 100 * minute, watts: 6000, transaction: tx, at: at)
            told +=
                #"\#(minute == 0 ? "" : ","){"timestamp":"\#(at)","sampledValue":[{"value":"\#(1000 + 100 * minute)"}]}"#
        }
        d.now = begin + .minutes(6)
        d.say(
            "CP1", "StopTransaction",
            #"{"transactionId":\#(tx),"meterStop":1600,"timestamp":"\#(d.now + ahead)","transactionData":[\#(told)]}"#)
        let session = d.session("S-1")
        #expect(session?.status == .ended && session?.imported == .wattHours(600))
        #expect(session?.flags.contains(SessionFlag.registerWentBack.rawValue) == false)
    }

    @Test func `values with a stale transaction id belong to the running one`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        let tx = d.start("CP1", tag: "T1")
        d.now += .minutes(1)
        d.meter("CP1", wh: 2000, watts: 7000, transaction: tx + 77)
        #expect(d.session("S-1")?.imported == .wattHours(1000))
    }

    @Test func `a stop for an unknown transaction is answered and kept as an orphan, once`() {
        var d = Dialogue()
        d.boot("CP1")
        #expect(d.stop("CP1", 4711) == "{}")
        #expect(d.stop("CP1", 4711) == "{}")
        let orphans = d.disk.sessions.values.filter { $0.has(.unknownTransaction) }
        #expect(orphans.count == 1)
        #expect(orphans.first?.transactionID == "4711")
        #expect(orphans.first?.status == .ended)
    }

    @Test func `a stop with -1 ends the only active session`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        d.start("CP1", tag: "T1", meter: 1000)
        d.now += .minutes(5)
        #expect(d.stop("CP1", -1, meter: 2000) == "{}")
        #expect(d.session("S-1")?.status == .ended)
        #expect(d.session("S-1")?.imported == .wattHours(1000))
        #expect(d.disk.sessions.count == 1)
    }

    @Test func `a start on an occupied connector ends the session before, and a late stop corrects it`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        d.token("T2")
        let first = d.start("CP1", tag: "T1", meter: 1000)
        let stoppedAt = d.now + .minutes(30)
        d.now += .hours(1)
        d.start("CP1", tag: "T2", meter: 4000)
        #expect(d.session("S-1")?.status == .ended)
        #expect(d.session("S-1")?.has(.noStop) == true)
        d.stop("CP1", first, meter: 3900, at: stoppedAt)
        #expect(d.session("S-1")?.has(.noStop) == false)
        #expect(d.session("S-1")?.imported == .wattHours(2900))
        #expect(d.session("S-1")?.endedAt == stoppedAt)
        #expect(d.session("S-2")?.status == .active)
    }

    @Test func `a clock that was never set is replaced by ours and flagged`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        d.start("CP1", tag: "T1", at: Instant(seconds: 5000))
        #expect(d.session("S-1")?.startedAt == d.now)
        #expect(d.session("S-1")?.has(.clockUnset) == true)
    }

    @Test func `numbers no meter can mean do no harm`() {
        var d = Dialogue()
        d.boot("CP1")
        d.token("T1")
        let tx = d.start("CP1", tag: "T1", meter: Int(Int32.max))
        d.now += .minutes(1)
        for value in ["9223372036854775807", "-9223372036854775807", "1e300", "NaN", "", "0.0000000000000001"] {
            for measurand in ["Energy.Active.Import.Register", "Power.Active.Import", "Current.Import"] {
                d.say(
                    "CP1", "MeterValues",
                    #"{"connectorId":1,"transactionId":\#(tx),"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[{"value":"\#(value)","measurand":"\#(measurand)"},{"value":"\#(value)","measurand":"\#(measurand)","phase":"L1"}]}]}"#
                )
            }
        }
        #expect(d.stop("CP1", tx, meter: .max) == "{}")
        #expect(d.session("S-1")?.status == .ended)
        d.meter("CP1", wh: 1, watts: 1, transaction: 1, connector: 99_999)
        d.status("CP1", "Available", connector: 4_000_000)
    }

    @Test func `stated needs are checked and kept`() throws {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(100))
        d.start("P1", tag: "T1")
        let id = Session.ID("S-1")
        let past = Needs(
            departure: d.now, energy: .kilowattHours(2000), minimum: .kilowattHours(3000), chargeNow: false,
            statedBy: "driver", statedAt: d.now)
        guard case .failure(let fault) = d.order(.setNeeds(id, past)) else {
            Issue.record("needs that cannot be were taken")
            return
        }
        #expect(fault.fields.map(\.path) == ["departure", "energy_kwh", "minimum_kwh"])
        let needs = Needs(
            departure: d.now + .hours(5), energy: .kilowattHours(20), minimum: .kilowattHours(5), chargeNow: false,
            statedBy: "driver", statedAt: d.now)
        _ = try d.order(.setNeeds(id, needs)).get()
        #expect(d.session("S-1")?.needs == needs)
    }
}
