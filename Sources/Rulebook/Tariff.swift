public import Documents
public import Quantities

/// A dated price of energy by time of use (interfaces.md §4): which level holds at each minute, and what a kWh costs.
///
/// A value, complete and checked: every day of every version is covered by exactly one level at each minute.
public struct Tariff: Sendable {
    /// Who pays whom.
    public enum Direction: String, Hashable, Sendable, CaseIterable {
        /// The user pays for energy taken from the grid.
        case `import`
        /// The user is paid for energy given to the grid.
        case export
    }
    public let id: String
    public let name: LocalizedText
    /// Civil days and periods are those of this zone.
    public let zone: Zone
    public let direction: Direction
    public let source: Source
    /// By first day, then by the day they became known: a correction follows what it corrects. Never empty.
    public let versions: [Version]
    /// The file it was read from.
    public let file: String
    let calendar: WorkCalendar

    init(
        id: String, name: LocalizedText, zone: Zone, direction: Direction, source: Source, versions: [Version],
        file: String, calendar: WorkCalendar
    ) {
        self.id = id
        self.name = name
        self.zone = zone
        self.direction = direction
        self.source = source
        self.versions = versions
        self.file = file
        self.calendar = calendar
    }

    /// What holds from a day on.
    public struct Version: Sendable {
        public let from: CivilDay
        /// The last day, where the document names one; else until the next version.
        public let through: CivilDay?
        /// The day it became public.
        public let known: CivilDay?
        public let components: [Component]
        public let demand: DemandCharge?
        public let rounding: Rounding?
        let seasons: [Season]
        let periods: [Period]
        /// The partitions of all kinds of day, made once when the tariff is read.
        var partitions: DayPartitions
    }

    /// A part of the delivered price, in yuan/kWh.
    public struct Component: Hashable, Sendable {
        public let name: String
        /// `nil`: the sources do not say it.
        public let value: Rational?
        /// Whether the level's ratio multiplies it.
        public let floats: Bool
        /// Where it differs from the tariff's own.
        public let source: Source?
        /// The days for which it was published, where that is less than the version's.
        public let holds: Validity?
        /// Whether it stands in for a price that the user has to put in its place.
        public let isSample: Bool
    }

    /// Civil days, both ends included; an end that is `nil` is open.
    public struct Validity: Hashable, Sendable {
        public let from: CivilDay?
        public let through: CivilDay?

        func covers(_ days: ClosedRange<CivilDay>) -> Bool {
            (from.map { $0 <= days.lowerBound } ?? true) && (through.map { days.upperBound <= $0 } ?? true)
        }

        public var json: JSONValue {
            ["from": .string(orNull: from?.description), "through": .string(orNull: through?.description)]
        }
    }

    /// Monthly charges of a two-part price.
    public struct DemandCharge: Hashable, Sendable {
        /// 需量电费.
        public let yuanPerKilowattMonth: Rational?
        /// 容量电费.
        public let yuanPerKilovoltAmpereMonth: Rational?
        /// Where it differs from the tariff's own.
        public let source: Source?
    }

    /// How the price of a level is cut.
    public struct Rounding: Hashable, Sendable {
        public let decimals: Int
        public let mode: RoundingMode
    }
}

extension Tariff.Version {
    /// What a level costs in some months.
    enum Rate: Hashable, Sendable {
        case ratio(Rational)
        /// Yuan/kWh; `nil`: unknown.
        case price(Rational?)
    }

    /// The rates of some months; the first season that holds a month wins.
    struct Season: Sendable {
        let months: Set<Int>
        let rates: [PriceLevel: Rate]
    }

    /// Names of what is unknown and keeps the price of `level` in `month` from being known.
    public func unknowns(of level: PriceLevel, month: Int) -> [String] {
        switch rate(of: level, month: month) {
        case .price(nil): return ["price of \(level.rawValue)"]
        case .price, nil: return []
        case .ratio: return components.filter { $0.value == nil }.map(\.name)
        }
    }

    /// The multiplier of the floating components; `nil` where the level has an absolute price.
    public func ratio(of level: PriceLevel, month: Int) -> Rational? {
        if case .ratio(let ratio) = rate(of: level, month: month) { return ratio }
        return nil
    }

    /// Yuan/kWh: ratio · Σ floating + Σ fixed, cut as the rounding says. `nil` when a component is unknown.
    public func price(of level: PriceLevel, month: Int) -> Rational? {
        let exact: Rational
        switch rate(of: level, month: month) {
        case nil, .price(nil): return nil
        case .price(let price?): exact = price
        case .ratio(let ratio):
            var (floating, fixed) = (Rational.zero, Rational.zero)
            for component in components {
                guard let value = component.value else { return nil }
                if component.floats { floating += value } else { fixed += value }
            }
            exact = ratio * floating + fixed
        }
        guard let rounding else { return exact }
        return exact.rounded(decimals: rounding.decimals, rounding.mode)
    }

    /// The levels that have a rate in `month`, dear before cheap.
    public func levels(month: Int) -> [PriceLevel] { season(month)?.rates.keys.sorted() ?? [] }

    /// Whether any hour under this version has one of `levels`; without valley hours a share in the valley means nothing.
    public func uses(_ levels: Set<PriceLevel>) -> Bool { periods.contains { levels.contains($0.level) } }

    func rate(of level: PriceLevel, month: Int) -> Rate? { season(month)?.rates[level] }
    private func season(_ month: Int) -> Season? { seasons.first { $0.months.contains(month) } }
}
