public import Credentials
public import Quantities

/// How a station is secured when it is first switched on.
public struct StationSecuritySettings: Hashable, Sendable {
    /// 0 to 3 as OCPP counts them. A station of 3 without a certificate comes with 2 until it has been given one.
    public var profile = 0
    /// HTTP Basic, with the identity as user.
    public var password: String?
    /// Stands as O in its certificate (1.6 CpoName, 2.0.1 OrganizationName).
    public var organization = "Tidewatt"
    /// Where it connects, without identity; `nil`: wherever its driver does.
    public var url: String?
    /// Where profiles 2 and 3 are served, if not at ``url``. 1.6 has no message for it.
    public var secureURL: String?
    /// Roots by which it believes its central system.
    public var roots: [StationCertificate] = []
    /// Those of the machine it runs on count too.
    public var trustsSystem = true
    /// Its own certificate with what leads to a root; the key is with the driver, under number 0.
    public var chain: [StationCertificate] = []
    /// Roots that it has room for.
    public var mostCertificates = 20
    /// Whether it tells security events.
    public var tellsEvents = false

    public init() {}
}

/// How a station goes to its central system.
public struct StationRoute: Hashable, Sendable {
    /// Without identity; `nil`: wherever its driver does.
    public let url: String?
    public let securityProfile: Int
    /// HTTP Basic; `nil`: it shows none.
    public let password: [UInt8]?
    public let roots: [StationCertificate]
    public let trustsSystem: Bool
    /// Its certificate with what leads to a root, and the number of the key.
    public let chain: [StationCertificate]
    public let key: Int
}

/// Why a connection did not come about, where the station makes more of it than that.
public enum StationRefusal: Hashable, Sendable {
    /// The server's certificate leads to no trusted root, is over, or is for another name.
    case untrustedServer(String)
    /// 401, 403, or a certificate of ours that was turned away.
    case notAdmitted
}

/// A certificate to be judged by whoever drives the station.
public struct CertificateJudgement: Hashable, Sendable {
    /// The number of the key that it must fit.
    public let key: Int
    /// The new certificate first.
    public let chain: [StationCertificate]
    public let use: CertificateAuthority.StationUse
    public let roots: [StationCertificate]
    public let alsoSystem: Bool
    public let commonName: String
    public let organization: String
    public let at: Instant
}

/// What a station tells of its security (1.6 security whitepaper §8, 2.0.1 part 2 appendix 1).
struct StationSecurityEvent: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case startup, reset, firmwareUpdated, timeSet, reconfigured
        case invalidFirmwareSignature, invalidSigningCertificate
        case invalidServerCertificate, invalidOwnCertificate
        case notAdmitted
    }
    let kind: Kind
    let at: Instant
    var info: String?
}

/// What a station remembers of its security. Outlives a reboot.
struct StationSecurity: Sendable {
    /// Where and how a network profile leads (2.0.1 B09).
    struct Network: Hashable, Sendable {
        /// `nil`: where it was built to go.
        let url: String?
        let profile: Int
    }
    /// A certificate that it asks for.
    struct Signing: Hashable, Sendable {
        enum Stage: Hashable, Sendable {
            /// The key is being made.
            case making
            case asked
            /// Another request goes out when this is over; `nil`: none by itself.
            case waiting(until: Instant?)
            /// `nil`: the connection on which it came is gone.
            case judging(messageID: String?, chain: [StationCertificate])
        }
        /// Of its key.
        let number: Int
        let use: CertificateAuthority.StationUse
        var attempt = 0
        /// The central system may have it.
        var isSent = false
        var stage = Stage.making
    }

    /// The key that the station was switched on with.
    static let firstKey = 0
    static let mostEvents = 100
    /// A month (2.0.1 A03.FR.02).
    static let renewsBefore = Duration.days(30)
    static let mostChain = 10_000
    /// Attempts with a higher profile before a station of 1.6 goes back (whitepaper A05.FR.08). A central system that is
    /// busy for some seconds is none that does not take it.
    static let attemptsWithNewProfile = 5

    var password: [UInt8]?
    var certificates: StationCertificates
    /// In use, as the last connection proved it.
    var profile: Int
    /// To go to as soon as there is a certificate.
    var wanted: Int?
    /// Of 1.6: what it goes back to when nobody takes the new one.
    var previousProfile: Int?

    /// 2.0.1; slot 1 is the one that it was built with.
    var networks: [Int: Network]
    var slot = 1
    /// Of the last connection that came about.
    var goodSlot = 1
    /// Attempts in a row with the slot, or the profile.
    var failures = 0
    /// Profile of the newest attempt.
    var tried: Int

    var signings: [Signing] = []
    var nextKey = 1
    /// It asks for no certificate by itself before.
    var renewsFrom: [CertificateAuthority.StationUse: Instant] = [:]

    var events: [StationSecurityEvent] = []
    var eventAttempts = 0
    var eventAt: Instant?
    /// The central system has told the time.
    var hasTime = false

    init(_ settings: StationSecuritySettings) {
        password = settings.password.map { Array($0.utf8) }
        certificates = StationCertificates(settings)
        let lacksCertificate = settings.profile == 3 && settings.chain.isEmpty
        profile = lacksCertificate ? 2 : settings.profile
        tried = profile
        wanted = lacksCertificate ? 3 : nil
        networks = [1: Network(url: nil, profile: profile)]
    }

    /// Something may come due. Most stations of a large fleet have nothing.
    var hasPlans: Bool {
        !signings.isEmpty || !certificates.own.isEmpty || wanted != nil || eventAt != nil
    }

    /// The connection is gone: what came on it needs no answer any more, what went out on it is asked again.
    mutating func forgetMessages(askingAt next: Instant) {
        for i in signings.indices {
            switch signings[i].stage {
            case .judging(_, let chain): signings[i].stage = .judging(messageID: nil, chain: chain)
            case .asked: signings[i].stage = .waiting(until: next)
            case .making, .waiting: break
            }
        }
        eventAt = nil
    }
}
