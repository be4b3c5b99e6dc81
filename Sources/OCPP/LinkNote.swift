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
        /// The other side could not use our answer to its call (2.1 CALLRESULTERROR).
        case answerRefused(messageID: String, code: String)
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
