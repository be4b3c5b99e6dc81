import Quantities

/// Remembers which conditions were raised, so that each is told once when it begins and once when it ends.
struct AlarmKeeper: Sendable {
    private var active: Set<DispatchAlarm.Key> = []

    mutating func update(_ conditions: [DispatchAlarm]) -> (raised: [DispatchAlarm], ended: [DispatchAlarm.Key]) {
        if conditions.isEmpty && active.isEmpty { return ([], []) }
        let keys = Set(conditions.map(\.key))
        let raised = conditions.filter { !active.contains($0.key) }
        let ended = active.subtracting(keys).sorted { ($0.code, $0.object) < ($1.code, $1.object) }
        active = keys
        return (raised, ended)
    }
}

enum NodeAlarms {
    static func conditions(
        _ node: DispatchInput.Node, limit: Int64?, track: NodeTrack, violated: OfflineInvariant.Violation?,
        at now: Instant, settings: DispatchSettings
    ) -> [DispatchAlarm] {
        var active: [DispatchAlarm] = []
        func add(_ code: String, _ priority: Int, _ values: [String: String]) {
            active.append(
                DispatchAlarm(priority: priority, key: .init(code: code, object: node.id.value), values: values))
        }
        let isStale = track.isStale(at: now, settings: settings)
        if isStale, let last = track.measuredAt { add("site-meter-stale", 3, ["last": last.description]) }
        if let limit, !isStale {
            let values = ["measured_w": String(track.measured), "limit_w": String(limit)]
            if track.measured > limit {
                add("node-over-limit", 1, values)
            } else if track.isGuarding {
                add("node-near-limit", 2, values)
            }
        }
        if let since = track.violatedSince, now - since >= settings.invariantAlarmAfter, let violated,
            violated.node == node.id
        {
            add(
                "offline-limit-not-guaranteed", 2,
                [
                    "at": violated.at.description, "base_w": String(violated.base.watts),
                    "charging_w": String(violated.charging.watts), "limit_w": String(violated.limit.watts),
                ])
        }
        return active
    }
}
