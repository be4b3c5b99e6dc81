/// Names a token in the audit without telling it: the same card has the same mark in one installation, and who does not know
/// the installation's key cannot try all card numbers (there are few) against it.
public struct TokenMarker: Hashable, Sendable {
    private let key: (low: UInt64, high: UInt64)

    /// - Parameter key: secret, the same at every start of one installation.
    public init(key low: UInt64, _ high: UInt64) { key = (low, high) }

    /// `#` and 10 hexadecimal digits; the case of ASCII letters does not count, as in ``Core/key(_:)``.
    public func mark(of token: String) -> String {
        let digits = String(sipHash(Array(Core.key(token).utf8)) >> 24, radix: 16)
        return "#" + String(repeating: "0", count: 10 - digits.count) + digits
    }

    public static func == (a: TokenMarker, b: TokenMarker) -> Bool { a.key == b.key }
    public func hash(into hasher: inout Hasher) { hasher.combine(key.low) }

    /// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed function of short inputs.
    func sipHash(_ bytes: [UInt8]) -> UInt64 {
        var (v0, v1) = (key.low ^ 0x736f_6d65_7073_6575, key.high ^ 0x646f_7261_6e64_6f6d)
        var (v2, v3) = (key.low ^ 0x6c79_6765_6e65_7261, key.high ^ 0x7465_6462_7974_6573)
        func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 { word << bits | word >> (64 - bits) }
        func round() {
            v0 &+= v1
            v1 = rotated(v1, 13) ^ v0
            v0 = rotated(v0, 32)
            v2 &+= v3
            v3 = rotated(v3, 16) ^ v2
            v0 &+= v3
            v3 = rotated(v3, 21) ^ v0
            v2 &+= v1
            v1 = rotated(v1, 17) ^ v2
            v2 = rotated(v2, 32)
        }
        func take(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }
        for start in stride(from: 0, to: bytes.count - bytes.count % 8, by: 8) {
            take(bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        }
        let rest = bytes.suffix(bytes.count % 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        take(rest | UInt64(truncatingIfNeeded: bytes.count) << 56)
        v2 ^= 0xff
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }
}
