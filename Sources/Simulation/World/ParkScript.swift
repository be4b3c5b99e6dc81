import Assets
import GridDispatch
import OCPP
import Quantities

// A park whose vehicles give energy back: two-way stations of OCPP 2.1 beside piles that only charge, under one node that may
// take and give only so much, and somebody who asks the whole for a power now and then.
extension WorldScript {
    struct Park: Sendable {
        /// The most that may flow out of the node, a magnitude; `nil`: anything.
        let exportLimit: Power?
        /// In the order of their times.
        let calls: [Call]
        /// What a station's card allows; `nil`: what the site does, which is both ways.
        let permissions: [[String]?]
        /// Nothing goes wrong, and nobody leaves while the park is asked for something.
        let isCalm: Bool
    }

    /// Somebody asks the charging below the node for a power.
    struct Call: Sendable {
        let at: Instant
        let instruction: Instruction
    }

    /// - Parameter minutes: how long vehicles come and go; five minutes of quiet follow.
    static func park(seed: UInt64, minutes: Int = 40) -> WorldScript { WorldScript(park: seed, minutes: minutes) }

    private init(park seed: UInt64, minutes: Int) {
        // A stream of its own: the streets of the same seed stay what they are.
        var random = SeededRandom(seed: seed).split(718)
        let start = Instant(seconds: 1_769_846_400 + Int64(random.next() % 24) * 3600)
        let end = start + .minutes(minutes)
        let isCalm = random.unit() < 0.3
        let twoWay = Int.random(in: 2...6, using: &random)
        let oneWay = Int.random(in: 0...2, using: &random)
        let count = twoWay + oneWay

        var stations: [StationSettings] = []
        for i in 0..<count {
            stations.append(
                i < twoWay
                    ? .twoWay(i, seed: seed, isCalm: isCalm, &random)
                    : .oneWay(i, seed: seed, isCalm: isCalm, &random))
        }
        let rated = stations.reduce(Int64(0)) { $0 + $1.hardware.power.watts }
        let given = stations.reduce(Int64(0)) { $0 + ($1.bidirectional?.maxDischarge.watts ?? 0) }
        self.seed = seed
        self.start = start
        self.end = end + .minutes(5)
        self.stations = stations
        piles = count
        // Now and then the sun shines: the node gives before any vehicle does.
        baseMean =
            random.unit() < 0.2
            ? -Double.random(in: 2_000...20_000, using: &random) : Double.random(in: 4_000...60_000, using: &random)
        noise = Double.random(in: 0...0.03, using: &random)
        let share = Double.random(in: 0.5...1.1, using: &random)
        limit = Power(watts: Int64(max(0, baseMean) * 1.3) + Int64(Double(rated) * share))
        var exportLimit: Power?
        if random.unit() < 0.6 {
            let share = Double.random(in: 0.2...0.9, using: &random)
            exportLimit = Power(watts: Int64(max(0, -baseMean) * 1.3) + Int64(Double(given) * share))
        }

        var stays: [Stay] = []
        for i in 0..<count {
            var at = start + .seconds(Int.random(in: 60...300, using: &random))
            while at < end - .minutes(8) {
                let length: Duration =
                    isCalm ? .minutes(minutes) : .minutes(Int.random(in: 7...45, using: &random))
                let departure = min(end - .seconds(20), at + length)
                stays.append(
                    i < twoWay
                        ? .twoWay(stations[i], i, at, departure, number: stays.count, &random)
                        : .oneWay(i, at, departure, &random))
                at = departure + .minutes(Int.random(in: 1...8, using: &random))
            }
        }
        self.stays = stays
        park = Park(
            exportLimit: exportLimit,
            calls: Self.calls(from: start + .minutes(4), to: end, take: rated, give: given, &random),
            permissions: (0..<count).map { i in i < twoWay && random.unit() < 0.12 ? ["DC", "AC_three_phase"] : nil },
            isCalm: isCalm)
        misfortunes =
            isCalm ? [] : Self.parkMisfortunes(from: start + .minutes(6), to: end - .minutes(4), count, &random)
    }

    /// One instruction takes the place of the one before it or waits until that is over; between them the plan has its way.
    private static func calls(
        from first: Instant, to last: Instant, take: Int64, give: Int64, _ random: inout SeededRandom
    ) -> [Call] {
        var calls: [Call] = []
        var at = first + .seconds(Int.random(in: 0...120, using: &random))
        while at < last - .minutes(2) {
            let length = Duration.seconds(Int.random(in: 60...420, using: &random))
            let kind = random.unit()
            let watts =
                kind < 0.1
                ? 0
                : kind < 0.2
                    ? Int64.random(in: -give * 3 / 2 ... -give, using: &random)
                    : kind < 0.65
                        ? Int64.random(in: -give...0, using: &random)
                        : Int64.random(in: 0...(take * 11 / 10), using: &random)
            let ramp =
                random.unit() < 0.25
                ? Power(watts: max(500, abs(watts) / Int64.random(in: 5...60, using: &random))) : nil
            let priority: Priority = [.grid, .contract, .market, .cost][Int(random.next() % 4)]
            calls.append(
                Call(
                    at: at,
                    instruction: Instruction(
                        id: "call", source: "operator", priority: priority, target: .charging(below: World.node),
                        demand: .exactly(Power(watts: watts)), interval: Interval(at, at + length), ramp: ramp,
                        receivedAt: at)))
            at +=
                random.unit() < 0.4
                ? length * Int.random(in: 30...90, using: &random) / 100
                : length + .seconds(Int.random(in: 5...150, using: &random))
        }
        return calls
    }

    /// Each in ten minutes of its own.
    private static func parkMisfortunes(
        from first: Instant, to last: Instant, _ piles: Int, _ random: inout SeededRandom
    ) -> [Misfortune] {
        var misfortunes: [Misfortune] = []
        var at = first
        while at + .minutes(10) <= last {
            let begin = at + .seconds(Int.random(in: 0...120, using: &random))
            let interval = Interval(begin, begin + .seconds(Int.random(in: 5...240, using: &random)))
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: misfortunes.append(.crash(interval))
            case 2, 3: misfortunes.append(.partition(interval, piles: (0..<piles).filter { _ in random.unit() < 0.5 }))
            case 4: misfortunes.append(.meterSilence(interval))
            default: misfortunes.append(.step(interval))
            }
            at += .minutes(10)
        }
        return misfortunes
    }
}

extension StationSettings {
    fileprivate static func twoWay(
        _ i: Int, seed: UInt64, isCalm: Bool, _ random: inout SeededRandom
    ) -> StationSettings {
        var settings = StationSettings(identity: "V\(i + 1)")
        settings.version = .v21
        settings.supply = Supply(voltage: 230, phases: 3)
        let kilowatts = [11, 20, 30, 60][Int(random.next() % 4)] as Int64
        settings.maxMilliamperes = kilowatts * 1_000_000 / 690
        var evse = BidirectionalEVSE()
        evse.current = random.unit() < 0.3 ? .alternating : .direct
        evse.maxCharge = settings.hardware.power
        evse.maxDischarge = Power(
            watts: settings.hardware.power.watts * (random.unit() < 0.3 ? 700 : 1000) / 1000)
        evse.ramp = kilowatts * Int64.random(in: 500...3_000, using: &random)
        evse.responseDelay = .milliseconds(Int64.random(in: 100...1_200, using: &random))
        evse.efficiencyPermille = Int.random(in: 950...985, using: &random)
        settings.bidirectional = evse
        settings.reconnectWait = .seconds(3)
        settings.longestReconnectWait = .seconds(60)
        if random.unit() < 0.2 { settings.rateUnits = [random.unit() < 0.5 ? .amperes : .watts] }
        settings.faults = isCalm ? .none : .inPark(&random)
        settings.faults.seed = seed &* 31 &+ UInt64(i)
        return settings
    }

    fileprivate static func oneWay(
        _ i: Int, seed: UInt64, isCalm: Bool, _ random: inout SeededRandom
    ) -> StationSettings {
        var settings = StationSettings(identity: "P\(i + 1)")
        settings.version = [.v16, .v201, .v21][Int(random.next() % 3)]
        settings.faults.seed = seed &* 31 &+ UInt64(i)
        settings.reconnectWait = .seconds(3)
        settings.longestReconnectWait = .seconds(60)
        if !isCalm { settings.faults.reconnectsWithoutBoot = random.unit() < 0.5 }
        return settings
    }
}

extension StationFaults {
    /// About one station in three does not do as it is told.
    fileprivate static func inPark(_ random: inout SeededRandom) -> StationFaults {
        var faults = StationFaults()
        switch Int.random(in: 0..<18, using: &random) {
        case 0: faults.refusesSetpoints = true
        case 1: faults.answersAfter = .seconds(Int.random(in: 1...9, using: &random))
        case 2: faults.followsPermille = Int.random(in: 400...900, using: &random)
        case 3: faults.neverDischarges = true
        case 4: faults.rampPermille = Int.random(in: 20...200, using: &random)
        case 5: faults.meterIsSilent = true
        default: break
        }
        if random.unit() < 0.25 {
            faults.outage = Outage(
                after: .seconds(Int.random(in: 30...1_500, using: &random)),
                length: .seconds(Int.random(in: 5...240, using: &random)))
        }
        faults.reconnectsWithoutBoot = random.unit() < 0.5
        faults.duplicatesPermille = random.unit() < 0.2 ? 50 : 0
        faults.lateAnswersPermille = random.unit() < 0.2 ? 20 : 0
        faults.clockSkew = random.unit() < 0.2 ? .seconds(Int.random(in: -40...40, using: &random)) : .zero
        return faults
    }
}

extension WorldScript.Stay {
    fileprivate static func twoWay(
        _ station: StationSettings, _ i: Int, _ arrival: Instant, _ departure: Instant, number: Int,
        _ random: inout SeededRandom
    ) -> Self {
        var car = BidirectionalVehicle(
            evccID: "02" + String(format(number, i)),
            capacity: .kilowattHours(Int64.random(in: 8...60, using: &random)),
            arrivalPermille: Int.random(in: 200...900, using: &random))
        car.minimumPermille = Int.random(in: 10...50, using: &random) * 10
        car.targetPermille = Int.random(in: 50...95, using: &random) * 10
        let says = random.unit()
        // Most say a later departure than theirs, so that their plan has something to give.
        car.departure =
            says < 0.2 ? nil : says < 0.5 ? departure : departure + .hours(Int.random(in: 1...8, using: &random))
        let rating = station.hardware.power.watts
        car.maxCharge = Power(watts: rating * Int64.random(in: 500...1_200, using: &random) / 1000)
        car.maxDischarge = Power(watts: rating * Int64.random(in: 500...1_200, using: &random) / 1000)
        car.chargeEfficiencyPermille = Int.random(in: 960...985, using: &random)
        car.dischargeEfficiencyPermille = Int.random(in: 960...985, using: &random)
        car.control = random.unit() < 0.12 ? .scheduled : .dynamic
        var pace = random.split(1)
        car.negotiation = .seconds(Int.random(in: 1...50, using: &pace))
        // Whether others take care is what is to be seen.
        car.guardsMinimum = false
        // Within what the vehicle itself will take.
        let room = Int64(car.targetPermille - car.arrivalPermille) * car.capacity.milliwattHours / 1_000_000
        let stated = Int64.random(in: 300...3_000, using: &random)
        let minimum = random.unit() < 0.25 && room > 300 ? Energy.wattHours(min(room, stated)) : nil
        return Self(
            pile: i, arrival: arrival, departure: departure, vehicle: SimulatedVehicle(car), minimum: minimum,
            wanted: nil, saysDeparture: false)
    }

    /// Twelve characters with the two before them.
    private static func format(_ number: Int, _ i: Int) -> String {
        let text = String(number * 16 + i, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 10 - text.count)) + text
    }

    fileprivate static func oneWay(
        _ i: Int, _ arrival: Instant, _ departure: Instant, _ random: inout SeededRandom
    ) -> Self {
        let wanted = Energy.wattHours(Int64.random(in: 500...6_000, using: &random))
        return Self(
            pile: i, arrival: arrival, departure: departure,
            vehicle: SimulatedVehicle(
                battery: .kilowattHours(50), stored: .wattHours(Int64.random(in: 5_000...40_000, using: &random)),
                wanted: wanted, maxPower: .watts(7_000)),
            minimum: nil, wanted: nil, saysDeparture: random.unit() < 0.3)
    }
}
