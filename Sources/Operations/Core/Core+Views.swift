public import Assets
public import Charging
public import GridDispatch
public import Quantities
import Rulebook

/// What the core counts at this moment.
public struct CoreCounts: Hashable, Sendable {
    public var stations = 0
    public var online = 0
    public var activeSessions = 0
    public var activeAlarms = 0
    /// Since the start.
    public var calls = 0
    public var refusedCalls = 0
    public var repeats = 0
    public var softFaults = 0
    public var setpoints = 0
    public var plans = 0
    public init() {}
}

// Live state for people and programs; each answer is a value.
extension Core {
    /// Those that have not ended, in no order.
    public var activeAlarms: [Alarm] { alarms.active }

    public var counts: CoreCounts {
        var counts = CoreCounts()
        counts.stations = stations.count
        for slot in stations {
            if slot.isOnline { counts.online += 1 }
            counts.activeSessions += slot.sessions.count { $0.status == .active }
        }
        counts.activeAlarms = alarms.count
        counts.calls = statistics.calls
        counts.refusedCalls = statistics.refusedCalls
        counts.repeats = statistics.repeats
        counts.softFaults = statistics.softFaults
        counts.setpoints = statistics.setpoints
        counts.plans = statistics.plans
        return counts
    }

    public func stationView(_ id: StationID) -> StationView? { stationIndex[id].map { stationView($0) } }

    /// In order of identity.
    public func stationViews(after: StationID?, limit: Int) -> [StationView] {
        let ids = stationIndex.keys.filter { id in after.map { id > $0 } ?? true }.sorted()
        return ids.prefix(max(0, limit)).compactMap(stationView)
    }

    public var allSites: [Site] { sites.map(\.site) }
    public func site(_ id: SiteID) -> Site? { siteIndex[id].map { sites[$0].site } }
    public var allNodes: [GridNode] { nodes.map(\.node) }
    public func node(_ id: NodeID) -> GridNode? { nodeIndex[id].map { nodes[$0].node } }
    public func idToken(_ value: String) -> IdToken? { idTokens[Self.key(value)] }
    public var tariffIDs: [String] { tariffs.ids }
    public func plan(of id: SiteID) -> Plan? { siteIndex[id].flatMap { sites[$0].plan } }

    /// Pending ones and the newest finished ones.
    public func command(_ id: String) -> CommandView? {
        pendingCommands[id] ?? recentCommands.last { $0.id == id }
    }

    /// Of one station: those that wait, and those that ended a moment ago.
    public func liveCommands(of id: StationID) -> [String: CommandView] {
        var live: [String: CommandView] = [:]
        for view in recentCommands where view.station == id { live[view.id] = view }
        for view in pendingCommands.values where view.station == id { live[view.id] = view }
        return live
    }

    /// A running session; an ended one is complete on the disk.
    /// - Parameter now: also what holds it at this instant; `nil`: without that.
    public func activeSession(_ id: Session.ID, at now: Instant? = nil) -> SessionView? {
        guard let s = sessionHome[id].flatMap({ stationIndex[$0] }), let i = stations[s].session(id),
            stations[s].sessions[i].status == .active
        else { return nil }
        var view = sessionView(s, i)
        view.operation = now.flatMap { operation(s, i, at: $0) }
        return view
    }

    private func sessionView(_ s: Int, _ i: Int) -> SessionView {
        let session = stations[s].sessions[i]
        let site = stations[s].station.site
        let plan = site.flatMap { siteIndex[$0] }.flatMap { sites[$0].plan }
        let stay = plan?.stay(of: session.id.value)
        return SessionView(
            session: session, site: site, plan: stay, planStart: stay == nil ? nil : plan?.start,
            planStep: stay == nil ? nil : plan?.step)
    }

    /// Neighbouring spans of one level are one; empty without a tariff.
    public func priceLevels(of id: SiteID, in interval: Interval) -> [PriceLevelSpan] {
        guard let site = site(id), let tariff = importTariff(of: site, at: interval.start),
            interval.duration <= .days(Self.mostPriceDays), let spans = try? tariff.spans(in: interval)
        else { return [] }
        var levels: [PriceLevelSpan] = []
        for span in spans {
            if let last = levels.last, last.level == span.level.rawValue, last.interval.end == span.interval.start {
                levels[levels.count - 1] = PriceLevelSpan(
                    interval: Interval(last.interval.start, span.interval.end), level: last.level)
            } else {
                levels.append(PriceLevelSpan(interval: span.interval, level: span.level.rawValue))
            }
        }
        return levels
    }
    private static let mostPriceDays = 400

    /// Of one station or all, those that are still in memory, newest first.
    public func liveJobs(of id: StationID?) -> [StationJob] {
        if let id { return stationIndex[id].map { stations[$0].jobs.reversed() } ?? [] }
        return stations.flatMap(\.jobs).sorted { ($0.askedAt, $0.id) > ($1.askedAt, $1.id) }
    }

    func stationView(_ s: Int) -> StationView {
        let slot = stations[s]
        var view = StationView(
            station: slot.station, online: slot.isOnline, lastSeen: slot.lastSeen, protocol: slot.protocolName,
            evses: slot.evses.map { evse in
                let session = slot.activeSession(on: evse.number).map { slot.sessions[$0] }
                var shown = StationView.EVSE(
                    number: evse.number, status: evse.status, errorCode: evse.errorCode,
                    transaction: session?.transactionID, session: session?.id, power: evse.meter.power,
                    powerAt: evse.meter.at, setpoint: evse.dispatch?.confirmed ?? evse.dispatch?.wanted,
                    setpointState: evse.dispatch.flatMap { $0.state == .none ? nil : $0.state.rawValue },
                    control: evse.control)
                shown.roundTrip = LearnedRoundTrip(evse.losses)
                shown.setpointReason = evse.dispatch?.reason.code
                return shown
            }, commissioning: slot.commissioning, profileChange: slot.device.profileChange)
        view.profileDifferences = slot.profiles?.picture.differences ?? 0
        view.outsideLimits = slot.profiles?.outside ?? []
        view.firmware = slot.jobs.last { $0.order.kind == .firmware }
        return view
    }
}
