/// What is agreed of permessage-deflate (RFC 7692 §7): neither side keeps a context between messages.
package struct DeflateAgreement: Hashable, Sendable {
    /// Most bits of the window that our messages may use, 9 to 15.
    package let serverBits: Int
    private let saysBits: Bool

    /// The value of our `Sec-WebSocket-Extensions`.
    package var header: String {
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
            + (saysBits ? "; server_max_window_bits=\(serverBits)" : "")
    }

    /// The first of a client's offers that can be taken; `nil` when none can.
    package init?(offers: [String]) {
        for offer in offers {
            guard let agreement = Self(offer: offer) else { continue }
            self = agreement
            return
        }
        return nil
    }

    private init?(offer: String) {
        let parts = offer.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmedOfBlanks }
        guard parts[0].lowercased() == "permessage-deflate" else { return nil }
        var seen: Set<String> = []
        var bits: Int?
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = pair[0].trimmedOfBlanks.lowercased()
            let value = pair.count == 2 ? pair[1].trimmedOfBlanks : nil
            guard seen.insert(name).inserted else { return nil }
            switch name {
            case "server_no_context_takeover", "client_no_context_takeover":
                guard value == nil else { return nil }
            case "server_max_window_bits":
                // 8 is allowed, but zlib makes no such window without a header.
                guard let number = Self.bits(value), number >= 9 else { return nil }
                bits = number
            case "client_max_window_bits":
                // A hint, with or without a number: what it sends fits into our largest window.
                guard value == nil || Self.bits(value) != nil else { return nil }
            default: return nil
            }
        }
        serverBits = bits ?? 15
        saysBits = bits != nil
    }

    /// 8 to 15 without leading zeros, as a token or a quoted text (§7.1).
    private static func bits(_ value: Substring?) -> Int? {
        guard var value else { return nil }
        if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
        guard let number = Int(value), (8...15).contains(number), String(number) == value else { return nil }
        return number
    }
}

extension Substring {
    fileprivate var trimmedOfBlanks: Substring {
        var rest = self
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
