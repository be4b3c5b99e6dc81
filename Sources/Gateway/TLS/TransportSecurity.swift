import Credentials
import NIOCore
import NIOSSL
public import Quantities

/// A station's certificate that leads to a trusted root, as its socket's handshake proved it.
public struct PeerCertificate: Hashable, Sendable {
    public let commonName: String?
    public let organization: String?
    /// Hexadecimal without leading zeros.
    public let serialNumber: String
    public let fingerprint: String
    public let subject: String
    public let issuer: String
    public let notBefore: Instant
    public let notAfter: Instant
    /// Only its time is over; whether that is forgiven is for the station's setting to say.
    public let isExpired: Bool

    init(_ verdict: ChainVerifier.Verdict) {
        commonName = verdict.certificate.commonName
        organization = verdict.certificate.organization
        serialNumber = verdict.certificate.serialNumber
        fingerprint = verdict.certificate.fingerprint
        subject = verdict.certificate.subject
        issuer = verdict.certificate.issuer
        notBefore = verdict.certificate.notBefore
        notAfter = verdict.certificate.notAfter
        isExpired = verdict.isExpired
    }
}

/// The TLS of one socket, from its first byte on. Touched on the socket's event loop only.
final class TransportSecurity: @unchecked Sendable {
    private let server: TLSServer
    private var handler: NIOSSLServerHandler?
    /// The one that this handshake proved.
    private var verified: PeerCertificate?
    /// Why the peer's certificate was turned away.
    private var fault: ChainVerifier.Fault?

    init(_ server: TLSServer) { self.server = server }

    /// The handler that decrypts for a client which said `hello`; `nil` when no certificate of ours is for it.
    func makeHandler(for hello: ClientHello, on eventLoop: any EventLoop) -> NIOSSLServerHandler? {
        let loaded = server.current
        guard let context = loaded.context(for: hello) else { return nil }
        let handler = NIOSSLServerHandler(context: context) { [weak self, server] presented, promise in
            guard let self, let verifier = loaded.verifier else { return promise.succeed(.failed) }
            self.verify(presented, by: verifier, at: server.clock(), on: eventLoop) { isTrusted in
                promise.succeed(isTrusted ? .certificateVerified : .failed)
            }
        }
        self.handler = handler
        return handler
    }

    /// Signatures are checked on threads of their own, not on the event loop.
    private func verify(
        _ presented: [NIOSSLCertificate], by verifier: ChainVerifier, at now: Instant, on eventLoop: any EventLoop,
        then: @escaping @Sendable (Bool) -> Void
    ) {
        let chain = presented.prefix(ChainVerifier.maxChainLength + 1).map { (try? $0.toDERBytes()) ?? [] }
        Task(executorPreference: VerificationExecutor.shared) {
            let result: Result<PeerCertificate, ChainVerifier.Fault>
            do throws(ChainVerifier.Fault) {
                result = .success(PeerCertificate(try await verifier.verify(chain, at: now)))
            } catch {
                result = .failure(error)
            }
            eventLoop.execute {
                switch result {
                case .success(let certificate):
                    self.verified = certificate
                    then(true)
                case .failure(let fault):
                    self.fault = fault
                    then(false)
                }
            }
        }
    }

    /// What went wrong, for the operator. The library's own words name places in its sources: they are left out.
    func text(of error: any Error) -> String {
        switch error {
        case NIOSSLError.uncleanShutdown: return "it ended without a goodbye"
        case NIOSSLError.handshakeFailed(let cause):
            if let fault { return "TLS handshake: \(fault)" }
            let reasons = "\(cause)".split(separator: ":").filter { $0.contains("_") }.compactMap { word in
                word.split(separator: " ").first.map(String.init)
            }.filter { $0 != "OPENSSL_internal" }
            return "TLS handshake: " + (reasons.isEmpty ? "it was broken off" : reasons.joined(separator: ", "))
        default: return "\(error)"
        }
    }

    /// The peer's certificate. A resumed session brings one that this socket's handshake did not check: then it is
    /// checked now, by the roots of today.
    func certificate(on eventLoop: any EventLoop, then: @escaping @Sendable (PeerCertificate?) -> Void) {
        guard verified == nil, let presented = handler?.peerCertificate, let verifier = server.current.verifier else {
            return then(verified)
        }
        verify([presented], by: verifier, at: server.clock(), on: eventLoop) { _ in then(self.verified) }
    }
}
