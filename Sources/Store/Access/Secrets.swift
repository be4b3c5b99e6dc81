import CCrypto
import Foundation

/// Random secrets, digests and password hashes, by OpenSSL.
enum Secrets {
    static func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        precondition(RAND_bytes(&bytes, Int32(count)) == 1, "the machine gives no random bytes")
        return bytes
    }

    /// URL-safe text of `count` random bytes.
    static func text(_ count: Int) -> String { base64URL(random(count)) }

    static func sha256(_ text: String) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        let bytes = Array(text.utf8)
        SHA256(bytes, bytes.count, &digest)
        return digest
    }

    /// A second secret that follows from `secret`, so that it need not be kept.
    static func derived(from secret: String, for purpose: String) -> String {
        base64URL(sha256(purpose + "\u{0}" + secret))
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    // MARK: Passwords: scrypt (RFC 7914), N = 2^15, r = 8, p = 1, 16 bytes of salt: 32 MiB and about 0.1 s a try.

    private static let (logN, r, p): (UInt64, UInt64, UInt64) = (15, 8, 1)

    static func hash(password: String) -> String {
        let salt = random(16)
        let key = scrypt(password, salt: salt, logN: logN, r: r, p: p)
        return "scrypt$\(logN)$\(r)$\(p)$\(hex(salt))$\(hex(key ?? []))"
    }

    /// Takes the same time whether or not there is such a user (`stored` nil).
    static func verify(password: String, stored: String?) -> Bool {
        let parts = (stored ?? decoy).split(separator: "$").map(String.init)
        guard parts.count == 6, parts[0] == "scrypt", let logN = UInt64(parts[1]), let r = UInt64(parts[2]),
            let p = UInt64(parts[3]), logN <= 20, let salt = bytes(hex: parts[4]), let expected = bytes(hex: parts[5]),
            let key = scrypt(password, salt: salt, logN: logN, r: r, p: p), key.count == expected.count
        else { return false }
        return CRYPTO_memcmp(key, expected, key.count) == 0 && stored != nil
    }

    private static let decoy = hash(password: text(16))

    private static func scrypt(_ password: String, salt: [UInt8], logN: UInt64, r: UInt64, p: UInt64) -> [UInt8]? {
        var key = [UInt8](repeating: 0, count: 32)
        let count = password.utf8.count
        let done = password.withCString {
            EVP_PBE_scrypt($0, count, salt, salt.count, 1 << logN, r, p, 128 << 20, &key, key.count)
        }
        return done == 1 ? key : nil
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    private static func bytes(hex: String) -> [UInt8]? {
        guard hex.utf8.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        var rest = Substring(hex)
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
