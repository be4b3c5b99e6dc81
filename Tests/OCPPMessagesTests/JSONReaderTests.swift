import Foundation
import OCPPMessages
import Quantities
import Testing

/// A tree, only here: production code never builds one.
enum Tree: Equatable {
    case object([String: Tree])
    case list([Tree])
    case text(String)
    case number(String)
    case flag(Bool)
    case null

    /// Reads all of `bytes` with the reader under test; `nil` when it refuses.
    init?(_ bytes: [UInt8]) {
        var reader = JSONReader(bytes.span)
        guard let tree = try? Tree(reading: &reader), (try? reader.end()) != nil else { return nil }
        self = tree
    }

    init(reading reader: inout JSONReader) throws(JSONFault) {
        switch try reader.peek() {
        case .object:
            var members: [String: Tree] = [:]
            var more = try reader.enterObject()
            while more {
                let key = reader.string(try reader.key())
                members[key] = try Tree(reading: &reader)
                more = try reader.nextMember()
            }
            self = .object(members)
        case .array:
            var elements: [Tree] = []
            var more = try reader.enterArray()
            while more {
                elements.append(try Tree(reading: &reader))
                more = try reader.nextElement()
            }
            self = .list(elements)
        case .string: self = .text(reader.string(try reader.text()))
        case .number: self = .number(reader.copy(try reader.number()))
        case .boolean: self = .flag(try reader.boolean())
        case .null:
            try reader.null()
            self = .null
        }
    }

    /// The same document as Foundation reads it; `nil` when it refuses.
    static func foundation(_ bytes: [UInt8]) -> Any? {
        try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
    }

    var isBeyondDouble: Bool {
        switch self {
        case .object(let members): members.values.contains { $0.isBeyondDouble }
        case .list(let elements): elements.contains { $0.isBeyondDouble }
        case .number(let text): Double(text).map { !$0.isFinite } ?? true
        case .text, .flag, .null: false
        }
    }

    func matches(_ other: Any) -> Bool {
        switch self {
        case .object(let members):
            guard let other = other as? [String: Any], other.count == members.count else { return false }
            return members.allSatisfy { key, value in other[key].map(value.matches) ?? false }
        case .list(let elements):
            guard let other = other as? [Any], other.count == elements.count else { return false }
            return zip(elements, other).allSatisfy { $0.matches($1) }
        // Byte for byte: Swift's == would also accept another normal form.
        case .text(let text): return (other as? String).map { Array($0.utf8) == Array(text.utf8) } ?? false
        case .number(let text): return (other as? NSNumber)?.doubleValue == Double(text)
        case .flag(let flag): return (other as? NSNumber)?.boolValue == flag
        case .null: return other is NSNull
        }
    }
}

@Suite("JSON reader") struct JSONReaderTests {
    static let accepted = [
        "{}", "[]", "null", "true", "false", "0", "-0", "1e5", "1E+2", "1.5e-3", "\"\"", " \t\r\n[1 , 2]\n",
        #"{"a":{"b":[1,{"c":null}]}}"#, #""\u00e9\ud83d\ude00\n\/\\\"""#, "\"潮电\"", "[\"😀\"]",
        "123456789012345678901234567890",
    ]
    static let refused = [
        "", " ", "{", "[", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "01", "-", "+1",
        "1.",
        ".5", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "nul", "True", "\"", "\"\u{01}\"", "\"\n\"",
        #""\x""#, #""\u12""#, #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, "[1] 2", "{} {}", "[1}", "{\"a\":1]",
        "[,{\"a\":1}]", "\u{FEFF}[]", "//\n1", "[1 2]",
    ]

    @Test(arguments: accepted) func `valid JSON is read as Foundation reads it`(_ text: String) throws {
        let tree = try #require(Tree(Array(text.utf8)), "refused \(text)")
        let other = try #require(Tree.foundation(Array(text.utf8)))
        #expect(tree.matches(other), "\(text)")
    }

    @Test(arguments: refused) func `what RFC 8259 does not know is refused`(_ text: String) {
        #expect(Tree(Array(text.utf8)) == nil)
    }

    @Test func `bytes that are not UTF-8 are refused inside and outside of strings`() {
        for bytes in [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0xE2, 0x82, 0xAC],
        ] {
            #expect(Tree(bytes.map { UInt8($0) }) == nil, "\(bytes)")
        }
    }

    @Test func `nesting is bounded and says so`() {
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        var reader = JSONReader(deep.span)
        #expect(throws: JSONFault(offset: JSONReader.depthLimit + 1, reason: .tooDeep)) { try reader.skipValue() }
    }

    @Test func `a fault names the byte`() {
        let bytes = Array(#"{"a": 1, "b": tru}"#.utf8)
        var reader = JSONReader(bytes.span)
        #expect(throws: JSONFault(offset: 17, reason: .unexpectedByte)) { try reader.skipValue() }
    }

    @Test func `generated documents are read as Foundation reads them`() throws {
        for seed in 1...400 {
            var random = SeededRandom(seed: UInt64(seed))
            let text = Array(Generator.document(&random, depth: 4).utf8)
            let tree = try #require(Tree(text), "seed \(seed): refused \(String(decoding: text, as: UTF8.self))")
            let other = try #require(Tree.foundation(text), "seed \(seed)")
            #expect(tree.matches(other), "seed \(seed): \(String(decoding: text, as: UTF8.self))")
        }
    }

    /// Foundation is the second opinion on broken documents. It is more lenient with a byte order mark and with zero bytes
    /// (it guesses UTF-16 and UTF-32), and refuses numbers beyond Double's range, which are valid JSON.
    @Test func `damaged documents are accepted or refused as Foundation does`() {
        for seed in 1...4000 {
            var random = SeededRandom(seed: UInt64(seed))
            var bytes = Array(Generator.document(&random, depth: 3).utf8)
            for _ in 0...Int(random.next() % 3) { Generator.damage(&bytes, &random) }
            guard !bytes.contains(0), bytes.first != 0xEF, bytes.first != 0xFE, bytes.first != 0xFF else { continue }
            let ours = Tree(bytes)
            if ours?.isBeyondDouble ?? false { continue }
            let other = Tree.foundation(bytes)
            #expect((ours == nil) == (other == nil), "seed \(seed): \(String(decoding: bytes, as: UTF8.self)) \(bytes)")
            if let ours, let other { #expect(ours.matches(other), "seed \(seed)") }
        }
    }
}

enum Generator {
    static func document(_ random: inout SeededRandom, depth: Int) -> String {
        let space = ["", " ", "\n", "\t "][Int(random.next() % 4)]
        switch random.next() % (depth > 0 ? 9 : 6) {
        case 0: return ["null", "true", "false"][Int(random.next() % 3)]
        case 1, 2: return number(&random)
        case 3, 4, 5: return string(&random)
        case 6, 7:
            let members = (0..<Int(random.next() % 5)).map { i in
                string(&random).dropLast() + "\(i)\":" + space + document(&random, depth: depth - 1)
            }
            return "{" + space + members.joined(separator: "," + space) + space + "}"
        default:
            let elements = (0..<Int(random.next() % 5)).map { _ in document(&random, depth: depth - 1) }
            return "[" + elements.joined(separator: space + ",") + space + "]"
        }
    }

    static func number(_ random: inout SeededRandom) -> String {
        var text = random.next() % 3 == 0 ? "-" : ""
        text += "\(random.next() % 1_000_000)"
        if random.next() % 2 == 0 { text += ".\(random.next() % 100_000)" }
        if random.next() % 4 == 0 { text += ["e", "E-", "e+"][Int(random.next() % 3)] + "\(random.next() % 12)" }
        return text
    }

    static func string(_ random: inout SeededRandom) -> String {
        let parts = [
            "a", "Z9", " ", "潮电", "é", "😀", "\\n", "\\\"", "\\\\", "\\u4f60", "\\ud83d\\ude00", "\\/", "{", "]", ",",
        ]
        var text = "\""
        for _ in 0..<Int(random.next() % 6) { text += parts[Int(random.next() % UInt64(parts.count))] }
        return text + "\""
    }

    static func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        guard !bytes.isEmpty else { return }
        let at = Int(random.next() % UInt64(bytes.count))
        let interesting = Array("{}[]\",:0123456789-+.eEtfn\\ u".utf8)
        switch random.next() % 5 {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(interesting[Int(random.next() % UInt64(interesting.count))], at: at)
        case 2: bytes[at] = interesting[Int(random.next() % UInt64(interesting.count))]
        case 3: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        default: bytes.removeLast(bytes.count - at)
        }
    }
}
