import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Gateway

@Suite("Accept gate") struct AcceptGateTests {
    private final class Accepts: ChannelOutboundHandler {
        typealias OutboundIn = NIOAny
        var asked = 0
        func read(context: ChannelHandlerContext) { asked += 1 }
    }

    /// A listener that accepts whenever it is allowed to, as NIO's does.
    private static func listener(_ gate: AcceptGate) throws -> (EmbeddedChannel, Accepts, accept: () throws -> Void) {
        let accepts = Accepts()
        let channel = EmbeddedChannel(handlers: [accepts, gate])
        return (
            channel, accepts,
            {
                try channel.writeInbound(0)
                channel.read()
            }
        )
    }

    @Test func `a burst passes, then the rate holds`() throws {
        let gate = AcceptGate(perSecond: 10, burst: 3) { true }
        let (channel, accepts, accept) = try Self.listener(gate)
        channel.read()
        for _ in 0..<3 { try accept() }
        #expect(accepts.asked == 3)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(99))
        #expect(accepts.asked == 3)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(accepts.asked == 4)
        try accept()
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(50))
        #expect(accepts.asked == 4)
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(accepts.asked == 5)
    }

    @Test func `a full house accepts nobody until somebody leaves`() throws {
        let hasRoom = Atomic(false)
        let gate = AcceptGate(perSecond: 1000, burst: 1000) { hasRoom.load(ordering: .relaxed) }
        let (channel, accepts, _) = try Self.listener(gate)
        channel.read()
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(accepts.asked == 0)
        hasRoom.store(true, ordering: .relaxed)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(50))
        #expect(accepts.asked == 1)
    }
}
