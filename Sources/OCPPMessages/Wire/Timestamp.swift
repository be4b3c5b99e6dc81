import Quantities

/// How well a date-time on the wire was written.
enum Timestamp {
    case exact(Instant)
    /// Usable, but not RFC 3339 with a zone; the text says how it was read.
    case tolerated(Instant, String)
    /// Well written, and before any charge point's life: sent before the first clock sync.
    case unset(Instant)
    case unusable

    /// Stations send date-times without zone (read as UTC), with a space for the `T`, without seconds, and near 1970 before
    /// their first clock sync (reference: MicroOcpp, ocpp-go and evcc issue threads).
    init(_ text: borrowing Span<UInt8>) {
        self = .unusable
        let count = text.count
        guard count >= 16, count <= 40, let year = Timestamp.number(text, 0, 4), text[4] == UInt8(ascii: "-"),
            let month = Timestamp.number(text, 5, 2), text[7] == UInt8(ascii: "-"),
            let day = Timestamp.number(text, 8, 2),
            let hour = Timestamp.number(text, 11, 2), text[13] == UInt8(ascii: ":"),
            let minute = Timestamp.number(text, 14, 2), hour < 24, minute < 60,
            let date = CivilDay(year: year, month: month, day: day)
        else { return }
        var complaint: String?
        switch text[10] {
        case UInt8(ascii: "T"), UInt8(ascii: "t"): break
        case UInt8(ascii: " "): complaint = "a T belongs between date and time"
        default: return
        }
        var i = 16
        var milliseconds = 0
        if i < count, text[i] == UInt8(ascii: ":") {
            guard let second = Timestamp.number(text, 17, 2), second <= 60 else { return }
            milliseconds = second * 1000
            i = 19
            if i < count, text[i] == UInt8(ascii: ".") || text[i] == UInt8(ascii: ",") {
                i += 1
                var scale = 100
                let first = i
                while i < count, text[i] &- 48 < 10 {
                    milliseconds += Int(text[i] - 48) * scale
                    scale /= 10
                    i += 1
                }
                guard i > first else { return }
            }
        } else {
            complaint = "seconds are missing"
        }
        let local = Int64(date.daysSince1970) * 86_400_000 + Int64(hour * 60 + minute) * 60_000 + Int64(milliseconds)
        var offset = 0
        if i == count {
            complaint = "no time zone, read as UTC"
        } else if text[i] == UInt8(ascii: "Z") || text[i] == UInt8(ascii: "z") {
            guard i + 1 == count else { return }
        } else {
            guard text[i] == UInt8(ascii: "+") || text[i] == UInt8(ascii: "-"),
                let hours = Timestamp.number(text, i + 1, 2), hours <= 18
            else { return }
            var minutes = 0
            if i + 3 < count {
                let colon = text[i + 3] == UInt8(ascii: ":")
                let at = colon ? i + 4 : i + 3
                guard at + 2 == count, let m = Timestamp.number(text, at, 2), m < 60 else { return }
                minutes = m
                if !colon { complaint = "the offset is written +hh:mm" }
            } else {
                complaint = "the offset is written +hh:mm"
            }
            offset = (hours * 60 + minutes) * (text[i] == UInt8(ascii: "-") ? -1 : 1)
        }
        let instant = Instant(milliseconds: local - Int64(offset) * 60_000)
        self = complaint.map { .tolerated(instant, $0) } ?? (year < 2010 ? .unset(instant) : .exact(instant))
    }

    private static func number(_ text: borrowing Span<UInt8>, _ from: Int, _ digits: Int) -> Int? {
        guard from + digits <= text.count else { return nil }
        var value = 0
        for i in from..<(from + digits) {
            let digit = text[i] &- 48
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}
