public import Assets
public import Charging
public import GridDispatch
public import Quantities

/// What changes come to, in memory: the meaning of ``Change`` as code. The store does the same on a disk, with
/// retention; simulations and tests stand on this.
public struct MemoryJournal: Sendable {
    public private(set) var stations: [StationID: CoreState.StationRecord] = [:]
    public private(set) var controls: [EVSEID: EVSEControl] = [:]
    public private(set) var sessions: [Session.ID: Session] = [:]
    /// A reading told again under its key is the same reading; another value corrects it.
    public private(set) var readings: [ReadingKey: Reading] = [:]
    /// Keys that were told again with another value, in the order of the telling.
    public private(set) var corrections: [ReadingKey] = []
    public private(set) var idTokens: [String: IdToken] = [:]
    public private(set) var sites: [SiteID: Site] = [:]
    public private(set) var nodes: [NodeID: GridNode] = [:]
    public private(set) var nodeReadings: [NodeID: [Instant: Power]] = [:]
    public private(set) var settings: [String: String] = [:]
    public private(set) var commands: [String: CommandView] = [:]
    public private(set) var alarms: [Int64: Alarm] = [:]
    /// The newest of each site.
    public private(set) var plans: [SiteID: Plan] = [:]
    public private(set) var dayReports: [DayReport] = []
    // Oldest first.
    public private(set) var messages: [MessageRecord] = []
    public private(set) var audit: [AuditRecord] = []
    public private(set) var points: [SitePowerPoint] = []
    public private(set) var setpoints: [SetpointPoint] = []
    public private(set) var certificates: [CertificateRecord] = []
    public private(set) var localLists: [StationID: LocalListRecord] = [:]
    /// By station, then number.
    public private(set) var reservations: [StationID: [Int: Reservation]] = [:]
    public private(set) var displays: [StationID: DisplayPicture] = [:]
    public private(set) var heldCertificates: [StationID: CertificatePicture] = [:]
    public private(set) var profiles: [StationID: StationProfiles] = [:]
    public private(set) var outsideLimits: [StationID: [OutsideLimit]] = [:]
    public private(set) var tariffs: [StationID: StationTariffs] = [:]
    public private(set) var webPayments: [StationID: [Int: WebPaymentSetup]] = [:]
    public private(set) var prepaid: [String: PrepaidAccount] = [:]
    public private(set) var payments: [String: Payment] = [:]
    public private(set) var roundTrips: [EVSEID: [RoundTripRecord]] = [:]
    public private(set) var vendorHandlers: [String: VendorHandler] = [:]
    public private(set) var jobs: [String: StationJob] = [:]
    public private(set) var files: [String: StoredFile] = [:]
    public private(set) var campaigns: [String: Campaign] = [:]
    public private(set) var campaignTargets: [String: [Int: CampaignTarget]] = [:]
    /// What is told again is the same event.
    public private(set) var securityEvents: [SecurityEvent] = []
    public private(set) var devices = DeviceMemory()
    public private(set) var derOrders: [String: DEROrder] = [:]
    public private(set) var derPictures: [StationID: DERPicture] = [:]
    public private(set) var cabinets: [StationID: BatteryCabinet] = [:]
    public private(set) var swaps: [Int: BatterySwap] = [:]

    /// Which reading of which EVSE and session (architecture, decision 1).
    public struct ReadingKey: Hashable, Sendable {
        public let evse: EVSEID
        public let session: Session.ID?
        public let reading: Reading.Key
        public init(evse: EVSEID, session: Session.ID?, reading: Reading.Key) {
            self.evse = evse
            self.session = session
            self.reading = reading
        }
    }

    public init() {}

    public mutating func write(_ changes: [Change]) {
        for change in changes { write(change) }
    }

    private mutating func write(_ change: Change) {
        switch change {
        case .message(let record): messages.append(record)
        case .station(let station):
            let old = stations[station.id]
            stations[station.id] = CoreState.StationRecord(
                station: station, lastSeen: old?.lastSeen, protocol: old?.protocol, connectors: old?.connectors ?? [:],
                commissioning: old?.commissioning)
        case .stationLive(let id, let lastSeen, let name, let connectors, let commissioning):
            guard let old = stations[id] else { return }
            stations[id] = CoreState.StationRecord(
                station: old.station, lastSeen: lastSeen, protocol: name, connectors: connectors,
                commissioning: commissioning)
        case .removeStation(let id):
            stations[id] = nil
            controls = controls.filter { $0.key.station != id }
            roundTrips = roundTrips.filter { $0.key.station != id }
            certificates.removeAll { $0.station == id }
            (localLists[id], reservations[id], displays[id], heldCertificates[id]) = (nil, nil, nil, nil)
            (profiles[id], outsideLimits[id], tariffs[id]) = (nil, nil, nil)
            webPayments[id] = nil
            jobs = jobs.filter { $0.value.station != id }
            devices.remove(id)
            (derPictures[id], cabinets[id]) = (nil, nil)
            swaps = swaps.filter { $0.value.station != id }
        case .session(let session): sessions[session.id] = session
        case .readings(let session, let evse, let some):
            for reading in some { write(reading, ReadingKey(evse: evse, session: session, reading: reading.key)) }
        case .idToken(let token): idTokens[token.value] = token
        case .removeIdToken(let value): idTokens[value] = nil
        case .command(var view):
            view.followUp = commands[view.id]?.followUp
            commands[view.id] = view
        case .holding(.localList(let record)): localLists[record.station] = record
        case .holding(.reservation(let one)): reservations[one.station, default: [:]][one.id] = one
        case .holding(.display(let picture)): displays[picture.station] = picture
        case .holding(.certificates(let picture)): heldCertificates[picture.station] = picture
        case .holding(.followUp(_, let command, let followUp)): commands[command]?.followUp = followUp
        case .holding(.profile(let id, let one)):
            _ = profiles[id, default: StationProfiles(station: id)].put(one)
        case .holding(.profileGone(let id, let number)): profiles[id]?.remove(number)
        case .holding(.profileReport(let id, let report, let toldAt)):
            profiles[id, default: StationProfiles(station: id)].report = report
            profiles[id]?.toldAt = toldAt
        case .holding(.outsideLimit(let id, let limit)):
            outsideLimits[id, default: []].removeAll { $0.evse == limit.evse && $0.source == limit.source }
            outsideLimits[id]?.append(limit)
        case .holding(.outsideLimitGone(let id, let source, let evse)):
            outsideLimits[id]?.removeAll { $0.evse == evse && $0.source == source }
        case .holding(.tariffs(let picture)): tariffs[picture.station] = picture
        case .holding(.webPayments(let setup)): webPayments[setup.station, default: [:]][setup.evse] = setup
        case .payment(let payment): payments[payment.id] = payment
        case .roundTrip(let record): roundTrips[record.evse, default: []].put(record)
        case .prepaid(let account): prepaid[account.token] = account
        case .removePrepaid(let token): prepaid[token] = nil
        case .vendorHandler(let handler): vendorHandlers[handler.id] = handler
        case .removeVendorHandler(let id): vendorHandlers[id] = nil
        case .site(let site): sites[site.id] = site
        case .removeSite(let id): sites[id] = nil
        case .node(let node): nodes[node.id] = node
        case .removeNode(let id): nodes[id] = nil
        case .nodeReadings(let node, let some):
            for reading in some { nodeReadings[node, default: [:]][reading.at] = reading.power }
        case .sitePower(let point): points.append(point)
        case .setpoint(let point): setpoints.append(point)
        case .plan(let plan): plans[plan.site] = plan
        case .alarm(let alarm): alarms[alarm.id] = alarm
        case .audit(let record): audit.append(record)
        case .evse(let control): controls[control.evse] = control
        case .setting(let key, let value): settings[key] = value
        case .dayReport(let report): dayReports.append(report)
        case .device(let change): devices.write(change)
        case .der(.order(let order)): derOrders[order.control.id] = order
        case .der(.orderGone(let id)): derOrders[id] = nil
        case .der(.station(let picture)): derPictures[picture.station] = picture
        case .swap(.cabinet(let cabinet)): cabinets[cabinet.station] = cabinet
        case .swap(.swap(let swap)): swaps[swap.id] = swap
        case .certificate(let record):
            certificates.removeAll { $0.station == record.station && $0.fingerprint == record.fingerprint }
            certificates.append(record)
        case .job(let job): jobs[job.id] = job
        case .file(let file): files[file.id] = file
        case .removeFile(let id): files[id] = nil
        case .campaign(let campaign): campaigns[campaign.id] = campaign
        case .campaignTarget(let target): campaignTargets[target.campaign, default: [:]][target.position] = target
        case .securityEvent(let event):
            let isKnown = securityEvents.contains {
                ($0.station, $0.at, $0.type, $0.info) == (event.station, event.at, event.type, event.info)
            }
            if !isKnown { securityEvents.append(event) }
        }
    }

    private mutating func write(_ reading: Reading, _ key: ReadingKey) {
        if let known = readings[key], known != reading { corrections.append(key) }
        readings[key] = reading
    }
}
