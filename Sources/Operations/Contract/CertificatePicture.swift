public import Assets
public import Charging
public import Quantities

/// What a certificate says of itself, read from its text by the shell.
public struct CertificateFacts: Hashable, Sendable {
    /// RFC 4514, as in `CN=Root,O=Harbour Power`.
    public let subject: String
    public let notAfter: Instant
    /// How OCPP names it, one by each algorithm that stations may use; empty: its issuer's key is not known.
    public let hashes: [CertificateHashData]
    public init(subject: String, notAfter: Instant, hashes: [CertificateHashData]) {
        self.subject = subject
        self.notAfter = notAfter
        self.hashes = hashes
    }
}

/// Reads certificates for the core, which knows no cryptography. The same text gives the same facts.
public struct CertificateReader: Sendable {
    private let body: @Sendable (String) -> CertificateFacts?
    /// - Parameter body: gets a PEM text; `nil` where no certificate can be read in it.
    public init(_ body: @escaping @Sendable (String) -> CertificateFacts?) { self.body = body }
    public func facts(pem: String) -> CertificateFacts? { body(pem) }
}

/// A certificate that a station holds to trust others by, as far as is known.
public struct HeldCertificate: Hashable, Sendable {
    public enum Source: String, Hashable, Sendable, CaseIterable {
        /// The station took it from us and has not listed it since.
        case installed
        /// The station listed it.
        case listed
    }
    /// In the station's protocol's word.
    public let use: String
    /// In the station's own form where it listed it; `nil`: it was installed and could not be named by us.
    public var hash: CertificateHashData?
    /// It hangs below the nearest one before it that is no child (2.x).
    public var isChild = false
    public var source: Source
    /// When that was told.
    public var at: Instant
    /// `nil`: its text was never seen here.
    public var facts: CertificateFacts?
    public init(
        use: String, hash: CertificateHashData?, isChild: Bool = false, source: Source, at: Instant,
        facts: CertificateFacts? = nil
    ) {
        self.use = use
        self.hash = hash
        self.isChild = isChild
        self.source = source
        self.at = at
        self.facts = facts
    }

    func isNamed(by other: CertificateHashData) -> Bool {
        (hash?.names(other) ?? false) || (facts?.hashes.contains { $0.names(other) } ?? false)
    }
}

/// The certificates that one station holds, from what it took, deleted and listed.
public struct CertificatePicture: Hashable, Sendable {
    public let station: StationID
    /// In the order in which they were told; a chain stands together.
    public var items: [HeldCertificate] = []
    /// When it listed any use last; `nil`: never, there may be more than is known.
    public var listedAt: Instant?
    public init(station: StationID) { self.station = station }

    /// A station may list any number.
    public static let most = 64

    /// - Parameter facts: of what was installed; `nil` where its text cannot be read.
    public mutating func learn(_ news: CertificateNews, facts: CertificateFacts?, at now: Instant) {
        switch news {
        case .installed(let use, _): install(use, facts, at: now)
        case .gone(let hash): remove(hash)
        case .listed(let listed, let uses): replace(by: listed, uses: uses, at: now)
        }
    }

    /// What is there already is put in its place (2.0.1 M05.FR.17).
    private mutating func install(_ use: String, _ facts: CertificateFacts?, at now: Instant) {
        let known = items.firstIndex { item in
            guard item.use == use, !item.isChild else { return false }
            if let facts, !facts.hashes.isEmpty { return facts.hashes.contains { item.isNamed(by: $0) } }
            return item.hash == nil && item.facts == facts
        }
        if let known {
            items[known].source = .installed
            items[known].at = now
            items[known].facts = facts
            return
        }
        let held = HeldCertificate(use: use, hash: facts?.hashes.first, source: .installed, at: now, facts: facts)
        if items.count >= Self.most { removeChain(at: 0) }
        items.append(held)
    }

    private mutating func remove(_ hash: CertificateHashData) {
        while let i = items.firstIndex(where: { $0.isNamed(by: hash) }) {
            if items[i].isChild { items.remove(at: i) } else { removeChain(at: i) }
        }
    }

    /// What hangs below it is of no use without it, and may be deleted with it (2.0.1 M04.FR.08).
    private mutating func removeChain(at i: Int) {
        let end = items[(i + 1)...].firstIndex { !$0.isChild } ?? items.count
        items.removeSubrange(i..<end)
    }

    /// A list says everything of its uses, and nothing of others.
    private mutating func replace(by listed: [ListedCertificate], uses: [String]?, at now: Instant) {
        let before = items
        items.removeAll { item in uses.map { $0.contains(item.use) } ?? true }
        for one in listed.prefix(max(0, Self.most - items.count)) {
            items.append(
                HeldCertificate(
                    use: one.use, hash: one.hash, isChild: one.isChild, source: .listed, at: now,
                    facts: before.first { $0.facts != nil && $0.isNamed(by: one.hash) }?.facts))
        }
        listedAt = now
    }
}

/// A root certificate of the platform's own that stations may be given.
public struct PlatformRoot: Hashable, Sendable {
    /// `authority`: the root of our own authority; `iso15118` and the start of the fingerprint: one that contract certificates
    /// lead to.
    public let name: String
    /// What a station needs it for, in OCPP 2.x's word.
    public let use: String
    public let subject: String
    public let notAfter: Instant
    /// SHA-256 of the whole certificate, hexadecimal.
    public let fingerprint: String
    public let pem: String
    public let hashes: [CertificateHashData]
    public init(
        name: String, use: String, subject: String, notAfter: Instant, fingerprint: String, pem: String,
        hashes: [CertificateHashData]
    ) {
        self.name = name
        self.use = use
        self.subject = subject
        self.notAfter = notAfter
        self.fingerprint = fingerprint
        self.pem = pem
        self.hashes = hashes
    }
    public static let authority = "authority"

    public func isNamed(by hash: CertificateHashData) -> Bool { hashes.contains { $0.names(hash) } }
}
