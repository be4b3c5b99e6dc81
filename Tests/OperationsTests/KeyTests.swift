import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities
import Testing

/// A new key over OCPP (1.6 security whitepaper and 2.0.1, A01): whatever dies in between, the station is let in with the
/// key that it uses.
@Suite("Keys") struct KeyTests {
    private static let id = StationID("CP1")
    private static let key = "00112233445566778899aabbccddeeff00112233"

    private static func dialogue(_ version: OCPPVersion = .v16, password: String? = "old") -> Dialogue {
        var d = Dialogue()
        var change = StationChange()
        change.passwordDigest = .some(password)
        d.order(.putStation(id, change))
        d.connect("CP1", version)
        return d
    }

    @discardableResult
    private static func send(_ d: inout Dialogue, _ stored: String = "new", key: String = Self.key) -> CommandView? {
        let result = d.order(.sendKey(id, key: key, stored: stored, timeout: .seconds(30)))
        guard case .success(.command(let view)) = result else { return nil }
        return view
    }

    private static func state(_ d: Dialogue) -> KeyChange.State? {
        d.core.stationView(id)?.station.keyChanges.last?.state
    }

    private static let accepted = #"{"status":"Accepted"}"#
    private static func result(_ status: String) -> String {
        #"{"setVariableResult":[{"attributeStatus":"\#(status)","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}"#
    }

    @Test func `TC_073: after Accepted only the new key lets in`() throws {
        var d = Self.dialogue()
        let view = try #require(Self.send(&d))
        let call = try #require(d.calls.last)
        #expect(call.action == "ChangeConfiguration" && call.waitsForDisk)
        #expect(
            String(decoding: call.payload, as: UTF8.self) == #"{"key":"AuthorizationKey","value":"\#(Self.key)"}"#)
        #expect(d.core.admission(of: Self.id) == .changing(current: "old", undecided: ["new"]))
        d.answer("CP1", nil, Self.accepted)
        #expect(d.core.command(view.id)?.status == .answered)
        #expect(d.core.admission(of: Self.id) == .changing(current: "new", undecided: []))
        d.disconnect("CP1")
        d.give(.cameWith(Self.id, stored: "new"))
        d.connect("CP1")
        #expect(Self.state(d) == .confirmed)
        #expect(d.core.admission(of: Self.id) == .password(digest: "new"))
    }

    @Test(arguments: [OCPPVersion.v201, .v21])
    func `2.x sets BasicAuthPassword`(_ version: OCPPVersion) throws {
        var d = Self.dialogue(version)
        Self.send(&d)
        let call = try #require(d.calls.last)
        #expect(call.action == "SetVariables")
        let text = String(decoding: call.payload, as: UTF8.self)
        #expect(text.contains(#""name":"SecurityCtrlr""#) && text.contains(#""name":"BasicAuthPassword""#))
        #expect(text.contains(#""attributeValue":"\#(Self.key)""#))
        d.answer("CP1", nil, Self.result("Accepted"))
        #expect(Self.state(d) == .accepted)
    }

    struct Refusal: Sendable {
        let version: OCPPVersion
        let answer: String
        let word: String
    }
    @Test(arguments: [
        Refusal(version: .v16, answer: #"{"status":"Rejected"}"#, word: "Rejected"),
        Refusal(version: .v16, answer: #"{"status":"NotSupported"}"#, word: "NotSupported"),
        Refusal(version: .v201, answer: result("Rejected"), word: "Rejected"),
        Refusal(version: .v201, answer: result("UnknownVariable"), word: "UnknownVariable"),
    ])
    func `TC_A_10: after a refusal both let in until the station comes with one of them`(_ refusal: Refusal) {
        var d = Self.dialogue(refusal.version)
        Self.send(&d)
        d.answer("CP1", nil, refusal.answer)
        #expect(Self.state(d) == .refused)
        #expect(d.core.stationView(Self.id)?.station.keyChanges.last?.word == refusal.word)
        #expect(d.core.admission(of: Self.id) == .changing(current: "old", undecided: ["new"]))
        var liar = d
        d.give(.cameWith(Self.id, stored: "old"))
        #expect(d.core.admission(of: Self.id) == .password(digest: "old"))
        // It said no and did it all the same.
        liar.give(.cameWith(Self.id, stored: "new"))
        #expect(liar.core.admission(of: Self.id) == .password(digest: "new"))
    }

    @Test func `what leaves it open keeps both, also when the station comes with the old one once more`() {
        for end in ["timeout", "dropped", "odd", "error", "reboot", "kill"] {
            var d = Self.dialogue()
            Self.send(&d)
            switch end {
            case "timeout": d.settle(d.calls[0], .timeout)
            case "dropped": d.disconnect("CP1")
            case "odd": d.answer("CP1", nil, #"{"status":"Perhaps"}"#)
            case "error": d.settle(d.calls[0], .error(code: "InternalError", description: "", details: []))
            case "reboot": d.answer("CP1", nil, #"{"status":"RebootRequired"}"#)
            default:
                d.restart()
                d.give(.tick)
            }
            #expect(Self.state(d) == (end == "reboot" ? .afterReboot : .unanswered), "\(end)")
            d.give(.cameWith(Self.id, stored: "old"))
            #expect(d.core.admission(of: Self.id) == .changing(current: "old", undecided: ["new"]), "\(end)")
            d.restart()
            d.give(.cameWith(Self.id, stored: "new"))
            #expect(d.core.admission(of: Self.id) == .password(digest: "new"), "\(end)")
        }
    }

    @Test func `an answer after the time-out counts`() {
        var d = Self.dialogue()
        Self.send(&d)
        let call = d.calls[0]
        d.settle(call, .timeout)
        d.settle(call, .answered(payload: Array(Self.accepted.utf8)), late: true)
        #expect(d.core.admission(of: Self.id) == .changing(current: "new", undecided: []))
    }

    @Test func `killed at any step, the disk knows every key that the station may use`() {
        // The station takes the key in the moment that it gets the call.
        var d = Self.dialogue()
        Self.send(&d)
        d.restart()
        #expect(Self.admitted(d).contains("new") && Self.admitted(d).contains("old"), "before an answer")
        d = Self.dialogue()
        Self.send(&d)
        let before = d
        d.answer("CP1", nil, Self.accepted)
        var killed = before
        killed.restart()
        #expect(Self.admitted(killed).contains("new"), "Accepted, but not yet on the disk")
        d.restart()
        #expect(Self.admitted(d) == ["new"], "Accepted and on the disk")
        d.give(.cameWith(Self.id, stored: "new"))
        d.restart()
        #expect(Self.admitted(d) == ["new"])
    }

    private static func admitted(_ d: Dialogue) -> Set<String> {
        switch d.core.admission(of: id) {
        case .unknown, .open: []
        case .password(let digest): [digest]
        case .changing(let current, let undecided): Set(undecided + [current].compactMap { $0 })
        }
    }

    @Test func `a station without a password may come without until it uses its first key`() {
        var d = Self.dialogue(password: nil)
        Self.send(&d)
        d.answer("CP1", nil, Self.accepted)
        #expect(d.core.admission(of: Self.id) == .changing(current: nil, undecided: ["new"]))
        d.give(.cameWith(Self.id, stored: "new"))
        #expect(d.core.admission(of: Self.id) == .password(digest: "new"))
    }

    @Test func `a further key keeps the undecided ones, a fourth is refused, an accepted one ends them`() {
        var d = Self.dialogue()
        for name in ["a", "b", "c"] {
            Self.send(&d, name)
            d.settle(d.calls[0], .timeout)
        }
        #expect(d.core.admission(of: Self.id) == .changing(current: "old", undecided: ["c", "b", "a"]))
        guard
            case .failure(let fault) = d.order(.sendKey(Self.id, key: Self.key, stored: "d", timeout: .seconds(1)))
        else {
            Issue.record("a fourth undecided key was taken")
            return
        }
        #expect(fault.code == "keys-undecided" && fault.kind == .conflict)
        d.give(.cameWith(Self.id, stored: "b"))
        #expect(Self.admitted(d) == ["b"])
    }

    @Test func `nothing is begun with a station that is not connected, and what never left is forgotten`() throws {
        var d = Self.dialogue()
        d.order(.command(Self.id, action: "ClearCache", payload: Array("{}".utf8), timeout: .seconds(30)))
        let view = try #require(Self.send(&d))
        #expect(Self.admitted(d) == ["old", "new"])
        d.disconnect("CP1")
        #expect(d.core.admission(of: Self.id) == .password(digest: "old"))
        #expect(d.core.command(view.id)?.failure == .neverSent)
        guard
            case .failure(let fault) = d.order(.sendKey(Self.id, key: Self.key, stored: "x", timeout: .seconds(1)))
        else {
            Issue.record("a key was begun without a connection")
            return
        }
        #expect(fault.code == "station-offline")
        #expect(d.core.admission(of: Self.id) == .password(digest: "old"))
    }

    @Test func `a password that a person sets ends the change, and a late Accepted does not bring it back`() {
        var d = Self.dialogue()
        Self.send(&d)
        var change = StationChange()
        change.passwordDigest = .some("made up")
        d.order(.putStation(Self.id, change))
        d.answer("CP1", nil, Self.accepted)
        #expect(d.core.admission(of: Self.id) == .password(digest: "made up"))
    }

    @Test(arguments: [OCPPVersion.v16, .v201])
    func `the key is in no record, even when the station repeats it`(_ version: OCPPVersion) throws {
        var d = Self.dialogue(version)
        let first = try #require(Self.send(&d, "a"))
        let echo = Self.key.uppercased()
        d.answer("CP1", nil, #"{"status":"\#(echo)","setVariableResult":[],"note":"\#(Self.key)"}"#)
        Self.send(&d, "b")
        d.settle(
            d.calls[0],
            .error(code: "GenericError", description: "bad \(Self.key)", details: Array(#"{"v":"\#(echo)"}"#.utf8)))
        var kept = d.disk.messages.map { String(decoding: $0.text, as: UTF8.self) }
        for command in d.disk.commands.values + [try #require(d.core.command(first.id))] {
            kept.append(String(decoding: command.payload, as: UTF8.self))
            kept.append(String(decoding: command.response ?? [], as: UTF8.self))
            kept.append(command.errorDescription ?? "")
        }
        kept += d.disk.audit.map { "\($0)" }
        kept += d.disk.stations.values.map { "\($0)" }
        #expect(kept.count > 8)
        #expect(!kept.contains { $0.lowercased().contains(Self.key) })
    }
}
