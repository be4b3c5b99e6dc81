import Foundation
import Quantities
import Testing

@testable import Gateway

/// Any bytes from a socket: what the readers make of them stays within the limits, however they are cut into pieces.
@Suite("Any stream at all") struct FuzzTests {
    /// `TIDEWATT_FUZZ` says how many for the nightly run.
    static let count = ProcessInfo.processInfo.environment["TIDEWATT_FUZZ"].flatMap { Int($0) } ?? 4000

    @Test func `damaged frames are read or refused, the same in every cut`() {
        let whole =
            frame(1, Array(#"[2,"é","Heartbeat",{}]"#.utf8)) + frame(1, Array("[2".utf8), final: false)
            + frame(9, [1]) + frame(0, Array("潮]".utf8)) + frame(2, [0, 255]) + frame(10, []) + frame(8, [0x03, 0xE8])
        var refused = 0
        for seed in 1...Self.count {
            var random = SeededRandom(seed: UInt64(seed))
            var stream = whole
            Self.damage(&stream, &random)
            let once = read(stream, pieces: [], limit: 64)
            let cut = read(stream, pieces: [Int(random.next() % UInt64(stream.count + 1))], limit: 64)
            if once.events != cut.events || once.fault?.code != cut.fault?.code {
                Issue.record("seed \(seed): read differently in pieces")
            }
            refused += once.fault == nil ? 0 : 1
            for case .text(let bytes) in once.events
            where bytes.count > 64 || String(validating: bytes, as: UTF8.self) == nil {
                Issue.record("seed \(seed): \(bytes)")
            }
        }
        #expect(refused > Self.count / 10)
    }

    @Test func `damaged heads are read or refused`() {
        let head = Array(
            ("GET /ocpp/RDAM%7C123 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Protocol: ocpp2.1, ocpp1.6\r\nSec-WebSocket-Extensions: permessage-deflate; a=1\r\n"
                + "Authorization: Basic Q1AxOng=\r\n\r\n").utf8)
        var whole = 0
        for seed in 1...Self.count {
            var random = SeededRandom(seed: UInt64(seed))
            var bytes = head
            Self.damage(&bytes, &random)
            if case .head(let head, let consumed) = HTTPHead.read(bytes.span.bytes, limit: 1024) {
                whole += 1
                if consumed > bytes.count { Issue.record("seed \(seed): \(consumed) bytes of \(bytes.count)") }
                _ = DeflateAgreement(offers: head.list("sec-websocket-extensions"))
            }
        }
        #expect(whole > Self.count / 10)
    }

    @Test func `damaged compressed messages are restored within the limit or refused`() throws {
        let inflater = try #require(MessageInflater())
        let deflater = try #require(MessageDeflater(mostBits: 15))
        let text = Array(String(repeating: #"{"measurand":"Energy.Active.Import.Register","value":"#, count: 40).utf8)
        let data = try #require(deflater.deflated(text))
        var refused = 0
        for seed in 1...Self.count {
            var random = SeededRandom(seed: UInt64(seed))
            var bytes = data
            Self.damage(&bytes, &random)
            do throws(FrameFault) {
                let message = try inflater.inflated(bytes, limit: 4096)
                if message.count > 4096 { Issue.record("seed \(seed): \(message.count) bytes") }
            } catch {
                refused += 1
            }
        }
        #expect(refused > Self.count / 10)
        // Nothing of the broken ones is left behind.
        #expect(try inflater.inflated(data, limit: 4096) == text)
    }

    @Test func `the kept corpus is survived, in pieces of every size`() throws {
        let folder = try #require(Bundle.module.url(forResource: "Corpus", withExtension: nil))
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(files.count > 20)
        for file in files {
            let name = file.lastPathComponent
            let bytes = Array(try Data(contentsOf: file))
            for size in [1, 2, 7, 64, 1448, bytes.count] where size > 0 {
                let bench = Workbench()
                let socket = try bench.socket()
                if name.hasPrefix("frame-") {
                    try socket.send(Workbench.Socket.handshake("CP1", protocols: "ocpp2.0.1"))
                }
                var rest = bytes[...]
                while !rest.isEmpty, socket.channel.isActive {
                    try socket.send(Array(rest.prefix(size)))
                    rest = rest.dropFirst(size)
                }
                bench.loop.advanceTime(by: .seconds(300))
                #expect(!socket.channel.isActive && bench.shard.counters.value(.sockets) == 0, "\(name) by \(size)")
            }
        }
    }

    private static func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        for _ in 0...Int(random.next() % 5) where !bytes.isEmpty {
            let at = Int(random.next() % UInt64(bytes.count))
            switch random.next() % 5 {
            case 0: bytes.remove(at: at)
            case 1: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
            case 2: bytes[at] ^= 1 << UInt8(random.next() % 8)
            case 3 where random.next() % 4 == 0: bytes.removeLast(bytes.count - at)
            default: bytes[at] = UInt8(truncatingIfNeeded: random.next())
            }
        }
    }
}
