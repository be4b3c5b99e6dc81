import CCrypto

/// Unguessable text for tokens.
enum RandomText {
    static func hexadecimal(bytes count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return StationPassword.hexadecimal((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
}

/// Compares without telling by its time how much was right.
func constantTimeEqual(_ a: String, _ b: String) -> Bool {
    let (x, y) = (Array(a.utf8), Array(b.utf8))
    guard x.count == y.count else { return false }
    return zip(x, y).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}

/// The password of a station for HTTP Basic (OCPP security profiles 1 and 2), kept as a salted digest:
/// `sha256:SALT:DIGEST`, both hexadecimal, digest = SHA-256(salt as written, then the password in UTF-8).
///
/// Station passwords are random and long (OCPP security whitepaper A00.FR.204: 16 to 20 bytes and more), so one round is enough.
public enum StationPassword {
    /// A digest under a fresh salt.
    public static func digest(of password: String) -> String {
        digest(of: password, salt: RandomText.hexadecimal(bytes: 16))
    }

    public static func matches(_ password: String, digest stored: String) -> Bool {
        let parts = stored.split(separator: ":")
        guard parts.count == 3, parts[0] == "sha256" else { return false }
        return constantTimeEqual(digest(of: password, salt: String(parts[1])), stored)
    }

    private static func digest(of password: String, salt: String) -> String {
        let input = Array(salt.utf8) + Array(password.utf8)
        var output = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(input, input.count, &output)
        return "sha256:\(salt):\(hexadecimal(output))"
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
