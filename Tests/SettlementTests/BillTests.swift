import Foundation
import Metering
import Quantities
import Rulebook
import Testing

@testable import Settlement

@Suite("Bill") struct BillTests {
    let guizhou = RulePacks.builtIn.tariff("cn/guizhou/commercial-10kv-two-part")!
    let guangdong = RulePacks.builtIn.tariff("cn/guangdong/v2g-discharge")!

    func meter(_ rows: [(String, String, String, String)]) throws -> [MeterInterval] {
        let lines = rows.map { "M1,\($0.0),\($0.1),\($0.2),\($0.3)\n" }
        let text = "meter_id,start,end,import_kwh,export_kwh\n" + lines.joined()
        return try MeterFile(Array(text.utf8), file: "m.csv").intervals
    }

    @Test func `ten kWh in the valley, twenty flat, thirty at peak make 40.16 yuan`() throws {
        let bill = try Bill(
            try meter([
                ("2024-09-10T07:00:00+08:00", "2024-09-10T08:00:00+08:00", "10", "0"),
                ("2024-09-10T08:00:00+08:00", "2024-09-10T09:00:00+08:00", "20", "0"),
                ("2024-09-10T10:00:00+08:00", "2024-09-10T11:00:00+08:00", "30", "0"),
            ]), tariff: guizhou)
        #expect(bill.lines.map(\.amount) == ["26.52015", "11.24", "2.39995"].map { Rational(decimal: $0) })
        #expect(bill.total?.text() == "40.1601" && bill.total?.text(decimals: 2) == "40.16")
        #expect(bill.splits.isEmpty)
    }

    @Test func `the whole answer, with splits, export, demand and a missing value`() throws {
        let day = try #require(CivilDay("2026-09-01"))
        let charge = try #require(
            try Bill.Charge(.demand, quantity: Rational(decimal: "630.5")!, tariff: guizhou, on: day))
        var intervals = try meter([
            ("2026-09-10T07:45:00+08:00", "2026-09-10T08:15:00+08:00", "3", "0"),
            ("2026-09-10T09:40:00+08:00", "2026-09-10T10:10:00+08:00", "1", "0.5"),
            ("2026-09-10T11:00:00+08:00", "2026-09-10T12:00:00+08:00", "0", "4"),
        ])
        intervals.append(
            MeterInterval(
                meter: "M1", interval: Interval(Instant(seconds: 0), Instant(seconds: 900)), imported: .zero,
                exported: .zero, quality: .missing))
        let bill = try Bill(intervals, tariff: guizhou, exportTariff: guangdong, charges: [charge])
        try expectGolden("bill.json", bill.json.text(pretty: true) + "\n")
    }

    @Test func `an unknown part of the price leaves the total unknown and is named`() throws {
        let yaml = """
            id: x
            name: {zh: x, en: x}
            direction: import
            source: {document: null, mark: inferred}
            versions:
              - from: 2020-01-01
                components:
                  - {name: agent, value: unknown, floats: true}
                  - {name: funds, value: "0.03", floats: false}
                levels: {flat: "1"}
                periods: [{level: flat, spans: ["00:00-24:00"]}]

            """
        let tariff = try Tariff.read(Array(yaml.utf8), file: "x.yaml")
        let bill = try Bill(
            try meter([("2024-09-10T07:00:00+08:00", "2024-09-10T08:00:00+08:00", "10", "2")]), tariff: tariff)
        #expect(bill.total == nil && bill.unknowns == ["agent"])
        #expect(bill.lines.map(\.energy.kilowattHours) == [Rational(10)])
        #expect(bill.unpricedExport.kilowattHours == Rational(2))
    }

    @Test func `an interval for which the tariff has no answer is named with its line`() throws {
        let intervals = try meter([
            ("2026-09-10T07:00:00+08:00", "2026-09-10T08:00:00+08:00", "1", "0"),
            ("2020-09-10T07:00:00+08:00", "2020-09-10T08:00:00+08:00", "1", "0"),
        ])
        let problem = #expect(throws: MeterIntervalProblem.self) { _ = try Bill(intervals, tariff: guizhou) }
        #expect(problem?.interval.line == 3)
    }

    @Test func `the sum over random intervals is that of single minutes`() throws {
        for seed in UInt64(1)...100 {
            var random = SeededRandom(seed: seed)
            var start = try #require(Instant("2026-09-10T00:00:00+08:00"))
            var intervals: [MeterInterval] = []
            var total = Rational.zero
            for _ in 0..<20 {
                let minutes = Int.random(in: 1...300, using: &random)
                let wh = Int64.random(in: 0...20_000, using: &random)
                let interval = Interval(start, start + .minutes(minutes))
                intervals.append(
                    MeterInterval(
                        meter: "M", interval: interval, imported: ExactEnergy(.wattHours(wh)), exported: .zero))
                // Minutes by price: the twin knows hours and decimals, no tariff.
                var minutesAt: [String: Int64] = [:]
                for minute in 0..<minutes {
                    let hour = Zone.shanghai.millisecondOfDay(at: start + .minutes(minute)) / 3_600_000
                    let isPeak = (10..<13).contains(hour) || (17..<22).contains(hour)
                    minutesAt[hour < 8 ? "0.239995" : isPeak ? "0.884005" : "0.562", default: 0] += 1
                }
                for (price, part) in minutesAt {
                    total += Rational(decimal: price)! * Rational(wh * part) / Rational(Int64(minutes) * 1000)
                }
                start = interval.end
            }
            let bill = try Bill(intervals, tariff: guizhou)
            #expect(bill.total == total, "seed \(seed)")
            let energy = bill.lines.reduce(Rational.zero) { $0 + $1.energy.kilowattHours }
            #expect(energy == intervals.reduce(Rational.zero) { $0 + $1.imported.kilowattHours }, "seed \(seed)")
        }
    }

    /// `UPDATE_GOLDEN=1` rewrites the file; the reviewer reads the difference.
    func expectGolden(_ name: String, _ text: String) throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name)")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try text.write(to: url, atomically: true, encoding: .utf8)
        }
        #expect(text == (try String(contentsOf: url, encoding: .utf8)))
    }
}
