import OCPP
import Quantities
import Testing

@testable import Gateway

/// permessage-deflate (RFC 7692), which OCPP-J 2.x asks of a central system.
@Suite("Compression") struct DeflateTests {
    private static let limit = 65_536

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        hexadecimal.split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }

    private static func restored(_ data: [UInt8], limit: Int = limit) throws -> [UInt8] {
        try #require(MessageInflater()).inflated(data, limit: limit)
    }

    // MARK: Messages

    @Test(arguments: [
        // RFC 7692 §7.2.3.1 to .5: one block, no compression, its own last block, two blocks.
        "f2 48 cd c9 c9 07 00", "00 05 00 fa ff 48 65 6c 6c 6f 00", "f3 48 cd c9 c9 07 00 00",
        "f2 48 05 00 00 00 ff ff ca c9 c9 07 00",
    ])
    func `the standard's examples say Hello`(_ data: String) throws {
        #expect(try Self.restored(Self.bytes(data)) == Array("Hello".utf8))
    }

    @Test func `an empty message is empty`() throws {
        #expect(try Self.restored(Self.bytes("00")) == [])
    }

    @Test func `what was compressed is restored, whatever came before it`() throws {
        let inflater = try #require(MessageInflater())
        var deflaters: [Int: MessageDeflater] = [:]
        var saved = 0
        for seed in 1...600 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let bits = Int.random(in: 9...15, using: &random)
            let words = [
                "timestamp", "sampledValue", "measurand", "Energy.Active.Import.Register", "{", "}", ":", "充电",
            ]
            var message: [UInt8] = []
            let length = Int.random(in: 1...Self.limit, using: &random)
            while message.count < length {
                if seed % 5 == 0 {
                    message.append(UInt8.random(in: 0...255, using: &random))
                } else {
                    message += words[Int.random(in: 0..<words.count, using: &random)].utf8
                }
            }
            message.removeLast(message.count - length)
            if deflaters[bits] == nil { deflaters[bits] = MessageDeflater(mostBits: bits) }
            guard let shorter = deflaters[bits]?.deflated(message) else {
                #expect(seed % 5 == 0 || length < 64, "seed \(seed)")
                continue
            }
            #expect(shorter.count < message.count, "seed \(seed)")
            saved += message.count - shorter.count
            #expect(try inflater.inflated(shorter, limit: Self.limit) == message, "seed \(seed)")
            // A window of the agreed size must do.
            #expect(try inflater.inflated(shorter, limit: message.count) == message, "seed \(seed): exactly the limit")
        }
        #expect(saved > 1_000_000)
    }

    @Test func `a bomb ends at the limit, however much it claims`() throws {
        let bomb = try #require(MessageDeflater(mostBits: 15)?.deflated([UInt8](repeating: 32, count: 40_000_000)))
        #expect(bomb.count < Self.limit)
        let inflater = try #require(MessageInflater())
        for limit in [1, 100, 4096, Self.limit] {
            do throws(FrameFault) {
                _ = try inflater.inflated(bomb, limit: limit)
                Issue.record("a bomb of 40 MB became a message of \(limit) bytes")
            } catch {
                #expect(error.code == .messageTooBig)
            }
        }
    }

    @Test func `garbage is a fault or a message within the limit, never more, and harms no later one`() throws {
        let inflater = try #require(MessageInflater())
        let good = try #require(
            MessageDeflater(mostBits: 15)?.deflated(Array(String(repeating: "ab", count: 500).utf8)))
        for seed in 1...3000 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var data = seed % 2 == 0 ? good : (0..<Int.random(in: 0...300, using: &random)).map { _ in 0 }
            for _ in 0..<Int.random(in: 1...20, using: &random) where !data.isEmpty {
                data[Int.random(in: 0..<data.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do throws(FrameFault) {
                let message = try inflater.inflated(data, limit: 4096)
                #expect(message.count <= 4096, "seed \(seed)")
            } catch {
                #expect([.invalidPayload, .messageTooBig].contains(error.code), "seed \(seed)")
            }
            #expect(try inflater.inflated(good, limit: 4096).count == 1000, "seed \(seed)")
        }
    }

    // MARK: Offers

    struct Offer: Sendable, CustomTestStringConvertible {
        let offers: [String]
        let answer: String?
        var testDescription: String { offers.joined(separator: ", ") }
    }
    private static let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    @Test(arguments: [
        Offer(offers: ["permessage-deflate"], answer: plain),
        Offer(offers: ["permessage-deflate; client_max_window_bits"], answer: plain),
        Offer(offers: ["Permessage-Deflate ;client_max_window_bits=10"], answer: plain),
        Offer(offers: ["permessage-deflate; server_no_context_takeover; client_no_context_takeover"], answer: plain),
        Offer(
            offers: ["permessage-deflate; server_max_window_bits=10"],
            answer: plain + "; server_max_window_bits=10"),
        Offer(
            offers: ["permessage-deflate; server_max_window_bits=\"15\""],
            answer: plain + "; server_max_window_bits=15"),
        // The second one can be taken.
        Offer(offers: ["permessage-deflate; server_max_window_bits=8", "permessage-deflate"], answer: plain),
        Offer(offers: ["x-webkit-deflate-frame", "permessage-deflate"], answer: plain),
        Offer(offers: ["permessage-deflate; server_max_window_bits"], answer: nil),
        Offer(offers: ["permessage-deflate; server_max_window_bits=16"], answer: nil),
        Offer(offers: ["permessage-deflate; server_max_window_bits=09"], answer: nil),
        Offer(offers: ["permessage-deflate; client_max_window_bits=7"], answer: nil),
        Offer(offers: ["permessage-deflate; server_no_context_takeover=true"], answer: nil),
        Offer(
            offers: ["permessage-deflate; server_no_context_takeover; server_no_context_takeover"], answer: nil),
        Offer(offers: ["permessage-deflate; brotli"], answer: nil),
        Offer(offers: ["permessage-deflate;"], answer: nil),
        Offer(offers: [""], answer: nil),
        Offer(offers: [], answer: nil),
    ])
    func `an offer is taken as the standard allows, or declined`(_ offer: Offer) {
        #expect(DeflateAgreement(offers: offer.offers)?.header == offer.answer)
    }

    // MARK: Frames

    @Test func `only the first frame of a message may say that it is compressed, and only when that was agreed`() {
        var reader = FrameReader(from: .client, maxMessageBytes: 1000)
        reader.takesDeflated = true
        func first(_ bytes: [UInt8]) -> FrameFault? {
            var reader = reader
            do throws(FrameFault) {
                _ = try reader.next(bytes.span.bytes)
                return nil
            } catch {
                return error
            }
        }
        #expect(first(frame(1, [1], rsv: 4)) == nil && first(frame(2, [1], rsv: 4)) == nil)
        for (opcode, rsv) in [(9, 4), (8, 4), (10, 4), (1, 2), (1, 1), (1, 6)] as [(UInt8, UInt8)] {
            #expect(first(frame(opcode, [], rsv: rsv))?.code == .protocolError, "\(opcode) \(rsv)")
        }
        reader.takesDeflated = false
        #expect(first(frame(1, [1], rsv: 4))?.code == .protocolError)
    }

    // MARK: Connections

    private static func connect(
        _ bench: Workbench, protocols: String, offer: String = "permessage-deflate; client_max_window_bits"
    ) throws -> Workbench.Socket {
        let socket = try bench.socket()
        let head = String(decoding: Workbench.Socket.handshake("CP1", protocols: protocols), as: UTF8.self)
        let lines = head.dropLast() + "Sec-WebSocket-Extensions: \(offer)\r\n\r\n"
        try socket.send(Array(lines.utf8))
        socket.greeting = socket.received()
        return socket
    }

    @Test func `2x agrees, 1_6 does not`() throws {
        for (protocols, agrees) in [
            ("ocpp2.0.1", true), ("ocpp2.1", true), ("ocpp1.6", false), ("ocpp1.6, ocpp2.1", false),
        ] {
            let greeting = String(decoding: try Self.connect(Workbench(), protocols: protocols).greeting, as: UTF8.self)
            #expect(greeting.hasPrefix("HTTP/1.1 101 "))
            #expect(greeting.contains("Sec-WebSocket-Extensions: \(Self.plain)\r\n") == agrees, "\(protocols)")
        }
        let declined = try Self.connect(Workbench(), protocols: "ocpp2.1", offer: "permessage-deflate; odd")
        #expect(!String(decoding: declined.greeting, as: UTF8.self).contains("Extensions"))
    }

    @Test func `a compressed call, whole or in fragments with a ping between, is read like any other`() throws {
        let deflater = try #require(MessageDeflater(mostBits: 15))
        let call = "[2,\"1\",\"DataTransfer\",{\"vendorId\":\"\(String(repeating: "V", count: 200))\"}]"
        let data = try #require(deflater.deflated(Array(call.utf8)))
        let cut = data.count / 2
        for stream in [
            frame(1, data, rsv: 4),
            frame(1, Array(data[..<cut]), final: false, rsv: 4) + frame(9, [7]) + frame(0, Array(data[cut...])),
        ] {
            let bench = Workbench()
            let socket = try Self.connect(bench, protocols: "ocpp2.0.1")
            for byte in stream { try socket.send([byte]) }
            #expect(bench.recorder.calls.map(\.call.action) == ["DataTransfer"])
            #expect(String(decoding: bench.recorder.calls.first?.call.text ?? [], as: UTF8.self) == call)
        }
    }

    @Test func `long answers go out compressed, short ones as they are`() throws {
        let bench = Workbench()
        let socket = try Self.connect(bench, protocols: "ocpp2.0.1")
        for length in [1, 5000] {
            try socket.send(frame(1, Array("[2,\"\(length)\",\"Heartbeat\",{}]".utf8)))
            let call = try #require(bench.recorder.calls.last)
            let payload = Array("{\"a\":\"\(String(repeating: "x", count: length))\"}".utf8)
            bench.shard.post([.respond(call.connection.rawValue, messageID: "\(length)", payload: payload)])
            let bytes = socket.received()
            #expect(bytes.first == (length == 1 ? 0x81 : 0xC1))
            #expect(bytes.count < 200)
            var reader = FrameReader(from: .server, maxMessageBytes: 1 << 16)
            reader.takesDeflated = true
            guard case .event(let event, _) = try reader.next(bytes.span.bytes) else {
                Issue.record("no whole frame")
                return
            }
            let expected = Array("[3,\"\(length)\",".utf8) + payload + Array("]".utf8)
            switch event {
            case .text(let text): #expect(text == expected)
            case .deflated(let data, isText: true): #expect(try Self.restored(data) == expected)
            default: Issue.record("\(event)")
            }
        }
    }

    @Test func `a bomb, garbage and wrong UTF-8 end the connection with their codes`() throws {
        let deflater = try #require(MessageDeflater(mostBits: 15))
        let bomb = try #require(deflater.deflated([UInt8](repeating: 91, count: 5_000_000)))
        let wrong = try #require(deflater.deflated([UInt8](repeating: 0xFF, count: 1000)))
        for (data, code) in [
            (bomb, CloseCode.messageTooBig), ([0x06, 0xFF, 0xFF], .invalidPayload), (wrong, .invalidPayload),
        ] {
            let bench = Workbench()
            let socket = try Self.connect(bench, protocols: "ocpp2.1")
            try socket.send(frame(1, data, rsv: 4))
            guard case .close(let seen, _)? = socket.frames().last else {
                Issue.record("no close frame")
                continue
            }
            #expect(seen == code)
            #expect(bench.recorder.calls.isEmpty)
        }
    }
}
