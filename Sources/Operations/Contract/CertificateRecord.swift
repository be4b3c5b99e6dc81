public import Assets
public import Charging
public import Quantities

/// A certificate of a station: one that our authority signed for it, or one that it came with. Found by its fingerprint.
public struct CertificateRecord: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// The station does not have it yet.
        case signed
        /// On its way; not answered.
        case sent
        /// Nobody knows whether the station took it.
        case unanswered
        case accepted
        case rejected
        /// Not ours to give: the station came with it.
        case shown
    }

    public let station: StationID
    /// SHA-256 of the whole certificate, hexadecimal.
    public let fingerprint: String
    /// Hexadecimal without leading zeros, as OCPP writes it.
    public let serialNumber: String
    public let subject: String
    public let issuer: String
    public let notBefore: Instant
    public let notAfter: Instant
    /// OCPP's word: `ChargingStationCertificate`.
    public let use: String
    /// Number of the station's request (2.1).
    public let requestID: Int?
    /// The certificate and what leads from it towards the root, PEM; empty once the station has answered, and for what
    /// it came with.
    public var chain: String
    public var state: State
    /// Since when.
    public var at: Instant
    /// The station's own word, where it said more than its state.
    public var word: String?
    /// How often it was sent without an answer.
    public var attempts = 0
    /// The station came with it last.
    public var isInUse = false

    public init(
        station: StationID, fingerprint: String, serialNumber: String, subject: String, issuer: String,
        notBefore: Instant, notAfter: Instant, use: String = stationUse, requestID: Int? = nil, chain: String,
        state: State, at: Instant
    ) {
        self.station = station
        self.fingerprint = fingerprint
        self.serialNumber = serialNumber
        self.subject = subject
        self.issuer = issuer
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.use = use
        self.requestID = requestID
        self.chain = chain
        self.state = state
        self.at = at
    }

    public static let stationUse = "ChargingStationCertificate"
    /// With it the station shows itself to vehicles (ISO 15118).
    public static let vehicleUse = "V2GCertificate"
    /// One for both: the station names no use, and neither do we (2.0.1 A02). Not a word of OCPP.
    public static let combinedUse = "CombinedCertificate"

    /// The station may come with it.
    public var isForUs: Bool { use == Self.stationUse || use == Self.combinedUse }
}

/// What our authority made of a station's request.
public enum CertificateVerdict: Hashable, Sendable {
    case signed(CertificateRecord)
    /// `detail` tells the operator what is wrong and what is expected.
    case refused(Reason, detail: String)

    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The request itself is wrong: unreadable, not signed by its key, another's name, a weak key.
        case invalidRequest = "invalid-request"
        /// A kind of certificate that is not issued here.
        case unsupportedUse = "unsupported-use"
        case noAuthority = "no-authority"
        /// The station asks too often, or too many ask at a time.
        case tooMany = "too-many"
    }
}

/// Our certificate authority as people see it.
public struct AuthorityView: Hashable, Sendable {
    public let subject: String
    public let notAfter: Instant
    /// The root for the stations, PEM.
    public let root: String
    public let hash: CertificateHashData
    /// The same by the other algorithms that a station may use.
    public var otherHashes: [CertificateHashData] = []
    public init(subject: String, notAfter: Instant, root: String, hash: CertificateHashData) {
        self.subject = subject
        self.notAfter = notAfter
        self.root = root
        self.hash = hash
    }

    /// Whether `hash` means our root.
    public func isNamed(by hash: CertificateHashData) -> Bool {
        self.hash.names(hash) || otherHashes.contains { $0.names(hash) }
    }
}
