public import Credentials
import OCPP
import OCPPMessages
import Quantities

/// A charge point of OCPP 1.6, 2.0.1 or 2.1 without IO: connection events, frames, vehicles and time in; frames, wake-ups and
/// wishes to connect out. The same machine runs behind a real WebSocket and in the in-memory world, and the same machine
/// speaks each version: a ``StationDialect`` has its words.
///
///     var station = SimulatedChargePoint(StationSettings(identity: "CP-1"), at: now)
///     for action in station.handle(.powerOn, at: now) { … }     // .connect
///     station.handle(.connected, at: now)                       // → .transmit(BootNotification), .wake(at:)
///     station.handle(.plugIn(connector: 1, vehicle, idTag: "TAG"), at: now)
///
/// The driver carries out the actions in order. `.wake(at:)` asks for `.wake` at that instant and replaces the wake-up asked
/// for before; late, extra or slightly early ones do no harm: everything that was due in between happens at its own instant, and energy is
/// integrated exactly. After `.connect` the driver says `.connected` or (could not, or lost it later) `.disconnected`;
/// after `.disconnect` it closes the socket and need not say anything. `at` never goes back.
public struct SimulatedChargePoint: Sendable {
    public enum Event: Sendable {
        case powerOn
        case connected
        case disconnected
        /// One whole text message.
        case received(text: [UInt8])
        /// `idTag` `nil`: nobody asks to charge, a remote start may.
        case plugIn(connector: Int, SimulatedVehicle, idTag: String?)
        case plugOut(connector: Int)
        /// The driver ends charging at the station and leaves the cable in.
        case stop(connector: Int)
        /// Somebody holds a token to the reader, and plugs nothing in.
        case present(idTag: String)
        /// Something is wrong with a connector; `nil`: no more.
        case fault(connector: Int, StationFault?)
        /// The driver of a vehicle that can give energy back leaves at another time, or wants another state of charge.
        case replan(connector: Int, departure: Instant?, targetPermille: Int)
        /// Somebody presses the button for priority charging, or ends it (2.1 K22).
        case prioritize(connector: Int, Bool)
        /// Somebody comes to a cabinet with a used battery, and whoever waited in vain goes (2.1 block S).
        case visit(SwapVisit)
        case leaveCabinet
        /// Grid or site are different from now on.
        case surroundings(StationSurroundings)
        case wake
        /// How a wish to fetch ended.
        case fetched(Int, isWhole: Bool)
        case brought(Int, isTaken: Bool)
        /// Like `disconnected`, with a reason that the station tells.
        case unreachable(StationRefusal)
        /// `request` in PEM; `nil`: it could not be made.
        case requestMade(Int, request: String?)
        /// `fault`: why the certificate is not taken.
        case judged(key: Int, fault: String?)
    }

    public enum Action: Sendable {
        case transmit([UInt8])
        case wake(at: Instant)
        case connect(StationRoute)
        case disconnect
        /// GET, answered by ``Event/fetched(_:isWhole:)`` with the same number.
        case fetch(Int, url: String)
        /// PUT of these bytes, answered by ``Event/brought(_:isTaken:)``.
        case bring(Int, url: String, [UInt8])
        /// A new key under this number and a request for a certificate of it, answered by ``Event/requestMade(_:request:)``.
        case makeRequest(Int, commonName: String, organization: String)
        /// Answered by ``Event/judged(key:fault:)``.
        case judge(CertificateJudgement)
        /// From now on it shows this; a driver that lasts keeps it with its key.
        case keep(key: Int, chain: [StationCertificate], CertificateAuthority.StationUse)
    }

    /// What happened so far, for summaries.
    public struct Counts: Hashable, Sendable {
        public var callsSent = 0
        public var callsReceived = 0
        /// Calls of the station that were answered with CALLERROR.
        public var errors = 0
        public var timeouts = 0
        public var transactionsStarted = 0
        public var transactionsEnded = 0
        /// Starts that the central system or the tag did not allow.
        public var refusals = 0
        public var duplicates = 0
        public var drops = 0
        public var lateAnswers = 0
        public var profilesAccepted = 0
        public var profilesRejected = 0
    }

    enum Purpose: Hashable, Sendable {
        case boot, heartbeat, transaction, outsideLimit, events, securityEvent, swapEvent, other
        /// By the number of the key.
        case signing(Int)
        /// Connector 0: of somebody who plugged nothing in.
        case authorize(connector: Int, token: String)
        /// Of somebody at a cabinet.
        case swap(token: String)
        case needs(connector: Int)
        /// By the number of the profile.
        case pull(Int)
    }
    enum Deferred: Hashable, Sendable {
        case respond(messageID: String, payload: [UInt8])
        case send(StationMessage)
        case reboot(StopCause, BootCause)
        case resetEVSE(Int, atOnce: Bool)
        /// Firmware or a log, by its number: its time to move has come.
        case transfer(Int)
        case install(Int, InstallStep)
        /// The connection is closed and made anew.
        case reconnect
    }

    /// Firmware changes with what is installed.
    public internal(set) var settings: StationSettings
    var dialect: any StationDialect { settings.version.stationDialect }
    public internal(set) var counts = Counts()
    /// The instant up to which everything has been played.
    public private(set) var now: Instant

    var connectors: [SimulatedConnector]
    var profiles = ProfileStack()
    var configuration: StationConfiguration
    var watch = StationWatch()
    var queue = TransactionQueue()
    var link: StationLink?
    var registration: Registration?
    var actions: [Action] = []

    var isOn = false
    var random: SeededRandom
    var linkActions: [StationLink.Action] = []
    var purposes: [UInt64: Purpose] = [:]
    var nextToken: UInt64 = 0
    let idPrefix: String
    var nextLocal = 1
    struct Told: Hashable, Sendable {
        let condition: ConnectorCondition
        let fault: StationFault?
    }
    /// What the central system was told of each connector.
    var reported: [Int: Told] = [:]
    var deferred: [(at: Instant, what: Deferred)] = []
    var bootAt: Instant?
    var heartbeatAt: Instant?
    var connectAt: Instant?
    var powerAt: Instant?
    var linkAt: Instant?
    /// Drivers wait until then for the central system's word.
    var decideAt: Instant?
    var failedConnections = 0
    /// Since when nobody is connected.
    var lostAt: Instant?
    var bootCause = BootCause.powerUp
    var holdings = StationHoldings()
    /// A reset waits for the end of the transactions.
    var resetsWhenIdle = false
    var imposed = ImposedLimit()
    /// As they came, by number, where a vehicle chose among several schedules.
    var offers: [Int: V2.ChargingProfile] = [:]
    public internal(set) var surroundings = StationSurroundings()
    /// Of the grid's operator (2.1 Q08): what holds, and what is to come, by time.
    var signal: Int64?
    var signals: [(at: Instant, signal: Int64)] = []
    /// When new values of Dynamic profiles are asked for, by profile.
    var pulls: [Int: Instant] = [:]
    /// `nil`: it knows no controls of the grid code, or exchanges no batteries.
    var gridCode: GridCode?
    var desk: SwapDesk?
    var outageAt: Instant?
    var hadOutage = false
    var failure = FailurePlan()
    var aligned = AlignedPlan()
    var security: StationSecurity
    var transfers: [StationTransfer] = []
    var nextTransfer = 0
    var hasRebootedWhileDownloading = false
    private var wakeAsked: Instant?

    public init(_ settings: StationSettings, at now: Instant) {
        precondition(settings.connectors >= 1, "a station has a connector")
        self.settings = settings
        self.now = now
        connectors = (1...settings.connectors).map { SimulatedConnector(number: $0, register: settings.register) }
        configuration = StationConfiguration(
            settings.version.stationDialect.configuration(settings),
            measurands: MeterSample.Measurand.known(in: settings.version))
        random = SeededRandom(seed: settings.faults.seed)
        if settings.version == .v21 { gridCode = GridCode(functions: settings.gridFunctions) }
        if let cabinet = settings.swap, settings.version == .v21 {
            precondition(cabinet.slots.count == settings.connectors, "each EVSE is a slot")
            desk = SwapDesk()
            for (i, battery) in cabinet.slots.enumerated() {
                connectors[i].isSlot = true
                connectors[i].vehicle = battery.map { SimulatedVehicle($0, in: cabinet) }
            }
        }
        security = StationSecurity(settings.security)
        // Ids are unique over all connections and runs of a station (OCPP-J §4.1.4): the start is part of them.
        idPrefix = settings.messageIDPrefix.map { String($0.prefix(20)) } ?? String(now.milliseconds, radix: 36)
        if settings.version != .v16 {
            watch.monitors =
                StationWatch.hardWired(evses: settings.connectors)
                + StationWatch.preconfigured(evses: settings.connectors)
        }
        planAligned()
    }

    // MARK: What a checker may see

    public var isConnected: Bool { link != nil }
    /// Drawn by all connectors at ``now``.
    public var power: Power { connectors.reduce(.zero) { $0 + $1.power } }
    public func power(connector: Int) -> Power { self[connector]?.power ?? .zero }
    public func register(connector: Int) -> RegisterReading? { self[connector]?.register }
    public func vehicle(connector: Int) -> SimulatedVehicle? { self[connector]?.vehicle }
    public func status(connector: Int) -> ConnectorCondition? { self[connector]?.condition }
    public func isCharging(connector: Int) -> Bool { self[connector]?.transaction != nil }
    /// Transaction messages that the central system has not acknowledged yet.
    public var undelivered: Int { queue.messages.count }

    subscript(connector: Int) -> SimulatedConnector? {
        connectors.indices.contains(connector - 1) ? connectors[connector - 1] : nil
    }

    // MARK: Events

    public mutating func handle(_ event: Event, at instant: Instant) -> [Action] {
        actions.removeAll(keepingCapacity: true)
        advance(to: max(instant, now))
        switch event {
        // A timer that is a moment early is asked for again; one that is more is an old one that was replaced.
        case .wake: if let asked = wakeAsked, asked - now <= .seconds(1) { wakeAsked = nil }
        case .powerOn:
            guard !isOn else { break }
            isOn = true
            note(.startup)
            connect()
        case .connected: connected()
        case .disconnected: disconnected()
        case .received(let text): linkHandle(.received(text: text))
        case .plugIn(let connector, let vehicle, let idTag): plugIn(connector, vehicle, idTag)
        case .plugOut(let connector): plugOut(connector)
        case .stop(let connector): endTransaction(connector, .local)
        case .present(let idTag): present(idTag)
        case .fault(let connector, let fault): setFault(connector, fault)
        case .replan(let connector, let departure, let target):
            guard connectors.indices.contains(connector - 1) else { break }
            connectors[connector - 1].vehicle?.replan(departure: departure, targetPermille: target)
            if connectors[connector - 1].transaction?.v2x != nil {
                connectors[connector - 1].transaction?.talk?.owesNeeds = true
            }
        case .prioritize(let connector, let isOn): prioritize(connector, isOn)
        case .visit(let visit): self.visit(visit)
        case .leaveCabinet: leaveCabinet()
        case .surroundings(let seen):
            let isNew = surroundings.external != seen.external
            surroundings = seen
            if isNew { setExternal() }
        case .fetched(let number, let isWhole): fetched(number, isWhole: isWhole)
        case .brought(let number, let isTaken): brought(number, isTaken: isTaken)
        case .unreachable(let refusal): unreachable(refusal)
        case .requestMade(let number, let request): requestMade(number, request)
        case .judged(let key, let fault): judged(key, fault: fault)
        }
        settle()
        askForWake()
        return actions
    }

    /// The station's own clock.
    var clock: Instant { now + settings.faults.clockSkew + (security.hasTime ? .zero : settings.faults.wrongTime) }
    var isAccepted: Bool { registration == .accepted }

    // MARK: Time

    private mutating func advance(to end: Instant) {
        while let next = nextDue(), next <= end {
            play(until: max(next, now))
            fire()
            settle()
        }
        play(until: end)
    }

    private mutating func play(until instant: Instant) {
        let duration = instant - now
        guard duration > .zero else { return }
        for i in connectors.indices { connectors[i].integrate(duration) }
        now = instant
    }

    private func nextDue() -> Instant? {
        var next: Instant?
        func consider(_ instant: Instant?) {
            if let instant, instant < next ?? instant + .milliseconds(1) { next = instant }
        }
        for instant in [bootAt, heartbeatAt, connectAt, powerAt, linkAt, decideAt, imposed.due] { consider(instant) }
        for instant in [failure.due, nextCooled, aligned.next, aligned.nextKept, nextDisplayEnd] { consider(instant) }
        for item in deferred { consider(item.at) }
        for instant in [
            outageAt, nextFrequency, nextGridCode, nextSwap, signals.first.map { $0.at - settings.faults.clockSkew },
        ] {
            consider(instant)
        }
        for due in pulls.values { consider(due) }
        consider(nextReservationEnd)
        consider(nextWatch)
        consider(nextSecurity)
        // What was already due at `now` has been played; a retry that waits for a connection does not count.
        if link != nil, isAccepted, !queue.isInFlight { consider(queue.retryAt) }
        for connector in connectors {
            consider(connector.transaction?.nextSample)
            consider(connector.transaction?.talk?.patience)
            // What waits for a connection or for its start to be delivered, is settled with that.
            if let due = connector.transaction?.talk?.choiceDue, due > now { consider(due) }
            consider(connector.transaction?.nextKept)
            consider(connector.backAt)
            consider(connector.remote?.deadline)
            consider(connector.exchange.isOn ? connector.exchange.flow.due : nil)
            consider(connector.transaction?.v2x?.renegotiatesAt)
            if let end = connector.transaction?.bounds.timeEnd, end > now { consider(end) }
            if let step = connector.timeToNextStep() { consider(now + step) }
            if let change = nextProfileChange(connector) { consider(change) }
        }
        return next
    }

    private func nextProfileChange(_ connector: SimulatedConnector) -> Instant? {
        guard connector.transaction != nil, !settings.faults.ignoresProfiles else { return nil }
        let change = profiles.nextChange(
            after: clock, evse: connector.number, transaction: transaction(on: connector))
        return change.map { $0 - settings.faults.clockSkew }
    }

    func transaction(on connector: SimulatedConnector) -> ProfileStack.Transaction? {
        connector.transaction.map {
            ProfileStack.Transaction(
                id: queue.id(of: $0.local), start: $0.start + settings.faults.clockSkew, hasPriority: $0.hasPriority)
        }
    }

    /// Does what is due at `now`.
    private mutating func fire() {
        func take(_ instant: inout Instant?, _ now: Instant) -> Bool {
            guard let due = instant, due <= now else { return false }
            instant = nil
            return true
        }
        if take(&powerAt, now) { powerOn() }
        if take(&connectAt, now), link == nil { connect() }
        if take(&decideAt, now) { decideOffline() }
        playOutsideLimit()
        playFailure()
        playOutage()
        playSignals()
        playPulls()
        playRenegotiation()
        playSwap()
        bringBack()
        fireSecurity()
        if take(&linkAt, now), link != nil { linkHandle(.wake) }
        if take(&bootAt, now), link != nil, !isAccepted { boot() }
        if take(&heartbeatAt, now), link != nil, isAccepted {
            call(.heartbeat, .heartbeat)
            scheduleHeartbeat()
        }
        while let i = deferred.firstIndex(where: { $0.at <= now }) {
            switch deferred.remove(at: i).what {
            case .respond(let id, let payload): linkHandle(.respond(messageID: id, payload: payload))
            case .send(let message): call(message, .other)
            case .reboot(let stop, let boot): powerOff(stop, boot)
            case .resetEVSE(let evse, let atOnce): takeDown(evse: evse, atOnce: atOnce)
            case .transfer(let number): move(number)
            case .install(let number, let step): install(number, step)
            case .reconnect where link != nil:
                actions.append(.disconnect)
                disconnected()
                connectAt = now + .seconds(1)
            case .reconnect: break
            }
        }
        for i in connectors.indices {
            if let deadline = connectors[i].remote?.deadline, deadline <= now { connectors[i].remote = nil }
            if let end = connectors[i].transaction?.talk?.patience, end <= now {
                connectors[i].transaction?.talk?.patience = nil
            }
            if isDueKept(i) { keepNow(i) }
            guard let due = connectors[i].transaction?.nextSample, due <= now else { continue }
            sampleNow(i)
        }
        playAligned()
    }

    /// Brings powers, statuses and queues in line with what has happened.
    private mutating func settle() {
        settleReservations()
        settleDisplay()
        let stationLimit =
            settings.faults.ignoresProfiles
            ? nil : profiles.limit(evse: 0, at: clock, transaction: nil, supply: settings.supply)
        let sharing = Int64(max(1, connectors.count { $0.transaction != nil }))
        watchGrid()
        for i in connectors.indices {
            let directive = connectors[i].transaction == nil ? nil : directive(i)
            changeMode(i, directive)
            watchBounds(i)
            guard powerAt == nil, connectors[i].transaction != nil, !waitsForSchedule(connectors[i]) else {
                connectors[i].cutOff()
                continue
            }
            if let electronics = electronics(i), connectors[i].transaction?.v2x != nil {
                steer(
                    i, electronics, directive,
                    share: stationLimit.map {
                        ChargingLimit(milliwatts: $0.milliwatts / sharing, phases: $0.phases)
                    })
                continue
            }
            // A vehicle that could was pulled out, and its transaction goes on.
            connectors[i].exchange.cutOff()
            var limit = settings.hardware
            if !settings.faults.ignoresProfiles {
                let own = profiles.limit(
                    evse: connectors[i].number, at: clock, transaction: transaction(on: connectors[i]),
                    supply: settings.supply)
                if let own { limit = limit.lowered(by: own) }
                // The station's maximum bounds the sum: its connectors in use share it evenly.
                if let stationLimit {
                    limit = limit.lowered(
                        by: ChargingLimit(milliwatts: stationLimit.milliwatts / sharing, phases: stationLimit.phases))
                }
            }
            if let heat = connectors[i].heatLimit(at: now, settings.supply) { limit = limit.lowered(by: heat) }
            if connectors[i].isDrained || connectors[i].transaction?.bounds.reached != nil {
                limit = ChargingLimit(milliwatts: 0, phases: limit.phases)
            }
            connectors[i].offer(limit, supply: settings.supply)
        }
        resetIdle()
        if resetsWhenIdle, connectors.allSatisfy({ $0.transaction == nil }) {
            resetsWhenIdle = false
            schedule(.reboot(.softReset, .scheduledReset), after: .seconds(1))
        }
        tellConditions()
        tellOutsideLimit()
        tellGridCode()
        tellSwaps()
        watchVariables()
        // A start goes out before the status that it leads to.
        pump()
        tellPriority()
        tellVehicles()
        reportStatuses()
    }

    private mutating func askForWake() {
        guard let next = nextDue(), next != wakeAsked else { return }
        wakeAsked = next
        actions.append(.wake(at: next))
    }
}
