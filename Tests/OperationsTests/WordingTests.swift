import Assets
import Charging
import OCPPMessages
import Operations
import Quantities
import Testing

@Suite("Wording") struct WordingTests {
    @Test func `each reason says its values, and no placeholder stays`() {
        let station = StationID("CP{1}")
        let now = Instant("2025-03-01T00:00:00Z")!
        let reasons: [FaultReason] =
            [
                .stationUnknown(station), .evseUnknown(number: 70, most: 64), .siteUnknown(SiteID("S")),
                .nodeUnknown(NodeID("N")),
                .sessionUnknown(Session.ID("S-1")), .alarmUnknown(3), .idTokenUnknown, .sessionEnded(Session.ID("S-1")),
                .siteHasStations(SiteID("S")), .siteHasNodes(SiteID("S")), .nodeHasChildren(NodeID("N")),
                .nodeHasStations(NodeID("N")),
                .stationBusy(station, waiting: 32), .stationOffline(station), .keysUndecided(station, count: 3),
                .diskRefuses, .changeRefused, .busy, .stopping, .notInVersion(station, "ocpp1.6"),
                .templateUnknown("t"), .tooManyTemplates(most: 100),
                .reservationUnknown(7), .derUnknown("D1"), .vendorHandlerUnknown("v"), .noLocalList(station),
                .instructionUnknown("I"),
                .tooMany(most: 3),
                .campaignOver("C1"), .campaignNotRunning("C1"), .tooManyCampaigns(count: 20), .fileUnknown("f"),
                .filesOff, .paymentUnknown("PM-1"), .paymentState("PM-1", "settled"), .paymentKnown, .paymentsOff,
                .codeNotGood, .codeUsed, .tooManyCodes(seconds: 3), .publicAddressMissing,
                .noPrices(station),
                .securityProfileNotAbove(station, held: 2, target: 1),
            ] + FaultReason.SecurityNeed.allCases.map { .securityProfileUnready(station, $0) }
            + FaultReason.Subject.allCases.map(FaultReason.invalid)
        check(reasons)
        let problems: [FieldProblem] =
            [
                .bytes(1...255), .empty, .negative, .phases, .repeated("A"), .siteUnknown(SiteID("S")),
                .nodeUnknown(NodeID("N")),
                .stationUnknown(station), .tariffUnknown("t"), .tariffDirection("t", is: "export"), .ownParent,
                .cycle(parent: NodeID("A"), node: NodeID("B")), .past(now: now), .future(now: now),
                .minimumAboveEnergy, .beyondAnyNode, .atFloor,
                .noRoom(NodeID("N"), left: .watts(1_250), asked: .kilowatts(3)),
                .noExportRoom(NodeID("N"), left: .zero, asked: .kilowatts(3)), .functionUnsupported("VoltVar"),
                .tokenRefused,
                .stationsOwn(action: "Heartbeat"), .worded("so"),
                .stations(0, most: 9), .secretToKeep,
            ] + FieldProblem.Unit.allCases.map { .range(6...1000, $0) }
            + FieldFault.Kind.allCases.map { .payload($0, detail: "required") }
        check(problems)
        check(variableProblems)
        check(notes)
        #expect(FaultReason.stationUnknown(station).text == "No station CP{1} is registered.")
        #expect(FieldProblem.range(6...1000, .amperes).text == "6 to 1000 amperes")
    }

    /// All codes occur, every value stands in its text and every placeholder has a value.
    private func check<Reason: Wording>(_ all: [Reason]) {
        #expect(Set(all.map(\.code)) == Set(Reason.Code.allCases))
        for reason in all {
            let english = reason.code.english
            for name in reason.values.keys { #expect(english.contains("{\(name)}"), "\(reason.code.rawValue)") }
            let open = english.count { $0 == "{" }
            #expect(open == reason.values.count, "\(reason.code.rawValue)")
        }
    }

    private var variableProblems: [VariableProblem] {
        [
            .unknown("A.B"), .readOnly, .notA(.integer), .below(least: "1"), .above(most: "2"),
            .notInList(values: "A,B"), .tooLong(most: 3), .tooMany(most: 4), .repeated("A.B"), .ownOrder("POST /x"),
        ]
    }

    private var notes: [CommissioningNote] {
        CommissioningNote.Step.allCases.map { .refused($0, word: "NotSupported: a:b") }
            + CommandAnswer.Silence.allCases.map { .silent(.abilities, $0) } + [.noSmartCharging, .drewMore(evse: 2)]
    }

    @Test func `a note of commissioning comes back from the disk as it was`() {
        for note in notes { #expect(CommissioningNote(stored: note.stored) == note) }
        #expect(CommissioningNote(stored: "") == nil)
        #expect(CommissioningNote(stored: "silent:abilities:shouting") == nil)
    }

    @Test func `codes of the platform are not those of a protocol`() {
        for failure in CommandFailure.allCases { #expect(failure.rawValue.contains("-")) }
        #expect(Set(SessionFlag.allCases.map(\.code)).count == SessionFlag.allCases.count)
    }
}
