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
    public enum Kind: Hashable, Sendable { case absolute, relative, daily, weekly }
    public enum Unit: Hashable, Sendable { case amperes, watts }

    public struct Period: Hashable, Sendable {
        /// Seconds from the start of the schedule.
        public let start: Int
        /// Milliamperes a phase, or milliwatts over all phases.
        public let limit: Int64
        /// `nil` means 3 on AC (1.6 §7.14, 2.x K01.FR.49).
        public let phases: Int?

        /// - Parameter limit: clamped to what a grid can mean, 0 to 10⁹ A or W; beyond that a limit is no limit.
        public init(start: Int, limit: JSONDecimal, phases: Int?) {
            self.start = start
            self.limit = max(0, min(limit.scaled(by: 3) ?? .max, 999_999_999_999))
            self.phases = phases
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
    public let periods: [Period]
    public let validFrom: Instant?
    public let validTo: Instant?
    /// The transaction it is for, in the version's own id as text; `nil`: whichever runs.
    public let transaction: String?

    public init(
        id: Int, stackLevel: Int, purpose: Purpose, kind: Kind, unit: Unit, start: Instant?, duration: Int?,
        periods: [Period], validFrom: Instant? = nil, validTo: Instant? = nil, transaction: String? = nil
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
    }

    /// The same profile for one transaction: how a remote start's becomes its own (2.x F01, F02). `nil` changes nothing.
    public func belonging(to transaction: String?) -> ChargingProfile {
        ChargingProfile(
            id: id, stackLevel: stackLevel, purpose: purpose, kind: kind, unit: unit, start: start, duration: duration,
            periods: periods, validFrom: validFrom, validTo: validTo, transaction: transaction ?? self.transaction)
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
