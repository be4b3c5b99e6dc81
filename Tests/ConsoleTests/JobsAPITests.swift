import Assets
import Charging
import ConsoleSupport
import Operations
import Quantities
import Testing

@testable import Console

@Suite("Firmware, logs, files and campaigns over the API") struct JobsAPITests {
    let browser = Browser(open: true)

    @Test func `an image is kept and ordered in words of no protocol`() async throws {
        let kept = await browser.send(.post, "/api/v1/files?name=a.bin", "image", type: "application/octet-stream")
        #expect(kept.status == 201 && kept.value("bytes") == "5")
        let id = try #require(kept.value("id")?.filter { $0 != "\"" })
        let answer = await browser.send(
            .post, "/api/v1/stations/JY-005/firmware",
            #"{"file": "\#(id)", "install_at": "2026-03-12T01:00:00Z", "retries": 2}"#)
        #expect(answer.status == 202)
        let order = try #require(browser.platform.read { $0.jobs.first?.order })
        #expect(order.location == "http://files.test/fetch/\(id)/a.bin" && order.retries == 2 && order.number == nil)
        #expect(order.installAt == Instant("2026-03-12T01:00:00Z"))
        let listed = await browser.get("/api/v1/stations/JY-005/jobs?kind=firmware")
        #expect(listed.text.contains("\"file\":\"\(id)\""))
        #expect(await browser.send(.delete, "/api/v1/files/\(id)").status == 204)
        #expect(await browser.get("/api/v1/files/\(id)").status == 404)
    }

    @Test(arguments: [
        (#"{}"#, "file"), (#"{"file": "x", "location": "http://h/a"}"#, "file"), (#"{"file": "x"}"#, "file"),
        (#"{"location": "http://h/a", "signed": true}"#, "signature"),
        (#"{"location": "http://h/a", "signature": "c2ln"}"#, "signature"),
        (
            #"{"location": "http://h/a", "retrieve_at": "2026-03-12T01:00:00Z", "install_at": "2026-03-12T00:00:00Z"}"#,
            "install_at"
        ),
        (#"{"location": "http://h/a", "retries": -1}"#, "retries"), (#"{"location": "http://h/a", "x": 1}"#, "x"),
    ]) func `an order that makes no sense is refused by its field`(_ body: String, _ path: String) async {
        let answer = await browser.send(.post, "/api/v1/stations/JY-005/firmware", body)
        #expect(answer.status == 400 && answer.text.contains("\"path\":\"\(path)\""), "\(answer.text)")
        #expect(browser.platform.read { $0.commands.isEmpty })
    }

    @Test(arguments: ["", "..", ".hidden", "a/b", "a b", String(repeating: "a", count: 101)])
    func `a file has a plain name`(_ name: String) async {
        let answer = await browser.send(
            .post, "/api/v1/files?name=" + PercentCoding.encode(name), "x", type: "application/octet-stream")
        #expect(answer.status == 400)
    }

    @Test func `roles are asked for`() async {
        for (method, path, least) in [
            (WebRequest.Method.post, "/api/v1/stations/JY-005/firmware", "manager"),
            (.post, "/api/v1/stations/JY-005/log", "operator"), (.post, "/api/v1/campaigns", "manager"),
            (.post, "/api/v1/files?name=a", "manager"), (.post, "/api/v1/campaigns/C1/pause", "operator"),
        ] {
            let answer = await Browser().token("viewer").send(method, path, "{}")
            #expect(answer.status == 403 && answer.text.contains("needs the role \(least)"), "\(path)")
        }
    }

    @Test func `a campaign is checked by version, made, steered and told by station`() async throws {
        let strict = Browser(open: true) { version, _, _ in
            version == "ocpp1.6" ? [.init(path: "type", problem: "is required")] : []
        }
        let body = #"{"name": "n", "commands": {"1.6": {"action": "Reset", "payload": {}}}, "stations": ["JY-001"]}"#
        let refused = await strict.send(.post, "/api/v1/campaigns", body)
        #expect(refused.status == 400 && refused.text.contains("commands.1.6.payload.type"))
        let made = await browser.send(.post, "/api/v1/campaigns", body)
        #expect(made.status == 201 && made.value("state") == "\"draft\"")
        let id = try #require(made.value("id")?.filter { $0 != "\"" })
        #expect(await browser.send(.post, "/api/v1/campaigns/\(id)/start").value("state") == "\"running\"")
        #expect(await browser.send(.post, "/api/v1/campaigns/\(id)/cancel").value("state") == "\"cancelled\"")
        #expect(await browser.send(.post, "/api/v1/campaigns/\(id)/start").status == 409)
        let results = await browser.get("/api/v1/campaigns/\(id)/results?format=csv")
        #expect(results.text.contains("0,JY-001,waiting"))
        for wrong in [
            #"{"name": "n"}"#, #"{"name": "n", "commands": {}}"#, #"{"name": "n", "commands": {"9": {}}}"#,
            #"{"name": "n", "commands": {"1.6": {"action": "", "payload": {}}}}"#,
            #"{"commands": {"1.6": {"action": "Reset", "payload": {}}}}"#,
        ] {
            #expect(await browser.send(.post, "/api/v1/campaigns", wrong).status == 400, "\(wrong)")
        }
    }

    @Test func `a form makes a campaign, and one that is wrong keeps what was typed`() async {
        let token = await browser.csrf("/campaigns:new")
        let wrong = await browser.post(form: "csrf=\(token)&name=Night&parallel=0&action-1.6=Reset", to: "/campaigns")
        #expect(wrong.status == 400 && wrong.text.contains("value=\"Night\""))
        let made = await browser.post(
            form: "csrf=\(token)&name=Night&parallel=5&stations=JY-001%0D%0AJY-002&action-1.6=Reset&payload-1.6=%7B%7D",
            to: "/campaigns")
        #expect(made.status == 303)
        let plan = browser.platform.read { $0.campaigns.first?.campaign.plan }
        #expect(plan?.parallel == 5 && plan?.selection.stations?.count == 2)
    }

    @Test func `a campaign of logs names no place, and one of two things is too much`() async {
        let made = await browser.send(.post, "/api/v1/campaigns", #"{"name": "n", "log": {"type": "security"}}"#)
        #expect(made.status == 201)
        let job = browser.platform.read { $0.campaigns.first?.campaign.plan.job }
        #expect(job?.kind == .log && job?.log == .security && job?.location == "")
        let own = await browser.send(
            .post, "/api/v1/campaigns", #"{"name": "n", "log": {"location": "ftp://logs.example/"}}"#)
        #expect(own.status == 201)
        #expect(browser.platform.read { $0.campaigns.first?.campaign.plan.job?.location } == "ftp://logs.example/")
        for wrong in [
            #"{"name": "n", "log": {}, "firmware": {}}"#, #"{"name": "n", "log": {"type": "x"}}"#,
            #"{"name": "n", "log": {"file": "x"}}"#,
        ] {
            #expect(await browser.send(.post, "/api/v1/campaigns", wrong).status == 400, "\(wrong)")
        }
        let token = await browser.csrf("/campaigns:new")
        let form = await browser.post(form: "csrf=\(token)&name=Logs&what=log&log_type=diagnostics", to: "/campaigns")
        #expect(form.status == 303)
        let plan = browser.platform.read { $0.campaigns.first?.campaign.plan }
        #expect(plan?.job?.log == .diagnostics && plan?.job?.location == "" && plan?.file == nil)
        let none = await browser.post(form: "csrf=\(token)&name=&what=firmware", to: "/campaigns")
        #expect(none.text.contains("id=\"campaign-name-problem\"") && none.text.contains("Nothing was sent or changed"))
    }
}
