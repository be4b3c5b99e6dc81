public import Documents
import Quantities

/// A part of a price that was used although it is not settled: why, and where it comes from. A bill and a list of prices carry
/// these, so that nobody takes a sample for the price of the month.
public struct PriceNote: Hashable, Sendable {
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The sources do not say it; what it is part of has no price.
        case unknown
        /// Stands in for a price that differs from place to place or month to month.
        case sample
        /// Used on days for which it was not published.
        case outsideItsPeriod = "outside_its_period"
        /// Concluded from other facts.
        case inferred
        /// Reported by somebody who says to have read the document.
        case secondary
        /// Nobody says where it comes from.
        case unsourced

        public var name: LocalizedText {
            switch self {
            case .unknown: LocalizedText(zh: "未知", en: "unknown")
            case .sample: LocalizedText(zh: "样例", en: "a sample")
            case .outsideItsPeriod: LocalizedText(zh: "用于其有效期之外", en: "used outside of its period")
            case .inferred: LocalizedText(zh: "推算", en: "inferred")
            case .secondary: LocalizedText(zh: "转引", en: "second-hand")
            case .unsourced: LocalizedText(zh: "来源不明", en: "of unknown source")
            }
        }
    }

    /// Id of the tariff.
    public let tariff: String
    /// A component's name, `prices` where the levels have absolute ones, `price of LEVEL`, or `demand charges`.
    public let part: String
    /// Never empty, the gravest first.
    public let reasons: [Reason]
    public let holds: Tariff.Validity?
    public let source: Source

    init?(tariff: String, part: String, reasons: [Reason], holds: Tariff.Validity? = nil, source: Source) {
        var reasons = reasons
        switch source.mark {
        case .sure: break
        case .secondary: reasons.append(.secondary)
        case .inferred: reasons.append(.inferred)
        case .unknown: reasons.append(.unsourced)
        }
        if reasons.isEmpty { return nil }
        self.tariff = tariff
        self.part = part
        self.reasons = reasons
        self.holds = holds
        self.source = source
    }

    public var json: JSONValue {
        [
            "tariff": .string(tariff), "part": .string(part),
            "reasons": .array(reasons.map { .string($0.rawValue) }), "holds": holds?.json ?? .null,
            "source": source.json,
        ]
    }
}

/// Which prices of a tariff were used and on which days; says afterwards what they rest on.
public struct PriceUse: Sendable {
    private struct Days: Sendable {
        var first: CivilDay
        var last: CivilDay

        mutating func extend(by first: CivilDay, _ last: CivilDay) {
            self.first = min(self.first, first)
            self.last = max(self.last, last)
        }
    }
    /// By the first day of the version.
    private var days: [CivilDay: Days] = [:]
    private var levels: [CivilDay: Set<String>] = [:]

    public init() {}

    public var isEmpty: Bool { days.isEmpty }

    public mutating func add(_ span: PriceSpan, of tariff: Tariff) {
        let first = tariff.zone.civilDay(at: span.interval.start)
        // The end is not part of the span.
        let last = tariff.zone.civilDay(at: span.interval.end - .milliseconds(1))
        days[span.version, default: Days(first: first, last: last)].extend(by: first, last)
        guard span.price == nil, let version = tariff.versions.last(where: { $0.from == span.version }) else { return }
        if case .price(nil) = version.rate(of: span.level, month: first.month) {
            levels[span.version, default: []].insert("price of \(span.level.rawValue)")
        }
    }

    /// One a part, in the order of the tariff's file; a part that several versions have is said once for each way it is unsettled.
    public func notes(of tariff: Tariff) -> [PriceNote] {
        var notes: [PriceNote] = []
        for (from, days) in days.sorted(by: { $0.key < $1.key }) {
            guard let version = tariff.versions.last(where: { $0.from == from }) else { continue }
            if version.components.isEmpty {
                let unknown = (levels[from] ?? []).sorted()
                notes += unknown.compactMap {
                    PriceNote(tariff: tariff.id, part: $0, reasons: [.unknown], source: tariff.source)
                }
                let whole = PriceNote(tariff: tariff.id, part: "prices", reasons: [], source: tariff.source)
                if let whole, unknown.isEmpty { notes.append(whole) }
            }
            notes += version.components.compactMap { component in
                var reasons: [PriceNote.Reason] = []
                if component.value == nil { reasons.append(.unknown) }
                if component.isSample { reasons.append(.sample) }
                if let holds = component.holds, !holds.covers(days.first...days.last) {
                    reasons.append(.outsideItsPeriod)
                }
                return PriceNote(
                    tariff: tariff.id, part: component.name, reasons: reasons, holds: component.holds,
                    source: component.source ?? tariff.source)
            }
        }
        var seen: Set<PriceNote> = []
        return notes.filter { seen.insert($0).inserted }
    }
}

extension Tariff {
    /// What the monthly charges of a version rest on; `nil` when they are settled, or there are none.
    public func demandNote(of version: Version, isUnknown: Bool) -> PriceNote? {
        version.demand.flatMap { demand in
            PriceNote(
                tariff: id, part: "demand charges", reasons: isUnknown ? [.unknown] : [],
                source: demand.source ?? source)
        }
    }
}
