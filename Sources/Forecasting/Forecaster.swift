public import Assets
public import Quantities

/// Learns one site from what happened there and forecasts departure, energy and base load with quantiles.
///
/// Deterministic and online: the same observations in the same order give the same forecasts; nothing is read but
/// arguments. One forecaster a site. Method and constants: docs/adr/0006-forecasts-and-reserves.md.
public struct Forecaster: Sendable {
    public let zone: Zone
    /// Holidays and make-up workdays, where they are known.
    public var dayKinds = DayKinds()
    private var stays = StayHistory()
    private var baseLoads: [NodeID: BaseLoadHistory] = [:]

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

    /// Learns a stay. One that took no time or no energy, or lasted longer than two weeks, teaches nothing and is left out.
    public mutating func observe(_ stay: ObservedStay) {
        guard stay.departure > stay.arrival, stay.energy > .zero, stay.departure - stay.arrival <= .days(14) else {
            return
        }
        stays.insert(
            StayHistory.Entry(
                context: context(of: stay.arrival), duration: hours(stay.departure - stay.arrival),
                energy: stay.energy.kilowattHours), user: stay.user)
    }

    /// Learns one 15-minute mean of a node's load without charging. A slot told twice replaces itself.
    public mutating func observe(baseLoad: Power, of node: NodeID, at slotStart: Instant) {
        baseLoads[node, default: BaseLoadHistory()].observe(
            Double(baseLoad.watts), slot: slot(of: slotStart), at: slotStart)
    }

    /// When a vehicle that arrived at `arrival` and is still plugged in at `now` will leave.
    public func departure(user: String?, arrival: Instant, now: Instant) -> Quantiles<Instant> {
        let stayed = max(0, hours(now - arrival))
        return stays.duration(user: user, context: context(of: arrival), stayed: stayed).map {
            max(now, arrival + .milliseconds(Int64(($0 * 3_600_000).rounded())))
        }
    }

    /// Energy from plug-in to departure that the vehicle will have taken, given what it already took.
    ///
    /// - Parameter stillDrawing: `false` when it stopped drawing although it was allowed to: then it is full, and the
    ///   answer is `delivered`.
    public func energy(
        user: String?, arrival: Instant, delivered: Energy, stillDrawing: Bool
    ) -> Quantiles<Energy> {
        guard stillDrawing else { return Quantiles(points: [(1, delivered)], observations: 1) }
        return stays.energy(user: user, context: context(of: arrival), delivered: delivered.kilowattHours).map {
            max(delivered, Energy(roundingKilowattHours: $0))
        }
    }

    /// Base load of `node` in `count` slots of 15 minutes from `start` at a probability, with the bias of the last hours.
    /// `nil` while nothing was observed.
    public func baseLoad(of node: NodeID, start: Instant, count: Int, probability: Double) -> [Power]? {
        guard let history = baseLoads[node], !history.isEmpty else { return nil }
        return (0..<count).map { k in
            let at = start + .minutes(15) * k
            return Power(watts: Int64(history.value(slot: slot(of: at), probability: probability, at: at).rounded()))
        }
    }

    /// The highest base load that each quarter hour of the day sees on any kind of day, at a probability: what default
    /// profiles, which know no weekday, must leave free. 96 values from `now`, rounded down to a quarter hour.
    public func baseEnvelope(of node: NodeID, probability: Double, now: Instant) -> Series<Power>? {
        guard let history = baseLoads[node], !history.isEmpty else { return nil }
        let start = now.floored(to: .minutes(15), from: Instant(milliseconds: 0))
        let values = (0..<96).map { k in
            let quarter = slot(of: start + .minutes(15) * k).quarter
            return Power(watts: Int64(history.highest(quarter: quarter, probability: probability).rounded()))
        }
        return Series(start: start, step: .minutes(15), values: values)
    }

    // MARK: - What time means

    private func context(of arrival: Instant) -> StayHistory.Context {
        let day = zone.civilDay(at: arrival)
        return StayHistory.Context(
            day: Int(day.daysSince1970), hour: Double(zone.millisecondOfDay(at: arrival)) / 3_600_000,
            isFree: dayKinds[day].isFree, isNextFree: dayKinds[day.adding(days: 1)].isFree)
    }

    private func slot(of instant: Instant) -> BaseLoadHistory.Slot {
        BaseLoadHistory.Slot(
            kind: dayKinds[zone.civilDay(at: instant)], quarter: zone.millisecondOfDay(at: instant) / 900_000 % 96)
    }

    private func hours(_ duration: Duration) -> Double { Double(duration.wholeMilliseconds) / 3_600_000 }
}
