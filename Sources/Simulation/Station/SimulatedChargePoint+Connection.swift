import OCPP
import OCPPMessages
import Quantities

/// Coming and going: sockets, boots, power.
extension SimulatedChargePoint {
    mutating func connected() {
        guard link == nil, powerAt == nil else { return }
        isOn = true
        connectAt = nil
        failedConnections = 0
        link = StationLink(role: .station, version: .v16)
        if !isAccepted || !settings.faults.reconnectsWithoutBoot {
            registration = nil
            boot()
        } else {
            scheduleHeartbeat()
            // Who came while nobody could be asked waits for the answer.
            for i in connectors.indices { authorize(i) }
        }
    }

    mutating func disconnected() {
        guard isOn, powerAt == nil, link != nil || connectAt == nil else { return }
        dropLink()
        // Doubling, with a random part so that a whole street does not come back at once.
        let wait = min(
            settings.reconnectWait * (1 << min(failedConnections, 10)), settings.longestReconnectWait)
        failedConnections += 1
        connectAt = now + wait + .milliseconds(Int64(random.unit() * Double(wait.wholeMilliseconds) / 2))
    }

    mutating func dropLink() {
        if link != nil { linkHandle(.closed) }
        link = nil
        linkAt = nil
        bootAt = nil
        heartbeatAt = nil
        purposes.removeAll()
        queue.interrupted()
        deferred.removeAll { item in
            if case .respond = item.what { return true }
            return false
        }
    }

    mutating func boot() {
        let request = V16.BootNotificationRequest(
            chargePointVendor: settings.vendor, chargePointModel: settings.model,
            chargePointSerialNumber: String(settings.identity.prefix(25)), firmwareVersion: settings.firmware)
        call(.bootNotification(request), .boot)
    }

    mutating func powerOff(_ reason: V16.Reason) {
        for connector in connectors where connector.transaction != nil { endTransaction(connector.number, reason) }
        if link != nil { actions.append(.disconnect) }
        // Whatever was asked is forgotten with the power.
        purposes.removeAll()
        dropLink()
        connectAt = nil
        decideAt = nil
        deferred.removeAll()
        registration = nil
        reported.removeAll()
        // Only the station's maximum and the defaults outlive a reboot.
        profiles.clear(purpose: .transaction)
        powerAt = now + settings.rebootTime
    }

    mutating func powerOn() {
        actions.append(.connect)
        for i in connectors.indices where connectors[i].vehicle != nil {
            connectors[i].isFinished = false
            authorize(i)
        }
    }

    mutating func scheduleHeartbeat() {
        heartbeatAt = now + .seconds(max(1, configuration.number("HeartbeatInterval")))
    }
}
