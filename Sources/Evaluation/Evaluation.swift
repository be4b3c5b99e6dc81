public import Metering
public import Quantities
public import Rulebook

/// What an indicator says. "Undefined" is an answer of its own: a share of nothing is neither 0 nor 1.
public enum Outcome: String, Hashable, Sendable, CaseIterable {
    case pass
    case fail
    /// There is evidence, but the figure has no meaning: nothing was charged, or the tariff has no valley.
    case undefined
    /// The evidence was not given.
    case missing
}

/// One figure with everything that is needed to check it.
public struct IndicatorResult: Sendable {
    public let indicator: Programme.Indicator
    public let outcome: Outcome
    /// A share 0…1, kWh or kW; `nil` when undefined or missing.
    public let value: Rational?
    /// KWh; `nil` for figures that are not made of energy.
    public let numerator: Rational?
    /// KWh; only for shares.
    public let denominator: Rational?
    /// Covered time over (meters × period), of the meters that the figure is about and of those that might belong to it
    /// because nobody states their ownership; `nil` where no meter is asked.
    public let coverage: Rational?
    public let lineage: Lineage
    /// Why it is undefined or missing.
    public let reason: LocalizedText?
}

/// Where a figure comes from.
public struct Lineage: Hashable, Sendable {
    public let rule: String
    public let clause: String?
    public let document: String?
    public let mark: RuleMark
    /// The tariff that says which hours are valley; `nil` where none is asked.
    public let tariff: String?
    /// First days of the versions that were in force.
    public let tariffVersions: [CivilDay]
    public let meters: Int
    /// Meters of unknown ownership that a figure about one ownership leaves out; they lower its coverage.
    public let metersOfUnknownOwnership: Int
    /// Intervals that count, the estimated ones included.
    public let intervals: Int
    public let estimated: Int
    public let missing: Int
}

/// Judges a call's indicators over `period` from metered intervals; parts of intervals outside the period do not count.
/// - Parameters:
///   - meters: checked intervals, those of one meter apart from each other.
///   - facilities: `nil`: not given.
/// - Throws: the interval for which the tariff has no answer.
public func evaluate(
    _ programme: Programme, meters: [MeterInterval], tariff: Tariff, period: Interval, facilities: [Facility]? = nil
) throws(MeterIntervalProblem) -> [IndicatorResult] {
    var results: [IndicatorResult] = []
    for indicator in programme.indicators {
        let judge = IndicatorJudge(indicator: indicator, programme: programme, tariff: tariff, period: period)
        switch indicator.measure {
        case .energyShare(let direction, let levels, let ownership):
            results.append(try judge.share(meters, direction, levels, ownership))
        case .energySum(let direction): results.append(judge.sum(meters, direction))
        case .facilitySum(let field): results.append(judge.sum(of: field, facilities))
        }
    }
    return results
}

private struct IndicatorJudge {
    let indicator: Programme.Indicator
    let programme: Programme
    let tariff: Tariff
    let period: Interval

    func share(
        _ meters: [MeterInterval], _ direction: Tariff.Direction, _ levels: Set<PriceLevel>, _ ownership: String?
    ) throws(MeterIntervalProblem) -> IndicatorResult {
        let own = meters.filter { ownership == nil || $0.ownership?.rawValue == ownership }
        let unknown = ownership == nil ? [] : Set(meters.lazy.filter { $0.ownership == nil }.map(\.meter))
        var evidence = Evidence(own, period, unstated: unknown.subtracting(own.map(\.meter)).count)
        var (inLevels, all) = (ExactEnergy.zero, ExactEnergy.zero)
        for (meter, part) in evidence.parts {
            let energy = direction == .import ? meter.imported : meter.exported
            let spans: [PriceSpan]
            do {
                spans = try tariff.spans(in: part)
            } catch {
                throw MeterIntervalProblem(interval: meter, reason: error.message)
            }
            for span in spans {
                let share = energy.share(of: span.interval.duration, in: meter.interval.duration)
                all += share
                if levels.contains(span.level) { inLevels += share }
                evidence.versions.insert(span.version)
            }
        }
        let (numerator, denominator) = (inLevels.kilowattHours, all.kilowattHours)
        let without = tariff.versions.filter { evidence.versions.contains($0.from) && !$0.uses(levels) }
        var reason: LocalizedText?
        var outcome = Outcome.undefined
        var value: Rational?
        if evidence.parts.isEmpty {
            if meters.isEmpty { outcome = .missing }
            reason =
                if let ownership, evidence.unstated > 0 {
                    LocalizedText(
                        zh: "期间内没有该类桩的计量数据；\(evidence.unstated) 个电表未说明产权",
                        en: "no meter data of \(ownership) piles in the period;"
                            + " meters that do not state their ownership: \(evidence.unstated)")
                } else if let ownership {
                    LocalizedText(zh: "期间内没有该类桩的计量数据", en: "no meter data of \(ownership) piles in the period")
                } else {
                    LocalizedText(zh: "期间内没有计量数据", en: "no meter data in the period")
                }
        } else if let version = without.first {
            reason = LocalizedText(
                zh: "电价 \(tariff.id)（自 \(version.from)）没有低谷时段",
                en: "tariff \(tariff.id) from \(version.from) has no valley hours")
        } else if denominator == .zero {
            reason = LocalizedText(zh: "期间内没有电量", en: "no energy in the period")
        } else {
            let share = numerator / denominator
            value = share
            outcome = share >= indicator.threshold ? .pass : .fail
        }
        return result(
            outcome, value: value, numerator: numerator, denominator: denominator, evidence: evidence,
            usesTariff: true, reason: reason)
    }

    func sum(_ meters: [MeterInterval], _ direction: Tariff.Direction) -> IndicatorResult {
        let evidence = Evidence(meters, period)
        var energy = ExactEnergy.zero
        for (meter, part) in evidence.parts {
            let whole = direction == .import ? meter.imported : meter.exported
            energy += whole.share(of: part.duration, in: meter.interval.duration)
        }
        let value = evidence.parts.isEmpty ? nil : energy.kilowattHours
        return result(
            value.map { $0 >= indicator.threshold ? .pass : .fail } ?? .missing, value: value, numerator: value,
            denominator: nil, evidence: evidence, usesTariff: false,
            reason: value == nil ? LocalizedText(zh: "期间内没有计量数据", en: "no meter data in the period") : nil)
    }

    func sum(of field: String, _ facilities: [Facility]?) -> IndicatorResult {
        let numbers = facilities?.map { $0.numbers[field] }
        var value: Rational?
        var reason: LocalizedText?
        if let numbers, !numbers.isEmpty, !numbers.contains(nil) {
            value = numbers.reduce(Rational.zero) { $0 + ($1 ?? .zero) }
        } else if let facilities, let site = facilities.first(where: { $0.numbers[field] == nil })?.site {
            reason = LocalizedText(zh: "\(site) 未给出 \(field)", en: "\(site) does not give \(field)")
        } else {
            reason = LocalizedText(zh: "未提供设施清单", en: "no list of facilities was given")
        }
        return result(
            value.map { $0 >= indicator.threshold ? .pass : .fail } ?? .missing, value: value, numerator: nil,
            denominator: nil, evidence: nil, usesTariff: false, reason: reason)
    }

    private func result(
        _ outcome: Outcome, value: Rational?, numerator: Rational?, denominator: Rational?, evidence: Evidence?,
        usesTariff: Bool, reason: LocalizedText?
    ) -> IndicatorResult {
        IndicatorResult(
            indicator: indicator, outcome: outcome, value: value, numerator: numerator, denominator: denominator,
            coverage: evidence?.coverage(of: period),
            lineage: Lineage(
                rule: indicator.rule, clause: indicator.clause, document: programme.source.document,
                mark: indicator.mark, tariff: usesTariff ? tariff.id : nil,
                tariffVersions: evidence.map { $0.versions.sorted() } ?? [], meters: evidence?.meters ?? 0,
                metersOfUnknownOwnership: evidence?.unstated ?? 0, intervals: evidence?.parts.count ?? 0,
                estimated: evidence?.estimated ?? 0,
                missing: evidence?.missing ?? 0),
            reason: reason)
    }
}

/// The intervals that touch the period, cut to it, and how good they are.
private struct Evidence {
    let parts: [(meter: MeterInterval, part: Interval)]
    let meters: Int
    /// Meters that might belong here: nobody states their ownership.
    let unstated: Int
    let estimated: Int
    let missing: Int
    /// First days of the tariff versions that were asked.
    var versions: Set<CivilDay> = []
    private let covered: Duration

    init(_ intervals: [MeterInterval], _ period: Interval, unstated: Int = 0) {
        var parts: [(meter: MeterInterval, part: Interval)] = []
        var (estimated, missing, covered) = (0, 0, Duration.zero)
        for meter in intervals {
            guard let part = meter.interval.intersection(period) else { continue }
            guard meter.quality != .missing else {
                missing += 1
                continue
            }
            if meter.quality == .estimated { estimated += 1 }
            parts.append((meter, part))
            covered += part.duration
        }
        self.parts = parts
        self.meters = Set(intervals.map(\.meter)).count
        self.unstated = unstated
        self.estimated = estimated
        self.missing = missing
        self.covered = covered
    }

    func coverage(of period: Interval) -> Rational? {
        guard meters + unstated > 0, !period.isEmpty else { return nil }
        let all = Rational(period.duration.wholeMilliseconds) * Rational(Int64(meters + unstated))
        return Rational(covered.wholeMilliseconds) / all
    }
}
