/// A forecast as a distribution: the values below which the truth falls in a given share of cases.
public struct Quantiles<Value: Comparable & Sendable>: Sendable {
    /// Rising in both; never empty.
    public let points: [(probability: Double, value: Value)]
    /// How many observations stand behind it; 0: the built-in prior alone.
    public let observations: Int

    init(points: [(probability: Double, value: Value)], observations: Int) {
        self.points = points
        self.observations = observations
    }

    /// The value of the least listed probability that is at least `probability`, or the highest one.
    public func value(at probability: Double) -> Value {
        for point in points where point.probability >= probability - 1e-9 { return point.value }
        return points[points.count - 1].value
    }

    public var median: Value { value(at: 0.5) }
}
