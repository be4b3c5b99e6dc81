import Assets
import GridDispatch
import Quantities

extension Core {
    mutating func raise(
        _ code: String, object: String, site: SiteID?, priority: Alarm.Priority, values: [String: String] = [:],
        at now: Instant
    ) {
        if let known = alarms.find(AlarmBook.Key(code: code, object: object)) { return alarms.confirm(known.id) }
        let alarm = Alarm(
            id: counters.alarm, priority: priority, code: code, site: site, object: object, values: values, since: now)
        counters.alarm += 1
        persist(.setting(key: Counters.alarmKey, value: String(counters.alarm)))
        put(alarm)
    }

    mutating func endAlarm(_ code: String, object: String, at now: Instant) {
        guard var alarm = alarms.find(AlarmBook.Key(code: code, object: object)) else { return }
        alarm.endedAt = now
        put(alarm)
    }

    /// Whoever raises an alarm begins anew with us: one that still holds is raised again, one that ended while we were away
    /// would never be ended by anybody.
    mutating func endInherited(at now: Instant) {
        guard !alarms.inherited.isEmpty else { return }
        if startedAt == nil { confirmOutsideAlarms(at: now) }
        let began = startedAt ?? now
        startedAt = began
        guard now - began >= Self.confirmWithin else { return }
        for id in alarms.inherited.sorted() {
            guard let alarm = alarms.find(id: id) else { continue }
            endAlarm(alarm.code, object: alarm.object, at: now)
        }
    }
    /// The slowest are told after ten minutes (piles being set up), plans every five.
    private static let confirmWithin: Duration = .minutes(15)

    mutating func acknowledge(alarm id: Int64, by actor: Actor, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard var alarm = alarms.find(id: id) else {
            return .failure(ServiceFault(.alarmUnknown(id)))
        }
        if alarm.acknowledgedBy == nil {
            alarm.acknowledgedBy = actor.name
            alarm.acknowledgedAt = now
            // It told of a moment: seen, it is over.
            if [SecurityEvent.alarmCode, Self.monitorEventAlarm, Self.swapLeft].contains(alarm.code)
                || Self.harms.contains(alarm.code)
            {
                alarm.endedAt = now
            }
            put(alarm)
        }
        return .success(.alarm(alarm))
    }

    mutating func shellCondition(_ condition: ShellCondition, _ holds: Bool, at now: Instant) {
        if holds {
            raise(
                condition.code, object: condition.object,
                site: condition.station.flatMap { stationIndex[$0] }.flatMap { stations[$0].station.site },
                priority: condition.priority,
                values: condition.values, at: now)
        } else {
            endAlarm(condition.code, object: condition.object, at: now)
        }
    }

    private mutating func put(_ alarm: Alarm) {
        alarms.put(alarm)
        persist(.alarm(alarm))
        emit(.publish(.alarm(alarm)))
    }
}
