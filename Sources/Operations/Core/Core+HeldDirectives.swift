import Assets
import Charging
import OCPP
import OCPPMessages
import Quantities

// What the charging profiles that a station of 2.1 is known to hold add up to, in both directions of power: whoever set them.
extension Core {
    /// Without those that it lost; what others set is put in by whoever asks.
    private func stack(of s: Int) -> ProfileStack {
        var stack = ProfileStack()
        for one in stations[s].profiles?.picture.kept ?? []
        where one.missingSince == nil && one.profile.source == HeldProfile.ours {
            if let profile = one.profile.chargingProfile() {
                stack.install(profile, evse: one.profile.evse, replacing: .sameID)
            }
        }
        return stack
    }

    /// What holds an EVSE with a running session at an instant; `nil`: nothing that we know of.
    func directives(_ s: Int, evse: Int) -> ((Instant) -> HeldDirective)? {
        guard stations[s].version == .v21, let i = stations[s].activeSession(on: evse) else { return nil }
        let session = stations[s].sessions[i]
        let stack = stack(of: s)
        guard !stack.entries.isEmpty else { return nil }
        let form = stations[s].limitForm
        let supply = Supply(voltage: form.voltage, phases: form.phases)
        let transaction = ProfileStack.Transaction(
            id: session.transactionID, start: session.startedAt, hasPriority: session.dialogue?.hasPriority ?? false)
        let others = outsideBounds(of: s, evse: evse)
        let added = localGeneration(of: s, evse: evse)
        return { at in
            HeldDirective(stack.directive(evse: evse, at: at, transaction: transaction, supply: supply))
                .bounded(by: others(at)).raised(by: added(at))
        }
    }

    /// What people see of a session.
    func operation(_ s: Int, _ i: Int, at now: Instant) -> OperationState? {
        let session = stations[s].sessions[i]
        guard session.status == .active, let directive = directives(s, evse: session.evse.number)?(now) else {
            return nil
        }
        let held = directive.limits
        return OperationState(
            mode: held.mode, limit: held.limit, dischargeLimit: held.dischargeLimit, setpoint: held.setpoint,
            isManual: manualMode(s, i, at: now) != nil)
    }

    /// The operation mode that a person ordered for a session and that holds still, in the standard's word. `nil`: there is
    /// none.
    func manualMode(_ s: Int, _ i: Int, at now: Instant) -> String? {
        let session = stations[s].sessions[i]
        guard let one = stations[s].profiles?.picture[OCPP2Adapter.manualProfiles + session.evse.number],
            one.missingSince == nil, one.profile.transaction == session.transactionID, !one.profile.isOver(at: now),
            let profile = one.profile.chargingProfile(),
            let period = profile.period(at: now, transactionStart: session.startedAt)
        else { return nil }
        return V2.OperationMode(period.mode).name
    }
}

/// What others than us bound, in milliwatts over all phases; `nil`: nothing.
struct OutsideBounds {
    var limit: Int64?
    /// 0 or less.
    var dischargeLimit: Int64?
}

/// What a station's profiles add up to at an instant, in milliwatts over all phases.
struct HeldDirective: Hashable, Sendable {
    var mode: ChargingProfile.Mode
    /// `nil`: only the hardware limits it.
    var limit: Int64?
    /// 0 or less; `nil`: only hardware and vehicle limit it.
    var dischargeLimit: Int64?
    var setpoint: Int64?
    /// Of LocalFrequency.
    let response: FrequencyResponse?
    /// Of Idle.
    let sleeps: Bool
    let preconditions: Bool

    init(_ directive: PowerDirective) {
        response = directive.response
        sleeps = directive.sleeps
        preconditions = directive.preconditions
        mode = directive.mode
        limit = directive.limit?.milliwatts
        dischargeLimit = directive.dischargeLimit
        setpoint = directive.setpoint
    }

    /// In whole watts, as people and comparisons see it; without a limit of what cannot be reckoned with.
    var limits: TwoWayLimit {
        func power(_ milliwatts: Int64) -> Power { Power(watts: milliwatts / 1000) }
        return TwoWayLimit(
            mode: V2.OperationMode(mode).name, limit: limit.map(power), dischargeLimit: dischargeLimit.map(power),
            setpoint: setpoint.map(power), response: response, sleeps: sleeps, preconditions: preconditions)
    }

    /// Power that is there in addition lies on top of what is left (2.1 part 2 §3.6, LocalGeneration).
    func raised(by generation: Int64) -> HeldDirective {
        var raised = self
        raised.limit = limit.map { $0 + generation }
        return raised
    }

    /// The tighter of both in each direction (2.1 part 2 §3.6).
    func bounded(by others: OutsideBounds) -> HeldDirective {
        var bounded = self
        bounded.limit = [limit, others.limit].compactMap { $0 }.min()
        bounded.dischargeLimit = [dischargeLimit, others.dischargeLimit].compactMap { $0 }.max()
        bounded.setpoint = setpoint.map { value in
            value > 0 ? min(value, others.limit ?? value) : max(value, others.dischargeLimit ?? value)
        }
        return bounded
    }
}
