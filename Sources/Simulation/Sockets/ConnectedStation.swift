import Credentials
import Gateway
import NIOCore
import Quantities

/// One simulated charge point behind a real WebSocket: carries out what the machine wishes and tells it what happens. Lives
/// on one event loop.
final class ConnectedStation {
    private enum Plug {
        case into(connector: Int, SimulatedVehicle, idTag: String?)
        case out(connector: Int)
        case priority(connector: Int)
        case visit(SwapVisit)
        case leave
    }

    private(set) var machine: SimulatedChargePoint
    /// Connections that opened, and those that ended or never opened.
    private(set) var opened = 0
    private(set) var lost = 0
    private(set) var lastFault: String?

    private let eventLoop: any EventLoop
    private let clock: FleetClock
    /// Where it goes unless its machine says otherwise.
    private let endpoint: StationEndpoint
    private let source: String?
    private let tls: StationTLS
    private let keys: StationKeys
    /// What is still to come, in order.
    private var plugs: ArraySlice<(at: Instant, plug: Plug)>
    private var socket: StationSocket?
    /// Number of the connection that counts.
    private var connection = 0
    private var wakeAt: Instant?
    private var timer: Scheduled<Void>?
    private var isStopping = false

    /// - Parameter source: local address to connect from; `nil`: any.
    init(
        _ member: StationFleet.Member, endpoint: StationEndpoint, source: String?, tls: StationTLS, clock: FleetClock,
        eventLoop: any EventLoop
    ) {
        self.eventLoop = eventLoop
        self.clock = clock
        self.endpoint = endpoint
        self.source = source
        self.tls = tls
        keys = StationKeys(identity: member.settings.identity, first: member.key, folder: member.folder)
        var settings = member.settings
        settings.security.password = settings.security.password ?? member.password
        // The machine lives in domain time, an answer comes in real time.
        settings.callTimeout = .milliseconds(
            Int64(Double(settings.callTimeout.wholeMilliseconds) * max(1, clock.speed)))
        settings.vehicleTimeout = .milliseconds(
            Int64(Double(settings.vehicleTimeout.wholeMilliseconds) * max(1, clock.speed)))
        machine = SimulatedChargePoint(settings, at: clock.now)
        // Whoever leaves at an instant makes room for who comes then.
        let outs = member.stays.map { ($0.departure, Plug.out(connector: $0.connector)) }
        let ins = member.stays.map {
            ($0.arrival, Plug.into(connector: $0.connector, $0.vehicle, idTag: $0.idTag))
        }
        let buttons = member.stays.compactMap { stay in
            member.priorityAfter.map { (stay.arrival + $0, Plug.priority(connector: stay.connector)) }
        }
        let visits = member.visits.flatMap { [($0.arrival, Plug.visit($0.visit)), ($0.departure, Plug.leave)] }
        plugs =
            (outs + ins + buttons + visits).enumerated().sorted {
                ($0.element.0, $0.offset) < ($1.element.0, $1.offset)
            }.map {
                (at: $0.element.0, plug: $0.element.1)
            }[...]
    }

    /// No vehicle is there or expected, and everything is delivered.
    var isDone: Bool { plugs.isEmpty && occupied.isEmpty && machine.undelivered == 0 && machine.isSwapOver }

    /// Batteries stay in their slots.
    private var occupied: [Int] {
        machine.settings.swap != nil
            ? [] : (1...machine.settings.connectors).filter { machine.vehicle(connector: $0) != nil }
    }

    func start() {
        feed(.powerOn)
        setTimer()
    }

    /// Unplugs; what that brings about is still sent.
    func unplug() {
        plugs = []
        for connector in occupied { feed(.plugOut(connector: connector)) }
        setTimer()
    }

    func set(_ surroundings: StationSurroundings) {
        feed(.surroundings(surroundings))
        setTimer()
    }

    /// Says goodbye; nothing happens any more.
    func stop() {
        isStopping = true
        connection += 1
        timer?.cancel()
        socket?.close(.goingAway, reason: "the simulation ends")
        socket = nil
    }

    private func feed(_ event: SimulatedChargePoint.Event) {
        guard !isStopping else { return }
        for action in machine.handle(event, at: clock.now) {
            switch action {
            case .transmit(let text): socket?.send(text)
            case .wake(let instant): wakeAt = instant
            case .connect(let route): connect(route)
            case .fetch(let number, let url): fetch(number, url)
            case .bring(let number, let url, let bytes): bring(number, url, bytes)
            case .makeRequest(let number, let commonName, let organization):
                makeRequest(number, commonName, organization)
            case .judge(let judgement): judge(judgement)
            case .keep(let number, let chain, let use):
                // Vehicles are not simulated over TLS: what is shown to them is not kept.
                if use != .vehicles, let fault = keys.keep(number, chain) { lastFault = fault }
            case .disconnect:
                connection += 1
                socket?.abort(reason: "the station dropped the connection")
                socket = nil
            }
        }
    }

    private func fetch(_ number: Int, _ url: String) {
        let (me, eventLoop) = (NIOLoopBound(self, eventLoop: eventLoop), eventLoop)
        Task {
            let isWhole = await StationDownload.isWhole(url)
            eventLoop.execute { me.value.ended(.fetched(number, isWhole: isWhole)) }
        }
    }

    private func bring(_ number: Int, _ url: String, _ bytes: [UInt8]) {
        let (me, eventLoop) = (NIOLoopBound(self, eventLoop: eventLoop), eventLoop)
        Task {
            let isTaken = await StationDownload.isTaken(url, bytes)
            eventLoop.execute { me.value.ended(.brought(number, isTaken: isTaken)) }
        }
    }

    private func makeRequest(_ number: Int, _ commonName: String, _ organization: String) {
        let (me, eventLoop) = (NIOLoopBound(self, eventLoop: eventLoop), eventLoop)
        Task {
            let made = StationKeys.make(commonName: commonName, organization: organization)
            eventLoop.execute {
                let station = me.value
                if let made { station.keys.remember(made.key, number, inUse: station.machine.keysInUse) }
                station.ended(.requestMade(number, request: made?.request))
            }
        }
    }

    private func judge(_ judgement: CertificateJudgement) {
        let (me, eventLoop) = (NIOLoopBound(self, eventLoop: eventLoop), eventLoop)
        let key = keys.key(judgement.key)
        Task {
            let fault = await judgement.fault(for: key)
            eventLoop.execute { me.value.ended(.judged(key: judgement.key, fault: fault)) }
        }
    }

    private func ended(_ transfer: SimulatedChargePoint.Event) {
        feed(transfer)
        setTimer()
    }

    /// Attempts that never opened, in a row.
    private var failures = 0
    /// However fast domain time runs, a central system that is down is asked every few seconds only.
    private var connectionPause: TimeAmount {
        failures == 0 ? .zero : .milliseconds(min(5000, 100 << Int64(min(failures, 6))))
    }

    private func connect(_ route: StationRoute) {
        guard socket == nil else { return }
        connection += 1
        let mine = connection
        let me = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: connectionPause) {
            let station = me.value
            if station.connection == mine && !station.isStopping { station.open(route, mine) }
        }
    }

    private func login(_ route: StationRoute) -> StationSocket.Login {
        // The machine has checked what it was told.
        let there = route.url.flatMap { try? StationEndpoint($0) } ?? endpoint
        let material = StationTLS.Material(
            roots: route.roots, trustsSystem: route.trustsSystem, chain: route.chain,
            keyPEM: route.chain.isEmpty ? "" : keys.pem(route.key))
        return StationSocket.Login(
            endpoint: there, identity: machine.settings.identity, protocols: [machine.settings.version.subprotocol],
            password: route.password, tls: there.isEncrypted ? (tls, material) : nil, source: source)
    }

    private func open(_ route: StationRoute, _ mine: Int) {
        let login = login(route)
        socket = StationSocket.open(login, on: eventLoop) { [weak self] event in
            // A socket that was given up has nothing to say any more.
            if let self, connection == mine { handle(event) }
        }
    }

    private func handle(_ event: StationSocket.Event) {
        switch event {
        case .opened:
            opened += 1
            failures = 0
            feed(.connected)
        case .received(let text): feed(.received(text: text))
        case .ended(let reason, let refusal):
            lost += 1
            // One that was open has been answered: it may come back at once.
            failures = machine.isConnected ? 0 : failures + 1
            lastFault = reason
            socket = nil
            feed(refusal.map { .unreachable($0) } ?? .disconnected)
        }
        setTimer()
    }

    /// One timer for the machine's wake-up and the next plug.
    private func setTimer() {
        timer?.cancel()
        timer = nil
        guard !isStopping, let next = [wakeAt, plugs.first?.at].compactMap({ $0 }).min() else { return }
        let me = NIOLoopBound(self, eventLoop: eventLoop)
        timer = eventLoop.scheduleTask(in: clock.delay(until: next)) { me.value.timeHasCome() }
    }

    private func timeHasCome() {
        timer = nil
        let now = clock.now
        if let due = wakeAt, due <= now {
            wakeAt = nil
            feed(.wake)
        }
        while let next = plugs.first, next.at <= now {
            plugs.removeFirst()
            switch next.plug {
            case .into(let connector, let vehicle, let idTag):
                feed(.plugIn(connector: connector, vehicle, idTag: idTag))
            case .out(let connector): feed(.plugOut(connector: connector))
            case .priority(let connector): feed(.prioritize(connector: connector, true))
            case .visit(let visit): feed(.visit(visit))
            case .leave: feed(.leaveCabinet)
            }
        }
        setTimer()
    }
}
