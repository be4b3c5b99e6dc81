import Assets
import Charging
import ConsoleSupport
import Operations
import Quantities
import Testing

@testable import Console

/// Forms for what before only the API could say of money and batteries.
@Suite("Forms of money") struct MoneyFormTests {
    let browser = Browser(open: true)
    private static let site = SiteID("jingyuan")

    private func post(_ form: String, _ path: String, from page: String = "/sites/jingyuan") async -> Browser.Answer {
        await browser.post(form: "csrf=\(await browser.csrf(page))&\(form)", to: path)
    }
    private func site() -> Site? { browser.platform.read { $0.sites[Self.site] } }

    @Test func `a service fee is added, replaced on its day, and removed`() async throws {
        let path = "/sites/jingyuan/service-fees"
        for wrong in ["from=2026-01-01", "from=2026-01-01&yuan_kwh=-1", "from=soon&yuan_kwh=0.3", "yuan_kwh=0.0000001"]
        {
            let answer = await post(wrong, path)
            #expect(answer.status == 400 && answer.text.contains("aria-invalid=\"true\""), "\(wrong)")
        }
        let typed = await post("from=2026-01-01&yuan_kwh=much", path)
        #expect(typed.text.contains("value=\"much\"") && typed.text.contains("is no number from 0 to 100"))
        #expect(site()?.serviceFees.isEmpty ?? false)
        for (day, price) in [("2026-03-01", "0.5"), ("2026-01-01", "0.3"), ("2026-03-01", "0.45")] {
            #expect(await post("from=\(day)&yuan_kwh=\(price)", path).status == 303)
        }
        let day = try #require(CivilDay("2026-01-01"))
        #expect(site()?.serviceFees.map(\.price) == [Rational(3) / Rational(10), Rational(45) / Rational(100)])
        #expect(site()?.serviceFee(on: day) == Rational(3) / Rational(10))
        #expect(await browser.get("/sites/jingyuan").text.contains("0.45"))
        #expect(await post("from=2026-03-01", path + "/remove").status == 303)
        #expect(site()?.serviceFees.count == 1)
        #expect(
            await post("local_cost=off&running_cost=on&settlement=net&demand_charge=on", "/sites/jingyuan/costs").status
                == 303)
        #expect(site()?.localCost == .off && site()?.tellsRunningCost == true && site()?.settlement == .net)
        #expect(site()?.paysDemand == true)
        #expect(await post("local_cost=sometimes", "/sites/jingyuan/costs").status == 400)
    }

    @Test func `terms of batteries are stated, changed field by field, and removed`() async {
        let path = "/sites/jingyuan/battery"
        let wrong = await post("chemistry=lead&value_yuan_per_kwh=600&round_trip=1.2", path)
        #expect(wrong.status == 400 && wrong.text.contains("lfp, nmc") && wrong.text.contains("from 0.001 to 1"))
        #expect(site()?.battery == nil)
        let whole = "chemistry=lfp&value_yuan_per_kwh=600&cycles=&consumption_kwh_per_100km=15&round_trip=0.865"
        #expect(await post(whole, path).status == 303)
        #expect(
            site()?.battery
                == BatteryTerms(
                    chemistry: .lfp, valuePerKilowattHour: 600_000_000, consumption: 150, roundTripPerMille: 865))
        #expect(await post("chemistry=nmc&value_yuan_per_kwh=0&cycles=2500", path).status == 303)
        #expect(site()?.battery == BatteryTerms(chemistry: .nmc, valuePerKilowattHour: 0, cycles: 2500))
        #expect(await post("", path + "/remove").status == 303)
        #expect(site()?.battery == nil)
    }

    @Test func `what a pile can give back is stated, and what it lost is shown`() async {
        let page = "/stations/JY-003"
        let wrong = await post("max_discharge_kw=lots", page + "/discharge-rating", from: page)
        #expect(wrong.status == 400 && wrong.text.contains("discharge-max_discharge_kw-problem"))
        func rating() -> Power? {
            browser.platform.read { $0.stations[StationID("JY-003")]?.station.electrical.maxDischarge }
        }
        #expect(await post("max_discharge_kw=60", page + "/discharge-rating", from: page).status == 303)
        #expect(rating() == .kilowatts(60))
        #expect(await post("max_discharge_kw=", page + "/discharge-rating", from: page).status == 303)
        #expect(rating() == nil)
        let viewer = await Browser().token("viewer").get("/sites/jingyuan")
        #expect(viewer.text.contains("id=\"fees\"") && !viewer.text.contains("/sites/jingyuan/battery"))
    }
}
