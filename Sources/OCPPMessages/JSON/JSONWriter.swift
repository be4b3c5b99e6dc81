import Quantities

/// Writes compact JSON into bytes. Commas are its own business; balance is the caller's.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    /// Whether the next value or key follows another one in the same container.
    private var follows = false

    public init(reserving count: Int = 128) { bytes.reserveCapacity(count) }

    public mutating func beginObject() { open("{") }
    public mutating func endObject() { close("}") }
    public mutating func beginArray() { open("[") }
    public mutating func endArray() { close("]") }

    /// A key that needs no escape.
    public mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        follows = false
    }

    /// A key of any text, and its value.
    mutating func member(_ name: String, _ value: RawJSON) {
        self.value(name)
        bytes.append(UInt8(ascii: ":"))
        follows = false
        raw(value.text.utf8)
    }

    public mutating func value(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        // Almost no text needs an escape: it is copied as a whole.
        if text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
            for byte in text.utf8 { append(escaping: byte) }
        } else {
            bytes.append(contentsOf: text.utf8)
        }
        bytes.append(UInt8(ascii: "\""))
        follows = true
    }

    private mutating func append(escaping byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0A: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
        case 0x0D: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
        case 0x09: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
        case 0..<0x20:
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(JSONWriter.hexadecimal(byte >> 4))
            bytes.append(JSONWriter.hexadecimal(byte & 15))
        default: bytes.append(byte)
        }
    }

    public mutating func value(_ number: Int) {
        separate()
        append(magnitude: UInt64(number.magnitude), negative: number < 0)
        follows = true
    }

    public mutating func value(_ flag: Bool) {
        separate()
        bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        follows = true
    }

    public mutating func value(_ number: JSONDecimal) {
        separate()
        bytes.append(contentsOf: number.description.utf8)
        follows = true
    }

    /// RFC 3339 in UTC, milliseconds only where there are any.
    public mutating func value(_ instant: Instant) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: instant.description.utf8)
        bytes.append(UInt8(ascii: "\""))
        follows = true
    }

    /// One complete JSON value that somebody else has written.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        follows = true
    }

    private mutating func open(_ byte: Unicode.Scalar) {
        separate()
        bytes.append(UInt8(ascii: byte))
        follows = false
    }
    private mutating func close(_ byte: Unicode.Scalar) {
        bytes.append(UInt8(ascii: byte))
        follows = true
    }
    private mutating func separate() {
        if follows { bytes.append(UInt8(ascii: ",")) }
    }
    private mutating func append(magnitude: UInt64, negative: Bool) {
        if negative { bytes.append(UInt8(ascii: "-")) }
        let first = bytes.count
        var rest = magnitude
        repeat {
            bytes.append(UInt8(rest % 10) + 48)
            rest /= 10
        } while rest > 0
        bytes[first...].reverse()
    }
    private static func hexadecimal(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 48 + nibble : 87 + nibble }
}
