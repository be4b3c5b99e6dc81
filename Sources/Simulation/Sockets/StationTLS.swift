import Credentials
import NIOCore
import NIOSSL
import Synchronization

/// The TLS of stations as clients (security profiles 2 and 3): 1.2 or newer, suites of 2.0.1 A00.FR.313–321, the server's
/// certificate checked for its way to a trusted root, its time and its name.
final class StationTLS: Sendable {
    /// What makes one context different from another.
    struct Material: Hashable, Sendable {
        let roots: [StationCertificate]
        let trustsSystem: Bool
        /// Empty below profile 3.
        let chain: [StationCertificate]
        let keyPEM: String
    }

    /// A context is some hundred kilobytes, and stations of one fleet mostly trust the same.
    private static let mostContexts = 256
    private static let suites = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384", "AES128-GCM-SHA256", "AES256-GCM-SHA384",
    ].joined(separator: ":")
    private let contexts = Mutex<[Material: NIOSSLContext]>([:])

    /// - Throws: what the TLS library says of the certificate and its key.
    func handler(_ material: Material, host: String) throws -> NIOSSLClientHandler {
        let context = try context(material)
        // Against an address the certificate's addresses are checked, and no name is sent (RFC 6066 §3).
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }

    private func context(_ material: Material) throws -> NIOSSLContext {
        if let known = contexts.withLock({ $0[material] }) { return known }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuites = Self.suites
        configuration.certificateVerification = .fullVerification
        let roots = try material.roots.map { try NIOSSLCertificate(bytes: $0.der, format: .der) }
        if material.trustsSystem {
            if !roots.isEmpty { configuration.additionalTrustRoots = [.certificates(roots)] }
        } else {
            configuration.trustRoots = .certificates(roots)
        }
        if !material.chain.isEmpty {
            configuration.certificateChain = try material.chain.map {
                .certificate(try NIOSSLCertificate(bytes: $0.der, format: .der))
            }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(material.keyPEM.utf8), format: .pem))
        }
        let made = try NIOSSLContext(configuration: configuration)
        contexts.withLock { contexts in
            if contexts.count >= Self.mostContexts { contexts.removeAll() }
            contexts[material] = made
        }
        return made
    }

    /// What a failure means to the station, and in words without the library's places.
    static func meaning(of error: any Error) -> (reason: String, refusal: StationRefusal?) {
        let text = "\(error)"
        if (error as? NIOSSLExtraError) == .failedToValidateHostname {
            return ("the server's certificate is for another name", .untrustedServer("another name"))
        }
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return ("the server's certificate is not trusted", .untrustedServer("not trusted"))
        }
        // The server's alerts about ours.
        for word in ["ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE", "ALERT_UNKNOWN_CA", "ALERT_ACCESS_DENIED"]
        where text.contains(word) {
            return ("the central system turned the station's certificate away", .notAdmitted)
        }
        if case NIOSSLError.uncleanShutdown = error { return ("it ended without a goodbye", nil) }
        let reasons = text.split(separator: ":").filter { $0.contains("_") && !$0.contains("OPENSSL_internal") }
        return (reasons.isEmpty ? text : "TLS: " + reasons.joined(separator: ", "), nil)
    }
}
