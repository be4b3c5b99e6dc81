import Assets
import Charging
import ConsoleSupport
import Operations
import Quantities
import Testing

@testable import Console

/// Controls of the grid code and battery swaps on pages and in the API; behind them a platform that takes everything.
@Suite("Grid code and batteries") struct GridCodeTests {
    let browser = Browser(open: true)
    private let station = StationID("JY-001")

    private func post(_ more: String) async -> Browser.Answer {
        await browser.send(
            .post, "/api/v1/der-controls",
            #"{"type":"VoltVar","priority":2,"settings":{"curveData":[]}\#(more)}"#)
    }

    @Test func `a control is given, listed and withdrawn`() async {
        let given = await post(#","id":"vv","site":"JY","source":"letter 7""#)
        #expect(given.status == 201 && given.header("Location") == "/api/v1/der-controls/vv")
        #expect(given.value("default") == "true" && given.value("site") == "\"JY\"")
        #expect(await browser.get("/api/v1/der-controls?site=JY").text.contains("letter 7"))
        #expect(await browser.get("/api/v1/der-controls?site=other").text.contains("letter 7") == false)
        #expect(await browser.send(.delete, "/api/v1/der-controls/vv", "").value("withdrawn_at") != "null")
        #expect(await browser.send(.delete, "/api/v1/der-controls/vv", "").status == 404)
    }

    @Test func `what a control lacks is said by field`() async {
        for (more, field) in [
            ("", "site"), (#","site":"JY","node":"N""#, "site"),
            (#","site":"JY","start":"2026-03-01T00:00:00Z""#, "start"), (#","site":"JY","speed":3"#, "speed"),
        ] {
            let answer = await post(more)
            #expect(answer.status == 400 && answer.text.contains("\"path\":\"\(field)\""), "\(more): \(answer.text)")
        }
        #expect(browser.platform.read { $0.derOrders.isEmpty })
    }

    @Test func `the page shows who wins when, and what gave way`() async throws {
        let site = try #require(browser.platform.read { $0.sites.keys.sorted().first })
        let now = browser.platform.now
        browser.platform.change { state in
            func order(_ id: String, _ priority: Int, _ hours: Range<Int>?) -> DEROrder {
                DEROrder(
                    DERControl(
                        id: id, function: .limitMaxDischarge, priority: priority,
                        span: hours.map { Interval(now + .hours($0.lowerBound), now + .hours($0.upperBound)) },
                        settings: "{}"), target: .site(site), source: nil, by: "wang", createdAt: now)
            }
            state.derOrders = [order("always", 9, nil), order("low", 5, 2..<4), order("high", 1, 3..<6)]
        }
        let page = await browser.get("/sites/\(site.value)/der").text
        #expect(page.contains("class=\"der-winner\"") && page.contains("class=\"der-lost\""))
        #expect(page.contains("class=\"der-default\"") && page.contains("high · 1"))
        let chinese = await browser.with(["accept-language": "zh-CN"]).get("/sites/\(site.value)/der").text
        #expect(chinese.contains("并网控制") && chinese.contains("放电功率上限"))
    }

    @Test func `a cabinet shows its slots, and a swap is asked for with a token`() async throws {
        let now = browser.platform.now
        browser.platform.change { state in
            state.cabinets[station] = BatteryCabinet(
                station: station,
                batteries: [
                    StoredBattery(
                        SwapBattery(
                            slot: 1, serial: "B1", charge: 9_300, health: 9_800, producedAt: nil, vendorInfo: nil),
                        since: now)
                ], target: 8_000)
        }
        let stored = await browser.get("/api/v1/stations/JY-001/batteries")
        #expect(
            stored.value("ready") == "1" && stored.value("target_soc") == "80" && stored.text.contains("\"soc\":93"))
        let refused = await browser.send(.post, "/api/v1/stations/JY-001/battery-swaps", "{}")
        #expect(refused.status == 400 && refused.text.contains("id_token"))
        let made = await browser.send(.post, "/api/v1/stations/JY-001/battery-swaps", #"{"id_token":"T"}"#)
        #expect(made.value("swap", "id_token") == "\"T\"" && made.value("swap", "remote") == "true")
        #expect(await browser.get("/api/v1/stations/JY-001/battery-swaps").text.contains("\"id_token\":\"T\""))
    }
}
