import ArgumentParser
import Quantities

/// Turns words of the command line into quantities; what is wrong is said with an example of what is right.
enum Arguments {
    static func instant(_ text: String) throws -> Instant {
        guard let instant = Instant(text) else {
            throw ValidationError(
                "\(text) is not an instant with offset; write it like 2024-09-10T00:00:00+08:00")
        }
        return instant
    }

    static func civilDay(_ text: String) throws -> CivilDay {
        guard let day = CivilDay(text) else { throw ValidationError("\(text) is not a civil day; write YYYY-MM-DD") }
        return day
    }

    /// `YYYY-MM`, as its first day.
    static func month(_ text: String) throws -> CivilDay {
        guard text.utf8.count == 7, let day = CivilDay(text + "-01") else {
            throw ValidationError("\(text) is not a month; write YYYY-MM")
        }
        return day
    }

    static func year(_ text: String) throws -> Int {
        guard text.utf8.count == 4, let day = CivilDay(text + "-01-01") else {
            throw ValidationError("\(text) is not a year; write YYYY")
        }
        return day.year
    }

    /// An exact decimal that is not negative.
    static func amount(_ text: String) throws -> Rational {
        guard let value = Rational(decimal: text), value >= .zero else {
            throw ValidationError("\(text) is not a decimal of at least 0")
        }
        return value
    }

    static func positiveMinutes(_ text: String) throws -> Int {
        guard let minutes = Int(text), (1...1440).contains(minutes) else {
            throw ValidationError("\(text) is not a number of minutes from 1 to 1440")
        }
        return minutes
    }
}
