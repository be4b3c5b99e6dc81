import Assets
import Charging
import OCPPMessages
import Operations
import Quantities
import Testing

/// Local lists, reservations, promises and displays in the core alone; `Tests/python` has them over sockets.
@Suite("What stations hold") struct HoldingTests {
    private static func dialogue(_ version: OCPPVersion = .v16) -> Dialogue {
        var d = Dialogue { $0.bootPatience = .zero }
        d.connect("CP1", version)
        for i in 1...5 { d.token("T\(i)") }
        return d
    }

    private static func keep(_ d: inout Dialogue, _ scope: LocalListRecord.Scope = .all, automatic: Bool = false) {
        var change = LocalListChange()
        change.scope = scope
        change.isAutomatic = automatic
        d.order(.putLocalList(StationID("CP1"), change))
    }

    private static func list(_ d: Dialogue) -> LocalListView? { d.core.localList(of: StationID("CP1"), at: d.now) }

    /// Answers the steps of one sending as a station that takes `most` entries a message.
    private static func take(_ d: inout Dialogue, version: Int, most: Int = 2) -> [String] {
        let bounds =
            #"{"configurationKey":[{"key":"SendLocalListMaxLength","readonly":true,"value":"\#(most)"}]}"#
        d.answer("CP1", "GetConfiguration", bounds)
        d.answer("CP1", "GetLocalListVersion", #"{"listVersion":\#(version)}"#)
        var sent: [String] = []
        while let call = d.answer("CP1", "SendLocalList", #"{"status":"Accepted"}"#) {
            sent.append(String(decoding: call.payload, as: UTF8.self))
        }
        return sent
    }

    // MARK: - Lists

    @Test func `a list goes whole in parts, then by what changed, and not at all when nothing did`() {
        var d = Self.dialogue()
        Self.keep(&d)
        d.order(.sendLocalList(StationID("CP1"), whole: false))
        let whole = Self.take(&d, version: 0)
        #expect(whole.count == 3)
        #expect(whole[0].contains("\"Full\"") && whole[0].contains("\"listVersion\":1"))
        #expect(whole[2].contains("\"Differential\"") && whole[2].contains("\"listVersion\":3"))
        #expect(Self.list(d)?.isCurrent == true)
        d.order(.deleteIdToken("t3"))
        d.token("T1", .blocked)
        #expect(Self.list(d)?.isCurrent == false)
        d.order(.sendLocalList(StationID("CP1"), whole: false))
        let changed = Self.take(&d, version: 3)
        #expect(changed.count == 1 && changed[0].contains("\"Differential\""))
        #expect(changed[0].contains(#"{"idTag":"T3"}"#) && changed[0].contains("Blocked"))
        d.order(.sendLocalList(StationID("CP1"), whole: false))
        #expect(Self.take(&d, version: 4).isEmpty)
        #expect(Self.list(d)?.record.outcome == .sent)
    }

    @Test func `a list whose numbers come to their end goes whole and counts anew`() {
        var d = Self.dialogue()
        Self.keep(&d)
        d.order(.sendLocalList(StationID("CP1"), whole: false))
        let first = Self.take(&d, version: Int(Int32.max) - 1, most: 20)
        #expect(first.count == 1 && first[0].contains("\"listVersion\":1,"))
        // Ours, and far on: what changed would pass the end.
        d.restart()
        d.connect("CP1", .v16)
        d.token("T1", .blocked)
        d.order(.sendLocalList(StationID("CP1"), whole: false))
        let second = Self.take(&d, version: Int(Int32.max) - 10, most: 20)
        #expect(second.count == 1 && second[0].contains("\"Full\"") && second[0].contains("\"listVersion\":1,"))
    }

    @Test func `what the disk knows of a list is what memory knew, also in the middle of a sending`() {
        var d = Self.dialogue()
        Self.keep(&d)
        d.order(.sendLocalList(StationID("CP1"), whole: false))
        d.answer("CP1", "GetConfiguration", "{}")
        d.answer("CP1", "GetLocalListVersion", #"{"listVersion":0}"#)
        d.restart()
        #expect(Self.list(d)?.record.outcome == .failed)
        #expect(Self.list(d)?.record.word == "platform-restarted")
        d.connect("CP1")
        d.order(.sendLocalList(StationID("CP1"), whole: false))
        #expect(Self.take(&d, version: 1).first?.contains("\"Full\"") == true)
        let before = Self.list(d)
        d.restart()
        #expect(Self.list(d) == before && before?.isCurrent == true)
    }

    @Test func `tokens longer than 1_6 carries are left out and counted`() {
        var d = Self.dialogue()
        d.token("A-TOKEN-OF-21-LETTERS")
        Self.keep(&d)
        d.order(.sendLocalList(StationID("CP1"), whole: false))
        let sent = Self.take(&d, version: 0, most: 20)
        #expect(sent.count == 1 && !sent[0].contains("A-TOKEN"))
        #expect(Self.list(d)?.record.leftOut == 1 && Self.list(d)?.record.entries == 5)
    }

    @Test func `automatic lists follow tokens a little later, and fail quietly for ten minutes`() {
        var d = Self.dialogue()
        Self.keep(&d, automatic: true)
        d.pass(.seconds(5))
        #expect(Self.take(&d, version: 0, most: 20).count == 1)
        d.token("T9")
        d.pass(.seconds(5))
        d.answer("CP1", "GetLocalListVersion", #"{"listVersion":1}"#)
        d.answer("CP1", "SendLocalList", #"{"status":"Failed"}"#)
        // A refused change is mended by the whole list; one refused too, it waits.
        #expect(
            d.calls.first { $0.action == "SendLocalList" }.map {
                String(decoding: $0.payload, as: UTF8.self).contains("Full")
            } == true)
        d.answer("CP1", "SendLocalList", #"{"status":"Failed"}"#)
        #expect(Self.list(d)?.record.outcome == .failed)
        d.pass(.minutes(9))
        #expect(!d.calls.contains { $0.action == "GetLocalListVersion" })
        d.pass(.minutes(2))
        #expect(d.calls.contains { $0.action == "GetLocalListVersion" })
    }

    // MARK: - Reservations

    private static func reserve(_ d: inout Dialogue, token: String = "T1", minutes: Int = 30) -> Reservation? {
        let wish = StationWish.reserve(
            evse: 1, connectorKind: nil, token: token, group: nil, until: d.now + .minutes(minutes))
        guard case .success(.reservation(let made, _)) = d.order(.ask(StationID("CP1"), wish, timeout: .seconds(30)))
        else { return nil }
        return made
    }
    private static func state(_ d: Dialogue, _ id: Int) -> Reservation.State? {
        d.core.reservation(id, of: StationID("CP1"))?.state
    }

    @Test func `a reservation keeps others out until it is over, also over a restart`() throws {
        var d = Self.dialogue()
        let made = try #require(Self.reserve(&d))
        #expect(made.state == .asked)
        d.answer("CP1", "ReserveNow", #"{"status":"Accepted"}"#)
        #expect(Self.state(d, made.id) == .accepted)
        d.restart()
        d.connect("CP1")
        #expect(Self.state(d, made.id) == .accepted)
        let refused = d.say(
            "CP1", "StartTransaction",
            #"{"connectorId":1,"idTag":"T2","meterStart":0,"timestamp":"\#(d.now)"}"#)
        #expect(refused?.contains("Invalid") == true)
        d.stop("CP1", 1, meter: 0)
        d.pass(.minutes(31))
        #expect(Self.state(d, made.id) == .expired)
        d.start("CP1", tag: "T2")
        #expect(d.evse("CP1")?.transaction != nil)
    }

    @Test func `a start with its number uses a reservation although it is over by our clock`() throws {
        var d = Self.dialogue()
        let made = try #require(Self.reserve(&d, minutes: 1))
        d.answer("CP1", "ReserveNow", #"{"status":"Accepted"}"#)
        let began = d.now + .seconds(30)
        d.pass(.minutes(2))
        #expect(Self.state(d, made.id) == .expired)
        d.say(
            "CP1", "StartTransaction",
            #"{"connectorId":1,"idTag":"T1","meterStart":0,"timestamp":"\#(began)","reservationId":\#(made.id)}"#)
        #expect(Self.state(d, made.id) == .inUse)
    }

    @Test func `timeouts and late answers leave the truth`() throws {
        var d = Self.dialogue()
        let made = try #require(Self.reserve(&d))
        let call = try #require(d.calls.first { $0.action == "ReserveNow" })
        d.settle(call, .timeout)
        #expect(Self.state(d, made.id) == .unanswered)
        d.settle(call, .answered(payload: Array(#"{"status":"Occupied"}"#.utf8)), late: true)
        #expect(Self.state(d, made.id) == .refused)
        let other = try #require(Self.reserve(&d))
        let error = try #require(d.calls.first { $0.action == "ReserveNow" })
        d.settle(error, .error(code: "NotSupported", description: "", details: []))
        #expect(d.core.reservation(other.id, of: StationID("CP1"))?.word == "NotSupported")
        d.disconnect("CP1")
        #expect(Self.reserve(&d)?.state == .notSent)
    }

    @Test func `open reservations are bounded`() {
        var d = Self.dialogue()
        d.disconnect("CP1")
        d.connect("CP1")
        var made = 0
        while Self.reserve(&d) != nil, made < 100 {
            d.answer("CP1", "ReserveNow", #"{"status":"Accepted"}"#)
            made += 1
        }
        #expect(made == 32)
    }

    // MARK: - Promises

    private static func command(_ d: inout Dialogue, _ action: String, _ payload: String, _ answer: String) -> String? {
        let order = Order.command(
            StationID("CP1"), action: action, payload: Array(payload.utf8), timeout: .seconds(30))
        guard case .success(.command(let view)) = d.order(order) else { return nil }
        d.answer("CP1", action, answer)
        return view.id
    }

    @Test func `a promise that is not kept is overdue, one that is kept is done`() throws {
        var d = Self.dialogue()
        let reset = try #require(Self.command(&d, "Reset", #"{"type":"Soft"}"#, #"{"status":"Accepted"}"#))
        #expect(d.core.command(reset)?.followUp?.state == .waiting)
        #expect(d.disk.commands[reset]?.followUp?.state == .waiting)
        d.pass(.minutes(16))
        #expect(d.disk.commands[reset]?.followUp?.state == .overdue)
        let again = try #require(Self.command(&d, "Reset", #"{"type":"Soft"}"#, #"{"status":"Accepted"}"#))
        d.restart()
        d.boot("CP1")
        #expect(d.disk.commands[again]?.followUp?.state == .done)
        let refused = try #require(Self.command(&d, "Reset", #"{"type":"Soft"}"#, #"{"status":"Rejected"}"#))
        #expect(d.disk.commands[refused]?.followUp == nil)
    }

    @Test func `a change of availability that holds already is done at once`() throws {
        var d = Self.dialogue()
        d.status("CP1", "Unavailable")
        let change = try #require(
            Self.command(
                &d, "ChangeAvailability", #"{"connectorId":1,"type":"Inoperative"}"#, #"{"status":"Accepted"}"#))
        #expect(d.core.command(change)?.followUp?.state == .done)
    }

    @Test func `an unlocked connector is done at once, or when the transaction there has ended`() throws {
        var d = Self.dialogue()
        let unlock = #"{"connectorId":1}"#
        let unheard = try #require(Self.command(&d, "UnlockConnector", unlock, #"{"status":"Unlocked"}"#))
        #expect(d.core.command(unheard)?.followUp == CommandFollowUp(.done, object: nil, at: d.now))
        d.status("CP1", "Available")
        let free = try #require(Self.command(&d, "UnlockConnector", unlock, #"{"status":"Unlocked"}"#))
        #expect(d.core.command(free)?.followUp == CommandFollowUp(.done, object: "available", at: d.now))
        let transaction = d.start("CP1", tag: "T1")
        let charging = try #require(Self.command(&d, "UnlockConnector", unlock, #"{"status":"Unlocked"}"#))
        #expect(d.core.command(charging)?.followUp?.state == .waiting)
        d.restart()
        d.connect("CP1")
        d.stop("CP1", transaction)
        let session = try #require(d.disk.sessions.values.first { $0.transactionID == String(transaction) })
        #expect(d.disk.commands[charging]?.followUp?.state == .done)
        #expect(d.disk.commands[charging]?.followUp?.object == session.id.value)
        for word in ["UnlockFailed", "NotSupported"] {
            let refused = try #require(Self.command(&d, "UnlockConnector", unlock, #"{"status":"\#(word)"}"#))
            #expect(d.disk.commands[refused]?.followUp == nil)
        }
        var e = Self.dialogue(.v201)
        let second = try #require(
            Self.command(&e, "UnlockConnector", #"{"evseId":1,"connectorId":1}"#, #"{"status":"Unlocked"}"#))
        #expect(e.core.command(second)?.followUp?.state == .done)
    }

    // MARK: - Vendors and contracts

    @Test func `a contract is judged by its certificates first, then by its token`() {
        var d = Dialogue()
        d.connect("CP1", .v201)
        d.token("EM1")
        let asked =
            #"{"idToken":{"idToken":"EM1","type":"eMAID"},"certificate":"PEM"}"#
        // Nobody looked at the certificates: they prove nothing.
        let answer = d.say("CP1", "Authorize", asked)
        #expect(answer?.contains("CertChainError") == true && answer?.contains("Invalid") == true)
    }

    @Test func `displays are told in parts, and bounded`() {
        var d = Dialogue()
        d.connect("CP1", .v201)
        d.order(.ask(StationID("CP1"), .readDisplay, timeout: .seconds(30)))
        d.answer("CP1", "GetDisplayMessages", #"{"status":"Accepted"}"#)
        func part(_ ids: Range<Int>, _ goesOn: Bool) -> String {
            let messages = ids.map {
                #"{"id":\#($0),"priority":"NormalCycle","message":{"format":"UTF8","content":"M\#($0)"}}"#
            }
            return #"{"requestId":1,"tbc":\#(goesOn),"messageInfo":[\#(messages.joined(separator: ","))]}"#
        }
        d.say("CP1", "NotifyDisplayMessages", part(0..<150, true))
        #expect(d.core.display(of: StationID("CP1"))?.messages.isEmpty == true)
        d.say("CP1", "NotifyDisplayMessages", part(150..<300, false))
        #expect(d.core.display(of: StationID("CP1"))?.messages.count == DisplayPicture.most)
        #expect(d.disk.displays[StationID("CP1")]?.toldAt == d.now)
        // Reports that are faster than their answer make the same picture.
        d.order(.ask(StationID("CP1"), .readDisplay, timeout: .seconds(30)))
        let one = #"{"id":7,"priority":"NormalCycle","message":{"format":"UTF8","content":"M"}}"#
        d.say("CP1", "NotifyDisplayMessages", #"{"requestId":2,"messageInfo":[\#(one)]}"#)
        d.answer("CP1", "GetDisplayMessages", #"{"status":"Accepted"}"#)
        #expect(d.core.display(of: StationID("CP1"))?.messages.map(\.id) == [7])
    }
}
