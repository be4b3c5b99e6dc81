public import Assets
public import Quantities

/// One charging transaction of one EVSE, from its start message to its stop.
public struct Session: Hashable, Sendable {
    /// Ours, stable, unique over all stations: `S-` and a counter.
    public struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
        public let value: String
        public init(_ value: String) { self.value = value }
        public static func < (a: ID, b: ID) -> Bool { a.value < b.value }
        public var description: String { value }
    }
    public enum Status: String, Hashable, Sendable { case active, ended }

    public let id: ID
    /// Number 0 until a message names the EVSE (2.x: any message may come first).
    public var evse: EVSEID
    public var connector: Int
    /// The id that the protocol uses, as text (1.6: the number we gave out; 2.x: the station's own).
    public var transactionID: String
    public var idToken: String?
    public var status: Status
    public var startedAt: Instant
    public var endedAt: Instant?
    public var stopReason: String?
    public var registerStart: RegisterReading?
    public var registerStop: RegisterReading?
    /// The newest register reading seen while active.
    public var registerLast: RegisterReading?
    public var registerLastAt: Instant?
    /// Import so far (register differences), never negative.
    public var imported: Energy
    /// Export as a positive magnitude.
    public var exported: Energy
    public var needs: Needs?
    /// What its vehicle said of giving energy back; `nil`: nothing, and nothing is taken from it.
    public var v2x: V2XParameters?
    /// In a box of its own: few sessions have one, and it is large.
    private var boxedDialogue: [VehicleDialogue] = []
    /// What its vehicle and its station said over ISO 15118-20; `nil`: nothing.
    public var dialogue: VehicleDialogue? {
        get { boxedDialogue.first }
        set { boxedDialogue = newValue.map { [$0] } ?? [] }
    }
    /// Soft faults and surprises, for people: `register went back`, `stop for an unknown transaction` …
    public var flags: [String]
    /// What only protocols tell that number a transaction's messages (2.x); `nil` with others.
    public var course: Course?
    /// How far its energy is priced; `nil`: no reading, or no site.
    public var spending: Spending?
    /// What its energy cost with the service fee, yuan, once it has ended; `nil`: not known. Rounded where it is told, not here.
    /// Energy given back is credited apart (``SessionAccount/exportCredit``).
    public var cost: Rational?
    /// The newest register reading of energy given back.
    public var exportLast: RegisterReading?
    public var exportLastAt: Instant?
    private var rareAccount: [SessionAccount] = []
    /// Limits, the station's own reckoning, credit: a session without them keeps nothing.
    public var account: SessionAccount {
        get { rareAccount.first ?? SessionAccount() }
        set { rareAccount = newValue == SessionAccount() ? [] : [newValue] }
    }

    /// What the energy up to the last change of price cost. What came since, has the price that holds then.
    public struct Spending: Hashable, Sendable {
        public var until: Instant
        /// Of ``Session/imported``.
        public var energy: Energy
        /// Yuan; `nil`: a price was not known, and so the sum never will be.
        public var amount: Rational?
        /// The next change of price; `nil`: to be looked up.
        public var changesAt: Instant?
        /// What the amount consists of.
        public var lines: [CostLine] = []
        public init(until: Instant, energy: Energy, amount: Rational?) {
            self.until = until
            self.energy = energy
            self.amount = amount
        }
        /// Nothing yet.
        public init(from start: Instant) { self.init(until: start, energy: .zero, amount: .zero) }
    }

    /// How a transaction went so far, as the station tells it.
    public struct Course: Hashable, Sendable {
        public var sequence = SequenceRecord()
        /// What the vehicle does, in the standard's word.
        public var chargingState: String?
        /// The number of the remote start that led to it.
        public var remoteStart: Int?
        public init(sequence: SequenceRecord = SequenceRecord(), chargingState: String? = nil, remoteStart: Int? = nil)
        {
            self.sequence = sequence
            self.chargingState = chargingState
            self.remoteStart = remoteStart
        }
    }

    public init(
        id: ID, evse: EVSEID, connector: Int, transactionID: String, idToken: String?, status: Status = .active,
        startedAt: Instant, endedAt: Instant? = nil, stopReason: String? = nil, registerStart: RegisterReading? = nil,
        registerStop: RegisterReading? = nil, registerLast: RegisterReading? = nil, registerLastAt: Instant? = nil,
        imported: Energy = .zero, exported: Energy = .zero, needs: Needs? = nil, flags: [String] = [],
        course: Course? = nil
    ) {
        self.id = id
        self.evse = evse
        self.connector = connector
        self.transactionID = transactionID
        self.idToken = idToken
        self.status = status
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.stopReason = stopReason
        self.registerStart = registerStart
        self.registerStop = registerStop
        self.registerLast = registerLast
        self.registerLastAt = registerLastAt
        self.imported = imported
        self.exported = exported
        self.needs = needs
        self.flags = flags
        self.course = course
    }
}

/// What the driver (or the operator for the driver) said; it overrides every forecast.
public struct Needs: Hashable, Sendable {
    public var departure: Instant?
    /// Energy wanted from plug-in to departure.
    public var energy: Energy?
    /// Delivered as soon as possible, before any saving.
    public var minimum: Energy?
    public var chargeNow: Bool
    /// A person's name, or ``vehicle``.
    public var statedBy: String
    public var statedAt: Instant
    public init(
        departure: Instant?, energy: Energy?, minimum: Energy?, chargeNow: Bool, statedBy: String, statedAt: Instant
    ) {
        self.departure = departure
        self.energy = energy
        self.minimum = minimum
        self.chargeNow = chargeNow
        self.statedBy = statedBy
        self.statedAt = statedAt
    }

    /// The vehicle said so itself.
    public static let vehicle = "vehicle (ISO 15118)"
    /// Somebody wants it charged at once (2.1 K21, K22), and said nothing else.
    public static let priority = "priority charging"
}
