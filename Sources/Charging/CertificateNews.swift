/// What a station's answer tells of the certificates that it holds for trusting others (2.x block M, 1.6 security whitepaper).
public enum CertificateNews: Hashable, Sendable {
    /// It took this one, a PEM text, for a use in OCPP's word (`CSMSRootCertificate`, in 1.6 `CentralSystemRootCertificate`).
    case installed(use: String, pem: String)
    /// It has deleted it, or has none of that name.
    case gone(CertificateHashData)
    /// All that it holds for these uses; `nil`: for all.
    case listed([ListedCertificate], uses: [String]?)
}

/// One certificate in a station's list.
public struct ListedCertificate: Hashable, Sendable {
    public let use: String
    public let hash: CertificateHashData
    /// It hangs below the nearest one before it that is no child (2.x).
    public let isChild: Bool
    public init(use: String, hash: CertificateHashData, isChild: Bool = false) {
        self.use = use
        self.hash = hash
        self.isChild = isChild
    }
}

/// How OCPP names a certificate (2.0.1 `CertificateHashDataType`).
public struct CertificateHashData: Hashable, Sendable {
    public let algorithm: String
    public let issuerNameHash: String
    public let issuerKeyHash: String
    public let serialNumber: String
    public init(algorithm: String, issuerNameHash: String, issuerKeyHash: String, serialNumber: String) {
        self.algorithm = algorithm
        self.issuerNameHash = issuerNameHash
        self.issuerKeyHash = issuerKeyHash
        self.serialNumber = serialNumber
    }

    /// Whether both name the same certificate: digits of either case, serial numbers with or without leading zeros.
    public func names(_ other: CertificateHashData) -> Bool {
        func plain(_ hash: CertificateHashData) -> [String] {
            [hash.algorithm, hash.issuerNameHash, hash.issuerKeyHash].map { $0.lowercased() }
                + [String(hash.serialNumber.lowercased().drop { $0 == "0" })]
        }
        return plain(self) == plain(other)
    }
}
