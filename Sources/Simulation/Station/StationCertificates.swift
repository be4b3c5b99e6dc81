import Credentials
import Quantities

/// What a station trusts others by, and what it shows of itself. Outlives a reboot; keys are with whoever drives it.
struct StationCertificates: Sendable {
    /// What a root is held for, in no version's words.
    enum RootUse: Hashable, Sendable, CaseIterable { case centralSystem, manufacturer, vehicleToGrid, mobilityOperator }

    struct Held: Hashable, Sendable {
        let certificate: StationCertificate
        let use: RootUse
    }
    /// The station's own, its certificate first.
    struct Own: Hashable, Sendable {
        let chain: [StationCertificate]
        let key: Int
        var certificate: StationCertificate { chain[0] }
    }
    enum Verdict: Hashable, Sendable { case accepted, rejected, failed, notFound }

    private(set) var held: [Held] = []
    var own: [CertificateAuthority.StationUse: Own] = [:]
    /// Roots that there is room for.
    let most: Int

    init(_ settings: StationSecuritySettings) {
        most = settings.mostCertificates
        held = settings.roots.map { Held(certificate: $0, use: .centralSystem) }
        if !settings.chain.isEmpty { own[.platform] = Own(chain: settings.chain, key: StationSecurity.firstKey) }
    }

    /// What the station shows to the central system: the newer of what it has (2.0.1 A02.FR.09).
    var shown: Own? {
        [own[.platform], own[.both]].compactMap { $0 }.max { $0.certificate.notBefore < $1.certificate.notBefore }
    }

    func roots(_ use: RootUse) -> [StationCertificate] { held.filter { $0.use == use }.map(\.certificate) }

    // MARK: Roots

    mutating func install(_ pem: String, as use: RootUse, at clock: Instant) -> Verdict {
        guard let chain = try? StationCertificate.chain(pem: pem), chain.count == 1, let certificate = chain.first,
            certificate.isAuthority, certificate.isSelfIssued, certificate.notBefore <= clock,
            clock <= certificate.notAfter
        else { return .rejected }
        // One that is there already is replaced by itself (M05.FR.17).
        let new = Held(certificate: certificate, use: use)
        guard !held.contains(new) else { return .accepted }
        guard held.count < most else { return .rejected }
        held.append(new)
        return .accepted
    }

    /// - Parameter isNeeded: the last root of the central system must stay.
    mutating func delete(_ wanted: StationHash, isNeeded: Bool) -> Verdict {
        if let place = held.firstIndex(where: { wanted.names($0.certificate, issuer: $0.certificate) }) {
            let isLast = roots(.centralSystem).count == 1
            guard !(isNeeded && held[place].use == .centralSystem && isLast) else { return .failed }
            held.remove(at: place)
            return .accepted
        }
        for (use, own) in own {
            guard let issuer = issuer(of: own.certificate, in: own), wanted.names(own.certificate, issuer: issuer)
            else {
                continue
            }
            // Its own towards the central system stays (M04.FR.06).
            guard use == .vehicles else { return .failed }
            self.own[use] = nil
            return .accepted
        }
        return .notFound
    }

    /// Hash data of the roots held for `use`.
    func hashes(_ use: RootUse) -> [CertificateHash] {
        held.filter { $0.use == use }.compactMap { try? CertificateHash(of: $0.certificate, issuer: $0.certificate) }
    }

    /// Of the certificate that vehicles are shown, and those of its sub-authorities (M03.FR.05).
    var vehicleChain: (own: CertificateHash, children: [CertificateHash])? {
        guard let own = own[.vehicles] ?? own[.both], let hash = hash(own.certificate, in: own) else { return nil }
        return (hash, own.chain.dropFirst().filter { !$0.isSelfIssued }.compactMap { self.hash($0, in: own) })
    }

    private func hash(_ certificate: StationCertificate, in own: Own) -> CertificateHash? {
        issuer(of: certificate, in: own).flatMap { try? CertificateHash(of: certificate, issuer: $0) }
    }

    private func issuer(of certificate: StationCertificate, in own: Own) -> StationCertificate? {
        (own.chain + held.map(\.certificate)).first { $0.isAuthority && $0.hasSigned(certificate) }
    }
}

/// Which certificate a central system means.
struct StationHash: Hashable, Sendable {
    /// OCPP's word.
    let algorithm: String
    let issuerName: String
    let issuerKey: String
    let serial: String

    func names(_ certificate: StationCertificate, issuer: StationCertificate) -> Bool {
        guard let kind = CertificateHash.Algorithm(rawValue: algorithm),
            let hash = try? CertificateHash(of: certificate, issuer: issuer, by: kind)
        else { return false }
        let digits = serial.lowercased().drop { $0 == "0" }
        return hash.issuerNameHash == issuerName.lowercased() && hash.issuerKeyHash == issuerKey.lowercased()
            && hash.serialNumber == (digits.isEmpty ? "0" : String(digits))
    }
}
