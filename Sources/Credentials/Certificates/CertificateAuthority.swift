import Crypto
import CryptoExtras
import Foundation
public import Quantities
import SwiftASN1
import X509

/// Our own certificate authority: a root made on demand or brought by the operator, which signs the certificates of
/// servers and stations.
public struct CertificateAuthority: Sendable {
    /// The signing certificate first, then what leads from it to a root, if it is none itself.
    public let chain: [StationCertificate]
    private let key: Certificate.PrivateKey

    public var certificate: StationCertificate { chain[0] }

    /// How long certificates hold.
    public struct Validity: Hashable, Sendable {
        public var root: Duration = .days(3650)
        public var server: Duration = .days(397)
        public var station: Duration = .days(365)
        /// Clocks of stations go slow.
        public var backdating: Duration = .hours(24)
        public init() {}
    }

    /// A new self-signed root with a P-256 key.
    public static func make(
        organization: String, name: String, validity: Validity = Validity(), at now: Instant
    ) throws(CredentialFault) -> CertificateAuthority {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        do {
            let subject = try DistinguishedName {
                CommonName(name)
                OrganizationName(organization)
            }
            let certificate = try Certificate(
                version: .v3, serialNumber: randomSerial(), publicKey: key.publicKey,
                notValidBefore: (now - validity.backdating).date, notValidAfter: (now + validity.root).date,
                issuer: subject, subject: subject,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: key.publicKey)
                },
                issuerPrivateKey: key)
            return CertificateAuthority(chain: [try StationCertificate(certificate)], key: key)
        } catch {
            throw CredentialFault("the root certificate cannot be made: \(error)")
        }
    }

    private init(chain: [StationCertificate], key: Certificate.PrivateKey) {
        self.chain = chain
        self.key = key
    }

    /// - Throws: ``CredentialFault`` when the texts are unreadable, the certificate is no authority, or the key is another's.
    public init(certificatePEM: String, keyPEM: String) throws(CredentialFault) {
        chain = try StationCertificate.chain(pem: certificatePEM)
        do { key = try Certificate.PrivateKey(pemEncoded: keyPEM) } catch {
            throw CredentialFault("the authority's key cannot be read; PEM without a passphrase is expected: \(error)")
        }
        guard chain[0].isAuthority else { throw CredentialFault("\(chain[0].subject) is no certificate authority") }
        guard chain[0].parsed.publicKey == key.publicKey else {
            throw CredentialFault("the authority's key does not belong to \(chain[0].subject)")
        }
    }

    /// PKCS#8 or SEC 1 without a passphrase: keep it in a file that only its owner may read.
    public func keyPEM() throws(CredentialFault) -> String {
        do { return try key.serializeAsPEM().pemString + "\n" } catch {
            throw CredentialFault("the authority's key cannot be written: \(error)")
        }
    }

    /// What a station shows its certificate for (2.0.1 A02).
    public enum StationUse: Hashable, Sendable {
        /// To us: it is a TLS client.
        case platform
        /// To vehicles (ISO 15118): it is a TLS server.
        case vehicles
        /// To both: a request without a use.
        case both
    }

    /// Signs a station's request; names and key were checked by ``SigningRequest/check(identity:organization:)``.
    /// - Returns: the station's certificate; send it with ``chain`` behind it.
    public func issueStation(
        _ request: SigningRequest, for use: StationUse = .platform, identity: String, organization: String,
        validity: Validity = Validity(), at now: Instant
    ) throws(CredentialFault) -> StationCertificate {
        do throws(SigningRequest.Refusal) { try request.check(identity: identity, organization: organization) } catch {
            throw CredentialFault(error.description)
        }
        let usages: [ExtendedKeyUsage.Usage] =
            switch use {
            case .platform: [.clientAuth]
            case .vehicles: [.serverAuth]
            case .both: [.clientAuth, .serverAuth]
            }
        return try issue(
            for: request.parsed.publicKey, commonName: identity, organization: organization, names: [],
            usages: usages, validFor: validity.station, backdating: validity.backdating, at: now)
    }

    /// One of `roots` is in its chain, or signed the end of it.
    public func leads(to roots: [StationCertificate]) -> Bool {
        chain.contains { own in roots.contains { $0 == own || $0.hasSigned(own) } }
    }

    public enum ServerKey: Hashable, Sendable { case ecdsa, rsa }

    /// A server's certificate and key, for all of `names` (host names and IPv4 addresses).
    public func issueServer(
        names: [String], key kind: ServerKey, organization: String, validity: Validity = Validity(), at now: Instant
    ) throws(CredentialFault) -> (certificate: StationCertificate, keyPEM: String) {
        guard let first = names.first else { throw CredentialFault("a server's certificate needs a name") }
        do {
            let key: Certificate.PrivateKey
            switch kind {
            case .ecdsa: key = Certificate.PrivateKey(P256.Signing.PrivateKey())
            case .rsa: key = Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits2048))
            }
            let certificate = try issue(
                for: key.publicKey, commonName: first, organization: organization, names: names, usages: [.serverAuth],
                validFor: validity.server, backdating: validity.backdating, at: now)
            return (certificate, try key.serializeAsPEM().pemString + "\n")
        } catch {
            throw (error as? CredentialFault) ?? CredentialFault("the server's key cannot be made: \(error)")
        }
    }

    private func issue(
        for publicKey: Certificate.PublicKey, commonName: String, organization: String, names: [String],
        usages: [ExtendedKeyUsage.Usage], validFor: Duration, backdating: Duration, at now: Instant
    ) throws(CredentialFault) -> StationCertificate {
        // Nothing outlives its issuer.
        let end = min(now + validFor, certificate.notAfter)
        guard end > now else {
            throw CredentialFault("the authority's own certificate ended at \(certificate.notAfter)")
        }
        do {
            let subject = try DistinguishedName {
                CommonName(commonName)
                OrganizationName(organization)
            }
            let extensions = try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true, keyEncipherment: StationCertificate.isRSA(publicKey)))
                try ExtendedKeyUsage(usages)
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(
                    keyIdentifier: try? certificate.parsed.extensions.subjectKeyIdentifier?.keyIdentifier)
                if !names.isEmpty { SubjectAlternativeNames(names.map(GeneralName.init(hostOrAddress:))) }
            }
            return try StationCertificate(
                try Certificate(
                    version: .v3, serialNumber: Self.randomSerial(), publicKey: publicKey,
                    notValidBefore: max(now - backdating, certificate.notBefore).date, notValidAfter: end.date,
                    issuer: certificate.parsed.subject, subject: subject, extensions: extensions,
                    issuerPrivateKey: key))
        } catch {
            throw (error as? CredentialFault) ?? CredentialFault("the certificate cannot be made: \(error)")
        }
    }

    /// 127 random bits, positive and without leading zeros (RFC 5280 §4.1.2.2).
    private static func randomSerial() -> Certificate.SerialNumber {
        var bytes = RandomBytes.make(16)
        bytes[0] = bytes[0] & 0x3F | 0x40
        return Certificate.SerialNumber(bytes: bytes)
    }
}

extension StationCertificate {
    /// It is the issuer by name, and its key made the signature.
    public func hasSigned(_ other: StationCertificate) -> Bool {
        parsed.subject == other.parsed.issuer
            && parsed.publicKey.isValidSignature(other.parsed.signature, for: other.parsed)
    }
    static func isRSA(_ key: Certificate.PublicKey) -> Bool { _RSA.Signing.PublicKey(key) != nil }
}

extension GeneralName {
    fileprivate init(hostOrAddress text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        if parts.count == 4, !parts.contains(nil) {
            self = .ipAddress(ASN1OctetString(contentBytes: parts.compactMap { $0 }[...]))
        } else {
            self = .dnsName(text)
        }
    }
}
