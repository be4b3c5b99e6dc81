import Charging
import OCPPMessages
import Quantities

// Controls of the grid code in the words of OCPP 2.1 (block R).
extension OCPP2Adapter {
    // MARK: - What we ask

    static func call(_ request: DERRequest) -> (action: V2.Action, payload: [UInt8]) {
        switch request {
        case .set(let control): (.setDERControl, payload(control))
        case .clear(let isDefault, let id):
            (.clearDERControl, V2.ClearDERControlRequest(isDefault: isDefault, controlId: id).json)
        case .read(let number): (.getDERControl, V2.GetDERControlRequest(requestId: number).json)
        }
    }

    /// The control as the station gets it. Settings lie beside priority and times in one object (R04.FR.16).
    private static func payload(_ control: DERControl) -> [UInt8] {
        var own = JSONWriter()
        own.beginObject()
        own.key("priority")
        own.value(control.priority)
        if let span = control.span {
            own.key("startTime")
            own.value(span.start)
            own.key("duration")
            own.value(JSONDecimal(mantissa: span.duration.wholeMilliseconds, scale: 3).plain)
        }
        own.endObject()
        let settings = Array(control.settings.utf8.dropFirst().dropLast())
        let isEmpty = settings.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        var body = Array(own.bytes[..<(own.bytes.count - 1)])
        if !isEmpty { body += [UInt8(ascii: ",")] + settings }
        body.append(UInt8(ascii: "}"))
        var writer = JSONWriter(reserving: body.count + 120)
        writer.beginObject()
        writer.key("isDefault")
        writer.value(control.isDefault)
        writer.key("controlId")
        writer.value(control.id)
        writer.key("controlType")
        writer.value(control.function.rawValue)
        switch control.function.field {
        case .curve: writer.key("curve")
        case .enterService: writer.key("enterService")
        case .fixedPFAbsorb: writer.key("fixedPFAbsorb")
        case .fixedPFInject: writer.key("fixedPFInject")
        case .fixedVar: writer.key("fixedVar")
        case .freqDroop: writer.key("freqDroop")
        case .gradient: writer.key("gradient")
        case .limitMaxDischarge: writer.key("limitMaxDischarge")
        }
        writer.raw(body)
        writer.endObject()
        return writer.bytes
    }

    /// The control with its settings in one spelling, or what is wrong with it: paths as in the settings, ``DERControl/id`` …
    static func checked(_ control: DERControl) -> Result<DERControl, FieldFaultList> {
        guard control.settings.utf8.first == UInt8(ascii: "{"), control.settings.utf8.last == UInt8(ascii: "}") else {
            return .failure(
                FieldFaultList([FieldFault(path: "settings", kind: .wrongType, detail: "an object is expected")]))
        }
        let payload = payload(control)
        let faults = V2.validateRequest(
            action: V2.Action.setDERControl.rawValue, payload: payload, version: .v21)
        guard faults.isEmpty,
            case .success(.setDERControl(let request)) = V2.Request.decode(
                .setDERControl, payload: payload.span, in: .v21
            ).result, let own = self.control(request)
        else { return .failure(FieldFaultList(faults.map { named($0, control) })) }
        return .success(own)
    }

    private static func named(_ fault: FieldFault, _ control: DERControl) -> FieldFault {
        let field = control.function.field.rawValue
        var path = fault.path
        if path == field {
            path = "settings"
        } else if path.hasPrefix(field + ".") {
            path = "settings" + path.dropFirst(field.count)
        } else if path == "controlId" {
            path = "id"
        } else if path == "isDefault" {
            path = "start"
        }
        let times = [
            "settings.startTime": "start", "settings.duration": "duration_seconds", "settings.priority": "priority",
        ]
        return FieldFault(path: times[path] ?? path, kind: fault.kind, detail: fault.detail)
    }

    /// `nil`: a function that we do not know, or an object that is not its own.
    static func control(_ request: V2.SetDERControlRequest) -> DERControl? {
        guard let function = DERFunction(rawValue: request.controlType.name) else { return nil }
        let (id, isDefault) = (request.controlId, request.isDefault)
        return switch function.field {
        case .curve: request.curve.map { control(id, function, isDefault, $0) }
        case .enterService: request.enterService.map { control(id, $0) }
        case .fixedPFAbsorb: request.fixedPFAbsorb.map { control(id, function, isDefault, $0) }
        case .fixedPFInject: request.fixedPFInject.map { control(id, function, isDefault, $0) }
        case .fixedVar: request.fixedVar.map { control(id, isDefault, $0) }
        case .freqDroop: request.freqDroop.map { control(id, isDefault, $0) }
        case .gradient: request.gradient.map { control(id, $0) }
        case .limitMaxDischarge: request.limitMaxDischarge.map { control(id, isDefault, $0) }
        }
    }

    // MARK: - What answers say

    static func fact(_ sent: V2.SetDERControlRequest, _ answer: V2.SetDERControlResponse) -> DERFact? {
        control(sent).map {
            .set(
                $0, isTaken: answer.status == .accepted, word: word(answer.status, answer.statusInfo),
                superseded: answer.supersededIds ?? [])
        }
    }

    static func fact(_ sent: V2.ClearDERControlRequest, _ answer: V2.ClearDERControlResponse) -> DERFact? {
        let function = sent.controlType.map { DERFunction(rawValue: $0.name) }
        // Cleared of a function that we do not know: nothing of ours.
        if case .some(nil) = function { return nil }
        return .cleared(
            isDefault: sent.isDefault, function: function ?? nil, id: sent.controlId,
            isGone: answer.status == .accepted || answer.status == .notFound,
            word: word(answer.status, answer.statusInfo))
    }

    static func fact(_ sent: V2.GetDERControlRequest, _ answer: V2.GetDERControlResponse) -> DERFact {
        let isWhole = sent.isDefault == nil && sent.controlType == nil && sent.controlId == nil
        let reading: DERFact.DERReading =
            switch answer.status {
            case .accepted: .reportFollows
            case .notFound: .nothing
            case .rejected, .notSupported, .unrecognized: .refused
            }
        return .asked(request: sent.requestId, isWhole: isWhole, reading)
    }

    private static func word(_ status: V2.DERControlStatus, _ info: V2.StatusInfo?) -> String {
        info.map { $0.reasonCode } ?? status.name
    }

    // MARK: - What stations say

    static func news(_ report: V2.ReportDERControlRequest) -> DERNews {
        var controls: [ReportedDERControl] = []
        func add(_ control: DERControl?, _ isSuperseded: Bool) {
            if let control { controls.append(ReportedDERControl(control, isSuperseded: isSuperseded)) }
        }
        for one in report.curve ?? [] {
            add(
                DERFunction(rawValue: one.curveType.name).map { control(one.id, $0, one.isDefault, one.curve) },
                one.isSuperseded)
        }
        // These hold always: the standard has no word for one that gave way.
        for one in report.enterService ?? [] { add(control(one.id, one.enterService), false) }
        for one in report.gradient ?? [] { add(control(one.id, one.gradient), false) }
        for one in report.fixedPFAbsorb ?? [] {
            add(control(one.id, .fixedPFAbsorb, one.isDefault, one.fixedPF), one.isSuperseded)
        }
        for one in report.fixedPFInject ?? [] {
            add(control(one.id, .fixedPFInject, one.isDefault, one.fixedPF), one.isSuperseded)
        }
        for one in report.fixedVar ?? [] { add(control(one.id, one.isDefault, one.fixedVar), one.isSuperseded) }
        for one in report.freqDroop ?? [] { add(control(one.id, one.isDefault, one.freqDroop), one.isSuperseded) }
        for one in report.limitMaxDischarge ?? [] {
            add(control(one.id, one.isDefault, one.limitMaxDischarge), one.isSuperseded)
        }
        return .report(request: report.requestId, controls, goesOn: report.tbc ?? false)
    }

    static func news(_ notice: V2.NotifyDERStartStopRequest) -> DERNews {
        .turn(
            id: notice.controlId, hasStarted: notice.started, at: notice.timestamp,
            superseded: notice.supersededIds ?? [])
    }

    static func news(_ notice: V2.NotifyDERAlarmRequest) -> DERNews {
        .alarm(
            DERAlarm(
                function: notice.controlType.name, fault: notice.gridEventFault?.name,
                hasEnded: notice.alarmEnded ?? false, at: notice.timestamp, info: notice.extraInfo))
    }

    /// `ModesSupported` of the inverter at an EVSE, or of what the EVSE can have a vehicle do (appendix, DCDERCtrlr and
    /// ACDERCtrlr); `nil`: another variable.
    static func supportedFunctions(_ name: VariableName, _ value: String?) -> Set<DERFunction>? {
        guard ["dcderctrlr", "acderctrlr"].contains(name.component.lowercased()),
            name.variable.lowercased() == "modessupported", let value
        else { return nil }
        return Set(
            value.split(separator: ",").compactMap { word in
                let trimmed = word.drop { $0 == " " }
                return DERFunction(rawValue: String(trimmed.prefix { $0 != " " }))
            })
    }

    // MARK: - Settings, each value in one spelling

    /// Without an end it would be a default: a station that tells of such a thing means from its start on.
    private static func span(_ isDefault: Bool, _ start: Instant?, _ duration: JSONDecimal?) -> Interval? {
        guard !isDefault, let start else { return nil }
        let milliseconds = duration?.scaled(by: 3).map { min(max($0, 0), longest) } ?? longest
        return Interval(start, start + .milliseconds(milliseconds))
    }
    /// A hundred years.
    private static let longest: Int64 = 3_155_760_000_000

    private static func control(
        _ id: String, _ function: DERFunction, _ isDefault: Bool, _ curve: V2.DERCurve
    ) -> DERControl {
        DERControl(
            id: id, function: function, priority: curve.priority,
            span: span(isDefault, curve.startTime, curve.duration), settings: settings(curve).text)
    }

    private static func settings(_ curve: V2.DERCurve) -> Settings {
        var settings = Settings()
        settings.add(
            "curveData",
            list: curve.curveData.map { point in
                var one = Settings()
                one.add("x", point.x)
                one.add("y", point.y)
                return one
            })
        settings.add("yUnit", curve.yUnit.name)
        settings.add("responseTime", curve.responseTime)
        if let hysteresis = curve.hysteresis {
            var one = Settings()
            one.add("hysteresisHigh", hysteresis.hysteresisHigh)
            one.add("hysteresisLow", hysteresis.hysteresisLow)
            one.add("hysteresisDelay", hysteresis.hysteresisDelay)
            one.add("hysteresisGradient", hysteresis.hysteresisGradient)
            settings.add("hysteresis", one)
        }
        if let reactive = curve.reactivePowerParams {
            var one = Settings()
            one.add("vRef", reactive.vRef)
            one.add("autonomousVRefEnable", reactive.autonomousVRefEnable)
            one.add("autonomousVRefTimeConstant", reactive.autonomousVRefTimeConstant)
            settings.add("reactivePowerParams", one)
        }
        if let voltage = curve.voltageParams {
            var one = Settings()
            one.add("hv10MinMeanValue", voltage.hv10MinMeanValue)
            one.add("hv10MinMeanTripDelay", voltage.hv10MinMeanTripDelay)
            one.add("powerDuringCessation", voltage.powerDuringCessation?.name)
            settings.add("voltageParams", one)
        }
        return settings
    }

    private static func control(_ id: String, _ own: V2.EnterService) -> DERControl {
        var settings = Settings()
        settings.add("highVoltage", own.highVoltage)
        settings.add("lowVoltage", own.lowVoltage)
        settings.add("highFreq", own.highFreq)
        settings.add("lowFreq", own.lowFreq)
        settings.add("delay", own.delay)
        settings.add("randomDelay", own.randomDelay)
        settings.add("rampRate", own.rampRate)
        return DERControl(
            id: id, function: .enterService, priority: own.priority, span: nil, settings: settings.text)
    }

    private static func control(_ id: String, _ own: V2.Gradient) -> DERControl {
        var settings = Settings()
        settings.add("gradient", own.gradient)
        settings.add("softGradient", own.softGradient)
        return DERControl(id: id, function: .gradients, priority: own.priority, span: nil, settings: settings.text)
    }

    private static func control(
        _ id: String, _ function: DERFunction, _ isDefault: Bool, _ own: V2.FixedPF
    ) -> DERControl {
        var settings = Settings()
        settings.add("displacement", own.displacement)
        settings.add("excitation", own.excitation)
        return DERControl(
            id: id, function: function, priority: own.priority, span: span(isDefault, own.startTime, own.duration),
            settings: settings.text)
    }

    private static func control(_ id: String, _ isDefault: Bool, _ own: V2.FixedVar) -> DERControl {
        var settings = Settings()
        settings.add("setpoint", own.setpoint)
        settings.add("unit", own.unit.name)
        return DERControl(
            id: id, function: .fixedVar, priority: own.priority, span: span(isDefault, own.startTime, own.duration),
            settings: settings.text)
    }

    private static func control(_ id: String, _ isDefault: Bool, _ own: V2.FreqDroop) -> DERControl {
        var settings = Settings()
        settings.add("overFreq", own.overFreq)
        settings.add("underFreq", own.underFreq)
        settings.add("overDroop", own.overDroop)
        settings.add("underDroop", own.underDroop)
        settings.add("responseTime", own.responseTime)
        return DERControl(
            id: id, function: .freqDroop, priority: own.priority, span: span(isDefault, own.startTime, own.duration),
            settings: settings.text)
    }

    private static func control(_ id: String, _ isDefault: Bool, _ own: V2.LimitMaxDischarge) -> DERControl {
        var settings = Settings()
        settings.add("pctMaxDischargePower", own.pctMaxDischargePower)
        if let curve = own.powerMonitoringMustTrip {
            var inner = self.settings(curve)
            inner.add("priority", JSONDecimal(curve.priority))
            settings.add("powerMonitoringMustTrip", inner)
        }
        return DERControl(
            id: id, function: .limitMaxDischarge, priority: own.priority,
            span: span(isDefault, own.startTime, own.duration), settings: settings.text,
            dischargeShare: own.pctMaxDischargePower?.scaled(by: 2).map { Int(max(0, min($0, 10_000))) })
    }
}

/// What is wrong with the fields of an order.
struct FieldFaultList: Error {
    let faults: [FieldFault]
    init(_ faults: [FieldFault]) { self.faults = faults }
}

/// Members of an object in a fixed order; what nobody said is left out.
private struct Settings {
    private var writer = JSONWriter()
    init() { writer.beginObject() }

    var text: String {
        var whole = writer
        whole.endObject()
        return String(decoding: whole.bytes, as: UTF8.self)
    }

    mutating func add(_ name: StaticString, _ value: JSONDecimal?) {
        guard let value else { return }
        writer.key(name)
        writer.value(value.plain)
    }
    mutating func add(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        writer.key(name)
        writer.value(value)
    }
    mutating func add(_ name: StaticString, _ value: Bool?) {
        guard let value else { return }
        writer.key(name)
        writer.value(value)
    }
    mutating func add(_ name: StaticString, _ value: Settings) {
        writer.key(name)
        writer.raw(value.text.utf8)
    }
    mutating func add(_ name: StaticString, list: [Settings]) {
        writer.key(name)
        writer.beginArray()
        for one in list { writer.raw(one.text.utf8) }
        writer.endArray()
    }
}

extension JSONDecimal {
    /// `50.0` and `50` are one value: here it has one spelling.
    fileprivate var plain: JSONDecimal {
        scaled(by: decimals).map { JSONDecimal(mantissa: $0, scale: decimals) } ?? self
    }
}

extension DERFunction {
    /// Which field of the message carries its settings (R04.FR.16).
    fileprivate enum Field: String {
        case curve, enterService, fixedPFAbsorb, fixedPFInject, fixedVar, freqDroop, gradient, limitMaxDischarge
    }
    fileprivate var field: Field {
        switch self {
        case .enterService: .enterService
        case .freqDroop: .freqDroop
        case .fixedPFAbsorb: .fixedPFAbsorb
        case .fixedPFInject: .fixedPFInject
        case .fixedVar: .fixedVar
        case .gradients: .gradient
        case .limitMaxDischarge: .limitMaxDischarge
        default: .curve
        }
    }
}
