import Foundation
import Gateway
import NIOPosix
import OCPP
import Synchronization

/// Answers every call, from a thread of its own and in batches, as the platform does after a commit.
final class Echo: GatewayDelegate {
    private let waiting = Mutex<[GatewayCall]>([])
    private let signal = DispatchSemaphore(value: 0)
    private let gateway = Mutex<OCPPGateway?>(nil)

    func start(_ gateway: OCPPGateway) {
        self.gateway.withLock { $0 = gateway }
        Thread.detachNewThread { [self] in
            while true {
                signal.wait()
                let calls = waiting.withLock { waiting in
                    defer { waiting = [] }
                    return waiting
                }
                gateway.respond(calls.map { ($0.connection, $0.call.messageID, answer(to: $0.call.action.rawValue)) })
            }
        }
    }

    private func answer(to action: String) -> [UInt8] {
        switch action {
        case "BootNotification":
            Array("{\"currentTime\":\"2026-01-01T00:00:00Z\",\"interval\":3600,\"status\":\"Accepted\"}".utf8)
        case "Heartbeat": Array("{\"currentTime\":\"2026-01-01T00:00:00.000Z\"}".utf8)
        case "Authorize": Array("{\"idTagInfo\":{\"status\":\"Accepted\"}}".utf8)
        case "StartTransaction": Array("{\"transactionId\":1,\"idTagInfo\":{\"status\":\"Accepted\"}}".utf8)
        default: Array("{}".utf8)
        }
    }

    func received(_ calls: [GatewayCall]) {
        let isFirst = waiting.withLock { waiting in
            defer { waiting += calls }
            return waiting.isEmpty
        }
        if isFirst { signal.signal() }
    }
    func decide(_ request: UpgradeRequest, reply: @escaping @Sendable (UpgradeDecision) -> Void) { reply(.accept) }
    func connected(identity: String, connection: ConnectionID, protocol: String, remoteAddress: String) {}
    func completed(_ results: [GatewayResult]) {}
    func noted(identity: String, connection: ConnectionID, note: LinkNote) {}
    func disconnected(identity: String, connection: ConnectionID, reason: String) {}
}

/// `echo [LOOPS]`: prints `listening ocpp ADDRESS:PORT` on stderr and serves until it is killed.
@main enum Program {
    static func main() async throws {
        let loops = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 1
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let echo = Echo()
        let gateway = OCPPGateway(delegate: echo, group: group)
        echo.start(gateway)
        let address = try await gateway.start(host: "127.0.0.1", port: 0)
        FileHandle.standardError.write(Data("listening ocpp 127.0.0.1:\(address.port ?? 0)\nready\n".utf8))
        try await Task.sleep(for: .seconds(365 * 86400))
    }
}
