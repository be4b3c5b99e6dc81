/// A forecast as a distribution: the values below which the truth falls in a given share of cases.
public struct Quantiles<Value: Comparable & Sendable>: Sendable {
    /// Rising in both; never empty.
    public let points: [(probability: Double, value: Value)]
    /// How many observations of this driver stand behind it; 0: the site's or the built-in prior alone.
    public let observations: Int

    init(points: [(probability: Double, value: Value)], observations: Int) {
        precondition(!points.isEmpty, "a forecast has at least one value")
        self.points = points
        self.observations = observations
    }

    /// The value of the least listed probability that is at least `probability`, or the highest one.
    public func value(at probability: Double) -> Value {
        for point in points where point.probability >= probability - 1e-9 { return point.value }
        return points[points.count - 1].value
    }

    public var median: Value { value(at: 0.5) }

    func map<Other>(_ transform: (Value) -> Other) -> Quantiles<Other> {
        Quantiles<Other>(points: points.map { ($0.probability, transform($0.value)) }, observations: observations)
    }
}

/// Weighted observations whose empirical quantiles are the forecast.
struct WeightedSample {
    static let probabilities = [
        0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98,
    ]
    private var entries: [(value: Double, weight: Double)] = []

    mutating func reserve(_ count: Int) { entries.reserveCapacity(count) }
    mutating func add(_ value: Double, weight: Double) {
        if weight > 0 { entries.append((value, weight)) }
    }

    /// `nil` when nothing has weight.
    func quantiles(observations: Int) -> Quantiles<Double>? {
        let total = entries.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return nil }
        let sorted = entries.sorted { ($0.value, $0.weight) < ($1.value, $1.weight) }
        var points: [(probability: Double, value: Double)] = []
        var sum = 0.0
        var next = 0
        for entry in sorted {
            sum += entry.weight
            while next < Self.probabilities.count, sum >= (Self.probabilities[next] - 1e-12) * total {
                points.append((Self.probabilities[next], entry.value))
                next += 1
            }
        }
        // Rounding may leave the sum a hair below the last probabilities.
        while next < Self.probabilities.count {
            points.append((Self.probabilities[next], sorted[sorted.count - 1].value))
            next += 1
        }
        return Quantiles(points: points, observations: observations)
    }
}
