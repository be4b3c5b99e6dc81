import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities
import Testing

/// Monitors, what they see, and what a station tells of customers (2.x block N).
@Suite("Monitoring") struct MonitoringTests {
    private static let id = StationID("CP1")

    private static func dialogue(_ version: OCPPVersion = .v201) -> Dialogue {
        var d = Dialogue()
        d.connect("CP1", version)
        return d
    }

    private static func setMonitor(_ d: inout Dialogue, severity: Int = 2, id number: Int = 7) {
        let wish = MonitorWish(
            name: VariableName(component: "ChargingStation", variable: "Temperature"), kind: "UpperThreshold",
            value: "75", severity: severity)
        d.order(.device(.setMonitors(id, [wish])))
        d.answer(
            "CP1", "SetVariableMonitoring",
            #"{"setMonitoringResult":[{"id":\#(number),"status":"Accepted","type":"UpperThreshold","severity":\#(severity),"component":{"name":"ChargingStation"},"variable":{"name":"Temperature"}}]}"#
        )
    }

    private static func event(
        _ number: Int, monitor: Int? = 7, trigger: String = "Alerting", cleared: Bool = false, value: String = "80"
    ) -> String {
        let by = monitor.map { #","variableMonitoringId":\#($0)"# } ?? ""
        return
            #"{"generatedAt":"2025-03-01T00:00:00Z","seqNo":0,"eventData":[{"eventId":\#(number),"timestamp":"2025-03-01T00:0\#(number):00Z","trigger":"\#(trigger)","actualValue":"\#(value)","cleared":\#(cleared),"eventNotificationType":"CustomMonitor","component":{"name":"ChargingStation"},"variable":{"name":"Temperature"}\#(by)}]}"#
    }

    private static func alarms(_ d: Dialogue) -> [String] {
        d.core.activeAlarms.map { "\($0.code) \($0.object)" }.sorted()
    }

    @Test func `TC_N_08, TC_N_49: an alert of a severe monitor is an alarm until it is cleared, over restarts`() throws
    {
        var d = Self.dialogue()
        Self.setMonitor(&d)
        #expect(d.disk.devices.monitors[Self.id]?[7]?.monitor.value == "75")
        d.restart()
        d.connect("CP1", .v201)
        #expect(d.say("CP1", "NotifyEvent", Self.event(1)) == "{}")
        // 2.0.1 does not say the severity: the monitor does.
        #expect(d.disk.devices.events.last?.event.severity == 2)
        #expect(Self.alarms(d) == ["station-monitor CP1/monitor 7"])
        d.restart()
        d.pass(.minutes(20))
        #expect(Self.alarms(d) == ["station-monitor CP1/monitor 7"], "it does not end because we were away")
        d.connect("CP1", .v201)
        d.say("CP1", "NotifyEvent", Self.event(2, cleared: true, value: "70"))
        #expect(Self.alarms(d) == [])
        let first = try #require(d.disk.devices.events.first)
        #expect(first.clearedBy == 2 && first.clearedAt == Instant("2025-03-01T00:02:00Z"))
    }

    @Test func `a repeat is one event, a mild or periodic one is no alarm, a delta ends when it is acknowledged`()
        throws
    {
        var d = Self.dialogue()
        Self.setMonitor(&d, severity: 5)
        d.say("CP1", "NotifyEvent", Self.event(1))
        d.say("CP1", "NotifyEvent", Self.event(1))
        #expect(d.disk.devices.events.count == 1 && Self.alarms(d) == [])
        Self.setMonitor(&d, severity: 1)
        d.say("CP1", "NotifyEvent", Self.event(2, trigger: "Periodic"))
        #expect(Self.alarms(d) == [])
        d.say("CP1", "NotifyEvent", Self.event(3, trigger: "Delta"))
        #expect(Self.alarms(d) == ["station-monitor-event CP1/monitor 7"])
        let alarm = try #require(d.core.activeAlarms.first)
        #expect(alarm.priority == .critical)
        d.order(.acknowledgeAlarm(alarm.id))
        #expect(Self.alarms(d) == [])
    }

    private static func report(_ request: Int, severity: Int) -> String {
        #"{"requestId":\#(request),"seqNo":0,"generatedAt":"2025-03-01T00:00:00Z","monitor":[{"component":{"name":"ChargingStation"},"variable":{"name":"Temperature"},"variableMonitoring":[{"id":31,"transaction":false,"value":75,"type":"UpperThreshold","severity":\#(severity)}]}]}"#
    }

    @Test(arguments: [(1, ["station-monitor CP1/monitor 31"]), (7, [])])
    func `an event of a monitor that nobody told us of makes the station say how grave it is, once`(
        severity: Int, expected: [String]
    ) throws {
        var d = Self.dialogue()
        #expect(d.say("CP1", "NotifyEvent", Self.event(1, monitor: 31)) == "{}")
        d.say("CP1", "NotifyEvent", Self.event(2, monitor: 31))
        #expect(d.calls.count { $0.action == "GetMonitoringReport" } == 1 && Self.alarms(d) == [])
        let answered = d.answer("CP1", "GetMonitoringReport", #"{"status":"Accepted"}"#)
        let asked = try #require(answered)
        let request = try #require(number(after: "\"requestId\":", in: String(decoding: asked.payload, as: UTF8.self)))
        d.say("CP1", "NotifyMonitoringReport", Self.report(request, severity: severity))
        #expect(Self.alarms(d) == expected)
        d.say("CP1", "NotifyEvent", Self.event(3, monitor: 31, cleared: true))
        #expect(Self.alarms(d) == [])
        #expect(!d.calls.contains { $0.action == "GetMonitoringReport" })
    }

    @Test func `what is over before the station has said how grave it was is no alarm`() throws {
        var d = Self.dialogue()
        d.say("CP1", "NotifyEvent", Self.event(1, monitor: 31))
        d.say("CP1", "NotifyEvent", Self.event(2, monitor: 31, cleared: true))
        let answered = d.answer("CP1", "GetMonitoringReport", #"{"status":"Accepted"}"#)
        let asked = try #require(answered)
        let request = try #require(number(after: "\"requestId\":", in: String(decoding: asked.payload, as: UTF8.self)))
        d.say("CP1", "NotifyMonitoringReport", Self.report(request, severity: 0))
        #expect(Self.alarms(d) == [])
    }

    @Test func `a monitor that is cleared takes its alarm along, and so does a base without it`() {
        var d = Self.dialogue()
        Self.setMonitor(&d)
        d.say("CP1", "NotifyEvent", Self.event(1))
        d.order(.device(.clearMonitors(Self.id, [7])))
        #expect(Self.alarms(d).count == 1, "not before the station says so")
        d.answer("CP1", "ClearVariableMonitoring", #"{"clearMonitoringResult":[{"status":"Accepted","id":7}]}"#)
        #expect(Self.alarms(d) == [] && d.disk.devices.monitors[Self.id]?.isEmpty == true)
        Self.setMonitor(&d)
        d.say("CP1", "NotifyEvent", Self.event(2))
        d.order(.device(.monitoringBase(Self.id, "FactoryDefault")))
        d.answer("CP1", "SetMonitoringBase", #"{"status":"Accepted"}"#)
        #expect(Self.alarms(d) == [] && d.disk.devices.monitors[Self.id]?.isEmpty == true)
        d.order(.device(.monitoringLevel(Self.id, 4)))
        d.answer("CP1", "SetMonitoringLevel", #"{"status":"Accepted"}"#)
        #expect(d.disk.devices.monitoring[Self.id]?.base == "FactoryDefault")
        #expect(d.disk.devices.monitoring[Self.id]?.level == 4)
        d.order(.device(.monitoringLevel(Self.id, 5)))
        d.answer("CP1", "SetMonitoringLevel", #"{"status":"Rejected"}"#)
        #expect(d.disk.devices.monitoring[Self.id]?.level == 4)
    }

    @Test func `TC_N_47: a report of all monitors is the picture, an empty one empties it`() {
        var d = Self.dialogue()
        Self.setMonitor(&d)
        d.now += .minutes(1)
        d.order(.device(.refreshMonitors(Self.id)))
        let payload = String(decoding: d.calls[0].payload, as: UTF8.self)
        let request = number(after: "\"requestId\":", in: payload) ?? -1
        d.answer("CP1", "GetMonitoringReport", #"{"status":"Accepted"}"#)
        func part(_ number: Int, _ monitor: Int, last: Bool) -> String {
            #"{"requestId":\#(request),"seqNo":\#(number),"tbc":\#(!last),"generatedAt":"2025-03-01T00:00:00Z","monitor":[{"component":{"name":"EVSE","evse":{"id":1}},"variable":{"name":"Power"},"variableMonitoring":[{"id":\#(monitor),"transaction":false,"value":6.5,"type":"Delta","severity":8}]}]}"#
        }
        d.say("CP1", "NotifyMonitoringReport", part(0, 1, last: false))
        #expect(d.disk.devices.monitors[Self.id]?.count == 2)
        d.say("CP1", "NotifyMonitoringReport", part(1, 2, last: true))
        #expect(d.disk.devices.monitors[Self.id]?.keys.sorted() == [1, 2])
        #expect(d.disk.devices.monitors[Self.id]?[1]?.monitor.name.text == "EVSE#1.Power")
        d.now += .minutes(1)
        d.order(.device(.refreshMonitors(Self.id)))
        d.answer("CP1", "GetMonitoringReport", #"{"status":"EmptyResultSet"}"#)
        #expect(d.disk.devices.monitors[Self.id]?.isEmpty == true)
    }

    @Test func `a flickering monitor fills no disk, and 1.6 has no monitors`() {
        var d = Self.dialogue()
        for n in 0..<700 {
            d.say(
                "CP1", "NotifyEvent", Self.event(1, value: "\(n)").replacing("\"eventId\":1", with: "\"eventId\":\(n)"))
        }
        #expect(d.disk.devices.events.count == 600)
        var old = Self.dialogue(.v16)
        guard case .failure(let fault) = old.order(.device(.refreshMonitors(Self.id))) else {
            Issue.record("1.6 was asked for monitors")
            return
        }
        #expect(fault.code == "not-in-version" && fault.kind == .conflict)
    }

    // MARK: - Customers

    @Test func `TC_N_27: what a station knows of a customer is put together, and is in no log`() throws {
        var d = Self.dialogue()
        let order = DeviceOrder.customer(Self.id, .idToken("TAG-SECRET", type: "Central"), report: true, clear: false)
        d.order(.device(order))
        let call = try #require(d.calls.last)
        #expect(String(decoding: call.payload, as: UTF8.self).contains("TAG-SECRET"))
        let request = try #require(number(after: "\"requestId\":", in: String(decoding: call.payload, as: UTF8.self)))
        d.answer("CP1", "CustomerInformation", #"{"status":"Accepted"}"#)
        func part(_ number: Int, _ data: String, last: Bool, request: Int) -> String {
            #"{"data":"\#(data)","seqNo":\#(number),"tbc":\#(!last),"generatedAt":"2025-03-01T00:00:00Z","requestId":\#(request)}"#
        }
        d.say("CP1", "NotifyCustomerInformation", part(1, "World", last: true, request: request))
        d.restart()
        d.connect("CP1", .v201)
        d.say("CP1", "NotifyCustomerInformation", part(0, "Hello ", last: false, request: request))
        #expect(d.disk.devices.customerParts[Self.id]?[request] == [0: "Hello ", 1: "World"])
        #expect(d.disk.devices.inquiries.last?.parts.isComplete == true)
        // What nobody asked for is not kept.
        d.say("CP1", "NotifyCustomerInformation", part(0, "Stranger", last: true, request: 4711))
        #expect(d.disk.devices.customerParts[Self.id]?.keys.sorted() == [request])
        let kept =
            d.disk.messages.map { String(decoding: $0.text, as: UTF8.self) }
            + d.disk.commands.values.map { String(decoding: $0.payload, as: UTF8.self) } + d.disk.audit.map { "\($0)" }
        for text in kept {
            #expect(!text.contains("TAG-SECRET") && !text.contains("World") && !text.contains("Stranger"))
        }
        d.order(.device(.removeCustomer(Self.id, request: request)))
        #expect(d.disk.devices.customerParts[Self.id]?.isEmpty == true && d.disk.devices.inquiries.isEmpty)
    }

    @Test func `TC_N_32: a customer that the station forgets we forget as well`() throws {
        var d = Self.dialogue()
        func ask(report: Bool, clear: Bool, _ status: String = "Accepted") -> Int {
            d.order(.device(.customer(Self.id, .identifier("wang"), report: report, clear: clear)))
            let payload = String(decoding: d.calls.last?.payload ?? [], as: UTF8.self)
            d.answer("CP1", "CustomerInformation", #"{"status":"\#(status)"}"#)
            return number(after: "\"requestId\":", in: payload) ?? -1
        }
        let first = ask(report: true, clear: false)
        d.say(
            "CP1", "NotifyCustomerInformation",
            #"{"data":"x","seqNo":0,"generatedAt":"2025-03-01T00:00:00Z","requestId":\#(first)}"#)
        _ = ask(report: false, clear: true, "Rejected")
        #expect(d.disk.devices.customerParts[Self.id]?[first] != nil, "it did not forget")
        let last = ask(report: false, clear: true)
        #expect(d.disk.devices.customerParts[Self.id]?[first] == nil)
        #expect(d.disk.devices.inquiries.map(\.request) == [last])
    }
}
