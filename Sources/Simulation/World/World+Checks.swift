import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Operations
import Quantities
import Rulebook
import Scheduling

// What must hold while it runs, and what at the end.
extension World {
    var load: Power { stations.reduce(script.base(at: now)) { $0 + $1.power } }
    var isSilent: Bool {
        script.misfortunes.contains { if case .meterSilence(let i) = $0 { i.contains(now) } else { false } }
    }

    /// Defaults need a while until every pile has taken one.
    private static let warmUp: Duration = .minutes(3)

    func check() {
        // Every station is brought to this instant, so that powers are those of now.
        for i in stations.indices { station(i, .wake) }
        guard now >= script.start + Self.warmUp else { return }
        let noise = script.base(at: now) - script.base(at: now, foreseeable: true)
        limitChecker.observe(
            load: load, unforeseen: core == nil ? max(.zero, noise) : .zero, limit: script.limit, at: now,
            violations: &report.violations)
        report.longestAboveLimit = limitChecker.longestAbove
        if now.milliseconds % 10_000 < 1_000 {
            report.offlineChecks += 1
            if let violation = OfflineChecker.violation(stations, deaf: deafPiles, script, at: now) {
                report.violations.append(violation)
            }
        }
    }

    /// Piles of which the platform has told people for five minutes that they do not follow.
    var deafPiles: Set<Int> {
        var piles: Set<Int> = []
        for alarm in disk.journal.alarms.values where alarm.code == "station-does-not-follow" && alarm.endedAt == nil {
            guard now - alarm.since >= .minutes(5) else { continue }
            if let i = stations.indices.first(where: { EVSEID(stationID($0), 1).description == alarm.object }) {
                piles.insert(i)
            }
        }
        return piles
    }

    func noteAnswer(_ text: [UInt8], to i: Int) {
        // `[3,"id",…`: all that a checker needs of a CALLRESULT.
        guard text.starts(with: Array("[3,\"".utf8)), let end = text.dropFirst(4).firstIndex(of: UInt8(ascii: "\""))
        else {
            return
        }
        readingChecker.answered(String(decoding: text[4..<end], as: UTF8.self), to: stationID(i))
    }

    /// A stated minimum arrives when it could: the driver stayed twice as long as full power needs and a quarter of an hour
    /// more, the pile follows and nothing was broken meanwhile.
    func checkMinimum(_ s: Int, received: Energy) {
        let stay = script.stays[s]
        guard let minimum = stay.minimum, stay.vehicle.bidirectional == nil,
            !script.stations.contains(where: { $0.faults.ignoresProfiles })
        else {
            return
        }
        let present = Interval(stay.arrival, stay.departure)
        guard !script.misfortunes.contains(where: { $0.interval.overlaps(present) }) else { return }
        guard script.stations[stay.pile].faults.dropsPermille == 0 else { return }
        let target = min(minimum, stay.vehicle.wanted)
        let needed = Duration.milliseconds(target.milliwattHours * 3_600 / stay.vehicle.maxPower.watts)
        guard present.duration >= needed * 2 + .minutes(15) else { return }
        if received + .wattHours(20) < target {
            report.violations.append(
                "\(stay.pile + 1): minimum \(target.wattHoursText) Wh, received \(received.wattHoursText) Wh in \(present)"
            )
        }
    }

    func finish() {
        finishPark()
        report.acknowledgedReadings = readingChecker.acknowledged.count
        for station in stations {
            report.profiles += station.counts.profilesAccepted
            let limits = core?.limits(of: StationID(station.settings.identity)) ?? []
            report.agreeing += limits.count { $0.comparison?.verdict == .agrees }
        }
        // Nobody but the platform put profiles into them: each reckons as it does, whatever was lost on the way.
        for alarm in disk.journal.alarms.values where alarm.code == "schedule-allows-more" {
            report.violations.append("\(alarm.since): \(alarm.object) reckons with more: \(alarm.values)")
        }
        guard report.violations.isEmpty else { return }
        commit(upTo: .max)
        report.violations += readingChecker.violations(disk.journal)
        checkEnergy()
    }

    /// Meters, vehicles and the books agree: what vehicles received went through the meters, and each transaction that a
    /// station has delivered is one session with the difference of its registers.
    func checkEnergy() {
        let metered = stations.reduce(Int64(0)) { $0 + ($1.register(connector: 1)?.milliwattHours ?? 0) }
        let received = report.delivered.milliwattHours
        if watch == nil, metered != received {
            report.violations.append("meters show \(metered) mWh, vehicles received \(received) mWh")
        }
        for (i, station) in stations.enumerated()
        where station.undelivered == 0 && !script.stations[i].faults.meterIsSilent {
            let sessions = disk.journal.sessions.values.filter { $0.evse.station == stationID(i) }
            if sessions.count != station.counts.transactionsStarted {
                report.violations.append(
                    "\(stationID(i)): \(station.counts.transactionsStarted) transactions, \(sessions.count) sessions")
            }
            let booked = sessions.reduce(Int64(0)) { $0 + $1.imported.milliwattHours }
            let shown = station.register(connector: 1)?.milliwattHours ?? 0
            // A transaction begins and ends on whole watt-hours.
            if abs(booked - shown) > 1_000 * Int64(sessions.count + 1) {
                report.violations.append("\(stationID(i)): booked \(booked) mWh of \(shown) mWh")
            }
            let back = sessions.reduce(Int64(0)) { $0 + $1.exported.milliwattHours }
            let given = station.exported(connector: 1)?.milliwattHours ?? 0
            if abs(back - given) > 1_000 * Int64(sessions.count + 1) {
                report.violations.append("\(stationID(i)): booked \(back) mWh of \(given) mWh given back")
            }
        }
    }
}
