import OCPP
import OCPPMessages
import Quantities

// Vehicles that speak ISO 15118 (2.0.1 K15 to K17): they tell what they need, wait a little for a schedule, choose one and say
// how they will charge by it; a new profile in the middle leads to a new schedule.
extension SimulatedChargePoint {
    /// ISO 15118-2 gives charging schedules a minute.
    private static let patience = Duration.seconds(60)
    /// Between a limit and the vehicle's answer to it. A central system that is never content is not answered faster.
    private static let thought = Duration.seconds(2)
    /// Without a departure a vehicle plans so far ahead.
    private static let horizon = Duration.hours(24)
    /// Part 2 `MaxScheduleEntries`.
    static let mostSchedules = 3

    /// The contract of a vehicle, where the station takes contracts.
    func contract(_ i: Int) -> VehicleSpeech.Contract? {
        configuration.flag(.takesContracts) ? connectors[i].vehicle?.speech?.contract : nil
    }
    /// The contract that the driver goes by, who has shown no card.
    func contractInUse(_ i: Int) -> VehicleSpeech.Contract? {
        contract(i).flatMap { $0.account == connectors[i].idTag ? $0 : nil }
    }

    /// The talk of a transaction that begins.
    func talk(_ i: Int) -> VehicleTalk? {
        guard settings.version != .v16, connectors[i].vehicle?.speech != nil else { return nil }
        return VehicleTalk(patience: link != nil && isAccepted ? now + Self.patience : nil)
    }

    /// Whether the vehicle there draws nothing yet, although it may.
    func waitsForSchedule(_ connector: SimulatedConnector) -> Bool {
        connector.transaction?.talk?.patience.map { now < $0 } ?? false
    }

    mutating func tellVehicles() {
        guard link != nil, isAccepted else { return }
        for i in connectors.indices {
            guard let transaction = connectors[i].transaction, let talk = transaction.talk,
                let vehicle = connectors[i].vehicle,
                // Whoever hears of the needs must know the transaction.
                !queue.messages.contains(where: { $0.local == transaction.local && $0.isStart })
            else { continue }
            let number = connectors[i].number
            if talk.owesNeeds {
                guard !isUnderWay(.needs(connector: number)) else { continue }
                if let needs = v2xNeeds(i) {
                    if !talk.hasSchedule, talk.patience != nil {
                        connectors[i].transaction?.talk?.patience = now + settings.vehicleTimeout
                    }
                    connectors[i].transaction?.talk?.askedAt = now
                    call(.v2xNeeds(connector: number, needs), .needs(connector: number))
                } else {
                    call(.needs(connector: number, vehicle), .needs(connector: number))
                }
            } else if let due = talk.choiceDue, due <= now {
                connectors[i].transaction?.talk?.choiceDue = nil
                if electronics(i) != nil {
                    call(.v2xPlan(connector: number, v2xPlan(i)), .other)
                } else if let plan = plan(i) {
                    call(.vehiclePlan(connector: number, plan), .other)
                }
            }
        }
    }

    mutating func needsAnswered(_ connector: Int, _ answer: [UInt8]?, _ outcome: StationLink.CallOutcome) {
        guard let i = connectors.firstIndex(where: { $0.number == connector }) else { return }
        switch outcome {
        case .answered, .error:
            connectors[i].transaction?.talk?.owesNeeds = false
            if connectors[i].transaction?.v2x != nil { return v2xNeedsAnswered(i, answer) }
            let isSchedulePromised = answer.map { dialect.bringsSchedule($0) } ?? false
            if !isSchedulePromised { connectors[i].transaction?.talk?.patience = nil }
        // Told again while the connection lasts, or on the next.
        case .timeout, .dropped: break
        }
    }

    /// A profile of its transaction has come, or another one.
    mutating func vehicleLearned(evse: Int) {
        guard let i = connectors.firstIndex(where: { $0.number == evse }) else { return }
        connectors[i].transaction?.talk?.patience = nil
        connectors[i].transaction?.talk?.hasSchedule = true
        // Whoever leaves it to the station how to charge has nothing to tell.
        let bidirectional = electronics(i) == nil ? nil : connectors[i].vehicle?.bidirectional
        if bidirectional?.control == .dynamic { return }
        connectors[i].transaction?.talk?.choiceDue = now + (bidirectional?.negotiation ?? Self.thought)
    }

    /// A vehicle that can give energy back waits for its profile as long as ISO 15118-20 lets it, else the default holds.
    private mutating func v2xNeedsAnswered(_ i: Int, _ answer: [UInt8]?) {
        guard let answer, !dialect.refusesTransfer(answer) else {
            connectors[i].transaction?.talk?.patience = nil
            if answer != nil { transferRefused(i) }
            return
        }
        guard dialect.bringsSchedule(answer) else {
            connectors[i].transaction?.talk?.patience = nil
            return
        }
        guard let talk = connectors[i].transaction?.talk, !talk.hasSchedule, talk.patience != nil else { return }
        connectors[i].transaction?.talk?.patience = (talk.askedAt ?? now) + Self.patience
    }

    /// How power will go until departure, as far as it is known.
    private func v2xPlan(_ i: Int) -> PowerSchedule {
        let departure = connectors[i].vehicle?.bidirectional?.departure ?? clock + Self.horizon
        return PowerSchedule(
            profiles, evse: connectors[i].number, over: Interval(clock, max(departure, clock + .seconds(1))),
            transaction: transaction(on: connectors[i]), supply: settings.supply, priority: setpointPriority)
    }

    /// Which of several schedules a vehicle takes: what gives it most of what it wants until it leaves, the first of equals.
    /// - Returns: `nil` when there is nobody to choose.
    func choice(of offers: [ChargingProfile], evse: Int) -> Int? {
        guard let i = connectors.firstIndex(where: { $0.number == evse }), connectors[i].transaction?.talk != nil,
            offers.count <= Self.mostSchedules
        else { return nil }
        let given = offers.map { offer in
            var stack = profiles
            stack.install(offer, evse: evse, replacing: dialect.replacement)
            return plan(i, by: stack)?.energy ?? .zero
        }
        return given.indices.max { (given[$0], -$0) < (given[$1], -$1) }
    }

    private func plan(_ i: Int) -> VehiclePlan? { plan(i, by: profiles)?.plan }

    /// As fast as it may, until it has what it wants.
    private func plan(_ i: Int, by stack: ProfileStack) -> (plan: VehiclePlan, energy: Energy)? {
        guard let vehicle = connectors[i].vehicle else { return nil }
        let end = vehicle.speech?.departure ?? clock + Self.horizon
        let span = Interval(clock, max(end, clock + .seconds(1)))
        let composite = CompositeSchedule(
            stack, evse: connectors[i].number, over: span, transaction: transaction(on: connectors[i]),
            supply: settings.supply)
        let wanted = vehicle.neededEnergy
        var energy = Energy.zero
        var steps: [VehiclePlan.Step] = []
        func add(_ instant: Instant, _ power: Power) {
            let start = Int((instant - span.start).wholeMilliseconds / 1000)
            if let last = steps.last {
                if last.power == power { return }
                if last.start == start { steps.removeLast() }
            }
            steps.append(VehiclePlan.Step(start: start, power: power))
        }
        for (n, step) in composite.steps.enumerated() {
            let limit = (step.limit ?? settings.hardware).lowered(by: settings.hardware)
            let power =
                limit.milliamperes(settings.supply) < vehicle.minMilliamperes
                ? .zero : min(limit.power, vehicle.maxPower)
            add(step.start, power)
            guard power > .zero else { continue }
            let until = n + 1 < composite.steps.count ? composite.steps[n + 1].start : span.end
            let missing = (wanted - energy).milliwattHours
            // mWh · 3600 is W·ms.
            let needed = (missing * 3600 + power.watts - 1) / power.watts
            let lasts = (until - step.start).wholeMilliseconds
            energy = energy + Energy(milliwattHours: power.watts * min(lasts, needed) / 3600)
            if needed < lasts {
                add(step.start + .milliseconds(needed), .zero)
                break
            }
        }
        guard steps.first?.start == 0 else { return nil }
        let plan = VehiclePlan(
            start: span.start, steps: Array(steps.prefix(settings.maxPeriods)),
            phases: min(settings.supply.phases, vehicle.phases))
        return (plan, energy)
    }
}

extension SimulatedVehicle {
    /// What it still wants, at the EVSE, rounded up to the watt-hour.
    var neededEnergy: Energy {
        let missing = min(wanted - received, battery - stored).milliwattHours
        let atSocket = (max(0, missing) * 1000 + Int64(efficiencyPermille) - 1) / Int64(efficiencyPermille)
        return .wattHours((atSocket + 999) / 1000)
    }
}
