/// Something that people must be told, as a stable code with named values: each layer above words it in the reader's
/// language by the code; the English text is derived here.
public protocol Wording: Hashable, Sendable {
    associatedtype Code: WordingCode
    var code: Code { get }
    /// What stands in the place of `{name}` in a text.
    var values: [String: String] { get }
}

/// A closed list of codes. Raw values are stable: programs and translations go by them.
public protocol WordingCode: RawRepresentable, CaseIterable, Hashable, Sendable where RawValue == String {
    /// English with `{name}` where a value stands.
    var english: String { get }
}

extension Wording {
    /// English text.
    public var text: String {
        var text = ""
        var rest = code.english[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            text += rest[..<open]
            text += values[String(rest[rest.index(after: open)..<close])] ?? ""
            rest = rest[rest.index(after: close)...]
        }
        return text + rest
    }
}
