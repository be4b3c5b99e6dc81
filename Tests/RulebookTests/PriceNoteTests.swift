import Documents
import Quantities
import Rulebook
import Testing

@Suite("Price notes") struct PriceNoteTests {
    /// What was published for March, what nobody knows, and what is settled.
    static let yaml = """
        id: x
        name: {zh: x, en: x}
        direction: import
        source: {document: notice, mark: sure}
        versions:
          - from: 2026-01-01
            components:
              - {name: agent, value: "0.4", floats: true, sample: true, holds: {from: 2026-03-01, through: 2026-03-31}}
              - {name: loss, value: "0.02", floats: true, mark: inferred}
              - {name: funds, value: "0.03", floats: false}
            levels: {flat: "1"}
            periods: [{level: flat, spans: ["00:00-24:00"]}]
            demand: {yuan_per_kw_month: unknown, mark: secondary}

        """

    func notes(_ yaml: String, from: String, to: String) throws -> [PriceNote] {
        let tariff = try Tariff.read(Array(yaml.utf8), file: "x.yaml")
        let zone = tariff.zone
        let days = try (#require(CivilDay(from)), #require(CivilDay(to)))
        var use = PriceUse()
        for span in try tariff.spans(in: Interval(zone.midnight(of: days.0), zone.midnight(of: days.1))) {
            use.add(span, of: tariff)
        }
        return use.notes(of: tariff)
    }

    @Test func `a sample, a period and a mark are said; what is settled is not`() throws {
        let within = try notes(Self.yaml, from: "2026-03-01", to: "2026-04-01")
        #expect(within.map(\.part) == ["agent", "loss"])
        #expect(within.map(\.reasons) == [[.sample], [.inferred]])
    }

    @Test func `a day before or after the period of a part is outside of it`() throws {
        for (from, to) in [("2026-02-28", "2026-03-02"), ("2026-03-31", "2026-04-02"), ("2026-05-01", "2026-05-02")] {
            let agent = try notes(Self.yaml, from: from, to: to).first { $0.part == "agent" }
            #expect(agent?.reasons == [.sample, .outsideItsPeriod], "\(from) to \(to)")
        }
    }

    @Test func `an unknown price of a level is named, and a source that was not read`() throws {
        let yaml = """
            id: y
            name: {zh: y, en: y}
            direction: import
            source: {document: notice, mark: secondary}
            versions:
              - from: 2026-01-01
                levels: {flat: {price: PRICE}}
                periods: [{level: flat, spans: ["00:00-24:00"]}]

            """
        func said(_ price: String) throws -> [PriceNote] {
            let parts = yaml.split(separator: "PRICE", omittingEmptySubsequences: false)
            return try notes(parts.joined(separator: price), from: "2026-03-01", to: "2026-03-02")
        }
        #expect(try said("unknown").map(\.part) == ["price of flat"])
        #expect(try said("unknown").map(\.reasons) == [[.unknown, .secondary]])
        #expect(try said("\"0.5\"").map(\.part) == ["prices"])
        #expect(try said("\"0.5\"").map(\.reasons) == [[.secondary]])
    }

    @Test func `the monthly charges say what they rest on`() throws {
        let tariff = try Tariff.read(Array(Self.yaml.utf8), file: "x.yaml")
        let note = try #require(tariff.demandNote(of: tariff.versions[0], isUnknown: true))
        #expect(note.reasons == [.unknown, .secondary])
    }

    @Test func `a period that ends before it begins is refused with its line`() {
        let yaml = Self.yaml.split(separator: "2026-03-31", omittingEmptySubsequences: false).joined(
            separator: "2026-02-28")
        let problems = #expect(throws: Problems.self) { _ = try Tariff.read(Array(yaml.utf8), file: "x.yaml") }
        #expect(problems?.list.map(\.line) == [8])
    }
}
