import OCPP
import OCPPMessages
import Quantities

// Power in both directions (2.1 blocks K and Q): what the profiles say at this instant, what grid and site say, and what vehicle and
// electronics make of it.
extension SimulatedChargePoint {
    public func exported(connector: Int) -> RegisterReading? { self[connector]?.exchange.exported }
    /// What it follows now, at the meter; `nil`: only limits.
    public func setpoint(connector: Int) -> Power? { self[connector]?.exchange.setpoint }
    public func mode(connector: Int) -> ChargingProfile.Mode? { self[connector]?.transaction?.mode }

    /// The electronics of a connector whose vehicle can use them both ways.
    func electronics(_ i: Int) -> BidirectionalEVSE? {
        connectors[i].vehicle?.bidirectional == nil ? nil : settings.bidirectional
    }

    var setpointPriority: ProfileStack.SetpointPriority {
        configuration.text(.setpointPriority) == "CSMS" ? .centralSystem : .external
    }

    func directive(_ i: Int) -> PowerDirective? {
        guard settings.version == .v21, !settings.faults.ignoresProfiles else { return nil }
        return profiles.directive(
            evse: connectors[i].number, at: clock, transaction: transaction(on: connectors[i]),
            supply: settings.supply, priority: setpointPriority)
    }

    func powerSchedule(evse: Int, over span: Interval) -> PowerSchedule {
        PowerSchedule(
            profiles, evse: evse, over: span, transaction: self[evse].flatMap { transaction(on: $0) },
            supply: settings.supply, priority: setpointPriority)
    }

    /// Sets what flows from now on.
    /// - Parameter share: of the station's maximum; `nil`: it has none.
    mutating func steer(_ i: Int, _ evse: BidirectionalEVSE, _ directive: PowerDirective?, share: ChargingLimit?) {
        guard let vehicle = connectors[i].vehicle, let traits = vehicle.bidirectional,
            let session = connectors[i].transaction?.v2x
        else { return }
        let faults = settings.faults
        let rests = connectors[i].isDrained || connectors[i].transaction?.bounds.reached != nil
        let heat = connectors[i].heatLimit(at: now, settings.supply)?.power

        // What nobody can change.
        var most = min(evse.maxCharge, min(settings.hardware.power, vehicle.chargeLimit))
        var least = Power.zero
        if session.isBidirectional, !faults.neverDischarges {
            least = -min(evse.maxDischarge, min(settings.hardware.power, vehicle.dischargeLimit))
        }
        if let heat {
            most = min(most, heat)
            least = max(least, -heat)
        }
        if rests { (most, least) = (.zero, .zero) }

        // What is wanted of it.
        let wish = wish(i, directive, vehicle, within: evse)
        let upper = [directive?.limit?.power, share?.power].compactMap { $0 }.min() ?? evse.maxCharge
        let lower = directive?.dischargeLimit.map { Power(watts: $0 / 1000) } ?? -evse.maxDischarge
        var order = min(max(wish.power, lower), upper)
        if !session.isBidirectional { order = max(order, .zero) }
        order = Power(watts: order.watts / max(1, evse.resolution.watts) * max(1, evse.resolution.watts))
        let code = underGridCode(order, of: evse)
        order = session.isBidirectional ? code.power : max(code.power, .zero)
        connectors[i].exchange.deviation = order == code.power ? code.deviation : nil
        connectors[i].exchange.setpoint = wish.isSetpoint ? order : nil
        if faults.followsPermille < 1000 {
            order = Power(watts: order.watts * Int64(faults.followsPermille) / 1000)
        }

        if let agreed = connectors[i].transaction?.talk?.choiceDue, now < agreed, traits.control == .scheduled {
            let flowing = connectors[i].exchange.flow.power
            order = order < .zero ? max(order, min(.zero, flowing)) : min(order, max(.zero, flowing))
        }

        let isFree = order == .zero ? wish.isOfVehicle : false
        connectors[i].exchange.held =
            isFree || (order > .zero && most == .zero && !rests && heat == nil)
                || (order < .zero && least == .zero && !rests && heat == nil) ? .suspendedEV : .suspendedEVSE
        connectors[i].exchange.isAsleep = directive?.sleeps ?? false && evse.sleeps
        let ramp = max(1, min(evse.ramp, rampByGridCode(evse) ?? evse.ramp) * Int64(faults.rampPermille) / 1000)
        connectors[i].follow(
            order, within: least...most, by: evse, ramp: ramp, isReady: wish.isSetpoint && !rests, at: now)
        connectors[i].offeredMilliamperes =
            max(0, min(upper, most).watts) * 1000 / Int64(settings.supply.voltage * settings.supply.phases)
    }

    private struct Wish {
        var power: Power
        /// It is a value to be followed, not a limit.
        var isSetpoint = false
        /// At zero because the vehicle wants nothing.
        var isOfVehicle = false
    }

    private mutating func wish(
        _ i: Int, _ directive: PowerDirective?, _ vehicle: SimulatedVehicle, within evse: BidirectionalEVSE
    ) -> Wish {
        let mode = directive?.mode ?? .chargingOnly
        if mode != .localFrequency { connectors[i].transaction?.v2x?.millihertz = nil }
        if mode != .localLoadBalancing { connectors[i].transaction?.v2x?.balance = .zero }
        /// As much as it may, until it has what it wants.
        func charging(upTo limit: Power) -> Wish {
            vehicle.isSatisfied ? Wish(power: .zero, isOfVehicle: true) : Wish(power: limit)
        }
        switch mode {
        case .chargingOnly: return charging(upTo: evse.maxCharge)
        case .idle: return Wish(power: .zero)
        case .centralSetpoint, .centralFrequency:
            return Wish(power: Power(watts: (directive?.setpoint ?? 0) / 1000), isSetpoint: true)
        case .externalSetpoint:
            var power = directive?.setpoint.map { Power(watts: $0 / 1000) }
            if power == nil, case .setpoint(let external)? = surroundings.external { power = external }
            return power.map { Wish(power: $0, isSetpoint: true) } ?? charging(upTo: evse.maxCharge)
        case .externalLimits:
            guard case .limits(let most, _)? = surroundings.external else { return charging(upTo: evse.maxCharge) }
            return charging(upTo: most)
        case .localFrequency:
            guard let response = directive?.response else { return Wish(power: .zero) }
            let seen = frequency
            let threshold = Int64(configuration.number(.frequencyThreshold(connectors[i].number)))
            let answered = connectors[i].transaction?.v2x?.millihertz
            let answers = answered.map { abs(seen - $0) >= max(1, threshold) ? seen : $0 } ?? seen
            connectors[i].transaction?.v2x?.millihertz = answers
            let milliwatts = response.power(millihertz: answers, signal: response.signal.isEmpty ? nil : signal)
            return Wish(power: Power(watts: milliwatts / 1000), isSetpoint: true)
        case .localLoadBalancing: return Wish(power: balance(i), isSetpoint: true)
        }
    }

    // MARK: Local load balancing (Q09.FR.04)

    /// The meter upstream sees the load of the site and what this EVSE was told before.
    private mutating func balance(_ i: Int) -> Power {
        let before = connectors[i].transaction?.v2x?.balance ?? .zero
        guard let load = surroundings.load, let band = loadBand(evse: connectors[i].number) else { return .zero }
        let seen = load.watts + before.watts
        var now = before
        if seen > band.upper {
            now = Power(watts: before.watts + band.upper + band.upperOffset - seen)
        } else if seen < band.lower {
            now = Power(watts: before.watts + band.lower + band.lowerOffset - seen)
        }
        connectors[i].transaction?.v2x?.balance = now
        return now
    }

    /// As it is configured; `nil` while something is missing or the thresholds cross (Q09.FR.02).
    func loadBand(evse: Int) -> BidirectionalEVSE.LoadBand? {
        func watts(_ instance: StationConfiguration.LoadBalancing) -> Int64? {
            Int64(configuration.text(.loadBalancing(evse, instance)))
        }
        guard let lower = watts(.lowerThreshold), let upper = watts(.upperThreshold), upper > lower,
            let lowerOffset = watts(.lowerOffset), let upperOffset = watts(.upperOffset)
        else { return nil }
        var band = BidirectionalEVSE.LoadBand(lower: lower, upper: upper)
        (band.lowerOffset, band.upperOffset) = (lowerOffset, upperOffset)
        return band
    }

    // MARK: Frequency

    /// Of the grid now, mHz.
    var frequency: Int64 { settings.frequency?.millihertz(at: now) ?? surroundings.millihertz }

    /// When somebody who answers it sees another frequency.
    var nextFrequency: Instant? {
        guard let record = settings.frequency,
            gridCodeSeesFrequency || connectors.contains(where: { $0.transaction?.v2x?.millihertz != nil })
        else { return nil }
        return record.nextChange(after: now)
    }

    /// Whether a signal of the grid's operator is followed (Q08.FR.10, FR.11).
    func followsSignal(_ i: Int) -> Bool {
        guard connectors[i].transaction != nil, let directive = directive(i) else { return false }
        return directive.mode == .localFrequency && directive.response?.signal.isEmpty == false
    }

    /// Signals count from their own instant on.
    mutating func playSignals() {
        while let next = signals.first, next.at <= clock {
            signals.removeFirst()
            signal = next.signal
        }
        if signal != nil, !connectors.indices.contains(where: followsSignal) { signal = nil }
    }

    // MARK: An energy manager

    /// It changes the values of profiles that leave them to it (K29.FR.05, Q05.FR.05); others follow it directly.
    mutating func setExternal() {
        for entry in profiles.entries {
            guard entry.profile.kind == .dynamic, let mode = entry.profile.periods.first?.mode else { continue }
            let updated: ChargingProfile?
            switch (mode, surroundings.external) {
            case (.externalSetpoint, .setpoint(let power)?):
                updated = entry.profile.updated(
                    limit: nil, dischargeLimit: nil, setpoint: JSONDecimal(Int(power.watts)), at: clock)
            case (.externalLimits, .limits(let charge, let discharge)?):
                updated = entry.profile.updated(
                    limit: JSONDecimal(Int(charge.watts)), dischargeLimit: JSONDecimal(Int(discharge.watts)),
                    setpoint: nil, at: clock)
            default: updated = nil
            }
            if let updated { profiles.refresh(updated) }
        }
        imposeExternal()
    }

    // MARK: Modes

    /// Another mode is told in the transaction (K01.FR.110).
    mutating func changeMode(_ i: Int, _ directive: PowerDirective?) {
        guard settings.version == .v21, let told = connectors[i].transaction?.mode else { return }
        let mode = directive?.mode ?? .chargingOnly
        guard mode != told else { return }
        connectors[i].transaction?.mode = mode
        tell(i, .operationMode)
    }
}
