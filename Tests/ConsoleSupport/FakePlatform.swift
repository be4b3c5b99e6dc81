public import Assets
public import Charging
public import GridDispatch
public import Operations
public import Quantities
import Synchronization

/// A platform in memory for tests of the console and for looking at it: keeps what is ordered, answers commands of
/// stations that are online after a moment, checks little.
public final class FakePlatform: PlatformService {
    public struct State: Sendable {
        public var stations: [StationID: StationView] = [:]
        public var tokens: [String: IdToken] = [:]
        public var sites: [SiteID: Site] = [:]
        public var nodes: [NodeID: GridNode] = [:]
        public var sessions: [SessionView] = []
        public var readings: [Session.ID: [Reading]] = [:]
        public var points: [SiteID: [SitePowerPoint]] = [:]
        public var setpoints: [EVSEID: [SetpointPoint]] = [:]
        public var plans: [SiteID: Plan] = [:]
        public var levels: [SiteID: [PriceLevelSpan]] = [:]
        public var reports: [SiteID: [DayReport]] = [:]
        public var alarms: [Alarm] = []
        public var messages: [StationID: [StoredMessage]] = [:]
        public var commands: [CommandView] = []
        public var audit: [(id: Int64, record: AuditRecord)] = []
        public var limits: [StationID: [EVSELimits]] = [:]
        public var certificates: [StationID: [CertificateRecord]] = [:]
        public var heldCertificates: [StationID: CertificatePicture] = [:]
        public var roots: [PlatformRoot] = []
        /// Oldest first.
        public var securityEvents: [StoredSecurityEvent] = []
        public var devices = DeviceMemory()
        public var authority: AuthorityView?
        public var localLists: [StationID: LocalListRecord] = [:]
        /// Oldest first.
        public var reservations: [Reservation] = []
        public var displays: [StationID: DisplayPicture] = [:]
        public var derOrders: [DEROrder] = []
        public var derPictures: [StationID: DERPicture] = [:]
        public var cabinets: [StationID: BatteryCabinet] = [:]
        public var swaps: [BatterySwap] = []
        public var profiles: [StationID: StationProfiles] = [:]
        public var vendorHandlers: [String: VendorHandler] = [:]
        public var stationTariffs: [StationID: StationTariffs] = [:]
        public var webPayments: [StationID: [WebPaymentSetup]] = [:]
        public var prepaid: [String: PrepaidAccount] = [:]
        /// Newest first.
        public var payments: [Payment] = []
        /// Newest first.
        public var jobs: [StationJob] = []
        public var campaigns: [CampaignView] = []
        public var targets: [String: [CampaignTarget]] = [:]
        public var outlooks: [SiteID: OfflineOutlook] = [:]
        public var capacities: [SiteID: SiteCapacity] = [:]
        public var instructions: [SiteID: [GroupInstruction]] = [:]
        public var nodeReadings: [NodeID: [NodeReading]] = [:]
        public var tariffs = ["cn/hubei/residential-charging", "cn/guangdong/v2g-discharge"]
        public var unreadiness: String?
        var webSessions: [String: WebSession] = [:]
        var listeners: [Int: AsyncStream<LiveEvent>.Continuation] = [:]
        var count = 0
        public init() {}
    }

    /// Password of every user: `tide-` and the name. Token of every role: `token-` and the name.
    public static func password(of user: String) -> String { "tide-" + user }

    let state: Mutex<State>
    private let clock: @Sendable () -> Instant
    private let answerAfter: Duration

    public init(
        _ state: sending State = State(), answerAfter: Duration = .zero, clock: @escaping @Sendable () -> Instant
    ) {
        self.state = Mutex(state)
        self.clock = clock
        self.answerAfter = answerAfter
    }

    /// Files in memory.
    public let memory = FakeFiles()
    public var files: any FileService { memory }

    public var now: Instant { clock() }
    public func read<Value: Sendable>(_ body: (borrowing State) -> Value) -> Value { state.withLock { body($0) } }
    public func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    public func publish(_ event: LiveEvent) {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield(event) }
    }

    // MARK: - Orders

    public func order(_ order: Order, by actor: Actor) async throws(ServiceFault) -> OrderResult {
        let result = try apply(order, actor)
        note(order, actor)
        return result
    }

    private func note(_ order: Order, _ actor: Actor) {
        let (action, object) = FakePlatform.words(order)
        state.withLock { state in
            state.count += 1
            let record = AuditRecord(
                at: now, actor: actor.name, role: actor.role.name, action: action, object: object, detail: "")
            state.audit.insert((Int64(state.count), record), at: 0)
        }
    }

    private static func words(_ order: Order) -> (String, String) {
        switch order {
        case .putStation(let id, _): ("station.put", id.value)
        case .importStations(let rows): ("stations.import", "\(rows.count)")
        case .deleteStation(let id): ("station.delete", id.value)
        case .putIdToken(let token): ("id-token.put", token.value)
        case .deleteIdToken(let value): ("id-token.delete", value)
        case .putSite(let site): ("site.put", site.id.value)
        case .deleteSite(let id): ("site.delete", id.value)
        case .putNode(let node): ("node.put", node.id.value)
        case .deleteNode(let id): ("node.delete", id.value)
        case .setMode(let id, _, _): ("site.mode", id.value)
        case .instruct(let id, _): ("site.instruct", id.value)
        case .withdrawInstruction(let id, _): ("site.withdraw-instruction", id.value)
        case .setNeeds(let id, _): ("session.needs", id.value)
        case .setEVSE(let id, _, _, _): ("evse.set", id.description)
        case .command(let id, _, _, _): ("station.command", id.value)
        case .sendKey(let id, _, _, _): ("station.key", id.value)
        case .ask(let id, _, _): ("station.ask", id.value)
        case .putLocalList(let id, _): ("station.local-list", id.value)
        case .sendLocalList(let id, _): ("station.send-local-list", id.value)
        case .putVendorHandler(let handler): ("vendor-handler.put", handler.id)
        case .deleteVendorHandler(let id): ("vendor-handler.delete", id)
        case .askJob(let id, let order, _, _): ("station.\(order.kind.rawValue)", id.value)
        case .keepFile(let file): ("file.put", file.id)
        case .deleteFile(let id): ("file.delete", id)
        case .createCampaign(let plan): ("campaign.create", plan.name)
        case .steerCampaign(let id, let step): ("campaign.\(step.rawValue)", id)
        case .acknowledgeAlarm(let id): ("alarm.acknowledge", "\(id)")
        case .device(let order): ("device", order.station?.value ?? "")
        case .v2x: ("v2x", "")
        case .der: ("der-control", "")
        case .money(let order): ("money", order.station?.value ?? "")
        case .tariffChanged(let id): ("tariff.changed", id)
        }
    }

    private func apply(_ order: Order, _ actor: Actor) throws(ServiceFault) -> OrderResult {
        let now = now
        switch order {
        case .putStation(let id, let change):
            state.withLock { FakePlatform.put(id, change, &$0, now) }
            publish(.station(id))
        case .importStations(let rows):
            state.withLock { state in
                for (id, change) in rows { FakePlatform.put(id, change, &state, now) }
            }
            return .imported(rows.count)
        case .deleteStation(let id): state.withLock { _ = $0.stations.removeValue(forKey: id) }
        case .putIdToken(let token):
            state.withLock { $0.tokens[token.value] = token }
            return .idToken(token)
        case .deleteIdToken(let value): state.withLock { _ = $0.tokens.removeValue(forKey: value) }
        case .putSite(let site):
            state.withLock { $0.sites[site.id] = site }
            return .site(site)
        case .deleteSite(let id):
            let used = state.withLock { state in state.nodes.values.contains { $0.site == id } }
            if used {
                throw ServiceFault(.siteHasNodes(id))
            }
            state.withLock { _ = $0.sites.removeValue(forKey: id) }
        case .putNode(let node):
            if let parent = node.parent, state.withLock({ $0.nodes[parent] == nil }) {
                throw ServiceFault(.invalid(.node), fields: [.init(path: "parent", .nodeUnknown(parent))])
            }
            state.withLock { $0.nodes[node.id] = node }
            return .node(node)
        case .deleteNode(let id): state.withLock { _ = $0.nodes.removeValue(forKey: id) }
        case .setMode(let id, let mode, _):
            state.withLock { $0.sites[id]?.mode = mode }
        case .instruct(let id, let instruction):
            state.withLock { state in
                state.instructions[id, default: []].removeAll { $0.instruction.id == instruction.id }
                state.instructions[id, default: []].append(GroupInstruction(instruction: instruction, standing: nil))
            }
        case .withdrawInstruction(let id, let instruction):
            let isKnown = state.withLock { state in
                let before = state.instructions[id]?.count ?? 0
                state.instructions[id]?.removeAll { $0.instruction.id == instruction }
                return state.instructions[id]?.count ?? 0 < before
            }
            if !isKnown { throw ServiceFault(.instructionUnknown(instruction)) }
        case .setNeeds(let id, let needs):
            state.withLock { state in
                guard let index = state.sessions.firstIndex(where: { $0.session.id == id }) else { return }
                let old = state.sessions[index]
                var session = old.session
                session.needs = needs
                state.sessions[index] = SessionView(
                    session: session, site: old.site, plan: old.plan, planStart: old.planStart, planStep: old.planStep)
            }
            publish(.session(id))
        case .setEVSE(let id, let paused, let limit, let chargeNow):
            state.withLock { FakePlatform.set(id, paused, limit, chargeNow, &$0) }
            publish(.station(id.station))
        case .command(let id, let action, let payload, _):
            return .command(command(id, action, payload, actor))
        case .sendKey(let id, _, let stored, _):
            let payload = Array(#"{"key":"AuthorizationKey","value":"******"}"#.utf8)
            let isTaken = state.withLock { state in
                guard let old = state.stations[id], old.online else { return false }
                var station = old.station
                guard station.beginKeyChange(stored, at: now) else { return false }
                state.stations[id] = StationView(
                    station: station, online: old.online, lastSeen: old.lastSeen, protocol: old.protocol,
                    evses: old.evses, commissioning: old.commissioning)
                return true
            }
            guard isTaken else { throw ServiceFault(.stationOffline(id)) }
            return .command(command(id, "ChangeConfiguration", payload, actor))
        case .ask, .putLocalList, .sendLocalList, .putVendorHandler, .deleteVendorHandler:
            return try applyHolding(order, actor)
        case .askJob(let id, let order, let file, _):
            let made = command(id, "UpdateFirmware", Array("{}".utf8), actor)
            state.withLock { state in
                state.jobs.insert(
                    StationJob(
                        id: made.id, station: id, order: order, file: file, by: actor.name, askedAt: now,
                        dueAt: now + .hours(2), firmwareBefore: "1.0"), at: 0)
            }
            return .command(made)
        case .keepFile(let file):
            memory.put(file)
            return .file(file)
        case .deleteFile: break
        case .createCampaign(let plan): return .campaign(create(plan, actor))
        case .steerCampaign(let id, let step): return .campaign(try steer(id, step))
        case .acknowledgeAlarm(let id): return .alarm(try acknowledge(id, actor))
        case .device(let order): return try device(order, actor)
        case .v2x(let order):
            let (session, action): (Session.ID?, String) =
                switch order {
                case .mode(let id, let wish, _):
                    (id, wish.mode == .centralSetpoint ? "ClearChargingProfile" : "SetChargingProfile")
                case .priority(let id, _, _, _): (id, "UsePriorityCharging")
                case .signal: (nil, "AFRRSignal")
                }
            let home = session.flatMap { id in state.withLock { $0.sessions.first { $0.session.id == id } } }
            guard case .signal(let id, _, _, _) = order else {
                guard let home else { throw ServiceFault(.sessionUnknown(session ?? Session.ID(""))) }
                return .command(command(home.session.evse.station, action, Array("{}".utf8), actor))
            }
            return .command(command(id, action, Array("{}".utf8), actor))
        case .der(let wish): return try applyDER(wish, actor)
        case .money(let order): return try apply(order, actor)
        case .tariffChanged: break
        }
        return .done
    }

    private static func put(_ id: StationID, _ change: StationChange, _ state: inout State, _ now: Instant) {
        let old = state.stations[id]
        var station = old?.station ?? Station(id: id, createdAt: now)
        if let value = change.registration { station.registration = value }
        if let value = change.site { station.site = value }
        if let value = change.node { station.node = value }
        if let value = change.model { station.model = value }
        station.electrical.apply(change)
        if let value = change.ownership { station.ownership = value }
        if let value = change.ownershipEvidence { station.ownershipEvidence = value }
        if let value = change.owner { station.owner = value }
        if let value = change.securityProfile { station.securityProfile = value }
        if let value = change.operatorLimit { station.operatorLimit = value }
        if let value = change.passwordDigest { station.setPassword(value) }
        state.stations[id] = StationView(
            station: station, online: old?.online ?? false, lastSeen: old?.lastSeen, protocol: old?.protocol,
            evses: old?.evses ?? [], commissioning: old?.commissioning)
    }

    private static func set(_ id: EVSEID, _ paused: Bool?, _ limit: Power??, _ chargeNow: Bool?, _ state: inout State) {
        guard let view = state.stations[id.station] else { return }
        let evses = view.evses.map { evse -> StationView.EVSE in
            guard evse.number == id.number else { return evse }
            var control = evse.control
            if let paused { control.paused = paused }
            if let limit { control.limit = limit }
            if let chargeNow { control.chargeNow = chargeNow }
            return StationView.EVSE(
                number: evse.number, status: evse.status, errorCode: evse.errorCode, transaction: evse.transaction,
                session: evse.session, power: evse.power, powerAt: evse.powerAt, setpoint: evse.setpoint,
                setpointState: evse.setpointState, control: control)
        }
        state.stations[id.station] = StationView(
            station: view.station, online: view.online, lastSeen: view.lastSeen, protocol: view.protocol, evses: evses,
            commissioning: view.commissioning)
    }

    func command(_ id: StationID, _ action: String, _ payload: [UInt8], _ actor: Actor) -> CommandView {
        let command = state.withLock { state in
            state.count += 1
            let online = state.stations[id]?.online ?? false
            let command = CommandView(
                id: "C-\(state.count)", station: id, action: action, payload: payload,
                status: online ? .pending : .offline, createdAt: now, finishedAt: online ? nil : now, by: actor.name)
            state.commands.insert(command, at: 0)
            return command
        }
        guard command.status == .pending else { return command }
        let delay = answerAfter
        Task {
            if delay > .zero { try? await Task.sleep(for: delay) }
            self.state.withLock { state in
                guard let index = state.commands.firstIndex(where: { $0.id == command.id }) else { return }
                state.commands[index].status = .answered
                state.commands[index].finishedAt = self.now
                state.commands[index].response = Array(#"{"status": "Accepted", "limit": 6.10}"#.utf8)
            }
            self.publish(.command(command.id))
        }
        return command
    }

    private func acknowledge(_ id: Int64, _ actor: Actor) throws(ServiceFault) -> Alarm {
        let alarm = state.withLock { state -> Alarm? in
            guard let index = state.alarms.firstIndex(where: { $0.id == id }) else { return nil }
            state.alarms[index].acknowledgedBy = actor.name
            state.alarms[index].acknowledgedAt = now
            return state.alarms[index]
        }
        guard let alarm else {
            throw ServiceFault(.alarmUnknown(id))
        }
        publish(.alarm(alarm))
        return alarm
    }

    public func addNodeReadings(_ node: NodeID, _ readings: [NodeReading], by actor: Actor) async throws(ServiceFault) {
        state.withLock { $0.nodeReadings[node, default: []] += readings }
    }

    // MARK: - Reading

    public func stations(after: StationID?, limit: Int) async -> [StationView] {
        read { $0.stations.values.sorted { $0.station.id < $1.station.id } }
            .filter { view in after.map { view.station.id > $0 } ?? true }.prefix(limit).map { $0 }
    }
    public func station(_ id: StationID) async -> StationView? {
        read { state in state.stations[id].map { $0.with(state.devices.securityProfiles[id]) } }
    }
    public func messages(of station: StationID, limit: Int, before: Int64?) async -> [StoredMessage] {
        read { $0.messages[station] ?? [] }.filter { message in before.map { message.sequence < $0 } ?? true }
            .prefix(limit).map { $0 }
    }
    public func command(_ id: String) async -> CommandView? { read { $0.commands.first { $0.id == id } } }
    public func commands(of station: StationID, limit: Int, before: String?) async -> [CommandView] {
        let own = read { $0.commands }.filter { $0.station == station }
        guard let before else { return Array(own.prefix(limit)) }
        return Array(own.drop { $0.id != before }.dropFirst().prefix(limit))
    }
    public func authority() async -> AuthorityView? { read { $0.authority } }
    public func certificates(of station: StationID) async -> [CertificateRecord] {
        read { $0.certificates[station] ?? [] }
    }
    public func securityEvents(
        of station: StationID?, critical: Bool, limit: Int, before: Int64?
    ) async -> [StoredSecurityEvent] {
        read { $0.securityEvents }.reversed().filter { stored in
            (station.map { stored.event.station == $0 } ?? true) && (!critical || stored.event.isCritical)
                && (before.map { stored.id < $0 } ?? true)
        }.prefix(limit).map { $0 }
    }
    public func jobs(
        of station: StationID?, kind: StationJob.Kind?, limit: Int, before: String?
    ) async -> [StationJob] {
        let all = read { $0.jobs }.filter { job in
            (station.map { job.station == $0 } ?? true) && (kind.map { job.order.kind == $0 } ?? true)
        }
        guard let before else { return Array(all.prefix(limit)) }
        return Array(all.drop { $0.id != before }.dropFirst().prefix(limit))
    }
    public func job(_ id: String) async -> StationJob? { read { $0.jobs.first { $0.id == id } } }
    public func campaigns(limit: Int, before: String?) async -> [CampaignView] {
        let all = read { $0.campaigns }
        guard let before else { return Array(all.prefix(limit)) }
        return Array(all.drop { $0.campaign.id != before }.dropFirst().prefix(limit))
    }
    public func campaign(_ id: String) async -> CampaignView? {
        read { $0.campaigns.first { $0.campaign.id == id } }
    }
    public func targets(of campaign: String, after: Int?, limit: Int) async -> [CampaignTarget] {
        (read { $0.targets[campaign] } ?? []).filter { $0.position > after ?? -1 }.prefix(limit).map { $0 }
    }

    private func create(_ plan: CampaignPlan, _ actor: Actor) -> CampaignView {
        state.withLock { state in
            state.count += 1
            let id = "C\(1000 + state.count)"
            let chosen = plan.selection.stations ?? state.stations.keys.sorted()
            state.targets[id] = chosen.enumerated().map {
                CampaignTarget(campaign: id, position: $0, station: $1, at: now)
            }
            let view = CampaignView(
                campaign: Campaign(id: id, plan: plan, by: actor.name, createdAt: now),
                counts: [.waiting: chosen.count])
            state.campaigns.insert(view, at: 0)
            return view
        }
    }

    private func steer(_ id: String, _ step: Campaign.Step) throws(ServiceFault) -> CampaignView {
        let view = state.withLock { state -> CampaignView? in
            guard let i = state.campaigns.firstIndex(where: { $0.campaign.id == id }),
                !state.campaigns[i].campaign.state.isOver
            else { return nil }
            var campaign = state.campaigns[i].campaign
            switch step {
            case .start: campaign.state = .running
            case .pause: campaign.state = .paused
            case .cancel: campaign.state = .cancelled
            }
            state.campaigns[i] = CampaignView(campaign: campaign, counts: state.campaigns[i].counts)
            return state.campaigns[i]
        }
        guard let view else { throw ServiceFault(.campaignOver(id)) }
        return view
    }

    public func limits(of station: StationID) async -> [EVSELimits] { read { $0.limits[station] ?? [] } }
    public func instructions(of site: SiteID) async -> [GroupInstruction] { read { $0.instructions[site] ?? [] } }
    public func capacity(of site: SiteID) async -> SiteCapacity? { read { $0.capacities[site] } }
    public func offlineOutlook(of site: SiteID) async -> OfflineOutlook? { read { $0.outlooks[site] } }
    public func idToken(_ value: String) async -> IdToken? { read { $0.tokens[value] } }
    public func idTokens(after: String?, limit: Int) async -> [IdToken] {
        read { $0.tokens.values.sorted { $0.value < $1.value } }
            .filter { token in after.map { token.value > $0 } ?? true }.prefix(limit).map { $0 }
    }
    public func sites() async -> [Site] { read { $0.sites.values.sorted { $0.id < $1.id } } }
    public func site(_ id: SiteID) async -> Site? { read { $0.sites[id] } }
    public func nodes() async -> [GridNode] { read { $0.nodes.values.sorted { $0.id < $1.id } } }
    public func node(_ id: NodeID) async -> GridNode? { read { $0.nodes[id] } }
    public func sessions(_ filter: SessionFilter, after: Session.ID?, limit: Int) async -> [SessionView] {
        let all = read { $0.sessions }.sorted { $0.session.id > $1.session.id }
        return all.filter { view in
            (filter.station.map { view.session.evse.station == $0 } ?? true)
                && (filter.site.map { view.site == $0 } ?? true)
                && (filter.status.map { view.session.status == $0 } ?? true)
                && (filter.from.map { (view.session.endedAt ?? now) >= $0 } ?? true)
                && (filter.to.map { view.session.startedAt < $0 } ?? true)
                && (after.map { view.session.id < $0 } ?? true)
        }.prefix(limit).map { $0 }
    }
    public func session(_ id: Session.ID) async -> SessionView? { read { $0.sessions.first { $0.session.id == id } } }
    public func readings(of session: Session.ID, after: Int?, limit: Int) async -> [Reading] {
        read { $0.readings[session] ?? [] }.dropFirst(after ?? 0).prefix(limit).map { $0 }
    }
    public func setpoints(of evse: EVSEID, in interval: Interval) async -> [SetpointPoint] {
        let points = read { $0.setpoints[evse] ?? [] }.filter { $0.at < interval.end }
        let before = points.last { $0.at <= interval.start }
        return points.filter { $0 == before || $0.at > interval.start }
    }
    public func power(of site: SiteID, in interval: Interval) async -> [SitePowerPoint] {
        read { $0.points[site] ?? [] }.filter { interval.contains($0.at) && $0.at <= now }
    }
    public func plan(of site: SiteID) async -> Plan? { read { $0.plans[site] } }
    public func priceLevels(of site: SiteID, in interval: Interval) async -> [PriceLevelSpan] {
        read { $0.levels[site] ?? [] }.filter { $0.interval.overlaps(interval) }
    }
    public func alarms(active: Bool, limit: Int, before: Int64?) async -> [Alarm] {
        let all = read { $0.alarms }.filter { !active || $0.endedAt == nil }.sorted {
            ($0.since, $0.id) > ($1.since, $1.id)
        }
        guard let before else { return Array(all.prefix(limit)) }
        return Array(all.drop { $0.id != before }.dropFirst().prefix(limit))
    }
    public let tokenMarker = TokenMarker { $0.reversed() }
    public func storedForm(ofPassword password: String) async throws(ServiceFault) -> String {
        String(password.reversed())
    }
    public func makeStationKey() -> (key: String, stored: String) {
        let key = String(repeating: "0123456789", count: 4)
        return (key, String(key.reversed()))
    }
    public func audit(limit: Int, before: Int64?) async -> [(id: Int64, record: AuditRecord)] {
        read { $0.audit }.filter { entry in before.map { entry.id < $0 } ?? true }.prefix(limit).map { $0 }
    }
    public func dayReports(of site: SiteID) async -> [DayReport] { read { $0.reports[site] ?? [] } }
    public func tariffs() async -> [String] { read { $0.tariffs } }
    public func metrics() async -> [Metric] {
        [
            Metric(
                name: "tidewatt_stations", help: "Stations known.", kind: .gauge,
                value: Double(read { $0.stations.count })),
            Metric(
                name: "tidewatt_messages_total", help: "Frames by \"direction\".", kind: .counter,
                labels: [("direction", "in")], value: 42),
        ]
    }
    public func unreadiness() async -> String? { read { $0.unreadiness } }

    public func events() -> AsyncStream<LiveEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: LiveEvent.self, bufferingPolicy: .bufferingNewest(256))
        let key = state.withLock { state in
            state.count += 1
            state.listeners[state.count] = continuation
            return state.count
        }
        continuation.onTermination = { [weak self] _ in self?.change { $0.listeners[key] = nil } }
        return stream
    }

    // MARK: - Access

    public func actor(token: String) async -> Actor? {
        guard token.hasPrefix("token-"), let role = Actor.Role(name: String(token.dropFirst(6))) else { return nil }
        return Actor(name: token, role: role)
    }
    public func signIn(user: String, password: String, from address: String) async -> WebSession? {
        guard let role = Actor.Role(name: user), password == FakePlatform.password(of: user) else { return nil }
        return state.withLock { state in
            state.count += 1
            let session = WebSession(
                id: "session-\(state.count)", actor: Actor(name: user, role: role), csrfToken: "csrf-\(state.count)",
                expiresAt: now + .hours(8))
            state.webSessions[session.id] = session
            return session
        }
    }
    public func webSession(_ id: String) async -> WebSession? { read { $0.webSessions[id] } }
    public func signOut(_ id: String) async { change { $0.webSessions[id] = nil } }
}
