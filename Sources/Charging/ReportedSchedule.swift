public import Quantities

/// What a station says that one of its EVSEs may draw from now on: all its profiles put together by itself.
public struct ReportedSchedule: Hashable, Sendable {
    public struct Step: Hashable, Sendable {
        public let start: Instant
        public let limit: Power
        public init(start: Instant, limit: Power) {
            self.start = start
            self.limit = limit
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
