public import Documents

/// Where stations connect: a central system's address without the identity, `ws://127.0.0.1:9000/ocpp` or
/// `wss://csms.example/ocpp`.
public struct StationEndpoint: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: Int
    /// Begins with a slash, or is empty.
    public let path: String
    /// `wss`: over TLS.
    public let isEncrypted: Bool

    public init(host: String, port: Int, path: String = "/ocpp", isEncrypted: Bool = false) {
        self.isEncrypted = isEncrypted
        self.host = host
        self.port = port
        self.path = path
    }

    public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        public let message: Message
        /// English.
        public var description: String { message.en }
    }

    public init(_ url: String) throws(Fault) {
        func no(_ what: Message) -> Fault { Fault(message: .endpointNeeded(url, what)) }
        guard let colon = url.firstRange(of: "://") else { throw no(.noWebSocketAddress) }
        let scheme = url[..<colon.lowerBound].lowercased()
        guard scheme == "ws" || scheme == "wss" else { throw no(.noWebSocketAddress) }
        isEncrypted = scheme == "wss"
        let rest = url[colon.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        var path = rest.dropFirst(authority.count)
        while path.hasSuffix("/") { path.removeLast() }
        guard !path.contains(where: { $0 == "?" || $0 == "#" || $0 == " " }) else { throw no(.pathOnly) }
        self.path = String(path)
        // An IPv6 address stands in brackets.
        let hostEnd = authority.hasPrefix("[") ? authority.firstIndex(of: "]").map(authority.index(after:)) : nil
        let end = hostEnd ?? authority.firstIndex(of: ":") ?? authority.endIndex
        host = authority[..<end].filter { $0 != "[" && $0 != "]" }
        let tail = authority[end...]
        guard !host.isEmpty, tail.isEmpty || tail.hasPrefix(":") else { throw no(.noHost) }
        guard let port = tail.isEmpty ? (isEncrypted ? 443 : 80) : Int(tail.dropFirst()), (1...65535).contains(port)
        else {
            throw no(.noPort)
        }
        self.port = port
    }

    public var description: String { "\(isEncrypted ? "wss" : "ws")://\(authority)\(path)" }
    var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    /// The request target of a station: every byte that is not unreserved is percent-encoded (RFC 3986 §2.3).
    func target(of identity: String) -> String {
        var text = path + "/"
        for byte in identity.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                text += byte < 16 ? "%0" + hex : "%" + hex
            }
        }
        return text
    }
}
