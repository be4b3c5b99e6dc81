import Assets
import Charging
import OCPPMessages
import Quantities
import Testing

@testable import Operations

/// Vehicles that say themselves what they need (ISO 15118: OCPP 2.x K15 to K17).
@Suite("Vehicles that speak") struct VehicleTests {
    /// One pile of 7 kW under a node of 12 kW, charging.
    private static func street(_ version: OCPPVersion = .v201, sited: Bool = true) -> Dialogue {
        var d = Dialogue()
        if sited {
            d.order(.putSite(Site(id: SiteID("S"), name: "Community", tariffs: [])))
            d.order(.putNode(GridNode(id: NodeID("N"), site: SiteID("S"), limit: .kilowatts(12))))
            var change = StationChange()
            change.site = .some(SiteID("S"))
            change.node = .some(NodeID("N"))
            d.order(.putStation(StationID("P1"), change))
        }
        d.token("T1")
        d.connect("P1", version)
        d.say("P1", "BootNotification", #"{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M"}}"#)
        d.pass(.seconds(30), answering: true)
        d.say(
            "P1", "TransactionEvent",
            #"{"eventType":"Started","timestamp":"\#(d.now)","triggerReason":"Authorized","seqNo":0,"transactionInfo":{"transactionId":"tx","chargingState":"Charging"},"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"T1","type":"ISO14443"}}"#
        )
        pass(&d, .minutes(2))
        return d
    }

    /// Time passes, and everything is accepted. What was set of the transaction.
    @discardableResult private static func pass(_ d: inout Dialogue, _ duration: Duration) -> [V2.ChargingProfile] {
        var profiles: [V2.ChargingProfile] = []
        let end = d.now + duration
        while d.now < end {
            d.pass(.seconds(1))
            for call in d.calls {
                guard
                    case .success(.setChargingProfile(let set)) = V2.Request.decode(
                        V2.Action(rawValue: call.action) ?? .heartbeat, payload: call.payload.span, in: .v201
                    ).result, set.chargingProfile.chargingProfilePurpose == .txProfile
                else { continue }
                profiles.append(set.chargingProfile)
            }
            d.answerCalls()
        }
        return profiles
    }

    private static func needs(_ d: inout Dialogue, wattHours: Int = 14_000, departure: Duration = .hours(5)) -> String?
    {
        d.say(
            "P1", "NotifyEVChargingNeeds",
            #"{"evseId":1,"maxScheduleTuples":3,"chargingNeeds":{"requestedEnergyTransfer":"AC_single_phase","departureTime":"\#(d.now + departure)","acChargingParameters":{"energyAmount":\#(wattHours),"evMinCurrent":6,"evMaxCurrent":32,"evMaxVoltage":230}}}"#
        )
    }

    private static func schedule(_ d: inout Dialogue, amperes: [(Int, String)]) -> String? {
        let periods = amperes.map { #"{"startPeriod":\#($0.0),"limit":\#($0.1),"numberPhases":1}"# }
            .joined(separator: ",")
        return d.say(
            "P1", "NotifyEVChargingSchedule",
            #"{"timeBase":"\#(d.now)","evseId":1,"chargingSchedule":{"id":1,"duration":240,"chargingRateUnit":"A","chargingSchedulePeriod":[\#(periods)]}}"#
        )
    }

    @Test(arguments: [OCPPVersion.v201, .v21])
    func `its needs are those of the session, and its limit comes after the answer`(
        version: OCPPVersion
    ) throws {
        var d = Self.street(version)
        Self.pass(&d, .minutes(1))
        let departure = d.now + .hours(5)
        #expect(Self.needs(&d)?.contains("Accepted") == true)
        #expect(d.calls.isEmpty, "the answer comes first")
        let needs = try #require(d.disk.sessions.values.first?.needs)
        #expect(needs.statedBy == Needs.vehicle && needs.departure == departure)
        #expect(needs.energy == .kilowattHours(14))
        let set = Self.pass(&d, .seconds(3))
        #expect(set.map(\.transactionId) == ["tx"], "once, although the limit is as it was")
        #expect(Self.pass(&d, .seconds(60)).isEmpty)
        // It asks again: it is told again.
        #expect(Self.needs(&d)?.contains("Accepted") == true)
        #expect(Self.pass(&d, .seconds(3)).count == 1)
    }

    @Test func `what a person stated stays`() throws {
        var d = Self.street()
        let session = try #require(d.disk.sessions.values.first)
        let stated = Needs(
            departure: d.now + .hours(2), energy: .kilowattHours(3), minimum: nil, chargeNow: false, statedBy: "wang",
            statedAt: d.now)
        d.order(.setNeeds(session.id, stated))
        #expect(Self.needs(&d)?.contains("Accepted") == true)
        #expect(d.session(session.id.value)?.needs == stated)
        #expect(Self.pass(&d, .seconds(3)).count == 1)
    }

    @Test func `without a site nobody limits it, and without a transaction nothing is kept`() {
        var alone = Self.street(sited: false)
        #expect(Self.needs(&alone)?.contains("Rejected") == true)
        var idle = Self.street()
        idle.say(
            "P1", "TransactionEvent",
            #"{"eventType":"Ended","timestamp":"\#(idle.now)","triggerReason":"EVDeparted","seqNo":1,"transactionInfo":{"transactionId":"tx"}}"#
        )
        #expect(Self.needs(&idle)?.contains("Rejected") == true)
        #expect(idle.disk.sessions.values.first?.needs == nil)
    }

    @Test func `absurd needs are none`() throws {
        var d = Self.street()
        #expect(Self.needs(&d, wattHours: 2_000_000_000, departure: .zero)?.contains("Accepted") == true)
        let needs = try #require(d.disk.sessions.values.first?.needs)
        #expect(needs.energy == nil && needs.departure == nil)
    }

    @Test func `a schedule above its limit is rejected and the limit told again, one within it accepted`() throws {
        var d = Self.street()
        _ = Self.needs(&d)
        let set = try #require(Self.pass(&d, .seconds(3)).last)
        let limit = try #require(set.chargingSchedule.first?.chargingSchedulePeriod.first?.limit)
        let amperes = try #require(limit.scaled(by: 1))
        #expect(Self.schedule(&d, amperes: [(0, "\(amperes / 10).\(amperes % 10)")])?.contains("Accepted") == true)
        #expect(Self.pass(&d, .seconds(30)).isEmpty)
        #expect(Self.schedule(&d, amperes: [(0, "6"), (120, "99")])?.contains("Rejected") == true)
        #expect(Self.pass(&d, .seconds(3)).count == 1)
        // What lies behind its end was never limited.
        #expect(Self.schedule(&d, amperes: [(0, "6"), (3600, "99")])?.contains("Accepted") == true)
    }
}
