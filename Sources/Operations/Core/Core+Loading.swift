import Assets
import Charging
import Forecasting
import GridDispatch
import Quantities

// Builds the state from what lasted.
extension Core {
    mutating func load(_ state: CoreState) {
        for record in state.stations.sorted(by: { $0.station.id < $1.station.id }) {
            var slot = StationSlot(record.station)
            slot.lastSeen = record.lastSeen
            slot.protocolName = record.protocol
            slot.commissioning = record.commissioning
            for (number, status) in record.connectors.sorted(by: { $0.key < $1.key }) {
                if number == 0 {
                    slot.status = status
                } else if let e = slot.ensureEVSE(number) {
                    slot.evses[e].status = status
                }
            }
            stationIndex[record.station.id] = stations.count
            stations.append(slot)
        }
        for record in state.certificates {
            if let s = stationIndex[record.station] { stations[s].certificates.append(record) }
        }
        for job in state.jobs {
            if let s = stationIndex[job.station] { stations[s].jobs.append(job) }
        }
        campaigns = state.campaigns.map { CampaignSlot($0.campaign, $0.targets) }
        load(state.devices)
        for control in state.controls {
            guard let s = stationIndex[control.evse.station], let e = stations[s].ensureEVSE(control.evse.number) else {
                continue
            }
            stations[s].evses[e].control = control
        }
        for session in state.endedSessions { keep(session) }
        for session in state.activeSessions {
            if let s = stationIndex[session.evse.station] { _ = stations[s].ensureEVSE(session.evse.number) }
            keep(session)
        }
        for token in state.idTokens {
            idTokens[Self.key(token.value)] = token
            tokenLog.load(token)
        }
        for record in state.localLists { load(record) }
        for reservation in state.reservations { load(reservation) }
        for picture in state.displays { load(picture) }
        for picture in state.heldCertificates { load(picture) }
        for profiles in state.profiles { load(profiles) }
        for (station, limit) in state.outsideLimits { load(limit, of: station) }
        load(state.derOrders, state.derPictures)
        load(state.cabinets, state.swaps)
        for command in state.promisedCommands { load(promised: command) }
        for picture in state.tariffs { load(picture) }
        for setup in state.webPayments { load(setup) }
        for account in state.prepaid { load(account) }
        vendorHandlers = state.vendorHandlers.sorted { $0.id < $1.id }
        for message in state.inboundMessages { recall(message) }
        for command in state.pendingCommands { pendingCommands[command.id] = command }
        hasLostCommands =
            !pendingCommands.isEmpty || !campaigns.isEmpty
            || stations.contains { slot in
                slot.station.keyChanges.contains { $0.state == .sent }
                    || slot.certificates.contains { $0.state == .sent }
            }

        nodes = state.nodes.sorted { $0.id < $1.id }.map(NodeSlot.init)
        for (i, slot) in nodes.enumerated() {
            nodeIndex[slot.node.id] = i
            nodes[i].reading = state.nodeReadings[slot.node.id]
        }
        for site in state.sites.sorted(by: { $0.id < $1.id }) {
            siteIndex[site.id] = sites.count
            sites.append(SiteSlot(site, settings: settings, dayKinds: dayKinds))
        }
        for plan in state.plans {
            guard let s = siteIndex[plan.site] else { continue }
            sites[s].plan = plan
        }
        for stay in state.pastStays {
            guard let site = stay.site, let s = siteIndex[site] else { continue }
            sites[s].forecaster.observe(
                Forecaster.ObservedStay(
                    user: stay.idToken, arrival: stay.start, departure: stay.end, energy: stay.energy))
        }
        counters.transaction = state.settings[Counters.transactionKey].flatMap(Int.init) ?? 1
        counters.reservation = state.settings[Counters.reservationKey].flatMap(Int.init) ?? 1
        counters.report = state.settings[Counters.reportKey].flatMap(Int.init) ?? 1
        counters.payment = state.settings[Counters.paymentKey].flatMap(Int.init) ?? 1
        load(state.payments)
        load(state.roundTrips)
        counters.plan = max(
            state.settings[Counters.planKey].flatMap(Int64.init) ?? 1, (state.plans.map(\.id.value).max() ?? 0) + 1)
        counters.job = state.settings[Counters.jobKey].flatMap(Int.init) ?? 1
        counters.campaign = state.settings[Counters.campaignKey].flatMap(Int.init) ?? 1
        counters.alarm = max(
            state.settings[Counters.alarmKey].flatMap(Int64.init) ?? 1, (state.activeAlarms.map(\.id).max() ?? 0) + 1)
        for alarm in state.activeAlarms { alarms.load(alarm) }
        refreshLayout()
        restoreFallbacks(state.settings)
        restoreInstructions(state.settings)
        restoreBaseLoads(state)
        restorePeaks(state.settings)
    }

    /// Puts a session of the past into its station's memory.
    private mutating func keep(_ session: Session) {
        guard let s = stationIndex[session.evse.station] else { return }
        stations[s].sessions.append(session)
        sessionHome[session.id] = session.evse.station
        if session.status == .active, let token = session.idToken { tokenUse[Self.key(token), default: 0] += 1 }
        forgetOldSessions(s)
    }

    /// A command that was pending when the platform ended gets no answer any more: the connection is gone.
    mutating func closeLostCommands(at now: Instant) {
        hasLostCommands = false
        for id in pendingCommands.keys.sorted() { finish(command: id, .platformRestarted, at: now) }
        closeLostKeys(at: now)
        closeLostCertificates(at: now)
        closeLostCampaignCalls(at: now)
    }
}
