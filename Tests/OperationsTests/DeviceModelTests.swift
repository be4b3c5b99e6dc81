import Assets
import Charging
import OCPP
import OCPPMessages
import Operations
import Quantities
import Testing

/// The picture of a station's variables (2.x block B, 1.6 configuration keys): what it reports and answers is what is known.
@Suite("Device model") struct DeviceModelTests {
    private static let id = StationID("CP1")

    private static func dialogue(_ version: OCPPVersion = .v201) -> Dialogue {
        var d = Dialogue()
        d.connect("CP1", version)
        return d
    }

    private static func known(_ d: Dialogue, _ component: String, _ variable: String) -> KnownVariable? {
        let name = VariableName(component: component, variable: variable)
        return d.disk.devices.variables[id]?[DeviceVariable(name: name).key]
    }

    private static func part(
        _ request: Int, _ number: Int, _ names: [String], isLast: Bool, value: String = "1"
    ) -> String {
        let data = names.map { name in
            #"{"component":{"name":"OCPPCommCtrlr"},"variable":{"name":"\#(name)"},"variableAttribute":[{"value":"\#(value)","mutability":"ReadWrite"}],"variableCharacteristics":{"dataType":"integer","supportsMonitoring":true,"maxLimit":10}}"#
        }.joined(separator: ",")
        return
            #"{"requestId":\#(request),"generatedAt":"2025-03-01T00:00:00Z","seqNo":\#(number),"tbc":\#(!isLast),"reportData":[\#(data)]}"#
    }

    @discardableResult
    private static func refresh(_ d: inout Dialogue) -> Int {
        d.order(.device(.refresh(id)))
        let payload = String(decoding: d.calls.last?.payload ?? [], as: UTF8.self)
        d.answer("CP1", "GetBaseReport", #"{"status":"Accepted"}"#)
        return number(after: "\"requestId\":", in: payload) ?? -1
    }

    @Test(arguments: [OCPPVersion.v201, .v21])
    func `TC_B_13: a full report in parts is put together, and what is not in it is gone`(_ version: OCPPVersion) {
        var d = Self.dialogue(version)
        d.order(
            .command(
                Self.id, action: "GetVariables",
                payload: Array(
                    #"{"getVariableData":[{"component":{"name":"Old"},"variable":{"name":"Gone"}}]}"#.utf8),
                timeout: .seconds(30)))
        d.answer(
            "CP1", "GetVariables",
            #"{"getVariableResult":[{"attributeStatus":"Accepted","attributeValue":"7","component":{"name":"Old"},"variable":{"name":"Gone"}}]}"#
        )
        #expect(Self.known(d, "Old", "Gone")?.variable.value == "7" && Self.known(d, "Old", "Gone")?.source == .read)
        d.now += .minutes(1)
        let request = Self.refresh(&d)
        #expect(d.disk.devices.reports.last?.state(at: d.now) == .ordered)
        d.now += .seconds(1)
        // Out of order, and one of them twice.
        #expect(d.say("CP1", "NotifyReport", Self.part(request, 2, ["C"], isLast: true)) == "{}")
        #expect(d.disk.devices.reports.last?.missing == [0...1])
        d.say("CP1", "NotifyReport", Self.part(request, 0, ["A"], isLast: false))
        d.say("CP1", "NotifyReport", Self.part(request, 0, ["A"], isLast: false))
        #expect(d.disk.devices.reports.last?.state(at: d.now) == .receiving)
        #expect(Self.known(d, "Old", "Gone") != nil, "not before it is whole")
        d.restart()
        d.connect("CP1", version)
        d.say("CP1", "NotifyReport", Self.part(request, 1, ["B"], isLast: false))
        let report = d.disk.devices.reports.last
        #expect(report?.state(at: d.now) == .complete && report?.items == 3 && report?.scope == .full)
        #expect(Self.known(d, "Old", "Gone") == nil)
        let variable = Self.known(d, "ocppcommctrlr", "b")?.variable
        #expect(variable?.kind == .integer && variable?.maxLimit == "10" && variable?.mutability == .readWrite)
    }

    @Test func `a report that a reboot cuts off stays incomplete, says what is missing, and takes nothing away`() {
        var d = Self.dialogue()
        d.say("CP1", "NotifyReport", Self.part(99, 0, ["X"], isLast: true))
        #expect(d.disk.devices.reports.last?.scope == .unasked)
        d.now += .minutes(1)
        let request = Self.refresh(&d)
        d.say("CP1", "NotifyReport", Self.part(request, 0, ["A"], isLast: false))
        d.say("CP1", "NotifyReport", Self.part(request, 3, ["D"], isLast: false))
        d.disconnect("CP1")
        d.now += .minutes(3)
        let report = d.disk.devices.reports.last { $0.request == request }
        #expect(report?.state(at: d.now) == .incomplete && report?.missing == [1...2])
        #expect(Self.known(d, "OCPPCommCtrlr", "X") != nil)
        // The next one is whole.
        d.connect("CP1", .v201)
        let again = Self.refresh(&d)
        #expect(again != request)
        d.say("CP1", "NotifyReport", Self.part(again, 0, ["A"], isLast: true))
        #expect(Self.known(d, "OCPPCommCtrlr", "X") == nil && Self.known(d, "OCPPCommCtrlr", "D") == nil)
        #expect(Self.known(d, "OCPPCommCtrlr", "A") != nil)
    }

    @Test func `parts that come before a late answer count for it`() {
        var d = Self.dialogue()
        d.say("CP1", "NotifyReport", Self.part(50, 0, ["Old"], isLast: true))
        d.now += .minutes(5)
        d.order(.device(.refresh(Self.id)))
        let call = d.calls[0]
        let request = number(after: "\"requestId\":", in: String(decoding: call.payload, as: UTF8.self)) ?? -1
        d.settle(call, .timeout)
        d.say("CP1", "NotifyReport", Self.part(request, 0, ["A"], isLast: true))
        #expect(Self.known(d, "OCPPCommCtrlr", "Old") != nil)
        d.settle(call, .answered(payload: Array(#"{"status":"Accepted"}"#.utf8)), late: true)
        #expect(Self.known(d, "OCPPCommCtrlr", "Old") == nil && Self.known(d, "OCPPCommCtrlr", "A") != nil)
    }

    @Test
    func `TC_B_09: what is set and accepted is known, what needs a reboot holds after it, what is refused does not`() {
        var d = Self.dialogue()
        func setting(_ name: String, _ value: String) -> VariableSetting {
            VariableSetting(name: VariableName(component: "TxCtrlr", variable: name), value: value)
        }
        d.order(.device(.set(Self.id, [setting("A", "1"), setting("B", "2"), setting("C", "3")])))
        let results = zip(["A", "B", "C"], ["Accepted", "RebootRequired", "Rejected"]).map {
            #"{"attributeStatus":"\#($1)","component":{"name":"TxCtrlr"},"variable":{"name":"\#($0)"}}"#
        }.joined(separator: ",")
        d.answer("CP1", "SetVariables", #"{"setVariableResult":[\#(results)]}"#)
        #expect(Self.known(d, "TxCtrlr", "A")?.variable.value == "1")
        #expect(Self.known(d, "TxCtrlr", "B")?.variable.value == nil && Self.known(d, "TxCtrlr", "B")?.pending == "2")
        #expect(Self.known(d, "TxCtrlr", "C") == nil)
        d.restart()
        d.connect("CP1", .v201)
        d.say(
            "CP1", "BootNotification",
            #"{"reason":"RemoteReset","chargingStation":{"model":"M","vendorName":"V"}}"#)
        let after = Self.known(d, "TxCtrlr", "B")
        #expect(after?.variable.value == "2" && after?.pending == nil && after?.source == .restart)
    }

    @Test func `in 1.6 all keys are the picture, a raw command changes it, and a key that is gone leaves it`() {
        var d = Self.dialogue(.v16)
        func answer(_ keys: [String]) -> String {
            let list = keys.map { #"{"key":"\#($0)","readonly":false,"value":"5"}"# }.joined(separator: ",")
            return #"{"configurationKey":[\#(list)]}"#
        }
        d.order(.device(.refresh(Self.id)))
        d.answer("CP1", "GetConfiguration", answer(["HeartbeatInterval", "Old"]))
        #expect(Self.known(d, "", "heartbeatinterval")?.variable.mutability == .readWrite)
        #expect(d.disk.devices.reports.last?.state(at: d.now) == .complete)
        d.now += .seconds(1)
        d.order(
            .command(
                Self.id, action: "ChangeConfiguration",
                payload: Array(#"{"key":"HeartbeatInterval","value":"9"}"#.utf8),
                timeout: .seconds(30)))
        d.answer("CP1", "ChangeConfiguration", #"{"status":"Accepted"}"#)
        #expect(Self.known(d, "", "HeartbeatInterval")?.variable.value == "9")
        d.now += .seconds(1)
        d.order(.device(.refresh(Self.id)))
        d.answer("CP1", "GetConfiguration", answer(["HeartbeatInterval"]))
        #expect(Self.known(d, "", "Old") == nil)
        d.order(
            .command(
                Self.id, action: "GetConfiguration", payload: Array(#"{"key":["HeartbeatInterval"]}"#.utf8),
                timeout: .seconds(30)))
        d.answer("CP1", "GetConfiguration", #"{"unknownKey":["HeartbeatInterval"]}"#)
        #expect(Self.known(d, "", "HeartbeatInterval") == nil)
    }

    @Test func `no secret is ever in the picture`() {
        var d = Self.dialogue()
        let secret = "s3cr3t-s3cr3t-s3cr3t"
        d.say(
            "CP1", "NotifyReport",
            #"{"requestId":1,"generatedAt":"2025-03-01T00:00:00Z","seqNo":0,"reportData":[{"component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"},"variableAttribute":[{"value":"\#(secret)","mutability":"ReadWrite"}]},{"component":{"name":"X"},"variable":{"name":"Y"},"variableAttribute":[{"value":"\#(secret)","mutability":"WriteOnly"}]}]}"#
        )
        d.order(
            .command(
                Self.id, action: "GetVariables",
                payload: Array(
                    #"{"getVariableData":[{"component":{"name":"NetworkConfiguration","instance":"1"},"variable":{"name":"VpnPassword"}}]}"#
                        .utf8), timeout: .seconds(30)))
        d.answer(
            "CP1", "GetVariables",
            #"{"getVariableResult":[{"attributeStatus":"Accepted","attributeValue":"\#(secret)","component":{"name":"NetworkConfiguration","instance":"1"},"variable":{"name":"VpnPassword"}}]}"#
        )
        #expect(d.disk.devices.variables[Self.id]?.count == 3)
        #expect(d.disk.devices.variables[Self.id]?.values.allSatisfy { $0.variable.value == nil } == true)
        var old = Self.dialogue(.v16)
        old.order(.device(.refresh(Self.id)))
        old.answer(
            "CP1", "GetConfiguration",
            #"{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"\#(secret)"}]}"#)
        #expect(Self.known(old, "", "AuthorizationKey")?.variable.value == nil)
        #expect(!"\(old.disk)".contains(secret))
    }

    @Test func `a flood of variables is bounded, the newest stay`() {
        var d = Self.dialogue()
        for page in 0..<45 {
            d.now += .seconds(1)
            d.say(
                "CP1", "NotifyReport",
                Self.part(1, page, (0..<100).map { "V\(page)-\($0)" }, isLast: page == 44))
        }
        #expect(d.disk.devices.variables[Self.id]?.count == DeviceVariable.most)
        #expect(Self.known(d, "OCPPCommCtrlr", "V44-99") != nil && Self.known(d, "OCPPCommCtrlr", "V0-0") == nil)
    }

    // MARK: - Checks, templates

    @Test func `a value is checked against what the station told`() {
        func variable(_ kind: DeviceVariable.Kind, _ change: (inout DeviceVariable) -> Void) -> VariableProblem? {
            var told = DeviceVariable(name: VariableName(component: "C", variable: "V"))
            told.kind = kind
            change(&told)
            let known = KnownVariable(variable: told, at: Instant(seconds: 0), source: .report)
            return DevicePicture([known], isComplete: true).problem(
                with: VariableSetting(name: told.name, value: told.value ?? ""))
        }
        #expect(variable(.integer) { $0.value = "x" } == .notA(.integer))
        #expect(variable(.integer) { $0.value = "1.5" } == .notA(.integer))
        #expect(variable(.integer) { $0.value = "5" } == nil)
        #expect(
            variable(.decimal) {
                $0.value = "0.05"
                $0.minLimit = "0.1"
            } == .below(least: "0.1"))
        #expect(
            variable(.integer) {
                $0.value = "11"
                $0.maxLimit = "10"
            } == .above(most: "10"))
        #expect(variable(.boolean) { $0.value = "yes" } == .notA(.boolean))
        #expect(
            variable(.optionList) {
                $0.value = "C"
                $0.valuesList = "A, B"
            } == .notInList(values: "A, B"))
        #expect(
            variable(.memberList) {
                $0.value = "b,A"
                $0.valuesList = "A, B"
            } == nil)
        #expect(
            variable(.string) {
                $0.value = "abc"
                $0.maxLimit = "2"
            } == .tooLong(most: 2))
        #expect(
            variable(.string) {
                $0.value = "a"
                $0.mutability = .readOnly
            } == .readOnly)
        let other = VariableSetting(name: VariableName(component: "C", variable: "W"), value: "1")
        #expect(DevicePicture([], isComplete: true).problem(with: other) == .unknown("C.W"))
        #expect(DevicePicture([], isComplete: false).problem(with: other) == nil)
        let key = VariableSetting(
            name: VariableName(component: "SecurityCtrlr", variable: "BasicAuthPassword"), value: "x")
        #expect(DevicePicture([], isComplete: false).problem(with: key) != nil)
    }

    @Test func `a long list goes in messages that the station takes`() {
        func picture(_ values: [(String, String)]) -> DevicePicture {
            DevicePicture(
                values.map { instance, value in
                    let name = instance.split(separator: ".").map(String.init)
                    return KnownVariable(
                        variable: DeviceVariable(
                            name: VariableName(component: "DeviceDataCtrlr", variable: name[0], instance: name[1]),
                            attribute: .actual, value: value), pending: nil, at: Instant(milliseconds: 0), source: .read
                    )
                }, isComplete: false)
        }
        let settings = (1...25).map {
            VariableSetting(name: VariableName(component: "C", variable: "V\($0)"), value: "1")
        }
        let questions = settings.map { VariableQuestion(name: $0.name) }
        let unknown = picture([])
        #expect(unknown.parts(setting: settings).map(\.count) == [10, 10, 5])
        let told = picture([("ItemsPerMessage.GetVariables", "4"), ("ItemsPerMessage.SetVariables", "24")])
        #expect(told.parts(reading: questions).map(\.count) == [4, 4, 4, 4, 4, 4, 1])
        #expect(told.parts(setting: settings).map(\.count) == [24, 1])
        #expect(told.parts(setting: settings).flatMap { $0 } == settings, "in order, each once")
        // By bytes: the frame fits, and one that fits nowhere goes alone.
        for bytes in [150, 300, 700, 5000] {
            let small = picture([("ItemsPerMessage.SetVariables", "50"), ("BytesPerMessage.SetVariables", "\(bytes)")])
            let parts = small.parts(setting: settings)
            #expect(parts.flatMap { $0 } == settings)
            for part in parts where part.count > 1 {
                var d = Self.dialogue()
                d.order(.device(.set(Self.id, part)))
                let payload = d.calls.last { $0.action == "SetVariables" }?.payload ?? []
                #expect(payload.count + 100 <= bytes && !payload.isEmpty)
            }
        }
        let keys = (1...7).map { VariableQuestion(name: VariableName(variable: "K\($0)")) }
        #expect(unknown.parts(reading: keys).map(\.count) == [7])
        let most = DevicePicture(
            [
                KnownVariable(
                    variable: DeviceVariable(
                        name: VariableName(variable: "GetConfigurationMaxKeys"), attribute: .actual, value: "3"),
                    pending: nil, at: Instant(milliseconds: 0), source: .read)
            ], isComplete: false)
        #expect(most.parts(reading: keys).map(\.count) == [3, 3, 1])
        #expect(unknown.parts(setting: keys.map { VariableSetting(name: $0.name, value: "1") }).count == 7)
    }

    @Test func `drift is what differs, what waits for a restart, and what nobody knows`() {
        var d = Self.dialogue()
        d.say("CP1", "NotifyReport", Self.part(1, 0, ["A", "B", "C"], isLast: true, value: "60"))
        func setting(_ name: String, _ value: String) -> VariableSetting {
            VariableSetting(name: VariableName(component: "OCPPCommCtrlr", variable: name), value: value)
        }
        d.order(.device(.set(Self.id, [setting("C", "5")])))
        d.answer(
            "CP1", "SetVariables",
            #"{"setVariableResult":[{"attributeStatus":"RebootRequired","component":{"name":"OCPPCommCtrlr"},"variable":{"name":"C"}}]}"#
        )
        let template = DeviceTemplate(
            name: "t", settings: [setting("A", "60.0"), setting("B", "61"), setting("C", "5"), setting("D", "1")],
            stations: [Self.id], changedAt: d.now, changedBy: "wang")
        d.order(.device(.putTemplate(template)))
        d.restart()
        #expect(d.core.allDeviceTemplates == [template])
        let picture = DevicePicture(Array((d.disk.devices.variables[Self.id] ?? [:]).values), isComplete: true)
        let drifts = Drift.of(template.settings, in: picture)
        #expect(drifts.map(\.setting.name.variable) == ["B", "C", "D"])
        #expect(drifts.map(\.state) == [.differs, .pending, .unknown])
        d.order(.deleteStation(Self.id))
        #expect(d.core.deviceTemplate("t")?.stations == [])
        guard case .failure(let fault) = d.order(.device(.putTemplate(template))) else {
            Issue.record("a template with a station that is not there was taken")
            return
        }
        #expect(fault.code == "template-invalid")
    }
}
