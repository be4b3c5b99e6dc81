import ArgumentParser
import Quantities

/// Turns words of the command line into quantities; what is wrong is said with an example of what is right.
enum Arguments {
    static func instant(_ text: String) throws -> Instant {
        guard let instant = Instant(text) else {
            throw ValidationError(.instantNeeded(text))
        }
        return instant
    }

    static func civilDay(_ text: String) throws -> CivilDay {
        guard let day = CivilDay(text) else { throw ValidationError(.dayNeeded(text)) }
        return day
    }

    /// `YYYY-MM`, as its first day.
    static func month(_ text: String) throws -> CivilDay {
        guard text.utf8.count == 7, let day = CivilDay(text + "-01") else {
            throw ValidationError(.monthNeeded(text))
        }
        return day
    }

    static func year(_ text: String) throws -> Int {
        guard text.utf8.count == 4, let day = CivilDay(text + "-01-01") else {
            throw ValidationError(.yearNeeded(text))
        }
        return day.year
    }

    /// An exact decimal that is not negative.
    static func amount(_ text: String) throws -> Rational {
        guard let value = Rational(decimal: text), value >= .zero else {
            throw ValidationError(.decimalNeeded(text))
        }
        return value
    }

    /// Up to a year.
    static func hours(_ text: String) throws -> Rational {
        let hours = try amount(text)
        guard hours <= Rational(8784) else { throw ValidationError(.hoursNeeded(text)) }
        return hours
    }

    static func positiveMinutes(_ text: String) throws -> Int {
        guard let minutes = Int(text), (1...1440).contains(minutes) else {
            throw ValidationError(.minutesNeeded(text))
        }
        return minutes
    }
}
