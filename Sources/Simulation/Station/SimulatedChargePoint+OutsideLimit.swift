import OCPP
import OCPPMessages
import Quantities

/// What somebody else than the central system limits a station to (2.0.1 K11 to K13), and whether the central system knows.
struct ImposedLimit: Hashable, Sendable {
    enum Step: Hashable, Sendable { case awaited, imposed, lifted }
    var step = Step.awaited
    /// Of the next step; `nil`: it waits for a transaction, or is over.
    var due: Instant?
    var isTold = true
}

// An energy manager beside the station: some time into its first transaction it lowers the whole station, and lets go again.
// The station obeys at once, and tells until it is answered.
extension SimulatedChargePoint {
    /// Numbers of such profiles are apart from those of central systems.
    private static let profile = 9_000_001

    mutating func awaitOutsideLimit() {
        guard settings.version != .v16, let plan = settings.faults.outsideLimit, imposed.step == .awaited,
            imposed.due == nil
        else { return }
        imposed.due = now + plan.after
    }

    mutating func playOutsideLimit() {
        guard let due = imposed.due, due <= now, let plan = settings.faults.outsideLimit else { return }
        switch imposed.step {
        case .awaited:
            profiles.install(
                ChargingProfile(
                    id: Self.profile, stackLevel: 0, purpose: .externalConstraints, kind: .absolute, unit: .amperes,
                    start: clock, duration: nil,
                    periods: [
                        .init(start: 0, limit: JSONDecimal(mantissa: plan.milliamperes, scale: 3), phases: nil)
                    ]), evse: 0, replacing: .sameID)
            imposed = ImposedLimit(step: .imposed, due: now + plan.length, isTold: false)
        case .imposed:
            profiles.clear(id: Self.profile)
            imposed = ImposedLimit(step: .lifted, isTold: false)
        case .lifted: imposed.due = nil
        }
    }

    /// Values of an energy manager that no profile of the central system leaves to it are a profile of its own (2.1 K29.FR.04,
    /// Q06.FR.02, FR.04). A setpoint for several EVSEs would be their sum's; it is not shared out here.
    mutating func imposeExternal() {
        guard settings.version == .v21, settings.faults.outsideLimit == nil else { return }
        let isInvited = profiles.entries.contains { entry in
            entry.profile.purpose != .externalConstraints
                && entry.profile.periods.contains { $0.mode == .externalSetpoint || $0.mode == .externalLimits }
        }
        let period: ChargingProfile.Period
        switch isInvited ? nil : surroundings.external {
        case .setpoint(let power)?:
            period = .init(
                start: 0, limit: nil, phases: nil, mode: .externalSetpoint, setpoint: JSONDecimal(Int(power.watts)))
        case .limits(let charge, let discharge)?:
            period = .init(
                start: 0, limit: JSONDecimal(Int(charge.watts)), phases: nil, mode: .externalLimits,
                dischargeLimit: JSONDecimal(Int(discharge.watts)))
        case nil:
            if profiles.clear(id: Self.profile) > 0 { imposed.isTold = false }
            return
        }
        profiles.install(
            ChargingProfile(
                id: Self.profile, stackLevel: 0, purpose: .externalConstraints, kind: .dynamic, unit: .watts,
                start: nil, duration: nil, periods: [period], updatedAt: clock),
            evse: connectors.count == 1 ? 1 : 0, replacing: .sameID)
        imposed.isTold = false
    }

    mutating func tellOutsideLimit() {
        guard !imposed.isTold, link != nil, isAccepted, !isUnderWay(.outsideLimit) else { return }
        if let entry = profiles.entries.first(where: { $0.profile.id == Self.profile }) {
            call(
                .outsideLimit(
                    entry.profile, evse: entry.evse, isCritical: settings.faults.outsideLimit?.isCritical ?? false),
                .outsideLimit)
        } else {
            call(.outsideLimitEnded, .outsideLimit)
        }
    }

    /// A central system that does not want to know is told once.
    mutating func toldOutsideLimit(_ outcome: StationLink.CallOutcome) {
        switch outcome {
        case .answered, .error: imposed.isTold = true
        case .timeout, .dropped: break
        }
    }
}
