public import Credentials
public import NIOCore
import NIOSSL
public import Quantities
import Synchronization

/// What the TLS listener proves itself with, and whose stations it believes. Can be exchanged while sockets are open:
/// those that exist keep what they were made with.
public final class TLSServer: Sendable {
    /// A certificate with what leads to its root, and its key, both PEM.
    public struct Identity: Hashable, Sendable {
        public var chainPEM: String
        public var keyPEM: String
        public init(chainPEM: String, keyPEM: String) {
            self.chainPEM = chainPEM
            self.keyPEM = keyPEM
        }
    }
    public struct Settings: Sendable {
        /// One or two: OCPP wants an ECDSA and an RSA certificate (2.0.1 A00.FR.317, .318).
        public var identities: [Identity]
        /// Roots of station certificates; without any, nobody is asked for a certificate.
        public var stationRoots: [StationCertificate]
        public init(identities: [Identity], stationRoots: [StationCertificate] = []) {
            self.identities = identities
            self.stationRoots = stationRoots
        }
    }

    /// The suites of 2.0.1 A00.FR.313–321 below TLS 1.3, those with forward secrecy first. TLS 1.3 has its own.
    static let cipherSuites = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384", "AES128-GCM-SHA256", "AES256-GCM-SHA384",
    ].joined(separator: ":")

    struct Loaded: Sendable {
        var ecdsa: (context: NIOSSLContext, scheme: UInt16)?
        var rsa: NIOSSLContext?
        var verifier: ChainVerifier?
        var certificates: [StationCertificate]

        func context(for hello: ClientHello) -> NIOSSLContext? {
            if let ecdsa, rsa == nil || hello.accepts(ecdsaScheme: ecdsa.scheme) { return ecdsa.context }
            return rsa
        }
    }

    private let loaded: Mutex<Loaded>
    let clock: @Sendable () -> Instant

    /// - Parameter clock: the time by which certificates hold; real time, not the domain's.
    /// - Throws: ``CredentialFault`` when a certificate or key cannot be used.
    public init(_ settings: Settings, clock: @escaping @Sendable () -> Instant) throws(CredentialFault) {
        loaded = Mutex(try Self.load(settings))
        self.clock = clock
    }

    /// New sockets get these; when it throws, everything stays as it was.
    public func reload(_ settings: Settings) throws(CredentialFault) {
        let fresh = try Self.load(settings)
        loaded.withLock { $0 = fresh }
    }

    /// Puts TLS before everything that is added to a new channel afterwards, for a listener that is none of the gateway's.
    /// Call it on the channel's event loop.
    public func secure(_ channel: any Channel) throws {
        try channel.pipeline.syncOperations.addHandler(ClientHelloHandler(TransportSecurity(self)) { _ in })
    }

    /// The listener's own certificates, for the watch over their end.
    public var certificates: [StationCertificate] { loaded.withLock { $0.certificates } }

    var current: Loaded { loaded.withLock { $0 } }

    private static func load(_ settings: Settings) throws(CredentialFault) -> Loaded {
        guard !settings.identities.isEmpty else { throw CredentialFault("the TLS listener needs a certificate") }
        var result = Loaded(
            verifier: settings.stationRoots.isEmpty ? nil : ChainVerifier(roots: settings.stationRoots),
            certificates: [])
        for identity in settings.identities {
            let chain = try StationCertificate.chain(pem: identity.chainPEM)
            let own = chain[0]
            let context = try context(identity, chain, roots: settings.stationRoots)
            result.certificates.append(own)
            switch own.key {
            case .rsa:
                guard result.rsa == nil else { throw CredentialFault("two RSA certificates: one of each kind is used") }
                result.rsa = context
            case .ecdsa(let bits):
                guard result.ecdsa == nil else {
                    throw CredentialFault("two ECDSA certificates: one of each kind is used")
                }
                result.ecdsa = (context, bits == 256 ? 0x0403 : bits == 384 ? 0x0503 : 0x0603)
            case .ed25519:
                throw CredentialFault("\(own.subject) has an Ed25519 key, which stations do not know; use P-256 or RSA")
            }
        }
        return result
    }

    private static func context(
        _ identity: Identity, _ chain: [StationCertificate], roots: [StationCertificate]
    ) throws(CredentialFault) -> NIOSSLContext {
        do {
            let certificates = try chain.map { try NIOSSLCertificate(bytes: $0.der, format: .der) }
            let key = try NIOSSLPrivateKey(bytes: Array(identity.keyPEM.utf8), format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.cipherSuites = cipherSuites
            if !roots.isEmpty {
                // Stations of profile 2 have no certificate; whether one may come without is decided when it names itself.
                configuration.certificateVerification = .optionalVerification
                configuration.trustRoots = .certificates(
                    try roots.map { try NIOSSLCertificate(bytes: $0.der, format: .der) })
                configuration.sendCANameList = true
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw CredentialFault("\(chain[0].subject) and its key cannot be used for TLS: \(error)")
        }
    }
}
