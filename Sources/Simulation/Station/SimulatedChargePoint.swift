import OCPP
import OCPPMessages
import Quantities

/// An OCPP 1.6 charge point without IO: connection events, frames, vehicles and time in; frames, wake-ups and wishes to
/// connect out. The same machine runs behind a real WebSocket and in the in-memory world.
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
        case wake
    }

    public enum Action: Sendable {
        case transmit([UInt8])
        case wake(at: Instant)
        case connect
        case disconnect
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
        case boot, heartbeat, transaction, other
        case authorize(connector: Int)
    }
    enum Deferred: Hashable, Sendable {
        case respond(messageID: String, payload: [UInt8])
        case send(V16.Request)
        case reboot(V16.Reason)
    }

    public let settings: StationSettings
    public internal(set) var counts = Counts()
    /// The instant up to which everything has been played.
    public private(set) var now: Instant

    var connectors: [SimulatedConnector]
    var profiles = ProfileStack()
    var configuration: StationConfiguration
    var queue = TransactionQueue()
    var link: StationLink?
    var registration: V16.RegistrationStatus?
    var actions: [Action] = []

    private var isOn = false
    private var random: SeededRandom
    private var linkActions: [StationLink.Action] = []
    private var purposes: [UInt64: Purpose] = [:]
    private var nextToken: UInt64 = 0
    private let idPrefix: String
    var nextLocal = 1
    private var reported: [Int: V16.ChargePointStatus] = [:]
    private var deferred: [(at: Instant, what: Deferred)] = []
    private var bootAt: Instant?
    private var heartbeatAt: Instant?
    private var connectAt: Instant?
    private var powerAt: Instant?
    private var linkAt: Instant?
    /// Drivers wait until then for the central system's word.
    var decideAt: Instant?
    private var failedConnections = 0
    private var wakeAsked: Instant?

    public init(_ settings: StationSettings, at now: Instant) {
        precondition(settings.connectors >= 1, "a station has a connector")
        self.settings = settings
        self.now = now
        connectors = (1...settings.connectors).map { SimulatedConnector(number: $0, register: settings.register) }
        configuration = StationConfiguration(settings)
        random = SeededRandom(seed: settings.faults.seed)
        // Ids are unique over all connections and runs of a station (OCPP-J §4.1.4): the start is part of them.
        idPrefix = settings.messageIDPrefix.map { String($0.prefix(20)) } ?? String(now.milliseconds, radix: 36)
    }

    // MARK: What a checker may see

    public var isConnected: Bool { link != nil }
    /// Drawn by all connectors at ``now``.
    public var power: Power { connectors.reduce(.zero) { $0 + $1.power } }
    public func power(connector: Int) -> Power { self[connector]?.power ?? .zero }
    public func register(connector: Int) -> RegisterReading? { self[connector]?.register }
    public func vehicle(connector: Int) -> SimulatedVehicle? { self[connector]?.vehicle }
    public func status(connector: Int) -> V16.ChargePointStatus? { self[connector]?.status(minMilliamperes: 6000) }
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
            actions.append(.connect)
        case .connected: connected()
        case .disconnected: disconnected()
        case .received(let text): linkHandle(.received(text: text))
        case .plugIn(let connector, let vehicle, let idTag): plugIn(connector, vehicle, idTag)
        case .plugOut(let connector): plugOut(connector)
        case .stop(let connector): endTransaction(connector, .local)
        }
        settle()
        askForWake()
        return actions
    }

    /// The station's own clock.
    var clock: Instant { now + settings.faults.clockSkew }
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
        for instant in [bootAt, heartbeatAt, connectAt, powerAt, linkAt, decideAt] { consider(instant) }
        for item in deferred { consider(item.at) }
        // What was already due at `now` has been played; a retry that waits for a connection does not count.
        if link != nil, isAccepted, !queue.isInFlight { consider(queue.retryAt) }
        for connector in connectors {
            consider(connector.transaction?.nextSample)
            consider(connector.remote?.deadline)
            if let step = connector.timeToNextStep() { consider(now + step) }
            if let change = nextProfileChange(connector) { consider(change) }
        }
        return next
    }

    private func nextProfileChange(_ connector: SimulatedConnector) -> Instant? {
        guard connector.transaction != nil, !settings.faults.ignoresProfiles else { return nil }
        let change = profiles.nextChange(
            after: clock, connector: connector.number, transaction: transaction(on: connector))
        return change.map { $0 - settings.faults.clockSkew }
    }

    func transaction(on connector: SimulatedConnector) -> ProfileStack.Transaction? {
        connector.transaction.map {
            ProfileStack.Transaction(id: queue.number(of: $0.local), start: $0.start + settings.faults.clockSkew)
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
        if take(&connectAt, now), link == nil { actions.append(.connect) }
        if take(&decideAt, now) { decideOffline() }
        if take(&linkAt, now), link != nil { linkHandle(.wake) }
        if take(&bootAt, now), link != nil, !isAccepted { boot() }
        if take(&heartbeatAt, now), link != nil, isAccepted {
            call(.heartbeat(.init()), .heartbeat)
            scheduleHeartbeat()
        }
        while let i = deferred.firstIndex(where: { $0.at <= now }) {
            switch deferred.remove(at: i).what {
            case .respond(let id, let payload): linkHandle(.respond(messageID: id, payload: payload))
            case .send(let request): call(request, .other)
            case .reboot(let reason): powerOff(reason)
            }
        }
        for i in connectors.indices {
            if let deadline = connectors[i].remote?.deadline, deadline <= now { connectors[i].remote = nil }
            guard let due = connectors[i].transaction?.nextSample, due <= now else { continue }
            sample(i)
        }
    }

    /// Brings powers, statuses and queues in line with what has happened.
    private mutating func settle() {
        let stationLimit =
            settings.faults.ignoresProfiles
            ? nil : profiles.limit(connector: 0, at: clock, transaction: nil, supply: settings.supply)
        let sharing = Int64(max(1, connectors.count { $0.transaction != nil }))
        for i in connectors.indices {
            guard powerAt == nil, connectors[i].transaction != nil else {
                connectors[i].cutOff()
                continue
            }
            var limit = settings.hardware
            if !settings.faults.ignoresProfiles {
                let own = profiles.limit(
                    connector: connectors[i].number, at: clock, transaction: transaction(on: connectors[i]),
                    supply: settings.supply)
                if let own { limit = limit.lowered(by: own) }
                // The station's maximum bounds the sum: its connectors in use share it evenly.
                if let stationLimit {
                    limit = limit.lowered(
                        by: ChargingLimit(milliwatts: stationLimit.milliwatts / sharing, phases: stationLimit.phases))
                }
            }
            connectors[i].offer(limit, supply: settings.supply)
        }
        // A start goes out before the status that it leads to.
        pump()
        reportStatuses()
    }

    private mutating func askForWake() {
        guard let next = nextDue(), next != wakeAsked else { return }
        wakeAsked = next
        actions.append(.wake(at: next))
    }

    // MARK: Connection

    private mutating func connected() {
        guard link == nil, powerAt == nil else { return }
        isOn = true
        connectAt = nil
        failedConnections = 0
        link = StationLink(role: .station)
        if !isAccepted || !settings.faults.reconnectsWithoutBoot {
            registration = nil
            boot()
        } else {
            scheduleHeartbeat()
        }
    }

    private mutating func disconnected() {
        guard isOn, powerAt == nil, link != nil || connectAt == nil else { return }
        dropLink()
        // Doubling, with a random part so that a whole street does not come back at once.
        let wait = min(
            settings.reconnectWait * (1 << min(failedConnections, 10)), settings.longestReconnectWait)
        failedConnections += 1
        connectAt = now + wait + .milliseconds(Int64(random.unit() * Double(wait.wholeMilliseconds) / 2))
    }

    private mutating func dropLink() {
        if link != nil { linkHandle(.closed) }
        link = nil
        linkAt = nil
        bootAt = nil
        heartbeatAt = nil
        purposes.removeAll()
        queue.interrupted()
        deferred.removeAll { item in
            if case .respond = item.what { return true }
            return false
        }
    }

    mutating func boot() {
        let request = V16.BootNotificationRequest(
            chargePointVendor: settings.vendor, chargePointModel: settings.model,
            chargePointSerialNumber: String(settings.identity.prefix(25)), firmwareVersion: settings.firmware)
        call(.bootNotification(request), .boot)
    }

    private mutating func powerOff(_ reason: V16.Reason) {
        for connector in connectors where connector.transaction != nil { endTransaction(connector.number, reason) }
        if link != nil { actions.append(.disconnect) }
        // Whatever was asked is forgotten with the power.
        purposes.removeAll()
        dropLink()
        connectAt = nil
        decideAt = nil
        deferred.removeAll()
        registration = nil
        reported.removeAll()
        // Only the station's maximum and the defaults outlive a reboot.
        profiles.clear(purpose: .txProfile)
        powerAt = now + settings.rebootTime
    }

    private mutating func powerOn() {
        actions.append(.connect)
        for i in connectors.indices where connectors[i].vehicle != nil {
            connectors[i].isFinished = false
            authorize(i)
        }
    }

    private mutating func scheduleHeartbeat() {
        heartbeatAt = now + .seconds(max(1, configuration.number("HeartbeatInterval")))
    }

    // MARK: Calls of ours

    mutating func call(_ request: V16.Request, _ purpose: Purpose) {
        guard link != nil else { return }
        nextToken += 1
        purposes[nextToken] = purpose
        counts.callsSent += 1
        linkHandle(
            .send(
                StationLink.OutgoingCall(
                    token: nextToken, messageID: "\(idPrefix)-\(nextToken)", action: request.action.rawValue,
                    payload: request.json, timeoutMilliseconds: settings.callTimeout.wholeMilliseconds)))
    }

    func isUnderWay(_ purpose: Purpose) -> Bool { purposes.values.contains(purpose) }

    /// Sends what waits for a connection and for acceptance.
    private mutating func pump() {
        guard link != nil, isAccepted else { return }
        if let request = queue.next(at: now) { call(request, .transaction) }
    }

    mutating func reportStatuses() {
        guard link != nil, isAccepted else { return }
        for number in 0...connectors.count {
            let status = self[number]?.status(minMilliamperes: 6000) ?? .available
            guard reported[number] != status else { continue }
            reportStatus(number)
        }
    }

    mutating func reportStatus(_ number: Int) {
        let status = self[number]?.status(minMilliamperes: 6000) ?? .available
        reported[number] = status
        call(
            .statusNotification(
                .init(connectorId: number, errorCode: .noError, status: status, timestamp: clock)), .other)
    }

    mutating func schedule(_ what: Deferred, after delay: Duration) { deferred.append((now + delay, what)) }

    /// Answers a call of the central system; a fault may make that late.
    mutating func respond(_ id: String, _ response: V16.Response) {
        if roll(settings.faults.lateAnswersPermille) {
            counts.lateAnswers += 1
            schedule(.respond(messageID: id, payload: response.json), after: settings.faults.lateAnswerDelay)
        } else {
            linkHandle(.respond(messageID: id, payload: response.json))
        }
    }

    private mutating func roll(_ permille: Int) -> Bool { permille > 0 && random.unit() * 1000 < Double(permille) }

    // MARK: Link

    mutating func linkHandle(_ event: StationLink.Event) {
        guard link != nil else { return }
        var output = linkActions
        output.removeAll(keepingCapacity: true)
        link?.handle(event, at: now.milliseconds, into: &output)
        var isDropped = false
        for action in output {
            switch action {
            case .transmit(let frame):
                actions.append(.transmit(frame))
                // Faults concern the station's own calls.
                guard frame.count > 1, frame[1] == UInt8(ascii: "2") else { break }
                if roll(settings.faults.duplicatesPermille) {
                    counts.duplicates += 1
                    actions.append(.transmit(frame))
                }
                if roll(settings.faults.dropsPermille) { isDropped = true }
            case .deliver(let call):
                counts.callsReceived += 1
                answer(call)
            case .completed(let token, let outcome), .lateAnswer(let token, _, let outcome):
                if let purpose = purposes.removeValue(forKey: token) { completed(purpose, outcome) }
            case .wake(let at): linkAt = Instant(milliseconds: at)
            case .close: isDropped = true
            case .note: break
            }
        }
        linkActions = output
        if isDropped, link != nil {
            counts.drops += 1
            actions.append(.disconnect)
            disconnected()
        }
    }

    private mutating func completed(_ purpose: Purpose, _ outcome: StationLink.CallOutcome) {
        var answer: [UInt8]?
        switch outcome {
        case .answered(let payload): answer = payload
        case .error: counts.errors += 1
        case .timeout: counts.timeouts += 1
        case .dropped: break
        }
        switch purpose {
        case .boot: booted(answer)
        case .authorize(let connector): authorized(connector, answer)
        case .transaction: delivered(answer, outcome)
        case .heartbeat, .other: break
        }
    }

    private mutating func booted(_ answer: [UInt8]?) {
        guard link != nil else { return }
        guard let answer,
            case .bootNotification(let response)? = try? V16.Response.decode(.bootNotification, payload: answer.span)
                .result.get()
        else {
            bootAt = now + .seconds(60)
            return
        }
        registration = response.status
        if response.status == .accepted {
            if response.interval > 0 { _ = configuration.change("HeartbeatInterval", to: "\(response.interval)") }
            scheduleHeartbeat()
            reported.removeAll()
            reportStatuses()
            for i in connectors.indices { authorize(i) }
        } else {
            bootAt = now + .seconds(response.interval > 0 ? response.interval : 60)
        }
    }

    private mutating func delivered(_ answer: [UInt8]?, _ outcome: StationLink.CallOutcome) {
        guard let answer else {
            if outcome == .dropped {
                queue.interrupted()
            } else {
                queue.failed(
                    at: now, attemptsAllowed: configuration.number("TransactionMessageAttempts"),
                    interval: .seconds(configuration.number("TransactionMessageRetryInterval")))
            }
            return
        }
        guard case .start(let local, let connector, _, _, _)? = queue.messages.first else {
            _ = queue.delivered()
            return
        }
        guard
            case .startTransaction(let response)? = try? V16.Response.decode(.startTransaction, payload: answer.span)
                .result.get()
        else {
            _ = queue.delivered()
            return
        }
        _ = queue.delivered(number: response.transactionId)
        let isCurrent = self[connector]?.transaction?.local == local
        if isCurrent, response.idTagInfo.status != .accepted, configuration.flag("StopTransactionOnInvalidId") {
            counts.refusals += 1
            endTransaction(connector, .deAuthorized)
        }
    }
}
