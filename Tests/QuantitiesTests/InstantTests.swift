import Quantities
import Testing

@Suite("Instants and civil days") struct InstantTests {
    @Test func `instants that nobody lives to see have a text too`() {
        #expect(Instant(milliseconds: .min).description == "-9223372036854775808 ms")
        #expect(Instant(milliseconds: .max / 2).description == "4611686018427387903 ms")
        #expect(Instant(milliseconds: .max).iso8601(offsetSeconds: 3600) == "9223372036854775807 ms")
        #expect(Instant(milliseconds: -62_135_596_800_000).description == "0001-01-01T00:00:00Z")
        #expect(Instant(milliseconds: 200_000 * 365 * 86_400_000).description.hasSuffix("Z"))
    }

    @Test(arguments: [
        ("2024-09-10T12:00:00+08:00", "2024-09-10T04:00:00Z"),
        ("2024-09-10T12:00:00.250Z", "2024-09-10T12:00:00.250Z"),
        ("2024-09-10T24:00:00+08:00", "2024-09-10T16:00:00Z"),
        ("2024-02-29T23:59+0530", "2024-02-29T18:29:00Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
    ]) func `reads ISO 8601 with an offset`(_ text: String, _ utc: String) {
        #expect(Instant(text)?.description == utc)
    }

    @Test(arguments: [
        "2024-09-10T12:00:00", "2024-02-30T00:00:00Z", "2024-09-10T25:00:00Z", "x", "2024-09-10T12:00:00+8",
    ])
    func `refuses what is no instant`(_ text: String) {
        #expect(Instant(text) == nil)
    }

    @Test func `days round-trip over four centuries`() {
        for n in stride(from: -50_000, through: 100_000, by: 37) {
            let day = CivilDay(daysSince1970: Int32(n))
            #expect(CivilDay(day.description) == day)
            let (y, m, d) = day.yearMonthDay
            #expect(CivilDay(year: y, month: m, day: d) == day)
        }
        #expect(CivilDay("2024-09-10")?.weekday == 2)
        #expect(CivilDay("1969-12-28")?.weekday == 7)
    }

    @Test func `zones give civil days and midnights`() throws {
        let instant = try #require(Instant("2024-09-10T16:30:00Z"))
        #expect(Zone.shanghai.civilDay(at: instant) == CivilDay("2024-09-11"))
        #expect(Zone.shanghai.midnight(of: CivilDay("2024-09-11")!) == Instant("2024-09-10T16:00:00Z"))
        let oslo = try #require(Zone("Europe/Oslo"))
        #expect(Instant(local: "2019-07-01T12:00", in: oslo) == Instant("2019-07-01T10:00:00Z"))
        #expect(Instant(local: "2019-01-01T12:00", in: oslo) == Instant("2019-01-01T11:00:00Z"))
    }

    @Test func `floors and ceils to a step`() throws {
        let origin = try #require(Instant("2024-09-10T00:00:00Z"))
        let t = origin + .minutes(22)
        #expect(t.floored(to: .minutes(15), from: origin) == origin + .minutes(15))
        #expect(t.ceiled(to: .minutes(15), from: origin) == origin + .minutes(30))
        #expect((origin - .minutes(1)).floored(to: .minutes(15), from: origin) == origin - .minutes(15))
    }
}
