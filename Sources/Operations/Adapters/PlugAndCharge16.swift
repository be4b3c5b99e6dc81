import OCPPMessages

/// ISO 15118 for stations of OCPP 1.6: messages of 2.0.1 inside DataTransfer (OCA application note on plug and charge).
public enum PlugAndCharge16 {
    public static let vendor = "org.openchargealliance.iso15118pnc"

    /// Actions of a station that are routed; all others are unknown messages of this vendor.
    public static let actions: Set<V2.Action> = [
        .authorize, .get15118EVCertificate, .getCertificateStatus, .signCertificate,
    ]

    /// The message inside; `nil`: another vendor's, an action that is not routed, or data that cannot be read.
    public static func request(_ transfer: V16.DataTransferRequest) -> V2.Request? {
        guard transfer.vendorId.lowercased() == vendor, let action = transfer.messageId.flatMap(V2.Action.init),
            actions.contains(action), let data = transfer.data
        else { return nil }
        return try? V2.Request.decode(action, payload: Array(data.utf8).span, in: .v201).result.get()
    }

    /// The answer to a message inside, wrapped as that was.
    static func wrapped(_ payload: [UInt8]) -> [UInt8] {
        V16.DataTransferResponse(status: .accepted, data: String(decoding: payload, as: UTF8.self)).json
    }

    /// A call of ours, wrapped.
    static func call(_ action: V2.Action, _ payload: [UInt8]) -> (action: String, payload: [UInt8]) {
        (
            V16.Action.dataTransfer.rawValue,
            V16.DataTransferRequest(
                vendorId: vendor, messageId: action.rawValue, data: String(decoding: payload, as: UTF8.self)
            ).json
        )
    }

    /// A call of ours and its answer, both unwrapped; `nil`: it is another vendor's, or one of them cannot be read.
    static func call(
        _ transfer: V16.DataTransferRequest, _ answer: V16.DataTransferResponse
    ) -> (request: V2.Request, response: V2.Response)? {
        guard transfer.vendorId.lowercased() == vendor, let action = transfer.messageId.flatMap(V2.Action.init),
            answer.status == .accepted, let sent = transfer.data, let told = answer.data,
            let request = try? V2.Request.decode(action, payload: Array(sent.utf8).span, in: .v201).result.get(),
            let response = try? V2.Response.decode(action, payload: Array(told.utf8).span, in: .v201).result.get()
        else { return nil }
        return (request, response)
    }

    /// What a station answered inside; `nil`: it did not accept the message, or its data cannot be read.
    static func answer(_ action: V2.Action, _ payload: [UInt8]) -> V2.Response? {
        guard
            case .success(.dataTransfer(let response)) = V16.Response.decode(.dataTransfer, payload: payload.span)
                .result, response.status == .accepted, let data = response.data
        else { return nil }
        return try? V2.Response.decode(action, payload: Array(data.utf8).span, in: .v201).result.get()
    }
}

extension V2.AuthorizeRequest {
    /// It is about a contract certificate, not only a token (C07).
    public var bringsCertificates: Bool { certificate != nil || !(iso15118CertificateHashData ?? []).isEmpty }
}
