import OCPPMessages

/// A CALL of the other side, decoded. It is to be answered once, by ``StationLink/Event/respond(messageID:payload:)`` or
/// ``StationLink/Event/respondError(messageID:code:description:)``.
public struct InboundCall: Sendable {
    public let messageID: String
    public let request: V16.Request
    /// What the standard forbids and we tolerated: to be flagged, never a reason not to answer.
    public let softFaults: [FieldFault]
    /// The frame as it was received, for the journal.
    public let text: [UInt8]
    /// Where in `text` the payload lies.
    public let payload: Range<Int>

    public var action: V16.Action { request.action }
    public var payloadBytes: ArraySlice<UInt8> { text[payload] }

    public init(
        messageID: String, request: V16.Request, softFaults: [FieldFault], text: [UInt8], payload: Range<Int>
    ) {
        self.messageID = messageID
        self.request = request
        self.softFaults = softFaults
        self.text = text
        self.payload = payload
    }
}

/// Something odd on a link: for the message log and the statistics. Whatever had to be done about it has been done.
public struct LinkNote: Sendable {
    public enum Kind: Hashable, Sendable {
        /// Not JSON or not a message, and nothing in it to answer to.
        case unreadable
        /// A CALL that was answered with CALLERROR.
        case refused(RPCErrorCode)
        /// A CALLRESULT or CALLERROR to no call that is open or was timed out lately.
        case unexpectedAnswer(messageID: String)
        /// The answer to a call of ours could not be read; the call completed with an error.
        case brokenAnswer(messageID: String)
        /// We answered a CALL that was given up, answered before, or never came on this connection.
        case answerNotSent(messageID: String)
        /// A CALL was not answered in time by our own side.
        case unanswered(messageID: String)
    }
    public let kind: Kind
    /// English, for people.
    public let detail: String
    /// The frame as received; empty where the note is not about a received frame.
    public let text: [UInt8]

    public init(kind: Kind, detail: String, text: [UInt8] = []) {
        self.kind = kind
        self.detail = detail
        self.text = text
    }
}
