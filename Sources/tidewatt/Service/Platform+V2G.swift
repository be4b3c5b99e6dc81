import Assets
import Charging
import Operations
import Quantities
import Rulebook

/// Reports on vehicles that give back: sessions and registers from the disk, ratings and prices from the core.
extension Platform {
    /// A site of a hundred piles has so many in a quarter.
    private static let mostSessions = 20_000

    func v2g(of id: SiteID, in interval: Interval) async -> V2GReport? {
        guard let site = await site(id) else { return nil }
        var (inside, isCut) = await sessions(of: id, in: interval)
        var evidence: [V2GReport.Evidence] = []
        for view in inside
        where view.session.imported > .zero || view.session.exported > .zero || view.session.status == .active {
            evidence.append(.init(view.session, readings: await registers(of: view.session.id)))
        }
        let known = Set(inside.map(\.session.id))
        let zone = site.zone
        var before = (discharged: Energy.zero, sessions: 0)
        let year = zone.civilDay(at: interval.end - .milliseconds(1)).yearMonthDay.year
        if let first = CivilDay(year: year, month: 1, day: 1), zone.midnight(of: first) < interval.start {
            // What ended before the period: the totals that were kept with each session.
            let earlier = await sessions(of: id, in: Interval(zone.midnight(of: first), interval.start))
            isCut = isCut || earlier.isCut
            for view in earlier.list where !known.contains(view.session.id) && view.session.exported > .zero {
                before.discharged += view.session.exported
                before.sessions += 1
            }
        }
        let stations = await stations(ofSite: id)
        return V2GReport(
            site: site, interval: interval, sessions: evidence, isCut: isCut, stations: stations, before: before,
            tariff: { packs.tariff($0) })
    }

    func nodeReadings(of site: SiteID) async -> [NodeID: NodeReading] {
        await loop.read { $0.nodeReadings(of: site) } ?? [:]
    }

    /// Those that touch `interval`.
    private func sessions(of site: SiteID, in interval: Interval) async -> (list: [SessionView], isCut: Bool) {
        let filter = SessionFilter(site: site, from: interval.start, to: interval.end)
        var list: [SessionView] = []
        var after: Session.ID?
        while list.count < Self.mostSessions {
            let page = await sessions(filter, after: after, limit: 1000)
            list += page
            guard page.count == 1000, let last = page.last?.session.id else { return (list, false) }
            after = last
        }
        return (list, true)
    }

    func course(of session: Session.ID, step: Duration) async -> [Reading] {
        await reading { try await self.store.course(of: session, step: step) } ?? []
    }

    func setpoints(of evse: EVSEID, in interval: Interval) async -> [SetpointPoint] {
        await reading { try await self.store.setpoints(of: evse, in: interval) } ?? []
    }

    /// As many as quarter hours need.
    private func registers(of session: Session.ID) async -> [Reading] {
        await reading { try await self.store.registers(of: session, step: V2GReport.step) } ?? []
    }

    private func stations(ofSite site: SiteID) async -> [(Station, evses: Int)] {
        var found: [(Station, evses: Int)] = []
        var after: StationID?
        while true {
            let page = await stations(after: after, limit: 1000)
            found += page.filter { $0.station.site == site }.map { ($0.station, evses: $0.evses.count) }
            guard page.count == 1000, let last = page.last?.station.id else { return found }
            after = last
        }
    }
}
