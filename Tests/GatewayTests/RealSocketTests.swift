import Foundation
import NIOPosix
import OCPP
import Testing

@testable import Gateway

/// The listener on real sockets: what a virtual event loop cannot show.
@Suite("Listener on real sockets", .timeLimit(.minutes(1))) struct RealSocketTests {
    /// Runs `body` beside a listener on two event loops whose delegate answers everything with `{}`.
    static func withGateway(
        _ change: (inout OCPPGateway.Configuration) -> Void = { _ in },
        _ body: (OCPPGateway, Recorder, Int) async throws -> Void
    ) async throws {
        var configuration = OCPPGateway.Configuration()
        change(&configuration)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let recorder = Recorder()
        let gateway = OCPPGateway(configuration: configuration, delegate: recorder, group: group)
        recorder.answer.withLock { answer in
            answer = { call in gateway.respond([(call.connection, call.call.messageID, Array("{}".utf8))]) }
        }
        let address = try await gateway.start(host: "127.0.0.1", port: 0)
        do {
            try await body(gateway, recorder, try #require(address.port))
        } catch {
            await gateway.shutdown()
            try await group.shutdownGracefully()
            throw error
        }
        await gateway.shutdown()
        // The delegate holds the gateway and the gateway its delegate: let go.
        recorder.answer.withLock { $0 = nil }
        try await group.shutdownGracefully()
    }

    @Test func `thirty stations on two loops are each answered on their own socket`() async throws {
        try await Self.withGateway { gateway, recorder, port in
            let stations = try (0..<30).map { try BlockingStation(port: port, identity: "CP\($0)") }
            for round in 0..<3 {
                for (index, station) in stations.enumerated() {
                    try station.send("[2,\"\(index)-\(round)\",\"Heartbeat\",{}]")
                }
                for (index, station) in stations.enumerated() {
                    #expect(try station.next() == text("[3,\"\(index)-\(round)\",{}]"))
                }
            }
            // An optimised build lets go of sockets after their last use, and a socket that is let go is closed.
            withExtendedLifetime(stations) {
                #expect(gateway.statistics.online == 30)
                #expect(gateway.statistics.messagesReceived == 90)
            }
            #expect(Set(recorder.connections.map(Shard.index)) == [0, 1])
        }
    }

    @Test func `the newest socket of an identity wins over loops, again and again`() async throws {
        try await Self.withGateway { gateway, recorder, port in
            var sockets: [BlockingStation] = []
            for round in 0..<12 {
                sockets.append(try BlockingStation(port: port, identity: "CP1"))
                try sockets[round].send("[2,\"\(round)\",\"Heartbeat\",{}]")
                #expect(try sockets[round].next() == text("[3,\"\(round)\",{}]"))
                guard round > 0 else { continue }
                guard case .close(.policyViolation, _) = try sockets[round - 1].next() else {
                    Issue.record("socket \(round - 1) lives on")
                    continue
                }
                #expect(try sockets[round - 1].next() == nil)
            }
            #expect(gateway.statistics.online == 1 && gateway.statistics.replaced == 11)
            #expect(gateway.call(identity: "CP1", StationConnectionTests.call(1, "m1")))
            #expect(try sockets[11].next() == text("[2,\"m1\",\"ClearCache\",{}]"))
            try sockets[11].send("[3,\"m1\",{\"status\":\"Accepted\"}]")
            try sockets[11].send("[2,\"end\",\"Heartbeat\",{}]")
            _ = try sockets[11].next()
            #expect(recorder.results.map(\.outcome.name) == ["answered {\"status\":\"Accepted\"}"])
            #expect(!gateway.call(identity: "CP2", StationConnectionTests.call(2, "m2")))
        }
    }

    @Test func `a message too large is refused while it is still being sent`() async throws {
        try await Self.withGateway { _, _, port in
            let station = try BlockingStation(port: port, identity: "CP1")
            // The declared megabyte never comes whole.
            try station.send(bytes: frame(1, .init(repeating: 65, count: 100_000), declared: 1 << 20))
            guard case .close(.messageTooBig, _) = try station.next() else {
                Issue.record("no close frame with 1009")
                return
            }
            #expect(try station.next() == nil)
        }
    }

    @Test func `a station that does not read is cut off, the others are served`() async throws {
        try await Self.withGateway {
            $0.maxOutboundBytes = 65_536
        } _: { gateway, recorder, port in
            let (deaf, well) = (
                try BlockingStation(port: port, identity: "DEAF"), try BlockingStation(port: port, identity: "WELL")
            )
            let ping = frame(9, .init(repeating: 7, count: 125))
            let pings = (0..<1000).flatMap { _ in ping }
            // Pongs pile up behind a reader that does not read, until the sending fails because the socket is gone.
            var rounds = 0
            while rounds < 1000, (try? deaf.send(bytes: pings)) != nil { rounds += 1 }
            #expect(rounds < 1000 && gateway.statistics.cutOff == 1)
            #expect(recorder.log.contains { $0.hasPrefix("disconnected DEAF: the station does not read") })
            try well.send("[2,\"1\",\"Heartbeat\",{}]")
            #expect(try well.next() == text("[3,\"1\",{}]"))
        }
    }

    @Test func `a shutdown says goodbye with 1001 and waits for every station`() async throws {
        try await Self.withGateway { gateway, recorder, port in
            let stations = try (0..<4).map { try BlockingStation(port: port, identity: "CP\($0)") }
            let goodbyes = Task.detached {
                try stations.map { station in
                    let last = try station.next()
                    station.close()
                    return last
                }
            }
            await gateway.shutdown()
            for last in try await goodbyes.value {
                #expect(last == .close(.goingAway, reason: "the central system is going down"))
            }
            #expect(gateway.statistics.sockets == 0)
            #expect(recorder.log.filter { $0.hasPrefix("disconnected") }.count == 4)
        }
    }

    @Test func `accepting slows down to the rate and nobody is lost`() async throws {
        try await Self.withGateway {
            $0.acceptsPerSecond = 200
            $0.acceptBurst = 4
        } _: { gateway, _, port in
            for index in 0..<20 { _ = try BlockingStation(port: port, identity: "CP\(index)") }
            #expect(gateway.statistics.accepted == 20)
        }
    }

    /// The WebSocket and OCPP libraries that many stations and test benches are made with.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["TIDEWATT_PYTHON"] != nil,
            "TIDEWATT_PYTHON names no Python with the packages of Tests/python/requirements.txt"))
    func `stations made with Python's websockets and ocpp get along`() async throws {
        try await Self.withGateway { _, recorder, port in
            let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "python/peers/station16.py")
            let process = Process()
            process.executableURL = URL(
                filePath: try #require(ProcessInfo.processInfo.environment["TIDEWATT_PYTHON"]))
            process.arguments = [script.path, "\(port)"]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = output
            let said = Task.detached { try output.fileHandleForReading.readToEnd() ?? Data() }
            try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
                process.terminationHandler = { _ in ended.resume() }
                do { try process.run() } catch { ended.resume(throwing: error) }
            }
            let words = String(decoding: try await said.value, as: UTF8.self)
            #expect(process.terminationStatus == 0, "\(words)")
            #expect(recorder.calls.contains { $0.identity == "RDAM|123" && $0.call.action == "MeterValues" })
        }
    }
}

/// A station on a plain blocking socket that may break every rule. Reading gives up after ten seconds.
final class BlockingStation: @unchecked Sendable {  // used by one thread at a time
    private var descriptor: Int32
    private var arrived: [UInt8] = []
    private var reader = FrameReader(from: .server, maxMessageBytes: 1 << 20)
    private struct Failure: Error { let what: String }

    init(port: Int, identity: String) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(what: "connect: \(errno)") }
        try send(bytes: Workbench.Socket.handshake(identity, protocols: "ocpp1.6"))
        while true {
            let bytes = arrived
            if case .head(let head, let consumed) = HTTPHead.read(bytes.span.bytes, limit: 8192) {
                guard head.startLine.hasPrefix("HTTP/1.1 101") else { throw Failure(what: head.startLine) }
                arrived.removeFirst(consumed)
                return
            }
            guard try receive() else { throw Failure(what: "closed during the handshake") }
        }
    }
    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    func send(_ text: String) throws { try send(bytes: frame(1, Array(text.utf8))) }
    func send(bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(what: "send: \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    private func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw Failure(what: "recv: \(errno)") }
        arrived += buffer.prefix(count)
        return count > 0
    }

    /// The next frame, `nil` at the end of the stream.
    func next() throws -> FrameReader.Event? {
        while true {
            let bytes = arrived
            if case .event(let event, let consumed) = try reader.next(bytes.span.bytes) {
                arrived.removeFirst(consumed)
                return event
            }
            guard try receive() else { return nil }
        }
    }
}
