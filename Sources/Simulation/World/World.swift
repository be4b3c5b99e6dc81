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
        /// EVSEs whose station reckons with the limits that the platform does.
        public var agreeing = 0
        // Where vehicles give back:
        /// Powers that the group was asked for, and of those: reached, reached within five seconds, told to be missed.
        public var asked = 0
        public var reached = 0
        public var reachedInTime = 0
        public var toldMissing = 0
        /// Discharges that ended with nobody saying so.
        public var deadMen = 0
        public var exported = Energy.zero
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
        case call(Int)
        case probe
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
    var nextWire: Wire.ID = 1
    var unreachable: Set<Int> = []
    var disk = CrashingDisk()
    /// Commits keep their order: none lasts before this instant.
    var durableFrom: Instant
    var core: Core?
    var planner = Planner()
    var run = 0
    var random: SeededRandom
    var nextRequest: UInt64 = 1
    var limitChecker = LimitChecker()
    var readingChecker = ReadingChecker()
    /// `nil`: nobody gives back here.
    var watch: ParkWatch?
    /// Where stations are sampled seldom, gaps of a group are told later than the checker of parks asks.
    var judgesGaps = true
    /// Called at the first violation, for whoever looks into a seed.
    var onViolation: ((World) -> Void)?
    /// Called each second.
    var onSecond: ((World) -> Void)?
    /// For who wants to see more often than that.
    var probesEvery: Duration?
    var onProbe: ((World) -> Void)?
    let packs: RulePacks
    let configuration: CoreConfiguration

    /// - Parameter change: for tests that show that a checker can fail.
    public init(_ script: WorldScript, change: (inout CoreConfiguration) -> Void = { _ in }) {
        self.script = script
        now = script.start
        durableFrom = script.start
        report = Report(seed: script.seed)
        random = SeededRandom(seed: script.seed).split(99)
        stations = script.stations.map { SimulatedChargePoint($0, at: script.start) }
        packs = RulePacks.builtIn
        var configuration = CoreConfiguration(tokenMarker: TokenMarker { $0 })
        configuration.sampleInterval = .seconds(30)
        change(&configuration)
        self.configuration = configuration
        if script.park != nil { watch = ParkWatch(script.stations, sampledEvery: configuration.sampleInterval) }
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
        if let park = script.park { setUpPark(park) } else { setUpStreet() }
        // Two weeks before the run, in the store's own words: the base load of each quarter hour.
        let history = script.baseHistory.map { at, power in
            Change.sitePower(
                SitePowerPoint(
                    site: Self.site, at: at, measured: power, charging: .zero, planned: nil, limit: script.limit,
                    base: power, baseIsStale: false, level: nil))
        }
        _ = disk.append(history, waiting: [])
        commit(upTo: .max)
        start()
    }

    private func setUpStreet() {
        order(.putSite(Site(id: Self.site, name: "Community")))
        order(.putNode(GridNode(id: Self.node, site: Self.site, limit: script.limit)))
        for (i, settings) in script.stations.enumerated() {
            var change = StationChange()
            change.site = .some(Self.site)
            change.node = .some(Self.node)
            order(.putStation(StationID(settings.identity), change))
            order(.putIdToken(IdToken(value: "T\(i)", status: .accepted)))
        }
    }

    private func schedule() {
        queue.push(.tick, at: now)
        queue.push(.meter, at: now)
        if probesEvery != nil { queue.push(.probe, at: now) }
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
        for (n, call) in (script.park?.calls ?? []).enumerated() { queue.push(.call(n), at: call.at) }
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
            checkPark()
            onSecond?(self)
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
            guard let wire = wires[id], !wire.isCut else { break }
            reachesPlatform(text, from: wire.station)
            link(id, .received(text: text))
        case .toStation(let id, let text):
            guard let wire = wires[id], !wire.isCut, wire.stationIsUp else { break }
            noteAnswer(text, to: wire.station)
            reachesStation(text, wire.station)
            station(wire.station, .received(text: text))
        case .platformLost(let id): platformLost(id)
        case .stationLost(let id): stationLost(id)
        case .durable(let number): commit(upTo: number)
        case .planned(let outcome, let run):
            if run == self.run { give(.planned(outcome)) }
        case .plugIn(let s):
            report.stays += 1
            came(s)
            station(
                script.stays[s].pile, .plugIn(connector: 1, script.stays[s].vehicle, idTag: "T\(script.stays[s].pile)"))
        case .needs(let s): stateNeeds(s)
        case .plugOut(let s): plugOut(s)
        case .call(let n): call(n)
        case .probe:
            for i in stations.indices { station(i, .wake) }
            onProbe?(self)
            if let probesEvery { queue.push(.probe, at: now + probesEvery) }
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
}
