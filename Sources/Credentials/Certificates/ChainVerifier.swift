public import Quantities
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

/// Whether a station's certificate leads to one of the roots that we trust.
public struct ChainVerifier: Sendable {
    /// What a certificate is shown as.
    public enum Use: Hashable, Sendable { case client, server }

    private let roots: CertificateStore
    private let use: Use

    /// - Parameter alsoSystem: the roots of this machine count too.
    public init(roots: [StationCertificate], alsoSystem: Bool = false, for use: Use = .client) {
        let own = roots.map(\.parsed)
        self.roots = alsoSystem ? CertificateStore.systemTrustRoots.appending(contentsOf: own) : CertificateStore(own)
        self.use = use
    }

    /// Longest chain a peer may present: each link costs a check of a signature.
    public static let maxChainLength = 6

    public enum Fault: Error, Hashable, Sendable {
        case noCertificate
        case tooLong
        case unreadable(String)
        case notYetValid(from: Instant)
        case notForClients
        case notForServers
        /// No chain to a trusted root, or one that breaks RFC 5280; with what the verifier says.
        case untrusted(String)
    }
    public struct Verdict: Hashable, Sendable {
        public let certificate: StationCertificate
        /// The certificate's own time is over. Everything else was judged as of its last instant: whether it may be used
        /// for a renewal is for the station's setting to say (A00.FR.429).
        public let isExpired: Bool
    }

    /// - Parameter presented: DER, the station's own certificate first.
    public func verify(_ presented: [[UInt8]], at now: Instant) async throws(Fault) -> Verdict {
        guard let own = presented.first else { throw .noCertificate }
        guard presented.count <= Self.maxChainLength else { throw .tooLong }
        let leaf: StationCertificate
        var others: [Certificate] = []
        do throws(CredentialFault) {
            leaf = try StationCertificate(der: own)
            for der in presented.dropFirst() { others.append(try StationCertificate(der: der).parsed) }
        } catch {
            throw .unreadable(error.description)
        }
        guard leaf.notBefore <= now else { throw .notYetValid(from: leaf.notBefore) }
        switch use {
        case .client: guard leaf.allows(.clientAuth) else { throw .notForClients }
        case .server: guard leaf.allows(.serverAuth) else { throw .notForServers }
        }
        let isExpired = leaf.notAfter < now
        let judged = isExpired ? leaf.notAfter : now
        var verifier = Verifier(rootCertificates: roots) {
            RFC5280Policy(fixedExpiryValidationTime: judged.date)
            ExtendedKeyUsagePassed()
        }
        switch await verifier.validate(leaf: leaf.parsed, intermediates: CertificateStore(others)) {
        case .validCertificate: return Verdict(certificate: leaf, isExpired: isExpired)
        case .couldNotValidate(let failures):
            let why = failures.map { "\($0.policyFailureReason)" }.joined(separator: "; ")
            throw .untrusted(why.isEmpty ? "it leads to none of the trusted roots" : why)
        }
    }
}

/// Extended key usage of the leaf is judged before the chain is built; here it is only said to be understood.
private struct ExtendedKeyUsagePassed: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [.X509ExtensionID.extendedKeyUsage]
    mutating func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
        .meetsPolicy
    }
}

extension StationCertificate {
    /// RFC 5280 §4.2.1.12: without the extension any use is allowed.
    func allows(_ usage: ExtendedKeyUsage.Usage) -> Bool {
        do {
            guard let usages = try parsed.extensions.extendedKeyUsage else { return true }
            return usages.contains(usage) || usages.contains(.any)
        } catch {
            return false
        }
    }
}

extension ChainVerifier.Fault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noCertificate: "no certificate was presented"
        case .tooLong: "more than \(ChainVerifier.maxChainLength) certificates were presented"
        case .unreadable(let why): why
        case .notYetValid(let from): "the certificate is valid from \(from) on; mind the clocks"
        case .notForClients: "the certificate's extended key usage does not allow clients"
        case .notForServers: "the certificate's extended key usage does not allow servers"
        case .untrusted(let why): "the certificate is not trusted: \(why)"
        }
    }
}
