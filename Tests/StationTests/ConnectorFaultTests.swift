import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated stations: something is wrong with a connector") struct ConnectorFaultTests {
    private func settings(_ change: (inout StationSettings) -> Void = { _ in }) -> StationSettings {
        var settings = StationSettings(identity: "CP-1")
        change(&settings)
        return settings
    }

    private func events(_ b: Bench201) -> [String] {
        b.requests.flatMap { request -> [String] in
            guard case .notifyEvent(let notice) = request else { return [] }
            return notice.eventData.map { event in
                [
                    event.component.name, event.variable.name, event.actualValue, event.techCode,
                    event.cleared == true ? "cleared" : nil,
                ].compactMap { $0 }.joined(separator: " ")
            }
        }
    }

    private func statuses(_ b: Bench) -> [String] {
        b.requests.compactMap { request in
            guard case .statusNotification(let status) = request, status.connectorId == 1 else { return nil }
            return "\(status.status.name) \(status.errorCode.name) \(status.info == nil ? "" : "why")"
        }
    }

    // MARK: 1.6

    @Test func `1_6: a ground failure ends the transaction, is told with its code, and is over`() {
        var b = Bench(settings { $0.faults.failure = .init(.groundFailure) })
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        _ = b.newStory()
        b.run(for: .seconds(21))
        #expect(b.story.contains("stop 101 39 Other") && b.status == .faulted && b.station.power == .zero)
        #expect(statuses(b) == ["Faulted GroundFailure why"])
        b.run(for: .seconds(40))
        #expect(statuses(b).last == "Finishing NoError " && b.station.fault(connector: 1) == nil)
        b.feed(.plugOut(connector: 1))
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.run(for: .minutes(5))
        #expect(b.station.isCharging(connector: 1) && b.faults == [])
    }

    @Test func `1_6: while it lasts, nobody starts, reserves or unlocks`() {
        var b = Bench()
        b.feed(.fault(connector: 1, .groundFailure))
        #expect(statuses(b).last == "Faulted GroundFailure why")
        #expect(
            b.call(.reserveNow(.init(connectorId: 1, expiryDate: t0 + .seconds(600), idTag: "A", reservationId: 3)))
                == .reserveNow(.init(status: .faulted)))
        #expect(
            b.call(.remoteStartTransaction(.init(idTag: "A", connectorId: 1)))
                == .remoteStartTransaction(.init(status: .rejected)))
        #expect(b.call(.unlockConnector(.init(connectorId: 1))) == .unlockConnector(.init(status: .unlockFailed)))
        b.feed(.plugIn(connector: 1, .wanting(10), idTag: "A"))
        #expect(!b.station.isCharging(connector: 1))
        // Who waits is asked for when it is over.
        b.feed(.fault(connector: 1, nil))
        #expect(b.station.isCharging(connector: 1) && b.faults == [])
    }

    @Test func `1_6: heat suspends and reduces, with a code and without Faulted`() {
        var b = Bench(settings { $0.faults.failure = .init(.highTemperature) })
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        _ = b.newStory()
        b.run(for: .seconds(20))
        #expect(b.station.power == .zero && statuses(b) == ["SuspendedEVSE HighTemperature why"])
        b.run(for: .seconds(20))
        #expect(b.station.power == .watts(1760) && statuses(b).last == "Charging HighTemperature why")
        b.run(for: .seconds(20))
        #expect(b.station.power == .watts(7040) && statuses(b).last == "Charging NoError ")
        #expect(b.station.counts.transactionsEnded == 0)
    }

    // MARK: 2.0.1

    @Test func `2_0_1: a ground failure is an abnormal end, a status, and an alert until it is cleared`() {
        var b = Bench201(settings { $0.faults.failure = .init(.groundFailure) })
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        _ = b.newStory()
        b.run(for: .seconds(21))
        #expect(b.story.contains("Ended 2 AbnormalCondition EVConnected 39.1 GroundFault"))
        #expect(b.story.contains("1.1 Faulted"))
        #expect(events(b) == ["Connector Problem true GroundFailure"])
        func value(_ component: String, _ evse: Int?, _ connector: Int?, _ variable: String) -> String? {
            Dialect201().value(
                of: .init(component: component, evse: evse, connector: connector, variable: variable), in: b.station)
        }
        #expect(
            value("Connector", 1, 1, "Problem") == "true" && value("ChargingStation", nil, nil, "Problem") == "true")
        #expect(value("Connector", 1, 1, "AvailabilityState") == "Faulted")
        b.run(for: .seconds(40))
        #expect(
            events(b).last == "Connector Problem false cleared"
                && b.story.last { $0.hasPrefix("1.1") } == "1.1 Occupied")
        #expect(value("Connector", 1, 1, "Problem") == "false" && b.faults == [])
    }

    @Test func `2_0_1: what is asked of it is refused, a reservation of it ends`() {
        var b = Bench201()
        let reservation = V2.ReserveNowRequest(
            id: 7, expiryDateTime: t0 + .seconds(600), idToken: .init(idToken: "A", type: .central), evseId: 1)
        #expect(b.call(.reserveNow(reservation)) == .reserveNow(.init(status: .accepted)))
        b.feed(.fault(connector: 1, .groundFailure))
        b.run(for: .seconds(1))
        #expect(
            b.requests.contains {
                if case .reservationStatusUpdate(let told) = $0 {
                    told.reservationUpdateStatus == .removed
                } else {
                    false
                }
            })
        #expect(b.call(.reserveNow(reservation)) == .reserveNow(.init(status: .faulted)))
        let start = V2.Request.requestStartTransaction(
            .init(idToken: .init(idToken: "A", type: .central), remoteStartId: 5))
        #expect(b.call(start) == .requestStartTransaction(.init(status: .rejected)))
        #expect(
            b.call(.unlockConnector(.init(evseId: 1, connectorId: 1))) == .unlockConnector(.init(status: .unlockFailed))
        )
    }

    @Test func `2_0_1: heat is told by the sensor's own monitor, the transaction goes on`() {
        var b = Bench201(settings { $0.faults.failure = .init(.highTemperature) })
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        _ = b.newStory()
        b.run(for: .seconds(20))
        #expect(b.story.contains("Updated 2 ChargingStateChanged SuspendedEVSE"))
        #expect(
            events(b) == ["Connector Problem true HighTemperature", "TemperatureSensor Temperature 85"])
        b.run(for: .seconds(60))
        #expect(b.station.power == .watts(7040) && b.station.counts.transactionsEnded == 0)
        #expect(
            events(b).dropFirst(2) == ["TemperatureSensor Temperature 70 cleared", "Connector Problem false cleared"])
    }

    @Test func `a lock that fails keeps the plug and lets nobody begin until it is out`() {
        var b = Bench201(settings { $0.faults.unlockFails = true })
        b.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        b.feed(.stop(connector: 1))
        #expect(
            b.call(.unlockConnector(.init(evseId: 1, connectorId: 1))) == .unlockConnector(.init(status: .unlockFailed))
        )
        #expect(events(b) == ["ConnectorPlugRetentionLock Problem true ConnectorLockFailure"])
        #expect(b.status == .faulted)
        b.feed(.plugOut(connector: 1))
        #expect(b.status == .available)
        #expect(events(b).last == "ConnectorPlugRetentionLock Problem false cleared")
        var old = Bench(settings { $0.faults.unlockFails = true })
        old.feed(.plugIn(connector: 1, .wanting(60), idTag: "A"))
        #expect(old.call(.unlockConnector(.init(connectorId: 1))) == .unlockConnector(.init(status: .unlockFailed)))
        #expect(statuses(old).last == "Faulted ConnectorLockFailure why")
    }

    @Test func `a fault outlives a reboot and is told again`() {
        var b = Bench()
        b.feed(.fault(connector: 1, .groundFailure))
        _ = b.call(.reset(.init(type: .hard)))
        _ = b.newStory()
        b.run(for: .minutes(1))
        #expect(b.connections == 2 && statuses(b) == ["Faulted GroundFailure why"])
    }
}
