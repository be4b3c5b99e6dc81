import Quantities
import Testing

@testable import Gateway

@Suite("Opening handshake") struct HandshakeTests {
    static let good = [
        "GET /ocpp/CP1 HTTP/1.1", "Host: 127.0.0.1:9000", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
    ]

    static func read(_ bytes: [UInt8], limit: Int = 8192) -> HTTPHead.Reading {
        HTTPHead.read(bytes.span.bytes, limit: limit)
    }
    static func offer(_ lines: [String]) -> Result<Handshake.Offer, Handshake.Refusal> {
        let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        guard case .head(let head, bytes.count) = read(bytes) else {
            return .failure(Handshake.Refusal(status: 0, text: "no head"))
        }
        return Result { () throws(Handshake.Refusal) in try Handshake.offer(in: head, basePath: "/ocpp") }
    }
    /// The good request with lines replaced by name, or added.
    static func offer(changing changes: [String]) -> Result<Handshake.Offer, Handshake.Refusal> {
        var lines = good
        for change in changes {
            let name = change.split(separator: ":").first.map { $0 + ":" } ?? ""
            if change.hasPrefix("GET") || change.contains(" HTTP/") {
                lines[0] = change
            } else if let index = lines.firstIndex(where: { $0.hasPrefix(name) }) {
                lines[index] = change
            } else {
                lines.append(change)
            }
        }
        return offer(lines)
    }

    /// The example of RFC 6455 §1.3.
    @Test func `the accept key is that of the standard's example`() {
        #expect(webSocketAccept(forKey: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    struct Path: CustomTestStringConvertible {
        let target: String
        let identity: String
        var testDescription: String { target }
    }
    @Test(arguments: [
        Path(target: "/ocpp/RDAM%7C123", identity: "RDAM|123"), Path(target: "/ocpp/CP-1", identity: "CP-1"),
        Path(target: "/ocpp/%E6%BD%AE%E7%94%B5", identity: "潮电"), Path(target: "/ocpp/a%2Fb", identity: "a/b"),
        Path(target: "/ocpp/CP1?version=1.6", identity: "CP1"), Path(target: "/ocpp/a+b", identity: "a+b"),
    ]) func `the identity is the decoded last segment`(_ path: Path) throws {
        #expect(try Self.offer(changing: ["GET \(path.target) HTTP/1.1"]).get().identity == path.identity)
    }

    @Test func `protocols keep the station's order over several lines`() throws {
        let lines = Self.good + ["Sec-WebSocket-Protocol: ocpp2.0.1 , ocpp1.6", "sec-websocket-protocol: ocpp1.5,"]
        #expect(try Self.offer(lines).get().protocols == ["ocpp2.0.1", "ocpp1.6", "ocpp1.5"])
    }

    @Test func `basic credentials are split at the first colon and the password stays bytes`() throws {
        let secret = Base64.encode(Array("CP1:a:".utf8) + [0xFF, 0])
        let offer = try Self.offer(changing: ["Authorization: basic \(secret)"]).get()
        #expect(offer.user == "CP1" && offer.password == [97, 58, 0xFF, 0])
        #expect(try Self.offer(changing: ["Authorization: Bearer abc"]).get().user == nil)
    }

    struct Refused: CustomTestStringConvertible {
        let change: String
        let status: Int
        var testDescription: String { "\(change) → \(status)" }
    }
    @Test(arguments: [
        Refused(change: "POST /ocpp/CP1 HTTP/1.1", status: 405), Refused(change: "GET /ocpp/CP1 HTTP/1.0", status: 400),
        Refused(change: "GET  /ocpp/CP1 HTTP/1.1", status: 400), Refused(change: "GET / HTTP/1.1", status: 404),
        Refused(change: "GET /ocpp HTTP/1.1", status: 404), Refused(change: "GET /ocpp/ HTTP/1.1", status: 404),
        Refused(change: "GET /ocppx/CP1 HTTP/1.1", status: 404), Refused(change: "GET /ocpp/a/b HTTP/1.1", status: 404),
        Refused(change: "GET /ocpp/%ZZ HTTP/1.1", status: 400),
        Refused(change: "GET /ocpp/%E6%BD HTTP/1.1", status: 400),
        Refused(change: "GET /ocpp/a%00b HTTP/1.1", status: 400), Refused(change: "GET /ocpp/a% HTTP/1.1", status: 400),
        Refused(change: "GET /ocpp/\(String(repeating: "x", count: 256)) HTTP/1.1", status: 400),
        Refused(change: "Upgrade: h2c", status: 426), Refused(change: "Connection: keep-alive", status: 426),
        Refused(change: "Sec-WebSocket-Version: 8", status: 426),
        Refused(change: "Sec-WebSocket-Key: abc", status: 400),
        Refused(change: "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==", status: 400),
        Refused(change: "Content-Length: 5", status: 400), Refused(change: "Transfer-Encoding: chunked", status: 400),
        Refused(change: "Authorization: Basic !!!", status: 400),
        Refused(change: "Authorization: Basic Q1Ax", status: 400),
    ]) func `what is no handshake is refused with its status`(_ example: Refused) {
        guard case .failure(let refusal) = Self.offer(changing: [example.change]) else {
            Issue.record("accepted")
            return
        }
        #expect(refusal.status == example.status)
        #expect(refusal.response.hasPrefix("HTTP/1.1 \(example.status) ") && !refusal.response.contains(" Error\r\n"))
    }

    @Test(arguments: ["Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Upgrade", "Connection"])
    func `a missing header is refused`(_ name: String) {
        let lines = Self.good.filter { !$0.hasPrefix(name + ":") }
        #expect(throws: Handshake.Refusal.self) { try Self.offer(lines).get() }
    }

    @Test(arguments: ["No colon here", ": no name", "Bad name: x", " folded: x", "X: a\u{1}b"])
    func `a broken header line breaks the head`(_ line: String) {
        let bytes = Array((["GET /ocpp/CP1 HTTP/1.1", line].joined(separator: "\r\n") + "\r\n\r\n").utf8)
        guard case .broken = Self.read(bytes) else {
            Issue.record("read")
            return
        }
    }

    @Test func `a head is read once it is whole and refused once it is too long`() {
        let bytes = Array((Self.good.joined(separator: "\r\n") + "\r\n\r\n").utf8) + [0x81, 0x80]
        let length = bytes.count - 2
        for cut in 0..<length {
            #expect(Self.read(Array(bytes.prefix(cut))) == .needsMore, "cut at \(cut)")
        }
        guard case .head(_, length) = Self.read(bytes) else {
            Issue.record("not read to its end")
            return
        }
        #expect(Self.read(bytes, limit: 40) == .broken("a head longer than 40 bytes"))
        #expect(Self.read(Array("GET / HTTP/1.1\n\n".utf8)) == .broken("a line does not end with CR LF"))
    }

    @Test func `base64 goes there and back and refuses what is none`() {
        for seed: UInt64 in 1...100 {
            var random = SeededRandom(seed: seed)
            let bytes = (0..<Int(seed % 40)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = Base64.encode(bytes)
            #expect(Base64.decode(text.utf8) == bytes, "seed \(seed)")
            #expect(Base64.decode(text.utf8.filter { $0 != UInt8(ascii: "=") }) == bytes, "seed \(seed)")
        }
        for text in ["A", "A===", "AB==C", "AB=", "AB#=", "====", "AR=="] {
            #expect(Base64.decode(text.utf8) == nil, "\(text)")
        }
    }
}
