import Quantities

/// What the dispatcher remembers of one node between steps: the base load behind the meter, and the guard.
struct NodeTrack: Sendable {
    /// Estimated base load in watts; `nil` before the first reading.
    private(set) var base: Int64?
    /// The same, erring to the low side: what discharge can count on to be taken up.
    private var sure: Int64?
    /// The least that it may be as long as nothing surer is known; not remembered.
    private var hardlyKnown: Int64 = 0
    private(set) var measuredAt: Instant?
    private(set) var measured: Int64 = 0
    /// Highest and lowest estimate of each of the last 24 hours; what is assumed when the meter falls silent.
    private var hourly: [(hour: Int64, highest: Int64, lowest: Int64)] = []

    private(set) var isGuarding = false
    private var calmSince: Instant?
    var violatedSince: Instant?

    /// Takes a new reading. Base load and charging are known together exactly, each alone only as a range: charging lies
    /// between what the piles' samples and setpoints allow. The old estimate stays as long as it explains the reading and
    /// moves just as far as it must otherwise, so a wave of setpoints that are not yet in force does not look like base load.
    /// - Parameter isNarrow: the range is as narrow as meters allow.
    mutating func observe(_ reading: DispatchInput.Measured, charging: ClosedRange<Int64>, isNarrow: Bool) {
        guard measuredAt.map({ reading.at > $0 }) ?? true else { return }
        measuredAt = reading.at
        measured = reading.power.watts
        let lowest = measured - charging.upperBound
        let highest = measured - charging.lowerBound
        let estimate = base.map { min(max($0, lowest), highest) } ?? highest
        base = estimate
        // What is hardly known (a pile that cannot be reached, the first seconds) moves an estimate and does not begin one.
        if let known = sure { sure = min(max(known, lowest), highest) } else if isNarrow { sure = lowest }
        hardlyKnown = min(0, lowest)
        let least = sure ?? 0
        let hour = reading.at.milliseconds / 3_600_000
        if let last = hourly.last, last.hour == hour {
            hourly[hourly.count - 1].highest = max(last.highest, estimate)
            hourly[hourly.count - 1].lowest = min(last.lowest, least)
        } else {
            hourly.append((hour, estimate, least))
            hourly.removeAll { $0.hour <= hour - 24 }
        }
    }

    func isStale(at now: Instant, settings: DispatchSettings) -> Bool {
        measuredAt.map { now - $0 > settings.meterStaleAfter } ?? true
    }

    /// Base load to reckon with now: the estimate while the meter speaks; when it is silent the forecast's high quantile
    /// and the highest of this and the last hour, whichever is more. A node that never had a meter has its forecast alone.
    func baseNow(forecast: Power?, at now: Instant, settings: DispatchSettings) -> Int64 {
        if let base, !isStale(at: now, settings: settings) { return base }
        let hour = now.milliseconds / 3_600_000
        let recent = hourly.last { $0.hour <= hour }.map { last in
            hourly.filter { $0.hour >= last.hour - 1 }.map(\.highest).max() ?? 0
        }
        return max(forecast?.watts ?? 0, recent ?? 0)
    }

    /// Base load that is sure to be there, or generation that may be (below 0): the least of this and the last hour while
    /// the meter speaks, else none and the most generation of the day.
    func baseAtLeast(at now: Instant, settings: DispatchSettings) -> Int64 {
        if isStale(at: now, settings: settings) { return min(0, hourly.map(\.lowest).min() ?? 0) }
        let hour = now.milliseconds / 3_600_000
        return min(sure ?? hardlyKnown, hourly.filter { $0.hour >= hour - 1 }.map(\.lowest).min() ?? 0)
    }

    /// The guard takes hold at once and lets go only after a calm while.
    /// - Parameter limit: in watts; `nil`: the node has none.
    mutating func updateGuard(limit: Int64?, at now: Instant, settings: DispatchSettings) {
        guard let limit, !isStale(at: now, settings: settings) else {
            isGuarding = false
            calmSince = nil
            return
        }
        let near = limit - Int64(Double(limit) * settings.guardMargin)
        let calm = limit - Int64(Double(limit) * (settings.guardMargin + settings.targetMargin) / 2)
        if measured > near {
            isGuarding = true
            calmSince = nil
        } else if isGuarding, measured <= calm {
            let since = calmSince ?? now
            calmSince = since
            if now - since >= settings.guardHold {
                isGuarding = false
                calmSince = nil
            }
        } else {
            calmSince = nil
        }
    }
}
