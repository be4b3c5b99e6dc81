import Crypto
import CryptoExtras
import Foundation

/// Signs firmware for the stations: SHA-256 of the image with ECDSA (P-256, P-384) or RSA-PSS (2.0.1 L01.FR.11, 1.6
/// security whitepaper §4.4), by a key of the operator whose certificate goes along.
public struct FirmwareSigner: Sendable {
    private enum Key: Sendable {
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case rsa(_RSA.Signing.PrivateKey)
    }
    private let key: Key
    /// PEM.
    public let certificate: String
    /// What the wire takes (2.0.1 and 1.6: `signingCertificate`).
    public static let longestCertificate = 5500

    /// - Throws: ``CredentialFault`` when one of the two cannot be read, is of another kind, or does not fit the wire.
    public init(certificatePEM: String, keyPEM: String) throws(CredentialFault) {
        _ = try StationCertificate.chain(pem: certificatePEM)
        guard certificatePEM.unicodeScalars.count <= Self.longestCertificate else {
            throw CredentialFault(
                "files.signing_certificate is longer than the \(Self.longestCertificate) characters that OCPP takes")
        }
        if let key = try? P256.Signing.PrivateKey(pemRepresentation: keyPEM) {
            self.key = .p256(key)
        } else if let key = try? P384.Signing.PrivateKey(pemRepresentation: keyPEM) {
            self.key = .p384(key)
        } else if let key = try? _RSA.Signing.PrivateKey(pemRepresentation: keyPEM) {
            self.key = .rsa(key)
        } else {
            throw CredentialFault("files.signing_key is no key of ECDSA (P-256, P-384) or RSA in PEM")
        }
        certificate = certificatePEM
    }

    /// A digest as it is being made, a piece of the image after the other.
    public struct Digest: Sendable {
        fileprivate var digest = SHA256()
        public init() {}
        public mutating func add(_ bytes: [UInt8]) { digest.update(data: bytes) }
    }

    /// Base64 of the signature: DER for ECDSA, PSS with a salt as long as the digest for RSA.
    public func signature(of digest: Digest) throws(CredentialFault) -> String {
        let hash = digest.digest.finalize()
        do {
            let bytes: Data =
                switch key {
                case .p256(let key): try key.signature(for: hash).derRepresentation
                case .p384(let key): try key.signature(for: hash).derRepresentation
                case .rsa(let key): try key.signature(for: hash, padding: .PSS).rawRepresentation
                }
            return bytes.base64EncodedString()
        } catch {
            throw CredentialFault("the image cannot be signed: \(error)")
        }
    }
}
