/// The requests, or the answers, of one version: one case an action. Conformances are generated.
public protocol WireMessage: Equatable, Sendable {
    associatedtype Action: WireAction
    var action: Action { get }
    /// Reads the payload where the reader stands and leaves the reader behind it; `nil` with a hard fault among `faults`, or when the
    /// bytes are not JSON, which ``JSONReader/check()`` then throws.
    static func read(_ action: Action, _ reader: inout JSONReader, _ faults: inout FieldFaults) -> Self?
    func write(to writer: inout JSONWriter)
}

/// What can be asked for; the raw value is the word on the wire.
public protocol WireAction: RawRepresentable, Hashable, Sendable, CaseIterable
where RawValue == String, AllCases == [Self] {
    /// The words in the order of `allCases`.
    static var words: [StaticString] { get }
}

extension WireAction {
    /// The action that the text names exactly (letter case counts).
    public static func named(_ text: JSONReader.Text, in reader: borrowing JSONReader) -> Self? {
        reader.index(of: text, in: words).map { allCases[$0] }
    }
}

/// A message that was read, or why it cannot be; soft faults in either case.
public struct Decoded<Message: Sendable>: Sendable {
    public let result: Result<Message, FieldFault>
    /// What was wrong and could be lived with.
    public let softFaults: [FieldFault]
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

    /// Everything that is wrong with it, the hard fault first. An old date is no fault of form.
    var faults: [FieldFault] {
        let soft = softFaults.filter { $0.kind != .unsetClock }
        if case .failure(let fault) = result { return [fault] + soft }
        return soft
    }
}

extension WireMessage {
    /// The payload as it goes on the wire.
    public var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Reads one whole payload. An absent payload (`null`, from old 1.6 stations) counts as `{}` with a soft fault.
    static func decode(_ action: Action, payload: Span<UInt8>, version: OCPPVersion) -> Decoded<Self> {
        var reader = JSONReader(payload)
        var faults = FieldFaults(version: version)
        do throws(JSONFault) {
            let message = Self.read(action, &reader, &faults)
            try reader.check()
            try reader.end()
            return Decoded(message, faults)
        } catch {
            let fault = FieldFault(path: "", kind: .notJSON, detail: error.description, isHard: true)
            return Decoded(result: .failure(fault), softFaults: [])
        }
    }
}
