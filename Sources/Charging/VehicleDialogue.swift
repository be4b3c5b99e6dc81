public import Quantities

/// What a vehicle said through its station over ISO 15118-20 beside its needs, and what it was told (OCPP 2.1 block Q, K18 to
/// K22). Few sessions have one.
public struct VehicleDialogue: Hashable, Sendable {
    /// EVCCID of the vehicle, where its station named it (Q01.FR.02).
    public var vehicle: String?
    /// The transfers that its station was told it may use (Q01.FR.01, Q02.FR.05); `nil`: nothing, it only charges.
    public var allowed: [String]?
    public var offer: VehicleOffer?
    public var course: VehicleCourse?
    public var priority: Priority?
    /// Priority charging was ordered here (`true`) or its end, and the station took it; it tells when it has begun.
    public var askedPriority: Bool?
    public init(vehicle: String? = nil) { self.vehicle = vehicle }

    /// Priority charging, as the station told it last (K21, K22).
    public struct Priority: Hashable, Sendable {
        public var isOn: Bool
        public var at: Instant
        /// Somebody at the station wanted it, not we.
        public var isLocal: Bool
        public init(isOn: Bool, at: Instant, isLocal: Bool) {
            self.isOn = isOn
            self.at = at
            self.isLocal = isLocal
        }
    }

    public var hasPriority: Bool { priority?.isOn ?? false }
}

/// What a vehicle asks for and offers (2.1 NotifyEVChargingNeeds), beside ``V2XParameters``.
public struct VehicleOffer: Hashable, Sendable {
    /// The transfer it asks for.
    public var requested: String
    /// Those it could use as well.
    public var available: [String]
    /// `EVCC` or `EVCC_SECC`: whether the station side may set the needs too.
    public var mobility: String?
    /// Entries that a schedule for it may have at most.
    public var mostTuples: Int?
    /// Fields of `v2xChargingParameters` for phases 2 and 3 that it filled: only for those there may be values a phase.
    public var phases: [String]
    public var power: Power?
    public var price: Price?
    /// Its `derChargingParameters`, as JSON in the standard's words.
    public var der: String?
    /// When its station heard it.
    public var at: Instant

    public init(
        requested: String, available: [String] = [], mobility: String? = nil, mostTuples: Int? = nil,
        phases: [String] = [], power: Power? = nil, price: Price? = nil, der: String? = nil, at: Instant
    ) {
        self.requested = requested
        self.available = Array(available.prefix(Self.mostWords))
        self.mobility = mobility
        self.mostTuples = mostTuples
        self.phases = phases
        self.power = power
        self.price = price
        self.der = der.flatMap { $0.utf8.count <= Self.longestDER ? $0 : nil }
        self.at = at
    }

    /// All fields of the standard with their longest texts have less.
    static let longestDER = 4096
    /// As many as there are words.
    static let mostWords = 16
    /// Of a schedule that a vehicle offers; the standard's longest has 1024, and nobody reads those.
    public static let mostSteps = 96

    /// The most power that it offers over time; below 0 it gives back.
    public struct Power: Hashable, Sendable {
        public struct Step: Hashable, Sendable {
            public let seconds: Int
            public let watts: Int64
            public init(seconds: Int, watts: Int64) {
                self.seconds = seconds
                self.watts = watts
            }
        }
        public let start: Instant
        public let steps: [Step]
        public init(start: Instant, steps: [Step]) {
            self.start = start
            self.steps = Array(steps.prefix(VehicleOffer.mostSteps))
        }
    }

    /// What it wants for that.
    public struct Price: Hashable, Sendable {
        public struct Rule: Hashable, Sendable {
            /// A kWh, exact as it came; below 0 the vehicle's user pays.
            public let fee: String
            /// From this power on, watts.
            public let from: Int64
            public init(fee: String, from: Int64) {
                self.fee = fee
                self.from = from
            }
        }
        public struct Step: Hashable, Sendable {
            public let seconds: Int
            public let rules: [Rule]
            public init(seconds: Int, rules: [Rule]) {
                self.seconds = seconds
                self.rules = Array(rules.prefix(Self.mostRules))
            }
            static let mostRules = 8
        }
        public let start: Instant
        public let currency: String
        public let algorithm: String
        public let steps: [Step]
        public init(start: Instant, currency: String, algorithm: String, steps: [Step]) {
            self.start = start
            self.currency = currency
            self.algorithm = algorithm
            self.steps = Array(steps.prefix(VehicleOffer.mostSteps))
        }
    }
}

extension VehicleOffer {
    /// The most that it offers to give somewhere in `span`'s least generous moment, watts, a magnitude; `nil`: it said nothing of
    /// that time.
    public func mostGiven(in span: Interval) -> Int64? {
        guard let power else { return nil }
        var from = power.start
        var least: Int64?
        for step in power.steps {
            let until = from + .seconds(max(0, min(step.seconds, Self.longestStep)))
            if from < span.end, until > span.start {
                // Without a bound that fits in 64 bits it offers nothing sensible.
                let given = step.watts < 0 ? 0 - max(step.watts, -.max) : 0
                least = min(least ?? given, given)
            }
            from = until
        }
        return least
    }
    /// A year: a peer's absurd number stays harmless.
    private static let longestStep = 31_536_000

    /// The highest price that it asks for a kWh in yuan, whenever and at whatever power; `nil`: none, or in another currency.
    public var highestFee: Rational? {
        guard let price, price.currency == "CNY" else { return nil }
        return price.steps.flatMap(\.rules).compactMap { Rational(decimal: $0.fee) }.max()
    }
}

/// How a vehicle, or its station for it, means to charge and give back (2.1 NotifyEVChargingSchedule).
public struct VehicleCourse: Hashable, Sendable {
    /// Of those that it was offered, the schedule it follows.
    public var selected: Int?
    /// Whether it keeps to the tolerance that the schedule asks for; `nil`: not said.
    public var keepsTolerance: Bool?
    public var start: Instant
    /// Each holds until the next one's start; power below 0 gives back.
    public var steps: [Step]
    /// Within what it was told.
    public var fits: Bool
    public var at: Instant

    public struct Step: Hashable, Sendable {
        /// From ``VehicleCourse/start``.
        public let seconds: Int
        public let watts: Int64
        public init(seconds: Int, watts: Int64) {
            self.seconds = seconds
            self.watts = watts
        }
    }
    public init(
        selected: Int?, keepsTolerance: Bool?, start: Instant, steps: [Step], fits: Bool, at: Instant
    ) {
        self.selected = selected
        self.keepsTolerance = keepsTolerance
        self.start = start
        self.steps = Array(steps.prefix(VehicleOffer.mostSteps))
        self.fits = fits
        self.at = at
    }
}
