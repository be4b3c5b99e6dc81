import Assets
import Charging
import ConsoleSupport
import GridDispatch
import Operations
import Quantities
import Testing

@testable import Console

/// What holds a pile and a site, as programs and people see it.
@Suite("Limits") struct LimitsTests {
    @Test func `a station's profiles come from the highest precedence down`() async throws {
        let browser = Browser(open: true)
        let charging = try #require(
            browser.platform.read { state in
                state.stations.values.filter { $0.evses.first?.session != nil && $0.commissioning?.verdict == .follows }
                    .map(\.station.id).min()
            })
        let answer = await browser.get("/api/v1/stations/\(charging)/limits")
        #expect(answer.status == 200)
        guard case .array(let items)? = answer.json("items")?.content else { return #expect(Bool(false), "no list") }
        #expect(items.map { $0["purpose"]?.text } == ["TxProfile", "TxDefaultProfile"])
        #expect(items.map { $0["stack_level"]?.numberText } == ["1", "0"])
        let page = await browser.get("/stations/\(charging)")
        let tx = try #require(page.text.firstRange(of: "transaction profile<"))
        let fallback = try #require(page.text.firstRange(of: "default profile<"))
        #expect(tx.lowerBound < fallback.lowerBound)
    }

    @Test func `a station's own reckoning stands beside ours, a row a difference`() async throws {
        let browser = Browser(open: true)
        func comparison(_ result: ScheduleComparison.Verdict) throws -> StationID {
            try #require(
                browser.platform.read { state in
                    state.limits.filter { $0.value.contains { $0.comparison?.verdict == result } }.keys.min()
                })
        }
        let agreeing = await browser.get("/api/v1/stations/\(try comparison(.agrees))/schedule-comparison")
        guard case .array(let rows)? = agreeing.json("items")?.content else { return #expect(Bool(false), "no list") }
        #expect(rows.map { $0["result"]?.text } == ["agrees"] && rows[0]["station_kw"]?.text == nil)
        let differing = try comparison(.allowsMore)
        let csv = await browser.with(["accept": "text/csv"]).get("/api/v1/stations/\(differing)/schedule-comparison")
        let lines = csv.text.split(whereSeparator: \.isNewline)
        #expect(lines.count == 2 && lines[1].contains("allows_more") && lines[1].contains(",7.04,limit"))
        let page = await browser.get("/stations/\(differing)")
        #expect(page.text.contains("7.0 kW by the station"))
    }

    @Test func `a site without the platform says whether limits hold and which piles stop`() async throws {
        let browser = Browser(open: true)
        let answer = await browser.get("/api/v1/sites/jingyuan/offline")
        #expect(answer.status == 200)
        guard case .array(let piles)? = answer.json("piles")?.content else { return #expect(Bool(false), "no piles") }
        #expect(piles.count == 120)
        let stopping = piles.count { $0["charging"]?.content.isTrue == true && $0["stops_at"]?.text != nil }
        #expect(stopping > 0)
        let page = await browser.get("/sites/jingyuan/offline")
        #expect(page.text.contains("\(stopping) would get nothing"))
        let csv = await browser.with(["accept": "text/csv"]).get("/api/v1/sites/jingyuan/offline")
        #expect(csv.text.split(separator: "\n").count == 121)
        #expect(await browser.get("/api/v1/sites/nowhere/offline").status == 404)
    }

    @Test func `what can be asked of vehicles now stands beside what is connected`() async throws {
        let browser = Browser(open: true)
        let answer = await browser.get("/api/v1/sites/jingyuan/capacity")
        guard case .array(let nodes)? = answer.json("nodes")?.content else { return #expect(Bool(false), "no nodes") }
        #expect(!nodes.isEmpty && answer.text.contains("\"most_kw\":310.4"))
        let csv = await browser.with(["accept": "text/csv"]).get("/api/v1/sites/jingyuan/capacity")
        #expect(csv.text.contains("840,0,63,3600,288.25,14.5"))
        let page = await browser.get("/sites/jingyuan")
        #expect(page.text.contains("What can be asked of the vehicles now") && page.text.contains("14.5 … 288.3"))
        // A site that has no stations was never measured.
        #expect(await browser.get("/api/v1/sites/nowhere/capacity").status == 404)
    }

    @Test func `commands and alarms are walked by their cursors, each once`() async throws {
        let browser = Browser(open: true)
        for _ in 0..<5 {
            _ = await browser.send(
                .post, "/api/v1/stations/JY-001/commands", #"{"action": "ClearCache", "payload": {}}"#)
        }
        for (path, count) in [("/api/v1/stations/JY-001/commands", 5), ("/api/v1/alarms", nil)] {
            var seen: [String] = []
            var cursor: String?
            repeat {
                let query = "?limit=2" + (cursor.map { "&cursor=" + PercentCoding.encode($0) } ?? "")
                let answer = await browser.get(path + query)
                #expect(answer.status == 200)
                guard case .array(let items)? = answer.json("items")?.content else { break }
                seen += items.compactMap { $0["id"]?.text ?? $0["id"]?.numberText }
                cursor = answer.json("next_cursor")?.text
            } while cursor != nil && seen.count < 100
            #expect(Set(seen).count == seen.count, "\(path)")
            #expect(seen.count == (count ?? browser.platform.read { $0.alarms.count }), "\(path)")
        }
    }

    // MARK: - What people sent

    private func command(
        _ action: String, _ payload: String, at: Int, response: String = #"{"status": "Accepted"}"#
    ) -> CommandView {
        let instant = PreviewCommunity.evening + .seconds(at)
        return CommandView(
            id: "C\(at)", station: StationID("JY-001"), action: action, payload: Array(payload.utf8), status: .answered,
            createdAt: instant, finishedAt: instant, response: Array(response.utf8), by: "lin")
    }

    private func profile(
        _ id: Int, _ purpose: String, level: Int, connector: Int = 1, schedule: String? = nil
    ) -> String {
        let usual =
            #"{"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.5}, {"startPeriod": 3600, "limit": 6}]}"#
        return """
            {"connectorId": \(connector), "csChargingProfiles": {"chargingProfileId": \(id), "stackLevel": \(level),
            "chargingProfilePurpose": "\(purpose)", "chargingProfileKind": "Absolute",
            "chargingSchedule": \(schedule ?? usual)}}
            """
    }

    private func installed(_ commands: [CommandView], after: Duration = .minutes(5)) -> [ManualProfile] {
        ManualProfile.installed(
            by: commands.reversed(), electrical: Station.Electrical(), at: PreviewCommunity.evening + after)
    }

    @Test func `a profile that a person sent is read with its unit and steps`() throws {
        let found = installed([command("SetChargingProfile", profile(7, "TxDefaultProfile", level: 3), at: 0)])
        let first = try #require(found.first)
        #expect(found.count == 1 && first.by == "lin" && first.level == 3 && first.purpose == "TxDefaultProfile")
        // One phase of 220 V.
        #expect(first.schedule.limit(at: PreviewCommunity.evening + .minutes(1)) == .watts(2310))
        #expect(first.schedule.limit(at: PreviewCommunity.evening + .minutes(61)) == .watts(1320))
        #expect(first.schedule.limit(at: PreviewCommunity.evening - .minutes(1)) == nil)
    }

    @Test func `the same id, or the same purpose and level, replaces; what was refused does not`() {
        let set = "SetChargingProfile"
        #expect(
            installed([
                command(set, profile(7, "TxDefaultProfile", level: 3), at: 0),
                command(set, profile(8, "TxDefaultProfile", level: 3), at: 1),
            ]).map(\.id) == ["8"])
        #expect(
            installed([
                command(set, profile(7, "TxDefaultProfile", level: 3), at: 0),
                command(set, profile(7, "TxDefaultProfile", level: 5), at: 1),
            ]).map(\.level) == [5])
        #expect(
            installed([
                command(set, profile(7, "TxDefaultProfile", level: 3), at: 0),
                command(
                    set, profile(8, "TxDefaultProfile", level: 3), at: 1, response: #"{"status": "Rejected"}"#),
            ]).map(\.id) == ["7"])
    }

    @Test(arguments: [
        ("{}", [String]()), (#"{"id": 7}"#, ["8"]), (#"{"stackLevel": 4}"#, ["7"]),
        (#"{"chargingProfilePurpose": "TxProfile"}"#, ["8", "7"]), (#"{"connectorId": 2}"#, ["8", "7"]),
    ])
    func `clearing takes away what agrees with every named field`(_ payload: String, _ left: [String]) {
        let found = installed([
            command("SetChargingProfile", profile(7, "TxDefaultProfile", level: 3), at: 0),
            command("SetChargingProfile", profile(8, "TxDefaultProfile", level: 4), at: 1),
            command("ClearChargingProfile", payload, at: 2),
        ])
        #expect(found.map(\.id) == left)
    }

    @Test func `a profile whose schedule ended is not shown`() {
        let schedule =
            #"{"duration": 600, "chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1000}]}"#
        let sent = [command("SetChargingProfile", profile(7, "TxProfile", level: 1, schedule: schedule), at: 0)]
        #expect(installed(sent, after: .minutes(9)).count == 1)
        #expect(installed(sent, after: .minutes(11)).isEmpty)
    }

    // MARK: - Messages in words

    private func decoded(_ text: String, _ language: Language = .english) -> DecodedFrame? {
        let record = MessageRecord(
            station: StationID("S"), at: PreviewCommunity.evening, direction: .inbound, messageID: nil, action: nil,
            text: Array(text.utf8))
        return DecodedFrame(record, Format(words: Words(language), zone: .shanghai, now: PreviewCommunity.evening))
    }

    @Test func `a frame's line says what matters, its fields have their meaning`() throws {
        let status = #"[2,"a","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging"}]"#
        #expect(try #require(decoded(status, .chinese)).summary == "枪号 1 · 状态 充电中 (Charging)")
        let values = try #require(
            decoded(
                #"[2,"a","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-03-11T10:42:00Z","sampledValue":[{"value":"6912","measurand":"Power.Active.Import","unit":"W"}]}]}]"#
            ))
        #expect(values.summary == "connector 1 · power 6912 W")
        #expect(values.fields.contains { $0.path == "meterValue[0].timestamp" && $0.value == "2026-03-11 18:42:00" })
        #expect(decoded(#"[4,"a","NotSupported","no such action",{}]"#)?.summary == "NotSupported: no such action")
        #expect(decoded(#"[3,"a",{}]"#)?.summary == "(empty)")
        #expect(decoded(#"[2,"a","Heartbeat",{}]"#)?.summary == "(empty)")
        #expect(decoded("no frame") == nil && decoded("[9]") == nil && decoded("[2,1]") == nil)
    }

    @Test func `a huge frame shows a bounded number of fields`() throws {
        let many = (0..<5000).map { #""k\#($0)":\#($0)"# }.joined(separator: ",")
        let frame = try #require(decoded("[2,\"a\",\"DataTransfer\",{\(many)}]"))
        #expect(frame.fields.count == DecodedFrame.mostFields)
    }
}

extension JSONNode.Content {
    fileprivate var isTrue: Bool {
        if case .bool(true) = self { return true }
        return false
    }
}
