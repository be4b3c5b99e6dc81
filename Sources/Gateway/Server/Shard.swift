import NIOCore
import OCPP
import Synchronization

/// One event loop's share of the stations. All shards are alike and share nothing but the registry; a station lives on
/// one of them from accept to close.
///
/// What stations bring is collected over one round of the loop and given to the delegate as one batch; what other threads
/// order comes through one mailbox that wakes the loop once a burst.
///
/// `@unchecked`: everything but the mailbox and the counters is touched on `eventLoop` only.
final class Shard: @unchecked Sendable {
    enum Order: Sendable {
        case respond(UInt64, messageID: String, payload: [UInt8])
        case respondError(UInt64, messageID: String, code: RPCErrorCode, description: String)
        case call(UInt64, identity: String, StationLink.OutgoingCall)
        case close(UInt64, CloseCode, reason: String)
    }
    private struct Mailbox {
        var orders: [Order] = []
        var isRead = false
    }

    let eventLoop: any EventLoop
    let configuration: OCPPGateway.Configuration
    let delegate: any GatewayDelegate
    let registry: ConnectionRegistry
    let counters = Counters()
    /// For the compressed messages of all connections; made when the first one comes.
    private lazy var inflater = MessageInflater()
    /// By the bits of the window that a station can hold.
    private var deflaters: [Int: MessageDeflater] = [:]
    /// Reused by the connections for the actions of one event.
    var actions: [StationLink.Action] = []

    private let index: UInt64
    private let peers: @Sendable (ConnectionID) -> Shard
    private let mailbox = Mutex(Mailbox())
    private var connections: [UInt64: StationConnection] = [:]
    private var lastNumber: UInt64 = 0
    private var calls: [GatewayCall] = []
    private var results: [GatewayResult] = []
    private var isDeliveryDue = false
    private var ticks: RepeatedTask?
    private var isClosing = false
    private var emptied: EventLoopPromise<Void>?

    /// - Parameter peers: the shard of any connection, for telling an older socket that it was replaced.
    init(
        index: Int, eventLoop: any EventLoop, configuration: OCPPGateway.Configuration, delegate: any GatewayDelegate,
        registry: ConnectionRegistry, peers: @escaping @Sendable (ConnectionID) -> Shard
    ) {
        self.index = UInt64(index)
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.delegate = delegate
        self.registry = registry
        self.peers = peers
    }

    /// Shards count their connections on their own; the low byte says whose number it is.
    static let maxShards = 256
    static func index(of connection: ConnectionID) -> Int { Int(connection.rawValue & 0xFF) }

    var now: Int64 { Int64(eventLoop.now.uptimeNanoseconds / 1_000_000) }

    // MARK: Connections, on the loop

    func inflated(_ data: [UInt8]) throws(FrameFault) -> [UInt8] {
        guard let inflater else { throw FrameFault(.messageTooBig, "no memory for compressed messages") }
        return try inflater.inflated(data, limit: configuration.maxMessageBytes)
    }

    /// - Returns: `nil` where compressing saves nothing.
    func deflated(_ message: [UInt8], bits: Int) -> [UInt8]? {
        guard message.count >= configuration.deflateFromBytes else { return nil }
        if deflaters[bits] == nil { deflaters[bits] = MessageDeflater(mostBits: bits) }
        return deflaters[bits]?.deflated(message)
    }

    func add(_ connection: StationConnection) -> ConnectionID {
        if ticks == nil {
            ticks = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [weak self] _ in
                self?.tick()
            }
        }
        lastNumber += 1
        let id = ConnectionID(rawValue: lastNumber << 8 | index)
        connections[id.rawValue] = connection
        counters.add(to: .sockets)
        counters.add(to: .accepted)
        return id
    }

    func remove(_ id: ConnectionID) {
        guard connections.removeValue(forKey: id.rawValue) != nil else { return }
        counters.add(-1, to: .sockets)
        if isClosing && connections.isEmpty { emptied?.succeed() }
    }

    /// Lets the connection be the newest of its identity, says so, and ends the older one.
    func announce(_ identity: String, _ id: ConnectionID, protocol name: String, remoteAddress: String) {
        let older = registry.replace(identity, with: id) {
            delegate.connected(identity: identity, connection: id, protocol: name, remoteAddress: remoteAddress)
        }
        guard let older else { return }
        counters.add(to: .replaced)
        peers(older).post([
            .close(older.rawValue, .policyViolation, reason: "replaced by a newer connection of the same station")
        ])
    }

    private func tick() {
        let now = now
        for connection in connections.values { connection.tick(now) }
    }

    // MARK: Towards the delegate, on the loop

    func deliver(_ call: GatewayCall) {
        calls.append(call)
        deliverSoon()
    }
    func deliver(_ result: GatewayResult) {
        results.append(result)
        deliverSoon()
    }

    private func deliverSoon() {
        if isDeliveryDue { return }
        isDeliveryDue = true
        eventLoop.execute { self.deliverNow() }
    }

    /// Hands over what is collected: at the end of the round, and before anything that must come after it.
    func deliverNow() {
        isDeliveryDue = false
        if !calls.isEmpty {
            let batch = calls
            calls = []
            calls.reserveCapacity(batch.count)
            delegate.received(batch)
        }
        if !results.isEmpty {
            let batch = results
            results = []
            delegate.completed(batch)
        }
    }

    // MARK: From any thread

    /// - Returns: `false` when the mailbox is full; then nothing was taken.
    @discardableResult
    func post(_ orders: [Order], isOptional: Bool = false) -> Bool {
        let (taken, wake) = mailbox.withLock { mailbox in
            if isOptional && mailbox.orders.count >= configuration.maxMailbox { return (false, false) }
            mailbox.orders.append(contentsOf: orders)
            defer { mailbox.isRead = true }
            return (true, !mailbox.isRead)
        }
        if wake { eventLoop.execute { self.readMailbox() } }
        return taken
    }

    private func readMailbox() {
        let orders = mailbox.withLock { mailbox in
            mailbox.isRead = false
            let orders = mailbox.orders
            mailbox.orders = []
            return orders
        }
        let now = now
        var touched: [StationConnection] = []
        for order in orders {
            if let connection = carryOut(order, now), touched.last !== connection { touched.append(connection) }
        }
        for connection in touched { connection.flush() }
    }

    /// - Returns: the connection that has something to flush.
    private func carryOut(_ order: Order, _ now: Int64) -> StationConnection? {
        switch order {
        case .respond(let id, let messageID, let payload):
            guard let connection = connections[id], connection.isOpen else {
                counters.add(to: .lateReplies)
                return nil
            }
            connection.handle(.respond(messageID: messageID, payload: payload), at: now)
            return connection
        case .respondError(let id, let messageID, let code, let description):
            guard let connection = connections[id], connection.isOpen else {
                counters.add(to: .lateReplies)
                return nil
            }
            connection.handle(.respondError(messageID: messageID, code: code, description: description), at: now)
            return connection
        case .call(let id, let identity, let call):
            guard let connection = connections[id], connection.isOpen else {
                deliver(
                    GatewayResult(
                        identity: identity, connection: ConnectionID(rawValue: id), token: call.token,
                        outcome: .dropped, late: false))
                return nil
            }
            connection.handle(.send(call), at: now)
            return connection
        case .close(let id, let code, let reason):
            connections[id]?.close(code, reason: reason)
        }
        return nil
    }

    /// Ends every connection; done when the last socket is gone.
    func shutdown() -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        eventLoop.execute {
            self.isClosing = true
            self.emptied = promise
            if self.connections.isEmpty { promise.succeed() }
            for connection in self.connections.values {
                connection.close(.goingAway, reason: "the central system is going down")
            }
        }
        promise.futureResult.whenComplete { _ in
            self.ticks?.cancel()
            self.ticks = nil
        }
        return promise.futureResult
    }
}
