import Foundation
import Gateway
import NIOCore
import NIOPosix

/// A station's end of one WebSocket connection, with the codec that the gateway uses. Lives on one event loop.
final class StationSocket: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Event {
        case opened
        case received([UInt8])
        /// Exactly once, also when it never opened.
        case ended(reason: String, StationRefusal?)
    }
    struct Login: Sendable {
        let endpoint: StationEndpoint
        let identity: String
        let protocols: [String]
        /// HTTP Basic, with the identity as user.
        let password: [UInt8]?
        /// Where the endpoint is encrypted.
        let tls: (contexts: StationTLS, material: StationTLS.Material)?
        /// Local address to connect from: one has room for some 28 000 connections.
        let source: String?
    }
    private enum Phase { case connecting, handshake, open, closing, ended }

    private let login: Login
    private let onEvent: (Event) -> Void
    private let key: String
    private var phase = Phase.connecting
    private var context: ChannelHandlerContext?
    private var reader = FrameReader(from: .server, maxMessageBytes: 1 << 20)
    private var waiting = ByteBuffer()

    private init(_ login: Login, _ onEvent: @escaping (Event) -> Void) {
        self.login = login
        self.onEvent = onEvent
        var random = SystemRandomNumberGenerator()
        key = Base64.encode((0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    /// Connects; `onEvent` is called on `eventLoop`, on which this must be called too.
    static func open(
        _ login: Login, on eventLoop: any EventLoop, onEvent: @escaping (Event) -> Void
    ) -> StationSocket {
        let socket = StationSocket(login, onEvent)
        let held = NIOLoopBound(socket, eventLoop: eventLoop)
        var bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(.seconds(10))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls = login.tls {
                        try channel.pipeline.syncOperations.addHandler(
                            tls.contexts.handler(tls.material, host: login.endpoint.host))
                    }
                    try channel.pipeline.syncOperations.addHandler(held.value)
                }
            }
        if let source = login.source, let address = try? SocketAddress(ipAddress: source, port: 0) {
            bootstrap = bootstrap.bind(to: address)
        }
        bootstrap.connect(host: login.endpoint.host, port: login.endpoint.port).whenFailure { error in
            held.value.end(reason: "cannot connect to \(login.endpoint): \(Self.words(for: error))", nil)
        }
        return socket
    }

    /// What the system said, without NIO's wrapping.
    private static func words(for error: any Error) -> String {
        let inner = (error as? NIOConnectionError)?.connectionErrors.first?.error ?? error
        return (inner as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(inner)"
    }

    func send(_ text: [UInt8]) {
        guard phase == .open else { return }
        write { buffer, mask in buffer.writeFrame(.text, text, mask: mask) }
    }

    /// Says goodbye; the peer ends the stream.
    func close(_ code: CloseCode = .normal, reason: String) {
        guard phase == .open else { return abort(reason: reason) }
        write { buffer, mask in buffer.writeClose(code, reason: reason, mask: mask) }
        phase = .closing
        context?.close(mode: .output, promise: nil)
    }

    /// Ends the socket without a word, as a lost network does.
    func abort(reason: String, _ refusal: StationRefusal? = nil) {
        end(reason: reason, refusal)
        context?.close(promise: nil)
    }

    // MARK: The socket's events

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        guard phase == .connecting else {
            context.close(promise: nil)
            return
        }
        phase = .handshake
        var lines = [
            "GET \(login.endpoint.target(of: login.identity)) HTTP/1.1", "Host: \(login.endpoint.authority)",
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: \(key)", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: \(login.protocols.joined(separator: ", "))",
        ]
        if let password = login.password {
            lines.append("Authorization: Basic " + Base64.encode(Array("\(login.identity):".utf8) + password))
        }
        context.writeAndFlush(
            wrapOutboundOut(ByteBuffer(string: lines.joined(separator: "\r\n") + "\r\n\r\n")), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var arrived = unwrapInboundIn(data)
        waiting.writeBuffer(&arrived)
        while waiting.readableBytes > 0 {
            switch phase {
            case .handshake:
                guard readHead() else { return }
            case .open:
                guard readFrame() else { return }
            case .connecting, .closing, .ended: waiting.clear()
            }
        }
        waiting = ByteBuffer()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(reason: "the central system's socket ended", nil)
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let (reason, refusal) = login.tls == nil ? ("\(error)", nil) : StationTLS.meaning(of: error)
        abort(reason: reason, phase == .handshake ? refusal : nil)
    }

    private func readHead() -> Bool {
        switch HTTPHead.read(waiting.readableBytesSpan, limit: 8192) {
        case .needsMore: return false
        case .broken(let what):
            abort(reason: "no HTTP response: \(what)")
            return false
        case .head(let head, let consumed):
            waiting.moveReaderIndex(forwardBy: consumed)
            guard head.startLine.hasPrefix("HTTP/1.1 101") else {
                let isTurnedAway = ["401", "403"].contains { head.startLine.hasPrefix("HTTP/1.1 \($0)") }
                abort(reason: "refused: \(head.startLine)", isTurnedAway ? .notAdmitted : nil)
                return false
            }
            guard head.single("sec-websocket-accept") == webSocketAccept(forKey: key) else {
                abort(reason: "the handshake's accept key is wrong")
                return false
            }
            guard let chosen = head.single("sec-websocket-protocol"), login.protocols.contains(chosen) else {
                abort(reason: "the central system serves none of \(login.protocols.joined(separator: ", "))")
                return false
            }
            phase = .open
            onEvent(.opened)
            return true
        }
    }

    private func readFrame() -> Bool {
        do throws(FrameFault) {
            guard case .event(let event, let consumed) = try reader.next(waiting.readableBytesSpan) else {
                return false
            }
            waiting.moveReaderIndex(forwardBy: consumed)
            switch event {
            case .text(let text): onEvent(.received(text))
            case .ping(let payload): write { buffer, mask in buffer.writeFrame(.pong, payload, mask: mask) }
            case .pong, .fragment: break
            case .binary, .deflated: close(.unsupportedData, reason: "OCPP-J is text")
            case .close(let code, let reason):
                close(code ?? .normal, reason: "")
                end(reason: "the central system closed: \(code?.rawValue ?? 1005) \(reason)", nil)
            }
            return true
        } catch {
            close(error.code, reason: error.text)
            return false
        }
    }

    private func write(_ body: (inout ByteBuffer, UInt32) -> Void) {
        guard let context else { return }
        var random = SystemRandomNumberGenerator()
        var buffer = ByteBuffer()
        body(&buffer, .random(in: 0 ... .max, using: &random))
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func end(reason: String, _ refusal: StationRefusal?) {
        guard phase != .ended else { return }
        phase = .ended
        onEvent(.ended(reason: reason, refusal))
    }
}
