import OCPP
import OCPPMessages
import Quantities

// Dynamic profiles (2.1 K28): new values pushed by the central system or asked for; and what is left of profiles without it.
extension SimulatedChargePoint {
    /// New values of a Dynamic profile hold at once, and its time begins anew.
    /// - Returns: `false`: there is no such profile (K28.FR.11).
    mutating func update(profile id: Int, by update: V2.ChargingScheduleUpdate) -> Bool {
        guard let entry = profiles.entries.first(where: { $0.profile.id == id }),
            let updated = entry.profile.updated(
                limit: update.limit, dischargeLimit: update.dischargeLimit, setpoint: update.setpoint, at: clock)
        else { return false }
        // One that is dead stays so: only a new profile takes its place.
        profiles.refresh(updated)
        planPull(updated)
        return true
    }

    /// When the central system is asked for new values (K28.FR.10).
    mutating func planPull(_ profile: ChargingProfile) {
        guard profile.kind == .dynamic, let interval = profile.updateInterval, interval > 0 else {
            pulls[profile.id] = nil
            return
        }
        pulls[profile.id] = now + .seconds(interval)
    }

    mutating func playPulls() {
        for (id, due) in pulls where due <= now {
            guard let profile = profiles.entries.first(where: { $0.profile.id == id })?.profile else {
                pulls[id] = nil
                continue
            }
            planPull(profile)
            if link != nil, isAccepted, !isUnderWay(.pull(id)) { call(.pull(profile: id), .pull(id)) }
        }
    }

    /// What the central system says to that; a refusal changes nothing, the profile runs out by itself.
    mutating func pulled(_ id: Int, _ answer: [UInt8]?) {
        guard let update = answer.flatMap({ dialect.scheduleUpdate($0) }) else { return }
        _ = self.update(profile: id, by: update)
    }

    // MARK: Losing the connection for a while

    mutating func awaitOutage() {
        guard let plan = settings.faults.outage, outageAt == nil, !hadOutage else { return }
        outageAt = now + plan.after
    }

    mutating func playOutage() {
        guard let due = outageAt, due <= now, let plan = settings.faults.outage else { return }
        outageAt = nil
        hadOutage = true
        guard link != nil else { return }
        actions.append(.disconnect)
        disconnected()
        connectAt = now + plan.length
    }
}
