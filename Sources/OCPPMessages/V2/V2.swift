/// OCPP 2.0.1 and 2.1: every action typed, both directions, one set of types for both versions.
///
/// 2.1 adds actions, fields and words to 2.0.1 and takes nothing away; where the two differ (presence, lengths, bounds, words), the
/// reader goes by the version it is told. Reading is tolerant and says what it tolerated (``Decoded``); what we send is checked with
/// ``validateRequest(action:payload:version:)``.
public enum V2 {
    /// Everything that is wrong with a request before it is sent in `version` (2.0.1 or 2.1): the schema (type, words, lengths, bounds,
    /// required and extra fields), and once that holds, the rules across fields. Empty when the payload may go out as it is. The path
    /// `action` means that there is no such action.
    public static func validateRequest(action: String, payload: [UInt8], version: OCPPVersion) -> [FieldFault] {
        guard let known = Action(rawValue: action), known.isIn(version) else {
            let detail = "OCPP \(version.number) has no action \"\(action)\""
            return [FieldFault(path: "action", kind: .unknownValue, detail: detail)]
        }
        let decoded = Request.decode(known, payload: payload.span, version: version)
        guard decoded.faults.isEmpty, case .success(let request) = decoded.result else { return decoded.faults }
        return request.conflicts
    }

    /// The schema's faults in an answer to `action`.
    public static func validateResponse(action: Action, payload: [UInt8], version: OCPPVersion) -> [FieldFault] {
        Response.decode(action, payload: payload.span, version: version).faults
    }
}

extension V2.Action {
    public func isIn(_ version: OCPPVersion) -> Bool { version == .v21 || version == .v201 && !isSince21 }
}

extension V2.Request {
    /// Reads the payload of `action`'s request by the rules of `version`; see ``Decoded``.
    public static func decode(
        _ action: V2.Action, payload: Span<UInt8>, in version: OCPPVersion
    ) -> Decoded<V2.Request> { decode(action, payload: payload, version: version) }
}

extension V2.Response {
    /// Reads the payload of the answer to `action` by the rules of `version`; see ``Decoded``.
    public static func decode(
        _ action: V2.Action, payload: Span<UInt8>, in version: OCPPVersion
    ) -> Decoded<V2.Response> { decode(action, payload: payload, version: version) }
}
