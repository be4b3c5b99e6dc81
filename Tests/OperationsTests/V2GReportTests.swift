import Assets
import Charging
import Operations
import Quantities
import Rulebook
import Testing

/// Guangdong's discharge price (0.453 × 1.7, 1, 0.38; valley until 8:00, peak 10–12 and 14–19), and an import price with
/// the same hours, made up.
@Suite("Reports on giving back") struct V2GReportTests {
    private static let zone = Zone.shanghai
    private static let day = CivilDay(year: 2026, month: 3, day: 2)!
    private static func at(_ minute: Int) -> Instant { zone.instant(of: day, minute: minute) }

    private static let buying: Tariff = {
        let text = """
            id: test/import
            kind: tariff
            name: {zh: 测试, en: Test}
            direction: import
            source: {document: null, clause: null, mark: inferred}
            versions:
              - from: 2026-01-01
                components: [{name: energy, value: "0.6", floats: true, mark: inferred}]
                levels: {peak: "1.5", flat: "1", valley: "0.5"}
                periods:
                  - {level: flat, spans: ["00:00-24:00"]}
                  - {level: valley, spans: ["00:00-08:00"]}
                  - {level: peak, spans: ["10:00-12:00", "14:00-19:00"]}
            """
        return try! Tariff.read(Array(text.utf8), file: "test.yaml")
    }()

    private static func site(_ battery: BatteryTerms?, selling: String = "cn/guangdong/v2g-discharge") -> Site {
        let from = CivilDay(year: 2026, month: 1, day: 1)!
        return Site(
            id: SiteID("S"), name: "Park", tariffs: [.init(from: from, tariff: "test/import")],
            exportTariffs: [.init(from: from, tariff: selling)], battery: battery)
    }
    private static let battery = BatteryTerms(
        chemistry: .lfp, valuePerKilowattHour: 600_000_000, consumption: 150, roundTripPerMille: 800)

    private static func reading(_ minute: Int, _ measurand: String, _ wattHours: Int64) -> Reading {
        Reading(at: at(minute), measurand: measurand, mantissa: wattHours, scale: 0, unit: "Wh")
    }

    /// Charges 40 kWh from 2:00 to 4:00 and gives 16 back from 10:00 to 10:30.
    private static func evidence(_ number: Int = 1) -> V2GReport.Evidence {
        let session = Session(
            id: .init("S-\(number)"), evse: EVSEID(StationID("P\(number)"), 1), connector: 1,
            transactionID: "\(number)",
            idToken: nil, status: .ended, startedAt: at(60), endedAt: at(720), imported: .kilowattHours(40),
            exported: .kilowattHours(16))
        var readings: [Reading] = []
        for minute in stride(from: 60, through: 720, by: 15) {
            let charged = 40_000 * Int64(min(max(0, minute - 120), 120)) / 120
            let given = 16_000 * Int64(min(max(0, minute - 600), 30)) / 30
            readings.append(reading(minute, "Energy.Active.Import.Register", 5_000_000 + charged))
            readings.append(reading(minute, "Energy.Active.Export.Register", 700_000 + given))
        }
        return .init(session, readings: readings)
    }

    private static func report(
        _ sessions: [V2GReport.Evidence], battery: BatteryTerms? = battery,
        selling: String = "cn/guangdong/v2g-discharge",
        from: Int = 0, to: Int = 1440, stations: [(Station, evses: Int)] = []
    ) -> V2GReport {
        V2GReport(
            site: site(battery, selling: selling), interval: Interval(at(from), at(to)), sessions: sessions,
            isCut: false,
            stations: stations, before: (.kilowattHours(100), 3)
        ) { $0 == "test/import" ? buying : RulePacks.builtIn.tariff($0) }
    }

    @Test func `what was taken and given is priced apart, by the hour, to the last digit`() {
        let report = Self.report([Self.evidence()])
        #expect(report.charged == .kilowattHours(40) && report.discharged == .kilowattHours(16))
        #expect(report.importCost == Rational(12))
        // 16 kWh at 0.7701.
        #expect(report.earned == Rational(decimal: "12.3216"))
        #expect(report.wear == Rational(decimal: "1.6"))
        #expect(report.income == Rational(decimal: "-1.2784"))
        #expect(report.virtualDistance == 106_667 && report.throughput == .kilowattHours(56))
        #expect(report.power.measuredPeak == .kilowatts(32))
        #expect(report.year.year == 2026 && report.year.discharged == .kilowattHours(116) && report.year.sessions == 4)
    }

    @Test func `the year counts what a session gave before the period began`() {
        // The period begins in the middle of the discharge.
        let report = Self.report([Self.evidence()], from: 615)
        #expect(report.discharged == .kilowattHours(8))
        #expect(report.year.discharged == .kilowattHours(116) && report.year.sessions == 4 && !report.year.isOver)
    }

    @Test func `cycling raises the gross valley share, never the net one`() {
        // 24 kWh for driving at noon, no valley, beside rising amounts that only go round.
        for rounds in 0...4 {
            var sessions = (0..<rounds).map { Self.evidence($0 + 1) }
            let session = Session(
                id: .init("D"), evse: EVSEID(StationID("D"), 1), connector: 1, transactionID: "D", idToken: nil,
                startedAt: Self.at(720), imported: .kilowattHours(24))
            sessions.append(
                .init(
                    session,
                    readings: [
                        Self.reading(720, "Energy.Active.Import.Register", 0),
                        Self.reading(780, "Energy.Active.Import.Register", 24_000),
                    ]))
            let report = Self.report(sessions)
            // 16 given back are 20 taken; of 40 charged in the valley 20 stay.
            #expect(report.cycled == .kilowattHours(Int64(20 * rounds)))
            #expect(report.valleyShareGross == Rational(Int64(40 * rounds)) / Rational(Int64(40 * rounds + 24)))
            #expect(report.valleyShareNet == Rational(Int64(20 * rounds)) / Rational(Int64(20 * rounds + 24)))
        }
        // A round trip that nobody stated: no losses, and it is said.
        let unknown = Self.report([Self.evidence()], battery: nil)
        #expect(unknown.cycled == .kilowattHours(16) && !unknown.lossesAreKnown)
        #expect(unknown.wear == nil && unknown.income == nil && unknown.virtualDistance == nil)
    }

    @Test func `a period cuts sessions, and parts add up to the whole`() {
        let whole = Self.report([Self.evidence()])
        let parts = [(0, 180), (180, 615), (615, 1440)].map { Self.report([Self.evidence()], from: $0.0, to: $0.1) }
        #expect(parts.reduce(Energy.zero) { $0 + $1.charged } == whole.charged)
        #expect(parts.reduce(Energy.zero) { $0 + $1.discharged } == whole.discharged)
        #expect(parts.reduce(Rational.zero) { $0 + ($1.earned ?? .zero) } == whole.earned)
    }

    @Test func `energy after the trial of the discharge price earns nobody knows what`() {
        let report = Self.report([Self.evidence()], selling: "no/such-tariff")
        #expect(report.earned == nil && report.income == nil && report.importCost == Rational(12))
    }

    @Test func `rated power is what was stated, and who said nothing is counted`() {
        func station(_ name: String, _ discharge: Power?) -> Station {
            Station(id: StationID(name), electrical: .init(maxDischarge: discharge), createdAt: Self.at(0))
        }
        let none = Self.report([], stations: [(station("A", nil), evses: 1)])
        #expect(none.power.rated == nil && none.power.unstated == 1)
        let some = Self.report(
            [],
            stations: [
                (station("A", .kilowatts(60)), evses: 2), (station("B", .zero), evses: 1),
                (station("C", nil), evses: 1),
            ])
        #expect(some.power.rated == .kilowatts(120) && some.power.evses == 2 && some.power.unstated == 1)
        #expect(some.valleyShareGross == nil, "nothing was charged")
    }
}
