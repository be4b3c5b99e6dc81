import Assets
import Charging
import Operations
import Quantities

extension FakePlatform {
    public func nodeReadings(of site: SiteID) async -> [NodeID: NodeReading] {
        let own = Set(await nodes().filter { $0.site == site }.map(\.id))
        return read { $0.nodeReadings.filter { own.contains($0.key) }.compactMapValues(\.last) }
    }

    /// Over the sessions and readings in memory, without prices.
    public func v2g(of id: SiteID, in interval: Interval) async -> V2GReport? {
        guard let site = await site(id) else { return nil }
        let filter = SessionFilter(site: id, from: interval.start, to: interval.end)
        var evidence: [V2GReport.Evidence] = []
        for view in await sessions(filter, after: nil, limit: 1000) {
            evidence.append(
                .init(view.session, readings: await readings(of: view.session.id, after: nil, limit: 10_000)))
        }
        let stations = await stations(after: nil, limit: 1000).filter { $0.station.site == id }
        return V2GReport(
            site: site, interval: interval, sessions: evidence, isCut: false,
            stations: stations.map { ($0.station, evses: $0.evses.count) }, before: (.zero, 0)
        ) { _ in nil }
    }
}
