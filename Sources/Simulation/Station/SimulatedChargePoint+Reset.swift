import OCPP
import Quantities

// Reset of one EVSE (2.x B11, B12 with an EVSE): it alone goes down and comes back; the station neither reboots nor boots.
extension SimulatedChargePoint {
    enum ResetVerdict: Hashable, Sendable { case accepted, scheduled, rejected }

    mutating func reset(evse: Int, atOnce: Bool) -> ResetVerdict {
        let i = evse - 1
        guard connectors.indices.contains(i), settings.resetsSingleEVSEs else { return .rejected }
        guard atOnce || connectors[i].transaction == nil else {
            connectors[i].resetsWhenIdle = true
            return .scheduled
        }
        // The answer goes out before the EVSE goes down.
        schedule(.resetEVSE(evse, atOnce: atOnce), after: .seconds(1))
        return .accepted
    }

    mutating func takeDown(evse: Int, atOnce: Bool) {
        let i = evse - 1
        guard connectors.indices.contains(i), connectors[i].backAt == nil else { return }
        // Somebody was quicker: it waits again.
        guard atOnce || connectors[i].transaction == nil else {
            connectors[i].resetsWhenIdle = true
            return
        }
        if connectors[i].transaction != nil {
            endTransaction(evse, .hardReset)
            // Its driver did not end it: he is asked for again.
            connectors[i].isFinished = false
        }
        connectors[i].resetsWhenIdle = false
        connectors[i].remote = nil
        connectors[i].backAt = now + settings.rebootTime
    }

    /// EVSEs whose reset is over are as before: kept free, out of use, or ready for the vehicle that is still there.
    mutating func bringBack() {
        for i in connectors.indices {
            guard let due = connectors[i].backAt, due <= now else { continue }
            connectors[i].backAt = nil
            authorize(i)
        }
    }

    /// Resets that waited for the end of a transaction.
    mutating func resetIdle() {
        for i in connectors.indices where connectors[i].resetsWhenIdle && connectors[i].transaction == nil {
            connectors[i].resetsWhenIdle = false
            schedule(.resetEVSE(connectors[i].number, atOnce: false), after: .seconds(1))
        }
    }
}
