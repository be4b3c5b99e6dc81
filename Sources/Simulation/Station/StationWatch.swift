import OCPPMessages
import Quantities

/// What a station watches by itself (2.0.1 part 2 block N). Outlives a reboot.
struct StationWatch: Sendable {
    struct Monitor: Sendable {
        let id: Int
        let name: StationConfiguration.Name
        let kind: V2.MonitorKind
        let value: JSONDecimal
        let severity: Int
        /// It has told that the threshold was passed, and not yet that this is over.
        var isRaised = false
        /// What it compares with, or told last.
        var reference: String
        /// Of a periodic one.
        var due: Instant?
    }
    /// The station has one of its own, which nobody can remove.
    var monitors: [Monitor] = []
    var nextMonitor = 1
    var nextEvent = 1
    /// Monitors of a higher severity number are silent.
    var level = 9

    static let mostMonitors = 50
    static let slots = 1...4
}

extension SimulatedChargePoint {
    /// Tells what monitors see now. Only numbers and flags change by themselves here.
    mutating func watchVariables() {
        guard !watch.monitors.isEmpty, link != nil, isAccepted else { return }
        var events: [V2.EventData] = []
        for i in watch.monitors.indices {
            let monitor = watch.monitors[i]
            guard let value = Dialect201().value(of: monitor.name, in: self) else { continue }
            switch monitor.kind {
            case .upperThreshold, .lowerThreshold:
                guard let now = JSONDecimal(value) else { continue }
                let isBeyond = monitor.kind == .upperThreshold ? monitor.value < now : now < monitor.value
                guard isBeyond != monitor.isRaised else { continue }
                watch.monitors[i].isRaised = isBeyond
                note(monitor, .alerting, value, isCleared: !isBeyond, &events)
            case .delta:
                guard hasMoved(monitor, value) else { continue }
                watch.monitors[i].reference = value
                note(monitor, .delta, value, isCleared: false, &events)
            case .periodic, .periodicClockAligned:
                guard let due = monitor.due, due <= now else { continue }
                watch.monitors[i].due = due + .seconds(max(1, monitor.value.whole ?? 60))
                note(monitor, .periodic, value, isCleared: false, &events)
            case .targetDelta, .targetDeltaRelative, .unrecognized: continue
            }
        }
        guard !events.isEmpty else { return }
        let message = V2.Request.notifyEvent(.init(generatedAt: clock, seqNo: 0, eventData: events))
        call(message.action.rawValue, message.json, .other)
    }

    private func hasMoved(_ monitor: StationWatch.Monitor, _ value: String) -> Bool {
        guard let before = JSONDecimal(monitor.reference), let after = JSONDecimal(value),
            let a = before.scaled(by: 3), let b = after.scaled(by: 3), let step = monitor.value.scaled(by: 3)
        else { return monitor.reference != value }
        return abs(a - b) > step
    }

    private mutating func note(
        _ monitor: StationWatch.Monitor, _ trigger: V2.EventTrigger, _ value: String, isCleared: Bool,
        _ events: inout [V2.EventData]
    ) {
        guard monitor.severity <= watch.level else { return }
        let name = monitor.name
        events.append(
            V2.EventData(
                eventId: watch.nextEvent, timestamp: clock, trigger: trigger, actualValue: value,
                component: V2.Component(
                    name: name.component, evse: name.evse.map { V2.EVSE(id: $0, connectorId: name.connector) }),
                eventNotificationType: .customMonitor,
                variable: V2.Variable(name: name.variable, instance: name.instance), cleared: isCleared ? true : nil,
                variableMonitoringId: monitor.id))
        watch.nextEvent += 1
    }

    /// When the next periodic monitor is due.
    var nextWatch: Instant? {
        guard link != nil, isAccepted else { return nil }
        return watch.monitors.compactMap(\.due).min()
    }
}
