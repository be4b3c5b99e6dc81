import Assets
import GridDispatch
import Operations
import Quantities

/// What the community's piles were told, and what would hold them without the platform: put together from the same parts
/// as the platform's own answer.
extension PreviewCommunity {
    static func limits(_ state: inout FakePlatform.State) {
        let views = state.stations.values.filter { $0.station.site == site }.sorted { $0.station.id < $1.station.id }
        // Low in the evening, when the households cook; nothing at all for the piles of one feeder then.
        let nodes = state.nodes.values.filter { $0.site == site }.sorted { $0.id < $1.id }.map { node in
            DispatchInput.Node(
                id: node.id, parent: node.parent, limit: node.limit, measured: nil,
                base: node.parent == nil ? quantile : nil)
        }
        var piles: [OfflineOutlook.Pile] = []
        var worst: [OfflineInvariant.Pile] = []
        for view in views {
            for evse in view.evses {
                let held = held(evse, view)
                state.limits[view.station.id, default: []].append(
                    EVSELimits(
                        evse: EVSEID(view.station.id, evse.number), node: view.station.node,
                        rating: view.station.electrical.maxPower, held: held, transactionLevel: 1,
                        comparison: comparison(evse, held)))
                let (pile, shown) = offline(evse, view, held)
                worst.append(pile)
                piles.append(shown)
            }
        }
        let courses = OfflineInvariant.courses(
            nodes: nodes, piles: worst, ifAllDiesAt: evening, step: .minutes(15), count: 96)
        state.outlooks[site] = OfflineOutlook(
            at: evening, step: .minutes(15), piles: piles,
            nodes: zip(nodes, courses).map { .init(node: $0.id, limit: $0.limit, course: $1) },
            violation: OfflineInvariant.violation(nodes: nodes, piles: worst, ifAllDiesAt: evening))
        state.capacities[site] = SiteCapacity(
            site: site, at: evening,
            nodes: nodes.map { node in
                SiteCapacity.Node(
                    node: node.id, connectedCharge: .kilowatts(840), connectedDischarge: .zero, vehicles: 63,
                    adjustable: [
                        .init(span: .minutes(15), most: .watts(310_400), least: .zero),
                        .init(span: .hours(1), most: .watts(288_250), least: .watts(14_500)),
                    ])
            },
            peak: MonthPeak(
                month: CivilDay(daysSince1970: zone.civilDay(at: evening).daysSince1970), power: .watts(412_700),
                at: evening - .days(1)))
    }

    private static let quantile = DailyProfile(
        anchor: zone.midnight(of: zone.civilDay(at: evening)), values: household.map { .watts(Int64($0 * 1080)) })

    private static func held(_ evse: StationView.EVSE, _ view: StationView) -> HeldLimits {
        let isLow = view.station.node == NodeID("F1")
        let values: [Power] = (0..<24).map { hour in
            (17..<22).contains(hour) ? (isLow ? .zero : .watts(1320)) : hour < 7 ? .watts(1980) : .watts(1540)
        }
        let profile = DailyProfile(anchor: zone.midnight(of: zone.civilDay(at: evening)), values: values)
        let setpoints: [HeldLimits.Setpoint] =
            evse.session.map { session in
                [
                    .init(
                        session: session.value, limit: evse.setpoint ?? .zero, until: evening + .minutes(7),
                        sentAt: evening - .seconds(181), confirmedAt: evening - .seconds(180), state: .confirmed)
                ]
            } ?? []
        let knows = view.commissioning?.verdict != .unknown
        return HeldLimits(
            setpoints: setpoints,
            fallbacks: knows
                ? [.init(profile: profile, confirmedAt: evening - .days(2), state: .confirmed)] : [],
            ignoresProfiles: view.commissioning?.verdict == .doesNotFollow)
    }

    /// Piles that charge were asked; the one that does not follow says why.
    private static func comparison(_ evse: StationView.EVSE, _ held: HeldLimits) -> ScheduleComparison? {
        guard held.ignoresProfiles || !held.setpoints.isEmpty else { return nil }
        let ours = held.setpoints.first?.limit ?? .watts(1320)
        let differences: [ScheduleComparison.Difference] =
            held.ignoresProfiles
            ? [
                .init(
                    span: Interval(evening, evening + .hours(1)), ours: ours, theirs: .watts(7040))
            ] : []
        return ScheduleComparison(
            at: evening, span: Interval(evening, evening + .hours(1)), differences: differences)
    }

    private static func offline(
        _ evse: StationView.EVSE, _ view: StationView, _ held: HeldLimits
    ) -> (OfflineInvariant.Pile, OfflineOutlook.Pile) {
        let electrical = view.station.electrical
        let pile = OfflineInvariant.Pile(
            node: view.station.node, rating: electrical.maxPower,
            setpoints: held.setpoints.map { ($0.limit, $0.until) },
            fallbacks: held.fallbacks.map(\.profile), ignoresProfiles: held.ignoresProfiles)
        let course = (0..<96).map { pile.worstCase(at: evening + .minutes(15) * $0) }
        let isBound = !held.ignoresProfiles && !held.fallbacks.isEmpty
        let until = held.setpoints.map(\.until).max()
        let quarters = (0..<96).map {
            evening.ceiled(to: .minutes(15), from: Instant(milliseconds: 0)) + .minutes(15) * $0
        }
        let falls = ([evening, until].compactMap { $0 } + quarters).sorted()
        let stop = isBound ? falls.first { pile.worstCase(at: $0) < electrical.minPower } : nil
        return (
            pile,
            OfflineOutlook.Pile(
                evse: EVSEID(view.station.id, evse.number), node: view.station.node, isOnline: view.online,
                isCharging: evse.status == .charging, rating: electrical.maxPower,
                basis: held.ignoresProfiles ? .ignoresProfiles : held.fallbacks.isEmpty ? .rating : .fallback,
                heldUntil: until, course: course, stopsAt: stop)
        )
    }
}
