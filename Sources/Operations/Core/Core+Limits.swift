public import Assets
import GridDispatch
public import Quantities

// What holds a station and a site, with us and without us; each answer is a value.
extension Core {
    /// One for each EVSE that the dispatcher knows; `nil` for an unknown station.
    public func limits(of id: StationID) -> [EVSELimits]? {
        guard let m = stationIndex[id] else { return nil }
        let slot = stations[m]
        guard let s = slot.station.site.flatMap({ siteIndex[$0] }) else { return [] }
        return slot.evses.compactMap { evse in
            guard let held = sites[s].dispatcher.heldLimits(of: evse.id) else { return nil }
            var limits = EVSELimits(
                evse: evse.id, node: slot.station.node, rating: slot.station.electrical.maxPower, held: held,
                transactionLevel: OCPP16Adapter.transactionLevel(slot.limitForm), comparison: evse.comparison)
            limits.outside = (slot.profiles?.outside ?? []).filter { $0.evse == 0 || $0.evse == evse.number }
            return limits
        }
    }

    /// If everything died at `now`: the next 24 hours in quarters.
    public func offlineOutlook(of id: SiteID, at now: Instant) -> OfflineOutlook? {
        guard let s = siteIndex[id] else { return nil }
        let nodeInputs = sites[s].path.map { n in
            DispatchInput.Node(
                id: nodes[n].node.id, parent: nodes[n].node.parent, limit: nodes[n].node.limit, measured: nil,
                base: nodes[n].envelope)
        }
        let span = QuarterHours(start: now)
        var views: [OfflineOutlook.Pile] = []
        var piles: [OfflineInvariant.Pile] = []
        for m in sites[s].members {
            for evse in stations[m].evses {
                let (view, pile) = offlinePile(evse, of: stations[m], s, span)
                views.append(view)
                if let pile { piles.append(pile) }
            }
        }
        let courses = OfflineInvariant.courses(
            nodes: nodeInputs, piles: piles, ifAllDiesAt: now, step: QuarterHours.step, count: QuarterHours.count)
        return OfflineOutlook(
            at: now, step: QuarterHours.step, piles: views,
            nodes: zip(nodeInputs, courses).map { .init(node: $0.id, limit: $0.limit, course: $1) },
            violation: OfflineInvariant.violation(nodes: nodeInputs, piles: piles, ifAllDiesAt: now))
    }

    private func offlinePile(
        _ evse: EVSESlot, of slot: StationSlot, _ s: Int, _ span: QuarterHours
    ) -> (OfflineOutlook.Pile, OfflineInvariant.Pile?) {
        let capability = capability(slot)
        let pile = sites[s].dispatcher.offlinePile(
            DispatchInput.EVSE(
                id: evse.id, node: slot.station.node, capability: capability, contacted: slot.lastSeen != nil,
                online: slot.isOnline, ignoresProfiles: slot.commissioning?.verdict == .doesNotFollow))
        let basis: OfflineOutlook.Pile.Basis =
            switch pile {
            case nil: .absent
            case .some(let pile) where pile.ignoresProfiles: .ignoresProfiles
            case .some(let pile) where pile.fallbacks.isEmpty: .rating
            default: .fallback
            }
        let course = span.moments.map { pile?.worstCase(at: $0) ?? .zero }
        let heldUntil = pile?.setpoints.map(\.until).filter { $0 > span.start }.max()
        // A limit falls where a transaction profile ends or a step of a default profile begins.
        let falls = ([span.start, heldUntil].compactMap { $0 } + span.quarters).sorted()
        let stop =
            basis == .fallback
            ? falls.first { at in pile.map { $0.worstCase(at: at) < capability.minimum } ?? false } : nil
        let view = OfflineOutlook.Pile(
            evse: evse.id, node: slot.station.node, isOnline: slot.isOnline,
            isCharging: slot.activeSession(on: evse.number) != nil && evse.status == .charging,
            rating: capability.rating, basis: basis,
            heldUntil: heldUntil, course: course, stopsAt: stop)
        return (view, pile)
    }
}

/// The next 24 hours in quarters, from an instant.
private struct QuarterHours {
    static let step: Duration = .minutes(15)
    static let count = 96
    let start: Instant
    var moments: [Instant] { (0..<Self.count).map { start + Self.step * $0 } }
    /// The beginnings of quarters of the clock.
    var quarters: [Instant] {
        let first = start.ceiled(to: Self.step, from: Instant(milliseconds: 0))
        return (0..<Self.count).map { first + Self.step * $0 }
    }
}
