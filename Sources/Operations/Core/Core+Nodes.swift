import Assets
import Forecasting
import GridDispatch
import Quantities
import Rulebook

// Site meters, base load, the minute curve.
extension Core {
    mutating func nodeRead(
        _ id: NodeID, _ readings: [NodeReading], _ request: UInt64, by actor: Actor, at now: Instant
    ) {
        guard let n = nodeIndex[id] else { return emit(.answer(request, .failure(ServiceFault(.nodeUnknown(id))))) }
        var fields: [ServiceFault.Field] = []
        for (i, reading) in readings.enumerated() {
            if reading.at > now + Self.clockTolerance {
                fields.append(.init(path: "[\(i)].at", .future(now: now)))
            }
            if reading.power.watts.magnitude > Self.mostWatts {
                fields.append(.init(path: "[\(i)].kw", .beyondAnyNode))
            }
        }
        guard fields.isEmpty else {
            return emit(
                .answer(request, .failure(ServiceFault(.invalid(.reading), fields: Array(fields.prefix(20))))))
        }
        persist(.nodeReadings(id, readings))
        learnHistory(n, readings, at: now)
        if let newest = readings.max(by: { $0.at < $1.at }), nodes[n].reading.map({ newest.at >= $0.at }) ?? true {
            nodes[n].reading = newest
            let isFresh = now - newest.at <= settings.dispatch.meterStaleAfter
            if isFresh {
                nodes[n].quarter.add(newest.power - charging(below: n))
                for s in sites.indices where sites[s].roots.first == n {
                    sites[s].minute.measured += newest.power.watts
                    sites[s].minute.measuredCount += 1
                }
            }
        }
        emit(.answer(request, .success(.done)))
    }

    /// Meters' clocks may run ahead a little.
    private static let clockTolerance: Duration = .minutes(5)
    private static let mostWatts: UInt64 = 10_000_000_000

    /// What a meter recorded before the platform came (an operator's file) teaches the base load. Nothing is known of
    /// charging at that time, so it counts as none, and only the time before the first metered quarter hour is taken.
    private mutating func learnHistory(_ n: Int, _ readings: [NodeReading], at now: Instant) {
        guard !nodes[n].isLearning else { return }
        let past = readings.filter { now - $0.at > QuarterMeans.length }.sorted { $0.at < $1.at }
        guard !past.isEmpty else { return }
        var means = QuarterMeans()
        var quarters: [(start: Instant, mean: Power)] = []
        for reading in past {
            if let quarter = means.roll(to: reading.at) { quarters.append(quarter) }
            means.add(reading.power)
        }
        if let last = past.last, let quarter = means.roll(to: last.at + QuarterMeans.length) {
            quarters.append(quarter)
        }
        for s in sites.indices where sites[s].path.contains(n) {
            for quarter in quarters {
                sites[s].forecaster.observe(baseLoad: quarter.mean, of: nodes[n].node.id, at: quarter.start)
            }
        }
        nodes[n].envelopeAt = nil
    }

    /// Hands the mean of each past quarter hour to the forecasters; below 0 there is more generation than load.
    mutating func quarterHour(at now: Instant) {
        for n in nodes.indices {
            guard let (start, mean) = nodes[n].quarter.roll(to: now) else { continue }
            nodes[n].isLearning = true
            for s in sites.indices where sites[s].path.contains(n) {
                sites[s].forecaster.observe(baseLoad: mean, of: nodes[n].node.id, at: start)
            }
        }
    }

    /// Base load of the past weeks. What a node's meter said includes charging; the site's own curve does not, so it is
    /// taken for its root, and the meter alone for the time before it.
    mutating func restoreBaseLoads(_ state: CoreState) {
        for s in sites.indices {
            for n in sites[s].path {
                let id = nodes[n].node.id
                let isRoot = sites[s].roots.first == n
                let own = isRoot ? state.siteBaseLoad[sites[s].site.id] ?? [] : []
                let before = (state.nodeLoad[id] ?? []).filter { mean in own.first.map { mean.at < $0.at } ?? true }
                if !own.isEmpty { nodes[n].isLearning = true }
                for mean in before + own {
                    sites[s].forecaster.observe(baseLoad: mean.power, of: id, at: mean.at)
                }
            }
        }
    }

    /// What default profiles must leave free, generation not counted on; looked up once a quarter hour.
    mutating func envelope(of n: Int, for s: Int, at now: Instant) -> DailyProfile? {
        if let at = nodes[n].envelopeAt, now - at < QuarterMeans.length, now >= at { return nodes[n].envelope }
        nodes[n].envelope = sites[s].forecaster.baseEnvelope(
            of: nodes[n].node.id, probability: settings.baseEnvelopeQuantile, now: now
        ).flatMap { series in
            DailyProfile(
                repeating: Series(start: series.start, step: series.step, values: series.values.map { max(.zero, $0) }))
        }
        nodes[n].envelopeAt = now
        return nodes[n].envelope
    }

    // MARK: - The minute curve

    /// Adds the present moment; when a minute is over, its point is kept and told.
    mutating func minute(site s: Int, at now: Instant) {
        let start = now.floored(to: MinuteMeans.length, from: Instant(milliseconds: 0))
        if let before = sites[s].minute.start, before != start { closeMinute(site: s, start: before, at: now) }
        if sites[s].minute.start != start {
            sites[s].minute = MinuteMeans()
            sites[s].minute.start = start
        }
        var charging = Power.zero
        for m in sites[s].members { for evse in stations[m].evses { charging += evse.meter.power ?? .zero } }
        sites[s].minute.charging += charging.watts
        sites[s].minute.chargingCount += 1
    }

    private mutating func closeMinute(site s: Int, start: Instant, at now: Instant) {
        let minute = sites[s].minute
        guard !sites[s].members.isEmpty || !sites[s].roots.isEmpty else { return }
        let root = sites[s].roots.first
        let charging = minute.chargingCount > 0 ? Power(watts: minute.charging / minute.chargingCount) : nil
        let metered = minute.measuredCount > 0 ? Power(watts: minute.measured / minute.measuredCount) : nil
        let state = root.flatMap { r in sites[s].nodeStates.first { $0.node == nodes[r].node.id } }
        let base = metered.map { $0 - (charging ?? .zero) } ?? state?.base
        let planned = root.flatMap { r -> Power? in
            guard let plan = sites[s].plan, let slot = plan.slot(at: start),
                let load = plan.nodes.first(where: { $0.node == nodes[r].node.id }), slot < load.total.count
            else { return nil }
            return load.total[slot]
        }
        let point = SitePowerPoint(
            site: sites[s].site.id, at: start, measured: metered, charging: charging, planned: planned,
            limit: root.flatMap { nodes[$0].node.limit }, base: base, baseIsStale: metered == nil,
            level: level(of: sites[s].site, at: start))
        persist(.sitePower(point))
        addToPeak(point, site: s, at: now)
        emit(.publish(.sitePower(point)))
    }

    func importTariff(of site: Site, at instant: Instant) -> Tariff? {
        site.tariff(on: site.zone.civilDay(at: instant)).flatMap { tariffs[$0] }
    }

    private func level(of site: Site, at instant: Instant) -> String? {
        (try? importTariff(of: site, at: instant)?.span(at: instant))?.level.rawValue
    }
}
