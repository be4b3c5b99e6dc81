import Documents
import Metering
import Quantities
import Testing

@Suite("Meter file") struct MeterFileTests {
    static let header = "meter_id,start,end,import_kwh,export_kwh,site_id,ownership,quality\n"
    static func row(_ hour: Int, _ rest: String, meter: String = "M1") -> String {
        "\(meter),2024-09-10T0\(hour):00:00+08:00,2024-09-10T0\(hour + 1):00:00+08:00,\(rest)\n"
    }
    func read(_ rows: String...) throws(Problems) -> MeterFile {
        try MeterFile(Array((MeterFileTests.header + rows.joined()).utf8), file: "m.csv")
    }

    @Test func `a line becomes an interval with everything it says`() throws {
        let file = try read(MeterFileTests.row(7, "1.5,0.25,A,private,estimated"))
        let interval = try #require(file.intervals.first)
        #expect(interval.meter == "M1" && interval.site == "A" && interval.line == 2)
        #expect(interval.interval.start == Instant("2024-09-09T23:00:00Z"))
        #expect(interval.imported.kilowattHours.text() == "1.5")
        #expect(interval.exported.kilowattHours.text() == "0.25")
        #expect(interval.ownership == .private && interval.quality == .estimated)
    }

    @Test func `empty words have their defaults, and a missing interval needs no value`() throws {
        let file = try read(MeterFileTests.row(1, "1,,,,"), MeterFileTests.row(2, ",,,public,missing"))
        #expect(file.intervals.map(\.quality) == [.measured, .missing])
        #expect(file.intervals[0].ownership == nil && file.intervals[0].exported == .zero)
    }

    @Test func `a line that repeats another word for word counts once`() throws {
        let row = MeterFileTests.row(3, "1,0,A,,")
        let file = try read(row, MeterFileTests.row(4, "1,0,A,,"), row, MeterFileTests.row(3, "1,0,A,,", meter: "M2"))
        #expect(file.intervals.map(\.line) == [2, 3, 5])
        #expect(file.repeated == [4])
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        let rows: [String]
        let text: String
        var testDescription: String { text }
    }
    static let faults = [
        Fault(
            rows: ["M1,2024-09-10T09:00:00+08:00,2024-09-10T08:00:00+08:00,1,0,,,\n"],
            text: "m.csv:2: end: 2024-09-10T08:00:00+08:00 is not after the start 2024-09-10T09:00:00+08:00"),
        Fault(
            rows: ["M1,2024-09-10T09:00:00,2024-09-10T10:00:00+08:00,1,0,,,\n"],
            text: "m.csv:2: start: 2024-09-10T09:00:00 is not an instant with offset;"
                + " write it like 2024-09-10T07:00:00+08:00"),
        Fault(
            rows: [row(1, "-1,0,,,"), row(2, "1,-2,,,")],
            text: "m.csv:2: import_kwh: -1 is negative; energy the other way belongs in export_kwh\n"
                + "m.csv:3: export_kwh: -2 is negative; energy the other way belongs in import_kwh"),
        Fault(rows: [row(1, "NaN,0,,,")], text: "m.csv:2: import_kwh: NaN is not a decimal number of kWh"),
        Fault(
            rows: [row(1, ",,,,")],
            text: "m.csv:2: import_kwh: is empty as export_kwh is; give a value, or quality missing"),
        Fault(
            rows: [row(1, "1,0,,mine,"), row(2, "1,0,,,good")],
            text: "m.csv:2: ownership: mine is not known; allowed are private, public\n"
                + "m.csv:3: quality: good is not known; allowed are measured, estimated, missing"),
        Fault(
            rows: ["M1,2024-09-10T09:00:00Z,2204-09-10T10:00:00Z,1,0,,,\n"],
            text: "m.csv:2: end: is more than 400 days after the start; check the years"),
        Fault(rows: [row(1, "1,0,,,", meter: "")], text: "m.csv:2: meter_id: is empty; name the meter"),
        Fault(
            rows: [row(1, "1,0,,,"), row(1, "2,0,,,")],
            text: "m.csv:3: meter M1 has the time of line 2; keep the one that is right"),
        Fault(
            rows: [
                row(5, "1,0,,,"), "M1,2024-09-10T01:00:00+08:00,2024-09-10T05:30:00+08:00,1,0,,,\n", row(3, "1,0,,,"),
            ],
            text: "m.csv:3: meter M1 overlaps the time of line 2; keep the one that is right\n"
                + "m.csv:4: meter M1 overlaps the time of line 3; keep the one that is right"),
    ]
    @Test(arguments: faults) func `a wrong line is refused with its number`(_ fault: Fault) {
        let problems = #expect(throws: Problems.self) {
            _ = try MeterFile(Array((MeterFileTests.header + fault.rows.joined()).utf8), file: "m.csv")
        }
        #expect(problems?.description == fault.text)
    }
}
