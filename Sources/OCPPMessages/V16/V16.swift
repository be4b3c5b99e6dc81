/// OCPP 1.6 (edition 2) with the messages of the security whitepaper: every action typed, both directions.
///
/// Reading is tolerant and says what it tolerated (``Decoded``); what we send is checked with
/// ``validateRequest(action:payload:)``.
public enum V16 {
    /// Everything that is wrong with a request before it is sent: the schema (type, words, lengths, required and extra
    /// fields, steps of 0.1), and once that holds, the rules across fields. Empty when the payload may go out as it is.
    /// The path `action` means that 1.6 has no such action.
    public static func validateRequest(action: String, payload: [UInt8]) -> [FieldFault] {
        guard let action = Action(rawValue: action) else {
            return [FieldFault(path: "action", kind: .unknownValue, detail: "OCPP 1.6 has no action \"\(action)\"")]
        }
        let decoded = Request.decode(action, payload: payload.span)
        let faults = strict(decoded)
        guard faults.isEmpty, case .success(let request) = decoded.result else { return faults }
        return request.conflicts
    }

    /// The schema's faults in an answer to `action`.
    public static func validateResponse(action: Action, payload: [UInt8]) -> [FieldFault] {
        strict(Response.decode(action, payload: payload.span))
    }

    private static func strict<Message>(_ decoded: Decoded<Message>) -> [FieldFault] {
        // An old date is no fault of form.
        var faults = decoded.softFaults.filter { $0.kind != .unsetClock }
        if case .failure(let fault) = decoded.result { faults.insert(fault, at: 0) }
        return faults
    }
}

extension V16.Request {
    /// The payload as it goes on the wire.
    public var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}

extension V16.Response {
    /// The payload as it goes on the wire.
    public var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}
