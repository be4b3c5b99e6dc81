import OCPPMessages

/// One connection's OCPP-J conversation without IO: text frames, our calls and answers, and ticks of a monotonic
/// millisecond clock in; text frames to send, calls to handle and outcomes of our calls out.
///
/// One machine serves both ends (`role`): the central system of a real station and the station of a simulated one.
/// At most one CALL is outstanding in each direction (OCPP-J 1.6 §4.1.1); further ones of ours wait in a bounded queue.
/// A late answer settles the call it belongs to, or is noted, never the next one.
public struct StationLink: Sendable {
    public enum Role: Sendable { case centralSystem, station }

    /// A CALL of ours. `token` is the caller's own number and comes back in ``Action/completed(token:_:)``.
    public struct OutgoingCall: Sendable {
        public let token: UInt64
        public let messageID: String
        public let action: String
        /// The JSON object as it goes on the wire.
        public let payload: [UInt8]
        public let timeoutMilliseconds: Int64
        public init(token: UInt64, messageID: String, action: String, payload: [UInt8], timeoutMilliseconds: Int64) {
            self.token = token
            self.messageID = messageID
            self.action = action
            self.payload = payload
            self.timeoutMilliseconds = timeoutMilliseconds
        }
    }

    public enum CallOutcome: Hashable, Sendable {
        /// The CALLRESULT's payload, as received.
        case answered(payload: [UInt8])
        case error(code: String, description: String, details: [UInt8])
        case timeout
        /// The socket ended (or the queue was full) before an answer.
        case dropped
    }
}
