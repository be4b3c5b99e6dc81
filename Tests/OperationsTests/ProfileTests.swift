import Assets
import Charging
import OCPPMessages
import Quantities
import Testing

@testable import Operations

/// Which charging profiles stations hold (2.x K09): what they took and what they tell; `Tests/python` has it over sockets.
@Suite("Profiles that stations hold") struct ProfileTests {
    private static let id = StationID("P1")

    private static func dialogue(_ version: OCPPVersion = .v201) -> Dialogue {
        var d = Dialogue()
        d.connect("P1", version)
        return d
    }

    /// - Parameter level: one of its own unless said: two of one level may not overlap.
    private static func profile(
        _ number: Int, _ limit: String = "6", level: Int? = nil, purpose: String = "TxDefaultProfile",
        transaction: String? = nil
    ) -> String {
        let tx = transaction.map { #","transactionId":"\#($0)""# } ?? ""
        return
            #"{"id":\#(number),"stackLevel":\#(level ?? 10 + number),"chargingProfilePurpose":"\#(purpose)","chargingProfileKind":"Relative"\#(tx),"chargingSchedule":[{"id":1,"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":\#(limit)}]}]}"#
    }

    /// A person's command, answered by the station.
    private static func command(_ d: inout Dialogue, _ action: String, _ payload: String, _ answer: String = "Accepted")
    {
        d.order(.command(id, action: action, payload: Array(payload.utf8), timeout: .seconds(30)))
        d.answer("P1", action, #"{"status":"\#(answer)"}"#)
    }

    private static func set(_ d: inout Dialogue, _ profile: String, evse: Int = 1, _ answer: String = "Accepted") {
        command(&d, "SetChargingProfile", #"{"evseId":\#(evse),"chargingProfile":\#(profile)}"#, answer)
    }

    /// Asks for all, and the station answers. The number of its report.
    private static func ask(_ d: inout Dialogue, _ answer: String = "Accepted") -> Int {
        d.order(.ask(id, .readProfiles, timeout: .seconds(30)))
        let call = d.answer("P1", "GetChargingProfiles", #"{"status":"\#(answer)"}"#)
        return number(after: "\"requestId\":", in: String(decoding: call?.payload ?? [], as: UTF8.self)) ?? -1
    }

    private static func report(
        _ d: inout Dialogue, _ request: Int, _ profiles: String..., evse: Int = 1, source: String = "CSO",
        goesOn: Bool = false, messageID: String? = nil
    ) {
        let list = profiles.joined(separator: ",")
        d.say(
            "P1", "ReportChargingProfiles",
            #"{"requestId":\#(request),"chargingLimitSource":"\#(source)","evseId":\#(evse),"tbc":\#(goesOn),"chargingProfile":[\#(list)]}"#,
            messageID: messageID)
    }

    private static func standings(_ d: Dialogue) -> [Int: String] {
        let kept = d.core.chargingProfiles(of: id)?.kept ?? []
        return Dictionary(uniqueKeysWithValues: kept.map { ($0.profile.id, $0.standing.rawValue) })
    }
    private static func state(_ d: Dialogue) -> ProfileReport.State? {
        d.core.chargingProfiles(of: id)?.report?.state(at: d.now)
    }

    @Test func `what it took is known, what it refused is not, and a newer one takes its place`() {
        var d = Self.dialogue()
        Self.set(&d, Self.profile(1))
        Self.set(&d, Self.profile(2), "Rejected")
        Self.set(&d, Self.profile(1, "8.5"), evse: 0)
        #expect(Self.standings(d) == [1: "set"])
        let kept = d.core.chargingProfiles(of: Self.id)?[1]
        #expect(kept?.profile.evse == 0 && kept?.profile.schedules.first?.periods.first?.limit == 8500)
        Self.command(&d, "ClearChargingProfile", #"{"chargingProfileCriteria":{"evseId":1}}"#)
        #expect(Self.standings(d) == [1: "set"])
        Self.command(&d, "ClearChargingProfile", #"{"chargingProfileId":1}"#)
        #expect(Self.standings(d) == [:])
    }

    @Test func `a late answer does not bring back what a newer call replaced`() throws {
        var d = Self.dialogue()
        let whole = Array(#"{"evseId":1,"chargingProfile":\#(Self.profile(1, "6"))}"#.utf8)
        d.order(.command(Self.id, action: "SetChargingProfile", payload: whole, timeout: .seconds(30)))
        let first = try #require(d.calls.first { $0.action == "SetChargingProfile" })
        d.settle(first, .timeout)
        d.pass(.seconds(1))
        Self.set(&d, Self.profile(1, "8.5"))
        d.settle(first, .answered(payload: Array(#"{"status":"Accepted"}"#.utf8)), late: true)
        let limit = { (d: Dialogue) in
            d.core.chargingProfiles(of: Self.id)?[1]?.profile.schedules.first?.periods.first?.limit
        }
        #expect(limit(d) == 8500)
        // Where nothing came after it, it counts.
        d.order(.command(Self.id, action: "SetChargingProfile", payload: whole, timeout: .seconds(30)))
        let last = try #require(d.calls.first { $0.action == "SetChargingProfile" })
        d.settle(last, .timeout)
        d.pass(.seconds(1))
        d.settle(last, .answered(payload: Array(#"{"status":"Accepted"}"#.utf8)), late: true)
        #expect(limit(d) == 6000)
    }

    @Test func `a late answer that comes first does not hide what a newer call set`() throws {
        var d = Self.dialogue()
        func ask(_ limit: String) throws -> StationCall {
            let payload = Array(#"{"evseId":1,"chargingProfile":\#(Self.profile(1, limit))}"#.utf8)
            d.order(.command(Self.id, action: "SetChargingProfile", payload: payload, timeout: .seconds(30)))
            return try #require(d.calls.first { $0.action == "SetChargingProfile" })
        }
        let accepted = Array(#"{"status":"Accepted"}"#.utf8)
        let first = try ask("6")
        d.settle(first, .timeout)
        d.pass(.seconds(1))
        let second = try ask("8.5")
        d.pass(.seconds(1))
        d.settle(first, .answered(payload: accepted), late: true)
        d.settle(second, .answered(payload: accepted))
        #expect(d.core.chargingProfiles(of: Self.id)?[1]?.profile.schedules.first?.periods.first?.limit == 8500)
    }

    @Test func `a report in parts says what it holds, what it lost and what somebody else set`() {
        var d = Self.dialogue()
        Self.set(&d, Self.profile(1))
        Self.set(&d, Self.profile(2))
        Self.set(&d, Self.profile(3, level: 1))
        let request = Self.ask(&d)
        #expect(Self.state(d) == .waiting && d.core.chargingProfiles(of: Self.id)?.toldAt == nil)
        d.pass(.seconds(1))
        Self.report(&d, request, Self.profile(1), goesOn: true)
        #expect(Self.standings(d) == [1: "held", 2: "set", 3: "set"] && Self.state(d) == .running)
        Self.report(&d, request, Self.profile(9), Self.profile(3, "7", level: 1), evse: 1, goesOn: true)
        Self.report(&d, request, Self.profile(8, purpose: "ChargingStationExternalConstraints"), evse: 0, source: "EMS")
        #expect(Self.standings(d) == [1: "held", 2: "missing", 3: "differs", 8: "outside", 9: "foreign"])
        #expect(d.core.chargingProfiles(of: Self.id)?.differences == 3 && Self.state(d) == .complete)
        #expect(d.core.stationView(Self.id)?.profileDifferences == 3)
        // A report that comes without a stranger's profile ends it; one set again is well again.
        Self.set(&d, Self.profile(2))
        Self.set(&d, Self.profile(3, "7", level: 1))
        d.pass(.seconds(1))
        let second = Self.ask(&d)
        Self.report(&d, second, Self.profile(1), Self.profile(2), Self.profile(3, "7", level: 1))
        #expect(Self.standings(d) == [1: "held", 2: "held", 3: "held"])
        #expect(d.core.chargingProfiles(of: Self.id)?.toldAt == d.now)
    }

    @Test func `parts that are late, repeated, or faster than the answer make the same picture`() {
        var d = Self.dialogue()
        Self.set(&d, Self.profile(1))
        Self.set(&d, Self.profile(2))
        d.pass(.seconds(1))
        // Before the answer.
        d.order(.ask(Self.id, .readProfiles, timeout: .seconds(30)))
        let request = d.calls.last.map { String(decoding: $0.payload, as: UTF8.self) }.flatMap {
            number(after: "\"requestId\":", in: $0)
        }
        Self.report(&d, request ?? -1, Self.profile(1), messageID: "same")
        #expect(Self.standings(d) == [1: "held", 2: "set"], "nobody said yet what was asked for")
        d.answer("P1", "GetChargingProfiles", #"{"status":"Accepted"}"#)
        #expect(Self.standings(d) == [1: "held", 2: "missing"])
        // A part that comes behind the last one brings back what was taken for lost.
        Self.report(&d, request ?? -1, Self.profile(2), goesOn: true)
        Self.report(&d, request ?? -1, Self.profile(1), messageID: "same")
        Self.report(&d, request ?? -1, Self.profile(1))
        #expect(Self.standings(d) == [1: "held", 2: "held"])
        let report = d.core.chargingProfiles(of: Self.id)?.report
        #expect(report?.profiles == 2 && report?.parts == 3)
    }

    @Test func `a kill between the parts loses none of them`() {
        var d = Self.dialogue()
        for n in 1...3 { Self.set(&d, Self.profile(n)) }
        let request = Self.ask(&d)
        d.pass(.seconds(1))
        Self.report(&d, request, Self.profile(1), goesOn: true)
        let before = d.core.chargingProfiles(of: Self.id)
        d.restart()
        #expect(d.core.chargingProfiles(of: Self.id) == before)
        d.connect("P1", .v201)
        Self.report(&d, request, Self.profile(2))
        #expect(Self.standings(d) == [1: "held", 2: "held", 3: "missing"])
        d.restart()
        #expect(Self.standings(d) == [1: "held", 2: "held", 3: "missing"])
        // A question that was never answered to its end says so.
        d.connect("P1", .v201)
        let unanswered = Self.ask(&d)
        Self.report(&d, unanswered, Self.profile(1), goesOn: true)
        d.restart()
        d.pass(DeviceReport.patience + .seconds(2))
        #expect(Self.state(d) == .incomplete && Self.standings(d)[2] == "held")
    }

    @Test func `a question about some says nothing of the others, and none means none`() {
        var d = Self.dialogue()
        Self.set(&d, Self.profile(1))
        Self.set(&d, Self.profile(2, level: 1))
        d.pass(.seconds(1))
        Self.command(
            &d, "GetChargingProfiles", #"{"requestId":70,"chargingProfile":{"stackLevel":1}}"#, "NoProfiles")
        #expect(Self.standings(d) == [1: "set", 2: "missing"])
        #expect(Self.ask(&d, "NoProfiles") > 0)
        #expect(Self.standings(d) == [1: "missing", 2: "missing"])
    }

    @Test func `a transaction takes its profiles with it`() {
        var d = Self.dialogue()
        d.token("T1")
        func event(_ stage: String, _ number: Int) -> String {
            #"{"eventType":"\#(stage)","timestamp":"\#(d.now)","triggerReason":"Authorized","seqNo":\#(number),"transactionInfo":{"transactionId":"tx"},"evse":{"id":1,"connectorId":1}}"#
        }
        d.say("P1", "TransactionEvent", event("Started", 0))
        Self.set(&d, Self.profile(1, purpose: "TxProfile", transaction: "tx"))
        Self.set(&d, Self.profile(2))
        d.say("P1", "TransactionEvent", event("Ended", 1))
        #expect(Self.standings(d) == [2: "set"])
        #expect(d.disk.profiles[Self.id]?.kept.map(\.profile.id) == [2])
        // One that a remote start brought goes too.
        Self.command(
            &d, "RequestStartTransaction",
            #"{"remoteStartId":1,"idToken":{"idToken":"T1","type":"Central"},"evseId":1,"chargingProfile":\#(Self.profile(5, purpose: "TxProfile"))}"#
        )
        #expect(Self.standings(d) == [2: "set", 5: "set"])
        d.say("P1", "TransactionEvent", event("Started", 0).replacing("\"tx\"", with: "\"ty\""))
        d.say("P1", "TransactionEvent", event("Ended", 1).replacing("\"tx\"", with: "\"ty\""))
        #expect(Self.standings(d) == [2: "set"])
    }

    @Test func `1_6 tells what it took and cannot be asked`() {
        var d = Self.dialogue(.v16)
        func set(_ number: Int, level: Int) {
            Self.command(
                &d, "SetChargingProfile",
                #"{"connectorId":1,"csChargingProfiles":{"chargingProfileId":\#(number),"stackLevel":\#(level),"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":3000.5}]}}}"#
            )
        }
        set(1, level: 0)
        set(2, level: 1)
        // The same purpose and level at the same connector.
        set(3, level: 0)
        #expect(Self.standings(d) == [2: "set", 3: "set"])
        guard case .failure(let fault) = d.order(.ask(Self.id, .readProfiles, timeout: .seconds(30))) else {
            return #expect(Bool(false), "1.6 has no such question")
        }
        #expect(fault.code == "not-in-version")
        Self.command(&d, "ClearChargingProfile", "{}", "Unknown")
        #expect(Self.standings(d) == [:])
    }

    @Test func `a station that tells without end fills no memory`() {
        var d = Self.dialogue()
        let request = Self.ask(&d)
        for part in 0..<30 {
            let some = (0..<10).map { Self.profile(part * 10 + $0) }.joined(separator: ",")
            Self.report(&d, request, some, goesOn: part < 29)
        }
        #expect(d.core.chargingProfiles(of: Self.id)?.kept.count == StationProfiles.most)
        #expect(d.core.chargingProfiles(of: Self.id)?.report?.leftOut == 100)
    }
}
