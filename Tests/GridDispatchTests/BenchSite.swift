import Assets
import GridDispatch
import Quantities

/// A small site with piles, vehicles, meters and a network that loses answers: what the dispatcher is judged on.
///
/// It keeps what really is in force on each pile, which the dispatcher can only guess.
struct BenchSite {
    struct Pile {
        let id: EVSEID
        let node: NodeID
        let capability: Capability
        var online = true
        var contacted = true
        var session: DispatchInput.Stay?
        var live: (limit: Power, until: Instant, session: String, isFollowed: Bool)?
        /// What its vehicle negotiated; ``live`` says how long it holds.
        var schedule: (steps: [ScheduleStep], agreedAt: Instant)?
        var fallback: DailyProfile?
        /// What the vehicle would draw if nothing held it.
        var appetite = Power.zero
        var ignoresProfiles = false
        /// What it really can draw, where its data say less.
        var realRating: Power?
        var rejects = false
        var measured: DispatchInput.Measured?
        var paused = false
        var limit: Power?
        var chargeNow = false
        /// One that gives back: its power moves towards what it is told, within what battery and converter do.
        var vehicle: Vehicle?
        /// What profiles above the dispatcher's let its vehicle do.
        var governed: DispatchInput.Governed?
        /// And what it does by them.
        var governedPower: Power?

        func allowed(at now: Instant) -> Power {
            if ignoresProfiles { return realRating ?? capability.rating }
            if let live, live.until > now, live.session == session?.session { return live.limit }
            return fallback?[at: now] ?? capability.rating
        }
        func draw(at now: Instant) -> Power {
            guard session != nil else { return .zero }
            if let vehicle { return vehicle.flow }
            let power = min(appetite, allowed(at: now))
            return power < capability.minimum ? .zero : power
        }
        /// Where the vehicle's power wants to go: a setpoint that is followed, else charging up to what is allowed.
        func goal(at now: Instant) -> Power {
            guard let vehicle, let stay = session else { return .zero }
            if let governedPower { return governedPower }
            if let live, live.until > now, live.session == stay.session, live.isFollowed, !ignoresProfiles {
                let part = { (power: Power) in Power(watts: Int64(Double(power.watts) * vehicle.obedience)) }
                let told = asked(of: vehicle, at: now) ?? live.limit
                return max(.zero - part(vehicle.mostDischarge), min(told, part(vehicle.mostCharge)))
            }
            let power = min(vehicle.mostCharge, min(appetite, allowed(at: now)))
            return power < capability.minimum ? .zero : power
        }
        /// Less is done at once, more when vehicle and station agree.
        private func asked(of vehicle: Vehicle, at now: Instant) -> Power? {
            guard let schedule, let told = schedule.steps.last(where: { $0.from <= now })?.power else { return nil }
            if now >= schedule.agreedAt { return told }
            return told < .zero ? min(.zero, max(told, vehicle.flow)) : max(.zero, min(told, vehicle.flow))
        }
    }

    /// What a bidirectional vehicle with its converter really does.
    struct Vehicle {
        var mostCharge: Power
        var mostDischarge: Power
        /// Watts a second.
        var slew: Int64 = 30_000
        /// What it really does of its power.
        var obedience = 1.0
        /// From a new schedule until it is followed.
        var negotiation: Duration = .zero
        var flow = Power.zero
        /// Each time its flow changed its direction.
        var turns: [Instant] = []
        private var sign: Int64 = 0

        init(mostCharge: Power, mostDischarge: Power) {
            self.mostCharge = mostCharge
            self.mostDischarge = mostDischarge
        }

        mutating func move(to goal: Power, at now: Instant) {
            let step = max(-slew, min(slew, goal.watts - flow.watts))
            flow = Power(watts: flow.watts + step)
            if flow.watts.signum() != 0, flow.watts.signum() != sign {
                if sign != 0 { turns.append(now) }
                sign = flow.watts.signum()
            }
        }
    }

    var dispatcher: Dispatcher
    var piles: [Pile]
    var nodes: [(id: NodeID, parent: NodeID?, limit: Power?)]
    var exportLimit: Power?
    var base: DailyProfile
    /// Real base load of the root as a share of its high quantile.
    var baseShare = 0.8
    var mode = Site.Mode.auto
    var plan: Plan?
    var instructions: [Instruction] = []
    var now: Instant
    var metered = true
    var meterReading: DispatchInput.Measured?
    var last: DispatchOutput?
    var alarms: Set<DispatchAlarm.Key> = []
    var sent: [DispatchCommand] = []
    private(set) var sentAt: [UInt64: Instant] = [:]
    /// Answers on their way: when, number, answer.
    var answers: [(at: Instant, number: UInt64, answer: DispatchAnswer)] = []

    init(
        piles count: Int, limit: Power, base: DailyProfile = .none, rating: Int64 = 32_000,
        settings: DispatchSettings = DispatchSettings(), start: Instant = Instant("2024-09-10T10:00:00Z")!
    ) {
        dispatcher = Dispatcher(settings: settings)
        nodes = [(NodeID("T1"), nil, limit)]
        piles = (1...count).map { i in
            Pile(
                id: EVSEID(StationID("P\(i)"), 1), node: NodeID("T1"),
                capability: Capability(electrical: Station.Electrical(maxCurrentMilliamperes: rating)))
        }
        self.base = base
        now = start
    }

    var input: DispatchInput {
        DispatchInput(
            mode: mode, plan: plan,
            nodes: nodes.enumerated().map { i, node in
                DispatchInput.Node(
                    id: node.id, parent: node.parent, limit: node.limit, exportLimit: i == 0 ? exportLimit : nil,
                    measured: i == 0 && metered ? meterReading : nil, base: i == 0 ? base : nil)
            },
            evses: piles.map { pile in
                DispatchInput.EVSE(
                    id: pile.id, node: pile.node, capability: pile.capability, contacted: pile.contacted,
                    online: pile.online, session: pile.session, measured: pile.measured, paused: pile.paused,
                    limit: pile.limit, chargeNow: pile.chargeNow, governed: pile.governed)
            }, instructions: instructions)
    }

    func path(of pile: Pile) -> [NodeID] {
        var path = [pile.node]
        while let parent = nodes.first(where: { $0.id == path[path.count - 1] })?.parent { path.append(parent) }
        return path
    }

    func charging(below node: NodeID) -> Power {
        piles.reduce(.zero) { path(of: $1).contains(node) ? $0 + $1.draw(at: now) : $0 }
    }
    var realBase: Power { Power(watts: Int64(Double(base[at: now].watts) * baseShare)) }
    var load: Power { realBase + charging(below: nodes[0].id) }

    mutating func plugIn(
        _ i: Int, appetite: Power = .kilowatts(7), wanted: Energy? = .kilowattHours(20),
        departureIn: Duration = .hours(8),
        minimum: Energy? = nil
    ) {
        piles[i].session = DispatchInput.Stay(
            session: "S\(i)-\(now.milliseconds)", startedAt: now, delivered: .zero, wanted: wanted, minimum: minimum,
            departure: now + departureIn)
        piles[i].appetite = appetite
    }
    mutating func unplug(_ i: Int) {
        piles[i].session = nil
        piles[i].live = nil
    }

    /// Runs `seconds` steps of one second; `deliver` decides what happens to each command.
    mutating func run(
        seconds: Int, sampleEvery: Int = 10,
        deliver: (inout BenchSite, DispatchCommand) -> Void = { $0.acceptNow($1) },
        check: (BenchSite) -> Void = { _ in }
    ) {
        for second in 0..<seconds {
            let due = answers.filter { $0.at <= now }
            answers.removeAll { $0.at <= now }
            for answer in due { dispatcher.settle(answer.number, answer.answer, at: now) }
            for i in piles.indices {
                let goal = piles[i].goal(at: now)
                let isThere = piles[i].session != nil
                piles[i].vehicle?.move(to: isThere ? goal : .zero, at: now)
                let power = piles[i].draw(at: now)
                if let delivered = piles[i].session?.delivered {
                    piles[i].session?.delivered = delivered + power.energy(over: .seconds(1))
                }
                if (second + i) % sampleEvery == 0, piles[i].online {
                    piles[i].measured = DispatchInput.Measured(power: power, at: now)
                }
            }
            if metered { meterReading = DispatchInput.Measured(power: load, at: now) }
            let output = dispatcher.step(input, at: now)
            for alarm in output.raised { alarms.insert(alarm.key) }
            for key in output.ended { alarms.remove(key) }
            last = output
            sent += output.commands
            for command in output.commands { sentAt[command.number] = now }
            for command in output.commands { deliver(&self, command) }
            check(self)
            now += .seconds(1)
        }
    }

    /// The station takes the command and says so at once.
    mutating func acceptNow(_ command: DispatchCommand) {
        guard let i = piles.firstIndex(where: { $0.id == command.evse }) else { return }
        guard piles[i].online else { return dispatcher.settle(command.number, .notSent, at: now) }
        if piles[i].rejects { return dispatcher.settle(command.number, .rejected, at: now) }
        apply(command)
        dispatcher.settle(command.number, .accepted, at: now)
    }

    mutating func apply(_ command: DispatchCommand) {
        guard let i = piles.firstIndex(where: { $0.id == command.evse }) else { return }
        switch command.content {
        case .setpoint(let session, let limit, let until):
            if piles[i].session?.session == session { piles[i].live = (limit, until, session, false) }
        case .follow(let session, let power, let until):
            // The dead-man counts from when it came.
            let lasts = until - (sentAt[command.number] ?? now)
            if piles[i].session?.session == session { piles[i].live = (power, now + lasts, session, true) }
            piles[i].schedule = nil
        case .schedule(let session, let steps, let until):
            guard piles[i].session?.session == session, let first = steps.first else { return }
            piles[i].live = (first.power, until, session, true)
            piles[i].schedule = (steps, now + (piles[i].vehicle?.negotiation ?? .zero))
        case .fallback(let profile): piles[i].fallback = profile
        }
    }

    /// A plan in slots of 15 minutes from the last quarter hour, the same setpoint in each.
    func flatPlan(_ setpoints: [Int: Power], undelivered: [Int: Energy] = [:]) -> Plan {
        let start = now.floored(to: .minutes(15), from: Instant(milliseconds: 0))
        return Plan(
            id: Plan.ID(now.milliseconds), site: SiteID("X"), computedAt: start, trigger: "periodic", start: start,
            step: .minutes(15),
            count: 96,
            stays: setpoints.sorted { $0.key < $1.key }.compactMap { i, power in
                piles[i].session.map {
                    Plan.Stay(
                        session: $0.session, evse: piles[i].id, setpoints: Array(repeating: power, count: 96),
                        wanted: $0.wanted ?? .zero, undelivered: undelivered[i] ?? .zero, binding: [], isForecast: true,
                        departure: $0.departure ?? start + .days(1))
                }
            }, nodes: [], objectiveYuan: 0, boundYuan: 0, gap: 0)
    }
}
