public import Assets
public import Quantities

/// How a station reaches its central system, in one of its slots (2.0.1 `NetworkConnectionProfileType`). Passwords of
/// the station, of its VPN and of its mobile network are never part of it.
public struct NetworkProfile: Hashable, Sendable {
    public let slot: Int
    /// OCPP's word: `Wired0`, `Wireless0` …
    public let interface: String
    /// Of the central system, without the station's identity.
    public let url: String
    public let securityProfile: Int
    /// Seconds.
    public let messageTimeout: Int
    public init(slot: Int, interface: String, url: String, securityProfile: Int, messageTimeout: Int) {
        self.slot = slot
        self.interface = interface
        self.url = url
        self.securityProfile = securityProfile
        self.messageTimeout = messageTimeout
    }
    public static let most = 16
    public static let longestURL = 512
}

/// A change of the security profile over OCPP (1.6 security whitepaper A05, 2.0.1 A05 with B09 and B10), until the station
/// has come in the new one.
///
///     1.6  sendingProfile ───────────────────────────────▶ awaited ──comes with it──▶ done
///     2.x  sendingProfile ─▶ sendingPriority ─▶ resetting ─▶ awaited ──comes with it──▶ done
///                  └───────────┴─── a refusal ───┴─▶ refused
public struct SecurityProfileChange: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// The configuration key (1.6), or the network profile (2.x).
        case sendingProfile = "sending-profile"
        /// Which network profile comes first (2.x).
        case sendingPriority = "sending-priority"
        /// The restart after which it holds.
        case resetting
        /// The station has everything; it has not come in the new profile yet.
        case awaited
        case done
        case refused
    }
    public let station: StationID
    public let target: Int
    /// What held when it was ordered.
    public let previous: Int
    /// 2.x: the profile to be written and the order of all slots; `nil` in 1.6, and where somebody set them by hand.
    public let network: NetworkProfile?
    public let priority: String?
    public var state: State
    public var at: Instant
    /// The station's own word, where it refused.
    public var word: String?
    /// How often the present step was sent.
    public var attempts = 0
    public init(
        station: StationID, target: Int, previous: Int, network: NetworkProfile? = nil, priority: String? = nil,
        state: State = .sendingProfile, at: Instant
    ) {
        self.station = station
        self.target = target
        self.previous = previous
        self.network = network
        self.priority = priority
        self.state = state
        self.at = at
    }

    /// Nothing more will come of it.
    public var isOver: Bool { state == .done || state == .refused }
    /// The only one that OCPP allows (2.0.1 A00.FR.005, erratum): from a certificate back to a password, both over TLS.
    public var isDowngrade: Bool { target < previous }
    public static let mostAttempts = 3
}
