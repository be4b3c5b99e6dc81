import Charging
import GridDispatch
import Quantities

// Vehicles that say themselves what they need and how they mean to charge (ISO 15118: OCPP 2.x K15 to K17).
extension Core {
    /// Its needs count as stated ones, unless a person stated others; the limit goes out once more in any case, because the
    /// vehicle waits for it (K15.FR.07, K16.FR.12).
    mutating func needs(_ told: VehicleNeeds, _ s: Int, at now: Instant) -> NeedsAnswer {
        guard let i = stations[s].activeSession(on: told.evse) else { return .refused }
        if stations[s].sessions[i].needs.map({ $0.statedBy == Needs.vehicle }) ?? true {
            let session = stations[s].sessions[i]
            let delivered = max(.zero, session.imported - session.exported)
            stations[s].sessions[i].needs = Needs(
                departure: told.departure.flatMap { $0 > now ? $0 : nil }, energy: told.energy.map { delivered + $0 },
                minimum: nil, chargeNow: false, statedBy: Needs.vehicle, statedAt: now)
            if let e = stations[s].evse(told.evse) { stations[s].evses[e].outlook = nil }
            persist(.session(stations[s].sessions[i]))
            requestPlan(for: s, "needs", at: now)
            emit(.publish(.session(session.id)))
        }
        return limitAgain(told.evse, s, at: now) ? .limitFollows : .noLimit
    }

    /// - Returns: whether it stays within the transaction limit that holds, where one does. If not, a limit goes out once
    ///   more (K15.FR.13).
    mutating func judge(_ told: VehicleSchedule, _ s: Int, at now: Instant) -> Bool {
        guard let site = stations[s].station.site.flatMap({ siteIndex[$0] }), let e = stations[s].evse(told.evse),
            let i = stations[s].activeSession(on: told.evse),
            let held = sites[site].dispatcher.heldLimits(of: stations[s].evses[e].id)
        else { return true }
        let form = stations[s].limitForm
        let fits = held.allows(
            told.reported(voltage: form.voltage, phases: form.phases), of: stations[s].sessions[i].id.value, at: now,
            tolerance: Power(watts: Int64(form.voltage * form.phases) / 5))
        if !fits { _ = limitAgain(told.evse, s, at: now) }
        return fits
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
        guard let covered = told.map(\.until).max() else { return true }
        for (step, next) in zip(schedule.steps, schedule.steps.dropFirst().map(\.start) + [schedule.span.end]) {
            // What may hold only becomes less as time passes: the end of the step binds it most.
            let end = min(next, schedule.span.end, covered)
            guard max(step.start, now) < end else { continue }
            let limit = told.filter { $0.until >= end }.map(\.limit).max() ?? step.limit
            if step.limit > limit + tolerance { return false }
        }
        return true
    }
}
