import Charging
import Credentials
import Operations

extension CertificateReader {
    /// Reads X.509.
    static let x509 = CertificateReader { pem in
        guard let certificate = try? StationCertificate.chain(pem: pem).first else { return nil }
        return CertificateFacts(
            subject: certificate.subject, notAfter: certificate.notAfter, hashes: certificate.hashData)
    }
}

extension StationCertificate {
    /// How OCPP names it, by each of its algorithms; empty for one that another issued, whose key is not at hand.
    var hashData: [CertificateHashData] {
        guard isSelfIssued else { return [] }
        return CertificateHash.Algorithm.allCases.compactMap { algorithm in
            (try? CertificateHash(of: self, issuer: self, by: algorithm)).map {
                CertificateHashData(
                    algorithm: $0.hashAlgorithm, issuerNameHash: $0.issuerNameHash, issuerKeyHash: $0.issuerKeyHash,
                    serialNumber: $0.serialNumber)
            }
        }
    }

    /// One that the platform can give to stations.
    func root(named name: String, use: String) -> PlatformRoot {
        PlatformRoot(
            name: name, use: use, subject: subject, notAfter: notAfter, fingerprint: fingerprint, pem: pem,
            hashes: hashData)
    }
}
