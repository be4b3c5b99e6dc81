import OCPP
import OCPPMessages
import Quantities
import Testing

@testable import Simulation

@Suite("Simulated charging station of 2.1: profiles") struct V2XProfileTests {
    private static let setpoint = V2.ChargingSchedulePeriod(
        startPeriod: 0, setpoint: JSONDecimal(-4000), operationMode: .centralSetpoint)
    private static let curve = [
        V2.V2XFreqWattPoint(frequency: JSONDecimal("49.8")!, power: JSONDecimal(-10_000)),
        V2.V2XFreqWattPoint(frequency: JSONDecimal("50.2")!, power: JSONDecimal(10_000)),
    ]
    private static func droop(_ signal: [V2.V2XSignalWattPoint]? = nil) -> V2.ChargingSchedulePeriod {
        .init(
            startPeriod: 0, v2xBaseline: JSONDecimal(1000), operationMode: .localFrequency, v2xFreqWattCurve: curve,
            v2xSignalWattCurve: signal)
    }

    // MARK: Dynamic

    @Test func `a dead-man ends a setpoint to the second, and an update revives it`() {
        var b = Bench21.charging()
        #expect(b.setpoint(-10_000, duration: 30) == nil)
        b.run(for: .milliseconds(29_999))
        #expect(b.watts == -10_000 && b.station.mode(connector: 1) == .centralSetpoint)
        b.run(for: .milliseconds(1))
        // What is ordered changes there and then; power follows at its ramp.
        #expect(b.station.mode(connector: 1) == .chargingOnly && b.station.setpoint(connector: 1) == nil)
        b.run(for: .seconds(2))
        #expect(b.watts == 20_000)
        #expect(b.update(-5000) == .accepted)
        b.run(for: .milliseconds(29_999))
        #expect(b.watts == -5000)
        #expect(b.update(4000) == .accepted)
        b.run(for: .seconds(29))
        #expect(b.watts == 4000)
        b.run(for: .seconds(1))
        #expect(b.station.setpoint(connector: 1) == nil)
        #expect(
            b.events.compactMap(\.transactionInfo.operationMode)
                == [.centralSetpoint, .chargingOnly, .centralSetpoint, .chargingOnly])
        #expect(b.update(1, id: 77) == .rejected && b.faults == [])
    }

    @Test func `the dead-man is kept whatever the seed, and never by power of its own`() {
        for seed in 0..<60 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let duration = 5 + Int(random.next() % 120)
            var b = Bench21.charging()
            #expect(b.setpoint(-1000 * (1 + Int(random.next() % 20)), duration: duration) == nil)
            b.run(for: .milliseconds(Int64(random.next() % UInt64(duration * 1000))))
            _ = b.update(-1000 * (1 + Int(random.next() % 20)))
            b.cut()
            b.isReachable = false
            b.run(for: .seconds(duration) + .seconds(2))
            #expect(b.watts >= 0, "seed \(seed)")
        }
    }

    @Test func `new values are asked for as often as the profile says`() {
        var b = Bench21.charging()
        b.answer = { request, number in
            guard case .pullDynamicScheduleUpdate(let pull) = request else { return Words21.friendly(request, number) }
            return .pullDynamicScheduleUpdate(
                .init(
                    status: pull.chargingProfileId == 1 ? .accepted : .rejected,
                    scheduleUpdate: .init(setpoint: JSONDecimal(-7000))))
        }
        #expect(b.setpoint(2000, duration: 60, pullEvery: 20) == nil)
        b.run(for: .seconds(19))
        #expect(b.watts == 2000)
        b.run(for: .seconds(4))
        #expect(b.watts == -7000)
        b.run(for: .minutes(5))
        #expect(b.watts == -7000)
        let pulls = b.requests.count { if case .pullDynamicScheduleUpdate = $0 { true } else { false } }
        #expect(pulls == 16 && b.faults == [])
    }

    // MARK: Modes

    @Test func `power follows the frequency of the grid and the signal of its operator`() {
        var b = Bench21.charging()
        let signal = [
            V2.V2XSignalWattPoint(signal: -100, power: JSONDecimal(-2000)),
            V2.V2XSignalWattPoint(signal: 100, power: JSONDecimal(2000)),
        ]
        let rejected = V2.Response.afrrSignal(
            .init(status: .rejected, statusInfo: .init(reasonCode: "NoSignalWattCurve")))
        #expect(b.call(.afrrSignal(.init(timestamp: b.now, signal: 50))) == rejected)
        #expect(b.set(.v2x(1, 1, [Self.droop(signal)], kind: .absolute, transaction: b.transaction)) == nil)
        var seen = StationSurroundings()
        for (millihertz, watts) in [(50_000, 1000), (49_960, -1000), (49_953, -1000), (50_300, 11_000)]
            as [(Int64, Int64)]
        {
            seen.millihertz = millihertz
            b.feed(.surroundings(seen))
            b.run(for: .seconds(5))
            // 7 mHz are below the threshold of 10.
            #expect(b.watts == watts, "\(millihertz)")
        }
        #expect(
            b.call(.afrrSignal(.init(timestamp: b.now + .seconds(10), signal: 50)))
                == .afrrSignal(.init(status: .accepted)))
        b.run(for: .seconds(9))
        #expect(b.watts == 11_000)
        b.run(for: .seconds(5))
        #expect(b.watts == 12_000 && b.faults == [])
    }

    @Test func `a recorded frequency is an input like any other`() {
        var b = Bench21.charging {
            $0.frequency = GridFrequency([
                .init(at: t0 + .seconds(60), millihertz: 49_900), .init(at: t0 + .seconds(120), millihertz: 50_100),
            ])
        }
        #expect(b.set(.v2x(1, 1, [Self.droop()], kind: .absolute, transaction: b.transaction)) == nil)
        for (seconds, watts) in [(59, 1000), (65, -4000), (119, -4000), (125, 6000)] as [(Int, Int64)] {
            b.run(for: t0 + .seconds(seconds) - b.now)
            #expect(b.watts == watts, "\(seconds)")
        }
    }

    @Test func `the meter upstream is kept between its thresholds`() {
        var evse = BidirectionalEVSE()
        evse.loadBand = .init(lower: -2000, upper: 10_000)
        var b = Bench21.charging(evse: evse)
        #expect(
            b.set(
                .v2x(
                    1, 1,
                    [
                        .init(
                            startPeriod: 0, limit: JSONDecimal(6000), dischargeLimit: JSONDecimal(-8000),
                            operationMode: .localLoadBalancing)
                    ], kind: .absolute, transaction: b.transaction)) == nil)
        var seen = StationSurroundings()
        // What everybody else draws, and what the vehicle then does.
        for (load, watts) in [
            (5000, 40), (14_000, -4000), (12_000, -4000), (30_000, -8000), (-5000, 3000), (-20_000, 6000),
        ] as [(Int64, Int64)] {
            seen.load = .watts(load)
            b.feed(.surroundings(seen))
            b.run(for: .seconds(5))
            #expect(b.watts == watts, "\(load)")
        }
        #expect(b.faults == [])
    }

    @Test func `an energy manager beside the station names values where a profile leaves them to it`() {
        var b = Bench21.charging()
        #expect(
            b.set(
                .v2x(
                    1, 1, [.init(startPeriod: 0, operationMode: .externalSetpoint)], transaction: b.transaction,
                    duration: 60)) == nil)
        var seen = StationSurroundings()
        seen.external = .setpoint(.watts(-3500))
        b.feed(.surroundings(seen))
        b.run(for: .seconds(30))
        #expect(b.watts == -3500 && b.station.mode(connector: 1) == .externalSetpoint)
        // Without new values that is over too (Q05.FR.07).
        b.run(for: .seconds(32))
        #expect(b.watts > 0)
        seen.external = .setpoint(.watts(-1000))
        b.feed(.surroundings(seen))
        b.run(for: .seconds(5))
        #expect(b.watts == -1000)
        #expect(
            b.set(
                .v2x(
                    1, 1, [.init(startPeriod: 0, operationMode: .externalLimits)], transaction: b.transaction)) == nil)
        seen.external = .limits(charge: .watts(2500), discharge: .watts(-1))
        b.feed(.surroundings(seen))
        b.run(for: .seconds(5))
        #expect(b.watts == 2500 && b.faults == [])
    }

    @Test func `one that was not asked becomes a profile of its own, told and ended`() {
        var b = Bench21.charging()
        #expect(b.setpoint(-6000, duration: nil) == nil)
        var seen = StationSurroundings()
        seen.external = .limits(charge: .watts(3000), discharge: .watts(-2000))
        b.feed(.surroundings(seen))
        b.run(for: .seconds(5))
        #expect(b.watts == -2000)
        seen.external = .setpoint(.watts(4500))
        b.feed(.surroundings(seen))
        b.run(for: .seconds(5))
        #expect(b.watts == 4500 && b.station.mode(connector: 1) == .externalSetpoint)
        let variable = V2.SetVariableData(
            attributeValue: "CSMS", component: .init(name: "SmartChargingCtrlr"),
            variable: .init(name: "SetpointPriority"))
        _ = b.call(.setVariables(.init(setVariableData: [variable])))
        b.run(for: .seconds(5))
        #expect(b.watts == -6000)
        seen.external = nil
        b.feed(.surroundings(seen))
        let told = b.requests.compactMap { if case .notifyChargingLimit(let n) = $0 { n } else { nil } }
        #expect(
            told.map { $0.chargingSchedule?.first?.chargingSchedulePeriod.first?.setpoint } == [nil, JSONDecimal(4500)])
        #expect(told.allSatisfy { $0.evseId == 1 } && b.story.last == "free of EMS" && b.faults == [])
    }

    @Test func `idle electronics sleep and say so`() {
        var b = Bench21.charging()
        #expect(b.setpoint(0) == nil)
        b.run(for: .seconds(5))
        #expect(b.watts == 40)
        #expect(
            b.set(
                .v2x(
                    1, 2, [.init(startPeriod: 0, evseSleep: true, operationMode: .idle)], transaction: b.transaction))
                == nil)
        b.run(for: .minutes(2))
        #expect(b.watts == 0 && b.events.last?.evseSleep == true && b.faults == [])
    }

    // MARK: Refusals

    @Test func `what it does not take it refuses by its reason`() {
        var b = Bench21.charging()
        let transaction = b.transaction
        func refused(
            _ period: V2.ChargingSchedulePeriod, _ kind: V2.ChargingProfileKind = .absolute,
            purpose: V2.ChargingProfilePurpose = .txProfile, unit: V2.ChargingRateUnit = .w, evse: Int = 1
        ) -> String? {
            b.set(
                .v2x(50, 3, [period], purpose: purpose, kind: kind, transaction: transaction, unit: unit), evse: evse)
        }
        let watts = JSONDecimal(1000)
        #expect(refused(.init(startPeriod: 0)) == "InvalidSchedule")
        #expect(refused(.init(startPeriod: 0, limit: watts, setpoint: watts)) == "InvalidSchedule")
        #expect(refused(.init(startPeriod: 0, limit: watts, numberPhases: 1)) == "NoPhaseForDC")
        #expect(refused(.init(startPeriod: 0, limit: watts, limit_L2: watts)) == "PhaseConflict")
        #expect(refused(.init(startPeriod: 0, operationMode: .centralSetpoint)) == "InvalidSchedule")
        #expect(
            refused(
                .init(startPeriod: 0, limit: watts, setpoint: JSONDecimal(2000), operationMode: .centralSetpoint))
                == "InvalidSchedule")
        #expect(
            refused(.init(startPeriod: 0, setpoint: watts, operationMode: .centralFrequency)) == "InvalidSchedule")
        #expect(refused(Self.setpoint, purpose: .chargingStationMaxProfile, evse: 0) == "InvalidOperationMode")
        #expect(refused(Self.setpoint, purpose: .priorityCharging) == "InvalidOperationMode")
        #expect(refused(.init(startPeriod: 5, limit: watts), .dynamic) == "InvalidSchedule")
        #expect(
            refused(
                .init(startPeriod: 0, operationMode: .localFrequency, v2xFreqWattCurve: Self.curve))
                == "NoFreqWattCurve")
        #expect(
            refused(
                .init(
                    startPeriod: 0, v2xBaseline: watts, operationMode: .localFrequency,
                    v2xFreqWattCurve: Array(Self.curve.prefix(1)))) == "NoFreqWattCurve")
        #expect(refused(Self.droop([.init(signal: 1, power: watts)])) == "NoSignalWattCurve")
        #expect(refused(Self.droop(), unit: .a) == "InvalidSchedule")
        #expect(refused(.init(startPeriod: 0, operationMode: .localLoadBalancing)) == "MissingDevModelInfo")
        #expect(refused(.init(startPeriod: 0, limit: watts, operationMode: .idle)) == "InvalidSchedule")
        #expect(refused(.init(startPeriod: 0, limit: watts, evseSleep: true)) == "InvalidSchedule")
        #expect(refused(Self.setpoint, evse: 7) == "UnknownEvse")
        #expect(b.station.profiles.entries.isEmpty && b.faults == [])
        var evse = BidirectionalEVSE()
        evse.modes = [.chargingOnly, .centralSetpoint, .centralFrequency]
        b = Bench21.charging(evse: evse)
        #expect(b.set(.v2x(1, 1, [Self.droop()], transaction: b.transaction)) == "InvalidOperationMode")
    }

    // MARK: Told again

    @Test func `what it was given it tells again, and what follows from it`() {
        var b = Bench21.charging()
        #expect(b.setpoint(-4000, duration: 120, maxOffline: 30, diesOffline: true, pullEvery: 40) == nil)
        #expect(b.set(.v2x(2, 1, [Self.droop()], kind: .absolute, transaction: b.transaction)) == nil)
        _ = b.call(.getChargingProfiles(.init(requestId: 3, chargingProfile: .init())))
        let told = b.requests.compactMap { if case .reportChargingProfiles(let r) = $0 { r } else { nil } }.first
        let live = told?.chargingProfile.first { $0.id == 1 }
        #expect(live?.maxOfflineDuration == 30 && live?.invalidAfterOfflineDuration == true)
        #expect(live?.dynUpdateInterval == 40 && live?.dynUpdateTime != nil)
        let local = told?.chargingProfile.first { $0.id == 2 }?.chargingSchedule.first?.chargingSchedulePeriod.first
        #expect(local?.v2xFreqWattCurve?.count == 2 && local?.v2xBaseline == JSONDecimal(1000))
        guard
            case .getCompositeSchedule(let composite)? = b.call(
                .getCompositeSchedule(.init(duration: 600, evseId: 1, chargingRateUnit: .w)))
        else { return #expect(Bool(false)) }
        let periods = composite.schedule?.chargingSchedulePeriod ?? []
        #expect(periods.map(\.operationMode) == [.centralSetpoint, .localFrequency])
        #expect(periods.map(\.startPeriod) == [0, 120] && periods.first?.setpoint == JSONDecimal(-4000))
        #expect(b.faults == [])
    }

    @Test func `priority charging goes before setpoints while it is on`() {
        var b = Bench21.charging()
        let transaction = b.transaction ?? ""
        func use(_ activate: Bool) -> V2.Response? {
            b.call(.usePriorityCharging(.init(transactionId: transaction, activate: activate)))
        }
        #expect(b.setpoint(-4000, duration: nil) == nil)
        #expect(use(true) == .usePriorityCharging(.init(status: .noProfile, statusInfo: .init(reasonCode: "NotFound"))))
        #expect(
            b.set(
                .v2x(
                    5, 0, [.init(startPeriod: 0, limit: JSONDecimal(15_000))], purpose: .priorityCharging,
                    kind: .absolute, transaction: nil)) == nil)
        #expect(use(true) == .usePriorityCharging(.init(status: .accepted)))
        b.run(for: .seconds(5))
        #expect(b.watts == 15_000)
        #expect(use(false) == .usePriorityCharging(.init(status: .accepted)))
        b.run(for: .seconds(5))
        #expect(b.watts == -4000)
        let told = b.requests.compactMap { if case .notifyPriorityCharging(let n) = $0 { n.activated } else { nil } }
        #expect(told == [true, false] && b.faults == [])
    }

    @Test func `limits of a transaction are confirmed, kept and lifted`() throws {
        var b = Bench21.charging()
        #expect(b.setpoint(10_000, duration: nil) == nil)
        var limit: V2.TransactionLimit? = .init(maxEnergy: JSONDecimal(500))
        b.answer = { request, number in
            guard case .transactionEvent = request else { return Words21.friendly(request, number) }
            return .transactionEvent(.init(transactionLimit: limit))
        }
        b.run(for: .minutes(1))
        limit = nil
        b.answer = { Words21.friendly($0, $1) }
        let confirmed = b.events.filter { $0.triggerReason == .limitSet }
        #expect(confirmed.first?.transactionInfo.transactionLimit?.maxEnergy == JSONDecimal(500))
        b.run(for: .minutes(10))
        let reached = try #require(b.events.first { $0.triggerReason == .energyLimitReached })
        #expect(reached.transactionInfo.chargingState == .suspendedEVSE && b.watts <= 40)
        #expect((500_000...502_000).contains(b.station.register(connector: 1)?.milliwattHours ?? 0))
    }

    @Test func `its device model says what it can`() {
        let b = Bench21.charging()
        func value(_ component: String, _ variable: String, _ instance: String? = nil, evse: Int? = nil) -> String? {
            Dialect201(version: .v21).value(
                of: .init(component: component, evse: evse, variable: variable, instance: instance), in: b.station)
        }
        #expect(value("V2XChargingCtrlr", "Enabled", evse: 1) == "true")
        #expect(value("V2XChargingCtrlr", "SupportedEnergyTransferModes", evse: 1) == "DC,DC_BPT")
        #expect(value("V2XChargingCtrlr", "SupportedOperationModes", evse: 1)?.contains("LocalFrequency") == true)
        #expect(value("SmartChargingCtrlr", "SetpointPriority") == "ExternalSystem")
        #expect(value("SmartChargingCtrlr", "SupportsFeature", "DynamicProfiles") == "true")
        #expect(value("ConnectedEV", "VehicleId", evse: 1) == "0200000000A1")
        // A station of 2.0.1 has none of it.
        #expect(
            Dialect201().configuration(StationSettings(identity: "X")).allSatisfy {
                $0.name.component != "V2XChargingCtrlr"
            })
    }
}
