import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charging station of 2.1: energy both ways") struct BothWaysTests {
    // MARK: The session

    @Test func `a vehicle that may give back says what it needs, waits, and follows what it is told`() throws {
        var b = Bench21.charging()
        let start = try #require(b.events.first)
        #expect(start.idToken?.additionalInfo?.first?.additionalIdToken == "0200000000A1")
        #expect(start.idToken?.additionalInfo?.first?.type == "EVCCID")
        let needs = try #require(b.needs.first)
        #expect(needs.requestedEnergyTransfer == .dcBPT && needs.availableEnergyTransfer == [.dc, .dcBPT])
        #expect(needs.controlMode == .dynamicControl && needs.departureTime == t0 + .hours(8))
        // 50 %, wants 80 %, at least 30 %, of 60 kWh.
        let told = needs.v2xChargingParameters
        #expect(
            told?.evTargetEnergyRequest == JSONDecimal(18_000) && told?.evMinV2XEnergyRequest == JSONDecimal(-12_000))
        #expect(told?.maxDischargePower == JSONDecimal(20_000) && told?.targetSoC == 80)
        b.run(for: .seconds(30))
        #expect(b.watts == 0 && b.status == .suspendedEVSE)
        #expect(b.setpoint(-10_000) == nil)
        b.run(for: .seconds(2))
        #expect(b.watts == -10_000 && b.status == .charging)
        b.run(for: .seconds(28))
        b.feed(.stop(connector: 1))
        let last = try #require(b.events.last?.meterValue?.last?.sampledValue)
        #expect(
            last.map { $0.measurand?.name } == [
                "Energy.Active.Import.Register", "Energy.Active.Export.Register", "SoC",
            ])
        // 10 kW for 29 s or so: 80 Wh.
        #expect((79...81).contains(last[1].value.whole ?? Int(last[1].value.double)))
        #expect(b.faults == [])
    }

    @Test func `who was not allowed only charges, until it is`() throws {
        var b = Bench21.charging()
        b = Bench21(b.station.settings)
        b.answer = { request, number in Words201.friendly(request, tag: .accepted) }
        b.feed(.plugIn(connector: 1, SimulatedVehicle(.half), idTag: "A"))
        #expect(b.needs.map(\.requestedEnergyTransfer) == [.dc])
        #expect(b.setpoint(-8000) == nil)
        b.run(for: .seconds(5))
        #expect(b.watts == 40)  // ready, and not allowed
        let transaction = try #require(b.transaction)
        let allowed = V2.Request.notifyAllowedEnergyTransfer(
            .init(transactionId: transaction, allowedEnergyTransfer: [.dc, .dcBPT]))
        #expect(b.call(allowed) == .notifyAllowedEnergyTransfer(.init(status: .accepted)))
        b.run(for: .seconds(5))
        #expect(b.needs.map(\.requestedEnergyTransfer) == [.dc, .dcBPT] && b.watts == -8000)
        // And back again, at once.
        _ = b.call(
            .notifyAllowedEnergyTransfer(.init(transactionId: transaction, allowedEnergyTransfer: [.dc])))
        #expect(b.watts == 40)
        let unknown = V2.Request.notifyAllowedEnergyTransfer(
            .init(transactionId: "nobody", allowedEnergyTransfer: [.dc]))
        #expect(b.call(unknown) == .notifyAllowedEnergyTransfer(.init(status: .rejected)))
        #expect(b.faults == [])
    }

    @Test(arguments: [false, true]) func `a refused transfer ends the transaction, or is asked for anew`(anew: Bool) {
        var evse = BidirectionalEVSE()
        evse.renegotiates = anew
        var b = Bench21(Bench21.charging(evse: evse).station.settings)
        b.answer = { request, number in
            if case .notifyEVChargingNeeds(let told) = request, told.chargingNeeds.requestedEnergyTransfer == .dcBPT {
                return .notifyEVChargingNeeds(.init(status: .rejected))
            }
            return Words21.friendly(request, number)
        }
        b.feed(.plugIn(connector: 1, SimulatedVehicle(.half), idTag: "A"))
        b.run(for: .seconds(2))
        #expect(b.needs.map(\.requestedEnergyTransfer) == (anew ? [.dcBPT, .dc] : [.dcBPT]))
        let end = b.events.first { $0.eventType == .ended }
        #expect(end?.transactionInfo.stoppedReason == (anew ? nil : .reqEnergyTransferRejected))
        #expect(end?.triggerReason == (anew ? nil : .abnormalCondition) && b.faults == [])
    }

    @Test func `without an answer in two seconds, or a profile in a minute, the default holds`() {
        let standard = V2.ChargingProfile.v2x(
            9, 0, [.init(startPeriod: 0, limit: JSONDecimal(5000))], purpose: .txDefaultProfile, kind: .absolute,
            transaction: nil)
        for (answers, seconds) in [
            (V2.NotifyEVChargingNeedsStatus?.none, 2), (.processing, 60), (.noChargingProfile, 0),
        ] {
            var b = Bench21(Bench21.charging().station.settings)
            #expect(b.set(standard) == nil)
            b.answer = { request, number in
                guard case .notifyEVChargingNeeds = request else { return Words21.friendly(request, number) }
                return answers.map { .notifyEVChargingNeeds(.init(status: $0)) }
            }
            b.feed(.plugIn(connector: 1, SimulatedVehicle(.half), idTag: "A"))
            if seconds > 0 {
                b.run(for: .milliseconds(Int64(seconds) * 1000 - 1))
                #expect(b.watts == 0, "\(seconds)")
            }
            b.run(for: .seconds(2))
            #expect(b.watts == 5000 && b.faults == [], "\(seconds)")
        }
    }

    @Test func `whoever leaves earlier, or wants more, says so in the middle`() {
        var b = Bench21.charging()
        #expect(b.setpoint(-10_000, duration: nil) == nil)
        b.run(for: .minutes(6))
        b.feed(.replan(connector: 1, departure: t0 + .hours(2), targetPermille: 900))
        b.run(for: .seconds(1))
        #expect(b.needs.map(\.departureTime) == [t0 + .hours(8), t0 + .hours(2)])
        // 50 % less 1 kWh and what was lost on the way, to 90 % of 60 kWh.
        let target = b.needs.last?.v2xChargingParameters?.evTargetEnergyRequest?.whole ?? 0
        #expect((25_050...25_090).contains(target), "\(target)")
        #expect(b.watts == -10_000 && b.faults == [])
    }

    @Test func `a vehicle with a schedule of its own tells it`() {
        var vehicle = BidirectionalVehicle.half
        vehicle.control = .scheduled
        vehicle.offersEnergy = true
        var b = Bench21.charging(vehicle)
        #expect(b.needs.first?.controlMode == .scheduledControl)
        #expect(
            b.needs.first?.evEnergyOffer?.evPowerSchedule.evPowerScheduleEntries.first?.power == JSONDecimal(-20_000))
        #expect(
            b.set(
                .v2x(
                    1, 1,
                    [
                        .init(startPeriod: 0, setpoint: JSONDecimal(-6000), operationMode: .centralSetpoint),
                        .init(startPeriod: 1800, setpoint: JSONDecimal(9000), operationMode: .centralSetpoint),
                    ], kind: .absolute, transaction: b.transaction)) == nil)
        b.run(for: .seconds(3))
        let plans = b.requests.compactMap { if case .notifyEVChargingSchedule(let plan) = $0 { plan } else { nil } }
        #expect(
            plans.first?.chargingSchedule.chargingSchedulePeriod.map(\.setpoint) == [
                JSONDecimal(-6000), JSONDecimal(9000),
            ])
        b.run(for: .minutes(31))
        #expect(b.watts == 9000 && b.faults == [])
    }

    @Test func `a new schedule takes the time of a negotiation, but less is let flow at once`() {
        var vehicle = BidirectionalVehicle.half
        vehicle.control = .scheduled
        vehicle.negotiation = .seconds(20)
        var b = Bench21.charging(vehicle)
        func told(_ watts: Int) -> String? {
            b.set(
                .v2x(
                    1, 1, [.init(startPeriod: 0, setpoint: JSONDecimal(watts), operationMode: .centralSetpoint)],
                    kind: .absolute, transaction: b.transaction))
        }
        func plans() -> Int {
            b.requests.count { if case .notifyEVChargingSchedule = $0 { true } else { false } }
        }
        #expect(told(5000) == nil)
        b.run(for: .seconds(22))
        #expect(b.watts == 5000 && plans() == 1)
        #expect(told(-6000) == nil)
        b.run(for: .seconds(10))
        #expect(b.watts == 40 && plans() == 1, "it stops charging, and does not give yet: only its standby flows")
        b.run(for: .seconds(12))
        #expect(b.watts == -6000 && plans() == 2)
        #expect(told(-2000) == nil)
        b.run(for: .seconds(2))
        #expect(b.watts == -2000)
        #expect(told(-9000) == nil)
        b.run(for: .seconds(18))
        #expect(b.watts == -2000)
        b.run(for: .seconds(4))
        #expect(b.watts == -9000 && b.faults == [])
    }

    // MARK: Energy

    @Test func `registers are the integral of power, and the battery what is left of it`() {
        for seed in 0..<12 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var b = Bench21.charging()
            let before = b.station.vehicle(connector: 1)!.stored
            #expect(b.setpoint(0, duration: nil) == nil)
            // Orders and their steps lie on tenths of a second, so what flows now has done so for one; mW·ms.
            var (inward, outward) = (Int64(0), Int64(0))
            for _ in 0..<12 {
                _ = b.update(Int(random.next() % 40_001) - 20_000)
                for _ in 0..<(10 + Int(random.next() % 200)) {
                    let flowing = b.watts * 100_000
                    b.run(for: .milliseconds(100))
                    if flowing > 0 { inward += flowing } else { outward -= flowing }
                }
            }
            b.feed(.wake)
            let station = b.station
            let imported = station.register(connector: 1)!.milliwattHours
            let exported = station.exported(connector: 1)!.milliwattHours
            #expect(imported == inward / 3_600_000 && exported == outward / 3_600_000, "seed \(seed)")
            let stored = (station.vehicle(connector: 1)!.stored - before).milliwattHours
            #expect(imported > 0 && exported > 0, "seed \(seed)")
            // In through 97 % and 96 %, out likewise; standby takes a little more.
            let most = imported * 97 * 96 / 10_000 - exported * 10_000 / 97 / 96
            #expect(stored <= most + 2 && stored >= most - 5000, "seed \(seed): \(stored) of \(most)")
            #expect(b.faults == [], "seed \(seed)")
        }
    }

    @Test func `a meter counts each direction by itself, exactly`() {
        var b = Bench21.charging()
        #expect(b.setpoint(-12_000, duration: nil) == nil)
        b.run(for: .seconds(5))
        b.feed(.wake)
        let (in0, out0) = (b.station.register(connector: 1)!, b.station.exported(connector: 1)!)
        b.run(for: .minutes(45))
        b.feed(.wake)
        #expect((b.station.exported(connector: 1)! - out0).milliwattHours == 9_000_000)
        #expect(b.station.register(connector: 1)! == in0)
        #expect(b.update(7200) == .accepted)
        b.run(for: .seconds(5))
        b.feed(.wake)
        let in1 = b.station.register(connector: 1)!
        b.run(for: .minutes(30))
        b.feed(.wake)
        #expect((b.station.register(connector: 1)! - in1).milliwattHours == 3_600_000)
    }

    @Test func `the driver's minimum ends giving back; the target ends charging by a limit`() {
        var b = Bench21.charging()
        #expect(b.setpoint(-20_000, duration: nil) == nil)
        b.run(for: .hours(1))
        let vehicle = b.station.vehicle(connector: 1)!
        #expect(vehicle.cell.statePermille == 300 && vehicle.stored >= .kilowattHours(18) - Energy(milliwattHours: 200))
        #expect(b.watts == 40 && b.status == .suspendedEV)
        #expect(
            b.set(
                .v2x(
                    1, 2, [.init(startPeriod: 0, limit: JSONDecimal(20_000))], kind: .absolute,
                    transaction: b.transaction)) == nil)
        b.run(for: .hours(4))
        #expect(b.station.vehicle(connector: 1)!.cell.statePermille == 800 && b.watts == 0)
        // Told to, it takes more than the driver wants, up to full.
        #expect(b.setpoint(20_000, duration: nil) == nil)
        b.run(for: .hours(4))
        #expect(b.station.vehicle(connector: 1)!.cell.isFull && b.watts == 40 && b.faults == [])
    }

    // MARK: Faults

    @Test func `stations that do not as they are told`() {
        var b = Bench21.charging { $0.faults.followsPermille = 600 }
        #expect(b.setpoint(-10_000) == nil)
        b.run(for: .seconds(5))
        #expect(b.watts == -6000 && b.station.setpoint(connector: 1) == .watts(-10_000))
        b = Bench21.charging { $0.faults.neverDischarges = true }
        #expect(b.setpoint(-10_000) == nil)
        b.run(for: .seconds(5))
        #expect(b.watts == 40)
        b = Bench21.charging { $0.faults.rampPermille = 20 }
        #expect(b.setpoint(-10_000) == nil)
        b.run(for: .milliseconds(5400))
        #expect(b.watts == -2000)
        b = Bench21.charging { $0.faults.refusesSetpoints = true }
        #expect(b.setpoint(-10_000) == "UnsupportedParam")
        b = Bench21.charging { $0.faults.answersAfter = .seconds(8) }
        let profile = V2.ChargingProfile.v2x(
            1, 1, [.init(startPeriod: 0, setpoint: JSONDecimal(-4000), operationMode: .centralSetpoint)],
            transaction: b.transaction)
        let token = b.order(.setChargingProfile(.init(evseId: 1, chargingProfile: profile)))
        b.run(for: .milliseconds(7999))
        #expect(b.outcomes[token] == nil)
        b.run(for: .milliseconds(1))
        #expect(b.outcomes[token] != nil)
        b = Bench21.charging { $0.faults.meterIsSilent = true }
        b.run(for: .minutes(3))
        #expect(b.events.allSatisfy { $0.meterValue == nil } && b.faults == [])
    }

    @Test func `a station that is lost for a while falls back and returns`() {
        var b = Bench21.charging { $0.faults.outage = .init(after: .seconds(10), length: .seconds(100)) }
        #expect(
            b.set(
                .v2x(
                    9, 0, [.init(startPeriod: 0, limit: JSONDecimal(3000))], purpose: .txDefaultProfile,
                    kind: .absolute, transaction: nil)) == nil)
        #expect(b.setpoint(-10_000, duration: 3600, maxOffline: 30) == nil)
        b.run(for: .seconds(9))
        #expect(b.watts == -10_000 && b.isUp)
        b.run(for: .seconds(30))
        #expect(b.watts == -10_000 && !b.isUp)
        b.run(for: .seconds(3))
        #expect(b.watts == 3000)
        b.run(for: .seconds(70))
        #expect(b.isUp && b.watts == -10_000)
    }
}
