import OCPP
import OCPPMessages
import Quantities
import Testing

/// A link and what it did, as one line of text an action, so that tests read as a dialogue.
struct Dialogue {
    var link: StationLink
    private(set) var delivered: [InboundCall] = []
    private(set) var notes: [LinkNote] = []

    init(
        _ role: StationLink.Role = .centralSystem, version: OCPPVersion = .v16,
        _ change: (inout StationLink.Limits) -> Void = { _ in }
    ) {
        var limits = StationLink.Limits()
        change(&limits)
        link = StationLink(role: role, version: version, limits: limits)
    }

    mutating func handle(_ event: StationLink.Event, at now: Int64 = 0) -> [String] {
        var actions: [StationLink.Action] = []
        link.handle(event, at: now, into: &actions)
        return actions.map { action in
            switch action {
            case .transmit(let text): return "→ " + String(decoding: text, as: UTF8.self)
            case .deliver(let call):
                delivered.append(call)
                return "deliver \(call.messageID) \(call.action)"
            case .completed(let token, let outcome): return "completed \(token) \(Dialogue.text(outcome))"
            case .lateAnswer(let token, let id, let outcome): return "late \(token) \(id) \(Dialogue.text(outcome))"
            case .wake(let at): return "wake \(at)"
            case .close(let code, _): return "close \(code)"
            case .note(let note):
                notes.append(note)
                return "note \(note.kind)"
            }
        }
    }

    mutating func receive(_ text: String, at now: Int64 = 0) -> [String] {
        handle(.received(text: Array(text.utf8)), at: now)
    }

    mutating func send(_ token: UInt64, _ action: String = "ClearCache", at now: Int64 = 0, timeout: Int64 = 30_000)
        -> [String]
    {
        let call = StationLink.OutgoingCall(
            token: token, messageID: "m\(token)", action: action, payload: Array("{}".utf8),
            timeoutMilliseconds: timeout)
        return handle(.send(call), at: now)
    }

    private static func text(_ outcome: StationLink.CallOutcome) -> String {
        switch outcome {
        case .answered(let payload): "answered " + String(decoding: payload, as: UTF8.self)
        case .error(let code, let description, let details):
            "error \(code) \(description) " + String(decoding: details, as: UTF8.self)
        case .timeout: "timeout"
        case .dropped: "dropped"
        }
    }
}

@Suite("Station link: calls of the other side") struct InboundTests {
    @Test func `a call is delivered with its payload and answered once`() throws {
        var d = Dialogue()
        #expect(d.receive(#" [2, "a1", "Heartbeat", { } ]"#) == ["deliver a1 Heartbeat", "wake 120000"])
        #expect(String(decoding: try #require(d.delivered.first).payloadBytes, as: UTF8.self) == "{ }")
        #expect(
            d.handle(.respond(messageID: "a1", payload: Array(#"{"currentTime":"2026-01-31T08:00:00Z"}"#.utf8)))
                == [#"→ [3,"a1",{"currentTime":"2026-01-31T08:00:00Z"}]"#])
        #expect(d.handle(.respond(messageID: "a1", payload: [])) == [#"note answerNotSent(messageID: "a1")"#])
    }

    @Test func `an error goes out in the spelling of 1_6 and with at most 255 characters`() {
        var d = Dialogue()
        _ = d.receive(#"[2,"a1","Heartbeat",{}]"#)
        #expect(
            d.handle(.respondError(messageID: "a1", code: .occurrenceConstraintViolation, description: "no"))
                == [#"→ [4,"a1","OccurenceConstraintViolation","no",{}]"#])
        _ = d.receive(#"[2,"a2","Heartbeat",{}]"#)
        let long = String(repeating: "字", count: 300)
        let frame = d.handle(.respondError(messageID: "a2", code: .securityError, description: long)).first ?? ""
        #expect(frame.contains("\"" + String(repeating: "字", count: 255) + "\""))
    }

    @Test func `a second call before the first answer is tolerated, and no answer waits for another`() {
        var d = Dialogue()
        _ = d.receive(#"[2,"a1","Heartbeat",{}]"#)
        #expect(d.receive(#"[2,"a2","Heartbeat",{}]"#) == ["deliver a2 Heartbeat"])
        #expect(d.handle(.respond(messageID: "a2", payload: Array("{}".utf8))) == [#"→ [3,"a2",{}]"#])
        #expect(d.handle(.respond(messageID: "a1", payload: Array("{}".utf8))) == [#"→ [3,"a1",{}]"#])
    }

    @Test func `more open calls than the bound are refused`() {
        var d = Dialogue { $0.inboundQueue = 2 }
        _ = d.receive(#"[2,"a1","Heartbeat",{}]"#)
        _ = d.receive(#"[2,"a2","Heartbeat",{}]"#)
        let refusal = d.receive(#"[2,"a3","Heartbeat",{}]"#)
        #expect(refusal.count == 2 && refusal[0] == "note refused(OCPP.RPCErrorCode.genericError)")
        #expect(refusal[1].hasPrefix(#"→ [4,"a3","GenericError","#))
        _ = d.handle(.respond(messageID: "a1", payload: Array("{}".utf8)))
        #expect(d.receive(#"[2,"a4","Heartbeat",{}]"#) == ["deliver a4 Heartbeat"])
    }

    @Test func `an answer that our side never gives is given up and makes room`() {
        var d = Dialogue { $0.answerMilliseconds = 1000 }
        #expect(d.receive(#"[2,"a1","Heartbeat",{}]"#) == ["deliver a1 Heartbeat", "wake 1000"])
        _ = d.receive(#"[2,"a2","Heartbeat",{}]"#, at: 500)
        #expect(d.handle(.wake, at: 1000) == [#"note unanswered(messageID: "a1")"#, "wake 1500"])
        #expect(
            d.handle(.respond(messageID: "a1", payload: []), at: 1100) == [#"note answerNotSent(messageID: "a1")"#])
        #expect(d.handle(.respond(messageID: "a2", payload: Array("{}".utf8)), at: 1200) == [#"→ [3,"a2",{}]"#])
    }

    @Test(arguments: [
        (#"[2,"x","Reboot",{}]"#, "NotImplemented"), (#"[2,"x","heartbeat",{}]"#, "NotImplemented"),
        (#"[2,"x","Reset",{"type":"Hard"}]"#, "NotSupported"), (#"[2,"x","Heartbeat"]"#, "FormationViolation"),
        (#"[2,"x","Heartbeat",{"#, "FormationViolation"), (#"[2,"x",7,{}]"#, "FormationViolation"),
        (#"[2,"x","Authorize",{}]"#, "OccurenceConstraintViolation"),
        (#"[2,"x","Authorize",[1]]"#, "TypeConstraintViolation"),
        (
            #"[2,"x","StartTransaction",{"connectorId":1,"idTag":"A","meterStart":1,"timestamp":"now"}]"#,
            "PropertyConstraintViolation"
        ),
        (#"[2,"x","Heartbeat",{}"#, "FormationViolation"), (#"[2,"x","Heartbeat",{}],"#, "FormationViolation"),
    ]) func `a call that cannot be handled is refused in the words of 1_6`(_ text: String, _ code: String) {
        var d = Dialogue()
        let actions = d.receive(text)
        #expect(actions.count == 2 && actions[1].hasPrefix(#"→ [4,"x","\#(code)","#), "\(actions)")
        #expect(d.notes.first.map { $0.text == Array(text.utf8) } == true)
    }

    @Test(arguments: [
        "", "x", "{}", "[]", "[2]", "[2,7,\"Heartbeat\",{}]", "[2,\"\",\"Heartbeat\",{}]", "[,{}]",
        "[\"2\",\"x\",\"Heartbeat\",{}]",
        "[5,\"x\",\"a\",\"b\",{}]", "[99,\"x\"]", "[2,\"\(String(repeating: "i", count: 256))\",\"Heartbeat\",{}]",
    ]) func `what has no id or no known type is dropped with a note`(_ text: String) {
        var d = Dialogue()
        #expect(d.receive(text) == ["note unreadable"])
    }

    @Test func `an over-long id is flagged and echoed`() {
        var d = Dialogue()
        let id = String(repeating: "i", count: 40)
        _ = d.receive("[2,\"\(id)\",\"Heartbeat\",{}]")
        #expect(d.delivered.first?.softFaults.map(\.path) == ["message id"])
        #expect(d.handle(.respond(messageID: id, payload: Array("{}".utf8))) == ["→ [3,\"\(id)\",{}]"])
    }

    @Test func `an id with escapes is echoed as the same text`() {
        var d = Dialogue()
        _ = d.receive(#"[2,"a\"\u4f60\\","Heartbeat",{}]"#)
        #expect(d.handle(.respond(messageID: #"a"你\"#, payload: Array("{}".utf8))) == [#"→ [3,"a\"你\\",{}]"#])
    }

    @Test func `too large a message closes the connection and settles what was open`() {
        var d = Dialogue { $0.messageBytes = 50 }
        _ = d.send(1)
        let actions = d.receive(#"[2,"x","DataTransfer",{"vendorId":"aaaaaaaaaaaaaaaaaaaaaaaa"}]"#)
        #expect(actions == ["close 1009", "completed 1 dropped"])
        #expect(d.receive(#"[2,"y","Heartbeat",{}]"#) == [])
    }

    @Test func `a peer that never speaks OCPP is shown the door`() {
        var d = Dialogue { $0.unreadableInARow = 3 }
        _ = d.receive("x")
        _ = d.receive("x")
        _ = d.receive(#"[2,"a","Heartbeat",{}]"#)
        #expect(d.receive("x") == ["note unreadable"])
        #expect(d.receive("x") == ["note unreadable"])
        #expect(d.receive("x") == ["note unreadable", "close 1008"])
    }
}

@Suite("Station link: our calls") struct OutgoingTests {
    @Test func `one call is outstanding, the next waits its turn`() {
        var d = Dialogue()
        #expect(d.send(1) == [#"→ [2,"m1","ClearCache",{}]"#, "wake 30000"])
        #expect(d.send(2, at: 10) == [])
        #expect(
            d.receive(#"[3,"m1",{"status":"Accepted"}]"#, at: 500)
                == [#"completed 1 answered {"status":"Accepted"}"#, #"→ [2,"m2","ClearCache",{}]"#])
        // The time-out counts from the moment it was sent.
        #expect(d.handle(.wake, at: 30_000) == ["wake 30500"])
        #expect(d.handle(.wake, at: 30_500) == ["completed 2 timeout"])
    }

    @Test func `a timer that is a moment early is asked for again, an old one is not`() {
        var d = Dialogue()
        _ = d.send(1)
        #expect(d.handle(.wake, at: 20_000) == [])
        #expect(d.handle(.wake, at: 29_999) == ["wake 30000"])
        #expect(d.handle(.wake, at: 30_000) == ["completed 1 timeout"])
    }

    @Test func `a late answer goes to the right call`() {
        var d = Dialogue()
        _ = d.send(1)
        #expect(d.handle(.wake, at: 30_000) == ["completed 1 timeout"])
        _ = d.send(2, at: 31_000)
        #expect(
            d.receive(#"[3,"m1",{"status":"Accepted"}]"#, at: 32_000) == [#"late 1 m1 answered {"status":"Accepted"}"#])
        #expect(d.receive(#"[3,"m2",{}]"#, at: 33_000) == ["completed 2 answered {}"])
        #expect(d.receive(#"[3,"m1",{}]"#, at: 34_000) == [#"note unexpectedAnswer(messageID: "m1")"#])
    }

    @Test func `a deadline that has passed counts even when the wake-up is late`() {
        var d = Dialogue()
        _ = d.send(1)
        #expect(d.receive(#"[3,"m1",{}]"#, at: 30_000) == ["completed 1 timeout", "late 1 m1 answered {}"])
    }

    @Test func `an error is told as it came`() {
        var d = Dialogue()
        _ = d.send(1)
        #expect(
            d.receive(#"[4,"m1","FormatViolation","what",{"a":1}]"#) == [
                #"completed 1 error FormatViolation what {"a":1}"#
            ])
        _ = d.send(2)
        #expect(d.receive(#"[4,"m2","MadeUp"]"#) == ["completed 2 error MadeUp  {}"])
        #expect(RPCErrorCode(spelling: "MadeUp") == .genericError)
    }

    @Test(arguments: [#"[3,"m1",{]"#, #"[3,"m1",7]"#, #"[3,"m1",{"a":nul}]"#])
    func `an answer that cannot be read settles its call at once`(_ text: String) {
        var d = Dialogue()
        _ = d.send(1)
        let actions = d.receive(text)
        #expect(actions.count == 2 && actions[0] == #"note brokenAnswer(messageID: "m1")"#)
        #expect(actions[1].hasPrefix("completed 1 error FormationViolation"))
    }

    @Test(arguments: [#"[3,"m1"]"#, #"[3,"m1",null]"#]) func `an absent payload is an empty one`(_ text: String) {
        var d = Dialogue()
        _ = d.send(1)
        #expect(d.receive(text) == ["completed 1 answered {}"])
    }

    @Test func `calls cross without confusion`() {
        var d = Dialogue()
        _ = d.send(1)
        #expect(d.receive(#"[2,"m1","Heartbeat",{}]"#) == ["deliver m1 Heartbeat"])
        #expect(d.receive(#"[3,"m1",{}]"#) == ["completed 1 answered {}"])
        #expect(d.handle(.respond(messageID: "m1", payload: Array("{}".utf8))) == [#"→ [3,"m1",{}]"#])
    }

    @Test func `a full queue drops the newest`() {
        var d = Dialogue { $0.outgoingQueue = 2 }
        for token in 1...3 { _ = d.send(UInt64(token)) }
        #expect(d.send(4) == ["completed 4 dropped"])
        #expect(d.link.unsettledCalls == 3)
    }

    @Test func `the end of the socket settles every call, and nothing moves after it`() {
        var d = Dialogue()
        _ = d.send(1)
        _ = d.send(2)
        _ = d.receive(#"[2,"a","Heartbeat",{}]"#)
        #expect(d.handle(.closed) == ["completed 1 dropped", "completed 2 dropped"])
        #expect(d.handle(.respond(messageID: "a", payload: [])) == [])
        #expect(d.send(3) == ["completed 3 dropped"])
        #expect(d.handle(.closed) == [] && d.handle(.wake, at: 99_999) == [])
    }

    @Test func `only so many time-outs are remembered`() {
        var d = Dialogue { $0.rememberedTimeouts = 1 }
        _ = d.send(1, at: 0, timeout: 10)
        _ = d.handle(.wake, at: 10)
        _ = d.send(2, at: 20, timeout: 10)
        _ = d.handle(.wake, at: 30)
        #expect(d.receive(#"[3,"m1",{}]"#, at: 40) == [#"note unexpectedAnswer(messageID: "m1")"#])
        #expect(d.receive(#"[3,"m2",{}]"#, at: 40) == ["late 2 m2 answered {}"])
    }

    /// Whatever happens in whatever order: each call of ours completes exactly once, at most one is on the wire, and each of
    /// theirs is answered at most once.
    @Test func `each call is settled exactly once whatever happens`() {
        for seed in 1...300 {
            var random = SeededRandom(seed: UInt64(seed))
            var link = StationLink(role: .centralSystem, version: .v16)
            var (now, token, theirs): (Int64, UInt64, Int) = (0, 0, 0)
            var settled: [UInt64: Int] = [:]
            var onWire: [String] = []
            var open: [String] = []
            var actions: [StationLink.Action] = []
            func run(_ event: StationLink.Event) {
                actions.removeAll()
                link.handle(event, at: now, into: &actions)
                for action in actions {
                    switch action {
                    case .transmit(let text):
                        let frame = String(decoding: text, as: UTF8.self)
                        if frame.hasPrefix("[2") { onWire.append(String(frame.split(separator: "\"")[1])) }
                        if frame.hasPrefix("[3") {
                            let id = String(frame.split(separator: "\"")[1])
                            #expect(open.contains(id), "seed \(seed): \(id)")
                            open.removeAll { $0 == id }
                        }
                    case .completed(let token, _):
                        settled[token, default: 0] += 1
                        onWire.removeAll { $0 == "m\(token)" }
                    case .deliver(let call): open.append(call.messageID)
                    case .note(let note):
                        if case .unanswered(let id) = note.kind { open.removeAll { $0 == id } }
                    default: break
                    }
                }
                #expect(onWire.count <= 1, "seed \(seed): \(onWire)")
            }
            for _ in 0..<200 {
                now += Int64(random.next() % 4000)
                switch random.next() % 7 {
                case 0, 1:
                    token += 1
                    run(
                        .send(
                            .init(
                                token: token, messageID: "m\(token)", action: "ClearCache", payload: [123, 125],
                                timeoutMilliseconds: 5000)))
                case 2, 3: if let id = onWire.first { run(.received(text: Array("[3,\"\(id)\",{}]".utf8))) }
                case 4:
                    theirs += 1
                    run(.received(text: Array("[2,\"t\(theirs)\",\"Heartbeat\",{}]".utf8)))
                case 5:
                    if let id = open.randomElement(using: &random) {
                        run(.respond(messageID: id, payload: [123, 125]))
                    }
                default: run(.wake)
                }
            }
            run(.closed)
            #expect(settled.count == Int(token) && settled.values.allSatisfy { $0 == 1 }, "seed \(seed)")
        }
    }

    @Test func `two links understand each other`() {
        var (centre, station) = (
            StationLink(role: .centralSystem, version: .v16), StationLink(role: .station, version: .v16)
        )
        var actions: [StationLink.Action] = []
        let request = V16.Request.heartbeat(.init())
        station.handle(
            .send(
                .init(
                    token: 1, messageID: "s1", action: request.action.rawValue, payload: request.json,
                    timeoutMilliseconds: 1000)),
            at: 0, into: &actions)
        guard case .transmit(let call)? = actions.first else { return #expect(Bool(false)) }
        actions = []
        centre.handle(.received(text: call), at: 0, into: &actions)
        guard case .deliver(let delivered)? = actions.first else { return #expect(Bool(false)) }
        guard case .v16(let read) = delivered.request else {
            Issue.record("not a request of 1.6")
            return
        }
        #expect(read == request)
        actions = []
        let response = V16.Response.heartbeat(.init(currentTime: Instant(seconds: 1_769_846_400)))
        centre.handle(.respond(messageID: delivered.messageID, payload: response.json), at: 5, into: &actions)
        guard case .transmit(let answer)? = actions.first else { return #expect(Bool(false)) }
        actions = []
        station.handle(.received(text: answer), at: 6, into: &actions)
        guard case .completed(1, .answered(let payload))? = actions.first else { return #expect(Bool(false)) }
        #expect((try? V16.Response.decode(.heartbeat, payload: payload.span).result.get()) == response)
    }
}

@Suite("Error codes") struct ErrorCodeTests {
    @Test func `every spelling of every version is understood`() {
        for code in RPCErrorCode.allCases {
            for version in [OCPPVersion.v201, .v21] {
                #expect(RPCErrorCode(spelling: code.spelling(in: version)) == code)
            }
            let in16 = code.spelling(in: .v16)
            #expect(in16 == "GenericError" || RPCErrorCode(spelling: in16) == code)
        }
        #expect(RPCErrorCode.formatViolation.spelling(in: .v16) == "FormationViolation")
        #expect(RPCErrorCode.formatViolation.spelling(in: .v21) == "FormatViolation")
    }
}
