/// Which quantiles a plan reckons with. Chosen by the backtest in docs/adr/0006-forecasts-and-reserves.md.
public struct ForecastQuantiles: Hashable, Sendable {
    /// Low: the vehicle may leave early.
    public var departure: Double
    /// High: it may need more.
    public var energy: Double
    /// High: the households may draw more. Used for the node's room in plans.
    public var baseLoad: Double
    /// Higher still: what default profiles and the offline invariant leave free.
    public var baseEnvelope: Double
    public init(departure: Double, energy: Double, baseLoad: Double, baseEnvelope: Double) {
        self.departure = departure
        self.energy = energy
        self.baseLoad = baseLoad
        self.baseEnvelope = baseEnvelope
    }
    public static let standard = ForecastQuantiles(departure: 0.15, energy: 0.9, baseLoad: 0.9, baseEnvelope: 0.95)
}
