import Assets
import Charging
import Quantities
import Testing

@testable import Operations

@Suite("Audit") struct AuditTests {
    @Test func `a token's mark is made by the digest that is handed in, whatever the token's case`() {
        let (here, there) = (TokenMarker { [7] + $0 }, TokenMarker { [0xF8] + $0 })
        #expect(here.mark(of: "04A2BC") == "#0730346132")
        #expect(here.mark(of: "04a2bc") == "#0730346132")
        #expect(there.mark(of: "04a2bc") == "#f830346132")
        #expect(here.mark(of: "14A2BC") != here.mark(of: "04A2BC"))
    }

    @Test func `a site's change names what differs from before, and a person's name is not copied`() throws {
        var d = Dialogue()
        var site = Site(id: SiteID("S"), name: "Yard")
        d.order(.putSite(site))
        #expect(d.disk.audit.last?.detail == "name, kind=community, zone=Asia/Shanghai")
        site.operatorName = "Li"
        site.tariffs = [.init(from: try #require(CivilDay("2026-01-01")), tariff: "cn/hubei/residential-charging")]
        d.order(.putSite(site))
        #expect(
            d.disk.audit.last?.detail == "tariffs=[cn/hubei/residential-charging from 2026-01-01], operator")
        d.order(.putSite(site))
        #expect(d.disk.audit.last?.detail == "")
    }

    @Test func `nodes, stations and tokens say what was set`() {
        var d = Dialogue()
        d.order(.putSite(Site(id: SiteID("S"), name: "Yard")))
        d.order(.putNode(GridNode(id: NodeID("N"), site: SiteID("S"), limit: .kilowatts(20))))
        d.order(.putNode(GridNode(id: NodeID("N"), site: SiteID("S"), limit: Power(watts: 15_500))))
        #expect(d.disk.audit.last?.detail == "limit_kw=15.5")
        var change = StationChange()
        change.node = NodeID("N")
        change.ownership = Ownership.public
        change.owner = "Li"
        d.order(.putStation(StationID("P"), change))
        #expect(d.disk.audit.last?.detail == "node=N, ownership=public, owner")
        d.order(.deleteStation(StationID("P")))
        #expect(d.disk.audit.last?.object == "P" && d.disk.audit.last?.detail == "node=N")
        d.order(.putIdToken(IdToken(value: "TAG", status: .accepted)))
        d.order(.putIdToken(IdToken(value: "TAG", status: .blocked)))
        let record = d.disk.audit.last
        #expect(record?.object == "#746167" && record?.detail == "status=Blocked")
    }

    @Test func `what a driver needs is named, not told`() throws {
        var d = Dialogue()
        d.boot("CP1")
        d.order(.putIdToken(IdToken(value: "TAG", status: .accepted)))
        d.start("CP1", tag: "TAG")
        let session = try #require(d.disk.sessions.keys.first)
        let needs = Needs(
            departure: d.now + .hours(9), energy: .kilowattHours(20), minimum: nil, chargeNow: true, statedBy: "driver",
            statedAt: d.now)
        d.order(.setNeeds(session, needs))
        #expect(d.disk.audit.last?.detail == "departure, energy_kwh, charge_now=true")
    }

    @Test func `a mode back to automatic keeps its reason`() {
        var d = Dialogue()
        d.order(.putSite(Site(id: SiteID("S"), name: "Yard")))
        d.order(.setMode(SiteID("S"), .manual(by: "wang", reason: "works")))
        #expect(d.disk.audit.last?.detail == "manual: works")
        d.order(.setMode(SiteID("S"), .auto, reason: "works are over"))
        #expect(d.disk.audit.last?.detail == "auto: works are over")
    }
}

@Suite("Facts nobody stated") struct UnstatedFactTests {
    @Test func `a new pile is nobody's and its rating is assumed until phases and current are stated`() {
        var d = Dialogue()
        func station() -> Station? { d.core.stationView(StationID("P"))?.station }
        d.order(.putStation(StationID("P"), StationChange()))
        #expect(station()?.ownership == nil && station()?.electrical.isAssumed == true)
        #expect(station()?.electrical.maxPower == Power(watts: 7040))
        var change = StationChange()
        change.maxCurrentMilliamperes = 32_000
        d.order(.putStation(StationID("P"), change))
        #expect(station()?.electrical.isAssumed == true)
        change = StationChange()
        change.phases = 1
        d.order(.putStation(StationID("P"), change))
        #expect(station()?.electrical.isAssumed == false)
    }

    @Test func `values that were read as assumed and sent back state nothing`() {
        var electrical = Station.Electrical()
        var change = StationChange()
        change.ratingIsAssumed = true
        change.phases = 1
        change.maxCurrentMilliamperes = 16_000
        electrical.apply(change)
        #expect(
            !electrical.phasesAreStated && electrical.currentIsStated && electrical.maxCurrentMilliamperes == 16_000)
    }

    @Test func `a price of discharging is no price of charging, nor the other way round`() throws {
        var d = Dialogue()
        let day = try #require(CivilDay("2026-01-01"))
        var site = Site(id: SiteID("S"), name: "Yard")
        site.tariffs = [.init(from: day, tariff: "cn/guangdong/v2g-discharge")]
        site.exportTariffs = [.init(from: day, tariff: "cn/hubei/residential-charging")]
        guard case .failure(let fault) = d.order(.putSite(site)) else {
            Issue.record("it was taken")
            return
        }
        #expect(fault.fields.map(\.path) == ["tariffs[0].tariff", "export_tariffs[0].tariff"])
    }
}
