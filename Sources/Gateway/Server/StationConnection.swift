import NIOCore
import OCPP
import OCPPMessages

/// One station's socket: handshake, frames and OCPP-J conversation in a single handler, on its event loop.
///
///     head ──whole──▶ deciding ──accepted──▶ open ──either side closes──▶ closing ──end of stream──▶ gone
///       └──────refused──────┴──────────────────────────────────────────────▲
///
/// Everything that arrives while closing is thrown away: our close frame is followed by the end of our half of the
/// stream, and the peer ends the other half, or the tick does it after the time allowed.
final class StationConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase { case head, deciding, open, closing, gone }

    private let shard: Shard
    /// `nil` on a plain socket.
    private let security: TransportSecurity?
    private var context: ChannelHandlerContext?
    private var id = ConnectionID(rawValue: 0)
    private var identity = ""
    private var phase = Phase.head
    private var reader: FrameReader
    private var link: StationLink
    /// Set when permessage-deflate was agreed.
    private var deflateBits: UInt8?
    /// What has arrived and waits for the rest of its head or frame.
    private var waiting: ByteBuffer?
    /// Bytes that `waiting` needs before there is anything to do.
    private var needed = 0
    /// Bytes of an unfinished head in which its end was not found.
    private var searched = 0
    /// Frames of this round, written at its end in one go.
    private var outbound: ByteBuffer?
    /// When the phase must be over: handshake and closing.
    private var deadline: Int64 = 0
    private var lastReceived: Int64 = 0
    private var missedPongs = 0
    private var wake: (task: Scheduled<Void>, at: Int64)?

    init(shard: Shard, security: TransportSecurity? = nil) {
        self.shard = shard
        self.security = security
        reader = FrameReader(from: .client, maxMessageBytes: shard.configuration.maxMessageBytes)
        link = StationConnection.makeLink(shard, .v16)
    }

    private static func makeLink(_ shard: Shard, _ version: OCPPVersion) -> StationLink {
        var limits = shard.configuration.link
        limits.messageBytes = shard.configuration.maxMessageBytes
        return StationLink(role: .centralSystem, version: version, limits: limits)
    }

    var isOpen: Bool { phase == .open }

    // MARK: The socket's events

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        id = shard.add(self)
        lastReceived = shard.now
        deadline = lastReceived + shard.configuration.handshakeTimeoutMilliseconds
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .closing && phase != .gone else { return }
        var arrived = unwrapInboundIn(data)
        lastReceived = shard.now
        missedPongs = 0
        if var start = waiting {
            waiting = nil
            start.writeBuffer(&arrived)
            arrived = start
        }
        if arrived.readableBytes >= needed { read(&arrived) }
        keep(arrived)
    }

    func channelReadComplete(context: ChannelHandlerContext) { flush() }

    func channelInactive(context: ChannelHandlerContext) {
        if phase == .head || phase == .deciding { shard.counters.add(to: .refused) }
        endConversation(reason: "the station's socket ended")
        phase = .gone
        shard.remove(id)
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if phase == .head, let security {
            shard.delegate.turnedAway(remoteAddress: remoteAddress, reason: security.text(of: error))
        }
        endConversation(reason: "the station's socket failed: \(security?.text(of: error) ?? "\(error)")")
        context.close(promise: nil)
    }

    /// Once a second.
    func tick(_ now: Int64) {
        switch phase {
        case .head where now >= deadline: refuse(Handshake.Refusal(status: 408, text: "the handshake took too long"))
        case .deciding where now >= deadline: refuse(Handshake.Refusal(.unavailable(retryAfterSeconds: retryAfter)))
        case .closing where now >= deadline: context?.close(promise: nil)
        case .open: pingIfSilent(now)
        default: break
        }
    }

    private func pingIfSilent(_ now: Int64) {
        let silence = shard.configuration.pingAfterSilenceMilliseconds
        guard now - lastReceived >= silence * Int64(missedPongs + 1) else { return }
        guard missedPongs < shard.configuration.maxMissedPongs else {
            cut(reason: "no answer to \(missedPongs) pings")
            return
        }
        missedPongs += 1
        append { $0.writeFrame(.ping, []) }
        flush()
    }

    // MARK: Reading

    private func read(_ bytes: inout ByteBuffer) {
        needed = 0
        while bytes.readableBytes > 0 {
            switch phase {
            case .head:
                guard readHead(&bytes) else { return }
            case .open:
                guard readFrame(&bytes) else { return }
            case .deciding:
                // Nobody may speak before the handshake is over; a little haste is forgiven.
                if bytes.readableBytes > shard.configuration.maxHeadBytes { context?.close(promise: nil) }
                return
            case .closing, .gone:
                bytes.clear()
                return
            }
        }
    }

    /// - Returns: whether there may be more to read.
    private func readHead(_ bytes: inout ByteBuffer) -> Bool {
        // A head that dribbles in is searched once, not again from its start with every byte.
        let unseen = bytes.readableBytesView.dropFirst(max(0, searched - 3))
        guard
            unseen.firstRange(of: [0x0D, 0x0A, 0x0D, 0x0A]) != nil
                || bytes.readableBytes >= shard.configuration.maxHeadBytes
        else {
            searched = bytes.readableBytes
            return false
        }
        switch HTTPHead.read(bytes.readableBytesSpan, limit: shard.configuration.maxHeadBytes) {
        case .needsMore: return false
        case .broken(let what):
            refuse(Handshake.Refusal(status: 400, text: what))
            return false
        case .head(let head, let consumed):
            bytes.moveReaderIndex(forwardBy: consumed)
            do throws(Handshake.Refusal) {
                ask(try Handshake.offer(in: head, basePath: shard.configuration.path))
                return true
            } catch {
                refuse(error)
                return false
            }
        }
    }

    private func readFrame(_ bytes: inout ByteBuffer) -> Bool {
        do throws(FrameFault) {
            switch try reader.next(bytes.readableBytesSpan) {
            case .needs(let count):
                needed = count
                return false
            case .event(let event, let consumed):
                bytes.moveReaderIndex(forwardBy: consumed)
                handle(try restored(event))
                return true
            }
        } catch {
            shard.counters.add(to: .cutOff)
            shard.delegate.noted(
                identity: identity, connection: id,
                note: LinkNote(kind: .unreadable, detail: "WebSocket: \(error.text)"))
            close(error.code, reason: error.text)
            return false
        }
    }

    /// A compressed message as what it was.
    private func restored(_ event: FrameReader.Event) throws(FrameFault) -> FrameReader.Event {
        guard case .deflated(let data, let isText) = event else { return event }
        let message = try shard.inflated(data)
        guard isText else { return .binary(message) }
        guard isValidUTF8(message.span.bytes) else {
            throw FrameFault(.invalidPayload, "a text message is not UTF-8")
        }
        return .text(message)
    }

    private func handle(_ event: FrameReader.Event) {
        switch event {
        case .text(let text):
            shard.counters.add(to: .received)
            handle(.received(text: text), at: lastReceived)
        case .ping(let payload): append { $0.writeFrame(.pong, payload) }
        case .pong, .fragment: break
        case .binary, .deflated: close(.unsupportedData, reason: "OCPP-J is text")
        case .close(let code, let reason):
            append { $0.writeClose(code ?? .normal, reason: "") }
            endConversation(
                reason: code.map { "the station closed: \($0.rawValue) \(reason)" } ?? "the station closed")
            startClosing()
        }
    }

    /// Keeps what is not read yet, without keeping the socket's large read buffer alive for it.
    private func keep(_ rest: ByteBuffer) {
        guard rest.readableBytes > 0, phase != .closing, phase != .gone else { return }
        if rest.readerIndex == 0 && waiting == nil && rest.capacity <= 2 * max(needed, rest.readableBytes) {
            waiting = rest
            return
        }
        var copy = ByteBuffer()
        copy.reserveCapacity(max(needed, rest.readableBytes))
        copy.writeImmutableBuffer(rest)
        waiting = copy
    }

    // MARK: The handshake

    private var retryAfter: Int { shard.configuration.retryAfterSeconds }

    private func ask(_ offer: Handshake.Offer) {
        phase = .deciding
        guard shard.registry.count < shard.configuration.maxConnections else {
            refuse(Handshake.Refusal(.unavailable(retryAfterSeconds: retryAfter)))
            return
        }
        let me = NIOLoopBound(self, eventLoop: shard.eventLoop)
        guard let security else { return ask(offer, certificate: nil) }
        security.certificate(on: shard.eventLoop) { me.value.ask(offer, certificate: $0) }
    }

    private func ask(_ offer: Handshake.Offer, certificate: PeerCertificate?) {
        guard phase == .deciding else { return }
        let request = UpgradeRequest(
            identity: offer.identity, protocols: offer.protocols, basic: offer.user.map { ($0, offer.password) },
            remoteAddress: remoteAddress, isEncrypted: security != nil, certificate: certificate)
        let me = NIOLoopBound(self, eventLoop: shard.eventLoop)
        let eventLoop = shard.eventLoop
        shard.delegate.decide(request) { decision in
            eventLoop.execute { me.value.decided(decision, offer, request) }
        }
    }

    private var remoteAddress: String {
        guard let address = context?.remoteAddress, let host = address.ipAddress else { return "" }
        return "\(host):\(address.port ?? 0)"
    }

    private func decided(_ decision: UpgradeDecision, _ offer: Handshake.Offer, _ request: UpgradeRequest) {
        guard phase == .deciding else { return }
        guard decision == .accept else {
            refuse(Handshake.Refusal(decision))
            return
        }
        let chosen = offer.protocols.first(where: shard.configuration.protocols.contains)
        let version = chosen.flatMap { OCPPVersion(subprotocol: $0) }
        // OCPP-J 2.x asks for compression; 1.6 has none.
        let deflate =
            version == nil || version == .v16 ? nil : DeflateAgreement(offers: offer.extensions)
        append { $0.writeString(Handshake.response(toKey: offer.key, protocol: chosen, deflate: deflate)) }
        guard let chosen else {
            // OCPP-J 1.6 §3.1.2: the handshake is completed without a protocol, then the connection closed.
            shard.counters.add(to: .refused)
            append { $0.writeClose(.protocolError, reason: "none of the offered OCPP versions is served here") }
            startClosing()
            return
        }
        phase = .open
        identity = offer.identity
        // A dialect that is served beside the three that are understood (1.5) is read as 1.6.
        if let version, version != .v16 {
            link = StationConnection.makeLink(shard, version)
        }
        deflateBits = deflate.map { UInt8($0.serverBits) }
        reader.takesDeflated = deflate != nil
        shard.counters.add(to: .online)
        shard.announce(identity, id, protocol: chosen, remoteAddress: request.remoteAddress)
        if var early = waiting {
            waiting = nil
            read(&early)
            keep(early)
        }
        flush()
    }

    private func refuse(_ refusal: Handshake.Refusal) {
        shard.counters.add(to: .refused)
        append { $0.writeString(refusal.response) }
        startClosing()
    }

    // MARK: The conversation

    /// Feeds the station's machine and does what it says; the caller flushes.
    func handle(_ event: StationLink.Event, at now: Int64) {
        if phase == .open { feed(event, at: now) }
    }

    private func feed(_ event: StationLink.Event, at now: Int64) {
        var actions = shard.actions
        shard.actions = []
        link.handle(event, at: now, into: &actions)
        for action in actions { carryOut(action) }
        actions.removeAll(keepingCapacity: true)
        shard.actions = actions
    }

    private func carryOut(_ action: StationLink.Action) {
        switch action {
        case .transmit(let text):
            guard phase == .open else { return }
            shard.counters.add(to: .sent)
            if let bits = deflateBits, let shorter = shard.deflated(text, bits: Int(bits)) {
                append { $0.writeFrame(.text, shorter, isDeflated: true) }
            } else {
                append { $0.writeFrame(.text, text) }
            }
        case .deliver(let call):
            shard.deliver(
                GatewayCall(connection: id, identity: identity, call: call, receivedAtMonotonic: lastReceived))
        case .completed(let token, let outcome):
            deliver(token, outcome, late: false)
        case .lateAnswer(let token, _, let outcome):
            deliver(token, outcome, late: true)
        case .wake(let instant): wake(at: instant)
        case .close(let code, let reason): close(CloseCode(rawValue: code), reason: reason)
        case .note(let note): shard.delegate.noted(identity: identity, connection: id, note: note)
        }
    }

    private func deliver(_ token: UInt64, _ outcome: StationLink.CallOutcome, late: Bool) {
        shard.deliver(GatewayResult(identity: identity, connection: id, token: token, outcome: outcome, late: late))
    }

    /// One timer a connection: an earlier wish replaces a later one; waking early does no harm.
    private func wake(at instant: Int64) {
        if let wake, wake.at <= instant { return }
        wake?.task.cancel()
        let me = NIOLoopBound(self, eventLoop: shard.eventLoop)
        let delay = TimeAmount.milliseconds(max(0, instant - shard.now))
        wake = (shard.eventLoop.scheduleTask(in: delay) { me.value.wakeUp() }, instant)
    }

    private func wakeUp() {
        wake = nil
        handle(.wake, at: shard.now)
        flush()
    }

    // MARK: Writing and ending

    private func append(_ write: (inout ByteBuffer) -> Void) {
        var buffer = outbound ?? ByteBuffer()
        outbound = nil
        write(&buffer)
        outbound = buffer
    }

    func flush() {
        guard let context, let buffer = outbound else { return }
        outbound = nil
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        // What the kernel did not take is still there: a reader too slow for its own messages.
        if phase == .open && !context.channel.isWritable {
            cut(reason: "the station does not read: more than \(shard.configuration.maxOutboundBytes) bytes wait")
        }
    }

    /// Says goodbye in the protocol's words. The conversation is over at once, the socket when the peer has heard it.
    func close(_ code: CloseCode, reason: String) {
        switch phase {
        case .closing, .gone: return
        case .head, .deciding:
            context?.close(promise: nil)
            return
        case .open: break
        }
        append { $0.writeClose(code, reason: reason) }
        endConversation(reason: reason)
        startClosing()
    }

    /// Ends a socket that would not hear a goodbye.
    private func cut(reason: String) {
        shard.counters.add(to: .cutOff)
        endConversation(reason: reason)
        context?.close(promise: nil)
    }

    private func startClosing() {
        phase = .closing
        waiting = nil
        deadline = shard.now + shard.configuration.closeTimeoutMilliseconds
        flush()
        context?.close(mode: .output, promise: nil)
    }

    private func endConversation(reason: String) {
        guard phase == .open else { return }
        phase = .closing
        feed(.closed, at: shard.now)
        wake?.task.cancel()
        wake = nil
        shard.counters.add(-1, to: .online)
        shard.registry.remove(identity, id)
        // What came before the end is told before the end.
        shard.deliverNow()
        shard.delegate.disconnected(identity: identity, connection: id, reason: reason)
    }
}
