public import Quantities

/// A vehicle whose power follows a setpoint in both directions, as long as it is told again and again: after a dead-man
/// duration without word from us its station goes back to the default profile (OCPP 2.1 K28, CentralSetpoint).
public struct Steering: Hashable, Sendable {
    /// The most it takes and gives, as EVSE, vehicle and permission leave it. Positive magnitudes.
    public var mostCharge: Power
    public var mostDischarge: Power
    /// What `mostDischarge` comes from: the ratings, a control of the grid code, a limit from outside.
    public var dischargeBound: SetpointReason = .atRating
    /// The least magnitudes at which it does anything at all.
    public var leastCharge: Power
    public var leastDischarge: Power
    /// Net energy since plug-in at or below which nothing is taken from it: the driver's minimum, and what its own reserve
    /// and the vehicle's say. Whatever is asked, by whomever.
    public var floor: Energy
    /// Net energy since plug-in at which the battery is full; `nil`: the vehicle did not say.
    public var full: Energy?

    public init(
        mostCharge: Power, mostDischarge: Power, leastCharge: Power = .zero, leastDischarge: Power = .zero,
        floor: Energy, full: Energy? = nil
    ) {
        self.mostCharge = mostCharge
        self.mostDischarge = mostDischarge
        self.leastCharge = leastCharge
        self.leastDischarge = leastDischarge
        self.floor = floor
        self.full = full
    }

    /// The most that may be asked of it, a magnitude, such that its floor is kept even if we die now and the setpoint runs
    /// on until its own end.
    ///
    /// - Parameters:
    ///   - knownAt: when ``DispatchInput/Stay/delivered`` was metered. `nil`: nothing is known, and nothing is asked.
    ///   - running: the most that it may have given since, a magnitude: that counts as given.
    ///   - keepsWanted: also what the driver wants by departure must still be reachable, with a share of the charging power
    ///     that can be counted on. Without a known departure it must be there already.
    func mostGiving(
        _ stay: DispatchInput.Stay, knownAt: Instant?, running: Power, keepsWanted: Bool, settings: DispatchSettings,
        at now: Instant
    ) -> Power {
        guard let knownAt else { return .zero }
        let ahead = stay.goesOn(settings)
        let delivered = stay.delivered - running.energy(over: max(.zero, now - knownAt))
        var spare = delivered - floor
        if keepsWanted, let wanted = stay.wanted {
            let left = stay.departure.map { max(.zero, $0 - now - ahead) } ?? .zero
            let reliable = Power(watts: Int64(Double(mostCharge.watts) * settings.recoveryShare))
            spare = min(spare, delivered + reliable.energy(over: left) - wanted)
        }
        guard spare > .zero else { return .zero }
        let most = min(mostDischarge, spare.meanPower(over: ahead))
        // Towards the floor the power fades; its last fiftieth is not worth a message a second. Who rests there is not woken for
        // what the next reading may take away.
        let worthwhile = Power(watts: mostDischarge.watts / (running > .zero ? 50 : 25))
        return most < max(leastDischarge, worthwhile) ? .zero : most
    }

    /// The most it takes: nothing once it is full.
    func mostTaking(_ stay: DispatchInput.Stay) -> Power {
        if let full, stay.delivered >= full { return .zero }
        return mostCharge
    }
}
