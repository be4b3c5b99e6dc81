import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities
import Testing

@Suite("Commands") struct CommandTests {
    private func command(_ d: inout Dialogue, _ action: String = "ClearCache", _ payload: String = "{}") -> CommandView?
    {
        let result = d.order(
            .command(StationID("CP1"), action: action, payload: Array(payload.utf8), timeout: .seconds(30)))
        if case .success(.command(let view)) = result { return view }
        return nil
    }

    @Test func `a command goes out as it was given and its answer comes back as it was received`() throws {
        var d = Dialogue()
        d.boot("CP1")
        let payload = #"{"connectorId":1,"csChargingProfiles":{"limit":6.10}}"#
        let view = try #require(command(&d, "SetChargingProfile", payload))
        #expect(view.status == .pending)
        #expect(d.calls.map { String(decoding: $0.payload, as: UTF8.self) } == [payload])
        d.answer("CP1", nil, #"{ "status":"Accepted" }"#)
        let done = try #require(d.core.command(view.id))
        #expect(done.status == .answered)
        #expect(done.response.map { String(decoding: $0, as: UTF8.self) } == #"{ "status":"Accepted" }"#)
        #expect(d.disk.commands[view.id] == done)
        let texts = d.disk.messages.map { String(decoding: $0.text, as: UTF8.self) }
        #expect(texts.contains("[2,\"\(view.id)\",\"SetChargingProfile\",\(payload)]"))
        #expect(texts.contains("[3,\"\(view.id)\",{ \"status\":\"Accepted\" }]"))
    }

    @Test func `a password goes to the station and into no record`() throws {
        var d = Dialogue()
        d.boot("CP1")
        let secret = "0123456789abcdef0123"
        let view = try #require(
            command(&d, "ChangeConfiguration", #"{"key":"AuthorizationKey","value":"\#(secret)"}"#))
        #expect(d.calls.last.map { String(decoding: $0.payload, as: UTF8.self).contains(secret) } == true)
        d.answer("CP1", nil, #"{"status":"Accepted"}"#)
        _ = try #require(command(&d, "GetConfiguration", "{}"))
        d.answer(
            "CP1", nil,
            #"{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"\#(secret)"}]}"#)
        let kept =
            d.disk.messages.map(\.text) + d.disk.commands.values.flatMap { [$0.payload, $0.response ?? []] }
            + [try #require(d.core.command(view.id)).payload]
        #expect(kept.count > 4)
        #expect(!kept.contains { String(decoding: $0, as: UTF8.self).contains(secret) })
        #expect(kept.contains { String(decoding: $0, as: UTF8.self).contains(V16.concealed) })
    }

    @Test func `a station that is not connected gives offline at once`() {
        var d = Dialogue()
        d.boot("CP1")
        d.disconnect("CP1")
        #expect(command(&d)?.status == .offline)
        #expect(d.calls.isEmpty)
    }

    @Test func `an unknown station is not found`() {
        var d = Dialogue()
        let result = d.order(.command(StationID("X"), action: "ClearCache", payload: [], timeout: .seconds(1)))
        guard case .failure(let fault) = result else {
            Issue.record("a command to nobody was taken")
            return
        }
        #expect(fault.kind == .notFound && fault.code == "station-unknown")
    }

    @Test func `one call at a time; the rest waits and is bounded`() {
        var d = Dialogue()
        d.boot("CP1")
        var ids: [String] = []
        for _ in 0..<40 { if let view = command(&d) { ids.append(view.id) } }
        #expect(ids.count == 33)
        #expect(d.calls.count == 1)
        for _ in ids { d.answer("CP1", nil, #"{"status":"Accepted"}"#) }
        #expect(ids.allSatisfy { d.disk.commands[$0]?.status == .answered })
    }

    @Test func `an error, a timeout and a lost connection are told apart, and a late answer is applied`() throws {
        var d = Dialogue()
        d.boot("CP1")
        let a = try #require(command(&d))
        d.settle(d.calls[0], .error(code: "NotSupported", description: "no", details: []))
        #expect(d.core.command(a.id)?.status == .error)
        #expect(d.core.command(a.id)?.errorCode == "NotSupported")

        let b = try #require(command(&d))
        let call = d.calls[0]
        d.settle(call, .timeout)
        #expect(d.core.command(b.id)?.status == .timeout)
        let c = try #require(command(&d))
        d.settle(call, .answered(payload: Array(#"{"status":"Accepted"}"#.utf8)), late: true)
        #expect(d.core.command(b.id)?.status == .answered)
        #expect(d.core.command(c.id)?.status == .pending, "a late answer is never the next call's")

        let e = try #require(command(&d))
        d.disconnect("CP1")
        #expect(d.core.command(c.id)?.status == .offline)
        #expect(d.core.command(e.id)?.status == .offline)
        // The gateway tells of it, too; it is over.
        d.give(.completed(StationID("CP1"), token: 4, .dropped, late: false))
        #expect(d.core.command(e.id)?.status == .offline)
    }

    @Test func `a command that was pending when the platform died ends as offline`() throws {
        var d = Dialogue()
        d.boot("CP1")
        let view = try #require(command(&d))
        d.restart()
        d.give(.tick)
        #expect(d.disk.commands[view.id]?.status == .offline)
    }

    @Test func `every order is kept with who gave it`() {
        var d = Dialogue()
        d.boot("CP1")
        _ = command(&d, "Reset", #"{"type":"Hard"}"#)
        let record = d.disk.audit.last
        #expect(record?.actor == "wang")
        #expect(record?.action == "station.command")
        #expect(record?.object == "CP1")
        #expect(record?.detail == "Reset")
    }
}
