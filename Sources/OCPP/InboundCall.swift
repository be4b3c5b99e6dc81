import OCPPMessages

/// A CALL (or SEND) of the other side, decoded. A CALL is to be answered once, by
/// ``StationLink/Event/respond(messageID:payload:)`` or ``StationLink/Event/respondError(messageID:code:description:)``.
public struct InboundCall: Sendable {
    /// The request in the types of the connection's version; 2.0.1 and 2.1 share theirs.
    public enum Request: Sendable {
        case v16(V16.Request)
        case v2(V2.Request)
    }

    public let messageID: String
    public let request: Request
    /// What the standard forbids and we tolerated: to be flagged, never a reason not to answer.
    public let softFaults: [FieldFault]
    /// The frame as it was received, for the journal.
    public let text: [UInt8]
    /// Where in `text` the payload lies (of a signed message: the signature with its payload).
    public let payload: Range<Int>
    /// A SEND of 2.1: no answer may follow.
    public let isUnanswered: Bool
    /// It came inside a signature (2.x part 4 §7), which is kept in `text` and was not checked.
    public let isSigned: Bool

    /// The action's word on the wire, without `-Signed`.
    public var action: String {
        switch request {
        case .v16(let request): request.action.rawValue
        case .v2(let request): request.action.rawValue
        }
    }
    public var payloadBytes: ArraySlice<UInt8> { text[payload] }

    public init(
        messageID: String, request: Request, softFaults: [FieldFault], text: [UInt8], payload: Range<Int>,
        isUnanswered: Bool = false, isSigned: Bool = false
    ) {
        self.messageID = messageID
        self.request = request
        self.softFaults = softFaults
        self.text = text
        self.payload = payload
        self.isUnanswered = isUnanswered
        self.isSigned = isSigned
    }
}
