/// Why bytes are not strict JSON (RFC 8259), and where.
public struct JSONFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Byte offset of the first byte that cannot stand where it is.
    public let offset: Int
    public let reason: Reason

    public enum Reason: String, Hashable, Sendable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "this byte cannot stand here"
        case badEscape = "an escape that JSON does not know, or half a surrogate pair"
        case controlCharacter = "a control character inside a string has to be escaped"
        case badUTF8 = "the string is not UTF-8"
        case badNumber = "not a JSON number"
        case tooDeep = "nested too deeply"
        case trailingBytes = "something follows the value"
    }

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    public var description: String { "byte \(offset): \(reason.rawValue)" }
}
