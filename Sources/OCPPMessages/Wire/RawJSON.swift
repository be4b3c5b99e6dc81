/// One JSON value of any kind, kept as it was written: what OCPP leaves open (`DataTransfer.data` of 2.x).
public struct RawJSON: Hashable, Sendable {
    public let text: String

    /// - Parameter text: one whole JSON value; `nil` when it is not.
    public init?(_ text: String) {
        guard RawJSON.isWhole(Array(text.utf8)) else { return nil }
        self.text = text
    }

    /// A JSON text value that says `words`.
    public init(words: String) {
        var writer = JSONWriter()
        writer.value(words)
        text = String(decoding: writer.bytes, as: UTF8.self)
    }

    init(checked text: String) { self.text = text }

    private static func isWhole(_ bytes: [UInt8]) -> Bool {
        var reader = JSONReader(bytes.span)
        do throws(JSONFault) {
            try reader.skipValue()
            try reader.end()
            return true
        } catch {
            return false
        }
    }
}
