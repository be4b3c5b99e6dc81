import Crypto
import SwiftASN1
import X509

/// How OCPP names a certificate (2.0.1 `CertificateHashDataType`, after RFC 6960 §4.1.1), with SHA-256.
public struct CertificateHash: Hashable, Sendable {
    public let hashAlgorithm = "SHA256"
    /// Digest of the issuer's name in DER.
    public let issuerNameHash: String
    /// Digest of the issuer's public key: the bits of the key alone, without tag, length and unused bits.
    public let issuerKeyHash: String
    /// Hexadecimal without leading zeros.
    public let serialNumber: String

    /// - Parameter issuer: the certificate that signed; a root's is itself.
    /// - Throws: ``CredentialFault`` when `issuer` is not the issuer's by name.
    public init(of certificate: StationCertificate, issuer: StationCertificate) throws(CredentialFault) {
        guard certificate.parsed.issuer == issuer.parsed.subject else {
            throw CredentialFault(
                "\(certificate.subject) was issued by \(certificate.issuer), not by \(issuer.subject)")
        }
        do {
            var name = DER.Serializer()
            try name.serialize(certificate.parsed.issuer)
            issuerNameHash = Hexadecimal.encode(SHA256.hash(data: name.serializedBytes))
        } catch {
            throw CredentialFault("the issuer's name cannot be written: \(error)")
        }
        issuerKeyHash = Hexadecimal.encode(SHA256.hash(data: Array(issuer.parsed.publicKey.subjectPublicKeyInfoBytes)))
        serialNumber = certificate.serialNumber
    }
}
