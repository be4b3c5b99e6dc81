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

    mutating func tellOutsideLimit() {
        guard !imposed.isTold, link != nil, isAccepted, !isUnderWay(.outsideLimit) else { return }
        if let profile = profiles.entries.first(where: { $0.profile.id == Self.profile })?.profile {
            call(
                .outsideLimit(profile, isCritical: settings.faults.outsideLimit?.isCritical ?? false), .outsideLimit)
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
