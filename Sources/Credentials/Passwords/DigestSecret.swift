import Crypto
import Foundation

/// The secret of this installation under which station keys are digested. Who has only the database cannot try keys.
public struct DigestSecret: Sendable {
    private let key: SymmetricKey
    /// Says which secret made a digest, without telling it: the first 8 hexadecimal digits of a digest of its own.
    public let identifier: String

    static let byteCount = 32

    /// - Precondition: 32 bytes of good randomness.
    public init(bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount, "the secret has 32 bytes")
        key = SymmetricKey(data: bytes)
        let mark = HMAC<SHA256>.authenticationCode(for: Array("identifier".utf8), using: key)
        identifier = Hexadecimal.encode(mark.prefix(4))
    }

    func digest(of bytes: [UInt8]) -> [UInt8] { Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key)) }

    /// The secret in `directory`, made on the first start; only its owner may read the file.
    /// - Throws: ``CredentialFault`` when it cannot be read or written, is damaged, or others may read it.
    public static func open(in directory: String) throws(CredentialFault) -> DigestSecret {
        let path = directory + "/station-keys.secret"
        if let bytes = try PrivateFile.read(path) {
            guard let secret = Hexadecimal.decode(bytes.filter { $0 != UInt8(ascii: "\n") }), secret.count == byteCount
            else {
                throw CredentialFault(
                    "\(path) is damaged: 64 hexadecimal digits are expected. Restore it from a backup; without it "
                        + "all generated station keys must be made anew.")
            }
            return DigestSecret(bytes: secret)
        }
        let bytes = RandomBytes.make(byteCount)
        try PrivateFile.create(path, Array((Hexadecimal.encode(bytes) + "\n").utf8))
        return DigestSecret(bytes: bytes)
    }
}

enum RandomBytes {
    static func make(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

/// What is wrong with secrets, passwords or certificates, and the way out.
public struct CredentialFault: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
