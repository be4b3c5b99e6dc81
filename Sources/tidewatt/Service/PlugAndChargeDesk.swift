import Charging
import Credentials
import Documents
import Foundation
import OCPPMessages
import Operations
import Quantities

/// What stations ask about ISO 15118 and only others can say: contract certificates from a provider, the status of
/// certificates from OCSP responders, and whether the chain of a contract holds (2.0.1 C07, M01, M02, M06).
///
/// What cannot be found out is told as such: `Failed`, or a chain that cannot be verified.
final class PlugAndChargeDesk: Sendable {
    private let http: HTTPDesk
    private let ocsp: OCSPDesk
    private let roots: [StationCertificate]
    /// Where contract certificates come from; empty: nowhere.
    private let provider: String
    private let clock: @Sendable () -> Instant
    /// A vehicle waits five seconds for these (ISO 15118-2 table 109): later nobody would have it.
    private static let patience: Duration = .seconds(5)
    private static let mostOfChain = 4

    init(
        http: HTTPDesk, ocsp: OCSPDesk, roots: [StationCertificate], provider: String,
        clock: @escaping @Sendable () -> Instant
    ) {
        self.http = http
        self.ocsp = ocsp
        self.roots = roots
        self.provider = provider
        self.clock = clock
    }

    /// Whether somebody must be asked before this can be answered.
    static func concerns(_ request: V2.Request) -> Bool {
        switch request {
        case .get15118EVCertificate, .getCertificateStatus, .getCertificateChainStatus: true
        case .authorize(let asked): asked.bringsCertificates
        default: false
        }
    }

    func ruling(on request: V2.Request, from identity: String) async -> CallRuling {
        switch request {
        case .get15118EVCertificate(let asked): .certificateService(await contract(asked, identity))
        case .getCertificateStatus(let asked):
            .certificateService(await answer(of: asked.ocspRequestData).map { .status(base64($0.der)) })
        case .getCertificateChainStatus(let asked): .certificateService(await statuses(asked))
        case .authorize(let asked): .certificates(await verdict(on: asked))
        default: .certificateService(nil)
        }
    }

    // MARK: - Contract certificates

    private func contract(
        _ asked: V2.Get15118EVCertificateRequest, _ identity: String
    ) async -> CertificateServiceAnswer? {
        guard !provider.isEmpty else { return nil }
        let body: JSONValue = [
            "station": .string(identity), "action": .string(asked.action.name),
            "schema_version": .string(asked.iso15118SchemaVersion), "exi_request": .string(asked.exiRequest),
            "maximum_contract_chains": asked.maximumContractCertificateChains.map { .int($0) } ?? .null,
            "prioritized_emaids": .array((asked.prioritizedEMAIDs ?? []).map { .string($0) }),
        ]
        guard
            let bytes = try? await http.post(
                Array(body.text().utf8), type: "application/json", accept: "application/json", to: provider,
                within: Self.patience),
            let told = HookAnswer(bytes)
        else { return nil }
        let isAccepted = told["status"] == "Accepted"
        // An acceptance without a message for the vehicle is none.
        guard let exi = told["exi_response"], exi.utf8.count <= Self.longestExi(asked), !isAccepted || !exi.isEmpty
        else {
            return isAccepted ? nil : .contract(isAccepted: false, exi: "", remaining: nil, reason: reason(told))
        }
        return .contract(
            isAccepted: isAccepted, exi: exi, remaining: told.number("remaining_contracts"),
            reason: isAccepted ? nil : reason(told))
    }
    /// `exiResponse`: 7500 in 2.0.1, 17 000 in 2.1, whose stations say how many contracts they take.
    private static func longestExi(_ asked: V2.Get15118EVCertificateRequest) -> Int {
        asked.maximumContractCertificateChains == nil ? 7500 : 17_000
    }
    private func reason(_ told: HookAnswer) -> String? { told["reason"].map { String($0.prefix(512)) } }

    // MARK: - Status

    private func answer(of asked: V2.OCSPRequestData) async -> OCSPAnswer? {
        guard let id = OCSPCertificateID(asked) else { return nil }
        return await ocsp.status(of: id, at: [asked.responderURL])
    }

    private func statuses(_ asked: V2.GetCertificateChainStatusRequest) async -> CertificateServiceAnswer {
        var found: [CertificateServiceAnswer.CertificateStatus] = []
        for one in asked.certificateStatusRequests.prefix(Self.mostOfChain) {
            let hash = one.certificateHashData
            let id = OCSPCertificateID(
                algorithm: hash.hashAlgorithm.name, issuerNameHash: hash.issuerNameHash,
                issuerKeyHash: hash.issuerKeyHash, serialNumber: hash.serialNumber)
            var answer: OCSPAnswer?
            // Revocation lists are not read here.
            if let id, one.source == .ocsp { answer = await ocsp.status(of: id, at: one.urls) }
            found.append(
                .init(word: answer?.status.rawValue ?? "Failed", nextUpdate: answer?.nextUpdate ?? clock()))
        }
        return .statuses(found)
    }

    // MARK: - C07

    /// C07.FR.13 to FR.17, without the token.
    private func verdict(on asked: V2.AuthorizeRequest) async -> ContractVerdict {
        var chain: [StationCertificate] = []
        if let pem = asked.certificate {
            guard let read = try? StationCertificate.chain(pem: pem), !roots.isEmpty else { return .chainError }
            chain = read
            do throws(ChainVerifier.Fault) {
                let found = try await ChainVerifier(roots: roots).verify(read.map(\.der), at: clock())
                if found.isExpired { return .expired }
            } catch {
                return read.contains { $0.notAfter < clock() } ? .expired : .chainError
            }
        }
        var questions: [(id: OCSPCertificateID, addresses: [String])] = []
        if let data = asked.iso15118CertificateHashData, !data.isEmpty {
            for one in data.prefix(Self.mostOfChain) {
                guard let id = OCSPCertificateID(one) else { return .chainError }
                questions.append((id, [one.responderURL]))
            }
        } else {
            let issuers = chain.dropFirst() + roots
            for one in chain.prefix(Self.mostOfChain) {
                // What we trust as it is answers for itself.
                guard one.subject != one.issuer, !roots.contains(one) else { continue }
                guard let issuer = issuers.first(where: { $0.subject == one.issuer }),
                    let id = try? OCSPCertificateID(of: one, issuer: issuer)
                else { return .chainError }
                questions.append((id, one.responders))
            }
        }
        guard !questions.isEmpty else { return .chainError }
        for (id, addresses) in questions {
            switch await ocsp.status(of: id, at: addresses, others: chain)?.status {
            case .good: continue
            case .revoked: return .revoked
            case .unknown, nil: return .chainError
            }
        }
        return .valid
    }
}

extension OCSPCertificateID {
    fileprivate init?(_ data: V2.OCSPRequestData) {
        self.init(
            algorithm: data.hashAlgorithm.name, issuerNameHash: data.issuerNameHash,
            issuerKeyHash: data.issuerKeyHash, serialNumber: data.serialNumber)
    }
}

/// Base64 without line breaks (RFC 4648 §4).
private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
