public import Quantities

/// An interval's energy with the version that late and corrected readings gave it. Nothing is edited: a change is a new
/// version, and what was settled with the old one is corrected by the difference.
public struct VersionedInterval: Hashable, Sendable {
    public let value: MeteredInterval
    /// 1 for the first, one more for every change.
    public let version: Int

    public init(value: MeteredInterval, version: Int) {
        self.value = value
        self.version = version
    }
}

/// What a new computation changes.
public struct IntervalRevision: Hashable, Sendable {
    /// All intervals by start, with their newest version.
    public let intervals: [VersionedInterval]
    /// Those that are new or changed, with the energy to correct by: new − old (all of it for a new one).
    public let changes: [Change]

    public struct Change: Hashable, Sendable {
        public let interval: VersionedInterval
        public let difference: Energy
    }
}

/// Lays newly computed intervals over what is known. Intervals that `computed` does not mention stay.
/// - Parameter current: by start, each interval once.
public func revise(_ current: [VersionedInterval], with computed: [MeteredInterval]) -> IntervalRevision {
    var newest = Dictionary(current.map { ($0.value.interval, $0) }, uniquingKeysWith: { _, last in last })
    var changes: [IntervalRevision.Change] = []
    for value in computed {
        let old = newest[value.interval]
        guard old?.value != value else { continue }
        let interval = VersionedInterval(value: value, version: (old?.version ?? 0) + 1)
        newest[value.interval] = interval
        changes.append(
            IntervalRevision.Change(interval: interval, difference: value.energy - (old?.value.energy ?? .zero)))
    }
    return IntervalRevision(
        intervals: newest.values.sorted { $0.value.interval.start < $1.value.interval.start }, changes: changes)
}
