import OCPPMessages
import Testing

private func faults(_ action: String, _ payload: String) -> [String] {
    V16.validateRequest(action: action, payload: Array(payload.utf8)).map { "\($0.kind.rawValue) \($0.path)" }
}

private func profile(
    _ purpose: String = "TxDefaultProfile", kind: String = "Absolute", more: String = "", schedule: String = "",
    start: String? = #""startSchedule":"2026-01-31T08:00:00Z","#, periods: String = #"{"startPeriod":0,"limit":6.1}"#
) -> String {
    #"{"chargingProfileId":1,"stackLevel":0,"chargingProfilePurpose":"\#(purpose)","chargingProfileKind":"\#(kind)",\#(more)"chargingSchedule":{\#(start ?? "")\#(schedule)"chargingRateUnit":"A","chargingSchedulePeriod":[\#(periods)]}}"#
}

@Suite("What we send is checked strictly") struct ValidationTests {
    @Test(arguments: [
        ("UnlockConnector", #"{"connectorId":"one"}"#, "wrongType connectorId"),
        ("UnlockConnector", #"{"connectorId":1.0}"#, "wrongType connectorId"),
        ("UnlockConnector", #"{"connectorId":"1"}"#, "wrongType connectorId"),
        ("UnlockConnector", #"{"connectorId":1,"x":2}"#, "extraField x"),
        ("UnlockConnector", "{}", "missing connectorId"),
        ("UnlockConnector", "null", "missing connectorId"),
        ("UnlockConnector", "[]", "wrongType "),
        ("UnlockConnector", "{", "notJSON "),
        ("Reset", #"{"type":"hard"}"#, "unknownValue type"),
        ("ChangeConfiguration", #"{"key":"\#(String(repeating: "k", count: 51))","value":"1"}"#, "tooLong key"),
        ("GetConfiguration", #"{"key":["A",7]}"#, "wrongType key[1]"),
        ("GetConfiguration", #"{"key":null}"#, "null key"),
        ("ClearCache", "null", "null "),
        (
            "TriggerMessage", #"{"requestedMessage":"Heartbeat","requestedMessage":"Heartbeat"}"#,
            "repeated requestedMessage"
        ),
        ("GetDiagnostics", #"{"location":"ftp://x","startTime":"2026-01-31 08:00:00Z"}"#, "badTimestamp startTime"),
        ("RequestStartTransaction", "{}", "unknownValue action"),
        ("reset", #"{"type":"Hard"}"#, "unknownValue action"),
    ]) func `a schema's fault names the field`(_ action: String, _ payload: String, _ fault: String) {
        #expect(faults(action, payload).contains(fault), "\(faults(action, payload))")
    }

    @Test func `limits are in steps of a tenth, exactly`() {
        let path = "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].limit"
        for limit in ["6.1", "6.10", "0.3", "32", "1e1", "123456.7"] {
            let payload =
                #"{"connectorId":1,"csChargingProfiles":\#(profile(periods: #"{"startPeriod":0,"limit":\#(limit)}"#))}"#
            #expect(faults("SetChargingProfile", payload) == [], "\(limit)")
        }
        for limit in ["6.15", "0.30000000000000004", "1e-2"] {
            let payload =
                #"{"connectorId":1,"csChargingProfiles":\#(profile(periods: #"{"startPeriod":0,"limit":\#(limit)}"#))}"#
            #expect(faults("SetChargingProfile", payload) == ["outOfRange \(path)"], "\(limit)")
        }
    }

    struct Rule: Sendable, CustomTestStringConvertible {
        let what: String
        let connector: Int
        let profile: String
        let field: String?
        var testDescription: String { what }
    }

    static let rules: [Rule] = [
        Rule(what: "a default on a connector", connector: 1, profile: profile(), field: nil),
        Rule(what: "a default on the station", connector: 0, profile: profile(), field: nil),
        Rule(what: "a maximum on the station", connector: 0, profile: profile("ChargePointMaxProfile"), field: nil),
        Rule(
            what: "a maximum on a connector", connector: 1, profile: profile("ChargePointMaxProfile"),
            field: "connectorId"),
        Rule(
            what: "a transaction's profile", connector: 1, profile: profile("TxProfile", more: #""transactionId":7,"#),
            field: nil),
        Rule(
            what: "a transaction's profile without transaction", connector: 1, profile: profile("TxProfile"),
            field: "csChargingProfiles.transactionId"),
        Rule(
            what: "a transaction's profile on the station", connector: 0,
            profile: profile("TxProfile", more: #""transactionId":7,"#), field: "connectorId"),
        Rule(
            what: "a default for a transaction", connector: 1, profile: profile(more: #""transactionId":7,"#),
            field: "csChargingProfiles.transactionId"),
        Rule(
            what: "relative with a start", connector: 1, profile: profile(kind: "Relative"),
            field: "csChargingProfiles.chargingSchedule.startSchedule"),
        Rule(what: "relative", connector: 1, profile: profile(kind: "Relative", start: nil), field: nil),
        Rule(
            what: "absolute without a start", connector: 1, profile: profile(start: nil),
            field: "csChargingProfiles.chargingSchedule.startSchedule"),
        Rule(
            what: "recurring", connector: 1, profile: profile(kind: "Recurring", more: #""recurrencyKind":"Daily","#),
            field: nil),
        Rule(
            what: "recurring without a rhythm", connector: 1, profile: profile(kind: "Recurring"),
            field: "csChargingProfiles.recurrencyKind"),
        Rule(
            what: "recurring without a start", connector: 1,
            profile: profile(kind: "Recurring", more: #""recurrencyKind":"Daily","#, start: nil),
            field: "csChargingProfiles.chargingSchedule.startSchedule"),
        Rule(
            what: "a rhythm without recurring", connector: 1, profile: profile(more: #""recurrencyKind":"Daily","#),
            field: "csChargingProfiles.recurrencyKind"),
        Rule(
            what: "first period late", connector: 1, profile: profile(periods: #"{"startPeriod":5,"limit":6}"#),
            field: "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].startPeriod"),
        Rule(
            what: "periods out of order", connector: 1,
            profile: profile(
                periods: #"{"startPeriod":0,"limit":6},{"startPeriod":60,"limit":6},{"startPeriod":60,"limit":7}"#),
            field: "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[2].startPeriod"),
        Rule(
            what: "no period", connector: 1, profile: profile(periods: ""),
            field: "csChargingProfiles.chargingSchedule.chargingSchedulePeriod"),
        Rule(
            what: "a negative limit", connector: 1, profile: profile(periods: #"{"startPeriod":0,"limit":-1}"#),
            field: "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].limit"),
        Rule(
            what: "four phases", connector: 1,
            profile: profile(periods: #"{"startPeriod":0,"limit":6,"numberPhases":4}"#),
            field: "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].numberPhases"),
        Rule(
            what: "valid to before valid from", connector: 1,
            profile: profile(more: #""validFrom":"2026-02-02T00:00:00Z","validTo":"2026-02-01T00:00:00Z","#),
            field: "csChargingProfiles.validTo"),
        Rule(
            what: "no duration at all", connector: 1, profile: profile(schedule: #""duration":0,"#),
            field: "csChargingProfiles.chargingSchedule.duration"),
    ]

    @Test(arguments: rules) func `rules across fields name the field to change`(_ rule: Rule) {
        let payload = #"{"connectorId":\#(rule.connector),"csChargingProfiles":\#(rule.profile)}"#
        #expect(faults("SetChargingProfile", payload) == (rule.field.map { ["conflict \($0)"] } ?? []))
    }

    @Test func `a remote start carries a transaction's profile without number`() {
        let start = { (profile: String) in
            faults("RemoteStartTransaction", #"{"idTag":"A","connectorId":1,"chargingProfile":\#(profile)}"#)
        }
        #expect(start(profile("TxProfile", kind: "Relative", start: nil)) == [])
        #expect(
            start(profile("TxProfile", kind: "Relative", more: #""transactionId":7,"#, start: nil)) == [
                "conflict chargingProfile.transactionId"
            ])
        #expect(start(profile(kind: "Relative", start: nil)) == ["conflict chargingProfile.chargingProfilePurpose"])
    }

    @Test func `faults are said in two languages`() throws {
        let fault = try #require(
            V16.validateRequest(action: "Reset", payload: Array(#"{"type":"hard"}"#.utf8)).first)
        #expect(fault.description == "type: \"hard\" is not one of the standard's words")
        #expect(fault.chineseDescription.contains("枚举中没有此值"))
        for kind in FieldFault.Kind.allCases {
            let text = FieldFault(path: "p", kind: kind, detail: "d").chineseDescription
            #expect(text.hasPrefix("p：") && text.unicodeScalars.contains { $0.value > 0x4E00 })
        }
    }
}
