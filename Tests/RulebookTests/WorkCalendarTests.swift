import Documents
import Quantities
import Rulebook
import Testing

@Suite("Working days") struct WorkCalendarTests {
    let calendar = RulePacks.builtIn.calendar

    func days(_ year: Int, _ type: DayType) throws -> Int {
        let first = civilDay("\(year)-01-01")
        let next = civilDay("\(year + 1)-01-01")
        return (0..<(next - first)).filter { calendar.dayType(of: first.adding(days: $0)) == type }.count
    }

    /// Days off within the year as the notices count them (共 N 天), and the workdays that remain.
    @Test(arguments: [(2023, 26, 249), (2024, 28, 251), (2025, 28, 248), (2026, 33, 248)])
    func `a year has as many days off and workdays as its notice says`(_ year: Int, _ off: Int, _ work: Int) throws {
        #expect(try days(year, .holiday) == off)
        #expect(try days(year, .workday) == work)
    }

    @Test(arguments: [
        ("2022-12-31", DayType.holiday), ("2023-01-28", .workday), ("2023-04-05", .holiday), ("2024-02-09", .workday),
        ("2024-02-10", .holiday), ("2024-09-14", .workday), ("2024-09-21", .restday), ("2024-10-12", .workday),
        ("2025-01-26", .workday), ("2025-10-08", .holiday), ("2026-01-04", .workday), ("2026-02-23", .holiday),
        ("2026-09-20", .workday), ("2026-09-24", .workday), ("2026-09-27", .holiday),
    ]) func `a day is what the notice says`(_ text: String, _ type: DayType) throws {
        #expect(calendar.dayType(of: civilDay(text)) == type)
    }

    @Test func `a year without notice has no day types, and nobody makes them up`() throws {
        #expect(calendar.years == [2023, 2024, 2025, 2026])
        #expect(calendar.dayType(of: civilDay("2027-05-08")) == nil)
        #expect(calendar.dayType(of: civilDay("2022-12-30")) == nil)
    }

    @Test func `a notice that contradicts itself is refused`() {
        let yaml = """
            kind: calendar
            year: 2030
            source: {document: x, clause: null, mark: sure}
            days_off:
              - {from: 2030-01-02, through: 2030-01-01}
            workdays: [2030-01-07]

            """
        let problems = #expect(throws: Problems.self) {
            _ = try WorkCalendar([YAMLDocument(Array(yaml.utf8), file: "c.yaml")])
        }
        #expect(
            problems?.description == """
                c.yaml:5:5: the days off end before they begin, or last longer than a month
                c.yaml:6:12: 2030-01-07 is no Saturday or Sunday; only those are made workdays
                """)
    }
}
