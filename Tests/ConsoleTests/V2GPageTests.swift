import Assets
import Charging
import ConsoleSupport
import GridDispatch
import Operations
import Quantities
import Testing

@testable import Console

@Suite("Pages of giving back") struct V2GPageTests {
    @Test(arguments: [("zh-CN", "能量流"), ("en", "Energy flows now")])
    func `a park shows who gives and takes, and what the notice asks`(
        _ language: String, _ title: String
    ) async {
        let page = await Browser.park(language).get("/sites/v2g-park/v2g").text
        #expect(page.contains(title))
        // 48 kW of the van, 118.4 of the roof, 180 kW of three stated piles.
        for text in ["48.0 kW", "118.4 kW", "64.2 kW", "180.0 kW", "id=\"energy-flow\""] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test func `a session of a vehicle that gives back shows its envelope`() async {
        let page = await Browser.park("en").get("/sessions/\(PreviewPark.session.value)").text
        for name in ["stored", "course", "target", "minimum", "window-low", "window-high"] {
            #expect(page.contains("data-series=\"\(name)\""), "\(name)")
        }
    }

    @Test func `what the driver stated goes before what the vehicle says`() async {
        let now = PreviewCommunity.evening
        var state = PreviewPark.state()
        let view = state.sessions[0]
        var session = view.session
        session.needs = Needs(
            departure: now + .hours(13), energy: .kilowattHours(12), minimum: .kilowattHours(6), chargeNow: false,
            statedBy: "lu", statedAt: now)
        state.sessions[0] = SessionView(
            session: session, site: view.site, plan: view.plan, planStart: view.planStart, planStep: view.planStep)
        let browser = Browser(over: FakePlatform(state) { now }).with(["accept-language": "en"])
        let page = await browser.get("/sessions/\(PreviewPark.session.value)").text
        #expect(page.contains("wanted at departure 12.00 kWh, never below 6.00 kWh"))
    }

    @Test(arguments: [("zh-CN", "设定值与实测功率"), ("en", "Setpoint and measured power")])
    func `what vehicles were told stands beside what they did`(_ language: String, _ title: String) async {
        let site = await Browser.park(language).get("/sites/v2g-park/v2g").text
        let session = await Browser.park(language).get("/sessions/\(PreviewPark.session.value)").text
        for page in [site, session] {
            #expect(page.contains(title) && page.contains("48.0 kW"))
            for name in ["setpoint", "measured", "most-charge", "most-discharge"] {
                #expect(page.contains("data-series=\"\(name)\""), "\(name)")
            }
        }
        // What is live is fetched from an address without the report.
        #expect(site.contains("data-address=\"/sites/v2g-park/v2g/now\""))
        let now = await Browser.park(language).get("/sites/v2g-park/v2g/now").text
        #expect(now.contains("id=\"follow\"") && now.contains("id=\"flow\"") && !now.contains("id=\"money\""))
    }

    @Test(arguments: [
        ("zh-CN", ["未达到", "V2G-02/1: 离线", "已到车主要求保留的电量", "节点 T1 的限值"]),
        ("en", ["missed", "V2G-02/1: offline", "down to what its driver keeps", "the limit of node T1"]),
    ])
    func `a power that is missed says who does not help, and why`(_ language: String, _ texts: [String]) async {
        for path in ["/sites/v2g-park/v2g", "/sites/v2g-park/v2g/now"] {
            let page = await Browser.park(language).get(path).text
            for text in texts + ["\u{2212}120.0", "\u{2212}48.0"] { #expect(page.contains(text), "\(text)") }
        }
    }

    @Test func `a power is asked for and withdrawn on the page`() async {
        let browser = Browser.park("en")
        func post(_ form: String, _ path: String = "/sites/v2g-park/powers") async -> Browser.Answer {
            await browser.post(form: "csrf=\(await browser.csrf("/sites/v2g-park/v2g"))&\(form)", to: path)
        }
        let asked = await post("node=T1&power_kw=-80.5&to=30&ramp_kw_per_second=&priority=market")
        #expect(asked.status == 303, "\(asked.text)")
        let listed = await browser.get("/api/v1/sites/v2g-park/instructions").text
        #expect(listed.contains("-80.5") && listed.contains("market"))
        let refused = await post("node=T1&power_kw=much&to=30&priority=market")
        #expect(refused.status == 400 && refused.text.contains("power-power_kw-problem"))
        let withdrawn = await post("power=call", "/sites/v2g-park/powers/withdraw")
        #expect(withdrawn.status == 303)
        #expect(await !browser.get("/api/v1/sites/v2g-park/instructions").text.contains("-120"))
    }

    @Test func `each reason why a power is missed is worded in both languages`() throws {
        let node = NodeID("N")
        let reasons: [SetpointReason] = [
            .noSession, .offline, .plan, .provisional, .chargeNow, .driverMinimum, .paused, .stopped, .manual,
            .operatorLimit, .outsideLimit, .full, .belowSetpoint, .freedRoom, .nodeLimit(node), .guardCut(node),
            .offlineGuarantee(node), .belowMinimumCurrent, .ignoresProfiles, .instruction("I"), .energyFloor,
            .exportLimit(node), .turning, .fallsShort, .unanswered, .refuses, .atRating, .gridCode, .vehicleOffer,
            .notSteered,
        ]
        for language in Language.allCases {
            let words = Words(language)
            for reason in reasons {
                let text = words.known("shortfall." + reason.code, ["object": reason.object ?? ""])
                #expect(text?.contains("{") == false, "\(reason.code)")
            }
        }
    }

    @Test func `setpoints of several vehicles are added up at each change, and none is no zero`() {
        let start = PreviewCommunity.evening
        func course(_ number: Int, _ steps: [(Int, Int64?)]) -> [SetpointPoint] {
            steps.map {
                SetpointPoint(
                    evse: EVSEID(StationID("P\(number)"), 1), session: PreviewPark.session, at: start + .minutes($0.0),
                    power: $0.1.map { Power.kilowatts($0) })
            }
        }
        let sum = FollowChart.total([course(1, [(0, -10), (5, nil), (9, 4)]), course(2, [(2, 3), (5, -1), (7, nil)])])
        #expect(sum.map(\.at) == [0, 2, 5, 7, 9].map { start + .minutes($0) })
        #expect(sum.map(\.kilowatts) == [-10, -7, -1, nil, 4])
    }

    @Test func `setpoints over time are given as steps`() async throws {
        let answer = await Browser.park("en").get("/api/v1/stations/V2G-01/evses/1/setpoints")
        #expect(answer.status == 200 && answer.text.contains("\"kw\":-48"))
        let far = "/api/v1/stations/V2G-01/evses/1/setpoints?from=2026-01-01T00:00:00Z&to=2026-01-09T00:00:00Z"
        #expect(await Browser.park("en").get(far).status == 400)
        #expect(await Browser.park("en").get("/api/v1/stations/V2G-01/evses/7/setpoints").status == 404)
    }

    @Test func `energy that nobody measured is not drawn as nothing`() {
        let flow = EnergyFlow(
            grid: nil, pv: .kilowatts(-10), building: nil, storage: nil, vehicles: .zero)
        #expect(
            flow.towards[.building] == nil && flow.towards[.grid] == nil
                && flow.towards[.pv] == .kilowatts(10))
        let whole = EnergyFlow(
            grid: .kilowatts(20), pv: .kilowatts(-30), building: nil, storage: .kilowatts(5),
            vehicles: .kilowatts(-10))
        // 20 from the grid, 30 from the roof, 10 from vehicles, 5 into the battery.
        #expect(whole.towards[.building] == .kilowatts(-55))
    }
}

extension Browser {
    fileprivate static func park(_ language: String) -> Browser {
        Browser(over: FakePlatform(PreviewPark.state()) { PreviewCommunity.evening }).with([
            "accept-language": language
        ])
    }
}
