/// A half-open span of time `[start, end)`.
public struct Interval: Hashable, Sendable, CustomStringConvertible {
    public let start: Instant
    public let end: Instant

    /// - Precondition: `start <= end`.
    public init(_ start: Instant, _ end: Instant) {
        precondition(start <= end, "an interval ends at or after its start")
        self.start = start
        self.end = end
    }

    public var duration: Duration { end - start }
    public var isEmpty: Bool { start == end }
    public func contains(_ instant: Instant) -> Bool { start <= instant && instant < end }
    public func overlaps(_ other: Interval) -> Bool { start < other.end && other.start < end }

    public func intersection(_ other: Interval) -> Interval? {
        let (a, b) = (max(start, other.start), min(end, other.end))
        return a < b ? Interval(a, b) : nil
    }

    public var description: String { "[\(start), \(end))" }
}

/// Evenly spaced values: `values[i]` holds on `[start + i·step, start + (i+1)·step)`.
public struct Series<Element: Sendable>: Sendable {
    public let start: Instant
    public let step: Duration
    public var values: [Element]

    public init(start: Instant, step: Duration, values: [Element]) {
        precondition(step > .zero, "a series has a positive step")
        self.start = start
        self.step = step
        self.values = values
    }

    public var end: Instant { start + step * values.count }
    public var interval: Interval { Interval(start, end) }

    /// Index of the step that holds at `instant`, `nil` outside the series.
    public func index(at instant: Instant) -> Int? {
        guard instant >= start else { return nil }
        let i = Int((instant.milliseconds - start.milliseconds) / step.wholeMilliseconds)
        return i < values.count ? i : nil
    }

    public func interval(at index: Int) -> Interval {
        Interval(start + step * index, start + step * (index + 1))
    }

    public subscript(at instant: Instant) -> Element? { index(at: instant).map { values[$0] } }
}

extension Series: Equatable where Element: Equatable {}
extension Series: Hashable where Element: Hashable {}
