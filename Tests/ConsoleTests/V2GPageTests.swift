import ConsoleSupport
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
