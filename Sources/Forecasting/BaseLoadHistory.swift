import Quantities

/// A node's load without charging: the last weeks of each quarter hour by kind of day, and how far today is off.
struct BaseLoadHistory: Sendable {
    struct Slot: Hashable, Sendable {
        let kind: DayKind
        /// 0…95, local time.
        let quarter: Int
    }

    /// Values kept of one quarter hour of one kind of day: three weeks of workdays, two months of Saturdays.
    private static let mostValues = 15
    /// Neighbouring quarter hours are alike: they are pooled, so that quantiles have enough to stand on.
    private static let pooled = 1
    /// With fewer values the other kinds of day help out.
    private static let enough = 9
    /// Weight of the newest quarter hour in the bias, and the time in which it fades out of the forecast (hours).
    private static let biasWeight = 0.3
    private static let biasFades = 3.0
    /// An hour of the day that was never seen is forecast from the present load while it is near (hours), with so much
    /// growth an hour allowed: evenings rise by about a third an hour.
    private static let persists = 2.0
    private static let growth = 0.5

    /// By kind and quarter, oldest first.
    private var values: [[Double]] = Array(repeating: [], count: DayKind.allCases.count * 96)
    private var last: (at: Instant, slot: Slot)?
    /// Mean ratio of what was measured to the median, lately.
    private var bias = 1.0
    private var biasAt: Instant?

    var isEmpty: Bool { last == nil }

    mutating func observe(_ watts: Double, slot: Slot, at: Instant) {
        let index = slot.kind.rawValue * 96 + slot.quarter
        if let last, last.at == at {
            values[index][values[index].count - 1] = watts
            return
        }
        // The ratio is judged before the value itself is known to the history.
        if !isEmpty {
            let expected = quantile(slot, 0.5)
            if expected > 0 {
                let ratio = min(2, max(0.5, watts / expected))
                // After a gap of hours the old bias says nothing.
                let isNear = biasAt.map { at - $0 <= .hours(2) && at >= $0 } ?? false
                bias = isNear ? bias + Self.biasWeight * (ratio - bias) : ratio
                biasAt = at
            }
        }
        values[index].append(watts)
        if values[index].count > Self.mostValues { values[index].removeFirst() }
        last = (at, slot)
    }

    /// The forecast for a slot that begins at `at`: the quantile, moved by as much of the bias as is left by then.
    func value(slot: Slot, probability: Double, at: Instant) -> Double {
        let plain = quantile(slot, probability)
        if let present = present(at: at), pooled(slot.quarter, Self.pooled, kinds: DayKind.allCases).isEmpty {
            return min(plain, present)
        }
        guard let biasAt else { return plain }
        let ahead = Double(max(0, (at - biasAt).wholeMilliseconds)) / 3_600_000
        return plain * (1 + (bias - 1) * exponential(-ahead / Self.biasFades))
    }

    /// What the newest quarter hour may have grown to by `at`; `nil` when it says nothing of it any more.
    private func present(at: Instant) -> Double? {
        guard let last, let watts = values[last.slot.kind.rawValue * 96 + last.slot.quarter].last else { return nil }
        let ahead = Double((at - last.at).wholeMilliseconds) / 3_600_000
        return ahead >= 0 && ahead <= Self.persists ? watts * (1 + Self.growth * ahead) : nil
    }

    /// The highest over all kinds of day that were seen.
    func highest(quarter: Int, probability: Double) -> Double {
        DayKind.allCases.map { quantile(Slot(kind: $0, quarter: quarter), probability) }.max() ?? 0
    }

    /// Quantile of the pooled values: neighbours, then other kinds of day, then hours around, then all there is.
    private func quantile(_ slot: Slot, _ probability: Double) -> Double {
        var pool = pooled(slot.quarter, Self.pooled, kinds: [slot.kind])
        if pool.count < Self.enough { pool = pooled(slot.quarter, Self.pooled, kinds: DayKind.allCases) }
        var reach = 4
        // A young history has seen little of the day: what it saw nearest in time of day must do, at its highest.
        while pool.isEmpty, reach <= 48 {
            pool = pooled(slot.quarter, reach, kinds: DayKind.allCases)
            if let highest = pool.max(), probability > 0.5 { return highest }
            reach *= 2
        }
        guard !pool.isEmpty else { return 0 }
        pool.sort()
        // Between order statistics by straight lines (type 7); few values reach no high quantile, so add their spread.
        let position = probability * Double(pool.count - 1)
        let low = Int(position)
        let high = min(low + 1, pool.count - 1)
        let value = pool[low] + (pool[high] - pool[low]) * (position - Double(low))
        if pool.count < Self.enough, probability > 0.5 {
            return max(value, pool[pool.count - 1] + (pool[pool.count - 1] - pool[0]) / Double(pool.count + 1))
        }
        return value
    }

    private func pooled(_ quarter: Int, _ reach: Int, kinds: [DayKind]) -> [Double] {
        var pool: [Double] = []
        for kind in kinds {
            for offset in -reach...reach { pool += values[kind.rawValue * 96 + (quarter + offset + 96) % 96] }
        }
        return pool
    }
}
