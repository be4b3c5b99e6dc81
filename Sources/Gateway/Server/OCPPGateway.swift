public import NIOCore
public import NIOPosix
public import OCPP
import Synchronization

/// The listener to which stations connect (OCPP-J): sockets, WebSocket and the conversation with each station; what
/// calls mean is the delegate's business.
///
/// Stations are spread over the event loops of `group`, which share nothing (see ``Shard``).
public final class OCPPGateway: Sendable {
    public typealias Reply = (connection: ConnectionID, messageID: String, payload: [UInt8])

    private let configuration: Configuration
    private let group: MultiThreadedEventLoopGroup
    private let registry: ConnectionRegistry
    private let shards: [Shard]
    private let listeners = Mutex<[any Channel]>([])

    public init(
        configuration: Configuration = Configuration(), delegate: any GatewayDelegate,
        group: MultiThreadedEventLoopGroup
    ) {
        self.group = group
        var configuration = configuration
        // Database, console and listeners need files too.
        configuration.maxConnections = min(configuration.maxConnections, max(1, FileLimit.raise() - 512))
        self.configuration = configuration
        let registry = ConnectionRegistry()
        self.registry = registry
        let directory = ShardDirectory()
        let (settings, eventLoops) = (configuration, Array(group.makeIterator()))
        precondition(eventLoops.count <= Shard.maxShards, "a connection's number names its event loop in one byte")
        shards = eventLoops.enumerated().map { index, eventLoop in
            Shard(
                index: index, eventLoop: eventLoop, configuration: settings, delegate: delegate,
                registry: registry, peers: { directory.shard(of: $0) })
        }
        directory.fill(shards)
    }

    /// Starts listening; port 0 takes any free one. May be called again, for a further address.
    /// - Parameter tls: with it the listener speaks TLS only (`ocpps`).
    /// - Returns: the address taken.
    /// - Throws: what the system says when the address cannot be had.
    @discardableResult
    public func start(host: String, port: Int, tls: TLSServer? = nil) async throws -> SocketAddress {
        let shards = shards
        let configuration = configuration
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                // A few sockets more than stations, so that who comes too many hears why.
                let limit = configuration.maxConnections + 256
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptGate(perSecond: configuration.acceptsPerSecond, burst: configuration.acceptBurst) {
                            shards.reduce(0) { $0 + $1.counters.value(.sockets) } < limit
                        })
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // The channel keeps its last read buffer: half a kilobyte holds most messages, a longer one takes a second read.
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 512))
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: configuration.maxOutboundBytes / 2, high: configuration.maxOutboundBytes)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let shard = shards.first(where: { $0.eventLoop === channel.eventLoop }) else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    // Transport security goes in front of the station's handler, here and nowhere else.
                    let security = tls.map(TransportSecurity.init)
                    if let security {
                        let address = channel.remoteAddress
                        try channel.pipeline.syncOperations.addHandler(
                            ClientHelloHandler(security) { reason in
                                shard.delegate.turnedAway(
                                    remoteAddress: address?.ipAddress ?? "", reason: reason)
                            })
                    }
                    try channel.pipeline.syncOperations.addHandler(StationConnection(shard: shard, security: security))
                }
            }
        let channel = try await bootstrap.bind(host: host, port: port).get()
        guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
        listeners.withLock { $0.append(channel) }
        return address
    }

    /// Answers calls; one wake-up an event loop, however many answers. An answer for a connection that has ended is
    /// dropped.
    public func respond(_ replies: [Reply]) {
        if let first = replies.first, replies.count == 1 {
            shard(of: first.connection).post([
                .respond(first.connection.rawValue, messageID: first.messageID, payload: first.payload)
            ])
            return
        }
        var orders = [[Shard.Order]](repeating: [], count: shards.count)
        for reply in replies {
            orders[Shard.index(of: reply.connection)].append(
                .respond(reply.connection.rawValue, messageID: reply.messageID, payload: reply.payload))
        }
        for (shard, orders) in zip(shards, orders) where !orders.isEmpty { shard.post(orders) }
    }

    /// Answers a call with a CALLERROR; `code` in any version's spelling.
    public func respondError(connection: ConnectionID, messageID: String, code: String, description: String) {
        shard(of: connection).post([
            .respondError(
                connection.rawValue, messageID: messageID, code: RPCErrorCode(spelling: code),
                description: description)
        ])
    }

    /// Sends a CALL on the station's newest connection, after those that wait already.
    /// - Returns: `false` when the station is not connected or the event loop has too much waiting; then
    ///   ``GatewayDelegate/completed(_:)`` is not called for it.
    public func call(identity: String, _ call: StationLink.OutgoingCall) -> Bool {
        guard let connection = registry.connection(of: identity) else { return false }
        return shard(of: connection).post(
            [.call(connection.rawValue, identity: identity, call)], isOptional: true)
    }

    /// Closes the station's newest connection.
    public func disconnect(identity: String, code: UInt16 = 1000, reason: String) {
        guard let connection = registry.connection(of: identity) else { return }
        shard(of: connection).post([.close(connection.rawValue, CloseCode(rawValue: code), reason: reason)])
    }

    /// Stops listening, says goodbye to all stations and waits until they are gone.
    public func shutdown() async {
        let channels = listeners.withLock { listeners in
            defer { listeners = [] }
            return listeners
        }
        for channel in channels { try? await channel.close().get() }
        for future in shards.map({ $0.shutdown() }) { try? await future.get() }
    }

    public var statistics: GatewayStatistics { GatewayStatistics(sum: shards.map(\.counters)) }

    private func shard(of connection: ConnectionID) -> Shard { shards[Shard.index(of: connection)] }
}

/// Lets shards find each other; filled once, before the first socket.
private final class ShardDirectory: Sendable {
    private let shards = Mutex<[Unowned]>([])
    private struct Unowned: Sendable { unowned let shard: Shard }

    func fill(_ all: [Shard]) { shards.withLock { $0 = all.map(Unowned.init) } }
    func shard(of connection: ConnectionID) -> Shard { shards.withLock { $0[Shard.index(of: connection)].shard } }
}
