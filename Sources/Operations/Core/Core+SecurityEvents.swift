import Assets
import Charging
import Quantities

// What bears on a station's security: kept, bounded a station, and an alarm where a person must look.
extension Core {
    mutating func told(_ told: StationEvent.Security, _ s: Int, at now: Instant) {
        keep(
            SecurityEvent(
                station: stations[s].station.id, source: .station, type: told.type, at: told.at, receivedAt: now,
                info: told.info), s, at: now)
    }

    /// The shell saw something of a station; of those nobody knows nothing is kept.
    mutating func saw(_ seen: SecurityEvent.Seen, of id: StationID, info: String?, at now: Instant) {
        guard let s = stationIndex[id] else { return }
        note(seen, s, info: info, at: now)
    }

    mutating func note(_ seen: SecurityEvent.Seen, _ s: Int, info: String?, at now: Instant) {
        keep(
            SecurityEvent(
                station: stations[s].station.id, source: .platform, type: seen.rawValue, at: now, receivedAt: now,
                info: info), s, at: now)
    }

    private mutating func keep(_ event: SecurityEvent, _ s: Int, at now: Instant) {
        tellNotKept(s, at: now)
        if stations[s].security.pace(of: event.source, at: now) {
            persist(.securityEvent(event))
            emit(.publish(.station(event.station)))
        }
        guard let priority = SecurityEvent.priority(of: event.type) else { return }
        raise(
            SecurityEvent.alarmCode, object: "\(event.station.value)/\(event.type)", site: stations[s].station.site,
            priority: priority,
            values: ["event": event.type, "info": String((event.info ?? "").prefix(255)), "at": "\(event.at)"], at: now)
    }

    /// How many events of an hour that is over were not kept.
    private mutating func tellNotKept(_ s: Int, at now: Instant) {
        for (source, count) in stations[s].security.ended(at: now) {
            persist(
                .securityEvent(
                    SecurityEvent(
                        station: stations[s].station.id, source: .platform,
                        type: SecurityEvent.Seen.eventsNotKept.rawValue, at: now, receivedAt: now,
                        info: "count=\(count), source=\(source.rawValue)")))
        }
    }

    /// Once an hour, so that what was not kept is told although nothing more comes.
    mutating func tellNotKept(at now: Instant) {
        for s in stations.indices where stations[s].security.hasLost { tellNotKept(s, at: now) }
    }
}

extension SecurityEvent {
    /// Its object is STATION/TYPE; it is a moment, so it ends when a person has acknowledged it.
    static let alarmCode = "station-security-event"
}

/// Events of one station that are kept an hour: a station that floods, or somebody who guesses at it, fills no disk.
struct SecurityPace: Hashable, Sendable {
    private struct Window: Hashable, Sendable {
        var start = Instant(milliseconds: 0)
        var kept: Int16 = 0
        var lost: Int32 = 0
    }
    private var told = Window()
    private var seen = Window()
    static let length: Duration = .hours(1)
    static let most: [SecurityEvent.Source: Int16] = [.station: 60, .platform: 30]

    private static func isOver(_ window: Window, at now: Instant) -> Bool {
        now - window.start >= length || now < window.start
    }

    /// `false`: it is only counted.
    mutating func pace(of source: SecurityEvent.Source, at now: Instant) -> Bool {
        var window = source == .station ? told : seen
        defer {
            if source == .station { told = window } else { seen = window }
        }
        if Self.isOver(window, at: now) { window = Window(start: now) }
        guard window.kept < Self.most[source] ?? 0 else {
            if window.lost < .max { window.lost += 1 }
            return false
        }
        window.kept += 1
        return true
    }

    var hasLost: Bool { told.lost > 0 || seen.lost > 0 }

    /// What was lost in windows that are over; told once.
    mutating func ended(at now: Instant) -> [(SecurityEvent.Source, Int32)] {
        var all: [(SecurityEvent.Source, Int32)] = []
        if told.lost > 0, Self.isOver(told, at: now) {
            all.append((.station, told.lost))
            told = Window(start: now)
        }
        if seen.lost > 0, Self.isOver(seen, at: now) {
            all.append((.platform, seen.lost))
            seen = Window(start: now)
        }
        return all
    }
}
