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

    /// As GetCompositeSchedule answers it: seconds from the start, one decimal rounded down.
    /// - Parameter hardware: what the connector may draw where no profile says anything.
    public func schedule(in unit: V16.ChargingRateUnit, supply: Supply, hardware: ChargingLimit) -> V16.ChargingSchedule
    {
        var periods: [V16.ChargingSchedulePeriod] = []
        for step in steps {
            let limit = step.limit?.lowered(by: hardware) ?? hardware
            let tenths = unit == .w ? limit.milliwatts / 100 : limit.milliamperes(supply) / 100
            let offset = Int((step.start.milliseconds - span.start.milliseconds) / 1000)
            let period = V16.ChargingSchedulePeriod(
                startPeriod: offset, limit: JSONDecimal(mantissa: tenths, scale: 1), numberPhases: limit.phases)
            if let last = periods.last {
                if last.limit == period.limit, last.numberPhases == period.numberPhases { continue }
                // Two changes within one second: the later one holds.
                if last.startPeriod == offset { periods.removeLast() }
            }
            periods.append(period)
        }
        return V16.ChargingSchedule(
            chargingRateUnit: unit, chargingSchedulePeriod: periods,
            duration: Int(span.duration.wholeMilliseconds / 1000), startSchedule: span.start)
    }
}
