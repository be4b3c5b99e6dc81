public import Quantities

/// Types of day between which habits and loads differ.
public enum DayKind: Int, Hashable, Sendable, CaseIterable {
    case workday, saturday
    /// Sundays and holidays.
    case sunday

    var isFree: Bool { self != .workday }
}

/// Which kind each day is: by weekday, and by dated exceptions (holidays, make-up workdays).
public struct DayKinds: Sendable {
    private var exceptions: [CivilDay: DayKind] = [:]
    public init() {}
    public subscript(_ day: CivilDay) -> DayKind {
        get { exceptions[day] ?? (day.weekday == 6 ? .saturday : day.weekday == 7 ? .sunday : .workday) }
        set { exceptions[day] = newValue }
    }
}
