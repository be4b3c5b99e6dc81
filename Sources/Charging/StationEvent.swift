public import Assets
public import Quantities

/// What a station tells, in words that every protocol shares.
public enum StationEvent: Hashable, Sendable {
    case booted(Station.Boot)
    case heartbeat
    /// `vehicle`: its EVCCID, where the station knows it (2.1).
    case authorize(token: String, vehicle: String? = nil)
    case started(Start)
    case stopped(Stop)
    /// Start, update or stop of a transaction that the station names and numbers itself (2.x).
    case transaction(TransactionReport)
    case metered(Samples)
    case status(Status)
    /// A message of a vendor's own; `data` is a text, or JSON as it came.
    case vendor(id: String, message: String?, data: String?)
    /// News that need no decision. `kind` and `text` are for the log.
    case notice(kind: String, text: String)
    case security(Security)
    /// How far it is with firmware or a log.
    case job(JobNews)
    case certificateRequest(CertificateRequest)
    case vehicleNeeds(VehicleNeeds)
    case vehicleSchedule(VehicleSchedule)
    /// A reservation is over without a transaction; `word` is the standard's.
    case reservationEnded(id: Int, word: String)
    /// Messages on its display, asked for by the order with this number; more reports may follow.
    case displayReport(request: Int, [DisplayMessage], goesOn: Bool)
    /// A contract certificate wants to charge (2.x C07): the shell looked at its chain.
    case authorizeContract(token: String, vehicle: String? = nil)
    /// Something of ISO 15118 that the shell asked elsewhere: contract certificates, certificate status.
    case certificateService
    case device(DeviceNews)
    case profiles(ProfileNews)
    /// It asks for the newest value of what it was told to follow by the profile of this number (2.1 K29).
    case powerAsked(profile: Int)
    /// Priority charging of a transaction begins or ends (2.1 K21, K22).
    case priorityCharging(transaction: String, isOn: Bool)
    // Controls of the grid code and battery swaps (2.1 blocks R and S).
    case der(DERNews)
    case swap(SwapEvent)
    case money(MoneyNews)

    /// Something that bears on the station's security.
    public struct Security: Hashable, Sendable {
        public let type: String
        public let at: Instant
        public let info: String?
        public init(type: String, at: Instant, info: String?) {
            self.type = type
            self.at = at
            self.info = info
        }
    }

    /// The station asks that a certificate of its own be signed.
    public struct CertificateRequest: Hashable, Sendable {
        /// PKCS#10 in PEM, as it came.
        public let request: String
        /// OCPP's word for the certificate's use; `nil`: that of the station.
        public let use: String?
        /// Its number (2.1).
        public let number: Int?
        public init(request: String, use: String? = nil, number: Int? = nil) {
            self.request = request
            self.use = use
            self.number = number
        }
    }

    public struct Start: Hashable, Sendable {
        public let connector: Int
        public let token: String
        public let at: Instant
        public let register: RegisterReading
        public let reservation: Int?
        public init(connector: Int, token: String, at: Instant, register: RegisterReading, reservation: Int? = nil) {
            self.connector = connector
            self.token = token
            self.at = at
            self.register = register
            self.reservation = reservation
        }
    }

    public struct Stop: Hashable, Sendable {
        /// As the station says it; it may be unknown to us.
        public let transaction: String
        public let token: String?
        public let at: Instant
        public let register: RegisterReading
        public let reason: String?
        /// Readings that came with the stop.
        public let readings: [Reading]
        public init(
            transaction: String, token: String?, at: Instant, register: RegisterReading, reason: String?,
            readings: [Reading] = []
        ) {
            self.transaction = transaction
            self.token = token
            self.at = at
            self.register = register
            self.reason = reason
            self.readings = readings
        }
    }

    public struct Samples: Hashable, Sendable {
        /// 0: the station's own meter.
        public let connector: Int
        public let transaction: String?
        public let readings: [Reading]
        public init(connector: Int, transaction: String?, readings: [Reading]) {
            self.connector = connector
            self.transaction = transaction
            self.readings = readings
        }
    }

    public struct Status: Hashable, Sendable {
        /// 0: the station as a whole.
        public let connector: Int
        public let status: ConnectorStatus
        /// `nil`: no error.
        public let errorCode: String?
        public let at: Instant?
        public init(connector: Int, status: ConnectorStatus, errorCode: String?, at: Instant?) {
            self.connector = connector
            self.status = status
            self.errorCode = errorCode
            self.at = at
        }
    }
}

/// What a station tells of its device model and of what hangs on it (2.x blocks B and N).
public enum DeviceNews: Hashable, Sendable {
    case report(DeviceReportPart)
    case events([DeviceEvent])
    /// A part of what was asked of a customer.
    case customer(request: Int, number: Int, isLast: Bool, data: String)
}

/// What a station is answered, in words that every protocol shares.
public enum StationAnswer: Hashable, Sendable {
    /// `interval`: between heartbeats when accepted, else until the station may try again.
    case registered(Station.Registration, now: Instant, interval: Duration)
    case clock(Instant)
    /// `transfers`: how energy may flow (2.1); `nil`: nobody said.
    case authorization(TokenVerdict, transfers: [String]? = nil)
    case started(transaction: Int, TokenVerdict)
    /// `nil`: the stop named no token.
    case stopped(TokenVerdict?)
    /// `nil`: the message named no token. `cost`: what the transaction cost, yuan, at its end; `nil`: not known.
    /// `limits`: to be held from now on (2.1). `tariff`: what the driver is told of prices.
    case transaction(
        TokenVerdict?, cost: Rational? = nil, limits: TransactionLimits? = nil, tariff: ToldTariff? = nil)
    case vendor(VendorAnswer)
    /// The token's verdict, and the standard's word on the certificates that came with it.
    case contract(TokenVerdict, certificates: String, transfers: [String]? = nil)
    /// What another service said of a request that only it can answer; `nil`: nobody was asked, or nobody answered.
    case certificateService(CertificateServiceAnswer?)
    /// Whether a certificate will be signed; where not, a word for the station and what to tell a person.
    case certificate(accepted: Bool, reason: String?, info: String?)
    case vehicleNeeds(NeedsAnswer)
    /// Whether the vehicle's own schedule stays within its limit.
    case vehicleSchedule(fits: Bool)
    /// What is to be followed, discharging below 0, in the form that the station takes; `nil`: nothing is.
    case powerToFollow(Power?, LimitForm)
    case acknowledged
    /// Where the driver finds the receipt of a settled payment; `nil`: nowhere of ours.
    case settlement(receipt: String?)
    /// Whether a VAT number can be one.
    case vatNumber(VATNumber.Verdict)
}

/// Payments at stations (2.1 C18 to C25).
public enum MoneyNews: Hashable, Sendable {
    /// A card was presented to the station's terminal, whose provider names the payment so (C18).
    case authorize(reference: String)
    case settled(SettlementNotice)
    case vatNumber(String)
}

/// How a payment that the station's terminal settled came out (C19 to C22).
public struct SettlementNotice: Hashable, Sendable {
    /// The payment provider's name for it.
    public let reference: String
    public let transaction: String?
    /// `Settled`, `Canceled`, `Rejected`, `Failed`.
    public let word: String
    /// Whole fen.
    public let fen: Int64
    public let at: Instant
    public let receiptID: String?
    public let receiptURL: String?
    public init(
        reference: String, transaction: String?, word: String, fen: Int64, at: Instant, receiptID: String?,
        receiptURL: String?
    ) {
        self.reference = reference
        self.transaction = transaction
        self.word = word
        self.fen = fen
        self.at = at
        self.receiptID = receiptID
        self.receiptURL = receiptURL
    }
}

/// What a vehicle that said what it needs can expect.
public enum NeedsAnswer: Hashable, Sendable {
    case limitFollows
    /// A limit comes, but not at once.
    case limitComes
    /// Nobody plans for it: what the station has by default goes on to hold.
    case noLimit
    /// Its station ends the transaction (2.1 Q01.FR.04).
    case refused(Refusal)

    public enum Refusal: String, Hashable, Sendable, CaseIterable {
        case noTransaction = "no-transaction"
        /// The permission that was told does not cover the transfer it asks for.
        case transferNotAllowed = "transfer-not-allowed"
        /// The EVSE says itself that it does not know the transfer.
        case transferUnknown = "transfer-unknown"
    }
}

/// What a vendor's own message is answered.
public struct VendorAnswer: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable, CaseIterable {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case unknownMessage = "UnknownMessageId"
        case unknownVendor = "UnknownVendorId"
    }
    public let status: Status
    /// For 1.6 a text; for 2.x a JSON value.
    public let data: String?
    public init(_ status: Status, data: String? = nil) {
        self.status = status
        self.data = data
    }
}

/// What another service said of a request of ISO 15118.
public enum CertificateServiceAnswer: Hashable, Sendable {
    /// A contract certificate's message for the vehicle, base64 as it came from the provider.
    case contract(isAccepted: Bool, exi: String, remaining: Int?, reason: String?)
    /// An OCSP response, base64 of its DER.
    case status(String)
    /// One for each certificate that was asked for, in order.
    case statuses([CertificateStatus])

    public struct CertificateStatus: Hashable, Sendable {
        /// The standard's: `Good`, `Revoked`, `Unknown`, `Failed`.
        public let word: String
        /// Until when it may be relied on.
        public let nextUpdate: Instant
        public init(word: String, nextUpdate: Instant) {
            self.word = word
            self.nextUpdate = nextUpdate
        }
    }
}
