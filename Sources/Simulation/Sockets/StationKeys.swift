import Credentials
import NIOCore
import Quantities

/// The keys of one station, by the numbers that its machine has for them. Lives on the station's event loop; keys are made
/// and signatures judged beside it.
final class StationKeys {
    private var keys: [Int: StationKey] = [:]
    private let folder: StationFolder?
    private let identity: String

    init(identity: String, first: StationKey?, folder: StationFolder?) {
        self.identity = identity
        self.folder = folder
        keys[StationSecurity.firstKey] = first
    }

    /// PEM; empty when there is none.
    func pem(_ number: Int) -> String { keys[number].flatMap { try? $0.pem() } ?? "" }

    func key(_ number: Int) -> StationKey? { keys[number] }

    /// A machine asks for one certificate of a use at a time: what is older than the last few is nobody's.
    func remember(_ key: StationKey, _ number: Int, inUse: Set<Int>) {
        keys[number] = key
        keys = keys.filter { inUse.contains($0.key) || $0.key > number - 8 }
    }

    /// - Returns: why it could not be kept.
    func keep(_ number: Int, _ chain: [StationCertificate]) -> String? {
        guard let folder, let key = keys[number] else { return nil }
        do throws(CredentialFault) { try folder.keep(chain, key, of: identity) } catch { return error.description }
        return nil
    }

    /// A new key and a request for a certificate of it.
    static func make(commonName: String, organization: String) -> (key: StationKey, request: String)? {
        let key = StationKey.make()
        return (try? key.request(commonName: commonName, organization: organization)).map { (key, $0) }
    }
}

extension CertificateJudgement {
    /// Whether the station takes the certificate (2.0.1 A02.FR.06).
    /// - Parameter own: the key that it asked with.
    /// - Returns: why not; `nil`: it does.
    public func fault(for own: StationKey?) async -> String? {
        guard let certificate = chain.first else { return "there is none" }
        guard let own, own.fits(certificate) else { return "it is for another key" }
        if use != .vehicles {
            guard certificate.commonName == commonName else { return "it is for another station" }
            guard certificate.organization == organization else { return "it is of another organization" }
        }
        let verifier = ChainVerifier(roots: roots, alsoSystem: alsoSystem, for: use == .vehicles ? .server : .client)
        do throws(ChainVerifier.Fault) {
            let verdict = try await verifier.verify(chain.map(\.der), at: at)
            return verdict.isExpired ? "it is over" : nil
        } catch {
            return error.description
        }
    }
}
