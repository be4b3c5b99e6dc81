public import Quantities

/// A charging profile as a station holds it (1.6 §7.8, 2.x block K), in the standard's words.
public struct HeldProfile: Hashable, Sendable {
    /// Limits over time.
    public struct Schedule: Hashable, Sendable {
        public struct Period: Hashable, Sendable {
            /// Seconds from the start of the schedule.
            public let start: Int
            /// Milliamperes a phase, or milliwatts over all phases; `nil`: the period has no limit (2.1).
            public let limit: Int64?
            /// `nil`: not said, which means 3 on AC.
            public let phases: Int?
            /// What only 2.1 puts into a period; `nil`: it charges, and nothing else was said.
            public var v2x: V2X?
            public init(start: Int, limit: Int64?, phases: Int?, v2x: V2X? = nil) {
                self.start = start
                self.limit = limit
                self.phases = phases
                self.v2x = v2x == V2X() ? nil : v2x
            }

            /// Values in the unit of ``limit``, below 0 where the vehicle gives back.
            public struct V2X: Hashable, Sendable {
                /// The operation mode, in the standard's word; `nil`: ChargingOnly.
                public var mode: String?
                public var dischargeLimit: Int64?
                public var setpoint: Int64?
                /// LocalFrequency, which works in W.
                public var curves: FrequencyCurves?
                /// Idle: the EVSE may sleep.
                public var sleeps: Bool
                /// Idle: the battery is kept at its temperature.
                public var preconditions: Bool
                public init(
                    mode: String? = nil, dischargeLimit: Int64? = nil, setpoint: Int64? = nil,
                    curves: FrequencyCurves? = nil, sleeps: Bool = false, preconditions: Bool = false
                ) {
                    self.mode = mode
                    self.dischargeLimit = dischargeLimit
                    self.setpoint = setpoint
                    self.curves = curves
                    self.sleeps = sleeps
                    self.preconditions = preconditions
                }
            }
            /// In the standard's word.
            public var mode: String { v2x?.mode ?? "ChargingOnly" }
        }
        /// `A` or `W`.
        public let unit: String
        /// `nil`: relative to the transaction, or to when it was told.
        public let startsAt: Instant?
        /// Seconds; `nil`: without end.
        public let duration: Int?
        public let periods: [Period]
        public init(unit: String, startsAt: Instant?, duration: Int?, periods: [Period]) {
            self.unit = HeldProfile.word(unit)
            self.startsAt = startsAt
            self.duration = duration
            self.periods = Array(periods.prefix(Self.mostPeriods))
        }

        /// As many as the standard's schedule may have.
        public static let mostPeriods = 1024
    }

    public let id: Int
    /// 0: the station as a whole. In 1.6 the connector.
    public let evse: Int
    /// `TxProfile`, `TxDefaultProfile`, `ChargingStationMaxProfile` …
    public let purpose: String
    public let level: Int
    /// `Absolute`, `Recurring`, `Relative`, `Dynamic`.
    public let kind: String
    /// `Daily`, `Weekly`.
    public let recurrency: String?
    public let validFrom: Instant?
    public let validTo: Instant?
    public let transaction: String?
    /// At most 3, for ISO 15118.
    public let schedules: [Schedule]
    /// Who set the limit: `CSO` (the central system), `EMS`, `SO`, `Other`.
    public let source: String
    /// What holds only while the station hears us, or is changed while it holds (2.1); `nil`: nothing of it was said.
    public var liveness: Liveness?

    /// Of a profile of 2.1.
    public struct Liveness: Hashable, Sendable {
        /// Seconds offline after which it does not hold any more.
        public var offline: Int?
        /// It does not hold again once the station is back.
        public var isDeadAfterwards = false
        /// Of a Dynamic profile: when its values came.
        public var updatedAt: Instant?
        /// Seconds after which the station asks for new values.
        public var updateInterval: Int?
        public init(
            offline: Int? = nil, isDeadAfterwards: Bool = false, updatedAt: Instant? = nil, updateInterval: Int? = nil
        ) {
            self.offline = offline
            self.isDeadAfterwards = isDeadAfterwards
            self.updatedAt = updatedAt
            self.updateInterval = updateInterval
        }
    }

    public init(
        id: Int, evse: Int, purpose: String, level: Int, kind: String, recurrency: String? = nil,
        validFrom: Instant? = nil, validTo: Instant? = nil, transaction: String? = nil, schedules: [Schedule],
        source: String = HeldProfile.ours, liveness: Liveness? = nil
    ) {
        self.id = id
        self.evse = evse
        self.purpose = Self.word(purpose)
        self.level = level
        self.kind = Self.word(kind)
        self.recurrency = recurrency.map(Self.word)
        self.validFrom = validFrom
        self.validTo = validTo
        self.transaction = transaction.map(Self.word)
        self.schedules = Array(schedules.prefix(3))
        self.source = Self.word(source)
        self.liveness = liveness == Liveness() ? nil : liveness
    }

    /// The source of what the central system set.
    public static let ours = "CSO"
    public static let forTransaction = "TxProfile"
    public static let fromOutside = "ChargingStationExternalConstraints"
    public static let forPriority = "PriorityCharging"
    /// One period whose values change while it holds (2.1 K28).
    public static let dynamic = "Dynamic"

    /// The same with new values of its period, as a Dynamic profile gets them (2.1 K28.FR.06); what is `nil` stays.
    public func updated(
        limit: Int64?, dischargeLimit: Int64?, setpoint: Int64?, at instant: Instant
    ) -> HeldProfile {
        guard kind == Self.dynamic, let schedule = schedules.first, let old = schedule.periods.first else {
            return self
        }
        var v2x = old.v2x ?? Schedule.Period.V2X()
        v2x.dischargeLimit = dischargeLimit ?? v2x.dischargeLimit
        v2x.setpoint = setpoint ?? v2x.setpoint
        var liveness = liveness ?? Liveness()
        liveness.updatedAt = instant
        return HeldProfile(
            id: id, evse: evse, purpose: purpose, level: level, kind: kind, recurrency: recurrency,
            validFrom: validFrom, validTo: validTo, transaction: transaction,
            schedules: [
                Schedule(
                    unit: schedule.unit, startsAt: schedule.startsAt, duration: schedule.duration,
                    periods: [.init(start: 0, limit: limit ?? old.limit, phases: old.phases, v2x: v2x)])
            ], source: source, liveness: liveness)
    }

    /// Whether it can never hold again: its validity or its only run is over.
    public func isOver(at now: Instant) -> Bool {
        if let validTo, validTo <= now { return true }
        guard kind == "Absolute" else { return false }
        return !schedules.isEmpty
            && schedules.allSatisfy { schedule in
                guard let start = schedule.startsAt, let duration = schedule.duration else { return false }
                return start + .seconds(max(0, min(duration, 1_000_000_000))) <= now
            }
    }

    /// Whether a station that was given `set` and tells this has what it was given. It may name the EVSE or the
    /// transaction that was left open, and the phases that go without saying.
    public func isSame(asSet set: HeldProfile) -> Bool {
        guard purpose == set.purpose, level == set.level, kind == set.kind, recurrency == set.recurrency,
            evse == set.evse || set.evse == 0, set.transaction == nil || transaction == set.transaction,
            schedules.count == set.schedules.count
        else { return false }
        return zip(schedules, set.schedules).allSatisfy { told, set in
            told.unit == set.unit && told.duration == set.duration && told.periods.count == set.periods.count
                && zip(told.periods, set.periods).allSatisfy { a, b in
                    a.start == b.start && isNear(a.limit, b.limit) && (a.phases ?? b.phases) == (b.phases ?? a.phases)
                        && a.mode == b.mode && isNear(a.v2x?.dischargeLimit, b.v2x?.dischargeLimit)
                        && (isNear(a.v2x?.setpoint, b.v2x?.setpoint) || a.mode == "ExternalSetpoint")
                        && (a.v2x?.sleeps ?? false) == (b.v2x?.sleeps ?? false)
                        && (a.v2x?.preconditions ?? false) == (b.v2x?.preconditions ?? false)
                        && (a.v2x?.curves == b.v2x?.curves
                            || a.v2x?.curves.flatMap { one in b.v2x?.curves.map(one.isNear) } ?? false)
                }
        }
    }

    /// Stations reckon in binary fractions: 9.9 comes back as 9.8999996.
    private func isNear(_ a: Int64?, _ b: Int64?) -> Bool {
        guard let a, let b else { return a == b }
        return abs(a - b) <= 10
    }

    /// A word of a peer, bounded; the standard's longest has 34 characters.
    public static func word(_ text: String) -> String { known[text] ?? String(text.prefix(50)) }

    /// The standard's words longer than fifteen bytes: literals take no memory, and each station holds some.
    private static let known = Dictionary(
        uniqueKeysWithValues: [
            "TxDefaultProfile", "ChargePointMaxProfile", "ChargingStationMaxProfile",
            "ChargingStationExternalConstraints", "PriorityCharging", "LocalGeneration",
        ].map { ($0, $0) })
}

/// Which profiles a question or an order is about: those that match all that is given (1.6 §5.4, 2.x K09 and K10).
public struct ProfileCriteria: Hashable, Sendable {
    public var ids: [Int]?
    public var evse: Int?
    public var purpose: String?
    public var level: Int?
    public var sources: [String]?
    public init(
        ids: [Int]? = nil, evse: Int? = nil, purpose: String? = nil, level: Int? = nil, sources: [String]? = nil
    ) {
        // A person may list any number of them; what is asked for beyond this is not taken for gone.
        self.ids = ids.map { Array($0.prefix(Self.mostIDs)) }
        self.evse = evse
        self.purpose = purpose
        self.level = level
        self.sources = sources
    }

    public static let mostIDs = 200
    /// Every source that there is: with them a question is about everything (K09.FR.03 wants some criterion).
    public static let everySource = ["CSO", "EMS", "SO", "Other"]

    public var isEverything: Bool {
        ids == nil && evse == nil && purpose == nil && level == nil
            && (sources.map { Set($0).isSuperset(of: Self.everySource) } ?? true)
    }

    public func matches(_ profile: HeldProfile) -> Bool {
        (ids?.contains(profile.id) ?? true) && (evse == nil || profile.evse == evse)
            && (purpose == nil || profile.purpose == purpose) && (level == nil || profile.level == level)
            && (isEverything || (sources?.contains(profile.source) ?? true))
    }
}

/// What an answer tells of a station's charging profiles.
public enum ProfileFact: Hashable, Sendable {
    /// It took this one. `replacesLevel`: in the place of one of the same purpose and level at the same connector too (1.6).
    case holds(HeldProfile, replacesLevel: Bool)
    /// The Dynamic profile of this number has these values now, in thousandths of its unit (2.1 K28); `nil`: unchanged.
    case updated(Int, limit: Int64?, dischargeLimit: Int64?, setpoint: Int64?)
    /// It has none of these any more.
    case cleared(ProfileCriteria)
    /// It will tell those that match in reports with this number. `isEmpty`: there are none, and it tells nothing.
    case asked(request: Int, ProfileCriteria, isEmpty: Bool)
}

/// What a station tells of its charging profiles, and of limits that others set it (2.x K09, K11 to K14).
public enum ProfileNews: Hashable, Sendable {
    /// A part of the answer to the order with this number.
    case report(request: Int, [HeldProfile], goesOn: Bool)
    case outsideLimit(OutsideLimitNews)
    /// `evse` is `nil` where it was not named: everything that the source had set is over.
    case outsideLimitEnded(source: String, evse: Int?)
}

/// A limit that somebody else than the central system set a station: a home energy manager, a grid operator.
public struct OutsideLimitNews: Hashable, Sendable {
    /// 0: the station as a whole.
    public let evse: Int
    /// `EMS`, `SO`, `Other`.
    public let source: String
    /// `nil`: not said.
    public let isCritical: Bool?
    /// Power that is there in addition (2.1): it holds nobody back.
    public let isLocalGeneration: Bool
    /// Empty: how much may be drawn was not said.
    public let schedules: [HeldProfile.Schedule]
    public init(
        evse: Int, source: String, isCritical: Bool? = nil, isLocalGeneration: Bool = false,
        schedules: [HeldProfile.Schedule] = []
    ) {
        self.evse = evse
        self.source = HeldProfile.word(source)
        self.isCritical = isCritical
        self.isLocalGeneration = isLocalGeneration
        self.schedules = Array(schedules.prefix(3))
    }
}

extension [HeldProfile.Schedule] {
    /// `A;1700000000000;300;0:6000:1,60:8000:-`, one a line; `-`: not said. What 2.1 adds stands behind:
    /// `0:-:-:CentralSetpoint:-:-5000:-:-:-:-` (mode, discharge limit, setpoint; baseline and both curves; `s` where the EVSE may
    /// sleep, `p` where the battery is kept at its temperature).
    public var text: String {
        map { schedule in
            let periods = schedule.periods.map { period in
                let told = "\(period.start):\(said(period.limit)):\(said(period.phases))"
                guard let more = period.v2x else { return told }
                let idle = (more.sleeps ? "s" : "") + (more.preconditions ? "p" : "")
                return told + ":\(more.mode ?? "-"):\(said(more.dischargeLimit)):\(said(more.setpoint))"
                    + ":\(said(more.curves?.baseline)):\((more.curves?.frequency ?? []).text)"
                    + ":\((more.curves?.signal ?? []).text):\(idle.isEmpty ? "-" : idle)"
            }
            return
                "\(schedule.unit);\(said(schedule.startsAt?.milliseconds));\(said(schedule.duration));"
                + periods.joined(separator: ",")
        }.joined(separator: "\n")
    }
    private func said(_ value: (some BinaryInteger)?) -> String { value.map { String($0) } ?? "-" }

    /// Reads ``text``; `nil`: it is none.
    public init?(text: String) {
        self = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ";", omittingEmptySubsequences: false)
            guard parts.count == 4, let start = Self.read(parts[1]), let duration = Self.read(parts[2]) else {
                return nil
            }
            var periods: [HeldProfile.Schedule.Period] = []
            for period in parts[3].split(separator: ",") {
                let parts = period.split(separator: ":")
                guard [3, 9, 10, 11].contains(parts.count), let start = Self.read(parts[0])?.map({ Int($0) }),
                    let limit = Self.read(parts[1]), let phases = Self.read(parts[2])
                else { return nil }
                var v2x: HeldProfile.Schedule.Period.V2X?
                if parts.count > 3 {
                    guard let dischargeLimit = Self.read(parts[4]), let setpoint = Self.read(parts[5]) else {
                        return nil
                    }
                    v2x = .init(
                        mode: parts[3] == "-" ? nil : HeldProfile.word(String(parts[3])),
                        dischargeLimit: dischargeLimit, setpoint: setpoint)
                }
                // Rows of before have counts of points and not the points: their curves are not known until the station tells.
                if parts.count == 10 {
                    guard let baseline = Self.read(parts[6]), let frequency = [FrequencyCurves.Point](text: parts[7]),
                        let signal = [FrequencyCurves.Point](text: parts[8])
                    else { return nil }
                    v2x?.curves = FrequencyCurves(baseline: baseline, frequency: frequency, signal: signal)
                    v2x?.sleeps = parts[9].contains("s")
                    v2x?.preconditions = parts[9].contains("p")
                }
                periods.append(.init(start: start, limit: limit, phases: phases.map { Int($0) }, v2x: v2x))
            }
            append(
                HeldProfile.Schedule(
                    unit: String(parts[0]), startsAt: start.map { Instant(milliseconds: $0) },
                    duration: duration.map { Int($0) }, periods: periods))
        }
    }
    /// Outer `nil`: no number.
    private static func read(_ text: Substring) -> Int64?? {
        text == "-" ? .some(nil) : Int64(text).map { .some($0) }
    }
}
