import Assets
import Charging
import Quantities

extension MemoryJournal {
    /// What a new core finds.
    public var state: CoreState {
        var state = CoreState()
        state.stations = stations.values.sorted { $0.station.id < $1.station.id }
        state.certificates = certificates
        state.jobs = jobs.values.sorted { ($0.askedAt, $0.id) < ($1.askedAt, $1.id) }
        state.campaigns = campaigns.values.filter { !$0.state.isOver }.sorted { $0.id < $1.id }.map { campaign in
            (campaign, (campaignTargets[campaign.id] ?? [:]).values.sorted { $0.position < $1.position })
        }
        state.devices = devices.state
        state.controls = controls.values.sorted { $0.evse < $1.evse }
        let ordered = sessions.values.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
        state.activeSessions = advanced(ordered.filter { $0.status == .active })
        state.endedSessions = ordered.filter { $0.status == .ended }
        state.pastStays = state.endedSessions.compactMap(pastStay)
        state.idTokens = idTokens.values.sorted { $0.value < $1.value }
        state.sites = sites.values.sorted { $0.id < $1.id }
        state.nodes = nodes.values.sorted { $0.id < $1.id }
        state.localLists = localLists.values.sorted { $0.station < $1.station }
        state.reservations = reservations.values.flatMap(\.values).sorted {
            ($0.createdAt, $0.id) < ($1.createdAt, $1.id)
        }
        state.displays = displays.values.sorted { $0.station < $1.station }
        state.heldCertificates = heldCertificates.values.sorted { $0.station < $1.station }
        state.profiles = profiles.values.sorted { $0.station < $1.station }
        state.outsideLimits = outsideLimits.sorted { $0.key < $1.key }.flatMap { id, limits in
            limits.sorted { ($0.evse, $0.source) < ($1.evse, $1.source) }.map { (id, $0) }
        }
        state.derOrders = derOrders.values.sorted { ($0.createdAt, $0.control.id) < ($1.createdAt, $1.control.id) }
        state.derPictures = derPictures.values.sorted { $0.station < $1.station }
        state.cabinets = cabinets.values.sorted { $0.station < $1.station }
        state.swaps = swaps.values.sorted { $0.id < $1.id }
        state.vendorHandlers = vendorHandlers.values.sorted { $0.id < $1.id }
        state.promisedCommands = commands.values.filter { $0.followUp?.state == .waiting }.sorted { $0.id < $1.id }
        state.tariffs = tariffs.values.sorted { $0.station < $1.station }
        state.prepaid = prepaid.values.sorted { $0.token < $1.token }
        state.webPayments = webPayments.sorted { $0.key < $1.key }.flatMap { $0.value.sorted { $0.key < $1.key } }
            .map(\.value)
        state.payments = payments.values.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        state.roundTrips = roundTrips.sorted { $0.key < $1.key }.flatMap(\.value)
        state.settings = settings
        state.pendingCommands = commands.values.filter { $0.status == .pending }.sorted { $0.id < $1.id }
        state.activeAlarms = alarms.values.filter { $0.endedAt == nil }.sorted { $0.id < $1.id }
        state.plans = plans.values.sorted { $0.site < $1.site }
        state.inboundMessages = messages.filter { $0.direction == .inbound && $0.messageID != nil }
        for (node, readings) in nodeReadings {
            state.nodeReadings[node] = readings.max { $0.key < $1.key }.map { NodeReading(at: $0.key, power: $0.value) }
            state.nodeLoad[node] = Self.quarterMeans(readings.map { ($0.key, $0.value) })
        }
        for (site, points) in Dictionary(grouping: points, by: \.site) {
            let known = points.compactMap { point in
                point.baseIsStale ? nil : point.base.map { (point.at, $0) }
            }
            state.siteBaseLoad[site] = Self.quarterMeans(known)
        }
        return state
    }

    /// A session's row is written now and then, its readings always: what they know beyond it was acknowledged.
    private func advanced(_ sessions: [Session]) -> [Session] {
        guard !sessions.isEmpty else { return [] }
        let told = Dictionary(grouping: readings.filter { $0.key.session != nil }) { $0.key.session }
        return sessions.map { row in
            var session = row
            session.replay((told[row.id] ?? []).map(\.value).sorted { $0.at < $1.at })
            return session
        }
    }

    private func pastStay(_ session: Session) -> CoreState.PastStay? {
        session.endedAt.map {
            CoreState.PastStay(
                evse: session.evse, site: stations[session.evse.station]?.station.site, idToken: session.idToken,
                start: session.startedAt, end: $0, energy: session.imported - session.exported)
        }
    }

    private static func quarterMeans(_ values: [(at: Instant, power: Power)]) -> [CoreState.QuarterMean] {
        let quarters = Dictionary(grouping: values) {
            $0.at.floored(to: .minutes(15), from: Instant(milliseconds: 0))
        }
        return quarters.map { start, values in
            let sum = values.reduce(Int64(0)) { $0 + $1.power.watts }
            return CoreState.QuarterMean(at: start, power: Power(watts: sum / Int64(values.count)))
        }.sorted { $0.at < $1.at }
    }
}
