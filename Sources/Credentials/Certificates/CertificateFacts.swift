import Crypto
import CryptoExtras
import Foundation
public import Quantities
import SwiftASN1
import X509

/// A certificate as it travels, and what we go by in it.
public struct StationCertificate: Hashable, Sendable {
    public let der: [UInt8]
    /// RFC 4514, as in `CN=CP1,O=Harbour Power`.
    public let subject: String
    public let issuer: String
    /// `nil` when the subject has none or several.
    public let commonName: String?
    public let organization: String?
    /// Hexadecimal digits without leading zeros, as OCPP writes serial numbers.
    public let serialNumber: String
    public let notBefore: Instant
    public let notAfter: Instant
    public let isAuthority: Bool
    public let key: KeyKind

    public enum KeyKind: Hashable, Sendable {
        case ecdsa(bits: Int)
        case rsa(bits: Int)
        case ed25519
    }

    let parsed: Certificate

    /// - Throws: ``CredentialFault`` when `der` is no X.509 certificate.
    public init(der: [UInt8]) throws(CredentialFault) {
        do { try self.init(Certificate(derEncoded: der)) } catch {
            throw (error as? CredentialFault) ?? CredentialFault("this is no X.509 certificate: \(error)")
        }
    }

    init(_ certificate: Certificate) throws(CredentialFault) {
        parsed = certificate
        do {
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            der = serializer.serializedBytes
        } catch {
            throw CredentialFault("this certificate cannot be written: \(error)")
        }
        subject = certificate.subject.description
        issuer = certificate.issuer.description
        commonName = certificate.subject.single(.RDNAttributeType.commonName)
        organization = certificate.subject.single(.RDNAttributeType.organizationName)
        let digits = Hexadecimal.encode(certificate.serialNumber.bytes).drop { $0 == "0" }
        serialNumber = digits.isEmpty ? "0" : String(digits)
        notBefore = Instant(certificate.notValidBefore)
        notAfter = Instant(certificate.notValidAfter)
        if case .isCertificateAuthority = try? certificate.extensions.basicConstraints {
            isAuthority = true
        } else {
            isAuthority = false
        }
        key = try KeyKind(certificate.publicKey)
    }

    /// All certificates of a PEM text, in its order.
    /// - Throws: ``CredentialFault`` when there is none, or one cannot be read.
    public static func chain(pem: String) throws(CredentialFault) -> [StationCertificate] {
        let documents: [PEMDocument]
        do { documents = try PEMDocument.parseMultiple(pemString: pem) } catch {
            throw CredentialFault("this is no PEM text: \(error)")
        }
        var chain: [StationCertificate] = []
        for document in documents where document.discriminator == Certificate.defaultPEMDiscriminator {
            chain.append(try StationCertificate(der: document.derBytes))
        }
        guard !chain.isEmpty else { throw CredentialFault("there is no CERTIFICATE block in this PEM text") }
        return chain
    }

    public var pem: String { PEMDocument(type: Certificate.defaultPEMDiscriminator, derBytes: der).pemString + "\n" }

    /// SHA-256 of the whole certificate, in hexadecimal.
    public var fingerprint: String { Hexadecimal.encode(SHA256.hash(data: der)) }

    public static func == (a: Self, b: Self) -> Bool { a.der == b.der }
    public func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

extension StationCertificate.KeyKind {
    init(_ key: Certificate.PublicKey) throws(CredentialFault) {
        if P256.Signing.PublicKey(key) != nil {
            self = .ecdsa(bits: 256)
        } else if P384.Signing.PublicKey(key) != nil {
            self = .ecdsa(bits: 384)
        } else if P521.Signing.PublicKey(key) != nil {
            self = .ecdsa(bits: 521)
        } else if let rsa = _RSA.Signing.PublicKey(key) {
            self = .rsa(bits: rsa.keySizeInBits)
        } else if Curve25519.Signing.PublicKey(key) != nil {
            self = .ed25519
        } else {
            throw CredentialFault("this certificate's kind of key is unknown; RSA, P-256, P-384 and P-521 are served")
        }
    }
}

extension DistinguishedName {
    /// The value of an attribute that stands once.
    func single(_ type: ASN1ObjectIdentifier) -> String? {
        let values = flatMap { $0 }.filter { $0.type == type }
        guard values.count == 1, let value = values.first else { return nil }
        return String(value.value)
    }
}

extension Instant {
    init(_ date: Date) { self.init(milliseconds: Int64(date.timeIntervalSince1970 * 1000)) }
    var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }
}
