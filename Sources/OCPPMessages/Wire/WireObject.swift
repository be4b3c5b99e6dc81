/// A JSON object of an OCPP message. Conformances are generated.
public protocol WireObject: Equatable, Sendable {
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

/// An object that can be read.
protocol ReadableObject: WireObject {
    /// Reads the value at the reader, wholly consumed in any case; `nil` when it cannot be used, with a hard fault that says why, or
    /// when the bytes are not JSON, which ``JSONReader/check()`` then throws.
    init?(reading reader: inout JSONReader, _ faults: inout FieldFaults)
}

/// An object that is read by the table of its class. The table says what to check, ``readField(_:_:_:_:)`` where a value goes; the walk is
/// the same for all classes. (A loop with a local variable a field in each class took the optimiser minutes.)
protocol TabledObject: ReadableObject {
    /// An object with nothing in it, to be filled while it is read.
    init(blank: Void)
    /// The fields as `version` has them.
    static func fields(in version: OCPPVersion) -> [WireField]
    /// Reads the value of field `i`; true when it is usable.
    mutating func readField(_ i: Int, _ fields: [WireField], _ reader: inout JSONReader, _ faults: inout FieldFaults)
        -> Bool
}

extension TabledObject {
    @inline(never)
    init?(reading reader: inout JSONReader, _ faults: inout FieldFaults) {
        guard var walk = reader.enterFields(&faults) else { return nil }
        let fields = Self.fields(in: faults.version)
        self.init(blank: ())
        while let i = reader.nextField(fields, &walk, &faults) {
            if readField(i, fields, &reader, &faults) { walk.use(i) }
        }
        guard faults.hasAllRequired(fields, walk) else { return nil }
    }
}
