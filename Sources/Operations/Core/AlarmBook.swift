import Quantities

/// Alarms that did not end, found by what they are about.
struct AlarmBook: Sendable {
    struct Key: Hashable, Sendable {
        let code: String
        let object: String
    }
    private(set) var active: [Alarm] = []
    /// From before our start: nobody has said since whether they still hold.
    private(set) var inherited: Set<Int64> = []

    mutating func load(_ alarm: Alarm) {
        active.append(alarm)
        // What tells of a moment waits for a person, not for who raised it.
        // A monitor's alarm ends when the station says so.
        let lasting = [SecurityEvent.alarmCode, Core.monitorAlarm, Core.monitorEventAlarm]
        if !lasting.contains(alarm.code) { inherited.insert(alarm.id) }
    }
    mutating func confirm(_ id: Int64) { inherited.remove(id) }
    func find(_ key: Key) -> Alarm? { active.first { $0.code == key.code && $0.object == key.object } }
    func find(id: Int64) -> Alarm? { active.first { $0.id == id } }

    mutating func put(_ alarm: Alarm) {
        active.removeAll { $0.id == alarm.id }
        if alarm.endedAt == nil { active.append(alarm) } else { inherited.remove(alarm.id) }
    }
}
