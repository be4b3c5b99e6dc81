import Operations

/// One HTTP request as the console's handlers see it: whole, bounded, decoded, without sockets.
struct WebRequest: Sendable {
    enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
        /// Any other: no address takes it.
        case other = ""
    }

    let method: Method
    /// Percent-decoded segments between the slashes: `/stations/A%2FB` is `["stations", "A/B"]`.
    let segments: [String]
    /// The path and query as they came, for "back to where you were".
    let target: String
    let query: FormFields
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]
    /// Where the route takes its body as it comes; `body` is empty then.
    var stream: ByteStream?
    /// The peer's address, without port.
    let remoteAddress: String

    /// `nil` when the target's percent encoding is broken or not UTF-8.
    init?(
        method: Method, target: String, headers: [String: String] = [:], body: [UInt8] = [],
        remoteAddress: String = "127.0.0.1"
    ) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var segments: [String] = []
        for part in parts[0].split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let segment = PercentCoding.decode(part.utf8, plusIsSpace: false) else { return nil }
            segments.append(segment)
        }
        guard let query = FormFields(parts.count == 2 ? Array(parts[1].utf8) : []) else { return nil }
        self.method = method
        self.segments = segments
        self.target = target
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
    }

    var cookies: [String: String] {
        var found: [String: String] = [:]
        for pair in (headers["cookie"] ?? "").split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let name = parts[0].drop { $0 == " " }
            found[String(name)] = String(parts[1])
        }
        return found
    }

    /// `name` of `Accept`, weights left aside: does the caller name this media type?
    func accepts(_ mediaType: String) -> Bool {
        (headers["accept"] ?? "").lowercased().split(separator: ",").contains { part in
            part.split(separator: ";").first.map { $0.filter { $0 != " " } == mediaType } ?? false
        }
    }

    /// Seconds of `Prefer: wait=N` (RFC 7240 §4.3), at most `limit`.
    func preferredWait(atMost limit: Int) -> Int? {
        for part in (headers["prefer"] ?? "").split(separator: ",") {
            let pair = part.filter { $0 != " " }.split(separator: "=")
            if pair.count == 2, pair[0].lowercased() == "wait", let seconds = Int(pair[1]), seconds >= 0 {
                return min(seconds, limit)
            }
        }
        return nil
    }

    var contentType: String {
        (headers["content-type"] ?? "").split(separator: ";").first.map { $0.lowercased().filter { $0 != " " } } ?? ""
    }
}
