import Documents
import Quantities
import Rulebook
import Testing

/// A random tariff in plain numbers, minute by minute and in whole ten-thousandths: nothing here is shared with the code
/// that is tested but the YAML text.
private struct PlainTariff {
    struct Period {
        let level: String
        let spans: [(Int, Int)]
        let months: [Int]?
        let days: String?
    }
    /// In 1/10 000 yuan.
    var floating: [Int] = []
    var fixed: [Int] = []
    /// In 1/100.
    var ratios: [[String: Int]] = []
    let summer = [6, 7, 8]
    var periods: [Period] = []
    static let levels = ["sharp", "peak", "flat", "valley", "deep_valley"]

    init(_ random: inout SeededRandom) {
        for _ in 0..<Int.random(in: 1...3, using: &random) { floating.append(.random(in: 0...9999, using: &random)) }
        for _ in 0..<Int.random(in: 0...2, using: &random) { fixed.append(.random(in: -500...999, using: &random)) }
        for _ in 0..<2 {
            ratios.append(
                Dictionary(
                    uniqueKeysWithValues: PlainTariff.levels.map { ($0, Int.random(in: 0...250, using: &random)) }))
        }
        periods.append(Period(level: "flat", spans: [(0, 1440)], months: nil, days: nil))
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let spans = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                let start = Int.random(in: 0..<1440, using: &random)
                var end = Int.random(in: 0...1440, using: &random)
                if end == start { end = 1440 }
                return (start, end)
            }
            let months = Bool.random(using: &random) ? nil : (1...12).filter { _ in Bool.random(using: &random) } + [7]
            let days = [nil, "all", "workday", "restday", "holiday", "[2024-10-21, 2025-02-08]"].randomElement(
                using: &random)!
            periods.append(
                Period(
                    level: PlainTariff.levels.randomElement(using: &random)!, spans: spans, months: months, days: days))
        }
    }

    private func decimal(_ value: Int, _ places: Int) -> String {
        let digits = String(String(abs(value) + 1_000_000_000).dropFirst())
        return (value < 0 ? "-" : "") + digits.dropLast(places) + "." + digits.suffix(places)
    }
    private func clock(_ minute: Int) -> String {
        "\(String(minute / 60 + 100).dropFirst()):\(String(minute % 60 + 100).dropFirst())"
    }

    var yaml: String {
        var text = """
            id: random
            name: {zh: 随机, en: random}
            direction: import
            source: {document: null, mark: inferred}
            versions:
              - from: 2023-01-01
                components:

            """
        for (index, value) in floating.enumerated() {
            text += "      - {name: f\(index), value: \"\(decimal(value, 4))\", floats: true}\n"
        }
        for (index, value) in fixed.enumerated() {
            text += "      - {name: x\(index), value: \"\(decimal(value, 4))\", floats: false}\n"
        }
        text += "    levels:\n"
        for (index, table) in ratios.enumerated() {
            let months = index == 0 ? "months: \(summer), " : ""
            let levels = table.sorted { $0.key < $1.key }.map { "\($0.key): \"\(decimal($0.value, 2))\"" }
            text += "      - {\(months)\(levels.joined(separator: ", "))}\n"
        }
        text += "    periods:\n"
        for period in periods {
            let spans = period.spans.map { "\"\(clock($0.0))-\(clock($0.1))\"" }.joined(separator: ", ")
            text += "      - {level: \(period.level), spans: [\(spans)]"
            if let months = period.months { text += ", months: \(months)" }
            if let days = period.days { text += ", days: \(days)" }
            text += "}\n"
        }
        return text
    }

    /// Level and price in 1/1 000 000 yuan at a minute of a Chinese wall clock.
    func at(_ day: CivilDay, _ minute: Int) -> (level: String, price: Int) {
        var level = ""
        for period in periods {
            if let months = period.months, !months.contains(day.month) { continue }
            switch period.days {
            case nil, "all": break
            case let list? where list.hasPrefix("["): if !list.contains(day.description) { continue }
            case let type?: if PlainTariff.type(of: day) != type { continue }
            }
            for (start, end) in period.spans {
                if start < end ? (start <= minute && minute < end) : (minute >= start || minute < end) {
                    level = period.level
                }
            }
        }
        let ratio = ratios[summer.contains(day.month) ? 0 : 1][level]!
        return (level, ratio * floating.reduce(0, +) + 100 * fixed.reduce(0, +))
    }

    private static func type(of day: CivilDay) -> String {
        let makeUp = ["2024-09-29", "2024-10-12", "2025-01-26", "2025-02-08"]
        let off =
            (1...7).map { "2024-10-0\($0)" } + (28...31).map { "2025-01-\($0)" } + (1...4).map { "2025-02-0\($0)" }
            + ["2025-01-01"]
        if off.contains(day.description) { return "holiday" }
        if makeUp.contains(day.description) { return "workday" }
        // 2024-09-28 was a Saturday.
        let weekday = (day - CivilDay("2024-09-28")!) % 7
        return weekday == 0 || weekday == 1 ? "restday" : "workday"
    }
}

@Suite("Tariffs against a minute-by-minute twin") struct TariffPropertyTests {
    @Test func `level and price agree with the twin, spans tile the time, slots are their means`() throws {
        let first = try #require(CivilDay("2024-09-28"))
        for seed in UInt64(1)...150 {
            var random = SeededRandom(seed: seed)
            let plain = PlainTariff(&random)
            let tariff = try Tariff.read(Array(plain.yaml.utf8), file: "seed-\(seed).yaml")
            let day = first.adding(days: Int.random(in: 0..<130, using: &random))
            let start = Zone.shanghai.instant(of: day, minute: Int.random(in: 0..<1440, using: &random))
            let whole = Interval(start, start + .minutes(Int.random(in: 1...4000, using: &random)))
            let spans = try tariff.spans(in: whole)

            #expect(spans.first?.interval.start == whole.start && spans.last?.interval.end == whole.end, "seed \(seed)")
            for (a, b) in zip(spans, spans.dropFirst()) {
                #expect(a.interval.end == b.interval.start, "seed \(seed)")
                #expect(a.level != b.level || a.price != b.price, "seed \(seed)")
            }
            for span in spans {
                // Twice a span is enough to catch a shifted edge: its first and its last minute.
                for instant in [span.interval.start, span.interval.end - .minutes(1)] {
                    let minute = Zone.shanghai.millisecondOfDay(at: instant) / 60_000
                    let (level, price) = plain.at(Zone.shanghai.civilDay(at: instant), minute)
                    #expect(span.level.rawValue == level, "seed \(seed) at \(instant)")
                    #expect(span.price == Rational(Int64(price)) / Rational(1_000_000), "seed \(seed) at \(instant)")
                }
            }
            let slots = try tariff.slotPrices(start: start, step: .minutes(15), count: 40)
            for (index, slot) in slots.values.enumerated() {
                var (sum, valley) = (0, 0)
                for minute in 0..<15 {
                    let instant = start + .minutes(index * 15 + minute)
                    let clock = Zone.shanghai.millisecondOfDay(at: instant) / 60_000
                    let (level, price) = plain.at(Zone.shanghai.civilDay(at: instant), clock)
                    sum += price
                    valley += level.hasSuffix("valley") ? 1 : 0
                }
                #expect(slot.price == Rational(Int64(sum)) / Rational(15_000_000), "seed \(seed) slot \(index)")
                #expect(slot.valleyShare == Rational(Int64(valley)) / Rational(15), "seed \(seed) slot \(index)")
            }
        }
    }

    @Test func `where clocks change, the spans still tile the day`() throws {
        let yaml = TariffReadingTests.yaml([("Asia/Shanghai", "Europe/Oslo"), ("00:00-08:00", "22:00-02:30")])
        let tariff = try Tariff.read(Array(yaml.utf8), file: "t.yaml")
        let zone = try #require(Zone("Europe/Oslo"))
        for (day, hours) in [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-01", 24)] {
            let whole = zone.day(try #require(CivilDay(day)))
            let spans = try tariff.spans(in: whole)
            #expect(whole.duration == .hours(hours))
            #expect(spans.map(\.interval.duration).reduce(.zero, +) == whole.duration)
            #expect(zip(spans, spans.dropFirst()).allSatisfy { $0.interval.end == $1.interval.start })
        }
    }
}
