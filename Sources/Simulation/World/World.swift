import Assets
import Charging
import GridDispatch
import OCPP
import OCPPMessages
import Operations
public import Quantities
import Rulebook
import Scheduling

/// The whole platform in one thread of virtual time: the real core and the real planner, simulated charge points and
/// vehicles, a network that delays, cuts and is cut, a disk that forgets what was not committed, a site meter, and checkers
/// that know none of their insides. One seed, one run.
public final class World {
    public struct Report: Sendable {
        public let seed: UInt64
        /// Empty when all is well.
        public var violations: [String] = []
        public var stays = 0
        public var crashes = 0
        public var plans = 0
        public var profiles = 0
        public var acknowledgedReadings = 0
        public var delivered = Energy.zero
        public var longestAboveLimit = 0
        public var offlineChecks = 0
    }

    enum Event {
        case tick
        case meter
        case stationWake(Int)
        case linkWake(Wire.ID)
        case connect(Int)
        case toPlatform(Wire.ID, [UInt8])
        case toStation(Wire.ID, [UInt8])
        /// One end learns that the wire is cut.
        case platformLost(Wire.ID)
        case stationLost(Wire.ID)
        case durable(UInt64)
        case planned(PlanOutcome, run: Int)
        case plugIn(Int)
        case needs(Int)
        case plugOut(Int)
        case crash
        case restart
        case partition([Int], Bool)
    }

    /// A TCP connection: order is kept in each direction, and what is under way when it is cut is lost.
    struct Wire {
        typealias ID = UInt64
        let station: Int
        var link: StationLink?
        var stationIsUp = true
        var isCut = false
        var upFrom: Instant
        var downFrom: Instant
    }

    static let site = SiteID("S")
    static let node = NodeID("N")

    let script: WorldScript
    var now: Instant
    var report: Report
    var queue = EventQueue<Event>()
    var stations: [SimulatedChargePoint]
    var wires: [Wire.ID: Wire] = [:]
    var wireOf: [Int: Wire.ID] = [:]
    private var nextWire: Wire.ID = 1
    private var unreachable: Set<Int> = []
    var journal = MemoryJournal()
    private var durableFrom: Instant
    private(set) var core: Core?
    private var run = 0
    private var random: SeededRandom
    private var nextRequest: UInt64 = 1
    private var limitChecker = LimitChecker()
    private var readingChecker = ReadingChecker()
    /// Called at the first violation, for whoever looks into a seed.
    var onViolation: ((World) -> Void)?
    private let packs: RulePacks
    private let configuration: CoreConfiguration

    /// - Parameter change: for tests that show that a checker can fail.
    public init(_ script: WorldScript, change: (inout CoreConfiguration) -> Void = { _ in }) {
        self.script = script
        now = script.start
        durableFrom = script.start
        report = Report(seed: script.seed)
        random = SeededRandom(seed: script.seed).split(99)
        stations = script.stations.map { SimulatedChargePoint($0, at: script.start) }
        packs = RulePacks.builtIn
        var configuration = CoreConfiguration()
        configuration.sampleInterval = .seconds(30)
        change(&configuration)
        self.configuration = configuration
        journal.baseHistory[Self.site] = script.baseHistory.map { CoreState.QuarterMean(at: $0.at, power: $0.power) }
        setUp()
    }

    // MARK: - Running

    /// Plays the script to its end.
    public func play() -> Report {
        schedule()
        while let next = queue.nextAt, next <= script.end, let (at, event) = queue.pop() {
            now = max(now, at)
            let before = report.violations.count
            handle(event)
            if before == 0, !report.violations.isEmpty { onViolation?(self) }
            // A run that has gone wrong says so often; the first is what counts.
            if report.violations.count > 5 { break }
        }
        finish()
        return report
    }

    private func setUp() {
        start()
        order(.putSite(Site(id: Self.site, name: "Community")))
        order(.putNode(GridNode(id: Self.node, site: Self.site, limit: script.limit)))
        for (i, settings) in script.stations.enumerated() {
            var change = StationChange()
            change.site = .some(Self.site)
            change.node = .some(Self.node)
            order(.putStation(StationID(settings.identity), change))
            order(.putIdToken(IdToken(value: "T\(i)", status: .accepted)))
        }
        commit(upTo: .max)
        // The history of the base load belongs to a site that is there: begin anew with it.
        start()
    }

    private func schedule() {
        queue.push(.tick, at: now)
        queue.push(.meter, at: now)
        for i in stations.indices {
            let powered = stations[i].handle(.powerOn, at: now)
            carryOut(powered, i)
        }
        for (s, stay) in script.stays.enumerated() {
            queue.push(.plugIn(s), at: stay.arrival)
            if stay.minimum != nil || stay.wanted != nil || stay.saysDeparture {
                queue.push(.needs(s), at: stay.arrival + .seconds(45))
            }
            queue.push(.plugOut(s), at: stay.departure)
        }
        for misfortune in script.misfortunes {
            switch misfortune {
            case .crash(let interval):
                queue.push(.crash, at: interval.start)
                queue.push(.restart, at: interval.end)
            case .partition(let interval, let piles):
                queue.push(.partition(piles, true), at: interval.start)
                queue.push(.partition(piles, false), at: interval.end)
            case .meterSilence, .step: break
            }
        }
    }

    private func handle(_ event: Event) {
        switch event {
        case .tick:
            give(.tick)
            check()
            queue.push(.tick, at: now + .seconds(1))
        case .meter:
            if !isSilent, core != nil {
                give(.nodeReadings(request: request(), Self.node, [NodeReading(at: now, power: load)], by: .platform))
            }
            queue.push(.meter, at: now + .seconds(5))
        case .stationWake(let i): station(i, .wake)
        case .linkWake(let id): link(id, .wake)
        case .connect(let i): connect(i)
        case .toPlatform(let id, let text):
            if wires[id]?.isCut == false { link(id, .received(text: text)) }
        case .toStation(let id, let text):
            guard let wire = wires[id], !wire.isCut, wire.stationIsUp else { break }
            noteAnswer(text, to: wire.station)
            station(wire.station, .received(text: text))
        case .platformLost(let id): platformLost(id)
        case .stationLost(let id): stationLost(id)
        case .durable(let number): commit(upTo: number)
        case .planned(let outcome, let run):
            if run == self.run { give(.planned(outcome)) }
        case .plugIn(let s):
            report.stays += 1
            station(
                script.stays[s].pile, .plugIn(connector: 1, script.stays[s].vehicle, idTag: "T\(script.stays[s].pile)"))
        case .needs(let s): stateNeeds(s)
        case .plugOut(let s): plugOut(s)
        case .crash: crash()
        case .restart: start()
        case .partition(let piles, let begins):
            if begins {
                unreachable.formUnion(piles)
                for pile in piles { if let id = wireOf[pile] { cut(id, halfOpen: true) } }
            } else {
                unreachable.subtract(piles)
            }
        }
    }

    // MARK: - Platform

    private func start() {
        run += 1
        core = Core(configuration: configuration, state: journal.state, packs: packs, instance: "w\(run)")
    }

    private func crash() {
        guard core != nil else { return }
        report.crashes += 1
        core = nil
        run += 1
        journal.crash()
        durableFrom = now
        for id in wires.keys.sorted() where wires[id]?.isCut == false { cut(id, halfOpen: false) }
        for id in wires.keys { wires[id]?.link = nil }
    }

    private func request() -> UInt64 {
        nextRequest += 1
        return nextRequest
    }

    private func order(_ order: Order) {
        give(.order(request: request(), order, by: Actor(name: "driver", role: .manager)))
    }

    private func give(_ input: Input) {
        guard core != nil else { return }
        var effects: [Effect] = []
        core?.handle(input, at: now, into: &effects)
        var changes: [Change] = []
        var waiting: [Effect] = []
        for effect in effects {
            switch effect {
            case .persist(let some): changes += some
            case .reply, .replyError, .answer: waiting.append(effect)
            case .call(let call): send(call)
            case .disconnect(let station, let connection, _, _):
                if let i = index(of: station), wireOf[i] == connection { cut(connection, halfOpen: false) }
            case .solve(let request): plan(request)
            case .wake, .publish: break
            }
        }
        guard !changes.isEmpty || !waiting.isEmpty else { return }
        let number = journal.append(changes, waiting: waiting)
        // A commit takes milliseconds, sometimes seconds; commits keep their order.
        let latency: Duration =
            random.unit() < 0.01 ? .milliseconds(2_500) : .milliseconds(Int64.random(in: 2...30, using: &random))
        durableFrom = max(durableFrom, now + latency)
        queue.push(.durable(number), at: durableFrom)
    }

    private func commit(upTo number: UInt64) {
        for effect in journal.commit(upTo: number) {
            switch effect {
            case .reply(_, let connection, let id, let payload):
                link(connection, .respond(messageID: id, payload: payload))
            case .replyError(_, let connection, let id, let code, let description):
                link(
                    connection,
                    .respondError(
                        messageID: id, code: RPCErrorCode(spelling: code), description: description))
            default: break
            }
        }
    }

    private func plan(_ request: PlanRequest) {
        report.plans += 1
        let outcome = PlanOutcome(request: request, solution: solve(request.problem))
        queue.push(.planned(outcome, run: run), at: now + .milliseconds(Int64.random(in: 20...1_500, using: &random)))
    }

    private func send(_ call: StationCall) {
        guard let i = index(of: call.station), let id = wireOf[i], wires[id]?.link != nil else {
            return give(.completed(call.station, token: call.token, .dropped, late: false))
        }
        link(
            id,
            .send(
                StationLink.OutgoingCall(
                    token: call.token, messageID: call.messageID, action: call.action, payload: call.payload,
                    timeoutMilliseconds: call.timeout.wholeMilliseconds)))
    }

    // MARK: - Network

    private func index(of station: StationID) -> Int? { script.stations.firstIndex { $0.identity == station.value } }
    func stationID(_ i: Int) -> StationID { StationID(script.stations[i].identity) }

    private func latency() -> Duration {
        random.unit() < 0.03
            ? .milliseconds(Int64.random(in: 500...4_000, using: &random))
            : .milliseconds(Int64.random(in: 5...120, using: &random))
    }

    private func connect(_ i: Int) {
        guard core != nil, !unreachable.contains(i) else { return station(i, .disconnected) }
        let id = nextWire
        nextWire += 1
        // The newest connection of an identity wins: the gateway ends the older one.
        if let old = wireOf[i] { platformLost(old) }
        wires[id] = Wire(station: i, link: StationLink(role: .centralSystem, version: .v16), upFrom: now, downFrom: now)
        wireOf[i] = id
        give(.connected(stationID(i), connection: id, protocol: "ocpp1.6", remoteAddress: "192.0.2.\(i + 1)"))
        station(i, .connected)
    }

    /// - Parameter halfOpen: the platform's end notices only after a while.
    private func cut(_ id: Wire.ID, halfOpen: Bool) {
        guard wires[id]?.isCut == false else { return }
        wires[id]?.isCut = true
        queue.push(.stationLost(id), at: now + .milliseconds(Int64.random(in: 10...3_000, using: &random)))
        let notice: Duration = halfOpen ? .seconds(Int.random(in: 1...90, using: &random)) : .milliseconds(10)
        queue.push(.platformLost(id), at: now + notice)
    }

    private func platformLost(_ id: Wire.ID) {
        guard let wire = wires[id] else { return }
        if wire.link != nil {
            link(id, .closed)
            wires[id]?.link = nil
            if wireOf[wire.station] == id { wireOf[wire.station] = nil }
            give(.disconnected(stationID(wire.station), connection: id, reason: "lost"))
        }
        forget(id)
    }

    private func stationLost(_ id: Wire.ID) {
        guard let wire = wires[id], wire.stationIsUp else { return }
        wires[id]?.stationIsUp = false
        if wireOf[wire.station] == id || !wires.values.contains(where: { $0.station == wire.station && $0.stationIsUp })
        {
            station(wire.station, .disconnected)
        }
        forget(id)
    }

    private func forget(_ id: Wire.ID) {
        guard let wire = wires[id], wire.link == nil else { return }
        if wireOf[wire.station] == id { wireOf[wire.station] = nil }
        if !wire.stationIsUp { wires[id] = nil }
    }

    /// The platform's end of a connection.
    private func link(_ id: Wire.ID, _ event: StationLink.Event) {
        guard var link = wires[id]?.link, let i = wires[id]?.station else { return }
        var actions: [StationLink.Action] = []
        link.handle(event, at: now.milliseconds, into: &actions)
        wires[id]?.link = link
        for action in actions {
            switch action {
            case .transmit(let text):
                guard let from = wires[id]?.downFrom else { break }
                let at = max(from, now + latency())
                wires[id]?.downFrom = at
                queue.push(.toStation(id, text), at: at)
            case .deliver(let call):
                readingChecker.sent(call, from: stationID(i))
                give(.call(stationID(i), connection: id, call))
            case .completed(let token, let outcome): give(.completed(stationID(i), token: token, outcome, late: false))
            case .lateAnswer(let token, _, let outcome):
                give(.completed(stationID(i), token: token, outcome, late: true))
            case .wake(let at): queue.push(.linkWake(id), at: Instant(milliseconds: at))
            case .close: cut(id, halfOpen: false)
            case .note(let note): give(.note(stationID(i), text: note.text, problem: note.detail))
            }
        }
    }

    // MARK: - Stations

    private func station(_ i: Int, _ event: SimulatedChargePoint.Event) {
        carryOut(stations[i].handle(event, at: now), i)
    }

    private func carryOut(_ actions: [SimulatedChargePoint.Action], _ i: Int) {
        for action in actions {
            switch action {
            case .wake(let at): queue.push(.stationWake(i), at: at)
            case .connect: queue.push(.connect(i), at: now + .milliseconds(Int64.random(in: 20...400, using: &random)))
            case .disconnect: if let id = currentWire(i) { cut(id, halfOpen: false) }
            case .transmit(let text):
                guard let id = currentWire(i), let from = wires[id]?.upFrom else { break }
                let at = max(from, now + latency())
                wires[id]?.upFrom = at
                queue.push(.toPlatform(id, text), at: at)
            }
        }
    }

    /// The wire that the station believes in: the newest whose end of its own is up.
    private func currentWire(_ i: Int) -> Wire.ID? {
        wires.filter { $0.value.station == i && $0.value.stationIsUp }.keys.max()
    }

    private func plugOut(_ s: Int) {
        let stay = script.stays[s]
        // Up to this instant: what flows in the last second counts.
        station(stay.pile, .wake)
        if let vehicle = stations[stay.pile].vehicle(connector: 1) {
            report.delivered += vehicle.received
            checkMinimum(s, received: vehicle.received)
        }
        station(stay.pile, .plugOut(connector: 1))
    }

    private func stateNeeds(_ s: Int) {
        let stay = script.stays[s]
        guard let session = core?.stationView(stationID(stay.pile))?.evses.first?.session else { return }
        order(
            .setNeeds(
                session,
                Needs(
                    departure: stay.saysDeparture ? stay.departure : nil, energy: stay.wanted, minimum: stay.minimum,
                    chargeNow: false, statedBy: "driver", statedAt: now)))
    }

    // MARK: - Checks

    var load: Power { stations.reduce(script.base(at: now)) { $0 + $1.power } }
    private var isSilent: Bool {
        script.misfortunes.contains { if case .meterSilence(let i) = $0 { i.contains(now) } else { false } }
    }

    /// Defaults need a while until every pile has taken one.
    private static let warmUp: Duration = .minutes(3)

    private func check() {
        // Every station is brought to this instant, so that powers are those of now.
        for i in stations.indices { station(i, .wake) }
        guard now >= script.start + Self.warmUp else { return }
        limitChecker.observe(load: load, limit: script.limit, at: now, violations: &report.violations)
        report.longestAboveLimit = limitChecker.longestAbove
        if now.milliseconds % 10_000 < 1_000 {
            report.offlineChecks += 1
            if let violation = OfflineChecker.violation(stations, deaf: deafPiles, script, at: now) {
                report.violations.append(violation)
            }
        }
    }

    /// Piles of which the platform has told people for five minutes that they do not follow.
    private var deafPiles: Set<Int> {
        var piles: Set<Int> = []
        for alarm in journal.alarms.values where alarm.code == "station-does-not-follow" && alarm.endedAt == nil {
            guard now - alarm.since >= .minutes(5) else { continue }
            if let i = stations.indices.first(where: { EVSEID(stationID($0), 1).description == alarm.object }) {
                piles.insert(i)
            }
        }
        return piles
    }

    private func noteAnswer(_ text: [UInt8], to i: Int) {
        // `[3,"id",…`: all that a checker needs of a CALLRESULT.
        guard text.starts(with: Array("[3,\"".utf8)), let end = text.dropFirst(4).firstIndex(of: UInt8(ascii: "\""))
        else {
            return
        }
        readingChecker.answered(String(decoding: text[4..<end], as: UTF8.self), to: stationID(i))
    }

    /// A stated minimum arrives when it could: the driver stayed twice as long as full power needs and a quarter of an hour
    /// more, the pile follows and nothing was broken meanwhile.
    private func checkMinimum(_ s: Int, received: Energy) {
        let stay = script.stays[s]
        guard let minimum = stay.minimum, !script.stations.contains(where: { $0.faults.ignoresProfiles }) else {
            return
        }
        let present = Interval(stay.arrival, stay.departure)
        guard !script.misfortunes.contains(where: { $0.interval.overlaps(present) }) else { return }
        guard script.stations[stay.pile].faults.dropsPermille == 0 else { return }
        let target = min(minimum, stay.vehicle.wanted)
        let needed = Duration.milliseconds(target.milliwattHours * 3_600 / stay.vehicle.maxPower.watts)
        guard present.duration >= needed * 2 + .minutes(15) else { return }
        if received + .wattHours(20) < target {
            report.violations.append(
                "\(stay.pile + 1): minimum \(target.wattHoursText) Wh, received \(received.wattHoursText) Wh in \(present)"
            )
        }
    }

    private func finish() {
        report.acknowledgedReadings = readingChecker.acknowledged.count
        for station in stations { report.profiles += station.counts.profilesAccepted }
        guard report.violations.isEmpty else { return }
        commit(upTo: .max)
        report.violations += readingChecker.violations(journal)
        checkEnergy()
    }

    /// Meters, vehicles and the books agree: what vehicles received went through the meters, and each transaction that a
    /// station has delivered is one session with the difference of its registers.
    private func checkEnergy() {
        let metered = stations.reduce(Int64(0)) { $0 + ($1.register(connector: 1)?.milliwattHours ?? 0) }
        let received = report.delivered.milliwattHours
        if metered != received {
            report.violations.append("meters show \(metered) mWh, vehicles received \(received) mWh")
        }
        for (i, station) in stations.enumerated() where station.undelivered == 0 {
            let sessions = journal.sessions.values.filter { $0.evse.station == stationID(i) }
            if sessions.count != station.counts.transactionsStarted {
                report.violations.append(
                    "\(stationID(i)): \(station.counts.transactionsStarted) transactions, \(sessions.count) sessions")
            }
            let booked = sessions.reduce(Int64(0)) { $0 + $1.imported.milliwattHours }
            let shown = station.register(connector: 1)?.milliwattHours ?? 0
            // A transaction begins and ends on whole watt-hours.
            if abs(booked - shown) > 1_000 * Int64(sessions.count + 1) {
                report.violations.append("\(stationID(i)): booked \(booked) mWh of \(shown) mWh")
            }
        }
    }
}
