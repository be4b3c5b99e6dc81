import Assets
import Charging
import OCPPMessages
import Operations
import Quantities
import Testing

@Suite("Transactions of 2.x") struct TransactionTests {
    private static let t0 = Instant("2025-03-01T00:00:00Z")!

    private static func dialogue(_ version: OCPPVersion = .v201) -> Dialogue {
        var d = Dialogue()
        d.connect("CP1", version)
        d.say(
            "CP1", "BootNotification",
            #"{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M","firmwareVersion":"1"}}"#)
        d.token("T1")
        return d
    }

    /// One TransactionEvent of transaction `tx`, `minute` minutes after the start.
    private static func event(
        _ kind: String, _ seqNo: Int, minute: Int, wh: Int? = nil, state: String? = nil, token: String? = nil,
        evse: Bool = false, tx: String = "tx-1", reason: String? = nil, context: String = "Sample.Periodic"
    ) -> String {
        let at = "\(t0 + .minutes(minute))"
        var info = "\"transactionId\":\"\(tx)\""
        if let state { info += ",\"chargingState\":\"\(state)\"" }
        if let reason { info += ",\"stoppedReason\":\"\(reason)\"" }
        var json =
            "{\"eventType\":\"\(kind)\",\"timestamp\":\"\(at)\",\"triggerReason\":\"Trigger\",\"seqNo\":\(seqNo),"
            + "\"transactionInfo\":{\(info)}"
        if evse { json += ",\"evse\":{\"id\":1,\"connectorId\":1}" }
        if let token { json += ",\"idToken\":{\"idToken\":\"\(token)\",\"type\":\"ISO14443\"}" }
        if let wh {
            json +=
                ",\"meterValue\":[{\"timestamp\":\"\(at)\",\"sampledValue\":[{\"value\":\(wh),\"context\":\"\(context)\","
                + "\"unitOfMeasure\":{\"unit\":\"Wh\"}}]}]"
        }
        return json + "}"
    }

    /// A whole transaction: plugged in, authorised, charged, ended after 40 minutes with 5000 Wh.
    private static let whole = [
        event("Started", 0, minute: 0, wh: 1000, state: "EVConnected", evse: true, context: "Transaction.Begin"),
        event("Updated", 1, minute: 1, state: "EVConnected", token: "T1"),
        event("Updated", 2, minute: 2, state: "Charging"),
        event("Updated", 3, minute: 10, wh: 2500, state: "Charging"),
        event("Updated", 4, minute: 20, wh: 3500, state: "Charging"),
        event(
            "Ended", 5, minute: 40, wh: 6000, state: "EVConnected", token: "T1", reason: "Local",
            context: "Transaction.End"),
    ]

    @Test(arguments: [OCPPVersion.v201, .v21]) func `a transaction is one session with its energy, token and reason`(
        version: OCPPVersion
    ) {
        var d = Self.dialogue(version)
        for (minute, event) in zip([0, 1, 2, 10, 20, 40], Self.whole) {
            d.now = Self.t0 + .minutes(minute)
            #expect(d.say("CP1", "TransactionEvent", event) != nil)
            if minute == 2 { #expect(d.evse("CP1")?.status == .charging) }
        }
        let session = d.disk.sessions[Session.ID("S-1")]
        #expect(session?.status == .ended && session?.imported == .wattHours(5000))
        #expect(session?.transactionID == "tx-1" && session?.idToken == "T1" && session?.stopReason == "Local")
        #expect(session?.evse == EVSEID(StationID("CP1"), 1) && session?.flags == [])
        #expect(session?.startedAt == Self.t0 && session?.endedAt == Self.t0 + .minutes(40))
        #expect(session?.course?.sequence.isComplete == true)
        #expect(d.evse("CP1")?.transaction == nil)
    }

    @Test func `the answer names the token's status only where the message named a token`() {
        var d = Self.dialogue()
        #expect(d.say("CP1", "TransactionEvent", Self.whole[0]) == "{}")
        let answer = d.say("CP1", "TransactionEvent", Self.whole[1])
        #expect(answer?.contains(#""idTokenInfo":{"status":"Accepted""#) == true, "\(answer ?? "")")
        let unknown = d.say("CP1", "TransactionEvent", Self.event("Started", 0, minute: 3, token: "NOBODY", tx: "tx-2"))
        #expect(unknown?.contains("Invalid") == true)
        #expect(d.disk.sessions[Session.ID("S-2")]?.has(.tokenRefused) == true)
    }

    @Test func `in any order, with repeats, across restarts, the session comes out the same`() {
        for seed in UInt64(0)..<120 {
            var random = SeededRandom(seed: seed)
            var d = Self.dialogue()
            d.now = Self.t0 + .hours(1)
            var events = Self.whole
            for event in Self.whole where Int.random(in: 0..<3, using: &random) == 0 { events.append(event) }
            events.shuffle(using: &random)
            for event in events {
                #expect(d.say("CP1", "TransactionEvent", event) != nil)
                if Int.random(in: 0..<6, using: &random) == 0 {
                    d.restart()
                    d.connect("CP1", .v201)
                }
            }
            let sessions = d.disk.sessions.values.filter { $0.transactionID == "tx-1" }
            #expect(sessions.count == 1, "seed \(seed)")
            let session = sessions.first
            #expect(session?.status == .ended && session?.imported == .wattHours(5000), "seed \(seed): \(session!)")
            #expect(session?.idToken == "T1" && session?.evse.number == 1, "seed \(seed)")
            #expect(session?.startedAt == Self.t0 && session?.endedAt == Self.t0 + .minutes(40), "seed \(seed)")
            #expect(session?.flags == [], "seed \(seed): \(session?.flags ?? [])")
            #expect(session?.course?.sequence.isComplete == true, "seed \(seed)")
        }
    }

    @Test func `what numbered messages say of the same second are readings of their own, a repeat is none`() {
        var d = Self.dialogue()
        d.say("CP1", "TransactionEvent", Self.whole[0])
        for (number, wh) in [(1, 1501), (2, 2002), (3, 2503), (2, 2002)] {
            d.say("CP1", "TransactionEvent", Self.event("Updated", number, minute: 5, wh: wh, state: "Charging"))
        }
        let told = d.disk.readings.values.filter { $0.at == Self.t0 + .minutes(5) }.map(\.mantissa).sorted()
        #expect(told == [1501, 2002, 2503])
        #expect(d.disk.corrections.isEmpty)
    }

    @Test func `a gap is shown after the end, holds back nothing, and closes when it is filled`() {
        var d = Self.dialogue()
        for i in [0, 1, 2, 4, 5] { d.say("CP1", "TransactionEvent", Self.whole[i]) }
        var session = d.disk.sessions[Session.ID("S-1")]
        #expect(session?.status == .ended && session?.imported == .wattHours(5000))
        #expect(session?.has(.messagesMissing) == true && session?.course?.sequence.missing == [3...3])
        d.say("CP1", "TransactionEvent", Self.whole[3])
        session = d.disk.sessions[Session.ID("S-1")]
        #expect(session?.flags == [] && session?.imported == .wattHours(5000))
    }

    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "-1"])
    func `numbers beyond reason are answered and harm nothing`(number: String) {
        var d = Self.dialogue(.v201)
        let samples = "[{\"value\":1,\"unitOfMeasure\":{\"multiplier\":\(number)}},{\"value\":2000}]"
        let event =
            "{\"eventType\":\"Started\",\"timestamp\":\"\(Self.t0)\",\"triggerReason\":\"Trigger\",\"seqNo\":\(number),"
            + "\"transactionInfo\":{\"transactionId\":\"t\",\"remoteStartId\":\(number)},"
            + "\"evse\":{\"id\":\(number),\"connectorId\":\(number)},"
            + "\"meterValue\":[{\"timestamp\":\"\(Self.t0)\",\"sampledValue\":\(samples)}]}"
        #expect(d.say("CP1", "TransactionEvent", event) == "{}")
        let status =
            "{\"timestamp\":\"\(Self.t0)\",\"connectorStatus\":\"Occupied\",\"evseId\":\(number),\"connectorId\":1}"
        #expect(d.say("CP1", "StatusNotification", status) == "{}")
        d.restart()
        #expect(d.disk.sessions[Session.ID("S-1")]?.registerStart != nil)
    }

    @Test func `a new transaction on the EVSE ends the one whose end was lost, and the late end still counts`() {
        var d = Self.dialogue()
        for i in 0...4 { d.say("CP1", "TransactionEvent", Self.whole[i]) }
        d.now = Self.t0 + .hours(2)
        d.say("CP1", "TransactionEvent", Self.event("Started", 0, minute: 120, wh: 6000, evse: true, tx: "tx-2"))
        #expect(d.disk.sessions[Session.ID("S-1")]?.has(.noStop) == true)
        #expect(d.evse("CP1")?.transaction == "tx-2")
        d.say("CP1", "TransactionEvent", Self.whole[5])
        let first = d.disk.sessions[Session.ID("S-1")]
        #expect(first?.flags == [] && first?.imported == .wattHours(5000) && first?.stopReason == "Local")
        #expect(d.evse("CP1")?.transaction == "tx-2")
    }
}
