import OCPP
import OCPPMessages
import Testing

@Suite("Framing of 2.x") struct VersionTests {
    private static let event =
        #"{"eventType":"Started","timestamp":"2026-01-01T00:00:00Z","triggerReason":"Trigger","#
        + #""seqNo":0,"transactionInfo":{"transactionId":"t"}}"#

    @Test(arguments: [OCPPVersion.v201, .v21]) func `a call of the version is delivered and answered`(
        version: OCPPVersion
    ) {
        var d = Dialogue(version: version)
        #expect(d.receive(#"[2,"a","TransactionEvent",\#(Self.event)]"#).first == "deliver a TransactionEvent")
        #expect(d.delivered.last?.softFaults == [])
        #expect(
            d.handle(.respond(messageID: "a", payload: Array("{}".utf8))) == [#"→ [3,"a",{}]"#])
    }

    @Test func `what only 2·1 has is not implemented in 2·0·1`() {
        let swap =
            #"[2,"a","BatterySwap",{"eventType":"BatteryIn","requestId":1,"idToken":{"idToken":"x","type":"Local"},"#
            + #""batteryData":[{"evseId":1,"serialNumber":"s","soC":1,"soH":1}]}]"#
        var old = Dialogue(version: .v201)
        #expect(old.receive(swap).contains { $0.hasPrefix(#"→ [4,"a","NotImplemented""#) })
        var new = Dialogue(version: .v21)
        #expect(new.receive(swap).first == "deliver a BatterySwap")
    }

    @Test func `errors are spelt as the version spells them`() {
        let broken = #"[2,"a","StatusNotification",{}]"#
        for (version, code) in [
            (OCPPVersion.v16, "OccurenceConstraintViolation"), (.v201, "OccurrenceConstraintViolation"),
            (.v21, "OccurrenceConstraintViolation"),
        ] {
            var d = Dialogue(version: version)
            let answer = d.receive(broken).first { $0.hasPrefix("→") }
            #expect(answer?.hasPrefix(#"→ [4,"a","\#(code)""#) == true, "\(version): \(answer ?? "")")
        }
    }

    @Test func `a message whose id cannot be read is answered with id -1, but not in 1·6`() {
        for version in OCPPVersion.allCases {
            var d = Dialogue(version: version)
            let sent = d.receive("[,{}]").filter { $0.hasPrefix("→") }
            if version == .v16 {
                #expect(sent == [])
            } else {
                #expect(sent.count == 1 && sent[0].hasPrefix(#"→ [4,"-1","RpcFrameworkError""#), "\(sent)")
            }
        }
    }

    @Test func `a type of message that the version does not have is ignored and noted`() {
        for (version, text) in [(OCPPVersion.v201, #"[6,"a","X",{}]"#), (.v21, #"[7,"a","X",{}]"#)] {
            var d = Dialogue(version: version)
            #expect(d.receive(text) == ["note unreadable"])
        }
    }

    @Test func `a SEND is delivered, never answered, and does not stand in the way of a call`() {
        var d = Dialogue(version: .v21)
        let send =
            #"[6,"s","NotifyPeriodicEventStream",{"id":1,"pending":0,"basetime":"2026-01-01T00:00:00Z","data":[{"t":0,"v":"1"}]}]"#
        #expect(d.receive(#"[2,"a","Heartbeat",{}]"#).first == "deliver a Heartbeat")
        #expect(d.receive(send) == ["deliver s NotifyPeriodicEventStream"])
        #expect(d.delivered.last?.isUnanswered == true)
        #expect(d.handle(.respond(messageID: "a", payload: Array("{}".utf8))) == [#"→ [3,"a",{}]"#])
        #expect(d.handle(.respond(messageID: "s", payload: Array("{}".utf8))).allSatisfy { $0.hasPrefix("note") })
        // The same as a CALL, and a CALL as a SEND, are not the version's.
        #expect(d.receive(send.replacing("[6,", with: "[2,")).contains { $0.contains("FormatViolation") })
        #expect(d.receive(#"[6,"h","Heartbeat",{}]"#) == ["note unreadable"])
    }

    @Test func `an answer that cannot be used is told so in 2·1, and a refused answer of ours is noted`() {
        for version in [OCPPVersion.v201, .v21] {
            var d = Dialogue(version: version)
            _ = d.handle(
                .send(
                    .init(
                        token: 5, messageID: "c", action: "Reset", payload: Array(#"{"type":"OnIdle"}"#.utf8),
                        timeoutMilliseconds: 1000)))
            let told = d.receive(#"[3,"c",[]]"#)
            #expect(told.contains { $0.hasPrefix(#"→ [5,"c","FormatViolation""#) } == (version == .v21), "\(told)")
            #expect(told.contains { $0.hasPrefix("completed 5 error") }, "\(told)")
        }
        var d = Dialogue(version: .v21)
        _ = d.receive(#"[2,"a","Heartbeat",{}]"#)
        _ = d.handle(.respond(messageID: "a", payload: Array("{}".utf8)))
        #expect(d.receive(#"[5,"a","FormatViolation","no currentTime",{}]"#).count == 1)
        #expect(d.notes.last?.kind == .answerRefused(messageID: "a", code: "FormatViolation"))
    }

    @Test func `a signed message is read through its signature`() throws {
        let inner = Self.event
        let base64 = base64URL(Array(inner.utf8))
        var d = Dialogue(version: .v21)
        let signed = #"[2,"a","TransactionEvent-Signed",{"protected":"e30","payload":"\#(base64)","signature":"AA"}]"#
        #expect(d.receive(signed).first == "deliver a TransactionEvent")
        let call = try #require(d.delivered.last)
        #expect(call.isSigned && String(decoding: call.payloadBytes, as: UTF8.self).hasPrefix(#"{"protected""#))
        guard case .v2(.transactionEvent(let event)) = call.request else {
            Issue.record("not a TransactionEvent")
            return
        }
        #expect(event.transactionInfo.transactionId == "t")
        for broken in [#"{"payload":"!!"}"#, "{}", #"{"payload":"AA"}"#, "[]"] {
            var d = Dialogue(version: .v21)
            let answer = d.receive(#"[2,"a","TransactionEvent-Signed",\#(broken)]"#)
            #expect(answer.contains { $0.hasPrefix(#"→ [4,"a","FormatViolation""#) }, "\(broken): \(answer)")
        }
    }

    private func base64URL(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | UInt32($1) } << (8 * (3 - UInt32(group.count)))
            for i in 0...group.count { text.append(digits[Int(bits >> (18 - 6 * UInt32(i)) & 63)]) }
        }
        return text
    }
}
