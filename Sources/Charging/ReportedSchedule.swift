public import Quantities

/// What a station says that one of its EVSEs may draw from now on: all its profiles put together by itself.
public struct ReportedSchedule: Hashable, Sendable {
    public struct Step: Hashable, Sendable {
        public let start: Instant
        public let limit: Power
        /// It said nothing of a limit (2.1).
        public let isUnlimited: Bool
        /// 0 or less (2.1); `nil`: it said nothing.
        public let dischargeLimit: Power?
        /// To be followed, below 0 where the vehicle gives back (2.1); `nil`: there is none.
        public let setpoint: Power?
        /// The operation mode, in the standard's word.
        public let mode: String
        /// LocalFrequency.
        public let curves: FrequencyCurves?
        /// Idle: whether the EVSE may sleep, and the battery is kept at its temperature.
        public let sleeps: Bool
        public let preconditions: Bool
        public init(
            start: Instant, limit: Power, isUnlimited: Bool = false, dischargeLimit: Power? = nil,
            setpoint: Power? = nil, mode: String = "ChargingOnly", curves: FrequencyCurves? = nil,
            sleeps: Bool = false, preconditions: Bool = false
        ) {
            self.start = start
            self.limit = limit
            self.isUnlimited = isUnlimited
            self.dischargeLimit = dischargeLimit
            self.setpoint = setpoint
            self.mode = mode
            self.curves = curves
            self.sleeps = sleeps
            self.preconditions = preconditions
        }
    }
    public let span: Interval
    /// By ascending start; each holds until the next one's start or the span's end.
    public let steps: [Step]

    public init(span: Interval, steps: [Step]) {
        self.span = span
        self.steps = steps.sorted { $0.start < $1.start }
    }

    /// `nil` where it says nothing.
    public subscript(at instant: Instant) -> Power? {
        span.contains(instant) ? steps.last { $0.start <= instant }?.limit : nil
    }
}
