public import Assets
public import Charging
import Metering
public import Quantities
public import Rulebook

extension V2GReport {
    /// A session with its registers, oldest first.
    public struct Evidence: Sendable {
        public let session: Session
        public let imports: [(at: Instant, value: RegisterReading)]
        public let exports: [(at: Instant, value: RegisterReading)]

        /// - Parameter readings: of the session, oldest first.
        public init(_ session: Session, readings: some Sequence<Reading>) {
            self.session = session
            var imports: [(at: Instant, value: RegisterReading)] = []
            var exports: [(at: Instant, value: RegisterReading)] = []
            if let start = session.registerStart { imports.append((session.startedAt, start)) }
            for reading in readings {
                if let value = reading.importRegister { imports.append((reading.at, value)) }
                if let value = reading.exportRegister { exports.append((reading.at, value)) }
            }
            if let end = session.endedAt, let stop = session.registerStop { imports.append((end, stop)) }
            self.imports = imports.sorted { $0.at < $1.at }
            self.exports = exports.sorted { $0.at < $1.at }
        }
    }

    public static let step = Duration.minutes(15)
    /// Beyond it a quarter hour between two readings is estimated.
    private static let longestGap = Duration.hours(1)

    /// - Parameters:
    ///   - interval: of whole quarter hours.
    ///   - year: energy given back and sessions of the calendar year of the period's end, those of the period left out.
    ///   - tariff: by id.
    public init(
        site: Site, interval: Interval, sessions: [Evidence], isCut: Bool, stations: [(Station, evses: Int)],
        before year: (discharged: Energy, sessions: Int), tariff: (String) -> Tariff?
    ) {
        let buying = PriceLine(site.tariffs, interval, site.zone, tariff)
        let selling = PriceLine(site.exportTariffs, interval, site.zone, tariff)
        var peak: [Int64: Energy] = [:]
        var lines: [Line] = []
        for evidence in sessions.sorted(by: {
            ($0.session.startedAt, $0.session.id) < ($1.session.startedAt, $1.session.id)
        }) {
            let session = evidence.session
            let taken = Self.course(evidence.imports, interval)
            let given = Self.course(evidence.exports, interval)
            for slot in given {
                peak[slot.interval.start.milliseconds, default: .zero] += slot.energy
            }
            let discharged = given.reduce(Energy.zero) { $0 + $1.energy }
            lines.append(
                Line(
                    session: session.id, evse: session.evse, startedAt: session.startedAt, endedAt: session.endedAt,
                    charged: taken.reduce(.zero) { $0 + $1.energy }, discharged: discharged,
                    inValley: buying.valley(taken), importCost: buying.amount(taken), earned: selling.amount(given),
                    wear: discharged == .zero ? .zero : site.battery?.wear(of: discharged),
                    virtualDistance: discharged == .zero ? 0 : site.battery?.virtualDistance(of: discharged),
                    estimatedSlots: (taken + given).count { $0.quality != .measured },
                    roundTrip: session.account.losses?.roundTrip))
        }
        let rated = stations.filter { $0.0.electrical.maxDischarge != nil }
        self.init(
            site: site.id, interval: interval, lines: lines, isCut: isCut, battery: site.battery,
            hasValley: buying.hasValley,
            power: DischargePower(
                rated: rated.isEmpty
                    ? nil
                    : rated.reduce(.zero) { sum, entry in
                        let each = entry.0.electrical.maxDischarge ?? .zero
                        return sum + Power(watts: each.watts * Int64(max(1, entry.evses)))
                    },
                evses: rated.reduce(0) { $0 + ($1.0.electrical.maxDischarge == .zero ? 0 : max(1, $1.evses)) },
                unstated: stations.count - rated.count,
                measuredPeak: (peak.values.max() ?? .zero).meanPower(over: Self.step)),
            year: Self.year(of: interval, site.zone, sessions.map(\.exports), before: year))
    }

    private static func course(
        _ registers: [(at: Instant, value: RegisterReading)], _ interval: Interval
    ) -> [MeteredInterval] {
        guard registers.count > 1 else { return [] }
        return intervalEnergies(readings: registers, step: step, origin: interval.start, longestGap: longestGap)
            .filter { interval.contains($0.interval.start) && $0.energy > .zero }
    }

    /// The calendar year in which the period ends, up to that end: also what sessions of the period gave before it began.
    private static func year(
        of interval: Interval, _ zone: Zone, _ exports: [[(at: Instant, value: RegisterReading)]],
        before: (discharged: Energy, sessions: Int)
    ) -> Year {
        let year = zone.civilDay(at: interval.end - .milliseconds(1)).yearMonthDay.year
        var (discharged, sessions) = before
        let first = CivilDay(year: year, month: 1, day: 1).map(zone.midnight) ?? interval.start
        for registers in exports {
            let given = course(registers, Interval(min(first, interval.end), interval.end))
                .reduce(Energy.zero) { $0 + $1.energy }
            guard given > .zero else { continue }
            discharged += given
            sessions += 1
        }
        let next = CivilDay(year: year + 1, month: 1, day: 1).map(zone.midnight)
        return Year(
            year: year, discharged: discharged, sessions: sessions, isOver: next.map { interval.end >= $0 } ?? false)
    }
}

/// Prices of a site over a period, across its tariffs.
private struct PriceLine {
    /// In order, without overlaps; a day without tariff leaves a hole.
    private let spans: [PriceSpan]

    init(_ entries: [Site.TariffEntry], _ interval: Interval, _ zone: Zone, _ tariff: (String) -> Tariff?) {
        var spans: [PriceSpan] = []
        for (index, entry) in entries.enumerated() {
            let end = index + 1 < entries.count ? zone.midnight(of: entries[index + 1].from) : interval.end
            guard let tariff = tariff(entry.tariff),
                let part = Interval(zone.midnight(of: entry.from), max(end, zone.midnight(of: entry.from)))
                    .intersection(interval)
            else { continue }
            // Day by day: a trial tariff that ends in the period still prices the days before.
            var day = tariff.zone.civilDay(at: part.start)
            while tariff.zone.midnight(of: day) < part.end {
                if let own = tariff.zone.day(day).intersection(part), let found = try? tariff.spans(in: own) {
                    spans += found
                }
                day = day.adding(days: 1)
            }
        }
        self.spans = spans
    }

    var hasValley: Bool { spans.contains { Self.isValley($0.level) } }
    private static func isValley(_ level: PriceLevel) -> Bool { level == .valley || level == .deepValley }

    /// The spans that touch `interval`.
    private func touching(_ interval: Interval) -> ArraySlice<PriceSpan> {
        var (low, high) = (0, spans.count)
        while low < high {
            let middle = (low + high) / 2
            if spans[middle].interval.end <= interval.start { low = middle + 1 } else { high = middle }
        }
        return spans[low...].prefix { $0.interval.start < interval.end }
    }

    /// A quarter hour that crosses a change of price is split in proportion to time.
    func amount(_ course: [MeteredInterval]) -> Rational? {
        var sum = Rational.zero
        for slot in course {
            var covered = Duration.zero
            let whole = Rational(slot.interval.duration.wholeMilliseconds)
            for span in touching(slot.interval) {
                guard let part = span.interval.intersection(slot.interval), let price = span.price else { return nil }
                covered += part.duration
                sum += price * Rational(slot.energy) * Rational(part.duration.wholeMilliseconds) / whole
            }
            guard covered == slot.interval.duration else { return nil }
        }
        return sum
    }

    func valley(_ course: [MeteredInterval]) -> Energy {
        course.reduce(.zero) { sum, slot in
            let inside = touching(slot.interval).reduce(Int64(0)) { time, span in
                guard Self.isValley(span.level), let part = span.interval.intersection(slot.interval) else {
                    return time
                }
                return time + part.duration.wholeMilliseconds
            }
            let whole = slot.interval.duration.wholeMilliseconds
            return sum + Energy(milliwattHours: slot.energy.milliwattHours * inside / whole)
        }
    }
}
