public import Assets
public import Quantities

/// Learns one site from what happened there and forecasts departure, energy and base load with quantiles.
///
/// Deterministic and online: the same observations in the same order give the same forecasts; nothing is read but
/// arguments. One forecaster a site.
public struct Forecaster: Sendable {
    public let zone: Zone

    public init(zone: Zone) {
        self.zone = zone
    }

    /// One ended stay.
    public struct ObservedStay: Hashable, Sendable {
        /// The driver as far as known (id token, or the private pile's id); `nil`: unknown.
        public let user: String?
        public let arrival: Instant
        public let departure: Instant
        public let energy: Energy
        public init(user: String?, arrival: Instant, departure: Instant, energy: Energy) {
            self.user = user
            self.arrival = arrival
            self.departure = departure
            self.energy = energy
        }
    }

    public mutating func observe(_ stay: ObservedStay) {}

    /// One 15-minute mean of a node's load without charging.
    public mutating func observe(baseLoad: Power, of node: NodeID, at slotStart: Instant) {}

    /// When a vehicle that arrived at `arrival` and is still plugged in at `now` will leave.
    public func departure(user: String?, arrival: Instant, now: Instant) -> Quantiles<Instant> {
        Quantiles(points: [(0.5, now)], observations: 0)
    }

    /// Energy from plug-in to departure that the vehicle will have taken, given what it already took.
    ///
    /// - Parameter stillDrawing: `false` when it stopped drawing although it was allowed to: then it is full, and the
    ///   answer is `delivered`.
    public func energy(
        user: String?, arrival: Instant, now: Instant, delivered: Energy, stillDrawing: Bool
    ) -> Quantiles<Energy> {
        Quantiles(points: [(0.5, delivered)], observations: 0)
    }

    /// Base load of `node` in `count` slots of 15 minutes from `start` at a probability, with the bias of the last hours.
    /// `nil` while nothing was observed.
    public func baseLoad(of node: NodeID, start: Instant, count: Int, probability: Double, now: Instant) -> [Power]? {
        nil
    }

    /// The highest base load that each quarter hour of the day sees on any type of day, at a probability: what default
    /// profiles, which know no weekday, must leave free. 96 values from `now`, rounded down to a quarter hour.
    public func baseEnvelope(of node: NodeID, probability: Double, now: Instant) -> Series<Power>? { nil }
}
