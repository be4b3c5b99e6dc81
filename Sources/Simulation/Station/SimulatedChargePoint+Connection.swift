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
        provedRoute()
        profiles.returned(at: clock)
        link = StationLink(role: .station, version: settings.version)
        if isAccepted, !dialect.bootsOnEachConnection || settings.faults.reconnectsWithoutBoot {
            scheduleHeartbeat()
            let threshold = configuration.number(.offlineThreshold)
            if threshold > 0, let lostAt, now - lostAt > .seconds(threshold) { reported.removeAll() }
            for i in connectors.indices { authorize(i) }
        } else {
            registration = nil
            boot()
        }
        lostAt = nil
    }

    mutating func disconnected() {
        guard isOn, powerAt == nil, link != nil || connectAt == nil else { return }
        if link == nil { failedRoute() }
        dropLink()
        // Doubling, with a random part so that a whole street does not come back at once.
        let wait = min(
            settings.reconnectWait * (1 << min(failedConnections, 10)), settings.longestReconnectWait)
        failedConnections += 1
        connectAt = now + wait + .milliseconds(Int64(random.unit() * Double(wait.wholeMilliseconds) / 2))
    }

    mutating func dropLink() {
        if var closing = link {
            // Whatever comes of it happens without a connection.
            link = nil
            lostAt = now
            profiles.lost(at: clock)
            var settled: [StationLink.Action] = []
            closing.handle(.closed, at: now.milliseconds, into: &settled)
            for case .completed(let token, let outcome) in settled {
                if let purpose = purposes.removeValue(forKey: token) { completed(purpose, outcome) }
            }
        }
        linkAt = nil
        bootAt = nil
        heartbeatAt = nil
        purposes.removeAll()
        watch.inFlight = 0
        queue.interrupted()
        security.forgetMessages(askingAt: now + signingWait)
        deferred.removeAll { item in
            if case .respond = item.what { return true }
            return false
        }
    }

    mutating func boot() { call(.boot(bootCause), .boot) }

    mutating func powerOff(_ stop: StopCause, _ boot: BootCause) {
        for connector in connectors where connector.transaction != nil { endTransaction(connector.number, stop) }
        if link != nil { actions.append(.disconnect) }
        // Whatever was asked is forgotten with the power.
        purposes.removeAll()
        dropLink()
        connectAt = nil
        decideAt = nil
        resetsWhenIdle = false
        for i in connectors.indices {
            connectors[i].resetsWhenIdle = false
            connectors[i].backAt = nil
        }
        deferred.removeAll()
        for i in transfers.indices where transfers[i].stage != .rebooting { transfers[i].stage = .waiting }
        registration = nil
        bootCause = boot
        note(.reset)
        reported.removeAll()
        // Only the station's maximum and the defaults outlive a reboot.
        profiles.clear(purpose: .transaction)
        gridCode?.controls.rebooted()
        desk?.lostPower()
        // Whoever limits it is still there, and the central system may have forgotten.
        if imposed.step == .imposed { imposed.isTold = false }
        powerAt = now + settings.rebootTime
    }

    mutating func powerOn() {
        adoptNetwork()
        note(.startup)
        connect()
        for i in connectors.indices where connectors[i].vehicle != nil {
            connectors[i].isFinished = false
            authorize(i)
        }
    }

    mutating func scheduleHeartbeat() {
        heartbeatAt = now + .seconds(max(1, configuration.number(.heartbeatInterval)))
    }
}
