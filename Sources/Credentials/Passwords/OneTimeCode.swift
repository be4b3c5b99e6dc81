import Crypto

/// Time-based one-time passwords of dynamic QR codes (OCPP 2.1 part 2 C25, "TOTP algorithm, version 1"): characters of
/// HMAC-SHA256(secret, number of the interval), from a place in it that its last byte gives.
public enum OneTimeCode {
    public static let version = "v1"
    /// Whole seconds that one code holds.
    public static let validities = 6...3600
    /// Characters of a code; beyond the 32 bytes of the hash they would repeat.
    public static let lengths = 6...32

    /// As edition 1 prints it: 61 characters, without a small o.
    public static let printed = Array("0123456789abcdefghijklmnpqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    /// What its name (base62) says and what its authors' own software uses. Nobody can tell which of the two a station has.
    public static let full = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

    /// - Parameters:
    ///   - interval: whole validity times since 1970.
    ///   - length: within ``lengths``.
    public static func code(secret: String, interval: UInt64, length: Int, alphabet: [UInt8] = printed) -> String {
        let moment = (0..<8).map { UInt8(truncatingIfNeeded: interval >> (56 - 8 * $0)) }
        let hash = Array(
            HMAC<SHA256>.authenticationCode(for: moment, using: SymmetricKey(data: Array(secret.utf8))))
        let offset = Int(hash[31] & 0x0F)
        let characters = (0..<length).map { alphabet[Int(hash[(offset + $0) % hash.count]) % alphabet.count] }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Whether `code` is that of the current, the previous or the next interval, in either alphabet. Takes as long for each code
    /// of the right length.
    /// - Parameters:
    ///   - seconds: since 1970.
    ///   - validity: within ``validities``.
    public static func isGood(_ code: String, secret: String, seconds: Int64, validity: Int, length: Int) -> Bool {
        guard code.utf8.count == length, lengths.contains(length), validities.contains(validity), seconds >= 0 else {
            return false
        }
        let current = UInt64(seconds) / UInt64(validity)
        var isGood = false
        for interval in [current, current > 0 ? current - 1 : 0, current + 1] {
            for alphabet in [printed, full] {
                let own = self.code(secret: secret, interval: interval, length: length, alphabet: alphabet)
                // No way out early: each is compared whole.
                isGood = DigestSecret.areEqual(own, code) || isGood
            }
        }
        return isGood
    }
}

extension DigestSecret {
    /// The secret that a station is given for its dynamic QR codes. It follows from this secret and `seed`, so that it stands in
    /// no database: 32 hexadecimal digits.
    public func codeSecret(station: String, seed: String) -> String {
        Hexadecimal.encode(digest(of: Array("web-payments\n\(station)\n\(seed)".utf8)).prefix(16))
    }
}
