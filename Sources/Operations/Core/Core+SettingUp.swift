import GridDispatch
import Quantities

// Until a pile has confirmed its first default profile nothing holds it without us. While a site is being set up that is no
// news, so the alarm waits for such piles, for a while.
extension Core {
    /// Raises and ends what the dispatcher tells of the site.
    mutating func tell(_ output: DispatchOutput, of s: Int, _ input: DispatchInput, at now: Instant) {
        for alarm in output.raised {
            if alarm.key.code == DispatchAlarm.offlineCode {
                sites[s].waiting.append(WaitingAlarm(alarm: alarm, since: now))
            } else {
                raise(alarm, s, at: now)
            }
        }
        for key in output.ended {
            sites[s].waiting.removeAll { $0.alarm.key == key }
            endAlarm(key.code, object: key.object, at: now)
        }
        guard let next = sites[s].waiting.map(\.lookAt).min(), next <= now else { return }
        let isOfSetUp = isViolatedByNewcomersOnly(s, input, at: now)
        for waiting in sites[s].waiting where !isOfSetUp || now - waiting.since >= Self.setUpTime {
            raise(waiting.alarm, s, at: now)
        }
        sites[s].waiting.removeAll { !isOfSetUp || now - $0.since >= Self.setUpTime }
        for i in sites[s].waiting.indices { sites[s].waiting[i].lookAt = now + settings.dispatch.reviewEvery }
    }

    private mutating func raise(_ alarm: DispatchAlarm, _ s: Int, at now: Instant) {
        raise(
            alarm.key.code, object: alarm.key.object, site: sites[s].site.id,
            priority: Alarm.Priority(rawValue: alarm.priority) ?? .medium, values: alarm.values, at: now)
    }

    /// Whether every node's limit would hold without us but for piles that are being set up.
    private func isViolatedByNewcomersOnly(_ s: Int, _ input: DispatchInput, at now: Instant) -> Bool {
        var others = input
        for k in others.evses.indices {
            let id = others.evses[k].id
            guard sites[s].fallbacks[id] == nil, let m = stationIndex[id.station],
                let first = stations[m].commissioner.firstContact, now - first < Self.setUpTime
            else { continue }
            others.evses[k].contacted = false
        }
        return sites[s].dispatcher.offlineViolation(others, at: now) == nil
    }

    /// A pile may take so long from its first word to its first default profile; 1000 piles of one site take eight minutes.
    private static let setUpTime: Duration = .minutes(10)
}

/// An alarm that waits for piles that are being set up.
struct WaitingAlarm: Sendable {
    let alarm: DispatchAlarm
    let since: Instant
    var lookAt: Instant

    init(alarm: DispatchAlarm, since: Instant) {
        self.alarm = alarm
        self.since = since
        self.lookAt = since
    }
}

extension DispatchAlarm {
    static let offlineCode = "offline-limit-not-guaranteed"
}
