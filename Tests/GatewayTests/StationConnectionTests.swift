import NIOCore
import OCPP
import Quantities
import Testing

@testable import Gateway

@Suite("Station connection") struct StationConnectionTests {
    static func call(_ token: UInt64, _ id: String, timeout: Int64 = 30_000) -> StationLink.OutgoingCall {
        StationLink.OutgoingCall(
            token: token, messageID: id, action: "ClearCache", payload: Array("{}".utf8), timeoutMilliseconds: timeout)
    }
    static func beat(_ id: Int) -> String { "[2,\"\(id)\",\"Heartbeat\",{}]" }

    @Test func `a station connects, asks and is answered`() throws {
        let bench = Workbench()
        let station = try bench.station()
        #expect(String(decoding: station.greeting, as: UTF8.self).hasPrefix("HTTP/1.1 101 "))
        #expect(String(decoding: station.greeting, as: UTF8.self).contains("Sec-WebSocket-Protocol: ocpp1.6\r\n"))
        try station.send(text: Self.beat(1))
        let call = try #require(bench.recorder.calls.first)
        #expect(call.identity == "CP1" && call.call.messageID == "1" && call.call.action == "Heartbeat")
        bench.shard.post([.respond(call.connection.rawValue, messageID: "1", payload: Array("{}".utf8))])
        #expect(station.texts() == ["[3,\"1\",{}]"])
        #expect(bench.recorder.log == ["connected CP1 ocpp1.6", "received Heartbeat"])
    }

    @Test func `a handshake split anywhere is one, and haste behind it is forgiven`() throws {
        let bytes = Workbench.Socket.handshake("CP1", protocols: "ocpp1.6") + frame(1, Array(Self.beat(1).utf8))
        for cut in stride(from: 1, to: bytes.count, by: 3) {
            let bench = Workbench()
            let socket = try bench.socket()
            try socket.send(Array(bytes[..<cut]))
            try socket.send(Array(bytes[cut...]))
            #expect(bench.recorder.log == ["connected CP1 ocpp1.6", "received Heartbeat"], "cut at \(cut)")
        }
    }

    @Test func `all calls of one round of the loop come in one batch`() throws {
        let bench = Workbench()
        let (a, b) = (try bench.station("A"), try bench.station("B"))
        try a.channel.writeInbound(ByteBuffer(bytes: frame(1, Array(Self.beat(1).utf8))))
        try b.channel.writeInbound(ByteBuffer(bytes: frame(1, Array(Self.beat(2).utf8))))
        bench.loop.run()
        #expect(bench.recorder.log.last == "received Heartbeat Heartbeat")
    }

    @Test func `a station that offers nothing we serve is greeted and sent away with 1002`() throws {
        for protocols in ["ocpp2.0", "ocpp1.5, ocpp1.2"] {
            let bench = Workbench()
            let bytes = try bench.station("CP1", protocols: protocols).greeting
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.hasPrefix("HTTP/1.1 101 ") && !text.contains("Sec-WebSocket-Protocol"))
            let head = try #require(text.firstRange(of: "\r\n\r\n"))
            let rest = Array(bytes.dropFirst(text[..<head.upperBound].utf8.count))
            guard case .close(.protocolError, _)? = read(rest, pieces: [], from: .server).events.first else {
                Issue.record("no close frame with 1002")
                continue
            }
            #expect(bench.recorder.log == [])
        }
    }

    @Test func `the station's order of protocols decides`() throws {
        let bench = Workbench { $0.protocols = ["ocpp1.6", "ocpp1.5"] }
        _ = try bench.station("CP1", protocols: "ocpp2.1, ocpp1.5, ocpp1.6")
        #expect(bench.recorder.log == ["connected CP1 ocpp1.5"])
    }

    struct Decision: CustomTestStringConvertible {
        let decision: UpgradeDecision
        let status: String
        var testDescription: String { status }
    }
    @Test(arguments: [
        Decision(decision: .notFound, status: "404 Not Found"),
        Decision(decision: .unauthorized, status: "401 Unauthorized"),
        Decision(decision: .unavailable(retryAfterSeconds: 7), status: "503 Service Unavailable"),
    ]) func `who is not let in hears why`(_ example: Decision) throws {
        let bench = Workbench()
        bench.recorder.state.withLock { $0.decision = example.decision }
        let text = String(decoding: try bench.station().greeting, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 \(example.status)\r\n"))
        #expect(text.contains("WWW-Authenticate") == (example.decision == .unauthorized))
        let wait = retryAfter(text)
        #expect((wait != nil) == (example.decision == .unavailable(retryAfterSeconds: 7)))
        #expect(wait.map { (7...14).contains($0) } ?? true)
        #expect(bench.recorder.log == [] && bench.shard.counters.value(.refused) == 1)
    }

    @Test func `a decision that comes after the socket went is ignored`() throws {
        let bench = Workbench()
        bench.recorder.state.withLock { $0.decision = nil }
        let socket = try bench.station()
        #expect(socket.greeting == [])
        _ = try socket.channel.finish()
        for reply in bench.recorder.state.withLock({ $0.openQuestions }) { reply(.accept) }
        bench.loop.run()
        #expect(bench.recorder.log == [] && bench.shard.counters.value(.sockets) == 0)
    }

    @Test func `the newest socket wins and a dead one's calls are not answered on it`() throws {
        let bench = Workbench()
        let old = try bench.station()
        try old.send(text: Self.beat(1))
        bench.shard.post([.call(bench.recorder.connections[0].rawValue, identity: "CP1", Self.call(9, "c9"))])
        _ = old.received()
        let new = try bench.station()
        bench.loop.run()
        guard case .close(.policyViolation, _)? = old.frames().first else {
            Issue.record("the old socket hears no close frame")
            return
        }
        let connections = bench.recorder.connections
        bench.shard.post([.respond(connections[0].rawValue, messageID: "1", payload: Array("{}".utf8))])
        #expect(new.received() == [])
        #expect(
            bench.recorder.log == [
                "connected CP1 ocpp1.6", "received Heartbeat", "connected CP1 ocpp1.6", "completed 9 dropped",
                "disconnected CP1: replaced by a newer connection of the same station",
            ])
        #expect(bench.shard.registry.connection(of: "CP1") == connections[1])
        #expect(bench.shard.counters.value(.lateReplies) == 1 && bench.shard.counters.value(.online) == 1)
        try new.send(text: Self.beat(2))
        #expect(bench.recorder.calls.last?.connection == connections[1])
    }

    @Test func `a call is sent, answered and reported`() throws {
        let bench = Workbench()
        let station = try bench.station()
        let id = bench.recorder.connections[0].rawValue
        bench.shard.post([
            .call(id, identity: "CP1", Self.call(1, "m1")), .call(id, identity: "CP1", Self.call(2, "m2")),
        ])
        #expect(station.texts() == ["[2,\"m1\",\"ClearCache\",{}]"])
        try station.send(text: "[3,\"m1\",{}]")
        #expect(station.texts() == ["[2,\"m2\",\"ClearCache\",{}]"])
        bench.loop.advanceTime(by: .seconds(31))
        #expect(bench.recorder.log.suffix(2) == ["completed 1 answered {}", "completed 2 timeout"])
    }

    @Test func `a call for a socket that has ended is dropped and said so`() throws {
        let bench = Workbench()
        let station = try bench.station()
        let id = bench.recorder.connections[0].rawValue
        _ = try station.channel.finish()
        bench.shard.post([.call(id, identity: "CP1", Self.call(1, "m1"))])
        bench.loop.run()
        #expect(
            bench.recorder.log.suffix(2) == ["disconnected CP1: the station's socket ended", "completed 1 dropped"])
    }

    @Test func `a broken frame is noted, answered with its code and ends the conversation`() throws {
        let bench = Workbench()
        let station = try bench.station()
        try station.send(frame(1, [65], mask: nil))
        guard case .close(.protocolError, _)? = station.frames().first else {
            Issue.record("no close frame with 1002")
            return
        }
        #expect(bench.recorder.log.dropFirst().first == "noted: WebSocket: a client's frame is not masked")
        #expect(bench.recorder.log.last == "disconnected CP1: a client's frame is not masked")
        #expect(bench.shard.registry.connection(of: "CP1") == nil)
    }

    @Test func `binary messages are refused with 1003 and pings answered`() throws {
        let bench = Workbench()
        let station = try bench.station()
        try station.send(frame(9, [1, 2, 3]))
        #expect(station.frames() == [.pong([1, 2, 3])])
        try station.send(frame(2, [1]))
        #expect(station.frames() == [.close(.unsupportedData, reason: "OCPP-J is text")])
    }

    @Test func `a close is answered with its code`() throws {
        let bench = Workbench()
        let station = try bench.station()
        try station.send(frame(8, [0x03, 0xE9]))
        #expect(station.frames() == [.close(.goingAway, reason: "")])
        #expect(bench.recorder.log.last?.hasPrefix("disconnected CP1: the station closed: 1001") == true)
    }

    @Test func `silence brings two pings and then the end`() throws {
        let bench = Workbench()
        let station = try bench.station()
        bench.loop.advanceTime(by: .seconds(29))
        #expect(station.received() == [])
        bench.loop.advanceTime(by: .seconds(2))
        #expect(station.frames() == [.ping([])])
        try station.send(frame(10, []))
        bench.loop.advanceTime(by: .seconds(31))
        #expect(station.frames() == [.ping([])])
        bench.loop.advanceTime(by: .seconds(31))
        #expect(station.frames() == [.ping([])])
        bench.loop.advanceTime(by: .seconds(31))
        #expect(bench.recorder.log.last == "disconnected CP1: no answer to 2 pings")
        #expect(!station.channel.isActive)
    }

    @Test func `a handshake that does not end is ended`() throws {
        let bench = Workbench()
        let socket = try bench.socket()
        try socket.send(Array("GET /ocpp/CP1 HTTP/1.1\r\n".utf8))
        bench.loop.advanceTime(by: .seconds(9))
        #expect(socket.received() == [])
        bench.loop.advanceTime(by: .seconds(2))
        #expect(String(decoding: socket.received(), as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
        #expect(!socket.channel.isActive && bench.shard.counters.value(.sockets) == 0)
    }

    @Test func `a reader that lets too much pile up is cut off`() throws {
        let bench = Workbench()
        let station = try bench.station()
        station.channel.isWritable = false
        try station.send(frame(9, [1]))
        #expect(bench.recorder.log.last?.hasPrefix("disconnected CP1: the station does not read") == true)
        #expect(!station.channel.isActive)
    }

    @Test func `one too many is told to come back`() throws {
        let bench = Workbench { $0.maxConnections = 1 }
        _ = try bench.station("A")
        let text = String(decoding: try bench.station("B").greeting, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 503 "))
        #expect((30...60).contains(try #require(retryAfter(text))))
    }

    /// After an outage all come at once: told the same second, they would go on doing so.
    @Test func `those turned away together are told different times`() throws {
        let bench = Workbench { $0.maxConnections = 1 }
        _ = try bench.station("A")
        let waits = try (0..<200).map { String(decoding: try bench.station("B\($0)").greeting, as: UTF8.self) }
            .compactMap(retryAfter)
        #expect(waits.count == 200 && Set(waits).count > 20)
        #expect(waits.allSatisfy { (30...60).contains($0) })
    }

    /// Seconds, as a station is told them.
    private func retryAfter(_ answer: String) -> Int? {
        answer.split(separator: "\r\n").first { $0.hasPrefix("Retry-After: ") }.flatMap { Int($0.dropFirst(13)) }
    }

    @Test func `a large message in small pieces is read once and its buffer let go`() throws {
        let bench = Workbench()
        let station = try bench.station()
        let text =
            "[2,\"1\",\"DataTransfer\",{\"vendorId\":\"v\",\"data\":\"\(String(repeating: "x", count: 60_000))\"}]"
        let bytes = frame(1, Array(text.utf8))
        for start in stride(from: 0, to: bytes.count, by: 1448) {
            try station.send(Array(bytes[start..<min(start + 1448, bytes.count)]))
        }
        #expect(bench.recorder.calls.first?.call.text == Array(text.utf8))
    }

    /// Random bytes at random places of a conversation: nothing crashes, nothing is left over, and whoever was said to
    /// come is said to go.
    @Test func `mutated conversations end tidily`() throws {
        var cut = 0
        for seed: UInt64 in 1...400 {
            var random = SeededRandom(seed: seed)
            let bench = Workbench()
            let socket = try bench.socket()
            var stream = Workbench.Socket.handshake("CP1", protocols: "ocpp1.6")
            let head = stream.count
            for number in 0..<6 { stream += frame(1, Array(Self.beat(number).utf8)) + frame(9, [1]) }
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                // Most often behind the handshake, which would hide the rest.
                let from = Int.random(in: 0..<5, using: &random) == 0 ? 0 : head
                stream[Int.random(in: from..<stream.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            while !stream.isEmpty && socket.channel.isActive {
                let size = Int.random(in: 1...80, using: &random)
                try socket.send(Array(stream.prefix(size)))
                stream.removeFirst(min(size, stream.count))
            }
            cut += socket.channel.isActive ? 0 : 1
            bench.loop.advanceTime(by: .seconds(200))
            let log = bench.recorder.log
            #expect(!socket.channel.isActive && bench.shard.counters.value(.sockets) == 0, "seed \(seed)")
            #expect(bench.shard.counters.value(.online) == 0 && bench.shard.registry.count == 0, "seed \(seed)")
            let (came, went) = (
                log.count { $0.hasPrefix("connected") }, log.count { $0.hasPrefix("disconnected") }
            )
            #expect(came == went && came <= 1, "seed \(seed): \(log)")
        }
        #expect(cut > 50)
    }
}
