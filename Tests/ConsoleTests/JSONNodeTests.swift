import Testing

@testable import Console

@Suite("Strict JSON") struct JSONNodeTests {
    @Test func `a payload keeps its bytes`() throws {
        let body = Array(#"{"action": "X", "payload":  {"limit": 6.10, "n": 1e3} }"#.utf8)
        let payload = try #require(try JSONNode(body)["payload"])
        #expect(String(decoding: body[payload.range], as: UTF8.self) == #"{"limit": 6.10, "n": 1e3}"#)
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, "twice"), ("[1,]", "a JSON value"), ("{\"a\":01}", "a comma or }"), ("nul", "a JSON value"),
        ("1 2", "behind"), ("\"\u{1}\"", "control character"), (#""\ud800""#, "surrogate"), (#""\x""#, "escape"),
        ("", "ends where"), ("[1", "a comma or ]"), ("\"open", "never closed"), ("-", "a digit"), ("1.", "a digit"),
        (#"{1:2}"#, "a key in quotes"),
    ]) func `what RFC 8259 does not allow is refused with its place`(_ text: String, _ word: String) {
        let fault = #expect(throws: JSONNode.Fault.self) { try JSONNode(Array(text.utf8)) }
        #expect(fault?.message.contains(word) == true, "\(text): \(fault?.description ?? "")")
    }

    @Test func `deep nesting and bytes that are not UTF-8 are refused`() {
        #expect(throws: JSONNode.Fault.self) { try JSONNode([UInt8](repeating: UInt8(ascii: "["), count: 100_000)) }
        #expect(throws: JSONNode.Fault.self) { try JSONNode([0x22, 0xFF, 0x22]) }
    }

    @Test func `escapes become text`() throws {
        guard case .string(let text) = try JSONNode(Array(#""\u6f6e\ud83d\ude97\n\/""#.utf8)).content else {
            Issue.record("no string")
            return
        }
        #expect(text == "潮🚗\n/")
    }

    @Test(arguments: [
        ("6.1", 3, 6100), ("-0.0005", 3, -1), ("1e3", 0, 1000), ("1.5E-2", 3, 15), ("0", 3, 0), ("2.4999999", 0, 2),
        ("2.5", 0, 3), ("0.00000000000000000000000000000000000000001", 3, 0), ("1e18", 0, 1_000_000_000_000_000_000),
    ]) func `decimals become whole counts, to the nearest`(_ text: String, _ scale: Int, _ value: Int64) {
        #expect(scaledInteger(text, scale: scale) == value)
    }

    @Test(arguments: [
        "1e19", "1e400", "99999999999999999999999999999999999999999", "x", "", "1e", "1e9999999999999999999",
    ])
    func `what leaves the range is no number`(_ text: String) {
        #expect(scaledInteger(text, scale: 0) == nil)
    }

    @Test func `a whole number is asked for exactly`() {
        #expect(scaledInteger("1.0", scale: 0, exact: true) == 1)
        #expect(scaledInteger("1.01", scale: 0, exact: true) == nil)
    }
}
