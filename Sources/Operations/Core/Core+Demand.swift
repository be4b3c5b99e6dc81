import Assets
import Quantities
import Rulebook
import Scheduling

// What a site pays for its highest power of the month (需量电费), and what a plan reckons with of it.
extension Core {
    /// Adds a minute's mean at the site's root: as metered there, else what is known of it.
    mutating func addToPeak(_ point: SitePowerPoint, site s: Int, at now: Instant) {
        let power = point.measured ?? (point.charging ?? .zero) + (point.base ?? .zero)
        // A quarter hour of which the platform saw a part only says nothing of its mean.
        if let quarter = sites[s].total.roll(to: point.at, least: 13) {
            let day = sites[s].site.zone.civilDay(at: quarter.start)
            let month = CivilDay(year: day.year, month: day.month, day: 1)!
            let before = sites[s].peak
            if before.map({ $0.month != month || $0.power < quarter.mean }) ?? true {
                let peak = MonthPeak(month: month, power: max(.zero, quarter.mean), at: quarter.start)
                sites[s].peak = peak
                persist(.setting(key: Self.peakKey(sites[s].site.id), value: peak.text))
            }
        }
        sites[s].total.add(power)
    }

    mutating func restorePeaks(_ settings: [String: String]) {
        for s in sites.indices {
            sites[s].peak = settings[Self.peakKey(sites[s].site.id)].flatMap(MonthPeak.init(text:))
        }
    }

    private static func peakKey(_ site: SiteID) -> String { "peak.\(site.value)" }

    /// The highest quarter hour of the month that `now` lies in.
    func monthPeak(site s: Int, at now: Instant) -> MonthPeak? {
        let day = sites[s].site.zone.civilDay(at: now)
        return sites[s].peak.flatMap { $0.month.year == day.year && $0.month.month == day.month ? $0 : nil }
    }

    /// The charge on a new peak at the site's root; `nil`: the site pays none, or its tariff does not say it.
    ///
    /// A peak once reached helps on all days that are left of the month, each about like the one that is planned: so a kW costs this
    /// day its part of the charge.
    /// - Parameter load: kW a slot beside the fleet; of the first slot the part still to come.
    func demandCharge(
        site s: Int, load: [Double], start: Instant, step: Duration, at now: Instant
    ) -> DemandCharge? {
        guard sites[s].site.paysDemand, let yuan = demandPrice(site: s, at: now) else { return nil }
        let zone = sites[s].site.zone
        let today = zone.civilDay(at: now)
        let nextMonth =
            today.month == 12
            ? CivilDay(year: today.year + 1, month: 1, day: 1)!
            : CivilDay(year: today.year, month: today.month + 1, day: 1)!
        let days = max(1, nextMonth - today)
        var load = load
        let end = zone.midnight(of: nextMonth)
        for slot in load.indices where start + step * slot >= end { load[slot] = -.infinity }
        // What flowed since the quarter hour began counts in it.
        load[0] += (sites[s].total.mean(of: now)?.kilowatts ?? 0) * (1 - Self.remaining(of: start, step, at: now))
        return DemandCharge(
            yuanPerKilowatt: yuan / Double(days), soFar: monthPeak(site: s, at: now)?.power.kilowatts ?? 0, load: load)
    }

    /// Yuan/kW and month; `nil`: unknown.
    func demandPrice(site s: Int, at now: Instant) -> Double? {
        let site = sites[s].site
        let day = site.zone.civilDay(at: now)
        let tariff = site.tariff(on: day).flatMap { tariffs[$0] }
        return (try? tariff?.version(on: day))?.demand?.yuanPerKilowattMonth.map { max(0, $0.approximate) }
    }
}

/// The highest mean of a quarter hour in a month.
public struct MonthPeak: Hashable, Sendable {
    /// Its first day.
    public let month: CivilDay
    public let power: Power
    /// When the quarter hour began.
    public let at: Instant

    public init(month: CivilDay, power: Power, at: Instant) {
        self.month = month
        self.power = power
        self.at = at
    }

    var text: String { "\(month.daysSince1970) \(power.watts) \(at.milliseconds)" }

    init?(text: String) {
        let parts = text.split(separator: " ").compactMap { Int64($0) }
        guard parts.count == 3, let day = Int32(exactly: parts[0]) else { return nil }
        self.init(
            month: CivilDay(daysSince1970: day), power: Power(watts: parts[1]), at: Instant(milliseconds: parts[2]))
    }
}
