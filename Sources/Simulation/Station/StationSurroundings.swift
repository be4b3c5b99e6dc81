public import Quantities

/// What a station sees of the grid and of its site, besides its own meters.
public struct StationSurroundings: Hashable, Sendable {
    /// An energy manager of the site, where one speaks to the station (2.1 Q05, Q06).
    public enum External: Hashable, Sendable {
        /// Below zero: to be given back.
        case setpoint(Power)
        /// `charge` is zero or more, `discharge` zero or less.
        case limits(charge: Power, discharge: Power)
    }
    /// Frequency of the grid, mHz.
    public var millihertz: Int64 = 50_000
    /// Per mille of the nominal voltage.
    public var voltagePermille: Int64 = 1000
    /// Drawn behind the meter upstream by everybody but this station, below zero what is fed in; `nil`: there is no such meter.
    public var load: Power?
    public var external: External?

    public init() {}
}

/// A recorded frequency of the grid: each value holds until the next.
public struct GridFrequency: Hashable, Sendable {
    public struct Step: Hashable, Sendable {
        public let at: Instant
        public let millihertz: Int64
        public init(at: Instant, millihertz: Int64) {
            self.at = at
            self.millihertz = millihertz
        }
    }
    /// By time.
    public let steps: [Step]

    public init(_ steps: [Step]) { self.steps = steps.sorted { $0.at < $1.at } }

    /// `nil` before the record begins.
    public func millihertz(at instant: Instant) -> Int64? {
        let next = firstIndex(after: instant)
        return next == 0 ? nil : steps[next - 1].millihertz
    }

    func nextChange(after instant: Instant) -> Instant? {
        let next = firstIndex(after: instant)
        return next < steps.count ? steps[next].at : nil
    }

    public func moved(by duration: Duration) -> GridFrequency {
        GridFrequency(steps.map { Step(at: $0.at + duration, millihertz: $0.millihertz) })
    }

    private func firstIndex(after instant: Instant) -> Int {
        var (low, high) = (0, steps.count)
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].at <= instant { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
