import Crypto
import Foundation
import SwiftASN1
import X509

/// A station's request for a certificate (PKCS#10, RFC 2986), with everything checked that it claims by itself.
public struct SigningRequest: Sendable {
    /// Why a request is not signed; each is told to the operator.
    public enum Refusal: Error, Hashable, Sendable {
        case unreadable(String)
        /// The signature was not made by the key in the request.
        case badSignature
        case commonName(found: String?, expected: String)
        case organization(found: String?, expected: String)
        case weakKey(StationCertificate.KeyKind)
    }

    public let commonName: String?
    public let organization: String?
    public let key: StationCertificate.KeyKind
    let parsed: CertificateSigningRequest

    /// OCPP 1.6 security whitepaper and 2.0.1 allow 5500 characters of PEM.
    public static let maxLength = 5500

    public init(pem: String) throws(Refusal) {
        guard pem.utf8.count <= Self.maxLength else { throw .unreadable("more than \(Self.maxLength) characters") }
        guard let der = Self.der(in: pem) else {
            throw .unreadable("it is no PEM block CERTIFICATE REQUEST with base64 in it")
        }
        do {
            parsed = try CertificateSigningRequest(derEncoded: der)
        } catch CryptoKitError.incorrectParameterSize {
            throw .unreadable("its key has a size that is not taken; RSA needs 2048 bits or more")
        } catch {
            throw .unreadable("\(error)")
        }
        guard parsed.publicKey.isValidSignature(parsed.signature, for: parsed) else { throw .badSignature }
        commonName = parsed.subject.single(.RDNAttributeType.commonName)
        organization = parsed.subject.single(.RDNAttributeType.organizationName)
        do throws(CredentialFault) { key = try StationCertificate.KeyKind(parsed.publicKey) } catch {
            throw .unreadable(error.description)
        }
    }

    /// What lies in the PEM block. Stations write it with any line ends and line lengths, or without the lines around it.
    private static func der(in text: String) -> [UInt8]? {
        var body = text[...]
        if let begin = body.firstRange(of: "-----BEGIN ") {
            body = body[begin.upperBound...]
            guard let label = body.firstRange(of: "-----"),
                ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"].contains(body[..<label.lowerBound])
            else { return nil }
            body = body[label.upperBound...]
            guard let end = body.firstRange(of: "-----END ") else { return nil }
            body = body[..<end.lowerBound]
        }
        return Data(base64Encoded: String(body.filter { !$0.isWhitespace })).map(Array.init)
    }

    /// Whether this may become the certificate of `identity` (2.0.1 A00.FR.403–405; keys: A00.FR.50x, NIST 112 bits).
    public func check(identity: String, organization expected: String) throws(Refusal) {
        guard commonName == identity else { throw .commonName(found: commonName, expected: identity) }
        guard organization == expected else { throw .organization(found: organization, expected: expected) }
        switch key {
        case .ecdsa: return
        case .rsa(let bits) where bits >= 2048: return
        case .rsa, .ed25519: throw .weakKey(key)
        }
    }
}

extension SigningRequest.Refusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreadable(let why): "the signing request cannot be read: \(why)"
        case .badSignature: "the signing request is not signed with the key it names"
        case .commonName(let found, let expected):
            "the signing request's common name is \(found ?? "missing"), but must be the station's identity \(expected)"
        case .organization(let found, let expected):
            "the signing request's organization is \(found ?? "missing"), but must be \(expected)"
        case .weakKey(let kind):
            "a key of the kind \(kind) is not taken: P-256 or stronger, or RSA with 2048 bits or more"
        }
    }
}
