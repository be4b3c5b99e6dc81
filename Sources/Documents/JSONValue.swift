public import Quantities

/// JSON to be written: keys keep their order, numbers stay exact.
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case string(String)
    /// An exact JSON number as it is to be written; the caller vouches for its grammar (RFC 8259 §6).
    case number(String)
    case array([JSONValue])
    case object([Member])

    public struct Member: Hashable, Sendable {
        public let key: String
        public let value: JSONValue
        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    public static func int(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// The shortest text that reads back as the same number; JSON has no NaN and no infinity, they become `null`.
    public static func double(_ value: Double) -> JSONValue {
        guard value.isFinite else { return .null }
        let text = value.description
        return .number(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }

    /// A number with the exact decimal digits, at most `places` behind the point.
    public static func decimal(_ value: Rational, places: Int = 30) -> JSONValue { .number(value.text(atMost: places)) }
    /// A string with the exact decimal digits, as the contract asks of prices and money.
    public static func decimalString(_ value: Rational, places: Int = 30) -> JSONValue {
        .string(value.text(atMost: places))
    }

    /// `null` for `nil`.
    public static func string(orNull text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

    /// One document without a final line feed; `pretty` indents by two spaces.
    public func text(pretty: Bool = false) -> String {
        var text = ""
        write(into: &text, pretty: pretty, depth: 0)
        return text
    }

    private func write(into text: inout String, pretty: Bool, depth: Int) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .string(let value): JSONValue.quote(value, into: &text)
        case .number(let value): text += value
        case .array(let values):
            JSONValue.list(values, "[", "]", into: &text, pretty, depth) { value, text in
                value.write(into: &text, pretty: pretty, depth: depth + 1)
            }
        case .object(let members):
            JSONValue.list(members, "{", "}", into: &text, pretty, depth) { member, text in
                JSONValue.quote(member.key, into: &text)
                text += pretty ? ": " : ":"
                member.value.write(into: &text, pretty: pretty, depth: depth + 1)
            }
        }
    }

    private static func list<Item>(
        _ items: [Item], _ open: String, _ close: String, into text: inout String, _ pretty: Bool, _ depth: Int,
        write: (Item, inout String) -> Void
    ) {
        text += open
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            if pretty { text += "\n" + String(repeating: "  ", count: depth + 1) }
            write(item, &text)
        }
        if pretty, !items.isEmpty { text += "\n" + String(repeating: "  ", count: depth) }
        text += close
    }

    private static func quote(_ value: String, into text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringInterpolation,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    /// Keys keep the order in which they are written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
}
