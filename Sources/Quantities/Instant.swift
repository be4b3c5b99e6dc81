/// A point in time in whole milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored (as Unix time does).
///
/// Civil days and wall clocks belong to a ``Zone``; an instant has none.
public struct Instant: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }
    public init(seconds: Int64) { self.milliseconds = seconds * 1000 }

    public static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }
    public static func + (a: Instant, d: Duration) -> Instant {
        Instant(milliseconds: a.milliseconds + d.wholeMilliseconds)
    }
    public static func - (a: Instant, d: Duration) -> Instant {
        Instant(milliseconds: a.milliseconds - d.wholeMilliseconds)
    }
    public static func - (a: Instant, b: Instant) -> Duration { .milliseconds(a.milliseconds - b.milliseconds) }
    public static func += (a: inout Instant, d: Duration) { a = a + d }

    /// The last instant at or before this one that is a whole number of `step` after `origin`.
    public func floored(to step: Duration, from origin: Instant) -> Instant {
        let s = step.wholeMilliseconds
        let offset = milliseconds - origin.milliseconds
        let remainder = offset % s
        return Instant(milliseconds: milliseconds - (remainder >= 0 ? remainder : remainder + s))
    }

    /// The first instant at or after this one that is a whole number of `step` after `origin`.
    public func ceiled(to step: Duration, from origin: Instant) -> Instant {
        let floor = floored(to: step, from: origin)
        return floor == self ? self : floor + step
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero.
    public var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
    public static func minutes(_ n: Int) -> Duration { .seconds(n * 60) }
    public static func hours(_ n: Int) -> Duration { .seconds(n * 3600) }
    public static func days(_ n: Int) -> Duration { .seconds(n * 86400) }
}

// MARK: - ISO 8601

extension Instant: CustomStringConvertible, LosslessStringConvertible {
    /// UTC with `Z`; milliseconds only where there are any: `2024-09-10T12:00:00Z`, `2024-09-10T12:00:00.250Z`.
    public var description: String { iso8601(offsetSeconds: 0) }

    /// ISO 8601 with the given offset; offset 0 is written `Z`. Millions of years away, as marks for "never" are, the milliseconds.
    public func iso8601(offsetSeconds: Int) -> String {
        let (local, isTooFar) = milliseconds.addingReportingOverflow(Int64(offsetSeconds) * 1000)
        guard !isTooFar, let days = Int32(exactly: local.flooredDivision(by: 86_400_000)) else {
            return "\(milliseconds) ms"
        }
        let day = CivilDay(daysSince1970: days)
        let inDay = Int(local - Int64(day.daysSince1970) * 86_400_000)
        let (second, millisecond) = (inDay / 1000, inDay % 1000)
        var text = day.description + "T"
        text += twoDigits(second / 3600) + ":" + twoDigits(second / 60 % 60) + ":" + twoDigits(second % 60)
        if millisecond != 0 {
            let digits = String(millisecond)
            text += "." + String(repeating: "0", count: 3 - digits.count) + digits
        }
        if offsetSeconds == 0 { return text + "Z" }
        let minutes = abs(offsetSeconds) / 60
        return text + (offsetSeconds < 0 ? "-" : "+") + twoDigits(minutes / 60) + ":" + twoDigits(minutes % 60)
    }

    /// Reads ISO 8601 / RFC 3339 with an offset or `Z`; `nil` for anything else, an instant without offset included.
    /// Seconds may be left out, fractions are cut to milliseconds, `24:00` is the next day's midnight.
    public init?(_ text: String) { self.init(utf8: Array(text.utf8)) }

    public init?(utf8 text: [UInt8]) {
        guard let (local, next) = Instant.parseLocal(text) else { return nil }
        var i = next
        guard i < text.count else { return nil }
        let sign: Int64
        switch text[i] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            guard i + 1 == text.count else { return nil }
            self.init(milliseconds: local)
            return
        case UInt8(ascii: "+"): sign = 1
        case UInt8(ascii: "-"): sign = -1
        default: return nil
        }
        i += 1
        guard let hours = digits(text, i, 2) else { return nil }
        i += 2
        if i < text.count, text[i] == UInt8(ascii: ":") { i += 1 }
        var minutes = 0
        if i < text.count {
            guard let m = digits(text, i, 2) else { return nil }
            minutes = m
            i += 2
        }
        guard i == text.count, hours <= 18, minutes < 60 else { return nil }
        self.init(milliseconds: local - sign * Int64(hours * 60 + minutes) * 60_000)
    }

    /// Reads a wall-clock time without offset (`2018-12-21T10:20[:ss[.fff]]`), as it stands on a clock of `zone`.
    public init?(local text: String, in zone: Zone) {
        let bytes = Array(text.utf8)
        guard let (local, next) = Instant.parseLocal(bytes), next == bytes.count else { return nil }
        self = zone.instant(localMilliseconds: local)
    }

    /// Local milliseconds since 1970 on the clock that the text shows, and the index behind the time.
    private static func parseLocal(_ text: [UInt8]) -> (Int64, Int)? {
        guard text.count >= 16, let day = CivilDay(utf8: text[0..<10]) else { return nil }
        guard text[10] == UInt8(ascii: "T") || text[10] == UInt8(ascii: "t") || text[10] == UInt8(ascii: " ") else {
            return nil
        }
        guard let hour = digits(text, 11, 2), text[13] == UInt8(ascii: ":"), let minute = digits(text, 14, 2) else {
            return nil
        }
        var i = 16
        var second = 0
        var millisecond = 0
        if i < text.count, text[i] == UInt8(ascii: ":") {
            guard let s = digits(text, i + 1, 2) else { return nil }
            second = s
            i += 3
            if i < text.count, text[i] == UInt8(ascii: ".") || text[i] == UInt8(ascii: ",") {
                i += 1
                var scale = 100
                let first = i
                while i < text.count, text[i] >= 48, text[i] <= 57 {
                    millisecond += Int(text[i] - 48) * scale
                    scale /= 10
                    i += 1
                }
                if i == first { return nil }
            }
        }
        guard minute < 60, second < 61, hour < 24 || (hour == 24 && minute == 0 && second == 0) else { return nil }
        let inDay = Int64((hour * 60 + minute) * 60 + second) * 1000 + Int64(millisecond)
        return (Int64(day.daysSince1970) * 86_400_000 + inDay, i)
    }
}

func digits(_ text: [UInt8], _ from: Int, _ count: Int) -> Int? {
    guard from + count <= text.count else { return nil }
    var value = 0
    for i in from..<(from + count) {
        guard text[i] >= 48, text[i] <= 57 else { return nil }
        value = value * 10 + Int(text[i] - 48)
    }
    return value
}

func twoDigits(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }

extension Int64 {
    func flooredDivision(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
