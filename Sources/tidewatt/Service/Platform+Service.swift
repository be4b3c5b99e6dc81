import Assets
import Charging
import Credentials
import GridDispatch
import Operations
import Quantities

extension Platform: PlatformService {
    var now: Instant { clock.now }

    func order(_ order: Order, by actor: Actor) async throws(ServiceFault) -> OrderResult {
        try await ask { .order(request: $0, order, by: actor) }
    }

    func addNodeReadings(_ node: NodeID, _ readings: [NodeReading], by actor: Actor) async throws(ServiceFault) {
        _ = try await ask { .nodeReadings(request: $0, node, readings, by: actor) }
    }

    // MARK: Live state: from the core

    func stations(after: StationID?, limit: Int) async -> [StationView] {
        await loop.read { $0.stationViews(after: after, limit: limit) } ?? []
    }
    func station(_ id: StationID) async -> StationView? { await loop.read { $0.stationView(id) } ?? nil }
    func sites() async -> [Site] { await loop.read { $0.allSites } ?? [] }
    func site(_ id: SiteID) async -> Site? { await loop.read { $0.site(id) } ?? nil }
    func nodes() async -> [GridNode] { await loop.read { $0.allNodes } ?? [] }
    func node(_ id: NodeID) async -> GridNode? { await loop.read { $0.node(id) } ?? nil }
    func idToken(_ value: String) async -> IdToken? { await loop.read { $0.idToken(value) } ?? nil }
    func localList(of station: StationID) async -> LocalListView? {
        let now = now
        return await loop.read { $0.localList(of: station, at: now) } ?? nil
    }
    func reservation(_ id: Int, of station: StationID) async -> Reservation? {
        await loop.read { $0.reservation(id, of: station) } ?? nil
    }
    func chargingProfiles(of station: StationID) async -> StationProfiles? {
        await loop.read { $0.chargingProfiles(of: station) } ?? nil
    }
    func display(of station: StationID) async -> DisplayPicture? { await loop.read { $0.display(of: station) } ?? nil }
    func vendorHandlers() async -> [VendorHandler] { await loop.read { $0.allVendorHandlers } ?? [] }
    func tariffs() async -> [String] { await loop.read { $0.tariffIDs } ?? [] }
    func priceLevels(of site: SiteID, in interval: Interval) async -> [PriceLevelSpan] {
        await loop.read { $0.priceLevels(of: site, in: interval) } ?? []
    }
    func limits(of station: StationID) async -> [EVSELimits] {
        await loop.read { $0.limits(of: station) ?? [] } ?? []
    }
    func instructions(of site: SiteID) async -> [GroupInstruction] {
        await loop.read { $0.instructions(of: site) ?? [] } ?? []
    }
    func capacity(of site: SiteID) async -> SiteCapacity? { await loop.read { $0.capacity(of: site) } ?? nil }
    func offlineOutlook(of site: SiteID) async -> OfflineOutlook? {
        let now = now
        return await loop.read { $0.offlineOutlook(of: site, at: now) } ?? nil
    }
    func plan(of site: SiteID) async -> Plan? { await loop.read { $0.plan(of: site) } ?? nil }
    func command(_ id: String) async -> CommandView? {
        if let live = await loop.read({ $0.command(id) }) ?? nil { return live }
        return await reading { try await self.store.command(id) } ?? nil
    }
    func session(_ id: Session.ID) async -> SessionView? {
        let now = now
        let live = await loop.read { $0.activeSession(id, at: now) } ?? nil
        let kept = await reading { try await self.store.session(id) } ?? nil
        return kept.map { $0.refreshed(by: live) } ?? live
    }

    // MARK: History: from the disk

    /// Which ones is answered from the disk; what the core still holds of them is newer than the disk.
    func sessions(_ filter: SessionFilter, after: Session.ID?, limit: Int) async -> [SessionView] {
        let kept = await reading { try await self.store.sessions(filter, after: after, limit: limit) } ?? []
        return await loop.read { core in kept.map { $0.refreshed(by: core.activeSession($0.session.id)) } } ?? kept
    }
    func messages(of station: StationID, limit: Int, before: Int64?) async -> [StoredMessage] {
        await reading { try await self.store.messages(of: station, limit: limit, before: before) } ?? []
    }
    /// From the disk; what the core still holds of them is newer: whoever waited for an answer finds it here.
    func commands(of station: StationID, limit: Int, before: String?) async -> [CommandView] {
        let kept = await reading { try await self.store.commands(of: station, limit: limit, before: before) } ?? []
        let live = await loop.read { $0.liveCommands(of: station) } ?? [:]
        return kept.map { live[$0.id] ?? $0 }
    }
    func idTokens(after: String?, limit: Int) async -> [IdToken] {
        await reading { try await self.store.idTokens(after: after, limit: limit) } ?? []
    }
    func readings(of session: Session.ID, after: Int?, limit: Int) async -> [Reading] {
        await reading { try await self.store.readings(of: session, after: after, limit: limit) } ?? []
    }
    func power(of site: SiteID, in interval: Interval) async -> [SitePowerPoint] {
        await reading { try await self.store.power(of: site, in: interval) } ?? []
    }
    /// What holds now is the core's to say: while the disk is full its alarm cannot be read from there.
    func alarms(active: Bool, limit: Int, before: Int64?) async -> [Alarm] {
        let order = { (a: Alarm, b: Alarm) in (a.since, a.id) > (b.since, b.id) }
        let held = await loop.read { $0.activeAlarms } ?? []
        if active {
            let sorted = held.sorted(by: order)
            guard let before else { return Array(sorted.prefix(limit)) }
            guard let last = sorted.firstIndex(where: { $0.id == before }) else { return [] }
            return Array(sorted[(last + 1)...].prefix(limit))
        }
        let stored = await reading { try await self.store.alarms(active: false, limit: limit, before: before) } ?? []
        guard before == nil else { return stored }
        let known = Set(stored.map(\.id))
        return Array((held.filter { !known.contains($0.id) } + stored).sorted(by: order).prefix(limit))
    }
    func storedForm(ofPassword password: String) async throws(ServiceFault) -> String {
        do throws(CredentialFault) { return try await passwords.encode(madeUp: password).text } catch {
            throw ServiceFault(.busy)
        }
    }
    func makeStationKey() -> (key: String, stored: String) {
        let key = StoredPassword.generateKey()
        return (key, StoredPassword(key: key, under: stationSecret).text)
    }
    func authority() async -> AuthorityView? { certificateDesk.view }
    func certificates(of station: StationID) async -> [CertificateRecord] {
        await reading { try await self.store.certificates(of: station) } ?? []
    }
    func heldCertificates(of station: StationID) async -> CertificatePicture? {
        await loop.read { $0.heldCertificates(of: station) } ?? nil
    }
    func roots() async -> [PlatformRoot] {
        let own =
            certificateDesk.root.map { [$0.root(named: PlatformRoot.authority, use: "CSMSRootCertificate")] } ?? []
        return own
            + contractRoots.map { $0.root(named: "iso15118-" + $0.fingerprint.prefix(8), use: "MORootCertificate") }
    }
    var files: any FileService { fileDesk }
    /// What the core holds of a job is newer than the disk.
    func jobs(of station: StationID?, kind: StationJob.Kind?, limit: Int, before: String?) async -> [StationJob] {
        let kept =
            await reading {
                try await self.store.jobs(of: station, kind: kind, limit: limit, before: before)
            } ?? []
        let live = Dictionary((await loop.read { $0.liveJobs(of: station) } ?? []).map { ($0.id, $0) }) { a, _ in a }
        return kept.map { live[$0.id] ?? $0 }
    }
    func job(_ id: String) async -> StationJob? {
        guard let kept = await reading({ try await self.store.job(id) }) ?? nil else { return nil }
        return (await loop.read { $0.liveJobs(of: kept.station) } ?? []).first { $0.id == id } ?? kept
    }
    func campaigns(limit: Int, before: String?) async -> [CampaignView] {
        let kept = await reading { try await self.store.campaigns(limit: limit, before: before) } ?? []
        let live = await loop.read { $0.openCampaigns } ?? []
        return kept.map { view in live.first { $0.campaign.id == view.campaign.id } ?? view }
    }
    func campaign(_ id: String) async -> CampaignView? {
        if let live = await loop.read({ $0.openCampaign(id) }) ?? nil { return live }
        return await reading { try await self.store.campaign(id) } ?? nil
    }
    func targets(of campaign: String, after: Int?, limit: Int) async -> [CampaignTarget] {
        if let live = await loop.read({ $0.openTargets(of: campaign, after: after, limit: limit) }) ?? nil {
            return live
        }
        return await reading { try await self.store.targets(of: campaign, after: after, limit: limit) } ?? []
    }
    func securityEvents(
        of station: StationID?, critical: Bool, limit: Int, before: Int64?
    ) async -> [StoredSecurityEvent] {
        await reading {
            try await self.store.securityEvents(of: station, critical: critical, limit: limit, before: before)
        } ?? []
    }
    /// From the disk; what the core still holds of them is newer. One that was made by hand is there when its command is.
    func reservations(of station: StationID?, limit: Int, before: Int64?) async -> [StoredReservation] {
        await settle()
        let kept =
            await reading { try await self.store.reservations(of: station, limit: limit, before: before) } ?? []
        return await loop.read { core in
            kept.map { stored in
                let one = stored.reservation
                return StoredReservation(
                    place: stored.place, reservation: core.reservation(one.id, of: one.station) ?? one)
            }
        } ?? kept
    }
    func audit(limit: Int, before: Int64?) async -> [(id: Int64, record: AuditRecord)] {
        await reading { try await self.store.audit(limit: limit, before: before) } ?? []
    }
    func dayReports(of site: SiteID) async -> [DayReport] {
        await reading { try await self.store.dayReports(of: site) } ?? []
    }

    /// What cannot be read is an alarm in the log and an empty answer, never a crash of the page.
    func reading<Value: Sendable>(_ body: @Sendable () async throws -> Value) async -> Value? {
        do { return try await body() } catch {
            log(.error, "read-failed", [.init("fault", .string("\(error)"))])
            return nil
        }
    }

    // MARK: Watching

    func events() -> AsyncStream<LiveEvent> { hub.watch() }

    func unreadiness() async -> String? {
        switch store.condition {
        case .accepting: break
        case .congested: return "the disk is behind"
        case .refusing(let fault): return fault.description
        }
        return await loop.read { _ in true } == nil ? "the core's mailbox is full" : nil
    }

    func metrics() async -> [Metric] {
        let disk = store.statistics
        let live = await loop.read { $0.counts } ?? CoreCounts()
        func gauge(_ name: String, _ help: String, _ value: some BinaryInteger) -> Metric {
            Metric(name: "tidewatt_" + name, help: help, kind: .gauge, value: Double(value))
        }
        func counter(_ name: String, _ help: String, _ value: some BinaryInteger) -> Metric {
            Metric(name: "tidewatt_" + name, help: help, kind: .counter, value: Double(value))
        }
        return [
            gauge("stations_online", "Stations with a live connection", live.online),
            gauge("stations_registered", "Stations known", live.stations),
            gauge("sessions_active", "Charging sessions running", live.activeSessions),
            gauge("alarms_active", "Alarms that did not end", live.activeAlarms),
            gauge("core_mailbox_depth", "Inputs waiting for the core", loop.depth),
            counter("core_inputs_total", "Inputs handled by the core", loop.handled.load(ordering: .relaxed)),
            counter(
                "core_dropped_total", "Inputs refused because the mailbox was full",
                loop.dropped.load(ordering: .relaxed)),
            counter(
                "gateway_refused_calls_total", "Station calls not taken (disk or core behind)",
                bridge.refusedCalls.load(ordering: .relaxed)),
            counter("ocpp_calls_total", "Calls of stations", live.calls),
            counter("ocpp_refused_calls_total", "Calls of stations that are not accepted", live.refusedCalls),
            counter("ocpp_repeats_total", "Repeated messages, applied once", live.repeats),
            counter("ocpp_soft_faults_total", "Messages with faults that were lived with", live.softFaults),
            counter("setpoints_total", "Limits ordered by the dispatcher", live.setpoints),
            counter("plans_total", "Plans asked for", live.plans),
            counter("store_commits_total", "Commits on the disk", disk.commits),
            counter("store_changes_total", "Changes on the disk", disk.changes),
            counter("store_failures_total", "Commits that failed", disk.failures),
            counter("store_refused_total", "Changes that the database refused", disk.refused),
            gauge("store_owed", "Refused changes that are tried again", disk.owed),
            gauge("store_waiting", "Changes waiting for the disk", disk.waiting),
            gauge("files_bytes", "Bytes of firmware and logs that are kept", fileDesk.bytes),
            gauge("console_watchers", "Open event streams", hub.watcherCount),
            Metric(name: "tidewatt_uptime_seconds", help: "Since the start", kind: .gauge, value: uptimeSeconds),
        ]
    }

    // MARK: Access

    func actor(token: String) async -> Actor? { (try? store.access.actor(token: token)) ?? nil }
    func signIn(user: String, password: String, from address: String) async -> WebSession? {
        (try? store.access.signIn(user: user, password: password)) ?? nil
    }
    func webSession(_ id: String) async -> WebSession? { (try? store.access.webSession(id)) ?? nil }
    func signOut(_ id: String) async { try? store.access.signOut(id) }
}

extension SessionView {
    /// The live session, with the plan's last word from the disk where the plan in force no longer knows it.
    fileprivate func refreshed(by live: SessionView?) -> SessionView {
        guard let live else { return self }
        if live.plan != nil { return live }
        var view = SessionView(
            session: live.session, site: live.site, plan: plan, planStart: planStart, planStep: planStep)
        view.operation = live.operation
        return view
    }
}
