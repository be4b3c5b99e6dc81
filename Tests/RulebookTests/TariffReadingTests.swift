import Documents
import Quantities
import Rulebook
import Testing

@Suite("Reading a tariff") struct TariffReadingTests {
    /// A good file with one line changed.
    static func yaml(_ changes: [(String, String)]) -> String {
        var text = """
            id: x/tou
            name: {zh: 测试, en: test}
            zone: Asia/Shanghai
            direction: import
            source: {document: test, clause: null, mark: inferred}
            versions:
              - from: 2020-01-01
                components:
                  - {name: energy, value: "0.60", floats: true}
                  - {name: fixed, value: "0.03", floats: false}
                levels: {peak: "1.6", flat: "1", valley: "0.4"}
                periods:
                  - {level: flat, spans: ["00:00-24:00"]}
                  - {level: valley, spans: ["00:00-08:00"]}
                  - {level: peak, spans: ["10:00-12:00", "17:00-22:00"]}
                rounding: {decimals: 6, mode: half_up}

            """
        for (old, new) in changes {
            precondition(text.contains(old), "nothing to change: \(old)")
            text = text.replacing(old, with: new)
        }
        return text
    }
    func read(_ yaml: String) throws(Problems) -> Tariff { try Tariff.read(Array(yaml.utf8), file: "t.yaml") }

    struct Fault: CustomTestStringConvertible, Sendable {
        let old: String
        let new: String
        let text: String
        init(_ old: String, _ new: String, _ text: String) {
            self.old = old
            self.new = new
            self.text = text
        }
        var testDescription: String { text }
    }
    static let wholeDay = "{level: flat, spans: [\"00:00-24:00\"]}"
    static let cover = "the periods must cover 24 hours of every day, so begin with \(wholeDay)"
    static let faults = [
        Fault("id: x/tou\n", "", "t.yaml:1:1: id is missing; give the tariff a name like example/two-part"),
        Fault(
            "zone:", "zones:",
            "t.yaml:3:1: unknown key zones; allowed are id, kind, name, zone, direction, source, versions"),
        Fault(
            "Asia/Shanghai", "Asia/Nowhere", "t.yaml:3:7: zone Asia/Nowhere is not known; write it like Asia/Shanghai"),
        Fault(
            "direction: import", "direction: sideways",
            "t.yaml:4:12: direction sideways is not known; allowed are import, export"),
        Fault(
            "mark: inferred", "mark: certain",
            "t.yaml:5:46: mark certain is not known; allowed are sure, secondary, inferred, unknown"),
        Fault(", en: test", "", "t.yaml:2:7: a name needs both zh and en"),
        Fault("2020-01-01", "2020-02-30", "t.yaml:7:11: from 2020-02-30 is not a civil day; write YYYY-MM-DD"),
        Fault(
            "from: 2020-01-01", "from: 2020-01-01\n    through: 2019-12-31",
            "t.yaml:7:5: the version ends with 2019-12-31, before it begins on 2020-01-01"),
        Fault(
            "\"0.60\"", "\"0,60\"", "t.yaml:9:31: value 0,60 is not a decimal; write it like \"0.388997\", or unknown"),
        Fault(
            ", floats: true", "", "t.yaml:9:9: floats is missing; true when the level's ratio multiplies it, else false"
        ),
        Fault("floats: true", "floats: yes", "t.yaml:9:47: floats yes must be true or false"),
        Fault("name: fixed", "name: energy", "t.yaml:10:9: component energy stands twice; name each component once"),
        Fault(
            "valley: \"0.4\"", "night: \"0.4\"",
            "t.yaml:11:38: unknown key night; allowed are sharp, peak, flat, valley, deep_valley"),
        Fault(
            "valley: \"0.4\"", "sharp: {of: deep_valley, times: \"2\"}",
            "t.yaml:11:50: level deep_valley has no ratio or price here"),
        Fault(
            "peak: \"1.6\", flat: \"1\"", "peak: {of: flat, times: \"2\"}, flat: {of: peak, times: \"2\"}",
            "t.yaml:11:25: levels in a circle: flat of peak of flat; one of them needs a ratio\nt.yaml:11:55: levels in a circle: peak of flat of peak; one of them needs a ratio"
        ),
        Fault(
            "valley: \"0.4\"", "valley: {price: \"0.4\"}",
            "t.yaml:11:46: valley has an absolute price; components must then be empty"),
        Fault("level: valley", "level: sharp", "t.yaml:14:9: level sharp has no ratio or price; add it to levels"),
        Fault(
            "level: valley", "level: night",
            "t.yaml:14:17: level night is not known; allowed are sharp, peak, flat, valley, deep_valley"),
        Fault("00:00-08:00", "00:00-8:00", "t.yaml:14:33: span 00:00-8:00 is not HH:MM-HH:MM between 00:00 and 24:00"),
        Fault("00:00-08:00", "00:00-00:00", "t.yaml:14:33: span 00:00-00:00 is empty; a whole day is 00:00-24:00"),
        Fault(
            "00:00-08:00", "00:00-24:30", "t.yaml:14:33: span 00:00-24:30 is not HH:MM-HH:MM between 00:00 and 24:00"),
        Fault("[\"00:00-08:00\"]", "[\"00:00-08:00\"], months: [0]", "t.yaml:14:58: month 0 is not one of 1 to 12"),
        Fault(
            "[\"00:00-08:00\"]", "[\"00:00-08:00\"], days: sunday",
            "t.yaml:14:55: days sunday is not known; allowed are all, workday, restday, holiday, or a list of days"),
        Fault("decimals: 6", "decimals: 60", "t.yaml:16:26: decimals 60 is not one of 0 to 12"),
        Fault(
            "mode: half_up", "mode: nearest",
            "t.yaml:16:35: mode nearest is not known; allowed are half_up, half_even, half_down, up, down, floor, ceiling"
        ),
        Fault("00:00-24:00", "09:00-24:00", "t.yaml:13:7: 08:00-09:00 belongs to no level on any day; \(cover)"),
        Fault(
            "[\"00:00-24:00\"]", "[\"00:00-24:00\"], days: workday",
            "t.yaml:13:7: 08:00-10:00 belongs to no level on a restday or holiday; \(cover)\nt.yaml:13:7: 12:00-17:00 belongs to no level on a restday or holiday; \(cover)\nt.yaml:13:7: 22:00-24:00 belongs to no level on a restday or holiday; \(cover)"
        ),
        Fault(
            "[\"00:00-24:00\"]", "[\"00:00-24:00\"], months: [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]",
            "t.yaml:13:7: 08:00-10:00 belongs to no level on days of month 7; \(cover)\nt.yaml:13:7: 12:00-17:00 belongs to no level on days of month 7; \(cover)\nt.yaml:13:7: 22:00-24:00 belongs to no level on days of month 7; \(cover)"
        ),
    ]
    @Test(arguments: faults) func `a wrong file is refused with its place and the way out`(_ fault: Fault) {
        let problems = #expect(throws: Problems.self) {
            _ = try read(TariffReadingTests.yaml([(fault.old, fault.new)]))
        }
        #expect(problems?.description == fault.text)
    }

    @Test func `two versions from one day need different known days`() throws {
        let second = """
              - from: 2020-01-01
                components: []
                levels: {flat: {price: "1"}}
                periods: [{level: flat, spans: ["00:00-24:00"]}]

            """
        let problems = #expect(throws: Problems.self) { _ = try read(TariffReadingTests.yaml([]) + second) }
        #expect(
            problems?.description
                == "t.yaml:17:5: a second version from 2020-01-01; give each a day of its own, or a later known day")

        let corrected = second.replacing("components", with: "known: 2020-03-01\n    components")
        let tariff = try read(TariffReadingTests.yaml([]) + corrected)
        let noon = instant("2020-06-01T12:00:00+08:00")
        #expect(try tariff.span(at: noon).price == .one)
        let before = try #require(tariff.asKnown(on: civilDay("2020-02-29")))
        #expect(try before.span(at: noon).price?.text() == "0.63")
        #expect(tariff.asKnown(on: civilDay("2019-12-31")) == nil)
    }

    @Test func `an unknown component leaves levels and ratios, and names what is unknown`() throws {
        let tariff = try read(TariffReadingTests.yaml([("\"0.03\"", "unknown")]))
        let span = try tariff.span(at: instant("2024-09-10T11:00:00+08:00"))
        #expect(span.level == .peak && span.price == nil)
        let version = tariff.versions[0]
        #expect(version.ratio(of: .peak, month: 9)?.text() == "1.6")
        #expect(version.unknowns(of: .peak, month: 9) == ["fixed"])
    }

    @Test func `levels by month: the first season that holds the month wins`() throws {
        let levels = """
            levels:
                  - {months: [7, 8, 9], peak: "1.8", flat: "1", valley: "0.4"}
                  - {peak: {of: flat, times: "1.5"}, flat: "1", valley: "0.5"}
            """
        let tariff = try read(
            TariffReadingTests.yaml([("levels: {peak: \"1.6\", flat: \"1\", valley: \"0.4\"}", levels)]))
        #expect(try tariff.span(at: instant("2024-08-31T11:00:00+08:00")).price?.text() == "1.11")
        #expect(try tariff.span(at: instant("2024-10-01T11:00:00+08:00")).price?.text() == "0.93")
    }

    @Test func `a version that lives for a winter need not say anything about summer`() throws {
        let yaml = TariffReadingTests.yaml([
            ("from: 2020-01-01", "from: 2023-11-01\n    through: 2024-03-31"),
            ("[\"00:00-24:00\"]", "[\"00:00-24:00\"], months: [11, 12, 1, 2, 3]"),
        ])
        #expect(try read(yaml).versions[0].through == CivilDay("2024-03-31"))
    }

    @Test func `a tariff that tells day types apart has no answer for a year without calendar`() throws {
        let tariff = try read(TariffReadingTests.yaml([("[\"00:00-08:00\"]", "[\"00:00-08:00\"], days: restday")]))
        let day = civilDay("2030-05-04")
        let gap = #expect(throws: TariffGap.self) { _ = try tariff.segments(on: day) }
        #expect(
            gap?.description == "tariff x/tou tells workdays from days off, and no calendar says what 2030-05-04 is"
                + " (known years: 2023, 2024, 2025, 2026); add the year's notice under Rules/cn/calendar")
        let early = #expect(throws: TariffGap.self) { _ = try tariff.segments(on: civilDay("2019-12-31")) }
        #expect(
            early?.description == "tariff x/tou does not hold on 2019-12-31, its first version is from 2020-01-01;"
                + " ask from that day on, or add a version to the file")
    }
}
