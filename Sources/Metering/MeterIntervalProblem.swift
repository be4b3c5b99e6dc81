public import Documents

/// An interval that cannot be priced or judged, and why.
public struct MeterIntervalProblem: Error, Sendable, CustomStringConvertible {
    public let interval: MeterInterval
    public let reason: Message

    public init(interval: MeterInterval, reason: Message) {
        self.interval = interval
        self.reason = reason
    }

    public var description: String { "meter \(interval.meter), \(interval.interval): \(reason)" }
}
