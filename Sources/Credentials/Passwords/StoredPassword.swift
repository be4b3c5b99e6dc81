import Crypto

/// A station's password as it is kept; the text form goes into the database.
///
/// | text | for | cost of a check |
/// |---|---|---|
/// | `hmac-sha256:SECRET:DIGEST` | keys that we made: 20 random bytes need no slow function | 2 µs |
/// | `$argon2id$v=19$m=…,t=…,p=…$SALT$HASH` | what a person made up | some 10 ms, 19 MiB |
/// | `sha256:SALT:DIGEST` | written before there was a secret; still let in | 2 µs |
public enum StoredPassword: Hashable, Sendable {
    case keyed(secret: String, digest: [UInt8])
    case argon2id(String)
    case salted(salt: String, digest: [UInt8])

    /// `nil` when `text` is none of the forms.
    public init?(_ text: String) {
        if text.hasPrefix("$argon2id$") {
            self = .argon2id(text)
            return
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let digest = Hexadecimal.decode(Array(parts[2].utf8)), digest.count == 32 else {
            return nil
        }
        switch parts[0] {
        case "hmac-sha256": self = .keyed(secret: String(parts[1]), digest: digest)
        case "sha256": self = .salted(salt: String(parts[1]), digest: digest)
        default: return nil
        }
    }

    public var text: String {
        switch self {
        case .keyed(let secret, let digest): "hmac-sha256:\(secret):\(Hexadecimal.encode(digest))"
        case .argon2id(let encoded): encoded
        case .salted(let salt, let digest): "sha256:\(salt):\(Hexadecimal.encode(digest))"
        }
    }

    /// Digits of a key as one would give it to a station: 20 random bytes, 40 hexadecimal digits. Valid as
    /// `AuthorizationKey` of 1.6 (hexadecimal, at most 40 digits) and as `BasicAuthPassword` of 2.x (16 to 40 characters).
    public static func generateKey() -> String { Hexadecimal.encode(RandomBytes.make(20)) }

    /// The form for a key of ours.
    public init(key: String, under secret: DigestSecret) {
        self = .keyed(
            secret: secret.identifier, digest: secret.digest(of: PasswordForm.canonical(Array(key.utf8))))
    }

    /// The form for what a person made up; takes some 10 ms.
    /// - Throws: ``CredentialFault`` when there is no memory for it.
    public init(madeUp password: String, cost: Argon2.Cost = .standard) throws(CredentialFault) {
        self = .argon2id(
            try Argon2.encode(PasswordForm.canonical(Array(password.utf8)), salt: RandomBytes.make(16), cost: cost))
    }
}

extension StoredPassword {
    enum FastVerdict { case right, wrong, otherSecret }

    /// For the forms that need no slow function; `nil` for Argon2.
    func fastVerdict(on presented: [UInt8], secret: DigestSecret) -> FastVerdict? {
        switch self {
        case .argon2id: return nil
        case .keyed(let identifier, let digest):
            guard identifier == secret.identifier else { return .otherSecret }
            return PasswordForm.meanings(of: presented).contains {
                constantTimeEqual(secret.digest(of: $0), digest)
            } ? .right : .wrong
        case .salted(let salt, let digest):
            // These were taken of the text as configured, so the bytes behind it are turned back into digits.
            let digits = Hexadecimal.encode(presented)
            return [presented, Array(digits.utf8), Array(digits.uppercased().utf8)].contains { form in
                constantTimeEqual(Array(SHA256.hash(data: Array(salt.utf8) + form)), digest)
            } ? .right : .wrong
        }
    }
}
