import NIOCore

/// Holds back accepting when sockets come faster than the rate or when there are too many. What waits stays in the
/// kernel's backlog, so a storm of reconnects becomes a queue.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny
    typealias OutboundIn = NIOAny
    typealias OutboundOut = NIOAny

    private let perSecond: Int
    private let burst: Int
    private let hasRoom: @Sendable () -> Bool
    private var tokens: Double
    private var refilled: NIODeadline?
    private var isHeld = false

    init(perSecond: Int, burst: Int, hasRoom: @escaping @Sendable () -> Bool) {
        self.perSecond = perSecond
        self.burst = burst
        self.hasRoom = hasRoom
        tokens = Double(burst)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        tokens -= 1
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        let now = context.eventLoop.now
        if let refilled {
            let seconds = Double((now - refilled).nanoseconds) / 1e9
            tokens = min(Double(burst), tokens + seconds * Double(perSecond))
        }
        refilled = now
        if tokens >= 1 && hasRoom() {
            context.read()
            return
        }
        if isHeld { return }
        isHeld = true
        let held = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(50)) {
            let (gate, context) = held.value
            gate.isHeld = false
            gate.read(context: context)
        }
    }
}
