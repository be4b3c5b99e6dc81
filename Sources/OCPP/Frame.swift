import OCPPMessages

/// One OCPP-J text frame (1.6-J §4.2, 2.1 part 4 §4), read in a single pass over the bytes.
enum Frame {
    /// A CALL, or a SEND of 2.1.
    case call(InboundCall)
    /// A CALL that cannot be handled but has an id to answer to.
    case refusal(messageID: String, RPCErrorCode, description: String)
    /// A SEND that cannot be handled; nothing answers it.
    case unusableSend(messageID: String, reason: String)
    /// `payload` is the range of the object in the frame; an absent or `null` one is the empty range.
    case result(messageID: String, payload: Range<Int>)
    case error(messageID: String, code: String, description: String, details: Range<Int>)
    /// The other side could not use our CALLRESULT (2.1).
    case resultError(messageID: String, code: String, description: String)
    /// An answer that cannot be read, to a call of ours.
    case brokenAnswer(messageID: String, reason: String)
    /// A message of a type that the version does not have: to be ignored (2.1 part 4 §4.1.3).
    case foreign(reason: String)
    /// Nothing that can be answered or matched.
    case unreadable(reason: String)

    /// Ids are at most 36 characters long; longer ones are echoed all the same, up to this.
    static let longestID = 255

    static func read(_ text: [UInt8], receiver: StationLink.Role, version: OCPPVersion) -> Frame {
        var reading = FrameReading(text: text, receiver: receiver, version: version)
        return reading.frame()
    }
}

/// The state of reading one frame: what was read before the bytes stopped being JSON decides how the sender can be told.
private struct FrameReading {
    let text: [UInt8]
    let receiver: StationLink.Role
    let version: OCPPVersion
    private var type = 0
    private var id: String?

    init(text: [UInt8], receiver: StationLink.Role, version: OCPPVersion) {
        self.text = text
        self.receiver = receiver
        self.version = version
    }

    mutating func frame() -> Frame {
        let text = text
        var reader = JSONReader(text.span)
        do throws(JSONFault) {
            return try frame(&reader)
        } catch {
            switch (type, id) {
            case (2, let id?): return .refusal(messageID: id, .formatViolation, description: "not JSON: \(error)")
            case (3, let id?), (4, let id?): return .brokenAnswer(messageID: id, reason: "not JSON: \(error)")
            default: return .unreadable(reason: "not JSON: \(error)")
            }
        }
    }

    private mutating func frame(_ reader: inout JSONReader) throws(JSONFault) -> Frame {
        guard try reader.peek() == .array, try reader.enterArray(), try reader.peek() == .number else {
            return .unreadable(reason: "a message is a list that begins with its type")
        }
        type = reader.decimal(try reader.number())?.whole ?? 0
        guard try reader.nextElement(), try reader.peek() == .string else {
            return .unreadable(reason: "the second element of a message is its id, as text")
        }
        let token = try reader.text()
        guard (1...Frame.longestID).contains(token.range.count) else {
            return .unreadable(reason: "a message id is 1 to 36 characters long")
        }
        let messageID = reader.string(token)
        id = messageID
        switch (type, version) {
        case (2, _): return try call(&reader, messageID, isUnanswered: false)
        case (3, _): return try result(&reader, messageID)
        case (4, _), (5, .v21):
            let (code, description, details) = try readError(&reader)
            return type == 4
                ? .error(messageID: messageID, code: code, description: description, details: details)
                : .resultError(messageID: messageID, code: code, description: description)
        case (6, .v21): return try call(&reader, messageID, isUnanswered: true)
        default: return .foreign(reason: "OCPP \(version.number) has no message type \(type)")
        }
    }

    // MARK: CALL and SEND

    private func call(
        _ reader: inout JSONReader, _ id: String, isUnanswered: Bool
    ) throws(JSONFault) -> Frame {
        guard try reader.nextElement(), try reader.peek() == .string else {
            return refuse(id, isUnanswered, .formatViolation, "the third element of a CALL is its action")
        }
        let token = try reader.text()
        if version == .v16 {
            guard let action = V16.Action.named(token, in: reader) else {
                return refuse(id, isUnanswered, .notImplemented, unknown(reader.string(token)))
            }
            guard receiver == .centralSystem ? action.isFromStation : action.isFromCentralSystem else {
                return refuse(id, isUnanswered, .notSupported, "\(action.rawValue) goes the other way")
            }
            guard try reader.nextElement() else { return refuse(id, isUnanswered, .formatViolation, Self.noPayload) }
            return try deliver(&reader, id, isUnanswered, isSigned: false, action, V16.Request.self) { .v16($0) }
        }
        // Actions are compared on the bytes; only an unknown one may be a signed one and becomes text.
        var isSigned = false
        var known = V2.Action.named(token, in: reader)
        if known == nil {
            let word = reader.string(token)
            isSigned = word.hasSuffix(Self.signedSuffix)
            known = isSigned ? V2.Action(rawValue: String(word.dropLast(Self.signedSuffix.count))) : nil
        }
        guard let action = known, action.isIn(version) else {
            return refuse(id, isUnanswered, .notImplemented, unknown(reader.string(token)))
        }
        guard receiver == .centralSystem ? action.isFromStation : action.isFromCentralSystem else {
            return refuse(id, isUnanswered, .notSupported, "\(action.rawValue) goes the other way")
        }
        guard isUnanswered == action.isUnanswered else {
            return refuse(
                id, isUnanswered, .formatViolation,
                "\(action.rawValue) is sent with \(action.isUnanswered ? "SEND" : "CALL")")
        }
        guard try reader.nextElement() else { return refuse(id, isUnanswered, .formatViolation, Self.noPayload) }
        return try deliver(&reader, id, isUnanswered, isSigned: isSigned, action, V2.Request.self) { .v2($0) }
    }

    private func deliver<Request: WireMessage>(
        _ reader: inout JSONReader, _ id: String, _ isUnanswered: Bool, isSigned: Bool, _ action: Request.Action,
        _ type: Request.Type, _ wrap: (Request) -> InboundCall.Request
    ) throws(JSONFault) -> Frame {
        _ = try reader.peek()
        let start = reader.position
        var faults = FieldFaults(version: version)
        let decoded: Decoded<Request>
        if isSigned {
            guard let inner = SignedMessage.payload(of: Array(text[try reader.skipValue()])) else {
                return refuse(id, isUnanswered, .formatViolation, "the payload of a signed message is a flattened JWS")
            }
            var inside = JSONReader(inner.span)
            let request = Request.read(action, &inside, &faults)
            try inside.check()
            decoded = Decoded(request, faults)
        } else {
            let request = Request.read(action, &reader, &faults)
            try reader.check()
            decoded = Decoded(request, faults)
        }
        let payload = start..<reader.position
        try leave(&reader)
        switch decoded.result {
        case .success(let request):
            var softFaults = decoded.softFaults
            if id.utf8.count > 36 {
                softFaults.append(FieldFault(path: "message id", kind: .tooLong, detail: "at most 36 characters"))
            }
            return .call(
                InboundCall(
                    messageID: id, request: wrap(request), softFaults: softFaults, text: text, payload: payload,
                    isUnanswered: isUnanswered, isSigned: isSigned))
        case .failure(let fault): return refuse(id, isUnanswered, RPCErrorCode(fault), fault.description)
        }
    }

    private func refuse(_ id: String, _ isUnanswered: Bool, _ code: RPCErrorCode, _ why: String) -> Frame {
        isUnanswered ? .unusableSend(messageID: id, reason: why) : .refusal(messageID: id, code, description: why)
    }

    private func unknown(_ action: String) -> String { "no action \"\(action.prefix(100))\" in OCPP \(version.number)" }
    private static let noPayload = "the fourth element of a CALL is its payload"
    private static let signedSuffix = "-Signed"

    // MARK: Answers

    private func result(_ reader: inout JSONReader, _ id: String) throws(JSONFault) -> Frame {
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

    private func readError(
        _ reader: inout JSONReader
    ) throws(JSONFault) -> (code: String, description: String, details: Range<Int>) {
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
        return (code, description, details)
    }

    /// Reads past what an overlong message carries behind its payload.
    private func leave(_ reader: inout JSONReader) throws(JSONFault) {
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
