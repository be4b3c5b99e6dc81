import Assets
import Charging
import GridDispatch
import OCPPMessages
import Quantities
import Testing

@testable import Operations

/// Limits that others than the platform set stations (2.x K11 to K14).
@Suite("Limits from outside") struct OutsideLimitTests {
    private static let id = StationID("P1")

    /// A pile of some EVSEs of 7 kW under a node of 30 kW; `charging` of them charge.
    private static func street(evses: Int = 1, charging: Int = 1) -> Dialogue {
        var d = Dialogue()
        d.order(.putSite(Site(id: SiteID("S"), name: "Community", tariffs: [])))
        d.order(.putNode(GridNode(id: NodeID("N"), site: SiteID("S"), limit: .kilowatts(30))))
        var change = StationChange()
        change.site = .some(SiteID("S"))
        change.node = .some(NodeID("N"))
        d.order(.putStation(id, change))
        come(&d, evses: evses)
        for n in 1...max(1, charging) where n <= charging { plug(&d, n) }
        pass(&d, .minutes(3))
        return d
    }

    private static func come(_ d: inout Dialogue, evses: Int = 1) {
        d.connect("P1", .v201)
        d.say("P1", "BootNotification", #"{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M"}}"#)
        for n in 1...evses {
            d.say(
                "P1", "StatusNotification",
                #"{"timestamp":"\#(d.now)","connectorStatus":"Occupied","evseId":\#(n),"connectorId":1}"#)
        }
        pass(&d, .seconds(30))
    }

    private static func plug(_ d: inout Dialogue, _ evse: Int) {
        d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"Started","timestamp":"\#(d.now)","triggerReason":"CablePluggedIn","seqNo":0,"transactionInfo":{"transactionId":"tx\#(evse)","chargingState":"Charging"},"evse":{"id":\#(evse),"connectorId":1}}"#
        )
        d.pass(.seconds(1))
    }

    /// Time passes, and the station takes everything.
    private static func pass(_ d: inout Dialogue, _ duration: Duration) {
        let end = d.now + duration
        while d.now < end {
            d.pass(.seconds(1))
            while d.answer("P1", "GetVariables", #"{"getVariableResult":[\#(variable)]}"#) != nil {}
            while d.answer("P1", "SetVariables", #"{"setVariableResult":[\#(variable)]}"#) != nil {}
            d.answerCalls()
        }
    }
    private static let variable =
        #"{"attributeStatus":"Accepted","component":{"name":"SmartChargingCtrlr"},"variable":{"name":"Enabled"}}"#

    /// Amperes from seconds on.
    private static func limited(
        _ d: inout Dialogue, evse: Int? = nil, source: String = "EMS", _ amperes: (Int, Int)...,
        isCritical: Bool = false,
        more: String = ""
    ) {
        let periods = amperes.map { #"{"startPeriod":\#($0.0),"limit":\#($0.1),"numberPhases":1}"# }
            .joined(separator: ",")
        let schedule =
            amperes.isEmpty
            ? ""
            : #","chargingSchedule":[{"id":1,"chargingRateUnit":"A","chargingSchedulePeriod":[\#(periods)]\#(more)}]"#
        let place = evse.map { #","evseId":\#($0)"# } ?? ""
        d.say(
            "P1", "NotifyChargingLimit",
            #"{"chargingLimit":{"chargingLimitSource":"\#(source)","isGridCritical":\#(isCritical)}\#(schedule)\#(place)}"#
        )
    }
    private static func cleared(_ d: inout Dialogue, evse: Int? = nil, source: String = "EMS") {
        let place = evse.map { #","evseId":\#($0)"# } ?? ""
        d.say("P1", "ClearedChargingLimit", #"{"chargingLimitSource":"\#(source)"\#(place)}"#)
    }

    private static func setpoint(_ d: Dialogue, _ evse: Int = 1) -> Int64? { d.evse("P1", evse)?.setpoint?.watts }
    /// Amperes of 220 V.
    private static func holds(_ d: Dialogue, _ amperes: Int64, evse: Int = 1) -> Bool {
        setpoint(d, evse) == amperes * 220
    }
    private static func told(_ d: Dialogue) -> [String] {
        (d.core.stationView(id)?.outsideLimits ?? []).map { "\($0.evse) \($0.source)" }
    }

    @Test func `the setpoint falls to it, says why, and returns`() throws {
        var d = Self.street()
        let before = try #require(Self.setpoint(d))
        #expect(before > 4000)
        Self.limited(&d, (0, 8))
        #expect(Self.told(d) == ["0 EMS"])
        Self.pass(&d, .minutes(2))
        #expect(Self.holds(d, 8))
        Self.limited(&d, source: "SO", (0, 6))
        Self.pass(&d, .minutes(2))
        #expect(Self.holds(d, 6) && Self.told(d) == ["0 EMS", "0 SO"], "the lowest of all counts")
        // A repeat and a newer word of one source are one limit.
        Self.limited(&d, source: "SO", (0, 20))
        Self.limited(&d, source: "SO", (0, 20))
        Self.pass(&d, .minutes(2))
        #expect(Self.holds(d, 8) && Self.told(d).count == 2)
        Self.cleared(&d)
        Self.cleared(&d, source: "SO")
        Self.cleared(&d, source: "SO")
        Self.pass(&d, .minutes(2))
        #expect(Self.setpoint(d) == before && Self.told(d).isEmpty && d.disk.outsideLimits[Self.id] == [])
    }

    @Test func `it holds by its schedule, and over restarts of either side`() {
        var d = Self.street()
        Self.limited(&d, evse: 1, (0, 16), (600, 6), more: #","duration":1200"#)
        Self.pass(&d, .minutes(1))
        #expect(Self.holds(d, 16))
        d.restart()
        Self.come(&d)
        Self.pass(&d, .minutes(3))
        #expect(Self.setpoint(d) ?? .max <= 16 * 220 && Self.told(d) == ["1 EMS"])
        #expect(d.core.stationView(Self.id)?.outsideLimits.first?.mayBeLost == true)
        Self.pass(&d, .minutes(7))
        #expect(Self.holds(d, 6))
        Self.pass(&d, .minutes(12))
        #expect(Self.setpoint(d) ?? 0 > 16 * 220, "its schedule is over")
    }

    @Test func `the plan promises no more than it leaves in each of its slots`() throws {
        var d = Self.street()
        let start = d.now
        Self.limited(&d, (0, 16), (3600, 6))
        Self.pass(&d, .minutes(2))
        let plan = try #require(d.core.plan(of: SiteID("S")))
        let stay = try #require(plan.stays.first)
        #expect(stay.setpoints.contains { $0 > .zero })
        for (t, power) in stay.setpoints.enumerated() {
            let slot = plan.start + plan.step * t
            let most: Int64 = slot + plan.step <= start + .hours(1) ? 16 * 220 : 6 * 220
            #expect(power.watts <= most, "slot \(t)")
        }
        #expect(plan.nodes.map(\.node) == [NodeID("N")], "it is no node of the grid")
    }

    @Test func `the limit of a station bounds the sum of its EVSEs`() {
        var d = Self.street(evses: 2, charging: 2)
        Self.limited(&d, (0, 20))
        Self.pass(&d, .minutes(2))
        #expect(Self.holds(d, 10, evse: 1) && Self.holds(d, 10, evse: 2))
        // Too low for both: the one that came first charges.
        Self.limited(&d, (0, 10))
        Self.pass(&d, .minutes(2))
        #expect(Self.holds(d, 10, evse: 1) && Self.holds(d, 0, evse: 2))
        // One of an EVSE binds it alone.
        Self.cleared(&d)
        Self.limited(&d, evse: 2, source: "Other", (0, 8))
        Self.pass(&d, .minutes(2))
        #expect(Self.setpoint(d, 1) ?? 0 > 4000 && Self.holds(d, 8, evse: 2))
    }

    @Test func `additional power is no limit, and one without a number holds nobody back`() {
        var d = Self.street()
        let before = Self.setpoint(d)
        Self.limited(&d)
        Self.pass(&d, .minutes(2))
        #expect(Self.setpoint(d) == before && Self.told(d) == ["0 EMS"])
        let limit = OutsideLimit(
            HeldProfile(
                id: 0, evse: 0, purpose: HeldProfile.fromOutside, level: 0, kind: "Absolute",
                schedules: [
                    .init(unit: "W", startsAt: nil, duration: nil, periods: [.init(start: 0, limit: 1, phases: nil)])
                ],
                source: "Other"), isLocalGeneration: true, since: d.now, at: d.now)
        #expect(limit.limit(at: d.now, voltage: 220, phases: 1) == nil)
    }

    @Test func `a grid in danger is an alarm until all is clear, also over a restart`() {
        var d = Self.street()
        func isAlarmed() -> Bool { d.core.activeAlarms.contains { $0.code == "outside-limit-critical" } }
        Self.limited(&d, (0, 10))
        #expect(!isAlarmed())
        Self.limited(&d, source: "SO", (0, 10), isCritical: true)
        #expect(isAlarmed())
        d.restart()
        Self.come(&d)
        Self.pass(&d, .minutes(16))
        #expect(isAlarmed(), "nobody ended it")
        Self.cleared(&d, source: "SO")
        #expect(!isAlarmed() && Self.told(d) == ["0 EMS"])
    }

    @Test func `a report tells how much it is, and that it is over`() {
        var d = Self.street()
        Self.limited(&d, evse: 1)
        func report(_ number: Int, _ profiles: String) {
            d.order(
                .command(
                    Self.id, action: "GetChargingProfiles",
                    payload: Array(
                        #"{"requestId":\#(number),"chargingProfile":{"chargingProfilePurpose":"ChargingStationExternalConstraints"}}"#
                            .utf8), timeout: .seconds(30)))
            d.answer("P1", "GetChargingProfiles", #"{"status":"\#(profiles.isEmpty ? "NoProfiles" : "Accepted")"}"#)
            guard !profiles.isEmpty else { return }
            d.say(
                "P1", "ReportChargingProfiles",
                #"{"requestId":\#(number),"chargingLimitSource":"EMS","evseId":1,"chargingProfile":[\#(profiles)]}"#)
        }
        func profile(_ number: Int, level: Int, amperes: Int) -> String {
            #"{"id":\#(number),"stackLevel":\#(level),"chargingProfilePurpose":"ChargingStationExternalConstraints","chargingProfileKind":"Absolute","chargingSchedule":[{"id":1,"startSchedule":"\#(d.now)","chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":\#(amperes)}]}]}"#
        }
        d.pass(.seconds(1))
        report(1, "")
        #expect(Self.told(d) == ["1 EMS"], "not every station tells them as profiles")
        report(2, profile(8, level: 0, amperes: 7) + "," + profile(9, level: 1, amperes: 9))
        Self.pass(&d, .minutes(2))
        #expect(Self.holds(d, 9) && d.core.stationView(Self.id)?.profileDifferences == 0)
        d.pass(.seconds(1))
        report(3, "")
        #expect(Self.told(d).isEmpty)
    }

    @Test func `the station's own reckoning is held against the lower of both`() throws {
        var d = Self.street()
        Self.limited(&d, (0, 8))
        // Set far above, the platform's own limit would not show it; the one from outside does.
        let limits = try #require(d.core.limits(of: Self.id)?.first)
        #expect(limits.outside.map(\.source) == ["EMS"])
        var asked: String?
        for _ in 0..<600 where asked == nil {
            d.pass(.seconds(1))
            if let call = d.calls.first(where: { $0.action == "GetCompositeSchedule" }) {
                asked = String(decoding: call.payload, as: UTF8.self)
                d.settle(
                    call,
                    .answered(
                        payload: Array(
                            #"{"status":"Accepted","schedule":{"evseId":1,"duration":3600,"scheduleStart":"\#(d.now)","chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":32,"numberPhases":1}]}}"#
                                .utf8)))
            }
            d.answerCalls()
        }
        #expect(asked != nil)
        let comparison = try #require(d.core.limits(of: Self.id)?.first?.comparison)
        #expect(comparison.verdict == .allowsMore && comparison.differences.allSatisfy { $0.ours.watts <= 8 * 220 })
    }

    @Test func `a peer that names ever new sources keeps no more than so many`() {
        var d = Self.street()
        for n in 0..<60 {
            d.pass(.seconds(1))
            Self.limited(&d, evse: n % 3, source: "S\(n / 3)", (0, 10))
        }
        #expect(Self.told(d).count == OutsideLimit.most && Self.told(d).contains("2 S19"))
        #expect(d.disk.outsideLimits[Self.id]?.count == OutsideLimit.most)
        Self.limited(&d, evse: 4000, (0, 1))
        #expect(Self.told(d).count == OutsideLimit.most)
        d.order(.deleteStation(Self.id))
        #expect(d.disk.outsideLimits[Self.id] == nil && d.disk.profiles[Self.id] == nil)
    }
}
