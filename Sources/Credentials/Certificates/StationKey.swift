import Crypto
import SwiftASN1
import X509

/// A key pair of a station's own (P-256), with which it asks for a certificate and then proves that it holds it.
public struct StationKey: Sendable {
    private let key: Certificate.PrivateKey

    public static func make() -> StationKey { StationKey(key: Certificate.PrivateKey(P256.Signing.PrivateKey())) }

    private init(key: Certificate.PrivateKey) { self.key = key }

    /// - Throws: ``CredentialFault`` when there is no private key in `pem` that can be read without a passphrase.
    public init(pem: String) throws(CredentialFault) {
        do {
            let documents = try PEMDocument.parseMultiple(pemString: pem)
            guard let document = documents.first(where: { $0.discriminator.hasSuffix("PRIVATE KEY") }) else {
                throw CredentialFault("there is no PRIVATE KEY block in this PEM text")
            }
            key = try Certificate.PrivateKey(pemDocument: document)
        } catch {
            throw (error as? CredentialFault) ?? CredentialFault("this key cannot be read: \(error)")
        }
    }

    /// Without a passphrase: keep it in a file that only its owner may read.
    public func pem() throws(CredentialFault) -> String {
        do { return try key.serializeAsPEM().pemString + "\n" } catch {
            throw CredentialFault("this key cannot be written: \(error)")
        }
    }

    /// A request for a certificate of these names, in PEM (PKCS#10, RFC 2986).
    public func request(commonName: String, organization: String) throws(CredentialFault) -> String {
        do {
            let subject = try DistinguishedName {
                CommonName(commonName)
                OrganizationName(organization)
            }
            let request = try CertificateSigningRequest(
                version: .v1, subject: subject, privateKey: key, attributes: CertificateSigningRequest.Attributes())
            return try request.serializeAsPEM().pemString + "\n"
        } catch {
            throw CredentialFault("the signing request cannot be made: \(error)")
        }
    }

    /// It is the one that the certificate was issued for.
    public func fits(_ certificate: StationCertificate) -> Bool { key.publicKey == certificate.parsed.publicKey }
}
