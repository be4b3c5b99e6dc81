public import Charging
public import OCPPMessages
public import Quantities

/// Controls of the grid code as a station of 2.1 holds them (block R): by the rules of R04, kept over reboots. It answers the
/// central system, says what begins and ends, and raises the alarm when the grid makes it deviate.
///
/// A value without IO, like the station around it: a dialect gives it the central system's requests and sends what comes back.
public struct SimulatedDER: Sendable {
    /// What the inverter measures.
    public struct Grid: Hashable, Sendable {
        /// Hz.
        public var frequency: JSONDecimal
        /// Percent of the nominal one.
        public var voltage: JSONDecimal
        public init(frequency: JSONDecimal = JSONDecimal(50), voltage: JSONDecimal = JSONDecimal(100)) {
            self.frequency = frequency
            self.voltage = voltage
        }
    }

    public let functions: Set<DERFunction>
    /// Parts of a report carry this many.
    private let perReport: Int
    private var timeline = DERTimeline(.everything)
    /// As they came.
    private var asked: [String: V2.SetDERControlRequest] = [:]
    private var running: Set<String> = []
    private var alarm: Alarm?
    public var grid = Grid()

    private struct Alarm: Equatable, Sendable {
        let function: DERFunction
        let fault: V2.GridEventFault
    }

    public init(functions: Set<DERFunction> = Set(DERFunction.allCases), perReport: Int = 24) {
        self.functions = functions
        self.perReport = max(1, perReport)
    }

    public var held: [DERControl] { timeline.entries.map(\.control) }
    public func active(_ function: DERFunction, at now: Instant) -> DERControl? {
        timeline.active(function, at: now)?.control
    }
    /// When something begins or ends by itself.
    public func nextDue(after now: Instant) -> Instant? { timeline.nextChange(after: now) }

    // MARK: - The central system's requests

    /// `nil`: a request of another block. What is in `then` goes out after the answer.
    public mutating func answer(
        _ request: V2.Request, at now: Instant
    ) -> (answer: V2.Response, then: [V2.Request])? {
        switch request {
        case .setDERControl(let request): (.setDERControl(set(request, at: now)), [])
        case .clearDERControl(let request): (.clearDERControl(clear(request, at: now)), [])
        case .getDERControl(let request): get(request, at: now)
        default: nil
        }
    }

    private mutating func set(_ request: V2.SetDERControlRequest, at now: Instant) -> V2.SetDERControlResponse {
        guard let function = DERFunction(rawValue: request.controlType.name), functions.contains(function) else {
            return V2.SetDERControlResponse(status: .notSupported)
        }
        guard let control = request.control(function), V2.Request.setDERControl(request).conflicts.isEmpty,
            timeline[control.id] != nil || timeline.entries.count < Self.most
        else {
            return V2.SetDERControlResponse(
                status: .rejected, statusInfo: V2.StatusInfo(reasonCode: "InvalidValue"))
        }
        let gone = timeline.receive(control, at: now)
        asked[control.id] = request
        return V2.SetDERControlResponse(status: .accepted, supersededIds: gone.isEmpty ? nil : gone)
    }

    private mutating func clear(_ request: V2.ClearDERControlRequest, at now: Instant) -> V2.ClearDERControlResponse {
        if let kind = request.controlType, DERFunction(rawValue: kind.name).map({ !functions.contains($0) }) ?? true {
            return V2.ClearDERControlResponse(status: .notSupported)
        }
        let those = timeline.entries.map(\.control).filter {
            $0.isDefault == request.isDefault && (request.controlId ?? $0.id) == $0.id
                && (request.controlType?.name ?? $0.function.rawValue) == $0.function.rawValue
        }
        for one in those {
            timeline.remove(one.id, at: now)
            asked[one.id] = nil
            running.remove(one.id)
        }
        // Without a type or a name all are cleared, however many there are (R04.FR.44).
        let isAll = request.controlId == nil && request.controlType == nil
        return V2.ClearDERControlResponse(status: those.isEmpty && !isAll ? .notFound : .accepted)
    }

    private func get(
        _ request: V2.GetDERControlRequest, at now: Instant
    ) -> (answer: V2.Response, then: [V2.Request]) {
        if let kind = request.controlType, DERFunction(rawValue: kind.name).map({ !functions.contains($0) }) ?? true {
            return (.getDERControl(V2.GetDERControlResponse(status: .notSupported)), [])
        }
        let those = timeline.entries.filter {
            (request.isDefault ?? $0.control.isDefault) == $0.control.isDefault
                && (request.controlId ?? $0.control.id) == $0.control.id
                && (request.controlType?.name ?? $0.control.function.rawValue) == $0.control.function.rawValue
        }
        guard !those.isEmpty else {
            return (.getDERControl(V2.GetDERControlResponse(status: .notFound)), [])
        }
        let parts = stride(from: 0, to: those.count, by: perReport).map { first in
            let part = those[first..<min(first + perReport, those.count)]
            return V2.Request.reportDERControl(
                report(Array(part), request.requestId, goesOn: first + perReport < those.count, at: now))
        }
        return (.getDERControl(V2.GetDERControlResponse(status: .accepted)), parts)
    }

    private func report(
        _ entries: [DERTimeline.Entry], _ request: Int, goesOn: Bool, at now: Instant
    ) -> V2.ReportDERControlRequest {
        var curve: [V2.DERCurveGet] = []
        var enterService: [V2.EnterServiceGet] = []
        var (absorb, inject): ([V2.FixedPFGet], [V2.FixedPFGet]) = ([], [])
        var fixedVar: [V2.FixedVarGet] = []
        var freqDroop: [V2.FreqDroopGet] = []
        var gradient: [V2.GradientGet] = []
        var limit: [V2.LimitMaxDischargeGet] = []
        for entry in entries {
            guard let own = asked[entry.control.id] else { continue }
            let (id, isDefault, isLost) = (own.controlId, own.isDefault, entry.isSuperseded(at: now))
            own.curve.map {
                curve.append(
                    V2.DERCurveGet(
                        curve: $0, id: id, curveType: own.controlType, isDefault: isDefault, isSuperseded: isLost))
            }
            own.enterService.map { enterService.append(V2.EnterServiceGet(enterService: $0, id: id)) }
            own.fixedPFAbsorb.map {
                absorb.append(V2.FixedPFGet(fixedPF: $0, id: id, isDefault: isDefault, isSuperseded: isLost))
            }
            own.fixedPFInject.map {
                inject.append(V2.FixedPFGet(fixedPF: $0, id: id, isDefault: isDefault, isSuperseded: isLost))
            }
            own.fixedVar.map {
                fixedVar.append(V2.FixedVarGet(fixedVar: $0, id: id, isDefault: isDefault, isSuperseded: isLost))
            }
            own.freqDroop.map {
                freqDroop.append(V2.FreqDroopGet(freqDroop: $0, id: id, isDefault: isDefault, isSuperseded: isLost))
            }
            own.gradient.map { gradient.append(V2.GradientGet(gradient: $0, id: id)) }
            own.limitMaxDischarge.map {
                limit.append(
                    V2.LimitMaxDischargeGet(
                        id: id, isDefault: isDefault, isSuperseded: isLost, limitMaxDischarge: $0))
            }
        }
        func some<One>(_ list: [One]) -> [One]? { list.isEmpty ? nil : list }
        return V2.ReportDERControlRequest(
            requestId: request, curve: some(curve), enterService: some(enterService), fixedPFAbsorb: some(absorb),
            fixedPFInject: some(inject), fixedVar: some(fixedVar), freqDroop: some(freqDroop),
            gradient: some(gradient), limitMaxDischarge: some(limit), tbc: goesOn)
    }

    /// A station's memory has an end.
    private static let most = 64

    // MARK: - Time and grid

    /// What began and ended by itself, and whether the grid makes it deviate, in the order in which it is told.
    public mutating func advance(to now: Instant) -> [V2.Request] {
        var told: [V2.Request] = []
        let due = Set(DERFunction.allCases.compactMap { active($0, at: now) }.filter { !$0.isDefault }.map(\.id))
        let ended = running.subtracting(due).sorted()
        for id in due.subtracting(running).sorted() {
            let lost = timeline.entries.filter { $0.supersededBy == id && running.contains($0.control.id) }
            told.append(
                .notifyDERStartStop(
                    V2.NotifyDERStartStopRequest(
                        controlId: id, started: true, timestamp: now,
                        supersededIds: lost.isEmpty ? nil : lost.map(\.control.id))))
        }
        for id in ended where timeline[id]?.isSuperseded(at: now) == false {
            told.append(
                .notifyDERStartStop(
                    V2.NotifyDERStartStopRequest(controlId: id, started: false, timestamp: now)))
        }
        running = due
        for entry in timeline.dropExpired(at: now) { asked[entry.control.id] = nil }
        let found = deviation(at: now)
        if let found, found != alarm {
            told.append(
                .notifyDERAlarm(
                    V2.NotifyDERAlarmRequest(
                        controlType: V2.DERControlKind(found.function.rawValue), timestamp: now,
                        gridEventFault: found.fault)))
        } else if found == nil, let alarm {
            told.append(
                .notifyDERAlarm(
                    V2.NotifyDERAlarmRequest(
                        controlType: V2.DERControlKind(alarm.function.rawValue), timestamp: now,
                        gridEventFault: alarm.fault, alarmEnded: true)))
        }
        alarm = found
        return told
    }

    /// Power was lost: what it holds stays, what it was about to tell does not.
    public mutating func rebooted() {
        running = []
        alarm = nil
    }

    /// The gravest first: a trip before a ride-through before what only shifts power.
    private func deviation(at now: Instant) -> Alarm? {
        func curve(_ function: DERFunction) -> [V2.DERCurvePoints]? {
            active(function, at: now).flatMap { asked[$0.id]?.curve?.curveData }
        }
        let high = [DERFunction.hfMustTrip, .hfMayTrip], low = [DERFunction.lfMustTrip]
        for function in high {
            if let edge = curve(function)?.map(\.x).min(), grid.frequency > edge {
                return Alarm(function: function, fault: .overFrequency)
            }
        }
        for function in low {
            if let edge = curve(function)?.map(\.x).max(), grid.frequency < edge {
                return Alarm(function: function, fault: .underFrequency)
            }
        }
        for function in [DERFunction.hvMustTrip, .hvMayTrip] {
            if let edge = curve(function)?.map(\.x).min(), grid.voltage > edge {
                return Alarm(function: function, fault: .overVoltage)
            }
        }
        for function in [DERFunction.lvMustTrip, .lvMayTrip] {
            if let edge = curve(function)?.map(\.x).max(), grid.voltage < edge {
                return Alarm(function: function, fault: .underVoltage)
            }
        }
        if let points = curve(.voltWatt)?.sorted(by: { $0.x < $1.x }), let first = points.first,
            let bend = points.last(where: { $0.y == first.y }), grid.voltage > bend.x
        {
            return Alarm(function: .voltWatt, fault: .overVoltage)
        }
        if let droop = active(.freqDroop, at: now).flatMap({ asked[$0.id]?.freqDroop }) {
            if grid.frequency > droop.overFreq { return Alarm(function: .freqDroop, fault: .overFrequency) }
            if grid.frequency < droop.underFreq { return Alarm(function: .freqDroop, fault: .underFrequency) }
        }
        return nil
    }
}

extension V2.SetDERControlRequest {
    /// `nil`: it lacks the field of its function.
    fileprivate func control(_ function: DERFunction) -> DERControl? {
        func make(_ priority: Int, _ start: Instant?, _ duration: JSONDecimal?) -> DERControl {
            let span = start.flatMap { start in
                duration?.scaled(by: 3).map { Interval(start, start + .milliseconds(max(0, $0))) }
            }
            return DERControl(
                id: controlId, function: function, priority: priority, span: isDefault ? nil : span, settings: "")
        }
        if let own = curve { return make(own.priority, own.startTime, own.duration) }
        if let own = fixedPFAbsorb ?? fixedPFInject { return make(own.priority, own.startTime, own.duration) }
        if let own = fixedVar { return make(own.priority, own.startTime, own.duration) }
        if let own = freqDroop { return make(own.priority, own.startTime, own.duration) }
        if let own = limitMaxDischarge { return make(own.priority, own.startTime, own.duration) }
        if let own = enterService { return make(own.priority, nil, nil) }
        return gradient.map { make($0.priority, nil, nil) }
    }
}
