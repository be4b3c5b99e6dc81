import Charging
import GridDispatch
import Quantities

// Vehicles that say themselves what they need and how they mean to charge (ISO 15118: OCPP 2.x K15 to K17).
extension Core {
    /// Its needs count as stated ones, unless a person stated others; the limit goes out once more in any case, because the
    /// vehicle waits for it (K15.FR.07, K16.FR.12).
    mutating func needs(_ told: VehicleNeeds, _ s: Int, at now: Instant) -> NeedsAnswer {
        guard let i = stations[s].activeSession(on: told.evse) else { return .refused(.noTransaction) }
        if stations[s].version == .v21, let why = hear(told, s, i, at: now) {
            sessionChanged(s, i, "needs", at: now)
            return .refused(why)
        }
        let by = stations[s].sessions[i].needs?.statedBy
        if by == nil || by == Needs.vehicle || by == Needs.priority {
            let session = stations[s].sessions[i]
            let delivered = max(.zero, session.imported - session.exported)
            let energy = session.v2x?.wish ?? told.energy.map { delivered + $0 }
            stations[s].sessions[i].needs = Needs(
                departure: told.departure.flatMap { $0 > now ? $0 : nil }, energy: energy,
                minimum: session.v2x?.leastWish(of: energy),
                chargeNow: session.dialogue?.hasPriority ?? false, statedBy: Needs.vehicle, statedAt: now)
            sessionChanged(s, i, "needs", at: now)
        } else if told.offer != nil {
            sessionChanged(s, i, "needs", at: now)
        }
        guard limitAgain(told.evse, s, at: now) else { return .noLimit }
        // What waits for the station already may take longer than the vehicle waits for its limit.
        return stations[s].lane.count > Self.promptCalls ? .limitComes : .limitFollows
    }

    private static let promptCalls = 2

    /// - Returns: whether it stays within the transaction limit that holds, where one does. If not, a limit goes out once
    ///   more (K15.FR.13).
    mutating func judge(_ told: VehicleSchedule, _ s: Int, at now: Instant) -> Bool {
        let fits = chargesWithin(told, s, at: now) && givesBackWithin(told, s, at: now)
        if stations[s].version == .v21 { keep(told, fits: fits, s, at: now) }
        if !fits { _ = limitAgain(told.evse, s, at: now) }
        return fits
    }

    private func chargesWithin(_ told: VehicleSchedule, _ s: Int, at now: Instant) -> Bool {
        guard let site = stations[s].station.site.flatMap({ siteIndex[$0] }), let e = stations[s].evse(told.evse),
            let i = stations[s].activeSession(on: told.evse),
            let held = sites[site].dispatcher.heldLimits(of: stations[s].evses[e].id)
        else { return true }
        let form = stations[s].limitForm
        return held.allows(
            told.reported(voltage: form.voltage, phases: form.phases), of: stations[s].sessions[i].id.value, at: now,
            tolerance: Power(watts: Int64(form.voltage * form.phases) / 5))
    }

    /// As long as what holds now goes on to hold; who only charges gives nothing back.
    private func givesBackWithin(_ told: VehicleSchedule, _ s: Int, at now: Instant) -> Bool {
        guard let held = directives(s, evse: told.evse) else { return true }
        let form = stations[s].limitForm
        let tolerance = Int64(form.voltage * form.phases) / 5
        let mode = held(now).mode
        for step in told.reported(voltage: form.voltage, phases: form.phases).steps where step.limit < .zero {
            let at = max(step.start, now)
            let then = held(at)
            // Who follows a setpoint gives back what that says, and nothing while it charges.
            guard then.mode == mode, let least = then.dischargeLimit ?? then.setpoint.map({ min(0, $0) }) else {
                continue
            }
            if step.limit.watts < least / 1000 - tolerance { return false }
        }
        return true
    }

    private mutating func keep(_ told: VehicleSchedule, fits: Bool, _ s: Int, at now: Instant) {
        guard let i = stations[s].activeSession(on: told.evse) else { return }
        let form = stations[s].limitForm
        var dialogue = stations[s].sessions[i].dialogue ?? VehicleDialogue()
        dialogue.course = VehicleCourse(
            selected: told.selected, keepsTolerance: told.keepsTolerance, start: told.start,
            steps: told.reported(voltage: form.voltage, phases: form.phases).steps.map {
                VehicleCourse.Step(
                    seconds: Int(($0.start - told.start).components.seconds), watts: $0.limit.watts)
            }, fits: fits, at: now)
        stations[s].sessions[i].dialogue = dialogue
        sessionChanged(s, i, nil, at: now)
    }

    /// At the next step of the dispatcher, so that the station has its answer before.
    private mutating func limitAgain(_ evse: Int, _ s: Int, at now: Instant) -> Bool {
        guard let site = stations[s].station.site.flatMap({ siteIndex[$0] }), let e = stations[s].evse(evse),
            stations[s].commissioning?.verdict != .doesNotFollow
        else { return false }
        sites[site].dispatcher.ask(again: stations[s].evses[e].id)
        emit(.wake(at: now))
        return true
    }
}

extension HeldLimits {
    /// Whether a vehicle that charges by `schedule` stays within what it was told of its transaction. The most lenient of
    /// what may hold counts; beyond its end nothing was promised.
    func allows(_ schedule: ReportedSchedule, of session: String, at now: Instant, tolerance: Power) -> Bool {
        let told = setpoints.filter { $0.session == session && $0.until > now }
        // Both sides tell ends in whole seconds, each rounding by itself.
        guard let covered = told.map({ $0.until - .seconds(2) }).max() else { return true }
        for (step, next) in zip(schedule.steps, schedule.steps.dropFirst().map(\.start) + [schedule.span.end]) {
            // What may hold only becomes less as time passes: the end of the step binds it most.
            let end = min(next, schedule.span.end, covered)
            guard max(step.start, now) < end else { continue }
            // Below 0 it gives back: it may also rest.
            let limit = told.filter { $0.until >= end }.map { max(.zero, $0.limit) }.max() ?? step.limit
            if step.limit > limit + tolerance { return false }
        }
        return true
    }
}
