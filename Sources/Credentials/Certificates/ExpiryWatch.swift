public import Quantities

/// Which certificates are about to end, for the alarms.
public enum ExpiryWatch {
    /// Something with an end: the label names it to the operator.
    public struct Watched: Hashable, Sendable {
        public let label: String
        public let notAfter: Instant
        public init(label: String, notAfter: Instant) {
            self.label = label
            self.notAfter = notAfter
        }
    }
    public enum Urgency: Int, Hashable, Comparable, Sendable {
        /// Within 30 days: renew.
        case soon
        /// Within 7 days.
        case urgent
        case expired
        public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    }
    public static let soon: Duration = .days(30)
    public static let urgent: Duration = .days(7)

    /// What is due, the earliest end first.
    public static func due(_ all: [Watched], at now: Instant) -> [(Watched, Urgency)] {
        all.compactMap { watched in
            let left = watched.notAfter - now
            if left < .zero { return (watched, .expired) }
            if left <= urgent { return (watched, .urgent) }
            return left <= soon ? (watched, .soon) : nil
        }.sorted { ($0.0.notAfter, $0.0.label) < ($1.0.notAfter, $1.0.label) }
    }
}
