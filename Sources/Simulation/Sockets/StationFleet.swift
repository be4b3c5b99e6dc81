public import Credentials
public import NIOPosix
public import Quantities
import NIOCore
import OCPP

/// Many simulated stations on real WebSocket connections to one central system, spread over the event loops of a group.
///
///     let fleet = StationFleet(endpoint: endpoint, members: members, clock: clock, group: group)
///     fleet.start()
///     let summary = await fleet.summary()
///     await fleet.finish(within: .seconds(5))
public final class StationFleet: Sendable {
    /// One vehicle's stay at a station.
    public struct Stay: Sendable {
        public let arrival: Instant
        public let departure: Instant
        public let vehicle: SimulatedVehicle
        /// `nil`: nobody shows a card.
        public let idTag: String?
        public let connector: Int

        public init(
            arrival: Instant, departure: Instant, vehicle: SimulatedVehicle, idTag: String?, connector: Int = 1
        ) {
            self.arrival = arrival
            self.departure = departure
            self.vehicle = vehicle
            self.idTag = idTag
            self.connector = connector
        }

        /// Of a vehicle that can give energy back.
        public init(_ stay: V2XStay) {
            self.init(
                arrival: stay.arrival, departure: stay.departure, vehicle: SimulatedVehicle(stay.vehicle),
                idTag: stay.idTag, connector: stay.connector)
        }
    }
    /// A station and what happens at it.
    public struct Member: Sendable {
        public let settings: StationSettings
        /// HTTP Basic password, for security profiles 1 and 2, unless its settings have one.
        public let password: String?
        /// Key of ``StationSecuritySettings/chain``.
        public var key: StationKey?
        /// Where certificates that it is given are kept.
        public var folder: StationFolder?
        /// At each connector one after the other; in any order.
        public let stays: [Stay]
        /// Of a cabinet for batteries.
        public var visits: [SwapStay] = []
        /// Drivers ask for priority charging so long after they came; `nil`: nobody does.
        public var priorityAfter: Duration?

        public init(settings: StationSettings, password: String? = nil, stays: [Stay]) {
            self.settings = settings
            self.password = password
            self.stays = stays
        }
    }

    private let stations: [(eventLoop: any EventLoop, station: NIOLoopBoundBox<ConnectedStation>)]
    public let clock: FleetClock

    /// Stations a source address; the kernel has 28 000 ports for each.
    private static let stationsPerSource = 20_000

    public init(
        endpoint: StationEndpoint, members: [Member], clock: FleetClock, group: MultiThreadedEventLoopGroup
    ) {
        self.clock = clock
        let tls = StationTLS()
        stations = members.enumerated().map { index, member in
            let eventLoop = group.next()
            let needsSources = members.count > Self.stationsPerSource && endpoint.host.hasPrefix("127.")
            let source = needsSources ? "127.0.0.\(2 + index / Self.stationsPerSource)" : nil
            // From here on the loop owns it.
            return (
                eventLoop,
                NIOLoopBoundBox.makeBoxSendingValue(
                    ConnectedStation(
                        member, endpoint: endpoint, source: source, tls: tls, clock: clock, eventLoop: eventLoop),
                    eventLoop: eventLoop)
            )
        }
    }

    /// Powers the stations on, some hundred a second: an accept costs more than a message.
    public func start() {
        for (index, (eventLoop, station)) in stations.enumerated() {
            eventLoop.scheduleTask(in: .milliseconds(Int64(index) * 2)) { station.value.start() }
        }
    }

    /// Totals of all stations now.
    public func summary() async -> FleetSummary {
        var total = FleetSummary()
        for part in await each({ FleetSummary(of: $0) }) { total.add(part) }
        return total
    }

    /// Drawn by each station now, in the members' order.
    public func powers() async -> [Power] { await each { $0.machine.power } }

    /// One EVSE as its own meter and vehicle show it.
    public struct Glimpse: Hashable, Sendable {
        public let identity: String
        public let connector: Int
        /// Below zero: given back.
        public let power: Power
        public let setpoint: Power?
        public let imported: RegisterReading
        public let exported: RegisterReading
        /// State of charge of the vehicle that is there, per mille.
        public let statePermille: Int?
    }

    /// What every EVSE shows now, in the members' order.
    public func glimpses() async -> [Glimpse] {
        await each { station in
            let machine = station.machine
            return (1...machine.settings.connectors).map { connector in
                Glimpse(
                    identity: machine.settings.identity, connector: connector,
                    power: machine.power(connector: connector), setpoint: machine.setpoint(connector: connector),
                    imported: machine.register(connector: connector) ?? RegisterReading(milliwattHours: 0),
                    exported: machine.exported(connector: connector) ?? RegisterReading(milliwattHours: 0),
                    statePermille: machine.vehicle(connector: connector)?.cell.statePermille)
            }
        }.flatMap { $0 }
    }

    /// Grid and site are different from now on, for all stations.
    public func set(_ surroundings: StationSurroundings) async {
        _ = await each { $0.set(surroundings) }
    }

    /// Unplugs every vehicle, waits until the central system has acknowledged what that brings or the time is over, and
    /// closes the connections.
    public func finish(within time: Duration) async {
        _ = await each { $0.unplug() }
        let deadline = NIODeadline.now() + .milliseconds(time.wholeMilliseconds)
        while NIODeadline.now() < deadline, await !isDone() {
            try? await Task.sleep(for: .milliseconds(50))
        }
        _ = await each { $0.stop() }
    }

    /// Every stay is over and everything is delivered.
    public func isDone() async -> Bool { await each { $0.isDone }.allSatisfy { $0 } }

    private func each<Value: Sendable>(_ body: @escaping @Sendable (ConnectedStation) -> Value) async -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(stations.count)
        let futures = stations.map { eventLoop, station in eventLoop.submit { body(station.value) } }
        for future in futures {
            // Fails only when the group is shut down: then there is nothing left to ask.
            if let value = try? await future.get() { values.append(value) }
        }
        return values
    }
}

/// What a fleet has done so far.
public struct FleetSummary: Hashable, Sendable {
    public var stations = 0
    public var connected = 0
    /// Drawn now.
    public var power = Power.zero
    /// Delivered since the start, by the stations' registers.
    public var energy = Energy.zero
    /// Given back since the start.
    public var exported = Energy.zero
    public var counts = SimulatedChargePoint.Counts()
    public var connectionsOpened = 0
    public var connectionsLost = 0
    /// Transaction messages that the central system has not acknowledged.
    public var undelivered = 0
    /// Why the last connection ended or did not come about.
    public var lastFault: String?

    public init() {}

    init(of station: ConnectedStation) {
        let machine = station.machine
        stations = 1
        connected = machine.isConnected ? 1 : 0
        power = machine.power
        let registers = (1...machine.settings.connectors).compactMap { machine.register(connector: $0) }
        energy = registers.reduce(.zero) { $0 + ($1 - machine.settings.register) }
        exported = (1...machine.settings.connectors).compactMap { machine.exported(connector: $0) }.reduce(.zero) {
            $0 + ($1 - RegisterReading(milliwattHours: 0))
        }
        counts = machine.counts
        connectionsOpened = station.opened
        connectionsLost = station.lost
        undelivered = machine.undelivered
        lastFault = station.lastFault
    }

    mutating func add(_ other: FleetSummary) {
        stations += other.stations
        connected += other.connected
        power = power + other.power
        energy = energy + other.energy
        exported = exported + other.exported
        counts.add(other.counts)
        connectionsOpened += other.connectionsOpened
        connectionsLost += other.connectionsLost
        undelivered += other.undelivered
        lastFault = other.lastFault ?? lastFault
    }
}

extension SimulatedChargePoint.Counts {
    mutating func add(_ other: Self) {
        callsSent += other.callsSent
        callsReceived += other.callsReceived
        errors += other.errors
        timeouts += other.timeouts
        transactionsStarted += other.transactionsStarted
        transactionsEnded += other.transactionsEnded
        refusals += other.refusals
        duplicates += other.duplicates
        drops += other.drops
        lateAnswers += other.lateAnswers
        profilesAccepted += other.profilesAccepted
        profilesRejected += other.profilesRejected
    }
}
