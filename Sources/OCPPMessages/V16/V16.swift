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
        guard decoded.faults.isEmpty, case .success(let request) = decoded.result else { return decoded.faults }
        return request.conflicts
    }

    /// The schema's faults in an answer to `action`.
    public static func validateResponse(action: Action, payload: [UInt8]) -> [FieldFault] {
        Response.decode(action, payload: payload.span).faults
    }
}

extension V16.Request {
    /// Reads the payload of `action`'s request; see ``Decoded``.
    public static func decode(_ action: V16.Action, payload: Span<UInt8>) -> Decoded<V16.Request> {
        decode(action, payload: payload, version: .v16)
    }
}

extension V16.Response {
    /// Reads the payload of the answer to `action`; see ``Decoded``.
    public static func decode(_ action: V16.Action, payload: Span<UInt8>) -> Decoded<V16.Response> {
        decode(action, payload: payload, version: .v16)
    }
}
