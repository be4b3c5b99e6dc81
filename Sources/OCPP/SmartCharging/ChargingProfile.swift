import OCPPMessages
import Quantities

/// A charging profile in words that every version of OCPP shares (1.6 §3.13 and §7.8, 2.x part 2 block K).
public struct ChargingProfile: Hashable, Sendable {
    public enum Purpose: Hashable, Sendable, CaseIterable {
        /// ChargePointMaxProfile, ChargingStationMaxProfile: bounds the sum of all EVSEs.
        case stationMaximum
        /// A limit from outside that a station reported (2.x); the central system never sends one.
        case externalConstraints
        case transactionDefault
        case transaction
        /// Goes before the transaction's own while priority charging is on (2.1).
        case priority
        /// Added on top of everything else (2.1).
        case localGeneration
    }
    public enum Kind: Hashable, Sendable {
        case absolute, relative, daily, weekly
        /// One period whose values are changed while it holds (2.1 K28).
        case dynamic
    }
    /// What a period is about (2.1 block Q); everything before 2.1 is charging only.
    public enum Mode: Hashable, Sendable, CaseIterable {
        case idle, chargingOnly, centralSetpoint, externalSetpoint, externalLimits, centralFrequency, localFrequency
        case localLoadBalancing
    }
    public enum Unit: Hashable, Sendable { case amperes, watts }

    public struct Period: Hashable, Sendable {
        /// Seconds from the start of the schedule.
        public let start: Int
        /// Milliamperes a phase, or milliwatts over all phases.
        public let limit: Int64
        /// `nil` means 3 on AC (1.6 §7.14, 2.x K01.FR.49).
        public let phases: Int?
        public let mode: Mode
        /// Of the unit of ``limit``, 0 or less; `nil`: it says nothing of discharging.
        public let dischargeLimit: Int64?
        /// To be followed as closely as possible, below 0 where the vehicle discharges; `nil`: there is none.
        public let setpoint: Int64?
        /// Of ``Mode/localFrequency``.
        public let response: FrequencyResponse?
        /// Of ``Mode/idle``: the electronics may be switched off.
        public let sleeps: Bool
        /// Of ``Mode/idle``: the vehicle may make itself ready, which takes power.
        public let preconditions: Bool

        /// - Parameter limit: clamped to what a grid can mean, 0 to 10⁹ A or W; beyond that a limit is no limit.
        ///   `nil`: there is none.
        public init(
            start: Int, limit: JSONDecimal?, phases: Int?, mode: Mode = .chargingOnly,
            dischargeLimit: JSONDecimal? = nil, setpoint: JSONDecimal? = nil, response: FrequencyResponse? = nil,
            sleeps: Bool = false, preconditions: Bool = false
        ) {
            self.start = start
            self.limit = limit.map { max(0, Self.bounded($0)) } ?? Self.unlimited
            self.phases = phases
            self.mode = mode
            self.dischargeLimit = dischargeLimit.map { min(0, Self.bounded($0)) }
            self.setpoint = setpoint.map(Self.bounded)
            self.response = response
            self.sleeps = sleeps
            self.preconditions = preconditions
        }
        /// The most that flows into the vehicle by this period, in the unit of ``limit``.
        var mostCharged: Int64 {
            switch mode {
            case .idle: 0
            case .centralSetpoint, .centralFrequency: min(limit, setpoint.map { max(0, $0) } ?? limit)
            case .chargingOnly, .externalSetpoint, .externalLimits, .localFrequency, .localLoadBalancing: limit
            }
        }

        /// Beyond what a grid can mean.
        static let unlimited: Int64 = 999_999_999_999
        private static func bounded(_ value: JSONDecimal) -> Int64 {
            let most = value < JSONDecimal(0) ? -unlimited : unlimited
            return max(-unlimited, min(value.scaled(by: 3) ?? most, unlimited))
        }
    }

    public let id: Int
    public let stackLevel: Int
    public let purpose: Purpose
    public let kind: Kind
    public let unit: Unit
    /// `nil`: relative to the start of charging.
    public let start: Instant?
    /// Seconds; `nil`: without end.
    public let duration: Int?
    /// By ascending start.
    public private(set) var periods: [Period]
    /// Of a Dynamic profile: when its values came. ``duration`` counts from there, a dead-man switch (K28.FR.13); `nil`:
    /// nobody knows.
    public private(set) var updatedAt: Instant?
    /// Of a Dynamic profile: the station asks for new values after so many seconds (K28.FR.10); `nil`: never.
    public let updateInterval: Int?
    /// Seconds without the central system after which it is silent (K01.FR.101); `nil`: it holds.
    public let maxOffline: Int?
    /// Once silent for that it does not come back with the connection (K01.FR.102).
    public let diesOffline: Bool
    public let validFrom: Instant?
    public let validTo: Instant?
    /// The transaction it is for, in the version's own id as text; `nil`: whichever runs.
    public private(set) var transaction: String?

    public init(
        id: Int, stackLevel: Int, purpose: Purpose, kind: Kind, unit: Unit, start: Instant?, duration: Int?,
        periods: [Period], validFrom: Instant? = nil, validTo: Instant? = nil, transaction: String? = nil,
        updatedAt: Instant? = nil, updateInterval: Int? = nil, maxOffline: Int? = nil, diesOffline: Bool = false
    ) {
        self.id = id
        self.stackLevel = stackLevel
        self.purpose = purpose
        self.kind = kind
        self.unit = unit
        self.start = start
        self.duration = duration
        self.periods = periods
        self.validFrom = validFrom
        self.validTo = validTo
        self.transaction = transaction
        self.updatedAt = updatedAt
        self.updateInterval = updateInterval
        self.maxOffline = maxOffline
        self.diesOffline = diesOffline
    }

    /// The same profile for one transaction: how a remote start's becomes its own (2.x F01, F02). `nil` changes nothing.
    public func belonging(to transaction: String?) -> ChargingProfile {
        var own = self
        own.transaction = transaction ?? self.transaction
        return own
    }

    /// A Dynamic profile with the values of an update (2.1 K28.FR.06); what the update does not name stays. A later update
    /// revives one whose time was over. `nil` for every other kind.
    public func updated(
        limit: JSONDecimal?, dischargeLimit: JSONDecimal?, setpoint: JSONDecimal?, at instant: Instant
    ) -> ChargingProfile? {
        guard kind == .dynamic, let old = periods.first else { return nil }
        let exact = { (value: Int64) in JSONDecimal(mantissa: value, scale: 3) }
        var new = self
        new.periods = [
            Period(
                start: 0, limit: limit ?? (old.limit == Period.unlimited ? nil : exact(old.limit)), phases: old.phases,
                mode: old.mode, dischargeLimit: dischargeLimit ?? old.dischargeLimit.map(exact),
                setpoint: setpoint ?? old.setpoint.map(exact), response: old.response, sleeps: old.sleeps,
                preconditions: old.preconditions)
        ]
        new.updatedAt = instant
        return new
    }

    /// `nil` for a purpose that 1.6 does not know.
    public init?(_ profile: V16.ChargingProfile) {
        let schedule = profile.chargingSchedule
        guard let purpose = Purpose(profile.chargingProfilePurpose) else { return nil }
        let kind: Kind =
            switch profile.chargingProfileKind {
            case .relative: .relative
            case .recurring: profile.recurrencyKind == .weekly ? .weekly : .daily
            case .absolute, .unrecognized: .absolute
            }
        self.init(
            id: profile.chargingProfileId, stackLevel: profile.stackLevel, purpose: purpose, kind: kind,
            unit: schedule.chargingRateUnit == .a ? .amperes : .watts, start: schedule.startSchedule,
            duration: schedule.duration,
            periods: schedule.chargingSchedulePeriod.map {
                Period(start: $0.startPeriod, limit: $0.limit, phases: $0.numberPhases)
            }, validFrom: profile.validFrom, validTo: profile.validTo,
            transaction: profile.transactionId.map(String.init))
    }
}

extension ChargingProfile.Purpose {
    /// `nil` for a word that 1.6 does not know.
    public init?(_ purpose: V16.ChargingProfilePurpose) {
        switch purpose {
        case .chargePointMaxProfile: self = .stationMaximum
        case .txDefaultProfile: self = .transactionDefault
        case .txProfile: self = .transaction
        case .unrecognized: return nil
        }
    }
}
