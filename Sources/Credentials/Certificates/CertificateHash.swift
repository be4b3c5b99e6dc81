import Crypto
import SwiftASN1
import X509

/// How OCPP names a certificate (2.0.1 `CertificateHashDataType`, after RFC 6960 §4.1.1).
public struct CertificateHash: Hashable, Sendable {
    /// Those of OCPP, in its words; the first is the usual one.
    public enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case sha256 = "SHA256"
        case sha384 = "SHA384"
        case sha512 = "SHA512"
    }
    public let algorithm: Algorithm
    public var hashAlgorithm: String { algorithm.rawValue }
    /// Digest of the issuer's name in DER.
    public let issuerNameHash: String
    /// Digest of the issuer's public key: the bits of the key alone, without tag, length and unused bits.
    public let issuerKeyHash: String
    /// Hexadecimal without leading zeros.
    public let serialNumber: String

    /// - Parameter issuer: the certificate that signed; a root's is itself.
    /// - Throws: ``CredentialFault`` when `issuer` is not the issuer's by name.
    public init(
        of certificate: StationCertificate, issuer: StationCertificate, by algorithm: Algorithm = .sha256
    ) throws(CredentialFault) {
        guard certificate.parsed.issuer == issuer.parsed.subject else {
            throw CredentialFault(
                "\(certificate.subject) was issued by \(certificate.issuer), not by \(issuer.subject)")
        }
        self.algorithm = algorithm
        do {
            var name = DER.Serializer()
            try name.serialize(certificate.parsed.issuer)
            issuerNameHash = algorithm.digest(name.serializedBytes)
        } catch {
            throw CredentialFault("the issuer's name cannot be written: \(error)")
        }
        issuerKeyHash = algorithm.digest(Array(issuer.parsed.publicKey.subjectPublicKeyInfoBytes))
        serialNumber = certificate.serialNumber
    }
}

extension CertificateHash.Algorithm {
    fileprivate func digest(_ bytes: [UInt8]) -> String {
        switch self {
        case .sha256: Hexadecimal.encode(SHA256.hash(data: bytes))
        case .sha384: Hexadecimal.encode(SHA384.hash(data: bytes))
        case .sha512: Hexadecimal.encode(SHA512.hash(data: bytes))
        }
    }
}

extension StationCertificate {
    /// What it says of itself is its own doing: roots are.
    public var isSelfIssued: Bool { parsed.issuer == parsed.subject }
}
