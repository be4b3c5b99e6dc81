import Charging
import OCPPMessages

// Which certificates stations hold, as their answers tell it: 1.6 has messages of its own for two uses and carries those of
// 2.0.1 for the others (OCA application note on plug and charge).
extension AnsweredCall {
    static let certificateActions: Set<String> = [
        "InstallCertificate", "DeleteCertificate", "GetInstalledCertificateIds", "DataTransfer",
    ]

    var certificateFact: StationFact? { certificateNews.map { .certificates($0) } }

    private var certificateNews: CertificateNews? {
        switch self {
        case .v16(.installCertificate(let sent), .installCertificate(let answer)):
            answer.status == .accepted ? .installed(use: sent.certificateType.name, pem: sent.certificate) : nil
        case .v16(.deleteCertificate(let sent), .deleteCertificate(let answer)):
            [.accepted, .notFound].contains(answer.status) ? .gone(CertificateHashData(sent.certificateHashData)) : nil
        case .v16(.getInstalledCertificateIds(let sent), .getInstalledCertificateIds(let answer)):
            CertificateNews(sent, answer)
        case .v16(.dataTransfer(let sent), .dataTransfer(let answer)):
            PlugAndCharge16.call(sent, answer).flatMap { Self.news($0, $1) }
        case .v2(let sent, let answer): Self.news(sent, answer)
        default: nil
        }
    }

    private static func news(_ request: V2.Request, _ response: V2.Response) -> CertificateNews? {
        switch (request, response) {
        case (.installCertificate(let sent), .installCertificate(let answer)):
            answer.status == .accepted ? .installed(use: sent.certificateType.name, pem: sent.certificate) : nil
        case (.deleteCertificate(let sent), .deleteCertificate(let answer)):
            [.accepted, .notFound].contains(answer.status) ? .gone(CertificateHashData(sent.certificateHashData)) : nil
        case (.getInstalledCertificateIds(let sent), .getInstalledCertificateIds(let answer)):
            CertificateNews(sent, answer)
        default: nil
        }
    }
}

extension CertificateNews {
    fileprivate init?(
        _ sent: V16.GetInstalledCertificateIdsRequest, _ answer: V16.GetInstalledCertificateIdsResponse
    ) {
        guard [.accepted, .notFound].contains(answer.status) else { return nil }
        let use = sent.certificateType.name
        let told = answer.status == .accepted ? answer.certificateHashData ?? [] : []
        self = .listed(told.map { ListedCertificate(use: use, hash: CertificateHashData($0)) }, uses: [use])
    }

    fileprivate init?(
        _ sent: V2.GetInstalledCertificateIdsRequest, _ answer: V2.GetInstalledCertificateIdsResponse
    ) {
        guard [.accepted, .notFound].contains(answer.status) else { return nil }
        let told = answer.status == .accepted ? answer.certificateHashDataChain ?? [] : []
        let listed = told.flatMap { link in
            [ListedCertificate(use: link.certificateType.name, hash: CertificateHashData(link.certificateHashData))]
                + (link.childCertificateHashData ?? []).map {
                    ListedCertificate(
                        use: link.certificateType.name, hash: CertificateHashData($0), isChild: true)
                }
        }
        self = .listed(listed, uses: sent.certificateType?.map(\.name))
    }
}

extension CertificateHashData {
    /// A station that says more than the standard allows is cut short.
    fileprivate init(_ data: V16.CertificateHashData) {
        self.init(
            algorithm: String(data.hashAlgorithm.name.prefix(20)),
            issuerNameHash: String(data.issuerNameHash.prefix(128)),
            issuerKeyHash: String(data.issuerKeyHash.prefix(128)), serialNumber: String(data.serialNumber.prefix(40)))
    }
    fileprivate init(_ data: V2.CertificateHashData) {
        self.init(
            algorithm: String(data.hashAlgorithm.name.prefix(20)),
            issuerNameHash: String(data.issuerNameHash.prefix(128)),
            issuerKeyHash: String(data.issuerKeyHash.prefix(128)), serialNumber: String(data.serialNumber.prefix(40)))
    }
}

// MARK: - What we ask

extension OCPP16Adapter {
    /// Uses that 1.6 has messages of its own for, in its words.
    static let certificateUses = V16.CertificateUse.allCases.map(\.name)

    static func installCertificate(use: String, pem: String) -> (action: V16.Action, payload: [UInt8]) {
        guard let own = certificateUse(use) else {
            return wrapped(.installCertificate, OCPP2Adapter.installCertificate(use: use, pem: pem))
        }
        return (.installCertificate, V16.InstallCertificateRequest(certificateType: own, certificate: pem).json)
    }

    /// - Parameter use: `nil`: not known; then one of 1.6's own is meant.
    static func listCertificates(use: String?) -> (action: V16.Action, payload: [UInt8]) {
        guard let own = use.map(certificateUse) ?? .centralSystemRootCertificate else {
            return wrapped(.getInstalledCertificateIds, OCPP2Adapter.listCertificates(use: use))
        }
        return (.getInstalledCertificateIds, V16.GetInstalledCertificateIdsRequest(certificateType: own).json)
    }

    static func deleteCertificate(
        _ hash: CertificateHashData, use: String?
    ) -> (action: V16.Action, payload: [UInt8]) {
        if let use, certificateUse(use) == nil {
            return wrapped(.deleteCertificate, OCPP2Adapter.deleteCertificate(hash))
        }
        let data = V16.CertificateHashData(
            hashAlgorithm: V16.HashAlgorithm(hash.algorithm), issuerNameHash: hash.issuerNameHash,
            issuerKeyHash: hash.issuerKeyHash, serialNumber: hash.serialNumber)
        return (.deleteCertificate, V16.DeleteCertificateRequest(certificateHashData: data).json)
    }

    private static func wrapped(_ action: V2.Action, _ payload: [UInt8]) -> (action: V16.Action, payload: [UInt8]) {
        (.dataTransfer, PlugAndCharge16.call(action, payload).payload)
    }

    /// `nil`: one of plug and charge.
    private static func certificateUse(_ word: String) -> V16.CertificateUse? {
        switch word {
        case V2.InstallCertificateUse.csmsRootCertificate.name, V16.CertificateUse.centralSystemRootCertificate.name:
            .centralSystemRootCertificate
        case V16.CertificateUse.manufacturerRootCertificate.name: .manufacturerRootCertificate
        default: nil
        }
    }
}

extension OCPP2Adapter {
    static func installCertificate(use: String, pem: String) -> [UInt8] {
        V2.InstallCertificateRequest(certificateType: V2.InstallCertificateUse(use), certificate: pem).json
    }
    static func listCertificates(use: String?) -> [UInt8] {
        V2.GetInstalledCertificateIdsRequest(certificateType: use.map { [V2.GetCertificateIdUse($0)] }).json
    }
    static func deleteCertificate(_ hash: CertificateHashData) -> [UInt8] {
        V2.DeleteCertificateRequest(
            certificateHashData: V2.CertificateHashData(
                hashAlgorithm: V2.HashAlgorithm(hash.algorithm), issuerNameHash: hash.issuerNameHash,
                issuerKeyHash: hash.issuerKeyHash, serialNumber: hash.serialNumber)
        ).json
    }
}
