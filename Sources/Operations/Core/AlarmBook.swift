import Quantities

/// Alarms that did not end, found by what they are about.
struct AlarmBook: Sendable {
    struct Key: Hashable, Sendable {
        let code: String
        let object: String
    }
    private var byID: [Int64: Alarm] = [:]
    private var ids: [Key: Int64] = [:]
    /// From before our start: nobody has said since whether they still hold.
    private(set) var inherited: Set<Int64> = []

    /// By number, which is by age.
    var active: [Alarm] { byID.values.sorted { $0.id < $1.id } }
    var count: Int { byID.count }

    mutating func load(_ alarm: Alarm) {
        put(alarm)
        // What tells of a moment waits for a person, not for who raised it.
        // A monitor's alarm ends when the station says so, a payment's when its state changes.
        let lasting = [
            SecurityEvent.alarmCode, Core.monitorAlarm, Core.monitorEventAlarm, Core.derAlarmCode, Core.swapLeft,
            Core.paymentOpen, Core.paymentStuck,
        ]
        if !lasting.contains(alarm.code), !Core.harms.contains(alarm.code) { inherited.insert(alarm.id) }
    }
    mutating func confirm(_ id: Int64) { inherited.remove(id) }
    func find(_ key: Key) -> Alarm? { ids[key].flatMap { byID[$0] } }
    func find(id: Int64) -> Alarm? { byID[id] }
    /// By number.
    func filter(_ isWanted: (Alarm) -> Bool) -> [Alarm] { byID.values.filter(isWanted).sorted { $0.id < $1.id } }

    mutating func put(_ alarm: Alarm) {
        let key = Key(code: alarm.code, object: alarm.object)
        if alarm.endedAt == nil {
            byID[alarm.id] = alarm
            ids[key] = alarm.id
        } else {
            byID[alarm.id] = nil
            if ids[key] == alarm.id { ids[key] = nil }
            inherited.remove(alarm.id)
        }
    }
}
