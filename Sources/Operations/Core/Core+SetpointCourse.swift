import Charging
import Quantities

// What vehicles that are steered in both directions were told over time, kept so that people can hold what was measured
// against it.
extension Core {
    /// A point where the power to follow has changed since the last one that was kept.
    mutating func keepSetpoint(_ m: Int, _ e: Int, at now: Instant) {
        let evse = stations[m].evses[e]
        guard let i = stations[m].activeSession(on: evse.number),
            stations[m].sessions[i].v2x?.isBidirectional == true
        else {
            // The next session begins with a point of its own.
            if evse.steering.kept != nil { stations[m].evses[e].steering.kept = nil }
            return
        }
        let told = evse.steering.followed == nil ? nil : evse.dispatch?.confirmed
        let kept = KeptSetpoint(session: stations[m].sessions[i].id, power: told)
        guard evse.steering.kept != kept else { return }
        stations[m].evses[e].steering.kept = kept
        persist(.setpoint(SetpointPoint(evse: evse.id, session: kept.session, at: now, power: told)))
    }
}

/// The last ``SetpointPoint`` of an EVSE that was written down in this run.
struct KeptSetpoint: Hashable, Sendable {
    let session: Session.ID
    let power: Power?
}
