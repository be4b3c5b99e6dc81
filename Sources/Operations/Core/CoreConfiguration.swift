public import GridDispatch
public import Quantities

/// What the core can be told at its start. Durations are of domain time unless said otherwise.
public struct CoreConfiguration: Sendable {
    /// An unregistered identity may connect and is registered by it.
    public var acceptUnknownStations = false
    /// A token nobody knows may charge.
    public var acceptUnknownTokens = false
    /// Read abilities and set meter values on first contact, and test whether profiles are followed. Only for stations
    /// that are assigned to a site: nobody plans for others.
    public var commissioning = true
    public var heartbeat: Duration = .seconds(300)
    /// After which a station that never booted with us is asked to; zero: never.
    public var bootPatience: Duration = .seconds(20)
    /// What a pending or rejected station is told to wait.
    public var bootRetry: Duration = .seconds(60)
    public var sampleInterval: Duration = .seconds(60)
    /// Of stations that can steer vehicles in both directions: what they do is judged within seconds.
    public var steeredSampleInterval: Duration = .seconds(2)
    /// Wear of a battery where its site says nothing of it, yuan a kWh discharged: 800 yuan/kWh over 4000 full cycles, between
    /// those of common chemistries.
    public var wear = 0.2
    /// Thousandths of the energy that are left after one way through converter and battery, where nothing was learned;
    /// cautious.
    public var oneWayPerMille: Int64 = 950
    /// A new plan at least this often.
    public var replanInterval: Duration = .seconds(300)
    /// Least time between two plans of one site, whatever happens.
    public var replanLeast: Duration = .seconds(10)
    public var planStep: Duration = .seconds(900)
    public var planHorizon: Duration = .seconds(36 * 3600)
    /// Real time: how long a station may take to answer one of the platform's own calls.
    public var callTimeout: Duration = .seconds(30)
    /// Quantile of the energy a vehicle is planned for, where nobody stated it.
    public var energyQuantile = 0.9
    /// Quantile of the departure it is planned for, where nobody stated it: the highest that
    /// keeps missed energy below 1 % (docs/adr/0006-forecasts-and-reserves.md).
    public var departureQuantile = 0.15
    /// Quantile of the base load that a plan leaves free.
    public var baseQuantile = 0.9
    /// Quantile of the base load that default profiles leave free: they know neither weekday nor weather.
    public var baseEnvelopeQuantile = 0.95
    /// An alarm this long before a station's certificate ends.
    public var certificateAlarm: Duration = .days(30)
    /// After which new firmware, and a log, should have come to an end.
    public var firmwareTime: Duration = .hours(2)
    public var logTime: Duration = .hours(1)
    /// There is a listener for stations with TLS, so that they may be led to security profiles 2 and 3.
    public var offersTLS = false
    public var dispatch = DispatchSettings()
    /// There is a payment provider to ask.
    public var paysThroughProvider = false
    /// What stations' own payment terminals authorized may charge although no provider here knows it.
    public var acceptsTerminals = false
    /// Where the receipt of a payment is found; `nil`: nowhere.
    public var receiptAddress: (@Sendable (_ payment: String) -> String?)?
    /// Secrets and codes of dynamic QR codes; `nil`: drivers cannot reach this platform.
    public var codes: CodeTool?
    /// Makes the address of our own to which a station may bring one file: for a text that is used once, the name of the file,
    /// and the end of the address. `nil`: nothing listens for stations that bring files.
    public var uploadTicket: (@Sendable (_ seed: String, _ name: String, _ end: Instant) -> UploadTicket?)?
    /// How the audit names tokens: the installation's own way, for which the core has no key.
    public var tokenMarker: TokenMarker
    /// `nil`: nothing is known of what a station installs but that it did.
    public var certificateReader: CertificateReader?
    public init(tokenMarker: TokenMarker) { self.tokenMarker = tokenMarker }
}

/// Where a station may bring one file.
public struct UploadTicket: Sendable {
    /// Id under which the file will be kept.
    public let file: String
    public let address: String
    public init(file: String, address: String) {
        self.file = file
        self.address = address
    }
}
