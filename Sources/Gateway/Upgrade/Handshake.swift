/// The server's half of the opening handshake (RFC 6455 §4.2), on a path `BASE/{identity}`.
package enum Handshake {
    /// A refusal before the upgrade, as an HTTP response.
    package struct Refusal: Error, Hashable, Sendable {
        package let status: Int
        package let text: String
        package var headers: [String] = []
    }

    /// A head that asks for a WebSocket in the right words.
    package struct Offer: Hashable, Sendable {
        package let identity: String
        package let protocols: [String]
        package let user: String?
        package let password: [UInt8]
        package let key: String
        package let extensions: [String]
    }

    /// Longest identity that is looked at, in bytes; OCPP 2.x allows 48 characters, 1.6 names no limit.
    private static let maxIdentityBytes = 255

    /// - Parameter basePath: begins with a slash and does not end with one, like `/ocpp`.
    package static func offer(in head: HTTPHead, basePath: String) throws(Refusal) -> Offer {
        let words = head.startLine.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" else {
            throw Refusal(status: 400, text: "not an HTTP/1.1 request")
        }
        guard words[0] == "GET" else {
            throw Refusal(status: 405, text: "stations connect with GET", headers: ["Allow: GET"])
        }
        guard head.single("host") != nil else { throw Refusal(status: 400, text: "exactly one Host header is due") }
        guard
            head.fields.allSatisfy({
                $0.name != "transfer-encoding" && ($0.name != "content-length" || $0.value == "0")
            })
        else {
            throw Refusal(status: 400, text: "a handshake has no body")
        }
        let identity = try identity(in: words[1], basePath: basePath)
        guard head.contains("websocket", in: "upgrade"), head.contains("upgrade", in: "connection") else {
            throw Refusal(
                status: 426, text: "this is an OCPP-J endpoint: connect with WebSocket",
                headers: ["Upgrade: websocket"])
        }
        guard head.single("sec-websocket-version") == "13" else {
            throw Refusal(
                status: 426, text: "WebSocket version 13 is spoken here",
                headers: ["Upgrade: websocket", "Sec-WebSocket-Version: 13"])
        }
        guard let key = head.single("sec-websocket-key"), Base64.decode(key.utf8)?.count == 16 else {
            throw Refusal(status: 400, text: "Sec-WebSocket-Key is not 16 bytes in base64")
        }
        let credentials = try credentials(in: head)
        return Offer(
            identity: identity, protocols: head.list("sec-websocket-protocol"), user: credentials?.user,
            password: credentials?.password ?? [], key: key, extensions: head.list("sec-websocket-extensions"))
    }

    private static func identity(in target: Substring, basePath: String) throws(Refusal) -> String {
        let path = target.prefix { $0 != "?" && $0 != "#" }
        let prefix = basePath + "/"
        guard path.hasPrefix(prefix), path.utf8.count > prefix.utf8.count else {
            throw Refusal(status: 404, text: "stations connect to \(basePath)/{identity}")
        }
        let segment = path.dropFirst(prefix.count)
        guard !segment.contains("/") else {
            throw Refusal(status: 404, text: "stations connect to \(basePath)/{identity}, the identity percent-encoded")
        }
        guard let bytes = percentDecoded(segment.utf8), bytes.count <= maxIdentityBytes,
            bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), let identity = String(validating: bytes, as: UTF8.self)
        else {
            throw Refusal(
                status: 400, text: "the identity is not percent-encoded text of at most \(maxIdentityBytes) bytes")
        }
        return identity
    }

    private static func percentDecoded(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(hexDigit), let low = iterator.next().flatMap(hexDigit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 97 + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 65 + 10
        default: nil
        }
    }

    /// RFC 7617. Credentials of another scheme are none of ours; broken ones of this scheme are refused.
    private static func credentials(in head: HTTPHead) throws(Refusal) -> (user: String, password: [UInt8])? {
        guard let value = head.single("authorization") else { return nil }
        let words = value.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "basic" else { return nil }
        guard let bytes = Base64.decode(words[1].utf8), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: bytes[..<colon], as: UTF8.self)
        else {
            throw Refusal(status: 400, text: "the Basic credentials cannot be read")
        }
        return (user, Array(bytes[(colon + 1)...]))
    }

    /// The 101 response. Without a protocol the peer learns that nothing it offered is served.
    package static func response(
        toKey key: String, protocol chosen: String?, deflate: DeflateAgreement? = nil
    ) -> String {
        var text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        text += "Sec-WebSocket-Accept: \(webSocketAccept(forKey: key))\r\n"
        if let chosen { text += "Sec-WebSocket-Protocol: \(chosen)\r\n" }
        if let deflate { text += "Sec-WebSocket-Extensions: \(deflate.header)\r\n" }
        return text + "\r\n"
    }
}

extension Handshake.Refusal {
    package init(_ decision: UpgradeDecision) {
        switch decision {
        case .accept: preconditionFailure("an accepted handshake is no refusal")
        case .notFound: self.init(status: 404, text: "nobody knows a station of this identity: register it first")
        case .unauthorized:
            self.init(
                status: 401, text: "identity and password do not fit",
                headers: ["WWW-Authenticate: Basic realm=\"OCPP\", charset=\"UTF-8\""])
        case .forbidden(let reason): self.init(status: 403, text: reason)
        case .unavailable(let seconds):
            // Spread, so that those who were turned away together do not come back together.
            let spread = Int.random(in: seconds...2 * max(0, seconds))
            self.init(status: 503, text: "no room now, come back later", headers: ["Retry-After: \(spread)"])
        }
    }

    /// The whole response; the connection ends after it.
    package var response: String {
        let phrases = [
            400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
            408: "Request Timeout", 426: "Upgrade Required", 503: "Service Unavailable",
        ]
        let body = text + "\n"
        let lines =
            ["HTTP/1.1 \(status) \(phrases[status] ?? "Error")"] + headers + [
                "Connection: close", "Content-Type: text/plain; charset=utf-8", "Content-Length: \(body.utf8.count)",
            ]
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }
}
