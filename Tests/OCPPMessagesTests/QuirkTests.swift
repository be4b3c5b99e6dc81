import Testing

@testable import OCPPMessages

@Suite("Quirks of station models") struct QuirkTests {
    @Test func `a model of which nothing is known goes by the standard`() {
        #expect(StationQuirks(vendor: "V", model: "M", firmware: "1.0") == StationQuirks())
        #expect(StationQuirks(vendor: "", model: "", firmware: "") == StationQuirks())
    }

    @Test func `the table is found by vendor, model and firmware`() {
        let known = StationQuirks(vendor: "MicroOcpp", model: "Demo", firmware: "1.2.0")
        #expect(known.rateUnit == .watts && known.announcesItself)
        #expect(!StationQuirks(vendor: "WALLBOX CHARGERS", model: "Pulsar Pro", firmware: "6.4.2").announcesItself)
        #expect(StationQuirks(vendor: "Wallbox", model: "Pulsar Pro", firmware: "5.17.67").announcesItself)
    }

    @Test func `every switch can be set, and the last line wins`() {
        let row = { (vendor: String, what: QuirkRow.Switch) in
            QuirkRow(vendor: vendor, model: "*", firmware: "*", switch: what)
        }
        let quirks = StationQuirks(
            vendor: "Acme", model: "M", firmware: "",
            table: [
                row("Acme*", .rateUnit(.watts)), row("acme", .rateUnit(.amperes)), row("*", .authorizationKey(.text)),
                row("a*e", .zonelessTime(.local)), row("*", .announcesItself(false)), row("Other", .rateUnit(.watts)),
            ])
        #expect(quirks.rateUnit == .amperes && quirks.authorizationKey == .text)
        #expect(quirks.zonelessTime == .local && !quirks.announcesItself)
    }

    @Test(arguments: [
        ("*", "", true), ("", "", true), ("", "a", false), ("a", "A", true), ("a*", "abc", true), ("*c", "abc", true),
        ("*b*", "abc", true), ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXbYbZ", false), ("ab", "abc", false),
        ("**", "x", true), ("*ab", "aab", true), ("潮*", "潮电", true),
    ]) func `a star stands for anything`(_ pattern: String, _ text: String, _ matches: Bool) {
        #expect(QuirkRow.matches(pattern, text) == matches)
    }
}
