import OCPPMessages
import Quantities

/// The limits of a stack over a span of time, each from `start` until the next one's or the span's end.
public struct CompositeSchedule: Hashable, Sendable {
    public struct Step: Hashable, Sendable {
        public let start: Instant
        /// `nil`: no profile says anything, only the hardware limits.
        public let limit: ChargingLimit?
        public init(start: Instant, limit: ChargingLimit?) {
            self.start = start
            self.limit = limit
        }
    }
    /// The first starts with the span; neighbours differ.
    public let steps: [Step]
    public let span: Interval

    /// A schedule of more steps than this is cut: no station can send one.
    public static let longest = 10_000

    public init(
        _ stack: ProfileStack, evse: Int, over span: Interval, transaction: ProfileStack.Transaction?,
        supply: Supply
    ) {
        var steps: [Step] = []
        var at = span.start
        while at < span.end, steps.count < CompositeSchedule.longest {
            let limit = stack.limit(evse: evse, at: at, transaction: transaction, supply: supply)
            if steps.last.map({ $0.limit != limit }) ?? true { steps.append(Step(start: at, limit: limit)) }
            guard let next = stack.nextChange(after: at, evse: evse, transaction: transaction) else { break }
            at = next
        }
        self.steps = steps
        self.span = span
    }

    /// A limit as GetCompositeSchedule tells it.
    public struct Period: Hashable, Sendable {
        /// Seconds from the start of the schedule.
        public let start: Int
        /// Amperes a phase or watts, one decimal, rounded down.
        public let limit: JSONDecimal
        public let phases: Int
    }

    /// The steps as GetCompositeSchedule tells them.
    /// - Parameter hardware: what the connector may draw where no profile says anything.
    public func periods(
        in unit: ChargingProfile.Unit, supply: Supply, hardware: ChargingLimit
    ) -> [Period] {
        var periods: [Period] = []
        for step in steps {
            let limit = step.limit?.lowered(by: hardware) ?? hardware
            let tenths = unit == .watts ? limit.milliwatts / 100 : limit.milliamperes(supply) / 100
            let offset = Int((step.start.milliseconds - span.start.milliseconds) / 1000)
            let period = Period(
                start: offset, limit: JSONDecimal(mantissa: tenths, scale: 1), phases: limit.phases)
            if let last = periods.last {
                if last.limit == period.limit, last.phases == period.phases { continue }
                // Two changes within one second: the later one holds.
                if last.start == offset { periods.removeLast() }
            }
            periods.append(period)
        }
        return periods
    }

    /// As 1.6 answers it.
    public func schedule(in unit: V16.ChargingRateUnit, supply: Supply, hardware: ChargingLimit) -> V16.ChargingSchedule
    {
        V16.ChargingSchedule(
            chargingRateUnit: unit,
            chargingSchedulePeriod: periods(in: unit == .a ? .amperes : .watts, supply: supply, hardware: hardware).map
            {
                V16.ChargingSchedulePeriod(startPeriod: $0.start, limit: $0.limit, numberPhases: $0.phases)
            }, duration: Int(span.duration.wholeMilliseconds / 1000), startSchedule: span.start)
    }

    /// As 2.x answers it.
    public func schedule(
        of evse: Int, in unit: V2.ChargingRateUnit, supply: Supply, hardware: ChargingLimit
    ) -> V2.CompositeSchedule {
        V2.CompositeSchedule(
            evseId: evse, duration: Int(span.duration.wholeMilliseconds / 1000), scheduleStart: span.start,
            chargingRateUnit: unit,
            chargingSchedulePeriod: periods(in: unit == .a ? .amperes : .watts, supply: supply, hardware: hardware).map
            {
                V2.ChargingSchedulePeriod(startPeriod: $0.start, limit: $0.limit, numberPhases: $0.phases)
            })
    }
}
