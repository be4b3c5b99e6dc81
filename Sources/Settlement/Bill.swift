public import Metering
public import Quantities
public import Rulebook

/// What metered energy costs under a tariff, exact until the one rounding of its total.
///
/// Directions are priced apart and never netted in kWh: energy taken is paid for, energy given is credited.
public struct Bill: Sendable {
    /// One a direction, level and price, dear levels first.
    public let lines: [Line]
    public let charges: [Charge]
    /// Intervals that crossed a boundary, split in proportion to time; at most ``splitLimit`` of them.
    public let splits: [Split]
    public let splitCount: Int
    public let intervals: Int
    public let estimated: Int
    /// Intervals without a value; they cost nothing here, and somebody should ask for them.
    public let missing: Int
    /// Energy given to the grid for which no export tariff was named.
    public let unpricedExport: ExactEnergy
    /// What keeps the bill from being known: components and charges without a value.
    public let unknowns: [String]
    /// What the prices that were used rest on, where that is not settled.
    public let notes: [PriceNote]
    /// Import and charges less export, yuan; `nil` when something is unknown.
    public let total: Rational?

    /// A person looks at the first few; the rest is counted.
    public static let splitLimit = 100

    public struct Line: Hashable, Sendable {
        public let direction: Tariff.Direction
        public let level: PriceLevel
        public let energy: ExactEnergy
        /// Yuan/kWh; `nil`: unknown.
        public let price: Rational?
        /// Yuan, not negative for a positive price, also where it is a credit.
        public let amount: Rational?
    }

    /// A monthly charge of a two-part tariff.
    public struct Charge: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            /// 需量电费, per kW of the month's highest demand.
            case demand
            /// 容量电费, per kVA of the transformers.
            case capacity
        }
        public let kind: Kind
        /// KW or kVA.
        public let quantity: Rational
        /// Yuan per unit and month; `nil`: unknown.
        public let price: Rational?
        public let amount: Rational?
        /// What the price rests on, where that is not settled.
        public let note: PriceNote?
    }

    public struct Split: Hashable, Sendable {
        public let interval: MeterInterval
        /// Where it was cut.
        public let boundaries: [Instant]
    }
}

extension Bill {
    public init(
        _ meters: [MeterInterval], tariff: Tariff, exportTariff: Tariff? = nil, charges: [Charge] = []
    ) throws(MeterIntervalProblem) {
        var tally = Tally()
        for meter in meters {
            guard meter.quality != .missing else {
                tally.missing += 1
                continue
            }
            tally.intervals += 1
            if meter.quality == .estimated { tally.estimated += 1 }
            var boundaries: Set<Instant> = []
            boundaries.formUnion(try tally.add(meter, meter.imported, tariff, .import))
            if let exportTariff {
                boundaries.formUnion(try tally.add(meter, meter.exported, exportTariff, .export))
            } else {
                tally.unpricedExport += meter.exported
            }
            guard !boundaries.isEmpty else { continue }
            tally.splitCount += 1
            if tally.splits.count < Bill.splitLimit {
                tally.splits.append(Split(interval: meter, boundaries: boundaries.sorted()))
            }
        }
        var lines: [Line] = []
        var total: Rational? = .zero
        for (key, energy) in tally.energy.sorted(by: { $0.key < $1.key }) {
            let amount = key.price.map { $0 * energy.kilowattHours }
            lines.append(
                Line(direction: key.direction, level: key.level, energy: energy, price: key.price, amount: amount))
            if let sum = total, let amount {
                total = key.direction == .import ? sum + amount : sum - amount
            } else {
                total = nil
            }
        }
        for charge in charges {
            if let sum = total, let amount = charge.amount {
                total = sum + amount
            } else {
                total = nil
                tally.unknowns.insert("\(charge.kind.rawValue) charge")
            }
        }
        self.init(
            lines: lines, charges: charges, splits: tally.splits, splitCount: tally.splitCount,
            intervals: tally.intervals, estimated: tally.estimated, missing: tally.missing,
            unpricedExport: tally.unpricedExport, unknowns: tally.unknowns.sorted(),
            notes: Bill.notes(tally, tariff, exportTariff, charges), total: total)
    }

    private static func notes(
        _ tally: Tally, _ tariff: Tariff, _ exportTariff: Tariff?, _ charges: [Charge]
    ) -> [PriceNote] {
        var notes = tally.use[.import]?.notes(of: tariff) ?? []
        if let exportTariff { notes += tally.use[.export]?.notes(of: exportTariff) ?? [] }
        for note in charges.compactMap(\.note) where !notes.contains(note) { notes.append(note) }
        return notes
    }

    /// What a bill's lines differ in.
    private struct Key: Hashable, Comparable {
        let direction: Tariff.Direction
        let level: PriceLevel
        let price: Rational?

        static func < (a: Key, b: Key) -> Bool {
            if a.direction != b.direction { return a.direction == .import }
            if a.level != b.level { return a.level < b.level }
            return (a.price ?? .zero) < (b.price ?? .zero)
        }
    }

    private struct Tally {
        var energy: [Key: ExactEnergy] = [:]
        var use: [Tariff.Direction: PriceUse] = [:]
        var unknowns: Set<String> = []
        var splits: [Split] = []
        var splitCount = 0
        var intervals = 0
        var estimated = 0
        var missing = 0
        var unpricedExport = ExactEnergy.zero

        /// Returns the boundaries within the interval.
        mutating func add(
            _ meter: MeterInterval, _ whole: ExactEnergy, _ tariff: Tariff, _ direction: Tariff.Direction
        ) throws(MeterIntervalProblem) -> [Instant] {
            if whole.isZero { return [] }
            let spans: [PriceSpan]
            do {
                spans = try tariff.spans(in: meter.interval)
            } catch {
                throw MeterIntervalProblem(interval: meter, reason: error.message)
            }
            for span in spans {
                let part = whole.share(of: span.interval.duration, in: meter.interval.duration)
                let key = Key(direction: direction, level: span.level, price: span.price)
                energy[key, default: .zero] += part
                use[direction, default: PriceUse()].add(span, of: tariff)
                if span.price == nil { note(span, tariff) }
            }
            return spans.dropFirst().map(\.interval.start)
        }

        private mutating func note(_ span: PriceSpan, _ tariff: Tariff) {
            let day = tariff.zone.civilDay(at: span.interval.start)
            guard let version = tariff.versions.last(where: { $0.from == span.version }) else { return }
            unknowns.formUnion(version.unknowns(of: span.level, month: day.month))
        }
    }
}

extension Bill.Charge {
    /// A charge at the price of `tariff` on `day`; `nil` when the tariff has no such charge at all.
    public init?(_ kind: Kind, quantity: Rational, tariff: Tariff, on day: CivilDay) throws(TariffGap) {
        let version = try tariff.version(on: day)
        guard let demand = version.demand else { return nil }
        let price = kind == .demand ? demand.yuanPerKilowattMonth : demand.yuanPerKilovoltAmpereMonth
        self.init(
            kind: kind, quantity: quantity, price: price, amount: price.map { $0 * quantity },
            note: tariff.demandNote(of: version, isUnknown: price == nil))
    }
}
