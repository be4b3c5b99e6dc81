import Assets
import Charging
import Quantities

// Monitors and what they see (2.x block N): kept, and an alarm where a person must look.
extension Core {
    // MARK: - Monitors

    /// From a report, or set by us and accepted. One that is replaced begins anew: whether its alarm holds, the station says
    /// again (N07.FR.11).
    mutating func know(_ monitors: [DeviceMonitor], _ s: Int, at now: Instant) {
        guard !monitors.isEmpty else { return }
        persist(.device(.monitors(stations[s].station.id, monitors, at: now)))
        var severities = stations[s].device.severities
        for monitor in monitors where severities[monitor.id] != nil || severities.count < DeviceMonitor.most {
            severities[monitor.id] = monitor.severity
        }
        stations[s].device.severities = severities
        let waiting = stations[s].device.unjudged
        stations[s].device.unjudged = waiting.filter { $0.monitor.flatMap { severities[$0] } == nil }
        for var event in waiting {
            guard let severity = event.monitor.flatMap({ severities[$0] }) else { continue }
            event.severity = severity
            alarm(event, s, at: now)
        }
    }

    /// A station tells nothing more of a monitor that is gone (N07.FR.12), so what it alarmed ends with it.
    mutating func cleared(monitors ids: [Int], _ s: Int, at now: Instant) {
        guard !ids.isEmpty else { return }
        let id = stations[s].station.id
        persist(.device(.forgetMonitors(id, .these(ids))))
        for monitor in ids { stations[s].device.severities[monitor] = nil }
        let subjects = Set(ids.map { "monitor \($0)" })
        endMonitorAlarms(of: id, at: now) { subjects.contains($0) }
    }

    mutating func noMonitors(_ s: Int, at now: Instant) {
        let id = stations[s].station.id
        persist(.device(.forgetMonitors(id, .before(now))))
        stations[s].device.severities = [:]
        endMonitorAlarms(of: id, at: now) { $0.hasPrefix("monitor ") }
    }

    /// FactoryDefault and HardWiredOnly take away what was set over OCPP (N03).
    mutating func set(monitoringBase base: String, _ s: Int, at now: Instant) {
        let id = stations[s].station.id
        persist(.device(.monitoring(id, base: base, level: nil, at: now)))
        guard base != "All" else { return }
        persist(.device(.forgetMonitors(id, .custom)))
        // Which ones of those that remain had an alarm, its next events tell again.
        endMonitorAlarms(of: id, at: now) { $0.hasPrefix("monitor ") }
    }

    // MARK: - Events

    mutating func take(_ told: DeviceEvent, _ s: Int, at now: Instant) {
        let id = stations[s].station.id
        var event = told
        event.severity = told.severity ?? told.monitor.flatMap { stations[s].device.severities[$0] }
        var pace = stations[s].device.pace
        if pace.admits(at: now) { persist(.device(.event(id, event, receivedAt: now))) }
        stations[s].device.pace = pace
        let object = Self.alarmObject(id, event.subject)
        if event.isCleared {
            stations[s].device.unjudged.removeAll { $0.subject == event.subject }
            return endAlarm(Self.monitorAlarm, object: object, at: now)
        }
        if event.severity == nil, event.monitor != nil { ask(about: event, s, at: now) }
        alarm(event, s, at: now)
    }

    /// A monitor that the maker built in was never told of: how grave its event is, the station must say.
    private mutating func ask(about event: DeviceEvent, _ s: Int, at now: Instant) {
        stations[s].device.unjudged.removeAll { $0.subject == event.subject }
        if stations[s].device.unjudged.count < DeviceWatch.mostUnjudged { stations[s].device.unjudged.append(event) }
        if let asked = stations[s].device.monitorsAskedAt, now - asked < .hours(1) { return }
        stations[s].device.monitorsAskedAt = now
        _ = device(.refreshMonitors(stations[s].station.id), by: .platform, at: now)
    }

    private mutating func alarm(_ event: DeviceEvent, _ s: Int, at now: Instant) {
        let id = stations[s].station.id
        let object = Self.alarmObject(id, event.subject)
        // What comes again and again by the clock tells of nothing new.
        guard let severity = event.severity, (0...DeviceMonitor.alarming).contains(severity),
            event.trigger != "Periodic", hasRoomForMonitorAlarm(of: id)
        else { return }
        raise(
            event.lasts ? Self.monitorAlarm : Self.monitorEventAlarm, object: object, site: stations[s].station.site,
            priority: severity <= 1 ? .critical : .high,
            values: [
                "variable": event.name.text, "value": String(event.value.prefix(100)), "severity": String(severity),
                "at": "\(event.at)",
            ], at: now)
    }

    /// Lasts until the station says that it is over.
    static let monitorAlarm = "station-monitor"
    /// Tells of a moment; it ends when a person has acknowledged it.
    static let monitorEventAlarm = "station-monitor-event"
    /// More of one station tell a person nothing more.
    private static let mostMonitorAlarms = 20

    /// `STATION/SUBJECT`.
    private static func alarmObject(_ id: StationID, _ subject: String) -> String { "\(id.value)/\(subject)" }

    private func hasRoomForMonitorAlarm(of id: StationID) -> Bool {
        monitorAlarms(of: id).count < Self.mostMonitorAlarms
    }

    private func monitorAlarms(of id: StationID) -> [Alarm] {
        let prefix = id.value + "/"
        return alarms.filter {
            ($0.code == Self.monitorAlarm || $0.code == Self.monitorEventAlarm) && $0.object.hasPrefix(prefix)
        }
    }

    mutating func endMonitorAlarms(of id: StationID, at now: Instant, where isOver: (_ subject: String) -> Bool) {
        for alarm in monitorAlarms(of: id) where isOver(String(alarm.object.dropFirst(id.value.count + 1))) {
            endAlarm(alarm.code, object: alarm.object, at: now)
        }
    }
}
