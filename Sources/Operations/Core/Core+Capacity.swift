import Assets
import GridDispatch
import Quantities

// What can be asked of a site's vehicles, every minute and whenever something changed that a plan is wanted for.
extension Core {
    mutating func measureIfDue(site s: Int, at now: Instant) {
        guard !sites[s].members.isEmpty else {
            sites[s].capacity = nil
            return
        }
        if let askedAt = sites[s].capacityAskedAt, now >= askedAt {
            guard now - askedAt >= (sites[s].capacityIsWanted ? Self.measureAgain : Self.measureEvery) else { return }
        }
        sites[s].capacityAskedAt = now
        sites[s].capacityIsWanted = false
        emit(.measure(capacityProblem(site: s, at: now)))
    }
    private static let measureEvery: Duration = .minutes(1)
    /// Something changes every second on a large site.
    private static let measureAgain: Duration = .seconds(5)

    mutating func measured(_ capacity: SiteCapacity) {
        guard let s = siteIndex[capacity.site],
            // An answer that comes late; a clock that was set back is none.
            sites[s].capacity.map({ $0.at < capacity.at || capacity.at == sites[s].capacityAskedAt }) ?? true
        else { return }
        sites[s].capacity = capacity
    }

    /// The newest one, of about the last minute; `nil`: no such site, or nothing was measured yet.
    public func capacity(of id: SiteID) -> SiteCapacity? { siteIndex[id].flatMap { sites[$0].capacity } }

    private mutating func capacityProblem(site s: Int, at now: Instant) -> CapacityProblem {
        let basis = planningBasis(site: s, at: now)
        let path = sites[s].path
        let position = Dictionary(uniqueKeysWithValues: path.enumerated().map { ($1, $0) })
        var connected = path.map { (node: nodes[$0].node.id, charge: Power.zero, discharge: Power.zero) }
        for m in sites[s].members {
            let electrical = stations[m].station.electrical
            let discharge = electrical.maxDischarge ?? (isSteered(m) ? electrical.maxPower : .zero)
            let evses = Int64(max(1, stations[m].evses.count))
            var above = stations[m].station.node.flatMap { nodeIndex[$0] }
            while let n = above {
                if let k = position[n] {
                    connected[k].charge += Power(watts: electrical.maxPower.watts * evses)
                    connected[k].discharge += Power(watts: discharge.watts * evses)
                }
                above = nodes[n].node.parent.flatMap { nodeIndex[$0] }
            }
        }
        return CapacityProblem(
            site: sites[s].site.id, at: now, step: basis.step,
            remaining: Self.remaining(of: basis.start, basis.step, at: now), slotCount: basis.count,
            vehicles: basis.candidates.map(\.vehicle), nodes: basis.nodes, connected: connected,
            peak: monthPeak(site: s, at: now))
    }
}
