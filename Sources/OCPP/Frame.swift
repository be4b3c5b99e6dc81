import OCPPMessages

/// One OCPP-J text frame (1.6-J §4.2), read in a single pass over the bytes.
enum Frame {
    case call(InboundCall)
    /// A CALL that cannot be handled but has an id to answer to.
    case refusal(messageID: String, RPCErrorCode, description: String)
    /// `payload` is the range of the object in the frame; an absent or `null` one is the empty range.
    case result(messageID: String, payload: Range<Int>)
    case error(messageID: String, code: String, description: String, details: Range<Int>)
    /// An answer that cannot be read, to a call of ours.
    case brokenAnswer(messageID: String, reason: String)
    /// Nothing that can be answered or matched.
    case unreadable(reason: String)

    /// Ids are at most 36 characters long; longer ones are echoed all the same, up to this.
    static let longestID = 255

    static func read(_ text: [UInt8], receiver: StationLink.Role) -> Frame {
        var reader = JSONReader(text.span)
        // What was read before the bytes stopped being JSON decides how the sender can be told.
        var type = 0
        var id: String?
        do throws(JSONFault) {
            return try read(text, receiver, &reader, &type, &id)
        } catch {
            switch (type, id) {
            case (2, let id?): return .refusal(messageID: id, .formatViolation, description: "not JSON: \(error)")
            case (3, let id?), (4, let id?): return .brokenAnswer(messageID: id, reason: "not JSON: \(error)")
            default: return .unreadable(reason: "not JSON: \(error)")
            }
        }
    }

    private static func read(
        _ text: [UInt8], _ receiver: StationLink.Role, _ reader: inout JSONReader, _ type: inout Int,
        _ id: inout String?
    ) throws(JSONFault) -> Frame {
        guard try reader.peek() == .array, try reader.enterArray(), try reader.peek() == .number else {
            return .unreadable(reason: "a message is a list that begins with its type")
        }
        type = reader.decimal(try reader.number())?.whole ?? 0
        guard try reader.nextElement(), try reader.peek() == .string else {
            return .unreadable(reason: "the second element of a message is its id, as text")
        }
        let token = try reader.text()
        guard (1...longestID).contains(token.range.count) else {
            return .unreadable(reason: "a message id is 1 to 36 characters long")
        }
        let messageID = reader.string(token)
        id = messageID
        switch type {
        case 2: return try readCall(text, receiver, &reader, messageID)
        case 3: return try readResult(&reader, messageID)
        case 4: return try readError(&reader, messageID)
        default: return .unreadable(reason: "OCPP 1.6 has no message type \(type)")
        }
    }

    private static func readCall(
        _ text: [UInt8], _ receiver: StationLink.Role, _ reader: inout JSONReader, _ id: String
    ) throws(JSONFault) -> Frame {
        guard try reader.nextElement(), try reader.peek() == .string else {
            return .refusal(messageID: id, .formatViolation, description: "the third element of a CALL is its action")
        }
        let token = try reader.text()
        guard let action = V16.Action.named(token, in: reader) else {
            let name = reader.string(token).prefix(100)
            return .refusal(messageID: id, .notImplemented, description: "no action \"\(name)\" in OCPP 1.6")
        }
        guard receiver == .centralSystem ? action.isFromStation : action.isFromCentralSystem else {
            return .refusal(messageID: id, .notSupported, description: "\(action.rawValue) goes the other way")
        }
        guard try reader.nextElement() else {
            return .refusal(messageID: id, .formatViolation, description: "the fourth element of a CALL is its payload")
        }
        _ = try reader.peek()
        let start = reader.position
        var faults = FieldFaults(version: .v16)
        let request = V16.Request.read(action, &reader, &faults)
        try reader.check()
        let payload = start..<reader.position
        try leave(&reader)
        let decoded = Decoded(request, faults)
        switch decoded.result {
        case .success(let request):
            var softFaults = decoded.softFaults
            if id.utf8.count > 36 {
                softFaults.append(FieldFault(path: "message id", kind: .tooLong, detail: "at most 36 characters"))
            }
            return .call(
                InboundCall(messageID: id, request: request, softFaults: softFaults, text: text, payload: payload))
        case .failure(let fault):
            return .refusal(messageID: id, RPCErrorCode(fault), description: fault.description)
        }
    }

    private static func readResult(_ reader: inout JSONReader, _ id: String) throws(JSONFault) -> Frame {
        guard try reader.nextElement() else {
            try reader.end()
            return .result(messageID: id, payload: 0..<0)
        }
        let kind = try reader.peek()
        let payload = try reader.skipValue()
        try leave(&reader)
        switch kind {
        case .object: return .result(messageID: id, payload: payload)
        case .null: return .result(messageID: id, payload: 0..<0)
        default: return .brokenAnswer(messageID: id, reason: "the payload of a CALLRESULT is an object")
        }
    }

    private static func readError(_ reader: inout JSONReader, _ id: String) throws(JSONFault) -> Frame {
        var code = ""
        var description = ""
        var details = 0..<0
        var element = 0
        while try reader.nextElement() {
            let kind = try reader.peek()
            switch (element, kind) {
            case (0, .string): code = reader.string(try reader.text())
            case (1, .string): description = reader.string(try reader.text())
            case (2, .object): details = try reader.skipValue()
            default: try reader.skipValue()
            }
            element += 1
        }
        try reader.end()
        return .error(messageID: id, code: code, description: description, details: details)
    }

    /// Reads past what an overlong message carries behind its payload.
    private static func leave(_ reader: inout JSONReader) throws(JSONFault) {
        while try reader.nextElement() { try reader.skipValue() }
        try reader.end()
    }
}

extension RPCErrorCode {
    /// The code for a CALL that is unusable because of `fault`.
    init(_ fault: FieldFault) {
        switch fault.kind {
        case .missing, .wrongCount, .repeated, .null: self = .occurrenceConstraintViolation
        case .wrongType: self = .typeConstraintViolation
        case .notJSON, .extraField: self = .formatViolation
        case .tooLong, .unknownValue, .outOfRange, .badTimestamp, .unsetClock, .conflict:
            self = .propertyConstraintViolation
        }
    }
}

/// OCPP-J messages as they go on the wire.
public enum FrameText {
    public static func call(messageID: String, action: String, payload: some Collection<UInt8>) -> [UInt8] {
        var writer = begin(2, messageID, payload.count + action.utf8.count)
        writer.value(action)
        writer.raw(payload)
        writer.endArray()
        return writer.bytes
    }

    public static func result(messageID: String, payload: some Collection<UInt8>) -> [UInt8] {
        var writer = begin(3, messageID, payload.count)
        writer.raw(payload)
        writer.endArray()
        return writer.bytes
    }

    /// - Parameter description: cut to the 255 characters that OCPP-J allows.
    public static func error(messageID: String, code: String, description: String) -> [UInt8] {
        var writer = begin(4, messageID, code.utf8.count + description.utf8.count)
        writer.value(code)
        writer.value(description.utf8.count <= 255 ? description : String(description.prefix(255)))
        writer.beginObject()
        writer.endObject()
        writer.endArray()
        return writer.bytes
    }

    private static func begin(_ type: Int, _ messageID: String, _ rest: Int) -> JSONWriter {
        var writer = JSONWriter(reserving: rest + messageID.utf8.count + 24)
        writer.beginArray()
        writer.value(type)
        writer.value(messageID)
        return writer
    }
}
