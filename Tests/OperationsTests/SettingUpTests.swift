import Assets
import Charging
import GridDispatch
import Operations
import Quantities
import Testing

/// A pile that has no default profile yet may draw its rating when the platform dies. That is an alarm, but not while piles
/// have just come.
@Suite("Sites that are being set up") struct SettingUpTests {
    private func told(_ d: Dialogue) -> [Alarm] {
        d.disk.alarms.values.filter { $0.code == "offline-limit-not-guaranteed" }
    }

    @Test func `while piles that just came wait for their default profiles there is no alarm`() {
        var d = Dialogue()
        // 4 × 7.04 kW do not fit.
        d.community(piles: 4, limit: .kilowatts(20))
        d.pass(.minutes(6))
        #expect(d.core.offlineOutlook(of: SiteID("S"), at: d.now)?.violation != nil, "nothing holds them yet")
        #expect(told(d) == [])
        d.pass(.minutes(10), answering: true)
        #expect(d.core.offlineOutlook(of: SiteID("S"), at: d.now)?.violation == nil)
        #expect(told(d) == [])
    }

    @Test func `piles that never take one are an alarm in the end, and it ends with them`() {
        var d = Dialogue()
        d.community(piles: 4, limit: .kilowatts(20))
        let began = d.now
        d.pass(.minutes(13))
        let alarm = told(d).first
        #expect(told(d).count == 1 && alarm?.object == "N" && alarm?.priority == .high && alarm?.endedAt == nil)
        #expect(alarm.map { $0.since - began } ?? .zero <= .minutes(11))
        d.pass(.minutes(10), answering: true)
        #expect(told(d).count == 1 && told(d).first?.endedAt != nil)
    }

    @Test func `newcomers hide no danger of others`() {
        var d = Dialogue()
        // Alone it fits, so nothing is said of it though it takes no default profile.
        d.community(piles: 1, limit: .kilowatts(20))
        d.pass(.minutes(15))
        #expect(told(d) == [])
        d.order(.putNode(GridNode(id: NodeID("N"), site: SiteID("S"), limit: .kilowatts(5))))
        var change = StationChange()
        change.site = .some(SiteID("S"))
        change.node = .some(NodeID("N"))
        d.order(.putStation(StationID("P2"), change))
        d.boot("P2")
        let began = d.now
        d.pass(.minutes(4))
        #expect(told(d).count == 1)
        #expect(told(d).first.map { $0.since - began <= .minutes(3) } == true)
    }

    @Test func `one newcomer after the other does not put the alarm off for ever`() {
        var d = Dialogue()
        d.community(piles: 3, limit: .kilowatts(20))
        let began = d.now
        for number in 4...7 {
            d.pass(.minutes(5))
            var change = StationChange()
            change.site = .some(SiteID("S"))
            change.node = .some(NodeID("N"))
            d.order(.putStation(StationID("P\(number)"), change))
            d.boot("P\(number)")
        }
        #expect(told(d).count == 1)
        #expect(told(d).first.map { $0.since - began <= .minutes(13) } == true)
    }
}
