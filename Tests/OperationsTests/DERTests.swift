import Assets
import Charging
import OCPPMessages
import Operations
import Quantities
import Testing

/// Controls of the grid code in the core alone; `Tests/python/test_der.py` has them over sockets.
@Suite("Controls of the grid code") struct DERTests {
    private static let id = StationID("DER1")
    private static let curve = #"{"curveData":[{"x":100,"y":0},{"x":110,"y":-44.0}],"yUnit":"PctMaxVar"}"#

    private static func dialogue() -> Dialogue {
        var d = Dialogue { $0.bootPatience = .zero }
        d.connect("DER1", .v21)
        return d
    }

    private static func boot(_ d: inout Dialogue) {
        d.say("DER1", "BootNotification", #"{"chargingStation":{"vendorName":"V","model":"M"},"reason":"PowerUp"}"#)
        d.pass(.seconds(1))
    }

    @discardableResult private static func give(
        _ d: inout Dialogue, _ id: String, priority: Int = 1, in start: Int? = nil, for seconds: Int = 600,
        _ function: DERFunction = .voltVar, _ settings: String = curve, at target: DERTarget = .station(Self.id)
    ) -> Result<OrderResult, ServiceFault>? {
        let span = start.map { Interval(d.now + .seconds($0), d.now + .seconds($0 + seconds)) }
        return d.order(
            .der(
                .give(
                    id: id, function: function, priority: priority, span: span, settings: settings, target,
                    source: "test")))
    }

    private static func state(_ d: Dialogue, _ id: String) -> DERHolding.State? {
        d.core.derPicture(of: Self.id).flatMap { picture in
            picture[id].map { picture.state(of: $0, at: d.now) }
        }
    }

    private static func payload(_ d: inout Dialogue, _ action: String, _ answer: String) -> String? {
        d.answer("DER1", action, answer).map { String(decoding: $0.payload, as: UTF8.self) }
    }
    private static let yes = #"{"status":"Accepted"}"#

    // MARK: - Sending

    @Test func `a default goes out as the standard has it, and is what the station runs`() throws {
        var d = Self.dialogue()
        Self.give(&d, "D1")
        let sent = try #require(Self.payload(&d, "SetDERControl", Self.yes))
        #expect(
            sent
                == #"{"isDefault":true,"controlId":"D1","controlType":"VoltVar","curve":{"priority":1,"curveData":[{"x":100,"y":0},{"x":110,"y":-44}],"yUnit":"PctMaxVar"}}"#
        )
        #expect(Self.state(d, "D1") == .running)
        #expect(d.calls.isEmpty)
    }

    @Test func `only the winner is sent, and what gave way is taken back after it is there`() throws {
        var d = Self.dialogue()
        Self.give(&d, "low", priority: 5, in: 60)
        #expect(Self.payload(&d, "SetDERControl", Self.yes)?.contains(#""controlId":"low""#) == true)
        Self.give(&d, "high", priority: 2, in: 120)
        Self.give(&d, "lowest", priority: 9, in: 120)
        #expect(Self.state(d, "lowest") == .superseded && Self.state(d, "low") == .superseded)
        #expect(
            Self.payload(&d, "SetDERControl", #"{"status":"Accepted","supersededIds":["low"]}"#)?.contains("high")
                == true)
        #expect(Self.payload(&d, "ClearDERControl", Self.yes) == #"{"isDefault":false,"controlId":"low"}"#)
        #expect(d.calls.isEmpty && Self.state(d, "high") == .held)
        d.pass(.seconds(121))
        #expect(Self.state(d, "high") == .running)
        d.say("DER1", "NotifyDERStartStop", #"{"controlId":"high","started":true,"timestamp":"\#(d.now)"}"#)
        d.pass(.seconds(600))
        #expect(Self.state(d, "high") == .ended && d.calls.isEmpty)
    }

    @Test func `one that runs is not cut short by a higher one to come`() {
        var d = Self.dialogue()
        Self.give(&d, "low", priority: 5, in: 10)
        d.answer("DER1", "SetDERControl", Self.yes)
        d.pass(.seconds(11))
        Self.give(&d, "high", priority: 1, in: 60)
        d.answer("DER1", "SetDERControl", Self.yes)
        #expect(Self.state(d, "low") == .running && d.calls.isEmpty)
        d.pass(.seconds(61))
        #expect(Self.state(d, "low") == .superseded && Self.state(d, "high") == .running)
        #expect(Self.payload(&d, "ClearDERControl", Self.yes) == #"{"isDefault":false,"controlId":"low"}"#)
    }

    @Test func `what meets no other reaches the station at its turn, which would drop it before`() {
        var d = Self.dialogue()
        Self.give(&d, "morning", priority: 5, in: 30, for: 60)
        d.answer("DER1", "SetDERControl", Self.yes)
        Self.give(&d, "evening", priority: 0, in: 300, for: 60)
        Self.give(&d, "night", priority: 7, in: 600, for: 60)
        #expect(d.calls.isEmpty && Self.state(d, "evening") == .waiting)
        d.pass(.seconds(31))
        #expect(Self.payload(&d, "SetDERControl", Self.yes)?.contains("evening") == true)
        #expect(d.calls.isEmpty && Self.state(d, "night") == .waiting)
        d.pass(.seconds(335))
        #expect(Self.payload(&d, "SetDERControl", Self.yes)?.contains("night") == true)
    }

    @Test func `a refusal is shown with its word and frees what had given way`() {
        var d = Self.dialogue()
        Self.give(&d, "low", priority: 5, in: 60)
        d.answer("DER1", "SetDERControl", Self.yes)
        Self.give(&d, "high", priority: 2, in: 60)
        d.answer("DER1", "SetDERControl", #"{"status":"Rejected","statusInfo":{"reasonCode":"InvalidValue"}}"#)
        #expect(Self.state(d, "high") == .refused && d.core.derPicture(of: Self.id)?["high"]?.word == "InvalidValue")
        #expect(Self.state(d, "low") == .held && d.calls.isEmpty)
    }

    // MARK: - Checks

    @Test func `what the rules forbid is refused with the field and nothing is sent`() {
        func fields(_ result: Result<OrderResult, ServiceFault>?) -> [String] {
            guard case .failure(let fault)? = result else { return [] }
            return fault.fields.map(\.path)
        }
        var d = Self.dialogue()
        #expect(fields(Self.give(&d, "x", .voltVar, "{}")) == ["settings.curveData"])
        #expect(fields(Self.give(&d, "x", in: 60, .enterService, "{}")).contains("settings.highVoltage"))
        #expect(fields(Self.give(&d, "x", in: -700)) == ["start"])
        #expect(fields(Self.give(&d, String(repeating: "x", count: 37))) == ["id"])
        #expect(fields(Self.give(&d, "x", at: .site(SiteID("nowhere")))) == ["site"])
        #expect(
            fields(Self.give(&d, "x", .voltVar, #"{"curveData":[],"yUnit":"PctMaxVar"}"#)) == ["settings.curveData"])
        d.say(
            "DER1", "NotifyReport",
            #"{"requestId":1,"generatedAt":"\#(d.now)","seqNo":0,"reportData":[{"component":{"name":"DCDERCtrlr","evse":{"id":1}},"variable":{"name":"ModesSupported"},"variableAttribute":[{"value":"FreqDroop, LimitMaxDischarge"}]}]}"#
        )
        #expect(fields(Self.give(&d, "x")) == ["type"])
        #expect(d.calls.isEmpty && d.core.allDEROrders(at: d.now).isEmpty)
        let limit = Self.give(&d, "L", .limitMaxDischarge, #"{"pctMaxDischargePower":50.0}"#)
        #expect((try? limit?.get()) != nil && d.calls.count == 1)
        d.connect("OLD", .v16)
        #expect((try? Self.give(&d, "y", at: .station(StationID("OLD")))?.get()) == nil)
    }

    // MARK: - What lasts

    @Test func `after a kill the station says what it holds, and gets what it lacks`() throws {
        var d = Self.dialogue()
        for id in ["A", "B", "C"] {
            Self.give(&d, id, in: id == "A" ? 60 : id == "B" ? 900 : 2000)
        }
        d.answer("DER1", "SetDERControl", Self.yes)
        d.answer("DER1", "SetDERControl", Self.yes)
        // C is on its way when the platform dies: nobody knows whether it arrived.
        d.restart()
        #expect(Self.state(d, "C") == .sent && Self.state(d, "A") == .held)
        d.connect("DER1", .v21)
        Self.boot(&d)
        let asked = try #require(Self.payload(&d, "GetDERControl", Self.yes))
        let number = try #require(asked.split(separator: ":").last?.dropLast())
        func told(_ id: String, superseded: Bool = false) -> String {
            let control = d.core.derPicture(of: Self.id)?[id]?.control.span?.start ?? d.now
            return
                #"{"id":"\#(id)","curveType":"VoltVar","isDefault":false,"isSuperseded":\#(superseded),"curve":{"priority":1,"curveData":[{"x":100.0,"y":0},{"x":110,"y":-44}],"yUnit":"PctMaxVar","startTime":"\#(control)","duration":600.0}}"#
        }
        d.say("DER1", "ReportDERControl", #"{"requestId":\#(number),"tbc":true,"curve":[\#(told("A"))]}"#)
        #expect(d.calls.isEmpty)
        d.say(
            "DER1", "ReportDERControl",
            #"{"requestId":\#(number),"fixedVar":[{"id":"own","isDefault":true,"isSuperseded":false,"fixedVar":{"priority":3,"setpoint":10,"unit":"PctMaxVar"}}]}"#
        )
        let picture = try #require(d.core.derPicture(of: Self.id))
        #expect(picture.strangers.map(\.reported.control.id) == ["own"] && picture.toldAt == d.now)
        #expect(Self.state(d, "A") == .held)
        #expect(Self.payload(&d, "SetDERControl", Self.yes)?.contains(#""B""#) == true)
        #expect(Self.payload(&d, "SetDERControl", Self.yes)?.contains(#""C""#) == true)
        #expect(d.calls.isEmpty)
        let before = d.core.derPicture(of: Self.id)
        d.restart()
        #expect(d.core.derPicture(of: Self.id) == before)
    }

    @Test func `a station that was away when a control was withdrawn loses it when it is back`() {
        var d = Self.dialogue()
        Self.give(&d, "A", in: 60)
        d.answer("DER1", "SetDERControl", Self.yes)
        d.disconnect("DER1")
        d.order(.der(.withdraw("A")))
        #expect(Self.state(d, "A") == .ended && d.calls.isEmpty)
        d.connect("DER1", .v21)
        d.pass(.seconds(1))
        #expect(
            Self.payload(&d, "ClearDERControl", #"{"status":"NotFound"}"#) == #"{"isDefault":false,"controlId":"A"}"#)
        d.pass(.seconds(60))
        #expect(d.calls.isEmpty)
        // A week later nothing is left of it.
        d.now += .days(8)
        d.give(.tick)
        d.disconnect("DER1")
        d.connect("DER1", .v21)
        d.pass(.seconds(2))
        #expect(d.core.allDEROrders(at: d.now).isEmpty)
    }

    @Test func `an answer that does not come is made up for by asking what is there`() {
        var d = Self.dialogue()
        Self.give(&d, "A", in: 600)
        if let call = d.calls.first { d.settle(call, .timeout) }
        #expect(Self.state(d, "A") == .sent && d.calls.isEmpty)
        d.pass(.seconds(31))
        d.answer("DER1", "GetDERControl", #"{"status":"NotFound"}"#)
        #expect(Self.payload(&d, "SetDERControl", Self.yes)?.contains(#""A""#) == true)
        #expect(Self.state(d, "A") == .held)
    }

    @Test func `what is set by hand is a stranger, and cleared by hand one of ours comes back`() {
        var d = Self.dialogue()
        Self.give(&d, "A", in: 600)
        d.answer("DER1", "SetDERControl", Self.yes)
        d.order(
            .command(
                Self.id, action: "SetDERControl",
                payload: Array(
                    #"{"isDefault":true,"controlId":"hand","controlType":"FixedVar","fixedVar":{"priority":1,"setpoint":5,"unit":"PctMaxVar"}}"#
                        .utf8), timeout: .seconds(30)))
        d.answer("DER1", "SetDERControl", Self.yes)
        #expect(d.core.derPicture(of: Self.id)?.strangers.map(\.reported.control.id) == ["hand"])
        d.order(
            .command(
                Self.id, action: "ClearDERControl", payload: Array(#"{"isDefault":false}"#.utf8), timeout: .seconds(30))
        )
        d.answer("DER1", "ClearDERControl", Self.yes)
        #expect(Self.state(d, "A") == .waiting)
        d.pass(.seconds(1))
        #expect(Self.payload(&d, "SetDERControl", Self.yes)?.contains(#""A""#) == true && Self.state(d, "A") == .held)
        #expect(d.core.derPicture(of: Self.id)?.strangers.count == 1)
    }

    // MARK: - Alarms, limits

    @Test func `a control that takes over replaces the alarm, and the end ends it, also over a restart`() {
        var d = Self.dialogue()
        func alarms() -> [String] {
            d.core.activeAlarms.filter { $0.code == "station-der-alarm" }.map {
                "\($0.values["function"] ?? "") \($0.values["fault"] ?? "")"
            }
        }
        func tell(_ function: String, _ fault: String, ended: Bool = false) {
            d.say(
                "DER1", "NotifyDERAlarm",
                #"{"controlType":"\#(function)","gridEventFault":"\#(fault)","alarmEnded":\#(ended),"timestamp":"\#(d.now)"}"#
            )
        }
        tell("VoltWatt", "OverVoltage")
        tell("VoltWatt", "OverVoltage")
        #expect(alarms() == ["VoltWatt OverVoltage"])
        tell("HVMustTrip", "OverVoltage")
        #expect(alarms() == ["HVMustTrip OverVoltage"])
        d.restart()
        d.connect("DER1", .v21)
        d.pass(.minutes(20))
        #expect(alarms() == ["HVMustTrip OverVoltage"])
        tell("HVMustTrip", "OverVoltage", ended: true)
        #expect(alarms().isEmpty && d.disk.alarms.values.count { $0.code == "station-der-alarm" } == 2)
    }

    @Test func `a limit of discharging binds the plan, whether or not the station took it`() {
        var d = Self.dialogue()
        let evse = EVSEID(Self.id, 1)
        #expect(d.core.mostDischarge(evse, at: d.now) == nil)
        Self.give(&d, "L", in: 60, for: 60, .limitMaxDischarge, #"{"pctMaxDischargePower":25}"#)
        d.answer("DER1", "SetDERControl", #"{"status":"Rejected"}"#)
        #expect(d.core.mostDischarge(evse, at: d.now) == nil)
        // 7.04 kW: the rating that is assumed.
        #expect(d.core.mostDischarge(evse, at: d.now + .seconds(61)) == .watts(1_760))
        #expect(d.core.mostDischarge(evse, at: d.now + .seconds(120)) == nil)
    }

    @Test func `a plan counts on what controls leave in each of its slots`() {
        var d = Self.dialogue()
        let evse = EVSEID(Self.id, 1)
        func ceiling() -> [Double] { d.core.dischargeCeiling(evse, from: d.now, step: .minutes(15), count: 4) }
        #expect(ceiling() == [])
        // From the middle of the second slot to that of the third.
        Self.give(&d, "L", in: 1350, for: 900, .limitMaxDischarge, #"{"pctMaxDischargePower":25}"#)
        #expect(ceiling() == [.infinity, 1.76, 1.76, .infinity])
        // One that ends and another that begins within one slot.
        Self.give(&d, "M", in: 60, for: 60, .limitMaxDischarge, #"{"pctMaxDischargePower":0}"#)
        #expect(ceiling() == [0, 1.76, 1.76, .infinity])
    }
}
