import Charging
import OCPPMessages
import Quantities

/// Controls of the grid code as a station of 2.1 holds them (block R): by the rules of R04, kept over reboots. It answers the
/// central system and says what begins and ends; what the controls do to power is in ``SimulatedChargePoint``.
///
/// A value without IO: a dialect gives it the central system's requests and sends what comes back.
struct SimulatedDER: Sendable {
    let functions: Set<DERFunction>
    /// As R04.FR.06 has it: what has not begun gives way to a higher one whenever that is.
    private var timeline = DERTimeline(.everything)
    /// As they came.
    private var asked: [String: V2.SetDERControlRequest] = [:]
    private var running: Set<String> = []
    /// What the central system was last told of a deviation.
    private var alarm: GridDeviation?

    /// Parts of a report carry this many.
    private static let perReport = 24
    /// A station's memory has an end.
    private static let most = 64

    init(functions: Set<DERFunction>) { self.functions = functions }

    var held: [DERControl] { timeline.entries.map(\.control) }
    /// What holds now, as it came.
    func active(_ function: DERFunction, at now: Instant) -> V2.SetDERControlRequest? {
        timeline.active(function, at: now).flatMap { asked[$0.control.id] }
    }
    /// When something begins or ends by itself.
    func nextDue(after now: Instant) -> Instant? { timeline.nextChange(after: now) }

    // MARK: - The central system's requests

    mutating func set(_ request: V2.SetDERControlRequest, at now: Instant) -> V2.SetDERControlResponse {
        guard let function = DERFunction(rawValue: request.controlType.name), functions.contains(function) else {
            return V2.SetDERControlResponse(status: .notSupported)
        }
        guard let control = request.control(function), V2.Request.setDERControl(request).conflicts.isEmpty,
            timeline[control.id] != nil || timeline.entries.count < Self.most
        else {
            return V2.SetDERControlResponse(status: .rejected, statusInfo: V2.StatusInfo(reasonCode: "InvalidValue"))
        }
        let gone = timeline.receive(control, at: now)
        asked[control.id] = request
        return V2.SetDERControlResponse(status: .accepted, supersededIds: gone.isEmpty ? nil : gone)
    }

    mutating func clear(_ request: V2.ClearDERControlRequest, at now: Instant) -> V2.ClearDERControlResponse {
        guard knows(request.controlType) else { return V2.ClearDERControlResponse(status: .notSupported) }
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

    /// What is in `then` goes out after the answer.
    func get(
        _ request: V2.GetDERControlRequest, at now: Instant
    ) -> (answer: V2.GetDERControlResponse, then: [V2.Request]) {
        guard knows(request.controlType) else { return (V2.GetDERControlResponse(status: .notSupported), []) }
        let those = timeline.entries.filter {
            (request.isDefault ?? $0.control.isDefault) == $0.control.isDefault
                && (request.controlId ?? $0.control.id) == $0.control.id
                && (request.controlType?.name ?? $0.control.function.rawValue) == $0.control.function.rawValue
        }
        guard !those.isEmpty else { return (V2.GetDERControlResponse(status: .notFound), []) }
        let parts = stride(from: 0, to: those.count, by: Self.perReport).map { first in
            let part = those[first..<min(first + Self.perReport, those.count)]
            return V2.Request.reportDERControl(
                report(Array(part), request.requestId, goesOn: first + Self.perReport < those.count, at: now))
        }
        return (V2.GetDERControlResponse(status: .accepted), parts)
    }

    private func knows(_ kind: V2.DERControlKind?) -> Bool {
        guard let kind else { return true }
        return DERFunction(rawValue: kind.name).map(functions.contains) ?? false
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
            if let one = own.curve {
                curve.append(
                    V2.DERCurveGet(
                        curve: one, id: id, curveType: own.controlType, isDefault: isDefault, isSuperseded: isLost))
            }
            if let one = own.enterService { enterService.append(V2.EnterServiceGet(enterService: one, id: id)) }
            if let one = own.fixedPFAbsorb {
                absorb.append(V2.FixedPFGet(fixedPF: one, id: id, isDefault: isDefault, isSuperseded: isLost))
            }
            if let one = own.fixedPFInject {
                inject.append(V2.FixedPFGet(fixedPF: one, id: id, isDefault: isDefault, isSuperseded: isLost))
            }
            if let one = own.fixedVar {
                fixedVar.append(V2.FixedVarGet(fixedVar: one, id: id, isDefault: isDefault, isSuperseded: isLost))
            }
            if let one = own.freqDroop {
                freqDroop.append(V2.FreqDroopGet(freqDroop: one, id: id, isDefault: isDefault, isSuperseded: isLost))
            }
            if let one = own.gradient { gradient.append(V2.GradientGet(gradient: one, id: id)) }
            if let one = own.limitMaxDischarge {
                limit.append(
                    V2.LimitMaxDischargeGet(
                        id: id, isDefault: isDefault, isSuperseded: isLost, limitMaxDischarge: one))
            }
        }
        func some<One>(_ list: [One]) -> [One]? { list.isEmpty ? nil : list }
        return V2.ReportDERControlRequest(
            requestId: request, curve: some(curve), enterService: some(enterService), fixedPFAbsorb: some(absorb),
            fixedPFInject: some(inject), fixedVar: some(fixedVar), freqDroop: some(freqDroop),
            gradient: some(gradient), limitMaxDischarge: some(limit), tbc: goesOn)
    }

    // MARK: - Time and grid

    /// What began and ended by itself since it was asked last, in the order in which it is told.
    mutating func advance(to now: Instant) -> [V2.Request] {
        guard !timeline.entries.isEmpty || !running.isEmpty else { return [] }
        var told: [V2.Request] = []
        let active = DERFunction.allCases.compactMap { timeline.active($0, at: now)?.control }
        let due = Set(active.filter { !$0.isDefault }.map(\.id))
        for id in due.subtracting(running).sorted() {
            let lost = timeline.entries.filter { $0.supersededBy == id && running.contains($0.control.id) }
            told.append(
                .notifyDERStartStop(
                    V2.NotifyDERStartStopRequest(
                        controlId: id, started: true, timestamp: now,
                        supersededIds: lost.isEmpty ? nil : lost.map(\.control.id))))
        }
        for id in running.subtracting(due).sorted() where timeline[id]?.isSuperseded(at: now) == false {
            told.append(
                .notifyDERStartStop(V2.NotifyDERStartStopRequest(controlId: id, started: false, timestamp: now)))
        }
        running = due
        for entry in timeline.dropExpired(at: now) { asked[entry.control.id] = nil }
        return told
    }

    /// Power follows the grid code instead of what it was told, or no longer does: told once, and only the newest of what takes
    /// over from one another (R05).
    mutating func deviates(_ found: GridDeviation?, at now: Instant) -> V2.Request? {
        guard found != alarm else { return nil }
        defer { alarm = found }
        guard let named = found ?? alarm else { return nil }
        return .notifyDERAlarm(
            V2.NotifyDERAlarmRequest(
                controlType: V2.DERControlKind(named.function.rawValue), timestamp: now,
                gridEventFault: named.fault.map { V2.GridEventFault($0) }, alarmEnded: found == nil ? true : nil))
    }

    /// Power was lost: what it holds stays; what runs is told anew.
    mutating func rebooted() {
        running = []
        alarm = nil
    }
}

/// A control that keeps power from what it was told.
struct GridDeviation: Hashable, Sendable {
    let function: DERFunction
    /// The standard's word; `nil`: nothing is wrong with the grid.
    let fault: String?
    init(function: DERFunction, fault: V2.GridEventFault?) {
        self.function = function
        self.fault = fault?.name
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
