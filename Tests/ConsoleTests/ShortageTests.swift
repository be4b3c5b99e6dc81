import Assets
import Charging
import ConsoleSupport
import GridDispatch
import Operations
import Quantities
import Testing

@testable import Console

@Suite("Shortages and repeats") struct ShortageTests {
    private func view(
        _ status: Session.Status, imported: Energy, wanted: Energy, undelivered: Energy, isForecast: Bool
    ) -> SessionView {
        let evse = EVSEID(StationID("P"), 1)
        var session = Session(
            id: Session.ID("S-1"), evse: evse, connector: 1, transactionID: "1", idToken: nil, startedAt: start,
            registerStart: nil)
        session.status = status
        session.imported = imported
        let stay = Plan.Stay(
            session: "S-1", evse: evse, setpoints: [], wanted: wanted, undelivered: undelivered, binding: [],
            isForecast: isForecast, departure: start + .hours(2))
        return SessionView(session: session, site: nil, plan: stay, planStart: start, planStep: .minutes(15))
    }
    private let start = PreviewCommunity.evening

    @Test func `an ended session lacks what its register lacks, whatever the last plan thought`() {
        func short(_ imported: Int64, _ undelivered: Int64, forecast: Bool = false) -> Energy? {
            view(
                .ended, imported: .wattHours(imported), wanted: .wattHours(3290), undelivered: .wattHours(undelivered),
                isForecast: forecast
            ).shortage
        }
        #expect(short(3290, 500) == nil)
        #expect(short(2290, 0) == .wattHours(1000))
        #expect(short(3250, 0) == nil)
        #expect(short(1000, 0, forecast: true) == nil)
        #expect(short(1000, 700, forecast: true) == .wattHours(700))
    }

    @Test func `a running session lacks what its plan leaves out`() {
        #expect(
            view(
                .active, imported: .zero, wanted: .kilowattHours(9), undelivered: .kilowattHours(2), isForecast: true
            ).shortage == .kilowattHours(2))
    }

    @Test func `an alarm that came and went is one line of the history, an active one its own`() async {
        let browser = Browser(empty: true, open: true)
        browser.platform.change { state in
            state.alarms = (1...4).map { k in
                Alarm(
                    id: Int64(k), priority: .medium, code: "site-meter-stale", site: nil, object: "T1",
                    values: ["last": (start + .minutes(k)).description], since: start + .minutes(k),
                    endedAt: k == 4 ? nil : start + .minutes(k) + .seconds(9))
            }
        }
        let page = await browser.get("/alarms?show=all").text
        #expect(page.split(separator: "<tr data-row>").count - 1 == 2)
        #expect(page.contains("3 times on this page"))
    }
}
