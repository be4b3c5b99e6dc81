/// A day of the proleptic Gregorian calendar, without zone.
public struct CivilDay: Hashable, Comparable, Sendable {
    public let daysSince1970: Int32

    public init(daysSince1970: Int32) { self.daysSince1970 = daysSince1970 }

    /// `nil` when the calendar has no such day.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        guard day <= CivilDay.length(ofMonth: month, year: year) else { return nil }
        // Days from civil, by H. Hinnant: years begin in March so that the leap day is last.
        let y = month <= 2 ? year - 1 : year
        let era = y / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        self.daysSince1970 = Int32(era * 146_097 + dayOfEra - 719_468)
    }

    public var yearMonthDay: (year: Int, month: Int, day: Int) {
        let z = Int(daysSince1970) + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let mp = (5 * dayOfYear + 2) / 153
        let month = mp < 10 ? mp + 3 : mp - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * mp + 2) / 5 + 1)
    }

    public var year: Int { yearMonthDay.year }
    public var month: Int { yearMonthDay.month }
    public var day: Int { yearMonthDay.day }

    /// 1 Monday … 7 Sunday (ISO 8601).
    public var weekday: Int { Int((daysSince1970 % 7 + 7 + 3) % 7) + 1 }

    public func adding(days: Int) -> CivilDay { CivilDay(daysSince1970: daysSince1970 + Int32(days)) }
    public static func < (a: CivilDay, b: CivilDay) -> Bool { a.daysSince1970 < b.daysSince1970 }
    public static func - (a: CivilDay, b: CivilDay) -> Int { Int(a.daysSince1970 - b.daysSince1970) }

    public static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: return 30
        case 2: return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        default: return 31
        }
    }
}

extension CivilDay: CustomStringConvertible, LosslessStringConvertible {
    public var description: String {
        let (y, m, d) = yearMonthDay
        let year = String(y)
        return String(repeating: "0", count: max(0, 4 - year.count)) + year + "-" + twoDigits(m) + "-" + twoDigits(d)
    }

    /// `YYYY-MM-DD`, nothing else.
    public init?(_ text: String) { self.init(utf8: Array(text.utf8)[...]) }

    init?(utf8 text: ArraySlice<UInt8>) {
        let t = Array(text)
        guard t.count == 10, t[4] == UInt8(ascii: "-"), t[7] == UInt8(ascii: "-") else { return nil }
        guard let y = digits(t, 0, 4), let m = digits(t, 5, 2), let d = digits(t, 8, 2) else { return nil }
        self.init(year: y, month: m, day: d)
    }
}
