public import Quantities

/// A part of a civil day with one level; minutes since local midnight, half-open.
public struct DaySegment: Hashable, Sendable {
    public let start: Int
    public let end: Int
    public let level: PriceLevel
    /// Yuan/kWh, already cut; `nil`: unknown.
    public let price: Rational?
}

/// An entry of `periods`: a level at some times of some days.
struct Period: Sendable {
    enum Days: Hashable, Sendable {
        case all
        case type(DayType)
        case listed(Set<CivilDay>)
    }
    let level: PriceLevel
    /// Minutes since midnight, within the day: a span over midnight is two.
    let spans: [Range<Int>]
    let months: Set<Int>
    let days: Days

    func holds(on kind: DayKind) -> Bool {
        guard months.contains(kind.month) else { return false }
        switch days {
        case .all: return true
        case .type(let type): return type == kind.type
        case .listed(let days): return kind.day.map(days.contains) ?? false
        }
    }
}

/// Days that a version cannot tell apart have one partition.
struct DayKind: Hashable, Sendable {
    let month: Int
    let type: DayType
    /// Only for days that a period lists by date.
    let day: CivilDay?
}

/// The partitions of every kind of day that is not listed by date.
struct DayPartitions: Sendable {
    private let byKind: [DayKind: [DaySegment]]
    /// Days that need a partition of their own.
    let listedDays: Set<CivilDay>
    /// Whether workdays and other days differ; if not, a year without calendar is no obstacle.
    let needDayTypes: Bool

    static let none = DayPartitions(byKind: [:], listedDays: [], needDayTypes: false)

    private init(byKind: [DayKind: [DaySegment]], listedDays: Set<CivilDay>, needDayTypes: Bool) {
        self.byKind = byKind
        self.listedDays = listedDays
        self.needDayTypes = needDayTypes
    }

    init(periods: [Period], price: (PriceLevel, Int) -> Rational?) {
        var listed: Set<CivilDay> = []
        var needDayTypes = false
        for period in periods {
            switch period.days {
            case .all: break
            case .type: needDayTypes = true
            case .listed(let days): listed.formUnion(days)
            }
        }
        var byKind: [DayKind: [DaySegment]] = [:]
        for month in 1...12 {
            for type in DayType.allCases {
                let kind = DayKind(month: month, type: type, day: nil)
                byKind[kind] = DayPartitions.segments(of: kind, periods, price: price).segments
            }
        }
        self.init(byKind: byKind, listedDays: listed, needDayTypes: needDayTypes)
    }

    func segments(of kind: DayKind) -> [DaySegment]? { byKind[kind] }

    /// The day's segments in order, and the minutes that no period covers.
    static func segments(
        of kind: DayKind, _ periods: [Period], price: (PriceLevel, Int) -> Rational?
    ) -> (segments: [DaySegment], gaps: [Range<Int>]) {
        var level = [PriceLevel?](repeating: nil, count: minutesPerDay)
        for period in periods where period.holds(on: kind) {
            for span in period.spans { for minute in span { level[minute] = period.level } }
        }
        var segments: [DaySegment] = []
        var gaps: [Range<Int>] = []
        var start = 0
        for minute in 1...minutesPerDay where minute == minutesPerDay || level[minute] != level[start] {
            if let level = level[start] {
                segments.append(
                    DaySegment(start: start, end: minute, level: level, price: price(level, kind.month)))
            } else {
                gaps.append(start..<minute)
            }
            start = minute
        }
        return (segments, gaps)
    }
}

let minutesPerDay = 1440

/// `07:30`; the day's end is `24:00`.
func clockText(_ minute: Int) -> String {
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return two(minute / 60) + ":" + two(minute % 60)
}
