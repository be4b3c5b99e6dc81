public import OCPPMessages

/// How power answers by itself to the frequency of the grid, and to a signal of its operator (2.1 part 2, Q08).
public struct FrequencyResponse: Hashable, Sendable {
    /// Between two points power runs on a straight line, beyond the outer ones it stays.
    public struct Point: Hashable, Sendable {
        /// Millihertz, or the signal itself.
        public let at: Int64
        /// Milliwatts over all phases, below 0 while discharging.
        public let power: Int64

        public init(at: Int64, power: Int64) {
            self.at = Self.bounded(at)
            self.power = Self.bounded(power)
        }
        /// Beyond what a grid can mean.
        private static func bounded(_ value: Int64) -> Int64 { max(-999_999_999_999, min(value, 999_999_999_999)) }
    }

    /// Milliwatts, to which the answer is added.
    public let baseline: Int64
    /// By ascending frequency.
    public let frequency: [Point]
    /// By ascending signal; empty: it follows no signal.
    public let signal: [Point]

    public init(baseline: Int64, frequency: [Point], signal: [Point] = []) {
        self.baseline = Point(at: 0, power: baseline).power
        self.frequency = frequency.sorted { $0.at < $1.at }
        self.signal = signal.sorted { $0.at < $1.at }
    }

    /// Milliwatts, rounded towards the point before (Q08.FR.06, FR.10).
    /// - Parameter value: `nil`: no signal has come.
    public func power(millihertz: Int64, signal value: Int64?) -> Int64 {
        baseline + answer(millihertz: millihertz) + (value.map(answer(signal:)) ?? 0)
    }
    /// The part of ``power(millihertz:signal:)`` that comes from each curve.
    public func answer(millihertz: Int64) -> Int64 { Self.interpolated(frequency, at: millihertz) }
    public func answer(signal value: Int64) -> Int64 { Self.interpolated(signal, at: value) }

    /// The least and the most that it can be, in milliwatts.
    public var extremes: ClosedRange<Int64> {
        let (least, most) = (frequency.map(\.power).min() ?? 0, frequency.map(\.power).max() ?? 0)
        // Without a signal nothing is added.
        let (lowest, highest) = (min(0, signal.map(\.power).min() ?? 0), max(0, signal.map(\.power).max() ?? 0))
        return (baseline + least + lowest)...(baseline + most + highest)
    }

    private static func interpolated(_ curve: [Point], at value: Int64) -> Int64 {
        guard let first = curve.first, let last = curve.last else { return 0 }
        if value <= first.at { return first.power }
        guard value < last.at, let i = curve.firstIndex(where: { $0.at > value }) else { return last.power }
        let (a, b) = (curve[i - 1], curve[i])
        return a.power + Int64(Int128(b.power - a.power) * Int128(value - a.at) / Int128(b.at - a.at))
    }
}

// As periods of 2.1 carry it: hertz and watts.
extension FrequencyResponse {
    /// `nil` without a baseline or a curve.
    public init?(_ period: V2.ChargingSchedulePeriod) {
        guard let baseline = period.v2xBaseline, let curve = period.v2xFreqWattCurve else { return nil }
        func thousandths(_ value: JSONDecimal) -> Int64 {
            value.scaled(by: 3) ?? (value < JSONDecimal(0) ? .min : .max)
        }
        self.init(
            baseline: thousandths(baseline),
            frequency: curve.map { Point(at: thousandths($0.frequency), power: thousandths($0.power)) },
            signal: (period.v2xSignalWattCurve ?? []).map {
                Point(at: Int64($0.signal), power: thousandths($0.power))
            })
    }

    var frequencyCurve: [V2.V2XFreqWattPoint] {
        frequency.map {
            V2.V2XFreqWattPoint(
                frequency: JSONDecimal(mantissa: $0.at, scale: 3), power: JSONDecimal(mantissa: $0.power, scale: 3))
        }
    }
    /// `nil` where there is none: the wire knows no empty list.
    var signalCurve: [V2.V2XSignalWattPoint]? {
        signal.isEmpty
            ? nil
            : signal.map {
                V2.V2XSignalWattPoint(signal: Int($0.at), power: JSONDecimal(mantissa: $0.power, scale: 3))
            }
    }
}
