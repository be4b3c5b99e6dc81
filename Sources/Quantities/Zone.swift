import Foundation

/// A named time zone (IANA), where civil days and tariff periods live.
///
/// The zone's rules come from the system's zone data; everything else of this module is arithmetic.
public struct Zone: Hashable, Sendable, CustomStringConvertible {
    public let identifier: String
    private let zone: TimeZone
    /// Offset of a zone without daylight saving since 1992 (China): skips the zone data on hot paths.
    private let fixedOffset: Int?

    /// `nil` when the system does not know the name.
    public init?(_ identifier: String) {
        guard let zone = TimeZone(identifier: identifier) else { return nil }
        self.identifier = identifier
        self.zone = zone
        self.fixedOffset = identifier == "Asia/Shanghai" ? 8 * 3600 : identifier == "UTC" ? 0 : nil
    }

    public static let shanghai = Zone("Asia/Shanghai")!
    public static let utc = Zone("UTC")!

    public var description: String { identifier }
    public static func == (a: Zone, b: Zone) -> Bool { a.identifier == b.identifier }
    public func hash(into hasher: inout Hasher) { hasher.combine(identifier) }

    /// Seconds east of UTC at `instant`.
    public func offsetSeconds(at instant: Instant) -> Int {
        if let fixedOffset { return fixedOffset }
        return zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant.milliseconds) / 1000))
    }

    public func civilDay(at instant: Instant) -> CivilDay {
        let local = instant.milliseconds + Int64(offsetSeconds(at: instant)) * 1000
        return CivilDay(daysSince1970: Int32(local.flooredDivision(by: 86_400_000)))
    }

    /// Milliseconds since local midnight on the wall clock.
    public func millisecondOfDay(at instant: Instant) -> Int {
        let local = instant.milliseconds + Int64(offsetSeconds(at: instant)) * 1000
        return Int(local - local.flooredDivision(by: 86_400_000) * 86_400_000)
    }

    /// The instant at which a clock of this zone shows `minute` of `day` (the later one's offset in a gap).
    public func instant(of day: CivilDay, minute: Int = 0) -> Instant {
        instant(localMilliseconds: Int64(day.daysSince1970) * 86_400_000 + Int64(minute) * 60_000)
    }

    public func midnight(of day: CivilDay) -> Instant { instant(of: day) }
    public func day(_ day: CivilDay) -> Interval { Interval(midnight(of: day), midnight(of: day.adding(days: 1))) }

    func instant(localMilliseconds local: Int64) -> Instant {
        if let fixedOffset { return Instant(milliseconds: local - Int64(fixedOffset) * 1000) }
        // Two rounds settle every zone whose offset changes by less than a day.
        var guess = Instant(milliseconds: local)
        for _ in 0..<2 { guess = Instant(milliseconds: local - Int64(offsetSeconds(at: guess)) * 1000) }
        return guess
    }

    /// ISO 8601 with this zone's offset.
    public func iso8601(_ instant: Instant) -> String { instant.iso8601(offsetSeconds: offsetSeconds(at: instant)) }
}
