import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

/// A simulated cabinet for batteries (2.1 block S), and the button for priority charging (K22).
@Suite("Simulated charging station of 2.1: battery swap, priority") struct SwapStationTests {
    private static func battery(_ serial: String, _ permille: Int) -> SwapCabinet.Battery {
        .init(serial: serial, capacity: .kilowattHours(2), statePermille: permille)
    }

    private static func cabinet(_ slots: [SwapCabinet.Battery?], token: String = "") -> Bench21 {
        var settings = StationSettings(identity: "CAB-1")
        settings.connectors = slots.count
        var cabinet = SwapCabinet(slots: slots)
        cabinet.maxCharge = .kilowatts(1)
        cabinet.idToken = token
        settings.swap = cabinet
        return Bench21(settings)
    }

    private static func steps(_ b: Bench21) -> [String] {
        b.requests.compactMap { request in
            guard case .batterySwap(let swap) = request, let one = swap.batteryData.first else { return nil }
            return "\(swap.eventType.name) \(one.serialNumber) in \(one.evseId) for \(swap.idToken.idToken)"
        }
    }

    private static func numbers(_ b: Bench21) -> Set<Int> {
        Set(b.requests.compactMap { if case .batterySwap(let swap) = $0 { swap.requestId } else { nil } })
    }

    private static func ask(_ b: inout Bench21, _ number: Int = 7) -> String? {
        let asked = V2.Request.requestBatterySwap(
            .init(idToken: .init(idToken: "T", type: .central), requestId: number))
        guard case .requestBatterySwap(let answer)? = b.call(asked) else { return nil }
        return answer.statusInfo?.reasonCode ?? answer.status.name
    }

    @Test func `batteries charge from the moment they lie there, without a token, to their end`() throws {
        var b = Self.cabinet([Self.battery("A", 950), Self.battery("B", 300), nil])
        let starts = b.events.filter { $0.eventType == .started }
        #expect(starts.count == 2 && starts.allSatisfy { $0.triggerReason == .cablePluggedIn })
        #expect(starts.allSatisfy { $0.idToken?.type == .noAuthorization && $0.idToken?.idToken == "" })
        #expect(starts.allSatisfy { $0.transactionInfo.chargingState == .charging })
        b.run(for: .hours(3))
        let full = b.events.filter { $0.triggerReason == .energyLimitReached }
        #expect(full.count == 2 && full.allSatisfy { $0.transactionInfo.chargingState == .suspendedEVSE })
        let told = b.events.last { $0.triggerReason == .meterValuePeriodic }?.meterValue?.last?.sampledValue
        #expect(told?.first { $0.measurand == .soC }?.value == JSONDecimal(100))
        // They go on, so that energy could come back (S04.FR.06); a reboot begins them anew (FR.11).
        #expect(b.events.allSatisfy { $0.eventType != .ended })
        _ = b.call(.reset(.init(type: .immediate)))
        b.run(for: .minutes(1))
        #expect(b.events.count { $0.eventType == .started } == 4 && b.faults == [])
    }

    @Test func `somebody with a card changes a battery for the fullest, and the new one charges`() throws {
        var b = Self.cabinet(
            [Self.battery("A", 900), Self.battery("B", 950), nil, Self.battery("C", 100)], token: "OWN")
        _ = b.newStory()
        b.feed(.visit(SwapVisit(Self.battery("E", 120), idTag: "DRIVER")))
        b.run(for: .seconds(20))
        #expect(Self.steps(b) == ["BatteryIn E in 3 for DRIVER", "BatteryOut B in 2 for DRIVER"])
        #expect(Self.numbers(b).count == 1 && b.station.swaps == 1 && b.station.isSwapOver)
        let start = try #require(b.events.first { $0.eventType == .started })
        #expect(start.evse?.id == 3 && start.idToken?.idToken == "OWN" && start.idToken?.type == .central)
        let end = try #require(b.events.first { $0.eventType == .ended })
        #expect(end.transactionInfo.stoppedReason == .evDisconnected && end.triggerReason == .evCommunicationLost)
        #expect(b.station.status(connector: 2) == .available && b.station.status(connector: 3) == .charging)
        #expect(b.faults == [])
    }

    @Test func `who is not known, or comes when nothing is ready, goes as he came`() {
        var b = Self.cabinet([Self.battery("A", 900), nil])
        b.answer = { request, number in
            guard case .authorize = request else { return Words21.friendly(request, number) }
            return .authorize(.init(idTokenInfo: .init(status: .invalid)))
        }
        b.feed(.visit(SwapVisit(Self.battery("E", 120), idTag: "NOBODY")))
        b.run(for: .minutes(2))
        #expect(Self.steps(b) == [] && b.station.counts.refusals == 1 && b.station.isSwapOver)
        var empty = Self.cabinet([Self.battery("A", 500), nil])
        #expect(Self.ask(&empty) == "NoBatteryAvailable")
        empty.feed(.visit(SwapVisit(Self.battery("E", 120), idTag: "DRIVER")))
        empty.run(for: .minutes(2))
        #expect(Self.steps(empty) == [] && empty.station.isSwapOver)
    }

    @Test func `the central system lets somebody in, by its own number`() {
        var b = Self.cabinet([Self.battery("A", 900), nil])
        b.feed(.visit(SwapVisit(Self.battery("E", 120), idTag: nil)))
        b.run(for: .seconds(30))
        #expect(Self.ask(&b) == "Accepted")
        // One swap at a time.
        #expect(Self.ask(&b, 8) == "NoBatteryAvailable")
        b.run(for: .seconds(20))
        #expect(Self.steps(b) == ["BatteryIn E in 2 for T", "BatteryOut A in 1 for T"] && Self.numbers(b) == [7])
        // Nobody comes: what was allowed is over, and the next may ask.
        var late = Self.cabinet([Self.battery("A", 900), nil])
        #expect(Self.ask(&late) == "Accepted")
        late.run(for: .seconds(61))
        late.feed(.visit(SwapVisit(Self.battery("E", 120), idTag: nil)))
        late.run(for: .seconds(20))
        #expect(Self.steps(late) == [] && Self.ask(&late, 9) == "Accepted" && late.faults == [])
    }

    @Test func `a battery that nobody takes is told, and stays; news wait for the line`() {
        var b = Self.cabinet([Self.battery("A", 900), nil])
        var visit = SwapVisit(Self.battery("E", 120), idTag: "DRIVER")
        visit.takes = false
        b.feed(.visit(visit))
        b.run(for: .seconds(20))
        b.isReachable = false
        b.cut()
        b.run(for: .minutes(2))
        b.isReachable = true
        b.run(for: .minutes(6))
        #expect(Self.steps(b) == ["BatteryIn E in 2 for DRIVER", "BatteryOutTimeout A in 1 for DRIVER"])
        #expect(b.station.vehicle(connector: 1)?.serial == "A" && b.station.isSwapOver && b.faults == [])
    }

    // MARK: Priority

    @Test func `who presses the button charges at once, and the central system hears of it`() {
        var b = Bench21.charging()
        #expect(b.setpoint(-4000, duration: nil) == nil)
        b.run(for: .seconds(5))
        // Nothing is there for it (K22.FR.01).
        b.feed(.prioritize(connector: 1, true))
        b.run(for: .seconds(5))
        #expect(b.watts == -4000 && b.station.counts.refusals == 1)
        #expect(
            b.set(
                .v2x(
                    5, 0, [.init(startPeriod: 0, limit: JSONDecimal(15_000))], purpose: .priorityCharging,
                    kind: .absolute, transaction: nil)) == nil)
        // Without the line it changes all the same, and is told with the next connection.
        b.isReachable = false
        b.cut()
        b.feed(.prioritize(connector: 1, true))
        b.run(for: .seconds(5))
        #expect(b.watts == 15_000)
        b.isReachable = true
        b.run(for: .minutes(2))
        b.feed(.prioritize(connector: 1, false))
        b.run(for: .seconds(5))
        #expect(b.watts == -4000)
        let told = b.requests.compactMap { if case .notifyPriorityCharging(let n) = $0 { n.activated } else { nil } }
        #expect(told == [true, false] && b.faults == [])
    }
}
