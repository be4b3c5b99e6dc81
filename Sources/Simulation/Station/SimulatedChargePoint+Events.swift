import OCPP
import OCPPMessages
import Quantities

extension StationWatch.Monitor {
    enum Origin: Hashable, Sendable { case hardWired, preconfigured, custom }

    /// What a station is built with watches a state of the machine itself; numbers of such monitors are apart from others.
    enum Source: Hashable, Sendable {
        /// A variable of the device model, by its name.
        case variable
        case problem(evse: Int), lock(evse: Int), temperature(evse: Int)
    }

    var origin: Origin {
        switch source {
        case .variable: .custom
        case .problem, .lock: .hardWired
        case .temperature: .preconfigured
        }
    }
}

extension StationWatch {
    /// Degrees Celsius; 2.x has no limit of its own.
    private static let hot = 80

    /// Nobody can remove these: what is wrong with a connector, a lock that fails (G05.FR.02). A flag counts as 0 or 1.
    static func hardWired(evses: Int) -> [Monitor] {
        (1...evses).flatMap { evse in
            func monitor(_ id: Int, _ component: String, _ source: Monitor.Source) -> Monitor {
                Monitor(
                    id: id + evse,
                    name: .init(component: component, evse: evse, connector: 1, variable: "Problem"),
                    kind: .upperThreshold, value: JSONDecimal(0), severity: 2, reference: "false", due: nil,
                    source: source)
            }
            return [
                monitor(10_000, "Connector", .problem(evse: evse)),
                monitor(20_000, "ConnectorPlugRetentionLock", .lock(evse: evse)),
            ]
        }
    }

    static func preconfigured(evses: Int) -> [Monitor] {
        (1...evses).map { evse in
            Monitor(
                id: 30_000 + evse, name: .init(component: "TemperatureSensor", evse: evse, variable: "Temperature"),
                kind: .upperThreshold, value: JSONDecimal(Self.hot), severity: 5, reference: "0", due: nil,
                source: .temperature(evse: evse))
        }
    }

    /// `All` leaves what was set and brings back what the station was built with; the others take away what was set, the last
    /// one also the preconfigured ones (N03.FR.03 to FR.05).
    mutating func take(base wanted: V2.MonitoringBase, evses: Int) {
        let wired = monitors.filter { $0.origin == .hardWired }
        let built = Self.preconfigured(evses: evses)
        switch wanted {
        case .all: monitors += built.filter { own in !monitors.contains { $0.id == own.id } }
        case .factoryDefault:
            // One that has not been changed goes on.
            monitors =
                wired
                + built.map { own in monitors.first { $0.id == own.id && $0.source == own.source } ?? own }
        case .hardWiredOnly: monitors = wired
        case .unrecognized: return
        }
        base = wanted
    }
}

// What the station sees is told by itself (2.x N07, N08); without the central system what is grave enough waits.
extension SimulatedChargePoint {
    private static let eventsAMessage = 10
    /// Deliveries without an answer before a message is given up.
    private static let attempts = 3

    /// Only stations of 2.x have monitors.
    private var dialect201: Dialect201 { Dialect201(version: settings.version) }
    private var canTell: Bool { link != nil && isAccepted }

    /// Whether what a monitor sees now reaches the central system, now or later (N07.FR.04).
    private func isHeard(_ monitor: StationWatch.Monitor) -> Bool {
        canTell || (powerAt == nil && isOn && monitor.severity <= configuration.number(.offlineSeverity))
    }

    /// Notes what monitors see now and tells it. Only numbers and flags change by themselves here.
    mutating func watchVariables() {
        guard !watch.monitors.isEmpty else { return }
        for i in watch.monitors.indices {
            let monitor = watch.monitors[i]
            if monitor.source != .variable {
                watchBuilt(i)
                continue
            }
            guard isHeard(monitor), let value = dialect201.value(of: monitor.name, in: self) else { continue }
            switch monitor.kind {
            case .upperThreshold, .lowerThreshold:
                guard let now = JSONDecimal(value) else { continue }
                let isBeyond = monitor.kind == .upperThreshold ? monitor.value < now : now < monitor.value
                guard isBeyond != monitor.isRaised else { continue }
                watch.monitors[i].isRaised = isBeyond
                note(monitor, .alerting, value, isCleared: !isBeyond)
            case .delta:
                guard hasMoved(monitor, value) else { continue }
                watch.monitors[i].reference = value
                note(monitor, .delta, value, isCleared: false)
            case .periodic, .periodicClockAligned:
                guard let due = monitor.due, due <= now else { continue }
                watch.monitors[i].due = nextPeriod(of: monitor)
                note(monitor, .periodic, value, isCleared: false)
            case .targetDelta, .targetDeltaRelative, .unrecognized: continue
            }
        }
        tellEvents()
    }

    /// Periods that passed unseen are not made up for.
    func nextPeriod(of monitor: StationWatch.Monitor) -> Instant {
        let seconds = max(1, monitor.value.whole ?? 60)
        guard monitor.kind != .periodicClockAligned else {
            return AlignedTime.next(after: clock, every: seconds) - settings.faults.clockSkew
        }
        let step = Int64(seconds) * 1000
        guard let due = monitor.due, due <= now else { return now + .seconds(seconds) }
        return due + .milliseconds(((now - due).wholeMilliseconds / step + 1) * step)
    }

    /// Cheap where nothing has changed: every station has some of these.
    private mutating func watchBuilt(_ i: Int) {
        let monitor = watch.monitors[i]
        let value: (isBeyond: Bool, text: () -> String)
        switch monitor.source {
        case .variable: return
        case .problem(let evse):
            let isWrong = hasProblem(evse)
            value = (isWrong, { "\(isWrong)" })
        case .lock(let evse):
            let isStuck = self[evse]?.fault == .connectorLockFailure
            value = (isStuck, { "\(isStuck)" })
        case .temperature(let evse):
            let degrees = self[evse]?.temperature(at: now) ?? 0
            value = (monitor.value < JSONDecimal(degrees), { "\(degrees)" })
        }
        guard value.isBeyond != monitor.isRaised, isHeard(monitor) else { return }
        watch.monitors[i].isRaised = value.isBeyond
        note(monitor, .alerting, value.text(), isCleared: !value.isBeyond)
    }

    /// The connector's own variable; its lock has another one.
    func hasProblem(_ evse: Int) -> Bool {
        guard let fault = self[evse]?.fault else { return false }
        return fault != .connectorLockFailure
    }

    private func hasMoved(_ monitor: StationWatch.Monitor, _ value: String) -> Bool {
        guard let before = JSONDecimal(monitor.reference), let after = JSONDecimal(value),
            let a = before.scaled(by: 3), let b = after.scaled(by: 3), let step = monitor.value.scaled(by: 3)
        else { return monitor.reference != value }
        return abs(a - b) > step
    }

    private mutating func note(
        _ monitor: StationWatch.Monitor, _ trigger: V2.EventTrigger, _ value: String, isCleared: Bool
    ) {
        guard monitor.severity <= watch.level else { return }
        let name = monitor.name
        let fault = name.variable == "Problem" && !isCleared ? name.evse.flatMap { self[$0]?.fault } : nil
        let kind: V2.EventNotification =
            switch monitor.origin {
            case .hardWired: .hardWiredMonitor
            case .preconfigured: .preconfiguredMonitor
            case .custom: .customMonitor
            }
        watch.waiting.append(
            V2.EventData(
                eventId: watch.nextEvent, timestamp: clock, trigger: trigger, actualValue: value,
                component: V2.Component(
                    name: name.component, evse: name.evse.map { V2.EVSE(id: $0, connectorId: name.connector) }),
                eventNotificationType: kind,
                variable: V2.Variable(name: name.variable, instance: name.instance), techCode: fault?.rawValue,
                techInfo: fault?.info, cleared: isCleared ? true : nil, variableMonitoringId: monitor.id))
        watch.nextEvent += 1
        // What is under way stays where it is.
        if watch.waiting.count > StationWatch.mostWaiting { watch.waiting.remove(at: watch.inFlight) }
    }

    // MARK: Delivery

    /// One message at a time, in the order in which things happened.
    private mutating func tellEvents() {
        guard canTell, watch.inFlight == 0, !watch.waiting.isEmpty else { return }
        let part = Array(watch.waiting.prefix(Self.eventsAMessage))
        watch.inFlight = part.count
        let message = V2.Request.notifyEvent(.init(generatedAt: clock, seqNo: 0, eventData: part))
        call(message.action.rawValue, message.json, .events)
    }

    mutating func toldEvents(_ outcome: StationLink.CallOutcome) {
        let isOver: Bool
        switch outcome {
        case .answered, .error: isOver = true
        case .timeout:
            watch.failures += 1
            isOver = watch.failures >= Self.attempts
        // It goes again on the next connection.
        case .dropped: isOver = false
        }
        if isOver {
            watch.waiting.removeFirst(min(watch.inFlight, watch.waiting.count))
            watch.failures = 0
        }
        watch.inFlight = 0
    }

    /// When the next periodic monitor is due.
    var nextWatch: Instant? {
        var next: Instant?
        for monitor in watch.monitors {
            if let due = monitor.due, due < next ?? due + .seconds(1), isHeard(monitor) { next = due }
        }
        return next
    }
}
