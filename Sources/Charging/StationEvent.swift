public import Assets
public import Quantities

/// What a station tells, in words that every protocol shares.
public enum StationEvent: Hashable, Sendable {
    case booted(Station.Boot)
    case heartbeat
    case authorize(token: String)
    case started(Start)
    case stopped(Stop)
    /// Start, update or stop of a transaction that the station names and numbers itself (2.x).
    case transaction(TransactionReport)
    case metered(Samples)
    case status(Status)
    /// A message of a vendor's own; nobody here understands any.
    case vendor(id: String, message: String?)
    /// News that need no decision: firmware, diagnostics, logs, security events. `kind` and `text` are for the log.
    case notice(kind: String, text: String)
    /// The station asks for a certificate; certificates are not issued here.
    case certificateRequest

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

/// What a station is answered, in words that every protocol shares.
public enum StationAnswer: Hashable, Sendable {
    /// `interval`: between heartbeats when accepted, else until the station may try again.
    case registered(Station.Registration, now: Instant, interval: Duration)
    case clock(Instant)
    case authorization(TokenVerdict)
    case started(transaction: Int, TokenVerdict)
    /// `nil`: the stop named no token.
    case stopped(TokenVerdict?)
    /// `nil`: the message named no token.
    case transaction(TokenVerdict?)
    case vendorUnknown
    case refused
    case acknowledged
}
