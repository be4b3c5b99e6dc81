import Assets
import GridDispatch
import OCPP
public import Quantities

/// How a park's sum answers a step of what it is asked for: the real core, its stations on a network that needs 5 to 120 ms a
/// message and now and then seconds, converters that need 0.4 s to begin and a second and a half from nothing to all.
public struct StepResponse: Sendable {
    public let from: Power
    public let to: Power
    /// After the order, until so much of the step was made; `nil`: never.
    public let to63: Duration?
    public let to90: Duration?
    /// Until it is within a fiftieth of `to`, or of half the step if that is more, and stays there.
    public let settled: Duration?
    /// The furthest beyond `to`, a magnitude.
    public let overshoot: Power

    /// - Parameter samples: what flowed, by the time after the order.
    public init(from: Power, to: Power, _ samples: [(after: Duration, power: Power)]) {
        self.from = from
        self.to = to
        let step = (to - from).watts
        func made(_ power: Power) -> Int64 { (power - from).watts * step.signum() }
        func first(_ perMille: Int64) -> Duration? {
            samples.first { made($0.power) * 1000 >= abs(step) * perMille }?.after
        }
        to63 = first(632)
        to90 = first(900)
        let band = max(abs(to.watts), abs(step) / 2) / 50
        let outside = samples.lastIndex { abs(($0.power - to).watts) > band }
        settled = outside.map { $0 + 1 < samples.count ? samples[$0 + 1].after : nil } ?? samples.first?.after
        overshoot = Power(watts: samples.map { made($0.power) - abs(step) }.max().map { max(0, $0) } ?? 0)
    }

    /// Ten stations of 60 kW with a vehicle each: to nothing, all out, all in, all out, nothing; 500 kW either way.
    public static func ofPark(seed: UInt64) -> (responses: [StepResponse], violations: [String]) {
        let script = WorldScript.steps(seed: seed)
        let world = World(script)
        var samples: [(at: Instant, power: Power)] = []
        world.probesEvery = .milliseconds(100)
        world.onProbe = { world in
            samples.append((world.now, world.stations.reduce(.zero) { $0 + $1.power }))
        }
        let report = world.play()
        let calls = script.park?.calls ?? []
        let responses = calls.indices.dropFirst().compactMap { n -> StepResponse? in
            guard case .exactly(let to) = calls[n].instruction.demand else { return nil }
            let end = n + 1 < calls.count ? calls[n + 1].at : calls[n].instruction.interval.end
            let own = samples.filter { $0.at >= calls[n].at && $0.at < end }
            guard let first = own.first else { return nil }
            return StepResponse(from: first.power, to: to, own.map { ($0.at - calls[n].at, $0.power) })
        }
        return (responses, report.violations)
    }
}

extension WorldScript {
    /// A quiet park that is asked for steps.
    static func steps(seed: UInt64) -> WorldScript { WorldScript(steps: seed) }

    private init(steps seed: UInt64) {
        self.seed = seed
        start = Instant(seconds: 1_769_846_400)
        let first = start + .minutes(6)
        let powers = [0, -500, 500, -500, 0] as [Int64]
        end = first + .minutes(3) * powers.count
        piles = 10
        limit = .kilowatts(1_000)
        baseMean = 60_000
        noise = 0.02
        misfortunes = []
        stations = (0..<10).map { i in
            var settings = StationSettings(identity: "V\(i + 1)")
            settings.version = .v21
            settings.supply = Supply(voltage: 230, phases: 3)
            settings.maxMilliamperes = 60_000_000 / 690 + 1
            var evse = BidirectionalEVSE()
            evse.maxCharge = .kilowatts(60)
            evse.maxDischarge = .kilowatts(60)
            evse.ramp = 40_000
            settings.bidirectional = evse
            settings.faults.seed = seed &* 31 &+ UInt64(i)
            return settings
        }
        let (from, until) = (start + .minutes(2), end + .minutes(1))
        stays = (0..<10).map { i in
            var car = BidirectionalVehicle(
                evccID: "02000000000" + String(i), capacity: .kilowattHours(100), arrivalPermille: 550)
            car.minimumPermille = 200
            car.targetPermille = 600
            car.maxCharge = .kilowatts(60)
            car.maxDischarge = .kilowatts(60)
            car.departure = from + .hours(10)
            return Stay(
                pile: i, arrival: from + .seconds(i), departure: until, vehicle: SimulatedVehicle(car), minimum: nil,
                wanted: nil, saysDeparture: false)
        }
        park = Park(
            exportLimit: .kilowatts(1_000),
            calls: powers.enumerated().map { n, kilowatts in
                // Between two ticks of the platform, as orders come.
                let at = first + .minutes(3) * n + .milliseconds(Int64(seed % 10) * 97)
                return Call(
                    at: at,
                    instruction: Instruction(
                        id: "call", source: "operator", priority: .market, target: .charging(below: World.node),
                        demand: .exactly(.kilowatts(kilowatts)), interval: Interval(at, at + .minutes(3)),
                        receivedAt: at))
            }, permissions: Array(repeating: nil, count: 10), isCalm: true)
    }
}

/// What flowed in a run, what stations' registers show of it, and what sessions booked. Magnitudes.
public struct EnergyBalance: Sendable {
    /// Summed each second at the stations, as a meter of the whole would.
    public let flowedIn: Energy
    public let flowedOut: Energy
    public let metered: (imported: Energy, exported: Energy)
    public let booked: (imported: Energy, exported: Energy)
    public let sessions: Int
    /// But for gaps of groups. Stations whose registers, sessions and vehicles disagree are among them.
    public let violations: [String]

    /// A park's day, with what goes wrong in it.
    /// - Parameter every: seconds between two samples of a station that is steered.
    public static func ofPark(seed: UInt64, hours: Int = 24, sampledEvery every: Int = 10) -> EnergyBalance {
        let world = World(.park(seed: seed, minutes: hours * 60)) { $0.steeredSampleInterval = .seconds(every) }
        world.judgesGaps = false
        var (flowedIn, flowedOut) = (Int64(0), Int64(0))
        world.onSecond = { world in
            let power = world.stations.map(\.power.watts)
            flowedIn += power.reduce(0) { $0 + max(0, $1) }
            flowedOut += power.reduce(0) { $0 - min(0, $1) }
        }
        let report = world.play()
        let sessions = world.disk.journal.sessions.values
        return EnergyBalance(
            flowedIn: Energy(milliwattHours: flowedIn * 1000 / 3600),
            flowedOut: Energy(milliwattHours: flowedOut * 1000 / 3600),
            metered: (
                world.stations.reduce(.zero) {
                    $0 + Energy(milliwattHours: $1.register(connector: 1)?.milliwattHours ?? 0)
                }, report.exported
            ),
            booked: (
                sessions.reduce(.zero) { $0 + $1.imported }, sessions.reduce(.zero) { $0 + $1.exported }
            ), sessions: sessions.count, violations: report.violations)
    }
}
