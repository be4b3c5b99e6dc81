/// A strict pull reader of JSON (RFC 8259) over bytes that stay where they are: no tree, no copies, bounds-checked.
///
/// The caller walks the value: ``enterObject()``, then ``key()``, a value and ``nextMember()`` until it is false.
/// After a fault the reader is of no more use. Nesting is bounded by ``depthLimit``; the size is the caller's affair.
public struct JSONReader: ~Copyable, ~Escapable {
    public static let depthLimit = 64

    let bytes: Span<UInt8>
    public private(set) var position = 0
    private var depth = 0
    /// Where the typed reading of fields met bytes that are not JSON; from there on it reads nothing more.
    ///
    /// Fields do not throw: hundreds of generated readers would each carry a way out at every field.
    public private(set) var brokenAt: JSONFault?

    public enum Kind: Hashable, Sendable { case object, array, string, number, boolean, null }

    /// A string token: where its content lies between the quotes, and whether escapes have to be undone.
    public struct Text: Hashable, Sendable {
        public let range: Range<Int>
        public let isEscaped: Bool
    }

    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    // MARK: Walking

    /// What the next value is, by its first byte.
    public mutating func peek() throws(JSONFault) -> Kind {
        skipSpace()
        guard position < bytes.count else { throw fault(.unexpectedEnd) }
        switch bytes[position] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw fault(.unexpectedByte)
        }
    }

    /// Steps into an object; true when a key comes, false when it was empty and is already left.
    public mutating func enterObject() throws(JSONFault) -> Bool {
        try enter(UInt8(ascii: "{"), UInt8(ascii: "}"))
    }

    /// The key of the next member, colon included.
    public mutating func key() throws(JSONFault) -> Text {
        skipSpace()
        let key = try text()
        skipSpace()
        try expect(UInt8(ascii: ":"))
        return key
    }

    /// After a member's value: true when another key comes, false when the object ended.
    public mutating func nextMember() throws(JSONFault) -> Bool { try next(UInt8(ascii: "}")) }

    /// Steps into an array; true when an element comes, false when it was empty and is already left.
    public mutating func enterArray() throws(JSONFault) -> Bool {
        try enter(UInt8(ascii: "["), UInt8(ascii: "]"))
    }

    /// After an element: true when another comes, false when the array ended.
    public mutating func nextElement() throws(JSONFault) -> Bool { try next(UInt8(ascii: "]")) }

    /// Nothing but white space may follow.
    public mutating func end() throws(JSONFault) {
        skipSpace()
        guard position == bytes.count else { throw fault(.trailingBytes) }
    }

    // MARK: Scalars

    public mutating func text() throws(JSONFault) -> Text {
        skipSpace()
        try expect(UInt8(ascii: "\""))
        let start = position
        var escaped = false
        var ascii: UInt8 = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let range = start..<position
                if ascii >= 0x80 {
                    do { _ = try UTF8Span(validating: bytes.extracting(range)) } catch {
                        throw JSONFault(offset: start, reason: .badUTF8)
                    }
                }
                position += 1
                return Text(range: range, isEscaped: escaped)
            }
            if byte == UInt8(ascii: "\\") {
                escaped = true
                try skipEscape()
                continue
            }
            if byte < 0x20 { throw fault(.controlCharacter) }
            ascii |= byte
            position += 1
        }
        throw fault(.unexpectedEnd)
    }

    /// The bytes of a number, checked against the grammar.
    public mutating func number() throws(JSONFault) -> Range<Int> {
        skipSpace()
        let start = position
        if byte() == UInt8(ascii: "-") { position += 1 }
        if byte() == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if byte() == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if let e = byte(), e | 0x20 == UInt8(ascii: "e") {
            position += 1
            if byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return start..<position
    }

    public mutating func boolean() throws(JSONFault) -> Bool {
        skipSpace()
        if byte() == UInt8(ascii: "t") {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    public mutating func null() throws(JSONFault) {
        skipSpace()
        try literal("null")
    }

    /// Reads past the next value of any kind, checking it, and says where it lay.
    @discardableResult
    public mutating func skipValue() throws(JSONFault) -> Range<Int> {
        let kind = try peek()
        let start = position
        switch kind {
        case .object:
            var more = try enterObject()
            while more {
                _ = try key()
                try skipValue()
                more = try nextMember()
            }
        case .array:
            var more = try enterArray()
            while more {
                try skipValue()
                more = try nextElement()
            }
        case .string: _ = try text()
        case .number: _ = try number()
        case .boolean: _ = try boolean()
        case .null: try null()
        }
        return start..<position
    }

    // MARK: What tokens say

    /// Whether the string is exactly `name` (plain ASCII).
    @inline(__always)
    public func text(_ text: Text, equals name: StaticString) -> Bool {
        // Most names differ in length already.
        guard text.range.count == name.utf8CodeUnitCount || text.isEscaped else { return false }
        return isSame(text, name)
    }

    private func isSame(_ text: Text, _ name: StaticString) -> Bool {
        if text.isEscaped { return string(text) == name.description }
        return name.withUTF8Buffer { expected in
            var i = text.range.lowerBound
            for byte in expected {
                if bytes[i] != byte { return false }
                i += 1
            }
            return true
        }
    }

    /// Which of `words` (plain ASCII) the string is exactly.
    func index(of text: Text, in words: [StaticString]) -> Int? {
        for i in words.indices where self.text(text, equals: words[i]) { return i }
        return nil
    }

    /// The string with its escapes undone.
    public func string(_ text: Text) -> String {
        if !text.isEscaped { return copy(text.range) }
        var units: [UInt8] = []
        units.reserveCapacity(text.range.count)
        var i = text.range.lowerBound
        while i < text.range.upperBound {
            guard bytes[i] == UInt8(ascii: "\\") else {
                units.append(bytes[i])
                i += 1
                continue
            }
            switch bytes[i + 1] {
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "u"):
                var code = UInt32(hexadecimal(at: i + 2) ?? 0)
                i += 4
                if code & 0xFC00 == 0xD800 {
                    code = 0x10000 + (code & 0x3FF) << 10 + UInt32(hexadecimal(at: i + 4) ?? 0) & 0x3FF
                    i += 6
                }
                // The scanner let no lone surrogate through.
                if let scalar = Unicode.Scalar(code) {
                    units.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
                }
            case let plain: units.append(plain)
            }
            i += 2
        }
        return String(decoding: units, as: UTF8.self)
    }

    /// The bytes at `range` as text: a number as it was written, a nested value as raw JSON.
    public func copy(_ range: Range<Int>) -> String {
        guard let text = try? UTF8Span(validating: bytes.extracting(range)) else { return "" }
        return String(copying: text)
    }

    /// The decimal at `range`; `nil` when it has more digits than fit.
    public func decimal(_ range: Range<Int>) -> JSONDecimal? { JSONDecimal(bytes.extracting(range)) }

    // MARK: Broken bytes

    /// The first fault counts.
    mutating func fail(_ fault: JSONFault) {
        if brokenAt == nil { brokenAt = fault }
    }

    /// Throws when the typed reading before met bytes that are not JSON.
    public func check() throws(JSONFault) {
        if let brokenAt { throw brokenAt }
    }

    // MARK: Bytes

    func fault(_ reason: JSONFault.Reason) -> JSONFault { JSONFault(offset: position, reason: reason) }

    private func byte() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    @inline(__always)
    private mutating func skipSpace() {
        // There is none between most tokens.
        if position < bytes.count, bytes[position] > 0x20 { return }
        skipManySpaces()
    }

    private mutating func skipManySpaces() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func expect(_ wanted: UInt8) throws(JSONFault) {
        guard position < bytes.count else { throw fault(.unexpectedEnd) }
        guard bytes[position] == wanted else { throw fault(.unexpectedByte) }
        position += 1
    }

    private mutating func enter(_ opening: UInt8, _ closing: UInt8) throws(JSONFault) -> Bool {
        skipSpace()
        try expect(opening)
        guard depth < JSONReader.depthLimit else { throw fault(.tooDeep) }
        skipSpace()
        if byte() == closing {
            position += 1
            return false
        }
        depth += 1
        return true
    }

    private mutating func next(_ closing: UInt8) throws(JSONFault) -> Bool {
        skipSpace()
        if byte() == UInt8(ascii: ",") {
            position += 1
            return true
        }
        try expect(closing)
        depth -= 1
        return false
    }

    private mutating func digits() throws(JSONFault) {
        let start = position
        while position < bytes.count, bytes[position] &- 48 < 10 { position += 1 }
        if position == start { throw fault(.badNumber) }
    }

    private mutating func literal(_ word: StaticString) throws(JSONFault) {
        for i in 0..<word.utf8CodeUnitCount {
            try expect(word.withUTF8Buffer { $0[i] })
        }
    }

    private mutating func skipEscape() throws(JSONFault) {
        position += 1
        switch byte() {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            guard let code = hexadecimal(at: position + 1), code & 0xFC00 != 0xDC00 else { throw fault(.badEscape) }
            position += 5
            if code & 0xFC00 == 0xD800 {
                guard byte() == UInt8(ascii: "\\"), position + 1 < bytes.count,
                    bytes[position + 1] == UInt8(ascii: "u"),
                    let low = hexadecimal(at: position + 2), low & 0xFC00 == 0xDC00
                else { throw fault(.badEscape) }
                position += 6
            }
        case nil: throw fault(.unexpectedEnd)
        default: throw fault(.badEscape)
        }
    }

    private func hexadecimal(at index: Int) -> UInt16? {
        guard index + 4 <= bytes.count else { return nil }
        var value: UInt16 = 0
        for i in index..<(index + 4) {
            let byte = bytes[i]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt16(byte - 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value << 4 | (UInt16(byte | 0x20) - 87)
            default: return nil
            }
        }
        return value
    }
}
