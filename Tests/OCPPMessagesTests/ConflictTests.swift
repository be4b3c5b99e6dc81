import OCPPMessages
import Testing

private func faults(_ action: String, _ payload: String, _ version: OCPPVersion = .v21) -> [String] {
    V2.validateRequest(action: action, payload: Array(payload.utf8), version: version)
        .map { "\($0.kind.rawValue) \($0.path)" }
}

/// A profile as JSON, by default one that may be sent.
private func profile(
    _ purpose: String = "TxDefaultProfile", kind: String = "Absolute", more: String = "",
    start: String? = #""startSchedule":"2026-01-31T08:00:00Z","#, schedule: String = "", unit: String = "W",
    periods: String = #"{"startPeriod":0,"limit":7000}"#
) -> String {
    #"{"id":1,"stackLevel":0,"chargingProfilePurpose":"\#(purpose)","chargingProfileKind":"\#(kind)",\#(more)"chargingSchedule":[{"id":1,\#(start ?? "")\#(schedule)"chargingRateUnit":"\#(unit)","chargingSchedulePeriod":[\#(periods)]}]}"#
}

private func period(_ fields: String) -> String { #"{"startPeriod":0,\#(fields)}"# }

@Suite("Rules across fields of 2.x") struct ConflictTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        var evse = 1
        let profile: String
        /// Relative to `chargingProfile.`, or `evseId`; `nil` when it may be sent.
        let field: String?
        var testDescription: String { what }
    }

    static let first = "chargingSchedule[0].chargingSchedulePeriod[0]."
    static let tx = #""transactionId":"T","#
    static let rows: [Row] = [
        Row(what: "a default", profile: profile(), field: nil),
        Row(what: "a default of the station", evse: 0, profile: profile(), field: nil),
        Row(what: "a station's maximum", evse: 0, profile: profile("ChargingStationMaxProfile"), field: nil),
        Row(what: "a station's maximum on an EVSE", profile: profile("ChargingStationMaxProfile"), field: "evseId"),
        Row(
            what: "a relative maximum", evse: 0,
            profile: profile("ChargingStationMaxProfile", kind: "Relative", start: nil), field: "chargingProfileKind"),
        Row(what: "a transaction's", profile: profile("TxProfile", more: tx), field: nil),
        Row(what: "a transaction's without transaction", profile: profile("TxProfile"), field: "transactionId"),
        Row(what: "a transaction's on the station", evse: 0, profile: profile("TxProfile", more: tx), field: "evseId"),
        Row(what: "a default for a transaction", profile: profile(more: tx), field: "transactionId"),
        Row(
            what: "the station's own constraints", profile: profile("ChargingStationExternalConstraints"),
            field: "chargingProfilePurpose"),
        Row(
            what: "validity that ends before it begins",
            profile: profile(more: #""validFrom":"2026-02-02T00:00:00Z","validTo":"2026-02-01T00:00:00Z","#),
            field: "validTo"),
        Row(what: "recurring", profile: profile(kind: "Recurring", more: #""recurrencyKind":"Daily","#), field: nil),
        Row(what: "recurring without rhythm", profile: profile(kind: "Recurring"), field: "recurrencyKind"),
        Row(
            what: "rhythm without recurring", profile: profile(more: #""recurrencyKind":"Daily","#),
            field: "recurrencyKind"),
        Row(what: "absolute without start", profile: profile(start: nil), field: "chargingSchedule[0].startSchedule"),
        Row(
            what: "relative with start", profile: profile(kind: "Relative"), field: "chargingSchedule[0].startSchedule"),
        Row(what: "relative", profile: profile(kind: "Relative", start: nil), field: nil),
        Row(
            what: "no duration at all", profile: profile(schedule: #""duration":0,"#),
            field: "chargingSchedule[0].duration"),
        Row(
            what: "a late first period", profile: profile(periods: #"{"startPeriod":5,"limit":1}"#),
            field: first + "startPeriod"),
        Row(
            what: "periods out of order",
            profile: profile(periods: #"{"startPeriod":0,"limit":1},{"startPeriod":0,"limit":2}"#),
            field: "chargingSchedule[0].chargingSchedulePeriod[1].startPeriod"),
        Row(what: "a negative limit", profile: profile(periods: period(#""limit":-1"#)), field: first + "limit"),
        Row(
            what: "a phase for three", profile: profile(periods: period(#""limit":1,"numberPhases":3,"phaseToUse":2"#)),
            field: first + "phaseToUse"),
        Row(
            what: "a phase for one", profile: profile(periods: period(#""limit":1,"numberPhases":1,"phaseToUse":2"#)),
            field: nil),
        Row(
            what: "a dynamic setpoint",
            profile: profile(
                "TxProfile", kind: "Dynamic", more: tx + #""dynUpdateInterval":5,"#, start: nil,
                schedule: #""duration":60,"#,
                periods: period(#""operationMode":"CentralSetpoint","setpoint":-7000"#)), field: nil),
        Row(
            what: "a dynamic profile with a start", profile: profile(kind: "Dynamic"),
            field: "chargingSchedule[0].startSchedule"),
        Row(
            what: "a dynamic profile of two periods",
            profile: profile(
                kind: "Dynamic", start: nil, periods: #"{"startPeriod":0,"limit":1},{"startPeriod":9,"limit":2}"#),
            field: "chargingSchedule[0].chargingSchedulePeriod"),
        Row(
            what: "updates of a fixed profile", profile: profile(more: #""dynUpdateInterval":5,"#),
            field: "dynUpdateInterval"),
        Row(
            what: "priority charging with an end", profile: profile("PriorityCharging", schedule: #""duration":60,"#),
            field: "chargingSchedule[0].duration"),
        Row(
            what: "priority discharging",
            profile: profile("PriorityCharging", periods: period(#""operationMode":"CentralSetpoint","setpoint":-1"#)),
            field: first + "operationMode"),
        Row(
            what: "charging only with a setpoint", profile: profile(periods: period(#""limit":5,"setpoint":1"#)),
            field: first + "setpoint"),
        Row(
            what: "charging only without a limit", profile: profile(periods: period(#""numberPhases":1"#)),
            field: first + "limit"),
        Row(
            what: "a central setpoint with limits",
            profile: profile(periods: period(#""operationMode":"CentralSetpoint","setpoint":1,"limit":5"#)),
            field: first + "limit"),
        Row(
            what: "a central setpoint without setpoint",
            profile: profile(periods: period(#""operationMode":"CentralSetpoint""#)), field: first + "setpoint"),
        Row(
            what: "central frequency in a fixed profile",
            profile: profile(periods: period(#""operationMode":"CentralFrequency","setpoint":1"#)),
            field: first + "operationMode"),
        Row(
            what: "a setpoint beyond the discharge limit",
            profile: profile(
                periods: period(#""operationMode":"ExternalSetpoint","setpoint":-9,"dischargeLimit":-5,"limit":5"#)),
            field: first + "setpoint"),
        Row(
            what: "local frequency",
            profile: profile(
                periods: period(
                    #""operationMode":"LocalFrequency","v2xBaseline":0,"v2xFreqWattCurve":[{"frequency":49.8,"power":-5},{"frequency":50.2,"power":5}]"#
                )), field: nil),
        Row(
            what: "local frequency in amperes",
            profile: profile(
                unit: "A",
                periods: period(
                    #""operationMode":"LocalFrequency","v2xBaseline":0,"v2xFreqWattCurve":[{"frequency":49.8,"power":-5},{"frequency":50.2,"power":5}]"#
                )), field: first + "v2xBaseline"),
        Row(
            what: "a curve of one point",
            profile: profile(
                periods: period(
                    #""operationMode":"LocalFrequency","v2xBaseline":0,"v2xFreqWattCurve":[{"frequency":50,"power":0}]"#
                )),
            field: first + "v2xFreqWattCurve"),
        Row(
            what: "idle asleep", profile: profile(periods: period(#""operationMode":"Idle","evseSleep":true"#)),
            field: nil),
        Row(
            what: "asleep while charging", profile: profile(periods: period(#""limit":1,"evseSleep":true"#)),
            field: first + "evseSleep"),
        Row(
            what: "a second phase without the first",
            profile: profile(
                "TxProfile", more: tx,
                periods: period(#""operationMode":"CentralSetpoint","setpoint":1,"limit_L2":5"#)),
            field: first + "limit"),
        Row(
            what: "values a phase in a default", profile: profile(periods: period(#""limit":9,"limit_L2":5"#)),
            field: first + "limit_L2"),
    ]

    @Test(arguments: rows) func `rules of charging profiles name the field to change`(_ row: Row) {
        let found = faults("SetChargingProfile", #"{"evseId":\#(row.evse),"chargingProfile":\#(row.profile)}"#)
        let path = row.field.map { $0 == "evseId" ? $0 : "chargingProfile." + $0 }
        #expect(found == (path.map { ["conflict \($0)"] } ?? []))
    }

    @Test func `a remote start carries a transaction's profile without its id`() {
        let start = { (profile: String) in
            faults(
                "RequestStartTransaction",
                #"{"remoteStartId":1,"evseId":1,"idToken":{"idToken":"A","type":"ISO14443"},"chargingProfile":\#(profile)}"#,
                .v201)
        }
        #expect(start(profile("TxProfile", kind: "Relative", start: nil)) == [])
        #expect(
            start(profile("TxProfile", kind: "Relative", more: Self.tx, start: nil)) == [
                "conflict chargingProfile.transactionId"
            ])
        #expect(start(profile(kind: "Relative", start: nil)) == ["conflict chargingProfile.chargingProfilePurpose"])
    }

    @Test(arguments: [
        (
            #"{"isDefault":true,"controlId":"C","controlType":"Gradients","gradient":{"priority":1,"gradient":1,"softGradient":2}}"#,
            nil
        ),
        (
            #"{"isDefault":false,"controlId":"C","controlType":"Gradients","gradient":{"priority":1,"gradient":1,"softGradient":2}}"#,
            "isDefault"
        ),
        (
            #"{"isDefault":false,"controlId":"C","controlType":"FixedVar","fixedVar":{"priority":1,"setpoint":1,"unit":"PctMaxVar","startTime":"2026-01-31T08:00:00Z","duration":60}}"#,
            nil
        ),
        (
            #"{"isDefault":false,"controlId":"C","controlType":"FixedVar","fixedVar":{"priority":1,"setpoint":1,"unit":"PctMaxVar"}}"#,
            "fixedVar.startTime"
        ),
        (
            #"{"isDefault":true,"controlId":"C","controlType":"FixedVar","fixedVar":{"priority":1,"setpoint":1,"unit":"PctMaxVar","duration":60}}"#,
            "fixedVar.startTime"
        ),
        (#"{"isDefault":true,"controlId":"C","controlType":"VoltVar"}"#, "curve"),
    ]) func `a control of a distributed resource carries what its type asks for`(_ payload: String, _ field: String?) {
        #expect(faults("SetDERControl", payload) == (field.map { ["conflict \($0)"] } ?? []))
    }

    @Test(arguments: [
        ("UnlockConnector", #"{"evseId":0,"connectorId":1}"#, "evseId"),
        ("GetCompositeSchedule", #"{"evseId":1,"duration":0}"#, "duration"),
        (
            "GetLog",
            #"{"logType":"SecurityLog","requestId":1,"log":{"remoteLocation":"https://x","oldestTimestamp":"2026-02-02T00:00:00Z","latestTimestamp":"2026-02-01T00:00:00Z"}}"#,
            "log.latestTimestamp"
        ),
        (
            "SendLocalList",
            #"{"versionNumber":1,"updateType":"Full","localAuthorizationList":[{"idToken":{"idToken":"A","type":"Local"}}]}"#,
            "localAuthorizationList[0].idTokenInfo"
        ),
        (
            "SetNetworkProfile",
            #"{"configurationSlot":1,"connectionData":{"ocppVersion":"OCPP20","ocppTransport":"JSON","ocppCsmsUrl":"ws://x","messageTimeout":30,"securityProfile":0,"ocppInterface":"Wired0"}}"#,
            "connectionData.securityProfile"
        ),
    ]) func `other rules name the field too`(_ action: String, _ payload: String, _ field: String) {
        #expect(faults(action, payload, .v201) == ["conflict \(field)"])
    }
}
