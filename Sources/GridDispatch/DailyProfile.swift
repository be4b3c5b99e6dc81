public import Quantities

/// A power for every moment of a day of 24 hours, repeating for ever: a default profile, a base-load envelope.
///
/// Like a recurring daily charging profile it is tied to an instant, not to a wall clock: it repeats every 24 hours.
public struct DailyProfile: Hashable, Sendable {
    /// Where `values[0]` begins, on the first day of 1970; so does it whole days later. Always within the first step of that
    /// day (UTC), so that equal profiles are equal values.
    public let anchor: Instant
    /// Evenly long steps that fill 24 hours.
    public let values: [Power]

    /// - Precondition: there is at least one value, and 24 hours are a whole number of milliseconds a step.
    public init(anchor: Instant, values: [Power]) {
        precondition(!values.isEmpty && 86_400_000 % values.count == 0, "the steps of a daily profile fill 24 hours")
        let step = Int64(86_400_000 / values.count)
        let inDay = (anchor.milliseconds % 86_400_000 + 86_400_000) % 86_400_000
        let skipped = Int(inDay / step)
        self.anchor = Instant(milliseconds: inDay % step)
        self.values =
            skipped == 0 ? values : Array(values[(values.count - skipped)...] + values[..<(values.count - skipped)])
    }

    public init(constant: Power, anchor: Instant = Instant(milliseconds: 0)) {
        self.init(anchor: anchor, values: [constant])
    }

    /// The first 24 hours of a series, repeated; `nil` when the series does not cover them in whole steps.
    public init?(repeating series: Series<Power>) {
        let step = series.step.wholeMilliseconds
        guard step > 0, 86_400_000 % step == 0, series.values.count >= 86_400_000 / step else { return nil }
        self.init(anchor: series.start, values: Array(series.values.prefix(Int(86_400_000 / step))))
    }

    public static let none = DailyProfile(constant: .zero)

    public var step: Duration { .milliseconds(86_400_000 / values.count) }

    public subscript(at instant: Instant) -> Power { values[index(at: instant)] }

    func index(at instant: Instant) -> Int {
        if values.count == 1 { return 0 }
        let offset = (instant.milliseconds - anchor.milliseconds) % 86_400_000
        return Int((offset < 0 ? offset + 86_400_000 : offset) / Int64(86_400_000 / values.count))
    }

    /// The highest value that holds anywhere in `[from, to)`, the value at `from` included.
    public func maximum(from: Instant, to: Instant) -> Power {
        guard values.count > 1 else { return values[0] }
        if to - from >= .days(1) { return values.max() ?? .zero }
        var index = index(at: from)
        var highest = values[index]
        let last = to > from ? self.index(at: to - .milliseconds(1)) : index
        while index != last {
            index = (index + 1) % values.count
            highest = max(highest, values[index])
        }
        return highest
    }

    /// Runs of equal values in `[0, 24 h)` from the anchor, as a charging schedule writes them: start and limit.
    public var periods: [(start: Duration, limit: Power)] {
        var periods: [(start: Duration, limit: Power)] = []
        for (i, value) in values.enumerated() where periods.last?.limit != value {
            periods.append((step * i, value))
        }
        return periods
    }

    /// A profile of at most `count` periods that is nowhere above this one: neighbours are joined at the lower value
    /// where the least energy is lost.
    public func lowered(toPeriods count: Int) -> DailyProfile {
        var runs: [(length: Int, value: Power)] = []
        for value in values {
            if let last = runs.last, last.value == value {
                runs[runs.count - 1].length = last.length + 1
            } else {
                runs.append((1, value))
            }
        }
        while runs.count > max(1, count) {
            var best = 0
            var leastLoss = Int64.max
            for i in 0..<(runs.count - 1) {
                let (a, b) = (runs[i], runs[i + 1])
                let loss =
                    a.value > b.value
                    ? (a.value.watts - b.value.watts) * Int64(a.length)
                    : (b.value.watts - a.value.watts) * Int64(b.length)
                if loss < leastLoss {
                    leastLoss = loss
                    best = i
                }
            }
            runs[best] = (runs[best].length + runs[best + 1].length, min(runs[best].value, runs[best + 1].value))
            runs.remove(at: best + 1)
        }
        return DailyProfile(anchor: anchor, values: runs.flatMap { Array(repeating: $0.value, count: $0.length) })
    }
}
