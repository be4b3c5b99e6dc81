import Assets
import Charging
import GridDispatch
import Quantities
import Testing

@testable import Operations

/// Profiles above the platform's own: limits of nodes and the driver's minimum go before whoever ordered them.
@Suite("Profiles above the platform's own") struct GoverningTests {
    private static func node(_ d: inout Dialogue, limit: Power, export: Power? = nil) {
        d.order(.putNode(GridNode(id: NodeID("N"), site: SiteID("S"), limit: limit, exportLimit: export)))
    }

    /// Every second, what flows and both registers.
    private static func meter(_ d: inout Dialogue, _ power: Int, imported: Int = 1_000, exported: Int = 0) {
        func value(_ number: Int, _ measurand: String, _ unit: String) -> String {
            #"{"value":\#(number),"measurand":"\#(measurand)","unitOfMeasure":{"unit":"\#(unit)"}}"#
        }
        let values = [
            value(max(0, power), "Power.Active.Import", "W"), value(max(0, -power), "Power.Active.Export", "W"),
            value(imported, "Energy.Active.Import.Register", "Wh"),
            value(exported, "Energy.Active.Export.Register", "Wh"),
        ]
        d.say(
            "P1", "MeterValues",
            #"{"evseId":1,"meterValue":[{"timestamp":"\#(d.now)","sampledValue":[\#(values.joined(separator: ","))]}]}"#
        )
    }

    private static func order(_ d: inout Dialogue, _ id: Session.ID, _ wish: OperationWish) -> String {
        V2XTests.fields(d.order(.v2x(.mode(id, wish, timeout: .seconds(30)))))
    }

    private static func isEnded(_ sent: [(action: String, payload: String)]) -> Bool {
        sent.contains {
            $0.action == "ClearChargingProfile" && $0.payload == #"{"chargingProfileId":7300001}"#
        }
    }

    private static let everyMode = "ChargingOnly,CentralSetpoint,CentralFrequency,ExternalLimits,Idle,LocalFrequency"

    @Test func `what a node leaves no room for is refused with the node, in both directions`() throws {
        var (d, id) = try V2XTests.bidirectional(modes: Self.everyMode)
        Self.node(&d, limit: .kilowatts(15), export: .kilowatts(4))
        V2XTests.pass(&d, .seconds(2))
        var limits = OperationWish(.externalLimits)
        limits.limit = .kilowatts(20)
        limits.dischargeLimit = .kilowatts(-3)
        #expect(Self.order(&d, id, limits).contains("limit: up to"))
        #expect(Self.order(&d, id, OperationWish(.externalLimits)).contains("node N leaves"), "all that the pile can")
        limits.limit = .kilowatts(12)
        limits.dischargeLimit = .kilowatts(-5)
        #expect(Self.order(&d, id, limits).contains("discharge_limit: up to 5.0 kW would be given back"))
        var answers = OperationWish(.localFrequency)
        answers.baseline = .zero
        answers.frequencyCurve = [
            .init(millihertz: 49_800, power: .kilowatts(-5)), .init(millihertz: 50_200, power: .kilowatts(3)),
        ]
        #expect(Self.order(&d, id, answers).contains("discharge_limit"))
        answers.frequencyCurve[0] = .init(millihertz: 49_800, power: .kilowatts(-3))
        #expect(Self.order(&d, id, answers) == "")
        V2XTests.pass(&d, .seconds(2))
        #expect(d.core.governed(0, 0, try V2XTests.session(d), at: d.now)?.range == .kilowatts(-3) ... .kilowatts(3))
        d.restart()
        #expect(d.core.governed(0, 0, try V2XTests.session(d), at: d.now)?.range == .kilowatts(-3) ... .kilowatts(3))
        // A limit that nobody named is what is left.
        d.connect("P1", .v21)
        #expect(Self.order(&d, id, OperationWish(.chargingOnly)) == "")
        V2XTests.pass(&d, .seconds(2))
        let charging = try #require(d.core.governed(0, 0, try V2XTests.session(d), at: d.now))
        #expect(charging.range.lowerBound == .zero)
        #expect(charging.range.upperBound > .kilowatts(12) && charging.range.upperBound <= .kilowatts(15))
        #expect(charging.until.map { $0 > d.now + .minutes(50) && $0 <= d.now + .hours(1) } == true)
        #expect(d.core.steering(0, 0, try V2XTests.session(d), isSure: true, at: d.now) == nil)
        #expect(d.core.steering(0, 0, try V2XTests.session(d), isSure: true, at: d.now + .hours(2)) != nil)
    }

    @Test func `priority charging gets what its node leaves`() throws {
        var (d, id) = try V2XTests.bidirectional()
        Self.node(&d, limit: .kilowatts(15))
        V2XTests.pass(&d, .seconds(2))
        let refused = d.order(.v2x(.priority(id, isOn: true, limit: .kilowatts(20), timeout: .seconds(30))))
        #expect(V2XTests.fields(refused).contains("node N leaves"))
        d.order(.v2x(.priority(id, isOn: true, limit: nil, timeout: .seconds(30))))
        let sent = V2XTests.pass(&d, .seconds(1)).first { $0.payload.contains("PriorityCharging") }
        let told = try #require(sent).payload
        #expect(told.contains(#""limit":22.0"#), "15 kW less the margin, at 660 V: \(told)")
        d.say("P1", "NotifyPriorityCharging", #"{"transactionId":"tx","activated":true}"#)
        let most = try #require(d.core.governed(0, 0, try V2XTests.session(d), at: d.now)).range.upperBound
        #expect(most > .kilowatts(12) && most <= .kilowatts(15))
    }

    @Test func `a mode that takes ends at the driver's minimum, and begins at none`() throws {
        var (d, id) = try V2XTests.bidirectional()
        var wish = OperationWish(.centralFrequency)
        wish.setpoint = .kilowatts(-4)
        wish.duration = .hours(2)
        #expect(Self.order(&d, id, wish) == "")
        V2XTests.pass(&d, .seconds(1))
        // The vehicle keeps 5 kWh less than it came with.
        for exported in [100, 2_000, 4_000] {
            Self.meter(&d, -4_000, exported: exported)
            #expect(!Self.isEnded(V2XTests.pass(&d, .seconds(5))), "at \(exported) Wh")
        }
        Self.meter(&d, -4_000, exported: 4_960)
        #expect(Self.isEnded(V2XTests.pass(&d, .seconds(2))))
        #expect(d.core.alarms.active.contains { $0.code == "profile-ended-at-floor" && $0.object == "P1/1" })
        #expect(d.core.governed(0, 0, try V2XTests.session(d), at: d.now) == nil)
        Self.meter(&d, 0, exported: 5_010)
        #expect(Self.order(&d, id, wish).contains("setpoint: the vehicle has no more than its driver leaves it"))
    }

    @Test func `a mode that its station let go while it was away is not reckoned with any more`() throws {
        func away(_ duration: Duration) throws -> DispatchInput.Governed? {
            var (d, id) = try V2XTests.bidirectional(modes: Self.everyMode)
            var wish = OperationWish(.externalLimits)
            wish.limit = .kilowatts(20)
            wish.dischargeLimit = .kilowatts(-6)
            #expect(Self.order(&d, id, wish) == "")
            V2XTests.pass(&d, .seconds(1))
            d.disconnect("P1")
            d.pass(duration)
            #expect(d.core.governed(0, 0, try V2XTests.session(d), at: d.now) != nil, "nobody knows meanwhile")
            d.connect("P1", .v21)
            V2XTests.pass(&d, .seconds(2))
            return d.core.governed(0, 0, try V2XTests.session(d), at: d.now)
        }
        #expect(try away(.seconds(40)) != nil)
        #expect(try away(.seconds(70)) == nil)
    }

    @Test func `a mode ends where its node is above its limit while it charges, and where too much flows out`() throws {
        var (d, id) = try V2XTests.bidirectional(modes: Self.everyMode)
        Self.node(&d, limit: .kilowatts(50), export: .kilowatts(10))
        var wish = OperationWish(.externalLimits)
        wish.limit = .kilowatts(20)
        wish.dischargeLimit = .kilowatts(-6)
        func flow(_ power: Int64) {
            d.give(
                .nodeReadings(request: 0, NodeID("N"), [NodeReading(at: d.now, power: .watts(power))], by: .platform))
        }
        func charges(_ power: Int, whole: Int64) -> Bool {
            Self.meter(&d, power)
            flow(whole)
            return Self.isEnded(V2XTests.pass(&d, .seconds(1)))
        }
        flow(1_000)
        #expect(Self.order(&d, id, wish) == "")
        V2XTests.pass(&d, .seconds(1))
        #expect(!charges(18_000, whole: 49_000))
        #expect(charges(18_000, whole: 51_000))
        #expect(d.core.alarms.active.contains { $0.code == "profile-ended-over-limit" && $0.values["node"] == "N" })
        // It rests for a while.
        for _ in 0..<40 { #expect(!charges(0, whole: 1_000)) }
        #expect(Self.order(&d, id, wish) == "")
        V2XTests.pass(&d, .seconds(1))
        #expect(!charges(-5_000, whole: -9_000))
        #expect(charges(-5_000, whole: -11_000))
        #expect(d.core.alarms.active.contains { $0.code == "profile-ended-over-export" })
        // Both are told until somebody has seen them.
        let over = try #require(d.core.alarms.active.first { $0.code == "profile-ended-over-limit" })
        d.order(.acknowledgeAlarm(over.id))
        #expect(!d.core.alarms.active.contains { $0.code == "profile-ended-over-limit" })
    }
}
