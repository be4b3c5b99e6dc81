import Documents
import Quantities
import Testing

@testable import Assets

@Suite("Fleet file") struct FleetFileTests {
    static let head = "session_id,evse_id,arrival,departure,energy_kwh,max_charge_kw"
    static let row = "S1,E1,2024-09-10T20:00:00+08:00,2024-09-11T07:00:00+08:00,14.5,7"

    @Test func `a row with the required columns gets the documented defaults`() throws {
        let stay = try FleetFile(Array((Self.head + "\n" + Self.row + "\n").utf8), file: "f.csv").stays[0]
        #expect(stay.session == "S1" && stay.evse == "E1" && stay.line == 2)
        #expect(stay.energy == Rational(29) / Rational(2) && stay.maxCharge == Rational(7))
        #expect(stay.maxDischarge == .zero && stay.minCharge == .zero && stay.battery == nil)
        #expect(stay.chargeEfficiency == .one && stay.value == Rational(5) && stay.ownership == nil)
    }

    @Test func `battery, losses and ownership are read`() throws {
        let text =
            Self.head + ",max_discharge_kw,battery_kwh,soc_arrival,soc_min,soc_max,charge_efficiency,ownership,note\n"
            + Self.row + ",7,60,0.5,0.1,0.9,0.95,private,\"a, b\"\n"
        let stay = try FleetFile(Array(text.utf8), file: "f.csv").stays[0]
        #expect(stay.battery?.capacity == Rational(60) && stay.battery?.maximum == Rational(decimal: "0.9"))
        #expect(stay.chargeEfficiency == Rational(decimal: "0.95") && stay.ownership == .private)
    }

    struct Bad: CustomTestStringConvertible {
        let columns: String
        let values: String
        let says: String
        var testDescription: String { says }
    }
    static let bad = [
        Bad(columns: "", values: "S1,,2024-09-10T20:00:00Z,2024-09-10T21:00:00Z,1,7", says: "evse_id: is empty"),
        Bad(columns: "", values: "S1,E1,2024-09-10T20:00:00,2024-09-10T21:00:00Z,1,7", says: "with an offset or Z"),
        Bad(
            columns: "", values: "S1,E1,2024-09-10T22:00:00Z,2024-09-10T21:00:00Z,1,7", says: "is not after the arrival"
        ),
        Bad(columns: "", values: "S1,E1,2024-09-10T20:00:00Z,2024-09-10T21:00:00Z,-1,7", says: "energy_kwh: \"-1\""),
        Bad(
            columns: "", values: "S1,E1,2024-09-10T20:00:00Z,2024-09-10T21:00:00Z,1,NaN", says: "max_charge_kw: \"NaN\""
        ),
        Bad(columns: ",max_discharge_kw", values: row + ",7", says: "battery_kwh: is empty"),
        Bad(columns: ",soc_arrival", values: row + ",0.5", says: "battery_kwh: is empty although soc_arrival"),
        Bad(columns: ",soc_min,soc_max", values: row + ",0.8,0.2", says: "above soc_max"),
        Bad(columns: ",charge_efficiency", values: row + ",0", says: "above 0 and at most 1"),
        Bad(columns: ",ownership", values: row + ",shared", says: "private or public"),
        Bad(columns: "", values: row + "\n" + row, says: "already stands on line 2"),
    ]

    @Test(arguments: bad) func `what is wrong is said with its line`(_ bad: Bad) {
        let text = Self.head + bad.columns + "\n" + bad.values + "\n"
        let problems = #expect(throws: Problems.self) { try FleetFile(Array(text.utf8), file: "f.csv") }
        let said = problems?.description ?? ""
        #expect(said.contains(bad.says) && said.hasPrefix("f.csv:"), "\(said)")
    }
}
