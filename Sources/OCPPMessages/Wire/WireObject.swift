/// A JSON object of an OCPP message. Conformances are generated.
public protocol WireObject: Hashable, Sendable {
    /// Reads the value at the reader, wholly consumed in any case; `nil` when it cannot be used, with a hard fault that says why.
    /// - Throws: only when the bytes are not JSON.
    init?(reading reader: inout JSONReader, _ faults: inout FieldFaults) throws(JSONFault)
    func write(to writer: inout JSONWriter)
}

extension WireObject {
    /// The object as it goes on the wire.
    public var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}

/// A closed list of words in the standard, an open one in the field: unknown words are kept as they came.
public protocol WireEnumeration: Hashable, Sendable {
    init(_ name: String)
    /// The standard's word, or the unknown one.
    var name: String { get }
    /// The word at the reader when the standard knows it.
    static func known(_ text: JSONReader.Text, in reader: borrowing JSONReader) -> Self?
}

/// A message that was read, or why it cannot be; soft faults in either case.
public struct Decoded<Message: Sendable>: Sendable {
    public let result: Result<Message, FieldFault>
    /// What was wrong and could be lived with.
    public let softFaults: [FieldFault]
}

extension WireObject {
    /// Reads one whole payload. An absent payload (`null`, from old 1.6 stations) counts as `{}` with a soft fault.
    static func decode(_ payload: Span<UInt8>) -> Decoded<Self> {
        var reader = JSONReader(payload)
        var faults = FieldFaults()
        do throws(JSONFault) {
            let message = try Self(reading: &reader, &faults)
            try reader.end()
            return Decoded(message, faults)
        } catch {
            let fault = FieldFault(path: "", kind: .notJSON, detail: error.description, isHard: true)
            return Decoded(result: .failure(fault), softFaults: [])
        }
    }
}

extension Decoded {
    /// - Parameter message: `nil` when a hard fault among `faults` says why it cannot be used.
    public init(_ message: Message?, _ faults: FieldFaults) {
        if let message {
            self.init(result: .success(message), softFaults: faults.list)
        } else {
            let hard = faults.list.last { $0.isHard }
            self.init(
                result: .failure(
                    hard ?? FieldFault(path: "", kind: .wrongType, detail: "the payload cannot be used", isHard: true)),
                softFaults: faults.list.filter { !$0.isHard })
        }
    }

    func map<Other>(_ transform: (Message) -> Other) -> Decoded<Other> {
        Decoded<Other>(result: result.map(transform), softFaults: softFaults)
    }
}
