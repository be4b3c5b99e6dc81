import Quantities
import Testing

@testable import Gateway

/// The first message of TLS, as bytes.
@Suite("ClientHello") struct ClientHelloTests {
    /// A hello as RFC 8446 §4.1.2 lays it out, in records of at most `recordBytes`.
    static func bytes(
        suites: [UInt16] = [0xC02B, 0x009C], schemes: [UInt16]? = [0x0403, 0x0804], versions: [UInt16]? = nil,
        recordBytes: Int = 16_384
    ) -> [UInt8] {
        func pair(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 255), UInt8(number & 255)] }
        func list(_ numbers: [UInt16]) -> [UInt8] { numbers.flatMap { pair(Int($0)) } }
        var extensions: [UInt8] = pair(0) + pair(6) + pair(4) + [0] + pair(1) + [65]
        if let schemes {
            extensions += pair(13) + pair(schemes.count * 2 + 2) + pair(schemes.count * 2) + list(schemes)
        }
        if let versions {
            extensions += pair(43) + pair(versions.count * 2 + 1) + [UInt8(versions.count * 2)] + list(versions)
        }
        var body: [UInt8] = [3, 3] + [UInt8](repeating: 7, count: 32) + [0]
        body += pair(suites.count * 2) + list(suites) + [1, 0] + pair(extensions.count) + extensions
        var message: ArraySlice<UInt8> = ([1, 0] + pair(body.count) + body)[...]
        var records: [UInt8] = []
        while !message.isEmpty {
            let piece = message.prefix(recordBytes)
            records += [22, 3, 1] + pair(piece.count) + piece
            message = message.dropFirst(piece.count)
        }
        return records
    }

    static func read(_ bytes: [UInt8]) -> ClientHello.Reading { ClientHello.read(bytes.span.bytes) }

    @Test func `suites, signature schemes and versions are read, whole or cut over records`() {
        let hello = ClientHello(
            versions: [0x0304, 0x0303], cipherSuites: [0xC02B, 0x009C], signatureSchemes: [0x0403, 0x0804])
        for size in [1, 3, 5, 50, 16_384] {
            let bytes = Self.bytes(versions: [0x0304, 0x0303], recordBytes: size)
            #expect(Self.read(bytes) == .hello(hello), "records of \(size)")
            for count in 0..<bytes.count { #expect(Self.read(Array(bytes.prefix(count))) == .needsMore, "\(count)") }
            // What follows is none of its business.
            #expect(Self.read(bytes + [1, 2, 3]) == .hello(hello))
        }
    }

    @Test func `the ECDSA certificate is for those who can check it, the RSA one for the others`() {
        func accepts(_ bytes: [UInt8]) -> Bool? {
            guard case .hello(let hello) = Self.read(bytes) else { return nil }
            return hello.accepts(ecdsaScheme: 0x0403)
        }
        #expect(accepts(Self.bytes()) == true)
        #expect(accepts(Self.bytes(suites: [0x009C, 0x009D])) == false)
        #expect(accepts(Self.bytes(schemes: [0x0804])) == false)
        #expect(accepts(Self.bytes(schemes: nil)) == true)
        #expect(accepts(Self.bytes(suites: [0x1301], versions: [0x0304])) == true)
        #expect(accepts(Self.bytes(suites: [0x1301], schemes: [0x0804], versions: [0x0304])) == false)
    }

    @Test func `what is no TLS is told at its first byte`() {
        for text in ["GET /ocpp/CP1 HTTP/1.1\r\n", "\u{0}", "SSH-2.0"] {
            guard case .broken = Self.read(Array(text.utf8)) else {
                Issue.record("\(text) was waited for")
                continue
            }
        }
        // A record that claims more than TLS allows, and a handshake message that is no ClientHello.
        for bytes in [[22, 3, 1, 0xFF, 0xFF], [22, 3, 1, 0, 4, 2, 0, 0, 0], [22, 3, 1, 0, 4, 1, 0xFF, 0, 0]]
            as [[UInt8]]
        {
            guard case .broken = Self.read(bytes) else {
                Issue.record("\(bytes) was waited for")
                continue
            }
        }
    }

    @Test func `damaged hellos are read, refused or waited for, never a crash`() {
        let good = Self.bytes(versions: [0x0304, 0x0303], recordBytes: 40)
        var kinds: [String: Int] = [:]
        for seed in 1...20_000 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                default: bytes.remove(at: place)
                }
            }
            switch Self.read(bytes) {
            case .needsMore: kinds["needs more", default: 0] += 1
            case .broken: kinds["broken", default: 0] += 1
            case .hello: kinds["hello", default: 0] += 1
            }
        }
        // Damage of every kind was seen.
        #expect(kinds.count == 3, "\(kinds)")
    }
}
