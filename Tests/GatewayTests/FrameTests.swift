import NIOCore
import Quantities
import Testing

@testable import Gateway

/// Reads `stream` in pieces of the given sizes, as a socket would bring them.
func read(
    _ stream: [UInt8], pieces: [Int], from peer: EndpointRole = .client, limit: Int = 1 << 16
) -> (events: [FrameReader.Event], fault: FrameFault?) {
    var reader = FrameReader(from: peer, maxMessageBytes: limit)
    var arrived: [UInt8] = []
    var rest = stream[...]
    var sizes = pieces[...]
    var events: [FrameReader.Event] = []
    while !rest.isEmpty {
        let size = sizes.popFirst() ?? rest.count
        arrived += rest.prefix(size)
        rest = rest.dropFirst(size)
        do throws(FrameFault) {
            while case .event(let event, let consumed) = try reader.next(arrived.span.bytes) {
                events.append(event)
                arrived.removeFirst(consumed)
            }
        } catch {
            return (events, error)
        }
    }
    return (events, nil)
}

func frame(
    _ opcode: UInt8, _ payload: [UInt8], final: Bool = true, mask: [UInt8]? = [1, 2, 3, 4], rsv: UInt8 = 0,
    declared: UInt64? = nil, width: Int? = nil
) -> [UInt8] {
    let length = declared ?? UInt64(payload.count)
    let width = width ?? (length < 126 ? 0 : length < 65536 ? 2 : 8)
    let flag: UInt8 = mask == nil ? 0 : 0x80
    var bytes = [(final ? 0x80 : 0) | rsv << 4 | opcode]
    bytes.append(flag | (width == 0 ? UInt8(length) : width == 2 ? 126 : 127))
    for index in (0..<width).reversed() { bytes.append(UInt8(truncatingIfNeeded: length >> UInt64(index * 8))) }
    guard let mask else { return bytes + payload }
    return bytes + mask + payload.enumerated().map { $0.element ^ mask[$0.offset & 3] }
}

func text(_ string: String) -> FrameReader.Event { .text(Array(string.utf8)) }

@Suite("WebSocket frames") struct FrameTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let code: CloseCode
        init(_ description: String, _ bytes: [UInt8], _ code: CloseCode) {
            (testDescription, self.bytes, self.code) = (description, bytes, code)
        }
    }
    static let faults = [
        Case("no mask", frame(1, [65], mask: nil), .protocolError),
        Case("reserved bit", frame(1, [65], rsv: 4), .protocolError),
        Case("reserved opcode", frame(3, []), .protocolError),
        Case("reserved control opcode", frame(11, []), .protocolError),
        Case("fragmented ping", frame(9, [], final: false), .protocolError),
        Case("ping of 126 bytes", frame(9, .init(repeating: 0, count: 126)), .protocolError),
        Case("continuation of nothing", frame(0, [65]), .protocolError),
        Case("text inside a text", frame(1, [65], final: false) + frame(1, [66]), .protocolError),
        Case("length not in its shortest form", frame(1, [65], width: 2), .protocolError),
        Case("64-bit length not in its shortest form", frame(1, [65], width: 8), .protocolError),
        Case("close of one byte", frame(8, [3]), .protocolError),
        Case("close with code 1006", frame(8, [0x03, 0xEE]), .protocolError),
        Case("close with code 999", frame(8, [0x03, 0xE7]), .protocolError),
        Case("close reason not UTF-8", frame(8, [0x03, 0xE8, 0xFF]), .invalidPayload),
        Case("text not UTF-8", frame(1, [0xC3, 0x28]), .invalidPayload),
        Case("surrogate in a text", frame(1, [0xED, 0xA0, 0x80]), .invalidPayload),
        Case("text cut inside a character", frame(1, [0xE6, 0xBD]), .invalidPayload),
        Case("one byte over the limit", frame(1, [], declared: 65537), .messageTooBig),
        Case("2^63 bytes", frame(1, [], declared: 1 << 63), .messageTooBig),
        Case("2^64 - 1 bytes", frame(1, [], declared: .max), .messageTooBig),
        Case(
            "fragments over the limit",
            frame(1, .init(repeating: 65, count: 40000), final: false) + frame(0, [], declared: 25537), .messageTooBig),
    ]

    @Test(arguments: faults) func `a broken frame ends the connection with its code`(_ example: Case) {
        let (events, fault) = read(example.bytes, pieces: [])
        #expect(fault?.code == example.code)
        #expect(!events.contains { if case .text = $0 { true } else { false } })
    }

    @Test func `a server's masked frame is refused and an unmasked one read`() {
        #expect(read(frame(1, [65]), pieces: [], from: .server).fault?.code == .protocolError)
        #expect(read(frame(1, [65], mask: nil), pieces: [], from: .server).events == [text("A")])
    }

    @Test func `an oversized length is refused from the header alone`() {
        var reader = FrameReader(from: .client, maxMessageBytes: 100)
        let header = Array(frame(1, [], declared: 101).prefix(4))
        #expect(throws: FrameFault.self) { try reader.next(header.span.bytes) }
    }

    @Test func `pings between fragments are answered before the message is whole`() {
        let stream =
            frame(1, Array("潮".utf8.prefix(2)), final: false) + frame(9, [7])
            + frame(0, Array("潮".utf8.dropFirst(2)))
        #expect(read(stream, pieces: []).events == [.fragment, .ping([7]), text("潮")])
    }

    @Test func `a message in too many fragments is refused`() {
        let stream = frame(1, [65], final: false) + (0..<1024).flatMap { _ in frame(0, [], final: false) }
        #expect(read(stream, pieces: []).fault?.code == .policyViolation)
    }

    @Test func `a conversation split at every byte reads the same`() {
        let stream =
            frame(1, Array("[2,\"1\",\"Heartbeat\",{}]".utf8)) + frame(9, [1, 2])
            + frame(1, Array("潮电".utf8), final: false) + frame(0, []) + frame(2, [0, 255])
            + frame(1, .init(repeating: 66, count: 300)) + frame(8, [0x03, 0xE8, 98, 121, 101])
        let whole = read(stream, pieces: [])
        #expect(whole.fault == nil && whole.events.count == 7)
        #expect(whole.events.last == .close(.normal, reason: "bye"))
        for cut in 1..<stream.count { #expect(read(stream, pieces: [cut]).events == whole.events, "cut at \(cut)") }
        #expect(read(stream, pieces: .init(repeating: 1, count: stream.count)).events == whole.events)
    }

    @Test func `what the writer writes the reader reads, however it is fragmented and split`() {
        for seed: UInt64 in 1...60 {
            var random = SeededRandom(seed: seed)
            let peer: EndpointRole = seed % 2 == 0 ? .client : .server
            var stream: [UInt8] = []
            var expected: [FrameReader.Event] = []
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let size = [0, 1, 7, 8, 9, 125, 126, 127, 4000, 65535, 65536].randomElement(using: &random) ?? 0
                let payload = (0..<size).map { _ in UInt8.random(in: 32...126, using: &random) }
                let mask = peer == .client ? UInt32.random(in: 0 ... .max, using: &random) : nil
                if Bool.random(using: &random) {
                    var buffer = ByteBuffer()
                    buffer.writeFrame(.text, payload, mask: mask)
                    stream += buffer.readableBytesView
                } else {
                    let key = mask.map { mask in (0..<4).map { UInt8(truncatingIfNeeded: mask >> (24 - $0 * 8)) } }
                    let cut = Int.random(in: 0...size, using: &random)
                    stream += frame(1, Array(payload[..<cut]), final: false, mask: key)
                    stream += frame(0, Array(payload[cut...]), mask: key)
                    expected.append(.fragment)
                }
                expected.append(.text(payload))
            }
            let pieces = (0..<50).map { _ in Int.random(in: 1...3000, using: &random) }
            let (events, fault) = read(stream, pieces: pieces, from: peer)
            #expect(fault == nil && events == expected, "seed \(seed): \(String(describing: fault))")
        }
    }

    /// Whatever arrives is read or refused: what is read stays within the limit and what is called text is UTF-8.
    @Test func `mutated frames are read or refused`() {
        var refused = 0
        for seed: UInt64 in 1...2000 {
            var random = SeededRandom(seed: seed)
            var stream =
                frame(1, Array("[2,\"é\",\"Heartbeat\",{}]".utf8), final: Bool.random(using: &random))
                + frame(0, Array("潮".utf8)) + frame(9, [1]) + frame(8, [0x03, 0xE8])
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                stream[Int.random(in: 0..<stream.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            let (events, fault) = read(stream, pieces: [Int.random(in: 1..<stream.count, using: &random)], limit: 64)
            refused += fault == nil ? 0 : 1
            for case .text(let bytes) in events {
                #expect(bytes.count <= 64 && String(validating: bytes, as: UTF8.self) != nil, "seed \(seed)")
            }
        }
        #expect(refused > 200)
    }

    @Test func `the UTF-8 check agrees with Swift's`() {
        for seed: UInt64 in 1...3000 {
            var random = SeededRandom(seed: seed)
            var bytes = Array("plain text, 潮电, é, 🔌 and more".utf8)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            let isValid = isValidUTF8(bytes.span.bytes)
            #expect(isValid == (String(validating: bytes, as: UTF8.self) != nil), "seed \(seed)")
        }
    }

    @Test func `a close reason is cut at a character's edge`() {
        var buffer = ByteBuffer()
        buffer.writeClose(.policyViolation, reason: String(repeating: "潮", count: 60))
        let (events, fault) = read(Array(buffer.readableBytesView), pieces: [], from: .server)
        #expect(fault == nil && events == [.close(.policyViolation, reason: String(repeating: "潮", count: 41))])
    }
}
