import Documents

/// JSON that was read strictly (RFC 8259): no repeated keys, no bytes behind the value, bounded depth, valid UTF-8.
///
/// Numbers keep their text and every node keeps its place in the input, so that a payload can be passed on byte by byte.
struct JSONNode: Sendable {
    enum Content: Sendable {
        case null
        case bool(Bool)
        case number(String)
        case string(String)
        case array([JSONNode])
        case object([(key: String, value: JSONNode)])
    }
    let content: Content
    /// Where the node stands in the input.
    let range: Range<Int>

    struct Fault: Error, Hashable, CustomStringConvertible {
        let line: Int
        let column: Int
        let message: String
        var description: String { "line \(line), column \(column): \(message)" }
    }

    init(_ bytes: [UInt8]) throws(Fault) {
        var reader = JSONNodeReader(bytes)
        self = try reader.document()
    }

    init(content: Content, range: Range<Int>) {
        self.content = content
        self.range = range
    }

    /// The word for an error text.
    var kind: String {
        switch content {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    subscript(_ key: String) -> JSONNode? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.key == key }?.value
    }
}

private struct JSONNodeReader {
    private let bytes: [UInt8]
    private var at = 0
    private static let deepest = 64

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONNode.Fault) -> JSONNode {
        skipSpace()
        let node = try value(depth: 0)
        skipSpace()
        guard at == bytes.count else { throw fault("text behind the JSON value; one value is expected") }
        return node
    }

    private func fault(_ message: String) -> JSONNode.Fault {
        let read = bytes[..<min(at, bytes.count)]
        let line = read.count { $0 == UInt8(ascii: "\n") } + 1
        let lineStart = read.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return JSONNode.Fault(line: line, column: read.count - lineStart + 1, message: message)
    }

    private mutating func skipSpace() {
        while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard bytes[at...].starts(with: wanted) else { return false }
        at += wanted.count
        return true
    }

    private mutating func value(depth: Int) throws(JSONNode.Fault) -> JSONNode {
        guard depth < Self.deepest else { throw fault("nested deeper than \(Self.deepest) levels") }
        guard at < bytes.count else { throw fault("the text ends where a JSON value is expected") }
        let start = at
        let content: JSONNode.Content
        switch bytes[at] {
        case UInt8(ascii: "{"): content = try object(depth: depth)
        case UInt8(ascii: "["): content = try array(depth: depth)
        case UInt8(ascii: "\""): content = .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): content = .number(try number())
        default:
            if take(word: "true") {
                content = .bool(true)
            } else if take(word: "false") {
                content = .bool(false)
            } else if take(word: "null") {
                content = .null
            } else {
                throw fault("a JSON value is expected")
            }
        }
        return JSONNode(content: content, range: start..<at)
    }

    private mutating func object(depth: Int) throws(JSONNode.Fault) -> JSONNode.Content {
        at += 1
        var members: [(key: String, value: JSONNode)] = []
        var keys: Set<String> = []
        skipSpace()
        if take("}") { return .object([]) }
        repeat {
            skipSpace()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw fault("a key in quotes is expected") }
            let key = try string()
            guard keys.insert(key).inserted else { throw fault("the key \"\(key)\" stands twice in one object") }
            skipSpace()
            guard take(":") else { throw fault("a colon is expected behind the key \"\(key)\"") }
            skipSpace()
            members.append((key, try value(depth: depth + 1)))
            skipSpace()
        } while take(",")
        guard take("}") else { throw fault("a comma or } is expected") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSONNode.Fault) -> JSONNode.Content {
        at += 1
        var items: [JSONNode] = []
        skipSpace()
        if take("]") { return .array([]) }
        repeat {
            skipSpace()
            items.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw fault("a comma or ] is expected") }
        return .array(items)
    }

    private mutating func number() throws(JSONNode.Fault) -> String {
        let start = at
        _ = take("-")
        if !take("0") {
            guard digits() > 0 else { throw fault("a digit is expected") }
        }
        if take(".") {
            guard digits() > 0 else { throw fault("a digit is expected behind the point") }
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw fault("a digit is expected in the exponent") }
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = at
        while at < bytes.count, bytes[at] >= 48, bytes[at] <= 57 { at += 1 }
        return at - start
    }

    private mutating func string() throws(JSONNode.Fault) -> String {
        at += 1
        var content: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") {
                at += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw fault("bytes that are not UTF-8")
                }
                return text
            }
            guard byte >= 0x20 else { throw fault("a control character in a string; escape it") }
            at += 1
            if byte == UInt8(ascii: "\\") {
                content.append(contentsOf: String(try escape()).utf8)
            } else {
                content.append(byte)
            }
        }
        throw fault("a string is never closed")
    }

    private mutating func escape() throws(JSONNode.Fault) -> Unicode.Scalar {
        guard at < bytes.count else { throw fault("a string is never closed") }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let high = try codeUnit()
            if let scalar = Unicode.Scalar(high) { return scalar }
            guard high < 0xDC00, take("\\"), take("u") else { throw fault("half of a surrogate pair") }
            let low = try codeUnit()
            guard (0xDC00...0xDFFF).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
            else { throw fault("half of a surrogate pair") }
            return scalar
        default: throw fault("an escape that JSON does not know")
        }
    }

    private mutating func codeUnit() throws(JSONNode.Fault) -> UInt16 {
        guard at + 4 <= bytes.count,
            bytes[at..<at + 4].allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
            let value = UInt16(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
        else { throw fault("four hexadecimal digits are expected behind \\u") }
        at += 4
        return value
    }
}
