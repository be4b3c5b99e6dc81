import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities
import Testing

/// One command to many stations.
@Suite("Campaigns") struct CampaignTests {
    private static func plan(_ change: (inout CampaignPlan) -> Void = { _ in }) -> CampaignPlan {
        var plan = CampaignPlan(
            name: "test", commands: [.v16: CampaignPlan.Command(action: "ClearCache", payload: Array("{}".utf8))])
        change(&plan)
        return plan
    }

    private static func stations(_ count: Int) -> Dialogue {
        var d = Dialogue()
        for i in 1...count { d.boot("P\(i)") }
        return d
    }

    private static func create(_ d: inout Dialogue, _ plan: CampaignPlan) -> String {
        guard case .success(.campaign(let view)) = d.order(.createCampaign(plan)) else {
            Issue.record("no campaign")
            return ""
        }
        return view.campaign.id
    }

    private static func states(_ d: Dialogue, _ id: String) -> [CampaignTarget.State] {
        (d.disk.campaignTargets[id] ?? [:]).values.sorted { $0.position < $1.position }.map(\.state)
    }
    private static func accept(_ d: inout Dialogue, _ station: String) {
        d.answer(station, "ClearCache", #"{"status":"Accepted"}"#)
    }

    @Test func `as many as may be are under way, in order, and each station once`() {
        var d = Self.stations(5)
        let id = Self.create(&d, Self.plan { $0.parallel = 2 })
        #expect(d.calls.isEmpty)
        d.order(.steerCampaign(id, .start))
        #expect(d.calls.map(\.station.value) == ["P1", "P2"])
        #expect(d.calls.allSatisfy { $0.waitsForDisk }, "a crash must find it on the disk before the station has it")
        Self.accept(&d, "P2")
        #expect(d.calls.map(\.station.value) == ["P1", "P3"])
        for name in ["P1", "P3", "P4", "P5"] { Self.accept(&d, name) }
        #expect(Self.states(d, id) == Array(repeating: .accepted, count: 5))
        #expect(d.disk.campaigns[id]?.state == .finished && d.core.openCampaigns.isEmpty)
    }

    @Test func `what must not be kept is in no campaign, and passwords of addresses are not shown`() {
        var d = Self.stations(1)
        for (version, action, payload) in [
            (OCPPVersion.v16, "ChangeConfiguration", #"{"key":"AuthorizationKey","value":"00112233445566778899"}"#),
            (
                .v201, "SetVariables",
                #"{"setVariableData":[{"attributeValue":"Correct-Horse-1","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}"#
            ),
            (
                .v201, "CustomerInformation",
                #"{"requestId":1,"report":true,"clear":false,"customerIdentifier":"Wang"}"#
            ),
        ] {
            let command = CampaignPlan.Command(action: action, payload: Array(payload.utf8))
            guard case .failure(let fault) = d.order(.createCampaign(Self.plan { $0.commands = [version: command] }))
            else {
                Issue.record("\(action) was taken")
                continue
            }
            #expect(fault.fields.map(\.path) == ["commands.\(version.number).payload"])
        }
        #expect(d.disk.campaigns.isEmpty)
        let log = #"{"location":"ftp://wang:secret@logs.example/"}"#
        let id = Self.create(
            &d, Self.plan { $0.commands = [.v16: .init(action: "GetDiagnostics", payload: Array(log.utf8))] })
        let shown = d.disk.campaigns[id]?.plan.commands[.v16]?.shown(in: .v16)
        #expect(shown.map { String(decoding: $0, as: UTF8.self) } == #"{"location":"ftp://******@logs.example/"}"#)
        d.order(.steerCampaign(id, .start))
        #expect(d.calls.first.map { String(decoding: $0.payload, as: UTF8.self) } == log)
    }

    @Test func `a restart sends nothing again`() {
        var d = Self.stations(4)
        let id = Self.create(&d, Self.plan { $0.parallel = 2 })
        d.order(.steerCampaign(id, .start))
        Self.accept(&d, "P1")
        // P2 and P3 have it, or may have.
        d.restart()
        d.give(.tick)
        #expect(Self.states(d, id) == [.accepted, .unknown, .unknown, .waiting])
        for i in 1...4 { d.connect("P\(i)") }
        d.give(.tick)
        #expect(d.calls.map(\.station.value) == ["P4"])
        Self.accept(&d, "P4")
        #expect(d.disk.campaigns[id]?.state == .finished)
    }

    @Test func `a command that never left is sent later, one without an answer only where the plan says so`() {
        var d = Self.stations(1)
        let id = Self.create(
            &d,
            Self.plan {
                $0.attempts = 2
                $0.wait = .seconds(60)
            })
        d.order(.steerCampaign(id, .start))
        d.settle(d.calls[0], .timeout)
        #expect(Self.states(d, id) == [.waiting] && d.calls.isEmpty)
        d.pass(.seconds(30))
        #expect(d.calls.isEmpty)
        d.pass(.seconds(31))
        #expect(d.calls.count == 1)
        d.settle(d.calls[0], .timeout)
        #expect(Self.states(d, id) == [.timeout])
        // One command waits behind another and never leaves.
        var e = Self.stations(1)
        e.order(
            .command(StationID("P1"), action: "Reset", payload: Array(#"{"type":"Soft"}"#.utf8), timeout: .seconds(9)))
        let other = Self.create(&e, Self.plan())
        e.order(.steerCampaign(other, .start))
        e.disconnect("P1")
        #expect(Self.states(e, other) == [.waiting])
        e.connect("P1")
        e.give(.tick)
        Self.accept(&e, "P1")
        #expect(Self.states(e, other) == [.accepted])
    }

    @Test func `it ends in time, and a late answer counts until then`() {
        var d = Self.stations(3)
        d.disconnect("P3")
        let id = Self.create(&d, Self.plan { $0.length = .hours(1) })
        d.order(.steerCampaign(id, .start))
        Self.accept(&d, "P2")
        let call = d.calls[0]
        d.settle(call, .timeout)
        #expect(Self.states(d, id) == [.timeout, .accepted, .waiting])
        d.settle(call, .answered(payload: Array(#"{"status":"Rejected"}"#.utf8)), late: true)
        #expect(Self.states(d, id) == [.refused, .accepted, .waiting])
        d.now += .hours(1)
        d.give(.tick)
        #expect(Self.states(d, id) == [.refused, .accepted, .offline])
        #expect(d.disk.campaigns[id]?.state == .finished)
    }

    @Test func `pause and cancel leave what is on its way to its end`() {
        var d = Self.stations(3)
        let id = Self.create(&d, Self.plan { $0.parallel = 1 })
        d.order(.steerCampaign(id, .start))
        d.order(.steerCampaign(id, .pause))
        Self.accept(&d, "P1")
        d.give(.tick)
        #expect(d.calls.isEmpty && Self.states(d, id) == [.accepted, .waiting, .waiting])
        d.order(.steerCampaign(id, .start))
        d.order(.steerCampaign(id, .cancel))
        #expect(Self.states(d, id) == [.accepted, .sent, .cancelled])
        Self.accept(&d, "P2")
        #expect(Self.states(d, id) == [.accepted, .accepted, .cancelled])
        #expect(d.disk.campaigns[id]?.state == .cancelled && d.core.openCampaigns.isEmpty)
        #expect((try? d.order(.steerCampaign(id, .start)).get()) == nil)
    }

    @Test func `who is away costs nothing until he comes, and who is removed is left out`() {
        var d = Self.stations(3)
        d.disconnect("P1")
        d.disconnect("P2")
        let id = Self.create(&d, Self.plan { $0.parallel = 1 })
        d.order(.steerCampaign(id, .start))
        // Those that are away hold nobody up.
        #expect(d.calls.map(\.station.value) == ["P3"])
        Self.accept(&d, "P3")
        d.pass(.minutes(2))
        #expect(Self.states(d, id) == [.waiting, .waiting, .accepted])
        d.connect("P2")
        d.give(.tick)
        #expect(d.calls.map(\.station.value) == ["P2"])
        d.order(.deleteStation(StationID("P1")))
        d.give(.tick)
        Self.accept(&d, "P2")
        d.give(.tick)
        #expect(Self.states(d, id) == [.skipped, .accepted, .accepted])
        #expect(d.disk.campaigns[id]?.state == .finished)
    }

    @Test func `a station whose lane is full is looked at again`() {
        var d = Self.stations(1)
        for _ in 0..<40 {
            d.order(.command(StationID("P1"), action: "ClearCache", payload: Array("{}".utf8), timeout: .seconds(9)))
        }
        let id = Self.create(&d, Self.plan())
        d.order(.steerCampaign(id, .start))
        #expect(Self.states(d, id) == [.waiting])
        d.pass(.seconds(5))
        #expect(Self.states(d, id) == [.waiting])
        for _ in 0..<40 { Self.accept(&d, "P1") }
        d.pass(.seconds(2))
        Self.accept(&d, "P1")
        #expect(Self.states(d, id) == [.accepted])
    }

    @Test func `versions without a command are left out, and who never connected waits`() {
        var d = Self.stations(1)
        d.connect("Q", .v201)
        var change = StationChange()
        change.registration = .accepted
        d.order(.putStation(StationID("R"), change))
        let id = Self.create(&d, Self.plan())
        d.order(.steerCampaign(id, .start))
        Self.accept(&d, "P1")
        #expect(Self.states(d, id) == [.accepted, .skipped, .waiting])
        d.connect("R", .v21)
        d.give(.tick)
        #expect(Self.states(d, id) == [.accepted, .skipped, .skipped])
    }

    @Test func `firmware becomes each version's own command, all with one number`() throws {
        var d = Self.stations(1)
        d.connect("Q", .v201)
        var plan = Self.plan { $0.commands = [:] }
        plan.job = JobOrder(kind: .firmware, location: "https://fw/a.bin")
        plan.file = "f"
        let id = Self.create(&d, plan)
        d.order(.steerCampaign(id, .start))
        #expect(Set(d.calls.map(\.action)) == ["UpdateFirmware"] && d.calls.count == 2)
        d.answer("P1", "UpdateFirmware", "{}")
        d.answer("Q", "UpdateFirmware", #"{"status":"Accepted"}"#)
        #expect(Self.states(d, id) == [.accepted, .accepted])
        let jobs = d.core.liveJobs(of: nil)
        #expect(jobs.count == 2 && jobs.allSatisfy { $0.file == "f" && $0.by == "campaign \(id)" })
    }

    @Test func `what cannot be is refused, and there are bounds`() {
        var d = Self.stations(1)
        #expect((try? d.order(.createCampaign(Self.plan { $0.name = "" })).get()) == nil)
        #expect((try? d.order(.createCampaign(Self.plan { $0.commands = [:] })).get()) == nil)
        #expect((try? d.order(.createCampaign(Self.plan { $0.selection.vendor = "W" })).get()) == nil)
        for _ in 0..<20 { _ = Self.create(&d, Self.plan()) }
        #expect((try? d.order(.createCampaign(Self.plan())).get()) == nil)
        #expect(d.core.openCampaigns.count == 20)
    }

    /// Whatever stations do: nobody is sent to twice, and in the end everybody has a result.
    @Test(arguments: 0..<40) func `any course ends with one result a station`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func chance(_ percent: Double) -> Bool { random.unit() * 100 < percent }
        let count = 12
        var d = Self.stations(count)
        let id = Self.create(&d, Self.plan { $0.parallel = 3 })
        d.order(.steerCampaign(id, .start))
        var received: [String: Int] = [:]
        var seen: Set<String> = []
        for _ in 0..<400 {
            for call in d.calls where call.action == "ClearCache" && seen.insert(call.messageID).inserted {
                received[call.station.value, default: 0] += 1
            }
            let name = "P\(1 + Int(random.unit() * Double(count)))"
            if chance(30) {
                d.disconnect(name)
            } else if chance(40) {
                d.connect(name)
            } else if chance(60), let call = d.calls.first {
                if chance(60) {
                    d.settle(call, .answered(payload: Array(#"{"status":"Accepted"}"#.utf8)))
                } else if chance(50) {
                    d.settle(call, .timeout)
                } else {
                    d.settle(call, .error(code: "InternalError", description: "", details: []))
                }
            } else if chance(10) {
                d.restart()
            } else if chance(10) {
                d.order(.steerCampaign(id, chance(50) ? .pause : .start))
            }
            d.pass(.seconds(1))
        }
        d.order(.steerCampaign(id, .start))
        for i in 1...count { d.connect("P\(i)") }
        for _ in 0..<50 {
            for call in d.calls where call.action == "ClearCache" && seen.insert(call.messageID).inserted {
                received[call.station.value, default: 0] += 1
            }
            d.answerCalls()
            d.pass(.seconds(1))
        }
        #expect(received.values.allSatisfy { $0 == 1 }, "\(received)")
        #expect(Self.states(d, id).allSatisfy { $0.isOver })
        #expect(d.disk.campaigns[id]?.state == .finished)
    }

    // MARK: - Logs

    private static func log() -> CampaignPlan {
        var plan = CampaignPlan(name: "logs", commands: [:])
        plan.job = JobOrder(kind: .log, location: "")
        plan.attempts = 2
        plan.wait = .seconds(5)
        return plan
    }

    @Test func `each station brings its log under an address of its own, and each attempt under another`() {
        var d = Dialogue {
            $0.uploadTicket = { seed, name, _ in
                UploadTicket(file: seed, address: "http://files.test/\(seed.filter { $0 != " " })/\(name)")
            }
        }
        for i in 1...2 { d.boot("P\(i)") }
        let id = Self.create(&d, Self.log())
        d.order(.steerCampaign(id, .start))
        #expect(d.calls.map(\.action) == ["GetDiagnostics", "GetDiagnostics"])
        let texts = d.calls.map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(texts[0].contains("http://files.test/campaign\(id)00/diagnostics.log"))
        #expect(texts[1].contains("http://files.test/campaign\(id)10/diagnostics.log"))
        d.answer("P1", "GetDiagnostics", #"{"fileName":"d.zip"}"#)
        d.answer("P2", "GetDiagnostics", "{}")
        #expect(Self.states(d, id) == [.accepted, .refused])
        let jobs = d.disk.jobs.values.sorted { $0.station < $1.station }
        #expect(jobs.map(\.file) == ["campaign \(id) 0 0", "campaign \(id) 1 0"])
        #expect(d.core.station(bringing: "campaign \(id) 0 0") == StationID("P1"))
        let kept = d.disk.campaigns[id]?.plan.commands[.v16].map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(kept?.contains("files.test") == false, "addresses are in no campaign")
    }

    @Test func `where nothing takes files the stations are left out with the reason`() {
        var d = Self.stations(1)
        let id = Self.create(&d, Self.log())
        d.order(.steerCampaign(id, .start))
        #expect(d.calls.isEmpty)
        #expect(Self.states(d, id) == [.skipped])
        #expect(d.disk.campaignTargets[id]?.values.first?.word == "files-off")
    }
}
