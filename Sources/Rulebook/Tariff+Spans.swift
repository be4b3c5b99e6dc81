public import Documents
public import Quantities

/// A span of time with one level and one price.
public struct PriceSpan: Hashable, Sendable {
    public let interval: Interval
    public let level: PriceLevel
    /// Yuan/kWh; `nil`: a component is unknown.
    public let price: Rational?
    /// First day of the version that says so.
    public let version: CivilDay
}

/// Why a tariff has no answer for a day.
public enum TariffGap: Error, Hashable, Sendable, CustomStringConvertible {
    case beforeFirstVersion(tariff: String, day: CivilDay, first: CivilDay)
    case afterLastDay(tariff: String, day: CivilDay, last: CivilDay)
    case dayTypeUnknown(tariff: String, day: CivilDay, years: [Int])
    /// Only possible when later versions are left out (``Tariff/asKnown(on:)``): then a version is asked for days that
    /// it never had to cover.
    case notCovered(tariff: String, day: CivilDay)

    public var message: Message {
        switch self {
        case .beforeFirstVersion(let tariff, let day, let first): .beforeFirstVersion(tariff, day, first: first)
        case .afterLastDay(let tariff, let day, let last): .afterLastDay(tariff, day, last: last)
        case .dayTypeUnknown(let tariff, let day, let years):
            .dayTypeUnknown(tariff, day, years: years.map(String.init).joined(separator: ", "))
        case .notCovered(let tariff, let day): .dayNotCovered(tariff, day)
        }
    }
    /// English.
    public var description: String { message.en }
}

extension Tariff {
    /// The version in force on `day`.
    public func version(on day: CivilDay) throws(TariffGap) -> Version {
        guard let version = versions.last(where: { $0.from <= day }) else {
            throw .beforeFirstVersion(tariff: id, day: day, first: versions[0].from)
        }
        if let last = version.through, day > last { throw .afterLastDay(tariff: id, day: day, last: last) }
        return version
    }

    /// The level and price of each minute of `day`, in order, covering 24 hours of the wall clock.
    public func segments(on day: CivilDay) throws(TariffGap) -> [DaySegment] {
        try partition(on: day).segments
    }

    private func partition(on day: CivilDay) throws(TariffGap) -> (version: Version, segments: [DaySegment]) {
        let version = try version(on: day)
        let type = calendar.dayType(of: day)
        if type == nil, version.partitions.needDayTypes {
            throw .dayTypeUnknown(tariff: id, day: day, years: calendar.years)
        }
        let listed = version.partitions.listedDays.contains(day)
        let kind = DayKind(month: day.month, type: type ?? .workday, day: listed ? day : nil)
        let segments =
            version.partitions.segments(of: kind)
            ?? DayPartitions.segments(of: kind, version.periods) { version.price(of: $0, month: $1) }.segments
        guard segments.reduce(0, { $0 + $1.end - $1.start }) == minutesPerDay else {
            throw .notCovered(tariff: id, day: day)
        }
        return (version, segments)
    }

    /// The level and price at `instant`; the span reaches to the ends of the period within the civil day.
    public func span(at instant: Instant) throws(TariffGap) -> PriceSpan {
        let day = zone.civilDay(at: instant)
        let whole = zone.day(day)
        let spans = try spans(in: whole)
        return spans.first { $0.interval.contains(instant) } ?? spans[spans.count - 1]
    }

    /// The spans that cover `interval` in order; neighbours differ in level, price or version.
    /// - Complexity: O(days · segments a day); partitions are cached.
    public func spans(in interval: Interval) throws(TariffGap) -> [PriceSpan] {
        var spans: [PriceSpan] = []
        var at = interval.start
        var day = zone.civilDay(at: at)
        while at < interval.end {
            let (version, segments) = try partition(on: day)
            let midnight = zone.midnight(of: day.adding(days: 1))
            for segment in segments where at < interval.end {
                let own = segment.end == minutesPerDay ? midnight : zone.instant(of: day, minute: segment.end)
                let end = min(own, interval.end)
                guard at < end else { continue }
                if let last = spans.last, last.level == segment.level, last.price == segment.price,
                    last.version == version.from
                {
                    spans[spans.count - 1] = PriceSpan(
                        interval: Interval(last.interval.start, end), level: last.level, price: last.price,
                        version: last.version)
                } else {
                    spans.append(
                        PriceSpan(
                            interval: Interval(at, end), level: segment.level, price: segment.price,
                            version: version.from))
                }
                at = end
            }
            day = day.adding(days: 1)
        }
        return spans
    }

    /// Only what was public on `day`: versions that became known later are left out; `nil` when nothing is left.
    public func asKnown(on day: CivilDay) -> Tariff? {
        let known = versions.filter { ($0.known ?? $0.from) <= day }
        guard !known.isEmpty else { return nil }
        return Tariff(
            id: id, name: name, zone: zone, direction: direction, source: source, versions: known, file: file,
            calendar: calendar)
    }
}

/// The price of one slot of a plan.
public struct SlotPrice: Hashable, Sendable {
    /// Level at the slot's start.
    public let level: PriceLevel
    /// Yuan/kWh, weighted by time; `nil`: unknown.
    public let price: Rational?
    /// Part of the slot in valley or deep valley, 0…1.
    public let valleyShare: Rational
}

extension Tariff {
    /// `count` slots of `step` from `start`.
    public func slotPrices(start: Instant, step: Duration, count: Int) throws(TariffGap) -> Series<SlotPrice> {
        let spans = try spans(in: Interval(start, start + step * count))
        let length = step.wholeMilliseconds
        var first = 0
        var slots: [SlotPrice] = []
        slots.reserveCapacity(count)
        for slot in 0..<count {
            let interval = Interval(start + step * slot, start + step * (slot + 1))
            while spans[first].interval.end <= interval.start { first += 1 }
            let span = spans[first]
            if interval.end <= span.interval.end {
                let valley = span.level.isValley ? Rational.one : .zero
                slots.append(SlotPrice(level: span.level, price: span.price, valleyShare: valley))
                continue
            }
            var price: Rational? = .zero
            var valley = Rational.zero
            for span in spans[first...].prefix(while: { $0.interval.start < interval.end }) {
                guard let part = span.interval.intersection(interval) else { continue }
                let share = Rational(part.duration.wholeMilliseconds) / Rational(length)
                if let sum = price, let own = span.price { price = sum + share * own } else { price = nil }
                if span.level.isValley { valley += share }
            }
            slots.append(SlotPrice(level: span.level, price: price, valleyShare: valley))
        }
        return Series(start: start, step: step, values: slots)
    }
}
