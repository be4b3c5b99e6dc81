import NIOCore

/// Waits for the whole ClientHello, puts the TLS handler with the fitting certificate in its place, and leaves.
final class ClientHelloHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let security: TransportSecurity
    /// Told why a socket was turned away.
    private let turnedAway: (String) -> Void
    private var arrived = ByteBuffer()
    private var isDone = false

    init(_ security: TransportSecurity, turnedAway: @escaping (String) -> Void) {
        self.security = security
        self.turnedAway = turnedAway
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        arrived.writeBuffer(&bytes)
        switch ClientHello.read(arrived.readableBytesSpan) {
        case .needsMore: return
        case .broken(let why): end(context, "no TLS on a TLS port: \(why)")
        case .hello(let hello):
            guard let handler = security.makeHandler(for: hello, on: context.eventLoop) else {
                return end(context, "the station understands none of our kinds of certificate")
            }
            isDone = true
            do {
                try context.pipeline.syncOperations.addHandler(handler, position: .after(self))
            } catch {
                return end(context, "TLS cannot begin: \(error)")
            }
            context.fireChannelRead(wrapInboundOut(arrived))
            arrived = ByteBuffer()
            context.fireChannelReadComplete()
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
    }

    private func end(_ context: ChannelHandlerContext, _ why: String) {
        isDone = true
        turnedAway(why)
        context.close(promise: nil)
    }

    /// Nothing may be said in the clear on this port, not even a refusal.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isDone else { return context.write(data, promise: promise) }
        promise?.fail(ChannelError.ioOnClosedChannel)
        context.close(promise: nil)
    }
}
