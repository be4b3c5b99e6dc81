/// What a client says first in TLS, as far as it decides which of our certificates it can check (RFC 8446 §4.1.2).
package struct ClientHello: Hashable, Sendable {
    /// TLS versions as on the wire, 0x0303 is 1.2.
    package var versions: [UInt16]
    package var cipherSuites: [UInt16]
    /// Empty when the client does not say.
    package var signatureSchemes: [UInt16]

    package enum Reading: Hashable, Sendable {
        case needsMore
        case hello(ClientHello)
        case broken(String)
    }

    /// Longest hello that is waited for; real ones have some hundred bytes, with post-quantum keys 2 kB.
    package static let maxBytes = 16_384

    /// Reads the records from the first byte of the connection on; nothing is taken away from `bytes`.
    package static func read(_ bytes: RawSpan) -> Reading {
        // The handshake message may be cut over several records (RFC 8446 §5.1).
        var message: [UInt8] = []
        var offset = 0
        while true {
            if bytes.byteCount > offset, bytes[at: offset] != 22 {
                return .broken("the first record is no TLS handshake")
            }
            if bytes.byteCount > offset + 1, bytes[at: offset + 1] != 3 { return .broken("this is no TLS record") }
            guard bytes.byteCount >= offset + 5 else { return .needsMore }
            let length = Int(bytes[at: offset + 3]) << 8 | Int(bytes[at: offset + 4])
            guard length > 0, length <= 16_384 else { return .broken("a TLS record of \(length) bytes") }
            let have = min(length, bytes.byteCount - offset - 5)
            for index in 0..<have { message.append(bytes[at: offset + 5 + index]) }
            if let first = message.first, first != 1 { return .broken("the first message is no ClientHello") }
            if message.count >= 4 {
                let wanted = Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3])
                guard wanted <= maxBytes else { return .broken("a ClientHello of \(wanted) bytes") }
                if message.count >= 4 + wanted { return parse(message[4..<(4 + wanted)]) }
            }
            guard have == length else { return .needsMore }
            offset += 5 + length
            guard offset <= 2 * maxBytes else { return .broken("a ClientHello in too many records") }
        }
    }

    private static func parse(_ body: ArraySlice<UInt8>) -> Reading {
        var reader = FieldReader(rest: body)
        guard let legacy = reader.number(2), reader.skip(32), reader.vector(lengthBytes: 1) != nil,
            let suites = reader.vector(lengthBytes: 2)?.numbers, reader.vector(lengthBytes: 1) != nil
        else { return .broken("the ClientHello ends too early") }
        var hello = ClientHello(versions: [UInt16(legacy)], cipherSuites: suites, signatureSchemes: [])
        guard !reader.rest.isEmpty else { return .hello(hello) }
        guard var extensions = reader.vector(lengthBytes: 2) else { return .broken("the extensions end too early") }
        while !extensions.rest.isEmpty {
            guard let type = extensions.number(2), var content = extensions.vector(lengthBytes: 2) else {
                return .broken("an extension ends too early")
            }
            switch type {
            case 13:
                guard let schemes = content.vector(lengthBytes: 2)?.numbers else {
                    return .broken("the signature algorithms cannot be read")
                }
                hello.signatureSchemes = schemes
            case 43:
                guard let versions = content.vector(lengthBytes: 1)?.numbers else {
                    return .broken("the versions cannot be read")
                }
                hello.versions = versions
            default: break
            }
        }
        return .hello(hello)
    }

    /// Whether the client can check an ECDSA certificate signed with `scheme` (0x0403 for P-256) and agree on a suite
    /// with it.
    package func accepts(ecdsaScheme scheme: UInt16) -> Bool {
        let signs = signatureSchemes.contains(scheme)
        if versions.contains(0x0304) { return signs }
        // TLS 1.2: the suite names the kind of certificate. Both AES-GCM suites of OCPP, and ChaCha20.
        return (signs || signatureSchemes.isEmpty) && cipherSuites.contains { [0xC02B, 0xC02C, 0xCCA9].contains($0) }
    }
}

/// Fields one after the other, big end first.
private struct FieldReader {
    var rest: ArraySlice<UInt8>

    mutating func skip(_ count: Int) -> Bool {
        guard rest.count >= count else { return false }
        rest = rest.dropFirst(count)
        return true
    }
    mutating func number(_ count: Int) -> Int? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
    }
    mutating func vector(lengthBytes: Int) -> FieldReader? {
        guard let length = number(lengthBytes), rest.count >= length else { return nil }
        defer { rest = rest.dropFirst(length) }
        return FieldReader(rest: rest.prefix(length))
    }
    /// All of it as numbers of two bytes; `nil` when one is cut.
    var numbers: [UInt16]? {
        guard rest.count % 2 == 0 else { return nil }
        var reader = self
        var numbers: [UInt16] = []
        while let number = reader.number(2) { numbers.append(UInt16(number)) }
        return numbers
    }
}
