import Assets
import Charging
import GridDispatch
import Operations
import Quantities
import Testing

@Suite("Community") struct CommunityTests {
    private func settled(piles: Int = 2, limit: Power = .kilowatts(100)) -> Dialogue {
        var d = Dialogue()
        d.community(piles: piles, limit: limit)
        d.pass(.seconds(60), answering: true)
        return d
    }

    @Test func `first contact reads abilities, sets meter values and gives each pile a default limit`() {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(100))
        var asked: [String] = []
        for _ in 0..<60 {
            d.now += .seconds(1)
            d.give(.tick)
            asked += d.calls.map { $0.action + " " + String(decoding: $0.payload, as: UTF8.self).prefix(40) }
            d.answerCalls()
        }
        #expect(asked.contains { $0.hasPrefix("GetConfiguration") })
        #expect(asked.contains { $0.hasPrefix(#"ChangeConfiguration {"key":"MeterValueSampleInterval""#) })
        #expect(asked.contains { $0.hasPrefix(#"ChangeConfiguration {"key":"MeterValuesSampledData""#) })
        #expect(asked.contains { $0.hasPrefix("SetChargingProfile") })
        let found = d.core.stationView(StationID("P1"))?.commissioning
        #expect(found?.rateUnit == "A" && found?.maxStackLevel == 9 && found?.maxPeriods == 24)
        #expect(found?.sampleInterval == 60)
        #expect(d.disk.settings.keys.contains { $0.hasPrefix("fallback/1/P1") })
    }

    @Test func `stations without a site are left alone`() {
        var d = Dialogue()
        d.boot("CP1")
        d.pass(.minutes(2))
        #expect(d.calls.isEmpty)
    }

    @Test func `an arrival is planned and the pile gets a setpoint that ends by itself`() throws {
        var d = settled(limit: .kilowatts(12))
        d.status("P1", "Preparing")
        d.start("P1", tag: "T1", meter: 0)
        d.status("P1", "Charging")
        d.order(
            .setNeeds(
                Session.ID("S-1"),
                Needs(
                    departure: d.now + .hours(8), energy: .kilowattHours(20), minimum: nil, chargeNow: false,
                    statedBy: "driver", statedAt: d.now)))
        d.pass(.seconds(40), answering: true)
        let plan = try #require(d.core.plan(of: SiteID("S")))
        let stay = try #require(plan.stay(of: "S-1"))
        #expect(stay.undelivered < .wattHours(10))
        #expect(plan.gap < 0.01)
        let evse = try #require(d.evse("P1"))
        #expect(evse.setpointState == "confirmed")
        let profile = d.disk.messages.last { record in
            record.direction == .outbound && String(decoding: record.text, as: UTF8.self).contains("TxProfile")
        }
        let text = String(decoding: try #require(profile).text, as: UTF8.self)
        let seconds = try #require(number(after: "\"duration\":", in: text))
        // Ten minutes, begun five minutes back for clocks that are behind.
        #expect(seconds <= 900 && seconds > 300)
    }

    @Test func `a price that nobody knows is told and makes no amount`() throws {
        var d = settled()
        let today = Zone.shanghai.civilDay(at: d.now)
        func prices(from first: CivilDay) throws -> Plan {
            let tariff = Site.TariffEntry(from: first, tariff: "cn/hubei/residential-charging")
            d.order(.putSite(Site(id: SiteID("S"), name: "Community", tariffs: [tariff])))
            d.pass(.seconds(30), answering: true)
            return try #require(d.core.plan(of: SiteID("S")))
        }
        func told() -> Alarm? { d.disk.alarms.values.first { $0.code == "prices-unknown" && $0.endedAt == nil } }
        #expect(try #require(d.core.plan(of: SiteID("S"))).objectiveYuan == nil, "no tariff")
        #expect(told() == nil, "a site may be planned by its limits alone")
        #expect(try prices(from: today.adding(days: 1)).objectiveYuan == nil)
        let plan = try #require(d.core.plan(of: SiteID("S")))
        #expect(told()?.values["from"] == plan.start.description)
        #expect(try prices(from: today).boundYuan != nil)
        #expect(told() == nil)
    }

    @Test func `stop-all holds every pile at nothing`() {
        var d = settled()
        d.start("P1", tag: "T1")
        d.status("P1", "Charging")
        d.pass(.seconds(30), answering: true)
        d.order(.setMode(SiteID("S"), .stopped(by: "wang", reason: "smoke")))
        d.pass(.seconds(30), answering: true)
        #expect(d.evse("P1")?.setpoint == .zero)
        #expect(d.disk.audit.last?.detail == "stopped: smoke")
    }

    @Test func `a pile that takes no profile is told to people and planned around`() {
        var d = settled()
        d.status("P1", "Preparing")
        let tx = d.start("P1", tag: "T1", meter: 0)
        d.status("P1", "Charging")
        d.order(.setEVSE(EVSEID(StationID("P1"), 1), paused: nil, limit: .some(.watts(2000)), chargeNow: nil))
        var wh = 0
        for _ in 0..<10 {
            d.pass(.seconds(60), answering: true)
            wh += 117
            d.meter("P1", wh: wh, watts: 7000, transaction: tx)
        }
        #expect(d.core.stationView(StationID("P1"))?.commissioning?.verdict == .doesNotFollow)
        #expect(d.disk.alarms.values.contains { $0.code == "station-does-not-follow" && $0.object == "P1/1" })
    }

    @Test func `a pile that obeys the test follows`() {
        var d = settled(piles: 1)
        d.status("P1", "Preparing")
        let tx = d.start("P1", tag: "T1", meter: 0)
        d.status("P1", "Charging")
        var wh = 0
        for _ in 0..<12 {
            d.pass(.seconds(60), answering: true)
            let allowed = d.evse("P1")?.setpoint ?? .watts(7000)
            wh += Int(allowed.watts) / 60
            d.meter("P1", wh: wh, watts: Int(allowed.watts), transaction: tx)
        }
        #expect(d.core.stationView(StationID("P1"))?.commissioning?.verdict == .follows)
    }

    @Test func `a vehicle that is full during the test proves nothing`() {
        var d = settled(piles: 1)
        d.status("P1", "Preparing")
        let tx = d.start("P1", tag: "T1", meter: 0)
        d.status("P1", "Charging")
        d.pass(.seconds(60), answering: true)
        d.meter("P1", wh: 117, watts: 7000, transaction: tx)
        for _ in 0..<12 {
            d.pass(.seconds(60), answering: true)
            d.meter("P1", wh: 117, watts: 0, transaction: tx)
        }
        #expect(d.core.stationView(StationID("P1"))?.commissioning?.verdict == .unknown)
    }

    @Test func `default limits and plans are known after a restart`() {
        var d = settled()
        d.start("P1", tag: "T1")
        d.status("P1", "Charging")
        d.pass(.seconds(30), answering: true)
        let plan = d.core.plan(of: SiteID("S"))
        d.restart()
        #expect(d.core.plan(of: SiteID("S")) == plan)
        #expect(d.evse("P1")?.session == Session.ID("S-1"))
        d.connect("P1")
        d.connect("P2")
        d.now += .seconds(1)
        d.give(.tick)
        #expect(d.core.plan(of: SiteID("S")).map { $0.id > plan!.id } == true, "numbers of plans go on")
    }

    @Test func `each minute the curve gets a point, with gaps where the meter is silent`() {
        var d = settled()
        let readings = { (d: Dialogue) in [NodeReading(at: d.now, power: .kilowatts(30))] }
        for _ in 0..<120 {
            d.pass(.seconds(1), answering: true)
            d.give(.nodeReadings(request: 900, NodeID("N"), readings(d), by: .platform))
        }
        d.pass(.minutes(3), answering: true)
        let measured = d.disk.points.suffix(5).map { $0.measured }
        #expect(measured.prefix(2).contains(.kilowatts(30)))
        #expect(measured.last == .some(nil))
        #expect(d.disk.points.last?.baseIsStale == true)
        #expect(Set(d.disk.points.map(\.at)).count == d.disk.points.count)
    }

    @Test func `what the meter recorded before the platform came teaches the base load`() throws {
        var d = Dialogue()
        d.community(piles: 1, limit: .kilowatts(100))
        let history = (0..<(14 * 96)).map { quarter -> NodeReading in
            let at = d.now - .days(14) + .minutes(15 * quarter)
            let hour = Zone.shanghai.millisecondOfDay(at: at) / 3_600_000
            return NodeReading(at: at, power: .kilowatts(hour < 6 ? 5 : 20))
        }
        d.give(.nodeReadings(request: 901, NodeID("N"), history, by: .platform))
        d.pass(.minutes(1), answering: true)
        let plan = try #require(d.core.plan(of: SiteID("S")))
        let base = try #require(plan.nodes.first { $0.node == NodeID("N") }).base
        #expect(Set(base.map(\.watts)).isSuperset(of: [5_000, 20_000]), "\(base)")
    }

    @Test func `readings of an unknown node, of the future and beyond reason are refused`() {
        var d = settled()
        func refused(_ node: String, _ reading: NodeReading) -> ServiceFault? {
            d.give(.nodeReadings(request: 77, NodeID(node), [reading], by: .platform))
            for case .answer(77, .failure(let fault)) in d.last { return fault }
            return nil
        }
        #expect(refused("X", NodeReading(at: d.now, power: .zero))?.kind == .notFound)
        #expect(refused("N", NodeReading(at: d.now + .hours(1), power: .zero))?.fields.first?.path == "[0].at")
        #expect(refused("N", NodeReading(at: d.now, power: .watts(.max)))?.fields.first?.path == "[0].kw")
        #expect(refused("N", NodeReading(at: d.now, power: .watts(1000))) == nil)
    }

    @Test func `what hangs together is not torn apart`() {
        var d = settled()
        func code(_ order: Order) -> String? {
            if case .failure(let fault) = d.order(order) { return fault.code }
            return nil
        }
        #expect(code(.deleteSite(SiteID("S"))) == "site-has-stations")
        #expect(code(.deleteNode(NodeID("N"))) == "node-has-stations")
        #expect(code(.putNode(GridNode(id: NodeID("N"), parent: NodeID("N"), site: SiteID("S")))) == "node-invalid")
        #expect(code(.putNode(GridNode(id: NodeID("M"), parent: NodeID("N"), site: SiteID("S")))) == nil)
        #expect(code(.putNode(GridNode(id: NodeID("N"), parent: NodeID("M"), site: SiteID("S")))) == "node-invalid")
        #expect(code(.deleteNode(NodeID("N"))) == "node-has-children")
        var change = StationChange()
        change.site = .some(SiteID("nowhere"))
        change.phases = 2
        #expect(
            code(.importStations([(StationID("A"), StationChange()), (StationID("B"), change)])) == "station-invalid")
        #expect(d.core.stationView(StationID("A")) == nil, "all or nothing")
        #expect(code(.deleteStation(StationID("P1"))) == nil)
        #expect(d.core.stationView(StationID("P1")) == nil)
        #expect(d.core.stationView(StationID("P2"))?.online == true)
    }
}
