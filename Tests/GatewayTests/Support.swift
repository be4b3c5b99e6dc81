import NIOCore
import NIOEmbedded
import OCPP
import Synchronization

@testable import Gateway

/// Writes down what the gateway tells; lets everybody in unless told otherwise.
final class Recorder: GatewayDelegate {
    struct State {
        var log: [String] = []
        var calls: [GatewayCall] = []
        var results: [GatewayResult] = []
        var requests: [UpgradeRequest] = []
        /// `nil` leaves the question open.
        var decision: UpgradeDecision? = .accept
        var openQuestions: [@Sendable (UpgradeDecision) -> Void] = []
        var connections: [ConnectionID] = []
    }
    let state = Mutex(State())
    /// What to do with each call, on the event loop.
    let answer: Mutex<(@Sendable (GatewayCall) -> Void)?> = Mutex(nil)

    func decide(_ request: UpgradeRequest, reply: @escaping @Sendable (UpgradeDecision) -> Void) {
        let decision = state.withLock { state in
            state.requests.append(request)
            if state.decision == nil { state.openQuestions.append(reply) }
            return state.decision
        }
        if let decision { reply(decision) }
    }
    func connected(identity: String, connection: ConnectionID, protocol: String, remoteAddress: String) {
        state.withLock { state in
            state.connections.append(connection)
            state.log.append("connected \(identity) \(`protocol`)")
        }
    }
    func received(_ calls: [GatewayCall]) {
        state.withLock { state in
            state.calls += calls
            state.log.append("received " + calls.map(\.call.action).joined(separator: " "))
        }
        if let answer = answer.withLock({ $0 }) { calls.forEach(answer) }
    }
    func completed(_ results: [GatewayResult]) {
        state.withLock { state in
            state.results += results
            state.log += results.map { "completed \($0.token) \($0.outcome.name)\($0.late ? " late" : "")" }
        }
    }
    func noted(identity: String, connection: ConnectionID, note: LinkNote) {
        state.withLock { $0.log.append("noted: \(note.detail)") }
    }
    func disconnected(identity: String, connection: ConnectionID, reason: String) {
        state.withLock { $0.log.append("disconnected \(identity): \(reason)") }
    }

    var log: [String] { state.withLock { $0.log } }
    var calls: [GatewayCall] { state.withLock { $0.calls } }
    var results: [GatewayResult] { state.withLock { $0.results } }
    var connections: [ConnectionID] { state.withLock { $0.connections } }
}

extension StationLink.CallOutcome {
    var name: String {
        switch self {
        case .answered(let payload): "answered \(String(decoding: payload, as: UTF8.self))"
        case .error(let code, _, _): "error \(code)"
        case .timeout: "timeout"
        case .dropped: "dropped"
        }
    }
}

/// One shard on a virtual event loop, and stations that talk to it byte by byte.
final class Workbench {
    let loop = EmbeddedEventLoop()
    let recorder = Recorder()
    let shard: Shard
    private final class Box: @unchecked Sendable { var shard: Shard? }

    init(_ change: (inout OCPPGateway.Configuration) -> Void = { _ in }) {
        var configuration = OCPPGateway.Configuration()
        change(&configuration)
        let box = Box()
        shard = Shard(
            index: 0, eventLoop: loop, configuration: configuration, delegate: recorder,
            registry: ConnectionRegistry(),
            peers: { _ in
                guard let shard = box.shard else { preconditionFailure("no shard yet") }
                return shard
            })
        box.shard = shard
    }

    func socket() throws -> Socket { try Socket(self) }
    /// A socket with its handshake done.
    func station(_ identity: String = "CP1", protocols: String = "ocpp1.6") throws -> Socket {
        let socket = try socket()
        try socket.send(Socket.handshake(identity, protocols: protocols))
        socket.greeting = socket.received()
        return socket
    }

    final class Socket {
        let channel: EmbeddedChannel
        let bench: Workbench
        var greeting: [UInt8] = []

        init(_ bench: Workbench) throws {
            self.bench = bench
            channel = EmbeddedChannel(handler: StationConnection(shard: bench.shard), loop: bench.loop)
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            bench.loop.run()
        }

        static func handshake(_ identity: String, protocols: String) -> [UInt8] {
            let lines =
                ["GET /ocpp/\(identity) HTTP/1.1"] + HandshakeTests.good.dropFirst() + [
                    "Sec-WebSocket-Protocol: \(protocols)"
                ]
            return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        }

        func send(_ bytes: [UInt8]) throws {
            try channel.writeInbound(ByteBuffer(bytes: bytes))
            bench.loop.run()
        }
        func send(text: String) throws { try send(frame(1, Array(text.utf8))) }

        /// Everything written since the last look.
        func received() -> [UInt8] {
            bench.loop.run()
            var bytes: [UInt8] = []
            while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
            return bytes
        }
        /// The same as frames.
        func frames() -> [FrameReader.Event] { read(received(), pieces: [], from: .server).events }
        func texts() -> [String] {
            frames().compactMap { if case .text(let text) = $0 { String(decoding: text, as: UTF8.self) } else { nil } }
        }
    }
}
