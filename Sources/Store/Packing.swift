/// Bytes of a block or a plan: variable-length whole numbers (LEB128), zigzag for signed ones, texts with their length.
struct Packer {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 64) { bytes.reserveCapacity(capacity) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }
    mutating func count(_ value: Int) { unsigned(UInt64(value)) }
    mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
    mutating func signed(_ value: Int64) { unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }
    mutating func text(_ value: String) {
        let utf8 = value.utf8
        count(utf8.count)
        bytes.append(contentsOf: utf8)
    }
    mutating func optional(_ value: Int64?) {
        byte(value == nil ? 0 : 1)
        if let value { signed(value) }
    }
    mutating func optional(_ value: String?) {
        byte(value == nil ? 0 : 1)
        if let value { text(value) }
    }
    mutating func double(_ value: Double) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(shift)))
        }
    }
}

/// Reads what ``Packer`` wrote. Anything else is an error, never a crash.
struct Unpacker {
    struct Damage: Error {}
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }
    var remaining: Int { bytes.count - position }

    mutating func byte() throws(Damage) -> UInt8 {
        guard position < bytes.count else { throw Damage() }
        defer { position += 1 }
        return bytes[position]
    }
    mutating func unsigned() throws(Damage) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw Damage() }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
            guard shift <= 63 else { throw Damage() }
        }
    }
    mutating func signed() throws(Damage) -> Int64 {
        let raw = try unsigned()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }
    /// A count of things of at least one byte each: more than what is left is damage, not an allocation.
    mutating func count() throws(Damage) -> Int {
        let value = try unsigned()
        guard value <= UInt64(remaining) else { throw Damage() }
        return Int(value)
    }
    /// A number that may be larger than what is left (run lengths); bounded by `limit`.
    mutating func number(atMost limit: Int) throws(Damage) -> Int {
        let value = try unsigned()
        guard value <= UInt64(limit) else { throw Damage() }
        return Int(value)
    }
    mutating func text() throws(Damage) -> String {
        let length = try count()
        defer { position += length }
        return String(decoding: bytes[position..<position + length], as: UTF8.self)
    }
    mutating func optionalSigned() throws(Damage) -> Int64? { try byte() == 0 ? nil : try signed() }
    mutating func optionalText() throws(Damage) -> String? { try byte() == 0 ? nil : try text() }
    mutating func double() throws(Damage) -> Double {
        var bits: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 8) { bits |= UInt64(try byte()) << UInt64(shift) }
        return Double(bitPattern: bits)
    }
}
