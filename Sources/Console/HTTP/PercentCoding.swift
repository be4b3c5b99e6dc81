/// Percent encoding of URLs and forms (RFC 3986 §2.1, WHATWG URL §5).
enum PercentCoding {
    /// `nil` for a broken escape, or bytes that are not UTF-8.
    static func decode(_ text: some Sequence<UInt8>, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        var pending: [UInt8] = []
        for byte in text {
            if !pending.isEmpty {
                guard let digit = hexadecimal(byte) else { return nil }
                if pending.count == 1 {
                    pending.append(digit)
                } else {
                    bytes.append(pending[1] << 4 | digit)
                    pending = []
                }
            } else if byte == UInt8(ascii: "%") {
                pending = [byte]
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return pending.isEmpty ? String(validating: bytes, as: UTF8.self) : nil
    }

    /// Everything but the unreserved characters of RFC 3986 is escaped, so the result is one path segment or one value.
    static func encode(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (byte < 16 ? "0" : "") + digits
            }
        }
        return result
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// `name=value&…` of a query or a posted form, in its order.
struct FormFields: Sendable {
    private(set) var pairs: [(name: String, value: String)] = []

    init(pairs: [(name: String, value: String)] = []) { self.pairs = pairs }

    /// `nil` when the encoding is broken.
    init?(_ bytes: [UInt8]) {
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(halves[0], plusIsSpace: true),
                let value = PercentCoding.decode(halves.count == 2 ? halves[1] : [], plusIsSpace: true)
            else { return nil }
            pairs.append((name, value))
        }
    }

    subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// The value without outer spaces; `nil` when it is absent or empty.
    func filled(_ name: String) -> String? {
        guard let value = self[name] else { return nil }
        let trimmed = trimmedOfSpaces(value)
        return trimmed.isEmpty ? nil : trimmed
    }

    /// The same fields with one replaced (`nil`: removed), as a query string with its question mark.
    func query(replacing name: String, with value: String?) -> String {
        var kept = pairs.filter { $0.name != name }
        if let value { kept.append((name, value)) }
        let text = kept.map { PercentCoding.encode($0.name) + "=" + PercentCoding.encode($0.value) }
        return text.isEmpty ? "" : "?" + text.joined(separator: "&")
    }
}

func trimmedOfSpaces(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
        let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
}
