import Assets
import Documents
import Evaluation
import Metering
import Quantities
import Rulebook
import Testing

@Suite("Indicators of a call") struct EvaluationTests {
    let programme = RulePacks.builtIn.programme("ndrc-2024-718")!
    let year = Interval(Instant("2024-01-01T00:00:00+08:00")!, Instant("2025-01-01T00:00:00+08:00")!)

    func tariff(_ levels: String, _ periods: String) throws -> Tariff {
        let yaml = """
            id: x/tou
            name: {zh: x, en: x}
            direction: import
            source: {document: null, mark: inferred}
            versions:
              - from: 2020-01-01
                components: [{name: energy, value: "0.6", floats: true}]
                levels: {\(levels)}
                periods: [{level: flat, spans: ["00:00-24:00"]}, \(periods)]

            """
        return try Tariff.read(Array(yaml.utf8), file: "x.yaml")
    }
    func valley() throws -> Tariff {
        try tariff("flat: \"1\", valley: \"0.4\"", "{level: valley, spans: [\"00:00-08:00\"]}")
    }

    func hours(
        _ range: Range<Int>, meter: String = "M1", ownership: Ownership? = nil, quality: EnergyQuality = .measured,
        exported: Int64 = 0, _ kilowattHours: (Int) -> Int64
    ) -> [MeterInterval] {
        range.map { hour in
            MeterInterval(
                meter: meter, interval: Interval(year.start + .hours(hour), year.start + .hours(hour + 1)),
                imported: ExactEnergy(.kilowattHours(kilowattHours(hour))),
                exported: ExactEnergy(.kilowattHours(exported)),
                ownership: ownership, quality: quality)
        }
    }
    func judge(
        _ meters: [MeterInterval], _ tariff: Tariff, _ facilities: [Facility]? = nil
    ) throws -> [String: IndicatorResult] {
        let results = try evaluate(programme, meters: meters, tariff: tariff, period: year, facilities: facilities)
        #expect(results.map(\.indicator.id) == programme.indicators.map(\.id))
        return Dictionary(uniqueKeysWithValues: results.map { ($0.indicator.id, $0) })
    }

    @Test
    func `a leap year at 3 kWh in valley hours and 1 kWh else is 60 percent: passed by all, failed by the private`()
        throws
    {
        let results = try judge(hours(0..<8784, ownership: .private) { $0 % 24 < 8 ? 3 : 1 }, valley())
        let all = try #require(results["valley_share"])
        #expect(all.outcome == .pass && all.value == Rational(decimal: "0.6"))
        #expect(all.numerator == Rational(8784) && all.denominator == Rational(14640))
        #expect(all.coverage == .one)
        #expect(all.lineage.intervals == 8784 && all.lineage.rule == "R02" && all.lineage.clause == "一、总体要求")
        #expect(
            all.lineage.document == "发改办能源〔2024〕718号" && all.lineage.tariffVersions.map(\.description) == ["2020-01-01"]
        )
        #expect(results["private_valley_share"]?.outcome == .fail)
    }

    @Test func `deep valley counts as valley`() throws {
        let deep = try tariff("flat: \"1\", deep_valley: \"0.2\"", "{level: deep_valley, spans: [\"12:00-13:00\"]}")
        #expect(try judge(hours(0..<24) { _ in 1 }, deep)["valley_share"]?.value == Rational(1) / Rational(24))
    }

    @Test func `without valley hours the share is undefined, never 0`() throws {
        let flat = try tariff("flat: \"1\", peak: \"1.5\"", "{level: peak, spans: [\"08:00-12:00\"]}")
        let result = try #require(try judge(hours(0..<24) { _ in 1 }, flat)["valley_share"])
        #expect(result.outcome == .undefined && result.value == nil)
        #expect(result.reason?.en == "tariff x/tou from 2020-01-01 has no valley hours")
    }

    @Test func `no energy is undefined, no evidence is missing, no private pile is undefined`() throws {
        #expect(try judge(hours(0..<24) { _ in 0 }, valley())["valley_share"]?.outcome == .undefined)
        #expect(try judge([], valley())["valley_share"]?.outcome == .missing)
        #expect(try judge([], valley())["annual_discharge_kwh"]?.outcome == .missing)
        let open = try judge(hours(0..<24, ownership: .public) { _ in 1 }, valley())
        #expect(open["private_valley_share"]?.outcome == .undefined && open["private_valley_share"]?.coverage == nil)
    }

    @Test func `a meter whose ownership nobody states counts to no side, and the coverage says so`() throws {
        let mixed = hours(0..<8784, ownership: .private) { _ in 1 } + hours(0..<8784, meter: "M2") { _ in 5 }
        let share = try #require(try judge(mixed, valley())["private_valley_share"])
        #expect(share.denominator == Rational(8784) && share.coverage == Rational(1) / Rational(2))
        #expect(share.lineage.meters == 1 && share.lineage.metersOfUnknownOwnership == 1)
        let all = try #require(try judge(mixed, valley())["valley_share"])
        #expect(all.coverage == .one && all.lineage.meters == 2 && all.lineage.metersOfUnknownOwnership == 0)
        let unknown = try #require(try judge(hours(0..<24) { _ in 1 }, valley())["private_valley_share"])
        #expect(unknown.outcome == .undefined && unknown.coverage == .zero)
        #expect(unknown.reason?.en.contains("meters that do not state their ownership: 1") == true)
    }

    @Test func `an interval over an edge counts in proportion`() throws {
        func interval(_ start: String, _ end: String, _ kwh: Int64) -> MeterInterval {
            MeterInterval(
                meter: "M1", interval: Interval(Instant(start)!, Instant(end)!),
                imported: ExactEnergy(.kilowattHours(kwh)), exported: ExactEnergy(.kilowattHours(kwh)))
        }
        let results = try judge(
            [
                interval("2024-03-01T07:30:00+08:00", "2024-03-01T08:30:00+08:00", 10),
                interval("2023-12-31T23:30:00+08:00", "2024-01-01T00:30:00+08:00", 8),
            ], valley())
        #expect(
            results["valley_share"]?.numerator == Rational(9) && results["valley_share"]?.denominator == Rational(14))
        #expect(results["annual_discharge_kwh"]?.value == Rational(14))
    }

    @Test func `coverage is covered time over meters and year; estimated and missing are counted`() throws {
        let meters =
            hours(0..<4392) { _ in 1 } + hours(4392..<4402, quality: .missing) { _ in 1 }
            + hours(0..<10, meter: "M2", quality: .estimated) { _ in 1 }
        let result = try #require(try judge(meters, valley())["valley_share"])
        #expect(result.coverage == Rational(4402) / Rational(2 * 8784))
        #expect(result.lineage.intervals == 4402 && result.lineage.estimated == 10 && result.lineage.missing == 10)
        #expect(result.lineage.meters == 2)
    }

    @Test func `power comes from the facilities, and is missing when one does not say it`() throws {
        let good = try Facility.read(
            Array(
                "facilities:\n  - {site: A, piles: 10, rated_discharge_kw: 260, swap: false}\n  - {site: B, rated_discharge_kw: 240}\n"
                    .utf8), file: "f.yaml")
        #expect(try judge([], valley(), good)["discharge_power_kw"]?.value == Rational(500))
        #expect(try judge([], valley(), good)["discharge_power_kw"]?.outcome == .pass)
        let silent = try Facility.read(Array("facilities:\n  - {site: A, piles: 10}\n".utf8), file: "f.yaml")
        let result = try judge([], valley(), silent)["discharge_power_kw"]
        #expect(result?.outcome == .missing && result?.reason?.en == "A does not give rated_discharge_kw")
    }

    @Test(arguments: [
        ("sites: []\n", "f.yaml:1:1: unknown key sites; allowed are facilities"),
        (
            "facilities: x\n",
            "f.yaml:1:1: facilities is missing; give a list of {site, address, piles, rated_discharge_kw, swap}"
        ),
        (
            "facilities:\n  - {site: A, rated_discharge_kw: -1}\n",
            "f.yaml:2:35: rated_discharge_kw must be a decimal, not negative"
        ),
        ("facilities:\n  - {site: A}\n  - {site: A}\n", "f.yaml:3:5: site A stands twice; its power would count twice"),
    ]) func `a wrong list of facilities is refused with its place`(_ yaml: String, _ text: String) {
        let problems = #expect(throws: Problems.self) { _ = try Facility.read(Array(yaml.utf8), file: "f.yaml") }
        #expect(problems?.description == text)
    }
}
