public import Quantities

/// What a station's answer to a call tells of it, in words that every protocol shares. Learned from every answered call,
/// whoever made it: a person through the API, a campaign, or the platform itself.
public enum StationFact: Hashable, Sendable {
    /// Version of the local authorization list that the station holds; 0: it is empty, −1: it has none (1.6 §5.10).
    case localList(version: Int)
    /// It was asked to reserve; `word` is its answer.
    case reserved(ReservationAsked, isTaken: Bool, word: String)
    /// It was asked to give a reservation up. One that it does not know is over too, but nobody can say how.
    case reservationCancelled(Int, isTaken: Bool)
    /// It shows this message from now on, in the place of one with the same number.
    case displays(DisplayMessage)
    /// It shows no message of this number.
    case displaysNoMore(Int)
    /// It will tell its messages in reports with this number; `isWhole`: all it has. `isEmpty`: it has none of those asked
    /// for, and tells nothing.
    case displayAsked(request: Int, isWhole: Bool, isEmpty: Bool)
    /// How it took the order of a job (``StationJob``).
    case job(JobAnswer)
    /// It no longer offers the firmware of this MD5 (2.0.1 L04).
    case unpublished(checksum: String)
    /// Of its device model, monitors, networks and customers.
    case device(DeviceFact)
    /// Which certificates it trusts others by.
    case certificates(CertificateNews)
    /// Of the charging profiles that it holds.
    case profiles(ProfileFact)
    /// It was told which transfers a transaction may use (2.1 Q02).
    case transfers([String], transaction: String, isTaken: Bool)
    /// It took the order to begin or end priority charging, and will tell when it has (2.1 K21).
    case priorityAsked(transaction: String, isOn: Bool)
    // Controls of the grid code and battery swaps (2.1 blocks R and S).
    case der(DERFact)
    /// It was asked to swap batteries under this number.
    case swapAsked(request: Int, token: String, isTaken: Bool, word: String)
    /// Of the tariffs that it reckons by.
    case tariffs(TariffFact)
}

/// A reservation as it is asked of a station.
public struct ReservationAsked: Hashable, Sendable {
    public let id: Int
    /// `nil`: any EVSE of the station (1.6: connector 0).
    public let evse: Int?
    /// Only connectors of this kind, in the standard's word (2.x).
    public let connectorKind: String?
    public let token: String
    /// Kind of the token in the word of OCPP 2.x; `nil`: nobody stated it.
    public let tokenKind: String?
    /// Tokens of this group may use it too.
    public let group: String?
    public let expiresAt: Instant
    public init(
        id: Int, evse: Int?, connectorKind: String? = nil, token: String, tokenKind: String? = nil,
        group: String? = nil, expiresAt: Instant
    ) {
        self.id = id
        self.evse = evse
        self.connectorKind = connectorKind
        self.token = token
        self.tokenKind = tokenKind
        self.group = group
        self.expiresAt = expiresAt
    }
}

/// A message on a station's display (2.x block O), in the standard's words.
public struct DisplayMessage: Hashable, Sendable {
    public let id: Int
    /// `AlwaysFront`, `InFront`, `NormalCycle`.
    public let priority: String
    /// `Charging`, `Faulted`, `Idle`, `Unavailable` …: when it is shown; `nil`: always.
    public let state: String?
    /// `ASCII`, `HTML`, `URI`, `UTF8`, `QRCODE`.
    public let format: String
    public let language: String?
    public let content: String
    public let startsAt: Instant?
    public let endsAt: Instant?
    /// Shown while this transaction runs, and gone with it.
    public let transaction: String?
    public init(
        id: Int, priority: String, state: String? = nil, format: String, language: String? = nil, content: String,
        startsAt: Instant? = nil, endsAt: Instant? = nil, transaction: String? = nil
    ) {
        self.id = id
        self.priority = priority
        self.state = state
        self.format = format
        self.language = language
        self.content = content
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.transaction = transaction
    }
}

/// What an answer tells of a station's device model and of what hangs on it (2.x blocks B and N, 1.6 configuration keys).
public enum DeviceFact: Hashable, Sendable {
    case variables([VariableNews])
    /// It will report in parts under this number.
    case report(request: Int, DeviceReport.Scope, isOfMonitors: Bool)
    case monitorsSet([DeviceMonitor])
    case monitorsCleared([Int])
    case noMonitors
    /// `All`, `FactoryDefault`, `HardWiredOnly`: which monitors are active.
    case monitoringBase(String)
    /// Highest severity number that it tells of.
    case monitoringLevel(Int)
    case networkProfile(NetworkProfile)
    /// `reference` is `nil` where it was asked by a certificate.
    case customer(request: Int, status: String, CustomerReference?, report: Bool, clear: Bool)
}

/// What an answer tells of the tariffs by which a station reckons costs (2.1 I07 to I11), in the standard's words.
public enum TariffFact: Hashable, Sendable {
    /// It was asked to take one for an EVSE, 0: for each. `elements`: how many prices it has.
    case set(AskedTariff, evse: Int, validFrom: Instant?, word: String)
    /// It tells those of an EVSE, 0: of all; an empty list says that it has none.
    case told(evse: Int, [TariffAssignment])
    /// It has these no longer; `nil`: none at all.
    case cleared([String]?, evse: Int)
    /// A running transaction goes on by this one.
    case changed(AskedTariff, transaction: String, word: String)
}

/// A tariff as it was sent to a station.
public struct AskedTariff: Hashable, Sendable {
    public let id: String
    /// How many prices it has.
    public let elements: Int
    public let isConditional: Bool
    public init(id: String, elements: Int, isConditional: Bool) {
        self.id = id
        self.elements = elements
        self.isConditional = isConditional
    }
}

/// A tariff as a station tells of it. For whom, it may say too: that is not kept.
public struct TariffAssignment: Hashable, Sendable {
    public let id: String
    public let isDrivers: Bool
    public let evses: [Int]
    public let validFrom: Instant?
    public init(id: String, isDrivers: Bool, evses: [Int], validFrom: Instant?) {
        self.id = id
        self.isDrivers = isDrivers
        self.evses = evses
        self.validFrom = validFrom
    }
}
