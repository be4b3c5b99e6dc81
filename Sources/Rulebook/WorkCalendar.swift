public import Documents
public import Quantities

/// What kind of day a tariff may ask for.
public enum DayType: String, Hashable, Sendable, CaseIterable {
    /// Every day that is neither of the others, make-up days included.
    case workday
    /// A Saturday or Sunday that is neither holiday nor make-up day.
    case restday
    /// A day off of the State Council's arrangement, whatever day of the week.
    case holiday
}

/// Days off and make-up workdays of mainland China, as dated data: one notice a year.
public struct WorkCalendar: Sendable {
    /// Years whose notice is known, in order.
    public let years: [Int]
    private let daysOff: Set<CivilDay>
    private let makeUpDays: Set<CivilDay>

    public init(years: [Int], daysOff: Set<CivilDay>, makeUpDays: Set<CivilDay>) {
        self.years = years.sorted()
        self.daysOff = daysOff
        self.makeUpDays = makeUpDays
    }

    /// `nil` when no notice says it: the year is not in ``years`` and no neighbour's notice names the day.
    public func dayType(of day: CivilDay) -> DayType? {
        if daysOff.contains(day) { return .holiday }
        if makeUpDays.contains(day) { return .workday }
        guard years.contains(day.year) else { return nil }
        return day.weekday >= 6 ? .restday : .workday
    }

    /// Reads the calendar files of some years (`kind: calendar`).
    public init(_ documents: [YAMLDocument]) throws(Problems) {
        var problems = ProblemList()
        var years: [Int] = []
        var daysOff: Set<CivilDay> = []
        var makeUpDays: Set<CivilDay> = []
        for root in documents.map(\.root) {
            root.checkKeys(
                allowed: ["id", "kind", "name", "year", "source", "issued", "days_off", "workdays"], into: &problems)
            _ = root.required("source", .words("a rule names its source", "规则的来源"), into: &problems)?.requireSource(
                into: &problems)
            if let node = root.required("year", .words("the year of the notice", "通知的年份"), into: &problems) {
                if let year = node.integer {
                    years.append(year)
                } else {
                    problems.add(node.problem(.yearUnknown(node.shown)))
                }
            }
            for item in root["days_off"]?.requireItems("days_off", into: &problems) ?? [] {
                item.checkKeys(allowed: ["name", "from", "through"], into: &problems)
                guard
                    let from = item.required("from", .words("the first day off", "放假首日"), into: &problems)?
                        .requireDay("from", into: &problems),
                    let through = item.required("through", .words("the last day off", "放假末日"), into: &problems)?
                        .requireDay("through", into: &problems)
                else { continue }
                guard from <= through, through - from < 31 else {
                    problems.add(item.problem(.daysOffUnordered))
                    continue
                }
                for offset in 0...(through - from) { daysOff.insert(from.adding(days: offset)) }
            }
            for item in root["workdays"]?.requireItems("workdays", into: &problems) ?? [] {
                guard let day = item.requireDay("make-up workday", into: &problems) else { continue }
                if day.weekday < 6 {
                    problems.add(item.problem(.notAWeekend(day)))
                }
                makeUpDays.insert(day)
            }
        }
        for day in daysOff.intersection(makeUpDays).sorted() {
            problems.add(
                file: documents[0].root.file, line: 0,
                .dayOffAndWorkday(day))
        }
        try problems.throwIfAny()
        self.init(years: years, daysOff: daysOff, makeUpDays: makeUpDays)
    }
}
