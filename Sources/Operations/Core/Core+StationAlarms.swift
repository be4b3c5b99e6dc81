import Assets
import Charging
import GridDispatch
import Quantities

// Piles that somebody has to go and see: faulted ones, and ones that do not come back.
extension Core {
    /// Reboots and short gaps of a mobile network are over by then.
    private static let offlineAfter: Duration = .minutes(5)
    private static let faulted = "station-faulted"
    private static let offline = "station-offline"
    /// In place of an alarm for each pile: one cause, one alarm.
    private static let siteOffline = "site-stations-offline"
    private static let fewestOfSite = 5

    /// Once a minute.
    mutating func watchStations(at now: Instant) {
        if let last = stationsWatchedAt, now - last < .minutes(1), now >= last { return }
        stationsWatchedAt = now
        let began = stationsWatchedSince ?? now
        stationsWatchedSince = began
        func isGone(_ slot: StationSlot) -> Bool {
            guard slot.connection == nil, let seen = slot.lastSeen else { return false }
            return now - max(seen, began) >= Self.offlineAfter
        }
        var sites: [SiteID: (all: Int, gone: Int)] = [:]
        for slot in stations {
            guard let site = slot.station.site, slot.isInService else { continue }
            sites[site, default: (0, 0)].all += 1
            if isGone(slot) { sites[site, default: (0, 0)].gone += 1 }
        }
        let dark = Set(sites.filter { $0.value.gone >= Self.fewestOfSite && $0.value.gone * 2 > $0.value.all }.keys)
        for s in stations.indices {
            // Also says that an alarm of an earlier run still holds.
            if stations[s].status == .faulted { judgeFault(0, s, at: now) }
            for evse in stations[s].evses where evse.status == .faulted { judgeFault(evse.number, s, at: now) }
            let (id, site) = (stations[s].station.id, stations[s].station.site)
            if let site, stations[s].isInService, !dark.contains(site), isGone(stations[s]) {
                raise(
                    Self.offline, object: id.value, site: site, priority: .low,
                    values: stations[s].lastSeen.map { ["since": "\($0)"] } ?? [:], at: now)
            } else {
                endAlarm(Self.offline, object: id.value, at: now)
            }
        }
        for (site, count) in sites where dark.contains(site) {
            raise(
                Self.siteOffline, object: site.value, site: site, priority: .high,
                values: ["count": String(count.gone), "total": String(count.all)], at: now)
        }
        for alarm in alarms.filter({ $0.code == Self.siteOffline }) where !dark.contains(SiteID(alarm.object)) {
            endAlarm(alarm.code, object: alarm.object, at: now)
        }
    }

    /// - Parameter number: of the EVSE; 0 is the station as a whole, which only 1.6 tells of.
    mutating func judgeFault(_ number: Int, _ s: Int, error: String? = nil, at now: Instant) {
        let status = number == 0 ? stations[s].status : stations[s].evse(number).map { stations[s].evses[$0].status }
        let object = EVSEID(stations[s].station.id, number).description
        if status == .faulted {
            raise(
                Self.faulted, object: object, site: stations[s].station.site, priority: .medium,
                values: error.map { ["error": $0] } ?? [:], at: now)
        } else {
            endAlarm(Self.faulted, object: object, at: now)
        }
    }

    mutating func stationReturned(_ s: Int, at now: Instant) {
        endAlarm(Self.offline, object: stations[s].station.id.value, at: now)
    }

    /// The station is removed.
    mutating func endStationAlarms(_ s: Int, at now: Instant) {
        stationReturned(s, at: now)
        let id = stations[s].station.id
        for number in [0] + stations[s].evses.map(\.number) {
            endAlarm(Self.faulted, object: EVSEID(id, number).description, at: now)
        }
    }
}

extension StationSlot {
    fileprivate var isInService: Bool { station.registration == .accepted }
}
