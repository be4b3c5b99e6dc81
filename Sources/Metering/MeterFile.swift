import Assets
public import Documents
import Quantities

/// A meter CSV (interfaces.md §4), checked: each meter's intervals are apart from each other.
///
/// A line that repeats another one word for word is a copy of the same fact and counts once (``repeated``); the same time
/// with other values, or half of it, is a contradiction that only the sender can resolve, and is refused.
public struct MeterFile: Sendable {
    /// In the file's order.
    public let intervals: [MeterInterval]
    /// Lines left out because they repeat an earlier line.
    public let repeated: [Int]

    public static let requiredColumns = ["meter_id", "start", "end", "import_kwh", "export_kwh"]

    /// A yearly reading is the longest that makes sense; more is a typing error.
    static let longestInterval = Duration.days(400)

    public init(_ bytes: [UInt8], file: String) throws(Problems) {
        let table = try CSVDocument(bytes, file: file, required: MeterFile.requiredColumns)
        var problems = ProblemList()
        let all = table.rows.compactMap { MeterFile.interval($0, into: &problems) }
        try problems.throwIfAny()
        let order = all.indices.sorted { a, b in
            (all[a].meter, all[a].interval.start, all[a].line) < (all[b].meter, all[b].interval.start, all[b].line)
        }
        var repeats: Set<Int> = []
        var last: MeterInterval?
        for index in order {
            let next = all[index]
            guard let before = last, before.meter == next.meter, next.interval.start < before.interval.end else {
                last = next
                continue
            }
            if before.says(theSameAs: next) {
                repeats.insert(index)
                continue
            }
            let (earlier, later) = before.line < next.line ? (before, next) : (next, before)
            problems.add(
                file: file, line: later.line,
                earlier.interval == later.interval
                    ? .sameTime(meter: next.meter, line: earlier.line)
                    : .overlappingTime(meter: next.meter, line: earlier.line))
            if next.interval.end > before.interval.end { last = next }
        }
        try problems.throwIfAny()
        self.intervals = all.indices.filter { !repeats.contains($0) }.map { all[$0] }
        self.repeated = repeats.map { all[$0].line }.sorted()
    }

    private static func interval(_ row: CSVDocument.Row, into problems: inout ProblemList) -> MeterInterval? {
        let (start, end) = (instant(row, "start", into: &problems), instant(row, "end", into: &problems))
        let meter = row["meter_id"] ?? ""
        if meter.isEmpty { problems.add(row.problem("meter_id", .meterUnnamed)) }
        let quality = word(row, "quality", empty: EnergyQuality.measured, into: &problems)
        let ownership = word(row, "ownership", empty: Ownership?.none, into: &problems)
        let imported = energy(row, "import_kwh", into: &problems)
        let exported = energy(row, "export_kwh", into: &problems)
        guard let start, let end, let quality, let ownership, let imported, let exported else { return nil }
        guard start < end else {
            problems.add(row.problem("end", .endNotAfterStart(row["end"] ?? "", start: row["start"] ?? "")))
            return nil
        }
        guard end - start <= MeterFile.longestInterval else {
            problems.add(row.problem("end", .intervalTooLong))
            return nil
        }
        if quality != .missing, imported == nil, exported == nil {
            problems.add(
                row.problem("import_kwh", .noEnergy))
        }
        let site = row["site_id"].flatMap { $0.isEmpty ? nil : $0 }
        return MeterInterval(
            meter: meter, interval: Interval(start, end), imported: imported ?? .zero, exported: exported ?? .zero,
            site: site, ownership: ownership, quality: quality, line: row.line)
    }

    private static func instant(
        _ row: CSVDocument.Row, _ column: String, into problems: inout ProblemList
    ) -> Instant? {
        let text = row[column] ?? ""
        if let instant = Instant(text) { return instant }
        problems.add(
            row.problem(column, .instantNeeded(text)))
        return nil
    }

    /// `nil` after a problem, `.some(nil)` for an empty field.
    private static func energy(
        _ row: CSVDocument.Row, _ column: String, into problems: inout ProblemList
    ) -> ExactEnergy?? {
        let text = row[column] ?? ""
        if text.isEmpty { return .some(nil) }
        guard let energy = ExactEnergy(kilowattHours: text) else {
            problems.add(row.problem(column, .energyNeeded(text)))
            return nil
        }
        if energy.isNegative {
            let other = column == "import_kwh" ? "export_kwh" : "import_kwh"
            problems.add(row.problem(column, .negativeEnergy(text, other: other)))
            return nil
        }
        return energy
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ row: CSVDocument.Row, _ column: String, empty: Word, into problems: inout ProblemList
    ) -> Word? where Word.RawValue == String {
        word(row, column, empty: Word?.some(empty), into: &problems) ?? nil
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ row: CSVDocument.Row, _ column: String, empty: Word?, into problems: inout ProblemList
    ) -> Word?? where Word.RawValue == String {
        let text = row[column] ?? ""
        if text.isEmpty { return .some(empty) }
        if let word = Word(rawValue: text) { return word }
        let allowed = Word.allCases.map(\.rawValue).joined(separator: ", ")
        problems.add(row.problem(column, .wordNotKnown(text, allowed: allowed)))
        return nil
    }
}

extension MeterInterval {
    fileprivate func says(theSameAs other: MeterInterval) -> Bool {
        meter == other.meter && interval == other.interval && imported == other.imported && exported == other.exported
            && site == other.site && ownership == other.ownership && quality == other.quality
    }
}
