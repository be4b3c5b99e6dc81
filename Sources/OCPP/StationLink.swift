import OCPPMessages

/// One connection's OCPP-J conversation without IO: text frames, our calls and answers, and ticks of a monotonic
/// millisecond clock in; text frames to send, calls to handle and outcomes of our calls out.
///
/// One machine serves both ends (`role`): the central system of a real station and the station of a simulated one.
/// At most one CALL is outstanding in each direction (OCPP-J 1.6 §4.1.1, 2.1 part 4 §4.1); further ones of ours wait in a bounded queue.
/// A late answer settles the call it belongs to, or is noted, never the next one.
///
///     var actions: [StationLink.Action] = []           // reused from event to event
///     link.handle(.received(text: frame), at: milliseconds, into: &actions)
///     for action in actions { … }                      // in this order
///     actions.removeAll(keepingCapacity: true)
///
/// What the other side sends is never a reason to crash or to hang: a CALL that cannot be decoded is answered here with the
/// CALLERROR in the version's spelling, and said in a ``LinkNote``.
public struct StationLink: Sendable {
    public enum Role: Sendable { case centralSystem, station }

    /// A CALL of ours. `token` is the caller's own number and comes back in ``Action/completed(token:_:)``.
    public struct OutgoingCall: Sendable {
        public let token: UInt64
        public let messageID: String
        public let action: String
        /// The JSON object as it goes on the wire.
        public let payload: [UInt8]
        /// From the moment it is sent, not while it waits for its turn.
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

    public enum Event: Sendable {
        /// One whole text message, UTF-8.
        case received(text: [UInt8])
        case send(OutgoingCall)
        /// Our CALLRESULT to a delivered call.
        case respond(messageID: String, payload: [UInt8])
        /// Our CALLERROR to a delivered call.
        case respondError(messageID: String, code: RPCErrorCode, description: String)
        /// The time asked for with ``Action/wake(at:)`` has come. A moment early, or too often, does no harm.
        case wake
        /// The socket has ended. Every open call completes as dropped; the link is of no more use.
        case closed
    }

    public enum Action: Sendable {
        case transmit([UInt8])
        /// A CALL of the other side to answer.
        case deliver(InboundCall)
        /// A call of ours is settled; each token exactly once.
        case completed(token: UInt64, CallOutcome)
        /// An answer to a call that had already completed as timed out: it did reach the station, so apply it late.
        case lateAnswer(token: UInt64, messageID: String, CallOutcome)
        /// Send ``Event/wake`` at this time. A newer one replaces the older (it is earlier, or the older has passed).
        case wake(at: Int64)
        /// Close the socket with this WebSocket status; the link takes no more frames.
        case close(code: UInt16, reason: String)
        case note(LinkNote)
    }

    public struct Limits: Hashable, Sendable {
        /// The largest message taken; a larger one closes the connection (1009). The greatest OCPP 1.6 message of real
        /// stations, a full GetConfiguration answer, has about 20 kB.
        public var messageBytes = 65_536
        /// Calls of ours that may wait for their turn.
        public var outgoingQueue = 32
        /// Calls of theirs that may be unanswered at a time; the standard allows one.
        public var inboundQueue = 8
        /// How long our own side may take for an answer before it is given up (the station has long given up itself).
        public var answerMilliseconds: Int64 = 120_000
        /// Timed-out calls whose late answers are still recognised.
        public var rememberedTimeouts = 16
        /// Unreadable messages in a row that close the connection (1008): the other end does not speak OCPP.
        public var unreadableInARow = 20
        public init() {}
    }

    private struct Sent: Sendable {
        let token: UInt64
        let messageID: String
        let deadline: Int64
    }
    private struct Open: Sendable {
        let messageID: String
        let deadline: Int64
    }

    public let role: Role
    public let version: OCPPVersion
    public let limits: Limits
    /// Ours, on the wire.
    private var sent: Sent?
    private var waiting: [OutgoingCall] = []
    private var timedOut: [Sent] = []
    /// Theirs, in order of arrival.
    private var open: [Open] = []
    private var scheduled: Int64?
    private var unreadable = 0
    private var isClosed = false

    public init(role: Role, version: OCPPVersion, limits: Limits = Limits()) {
        self.role = role
        self.version = version
        self.limits = limits
    }

    /// Calls of ours that are on the wire or wait for their turn.
    public var unsettledCalls: Int { waiting.count + (sent == nil ? 0 : 1) }

    /// - Parameters:
    ///   - now: monotonic milliseconds, never less than before.
    ///   - actions: appended to.
    public mutating func handle(_ event: Event, at now: Int64, into actions: inout [Action]) {
        if isClosed {
            if case .send(let call) = event { actions.append(.completed(token: call.token, .dropped)) }
            return
        }
        switch event {
        case .received(let text): receive(text, now, &actions)
        case .send(let call): send(call, now, &actions)
        case .respond(let id, let payload):
            answer(id, FrameText.result(messageID: id, payload: payload), &actions)
        case .respondError(let id, let code, let description):
            answer(
                id, FrameText.error(messageID: id, code: code.spelling(in: version), description: description), &actions
            )
        case .wake:
            // A timer that is a moment early is asked for again; one that is more is an old one that was replaced.
            if let scheduled, scheduled - now <= 1000 { self.scheduled = nil }
            expire(now, &actions)
        case .closed: close(&actions)
        }
        schedule(&actions)
    }

    // MARK: Received

    private mutating func receive(_ text: [UInt8], _ now: Int64, _ actions: inout [Action]) {
        guard text.count <= limits.messageBytes else {
            actions.append(.close(code: 1009, reason: "a message of more than \(limits.messageBytes) bytes"))
            close(&actions)
            return
        }
        // A message that comes after a deadline finds the deadline passed, even when the wake-up is late.
        expire(now, &actions)
        let frame = Frame.read(text, receiver: role, version: version)
        switch frame {
        case .unreadable(let reason), .foreign(let reason):
            if case .unreadable = frame, version != .v16, !text.isEmpty {
                // 1.6 has no words for a message without an id (2.1 part 4 §4.2.3: then the id is -1).
                let code = RPCErrorCode.rpcFrameworkError.spelling(in: version)
                actions.append(.transmit(FrameText.error(messageID: "-1", code: code, description: reason)))
            }
            noteUnreadable(reason, text, &actions)
            return
        default: unreadable = 0
        }
        switch frame {
        case .call(let call) where call.isUnanswered: actions.append(.deliver(call))
        case .call(let call):
            guard open.count < limits.inboundQueue else {
                let much = "\(open.count) calls are not answered yet; one at a time"
                refuse(call.messageID, .genericError, much, text, &actions)
                return
            }
            open.append(Open(messageID: call.messageID, deadline: now + limits.answerMilliseconds))
            actions.append(.deliver(call))
        case .refusal(let id, let code, let description): refuse(id, code, description, text, &actions)
        case .result(let id, let payload):
            let bytes = payload.isEmpty ? Array("{}".utf8) : Array(text[payload])
            settle(id, .answered(payload: bytes), text, now, &actions)
        case .error(let id, let code, let description, let details):
            let bytes = details.isEmpty ? Array("{}".utf8) : Array(text[details])
            settle(id, .error(code: code, description: description, details: bytes), text, now, &actions)
        case .brokenAnswer(let id, let reason):
            actions.append(.note(LinkNote(kind: .brokenAnswer(messageID: id), detail: reason, text: text)))
            let code = RPCErrorCode.formatViolation.spelling(in: version)
            if version == .v21 {
                actions.append(.transmit(FrameText.resultError(messageID: id, code: code, description: reason)))
            }
            settle(id, .error(code: code, description: reason, details: Array("{}".utf8)), text, now, &actions)
        case .resultError(let id, let code, let description):
            let note = LinkNote(kind: .answerRefused(messageID: id, code: code), detail: description, text: text)
            actions.append(.note(note))
        case .unusableSend(_, let reason):
            actions.append(.note(LinkNote(kind: .unreadable, detail: reason, text: text)))
        case .unreadable, .foreign: break
        }
    }

    private mutating func noteUnreadable(_ reason: String, _ text: [UInt8], _ actions: inout [Action]) {
        actions.append(.note(LinkNote(kind: .unreadable, detail: reason, text: text)))
        unreadable += 1
        if unreadable >= limits.unreadableInARow {
            actions.append(.close(code: 1008, reason: "\(unreadable) messages in a row that are not OCPP-J"))
            close(&actions)
        }
    }

    private func refuse(
        _ id: String, _ code: RPCErrorCode, _ description: String, _ text: [UInt8], _ actions: inout [Action]
    ) {
        actions.append(.note(LinkNote(kind: .refused(code), detail: description, text: text)))
        let error = FrameText.error(messageID: id, code: code.spelling(in: version), description: description)
        actions.append(.transmit(error))
    }

    private mutating func settle(
        _ id: String, _ outcome: CallOutcome, _ text: [UInt8], _ now: Int64, _ actions: inout [Action]
    ) {
        if let call = sent, call.messageID == id {
            sent = nil
            actions.append(.completed(token: call.token, outcome))
            sendNext(now, &actions)
        } else if let i = timedOut.firstIndex(where: { $0.messageID == id }) {
            let call = timedOut.remove(at: i)
            actions.append(.lateAnswer(token: call.token, messageID: id, outcome))
        } else {
            let note = LinkNote(kind: .unexpectedAnswer(messageID: id), detail: "no open call has this id", text: text)
            actions.append(.note(note))
        }
    }

    // MARK: Ours

    private mutating func send(_ call: OutgoingCall, _ now: Int64, _ actions: inout [Action]) {
        guard waiting.count < limits.outgoingQueue else {
            actions.append(.completed(token: call.token, .dropped))
            return
        }
        waiting.append(call)
        sendNext(now, &actions)
    }

    private mutating func sendNext(_ now: Int64, _ actions: inout [Action]) {
        guard sent == nil, !waiting.isEmpty else { return }
        let call = waiting.removeFirst()
        sent = Sent(token: call.token, messageID: call.messageID, deadline: now + call.timeoutMilliseconds)
        actions.append(
            .transmit(FrameText.call(messageID: call.messageID, action: call.action, payload: call.payload)))
    }

    /// Answers go out as they come: a station that sends a second CALL has given up waiting for the first, and an answer that
    /// never comes must not hold back the others.
    private mutating func answer(_ id: String, _ frame: [UInt8], _ actions: inout [Action]) {
        guard let i = open.firstIndex(where: { $0.messageID == id }) else {
            let note = LinkNote(kind: .answerNotSent(messageID: id), detail: "no open CALL has this id")
            actions.append(.note(note))
            return
        }
        open.remove(at: i)
        actions.append(.transmit(frame))
    }

    // MARK: Time and end

    private mutating func expire(_ now: Int64, _ actions: inout [Action]) {
        if let call = sent, call.deadline <= now {
            sent = nil
            if timedOut.count >= limits.rememberedTimeouts { timedOut.removeFirst() }
            timedOut.append(call)
            actions.append(.completed(token: call.token, .timeout))
            sendNext(now, &actions)
        }
        while let call = open.first, call.deadline <= now {
            open.removeFirst()
            let note = LinkNote(kind: .unanswered(messageID: call.messageID), detail: "no answer of ours in time")
            actions.append(.note(note))
        }
    }

    private mutating func schedule(_ actions: inout [Action]) {
        guard !isClosed else { return }
        var next = sent?.deadline
        if let first = open.first { next = min(next ?? first.deadline, first.deadline) }
        guard let next, next < scheduled ?? .max else { return }
        scheduled = next
        actions.append(.wake(at: next))
    }

    private mutating func close(_ actions: inout [Action]) {
        isClosed = true
        if let sent { actions.append(.completed(token: sent.token, .dropped)) }
        for call in waiting { actions.append(.completed(token: call.token, .dropped)) }
        sent = nil
        waiting = []
        open = []
        timedOut = []
    }
}
