import Credentials
import Foundation
import Gateway
import Quantities

/// The certificates of the `ocpps` listener: the operator's own files, or ones of our authority, made on the first start
/// in `DATA/pki` and renewed there a month before their end.
struct TLSMaterial: Sendable {
    let settings: TLSServer.Settings
    /// Ours, where the listener believes what it signs.
    let authority: CertificateAuthority?

    /// - Throws: ``CredentialFault`` naming the file and the way out.
    static func load(
        _ options: ServeConfiguration.TLS, directory: String, at now: Instant
    ) throws(CredentialFault) -> TLSMaterial {
        let folder = directory + "/pki"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CredentialFault("\(folder) cannot be made: \(error.localizedDescription)")
        }
        var roots: [StationCertificate] = []
        var signing: CertificateAuthority?
        if !options.stationRoots.isEmpty { roots += try StationCertificate.chain(pem: text(options.stationRoots)) }
        var identities: [TLSServer.Identity] = []
        for (certificate, key) in [
            (options.certificate, options.key), (options.secondCertificate, options.secondKey),
        ] where !certificate.isEmpty || !key.isEmpty {
            guard !certificate.isEmpty, !key.isEmpty else {
                throw CredentialFault("tls: a certificate and its key are named together")
            }
            identities.append(.init(chainPEM: try text(certificate), keyPEM: try privateText(key)))
        }
        if identities.isEmpty || options.stationRoots.isEmpty {
            let authority = try authority(options, folder, now)
            if options.stationRoots.isEmpty {
                roots.append(authority.certificate)
                signing = authority
            }
            if identities.isEmpty {
                for (kind, name) in [(CertificateAuthority.ServerKey.ecdsa, "server-ecdsa"), (.rsa, "server-rsa")] {
                    identities.append(try server(kind, folder + "/" + name, authority, options, now))
                }
            }
        }
        if signing == nil { signing = try existingAuthority(folder, trustedBy: roots) }
        return TLSMaterial(settings: .init(identities: identities, stationRoots: roots), authority: signing)
    }

    /// The authority in `DATA/pki` where there is no TLS listener of ours: a proxy in front may ask for certificates.
    static func existingAuthority(directory: String) throws(CredentialFault) -> CertificateAuthority? {
        try existingAuthority(directory + "/pki", trustedBy: nil)
    }

    // MARK: ISO 15118

    /// To which contract certificates and OCSP responders lead; empty: none is trusted.
    static func roots(
        _ options: ServeConfiguration.PlugAndCharge
    ) throws(CredentialFault) -> [StationCertificate] {
        options.roots.isEmpty ? [] : try StationCertificate.chain(pem: text(options.roots))
    }

    /// Signs certificates of stations towards vehicles; `nil`: none are signed.
    static func vehicleSide(
        _ options: ServeConfiguration.PlugAndCharge
    ) throws(CredentialFault) -> CertificateAuthority? {
        guard !options.certificate.isEmpty else { return nil }
        return try CertificateAuthority(
            certificatePEM: text(options.certificate), keyPEM: privateText(options.key))
    }

    /// - Parameter roots: signing what the listener does not believe would help nobody; `nil`: nobody knows.
    private static func existingAuthority(
        _ folder: String, trustedBy roots: [StationCertificate]?
    ) throws(CredentialFault) -> CertificateAuthority? {
        guard let key = try PrivateFile.read(folder + "/root.key") else { return nil }
        let authority = try CertificateAuthority(
            certificatePEM: text(folder + "/root.pem"), keyPEM: String(decoding: key, as: UTF8.self))
        guard let roots else { return authority }
        return authority.chain.contains { roots.contains($0) } ? authority : nil
    }

    /// `root.pem` and `root.key`: made when both are missing; an operator may put other ones there.
    private static func authority(
        _ options: ServeConfiguration.TLS, _ folder: String, _ now: Instant
    ) throws(CredentialFault) -> CertificateAuthority {
        if let key = try PrivateFile.read(folder + "/root.key") {
            return try CertificateAuthority(
                certificatePEM: text(folder + "/root.pem"), keyPEM: String(decoding: key, as: UTF8.self))
        }
        let authority = try CertificateAuthority.make(
            organization: options.organization, name: options.organization + " OCPP root", at: now)
        // The key last: a crash in between leaves a root without key, which is made anew.
        try PrivateFile.replace(folder + "/root.pem", Array(authority.certificate.pem.utf8))
        try PrivateFile.create(folder + "/root.key", Array(authority.keyPEM().utf8))
        return authority
    }

    private static func server(
        _ kind: CertificateAuthority.ServerKey, _ path: String, _ authority: CertificateAuthority,
        _ options: ServeConfiguration.TLS, _ now: Instant
    ) throws(CredentialFault) -> TLSServer.Identity {
        if let both = try PrivateFile.read(path + ".pem") {
            let pem = String(decoding: both, as: UTF8.self)
            let own = try StationCertificate.chain(pem: pem)[0]
            if own.notAfter - now > ExpiryWatch.soon, own.issuer == authority.certificate.subject {
                return .init(chainPEM: pem, keyPEM: pem)
            }
        }
        let made = try authority.issueServer(
            names: options.names, key: kind, organization: options.organization, at: now)
        // One file for both, so that they never come apart.
        let pem = made.certificate.pem + authority.chain.map(\.pem).joined() + made.keyPEM
        try PrivateFile.replace(path + ".pem", Array(pem.utf8))
        return .init(chainPEM: pem, keyPEM: made.keyPEM)
    }

    private static func text(_ path: String) throws(CredentialFault) -> String {
        do { return String(decoding: try FileAccess.read(path), as: UTF8.self) } catch {
            throw CredentialFault("\(error)")
        }
    }

    private static func privateText(_ path: String) throws(CredentialFault) -> String {
        guard let bytes = try PrivateFile.read(path) else { throw CredentialFault("\(path) does not exist") }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension TLSServer.Settings {
    /// For a listener that asks nobody for a certificate.
    var withoutStations: TLSServer.Settings { TLSServer.Settings(identities: identities) }
}
