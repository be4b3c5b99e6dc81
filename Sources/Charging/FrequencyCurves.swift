/// How power answers by itself to the grid's frequency, and to a signal of its operator (2.1 LocalFrequency, Q08): points as they
/// stand in a profile. Its arithmetic is `FrequencyResponse`.
public struct FrequencyCurves: Hashable, Sendable {
    public struct Point: Hashable, Sendable {
        /// Millihertz, or the signal itself.
        public let at: Int64
        /// Milliwatts, below 0 where the vehicle gives back.
        public let power: Int64
        public init(at: Int64, power: Int64) {
            self.at = at
            self.power = power
        }
    }
    /// Milliwatts, to which both answers are added; `nil`: it was not said.
    public let baseline: Int64?
    public let frequency: [Point]
    /// Empty: it takes no signal.
    public let signal: [Point]

    /// `nil` where nothing is said.
    public init?(baseline: Int64?, frequency: [Point], signal: [Point] = []) {
        guard baseline != nil || !frequency.isEmpty || !signal.isEmpty else { return nil }
        self.baseline = baseline
        self.frequency = Array(frequency.prefix(Self.mostPoints))
        self.signal = Array(signal.prefix(Self.mostPoints))
    }
    /// As many as the standard's curve may have.
    public static let mostPoints = 20

    /// Whether both answer the same, but for what binary fractions make of it.
    func isNear(_ other: FrequencyCurves) -> Bool {
        func isNear(_ a: [Point], _ b: [Point]) -> Bool {
            a.count == b.count && zip(a, b).allSatisfy { $0.at == $1.at && abs($0.power - $1.power) <= 10 }
        }
        return abs((baseline ?? 0) - (other.baseline ?? 0)) <= 10 && isNear(frequency, other.frequency)
            && isNear(signal, other.signal)
    }
}

extension [FrequencyCurves.Point] {
    /// `49800/-5000000+50200/5000000`; `-`: none.
    var text: String { isEmpty ? "-" : map { "\($0.at)/\($0.power)" }.joined(separator: "+") }

    init?(text: Substring) {
        self = []
        if text == "-" { return }
        for point in text.split(separator: "+") {
            let parts = point.split(separator: "/")
            guard parts.count == 2, let at = Int64(parts[0]), let power = Int64(parts[1]) else { return nil }
            append(.init(at: at, power: power))
        }
    }
}
