import OCPP
import OCPPMessages
import Quantities
import Testing

private let t0 = Instant(seconds: 1_769_846_400)  // 2026-01-31T08:00:00Z
private let supply = Supply(voltage: 230, phases: 3)

@Suite("Profiles of both directions in 2.1") struct PowerDirectiveTests {
    /// In watts.
    private func profile(
        _ id: Int, _ purpose: ChargingProfile.Purpose, _ mode: ChargingProfile.Mode = .chargingOnly,
        kind: ChargingProfile.Kind = .absolute, level: Int = 0, limit: Int? = nil,
        discharge: Int? = nil, setpoint: Int? = nil, response: FrequencyResponse? = nil, duration: Int? = nil,
        updated: Instant? = nil, maxOffline: Int? = nil, diesOffline: Bool = false
    ) -> ChargingProfile {
        ChargingProfile(
            id: id, stackLevel: level, purpose: purpose, kind: kind, unit: .watts, start: kind == .dynamic ? nil : t0,
            duration: duration,
            periods: [
                .init(
                    start: 0, limit: limit.map { JSONDecimal($0) }, phases: nil, mode: mode,
                    dischargeLimit: discharge.map { JSONDecimal($0) }, setpoint: setpoint.map { JSONDecimal($0) },
                    response: response, sleeps: mode == .idle)
            ], transaction: purpose == .transaction ? "T" : nil, updatedAt: updated, maxOffline: maxOffline,
            diesOffline: diesOffline)
    }

    private func stack(_ profiles: [ChargingProfile]) -> ProfileStack {
        var stack = ProfileStack()
        for profile in profiles {
            let isOfStation = profile.purpose == .stationMaximum
            stack.install(profile, evse: isOfStation ? 0 : 1, replacing: .sameID)
        }
        return stack
    }

    private func directive(
        _ profiles: [ChargingProfile], at seconds: Int = 0, priority: ProfileStack.SetpointPriority = .external
    ) -> PowerDirective {
        stack(profiles).directive(
            evse: 1, at: t0 + .seconds(seconds), transaction: .init(id: "T", start: t0), supply: supply,
            priority: priority)
    }

    @Test func `who was only told how to charge does not discharge`() {
        let told = directive([profile(1, .transaction, limit: 7000)])
        #expect(told.mode == .chargingOnly && told.limit?.milliwatts == 7_000_000)
        #expect(told.dischargeLimit == 0 && told.setpoint == nil)
        #expect(directive([]).limit == nil)
    }

    @Test func `a setpoint is capped by others, in both directions`() {
        let down = profile(1, .transaction, .centralSetpoint, setpoint: -9000)
        #expect(directive([down]).setpoint == -9_000_000 && directive([down]).dischargeLimit == nil)
        let outside = profile(2, .externalConstraints, .externalLimits, limit: 4000, discharge: -3000)
        #expect(directive([down, outside]).setpoint == -3_000_000)
        let up = profile(1, .transaction, .centralSetpoint, setpoint: 9000)
        #expect(directive([up, outside]).setpoint == 4_000_000)
        #expect(directive([up, outside, profile(3, .stationMaximum, limit: 2500)]).setpoint == 2_500_000)
        // What the station as a whole may charge says nothing of discharging.
        #expect(directive([down, profile(3, .stationMaximum, limit: 2500)]).setpoint == -9_000_000)
        // The most that flows in is the setpoint.
        #expect(directive([down]).limit?.milliwatts == 0 && directive([up]).limit?.milliwatts == 9_000_000)
    }

    @Test func `a dead-man ends a setpoint, and an update revives it`() throws {
        let live = profile(
            1, .transaction, .centralSetpoint, kind: .dynamic, level: 1, setpoint: -9000, duration: 60, updated: t0)
        let safe = profile(2, .transactionDefault, limit: 1500)
        #expect(directive([live, safe], at: 59).setpoint == -9_000_000)
        let after = directive([live, safe], at: 60)
        #expect(after.mode == .chargingOnly && after.setpoint == nil && after.dischargeLimit == 0)
        #expect(after.limit?.milliwatts == 1_500_000)
        let revived = try #require(
            live.updated(limit: nil, dischargeLimit: nil, setpoint: JSONDecimal(3000), at: t0 + .seconds(90)))
        #expect(directive([revived, safe], at: 100).setpoint == 3_000_000)
        #expect(directive([revived, safe], at: 150).setpoint == nil)
        #expect(safe.updated(limit: JSONDecimal(1), dischargeLimit: nil, setpoint: nil, at: t0) == nil)
        // Nobody knows when it came: it does not hold.
        #expect(directive([profile(1, .transaction, .centralSetpoint, kind: .dynamic, setpoint: 1)]).setpoint == nil)
    }

    @Test func `an external setpoint goes before ours unless the station is told otherwise`() {
        let ours = profile(1, .transaction, .centralSetpoint, setpoint: 5000)
        let theirs = profile(2, .externalConstraints, .externalSetpoint, setpoint: -2000)
        #expect(directive([ours, theirs]).setpoint == -2_000_000)
        #expect(directive([ours, theirs]).mode == .externalSetpoint)
        #expect(directive([ours, theirs], priority: .centralSystem).setpoint == 5_000_000)
        #expect(directive([theirs], priority: .centralSystem).setpoint == -2_000_000)
    }

    @Test func `idle is still in both directions; local modes are bounded by their caps`() {
        let idle = directive([profile(1, .transaction, .idle)])
        #expect(idle.limit?.milliwatts == 0 && idle.dischargeLimit == 0 && idle.setpoint == nil)
        let local = directive([
            profile(1, .transaction, .localLoadBalancing, limit: 6000, discharge: -4000),
            profile(2, .externalConstraints, .externalLimits, limit: 8000, discharge: -1000),
        ])
        #expect(local.limit?.milliwatts == 6_000_000 && local.dischargeLimit == -1_000_000)
    }

    @Test(arguments: ChargingProfile.Mode.allCases)
    func `a profile is the same after a way over the wire`(mode: ChargingProfile.Mode) throws {
        let sent = profile(
            7, .transaction, mode, kind: .dynamic, limit: mode == .chargingOnly ? 7000 : nil,
            discharge: mode == .externalLimits ? -2500 : nil,
            setpoint: mode == .centralSetpoint || mode == .centralFrequency ? -1234 : nil,
            response: mode == .localFrequency ? droop : nil, duration: 60, updated: t0, maxOffline: 30,
            diesOffline: mode == .centralSetpoint)
        let wire = V2.ChargingProfile(sent)
        let request = V2.Request.setChargingProfile(.init(evseId: 1, chargingProfile: wire))
        #expect(V2.validateRequest(action: "SetChargingProfile", payload: request.json, version: .v21) == [])
        #expect(ChargingProfile(wire) == sent)
        // Without an instant of its own it counts from when it came (K28.FR.05).
        let bare = V2.ChargingProfile(
            id: 1, stackLevel: 0, chargingProfilePurpose: .txProfile, chargingProfileKind: .dynamic,
            chargingSchedule: wire.chargingSchedule)
        #expect(ChargingProfile(bare, at: t0)?.updatedAt == t0)
    }

    /// 1 kW more for each 0.1 Hz above 50 Hz, up to 2 kW, and the same below; a signal of ±10 is ±500 W.
    private let droop = FrequencyResponse(
        baseline: -1_000_000,
        frequency: [.init(at: 50_200, power: 2_000_000), .init(at: 49_800, power: -2_000_000)],
        signal: [.init(at: -10, power: -500_000), .init(at: 10, power: 500_000)])

    @Test func `power follows the frequency on straight lines and stays beyond the ends`() {
        for (millihertz, signal, milliwatts) in [
            (50_000, nil, -1_000_000), (50_100, nil, 0), (50_200, nil, 1_000_000), (51_000, nil, 1_000_000),
            (49_800, nil, -3_000_000), (47_000, nil, -3_000_000), (50_001, nil, -990_000),
            (50_000, 10, -500_000), (50_000, 3, -850_000), (50_000, -99, -1_500_000),
        ] as [(Int64, Int64?, Int64)] {
            #expect(droop.power(millihertz: millihertz, signal: signal) == milliwatts, "\(millihertz) \(signal ?? 0)")
        }
        let told = directive([profile(1, .transaction, .localFrequency, response: droop)])
        #expect(told.mode == .localFrequency && told.response == droop && told.setpoint == nil)
    }

    @Test func `without the central system a profile holds as long as it says`() {
        var held = stack([
            profile(1, .transaction, .centralSetpoint, level: 2, setpoint: -5000, maxOffline: 60, diesOffline: true),
            profile(2, .transaction, .centralSetpoint, level: 1, setpoint: -3000, maxOffline: 120),
            profile(3, .transactionDefault, limit: 1500),
        ])
        func setpoint(_ seconds: Int) -> Int64? {
            held.directive(
                evse: 1, at: t0 + .seconds(seconds), transaction: .init(id: "T", start: t0), supply: supply
            ).setpoint
        }
        held.lost(at: t0 + .seconds(10))
        held.lost(at: t0 + .seconds(50))
        #expect(setpoint(69) == -5_000_000 && setpoint(70) == -3_000_000 && setpoint(130) == nil)
        let transaction = ProfileStack.Transaction(id: "T", start: t0)
        #expect(held.nextChange(after: t0 + .seconds(10), evse: 1, transaction: transaction) == t0 + .seconds(70))
        #expect(held.nextChange(after: t0 + .seconds(70), evse: 1, transaction: transaction) == t0 + .seconds(130))
        held.returned(at: t0 + .seconds(200))
        // The first one was to be over with that, until it comes anew.
        #expect(setpoint(200) == -3_000_000)
        held.install(
            profile(1, .transaction, .centralSetpoint, level: 2, setpoint: -4000), evse: 1, replacing: .sameID)
        #expect(setpoint(200) == -4_000_000)
    }

    @Test func `a composite schedule says at each instant what holds, and the wire takes it`() {
        for seed in 0..<300 as Range<UInt64> {
            var random = SplitMix(state: seed)
            let stack = random.stack()
            let span = Interval(t0, t0 + .hours(2))
            let transaction = ProfileStack.Transaction(id: "T", start: t0)
            let schedule = PowerSchedule(stack, evse: 1, over: span, transaction: transaction, supply: supply)
            for _ in 0..<40 {
                let at = t0 + .seconds(Int(random.next() % 7200))
                let held = schedule.steps.last { $0.start <= at }?.directive
                let now = stack.directive(evse: 1, at: at, transaction: transaction, supply: supply)
                #expect(held == now, "seed \(seed)")
                if let setpoint = now.setpoint {
                    #expect(setpoint >= now.dischargeLimit ?? setpoint, "seed \(seed)")
                    #expect(setpoint <= now.limit?.milliwatts ?? setpoint || setpoint <= 0, "seed \(seed)")
                }
            }
            let told = schedule.schedule(
                of: 1, in: .w, supply: supply, hardware: ChargingLimit(milliwatts: 22_000_000, phases: 3))
            let answer = V2.Response.getCompositeSchedule(.init(status: .accepted, schedule: told))
            #expect(
                V2.validateResponse(action: .getCompositeSchedule, payload: answer.json, version: .v21) == [],
                "seed \(seed)")
        }
    }
}

private struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }

    mutating func stack() -> ProfileStack {
        var stack = ProfileStack()
        let purposes: [ChargingProfile.Purpose] = [
            .transaction, .transactionDefault, .stationMaximum, .externalConstraints,
        ]
        for id in 1...(1 + below(6)) {
            let purpose = purposes[below(4)]
            let isCharging = purpose == .stationMaximum
            let modes: [ChargingProfile.Mode] =
                isCharging
                ? [.chargingOnly]
                : purpose == .externalConstraints
                    ? [.externalLimits, .externalSetpoint] : ChargingProfile.Mode.allCases
            let mode = modes[below(modes.count)]
            let isDynamic = below(3) == 0 && !isCharging
            let limit = mode == .chargingOnly || below(2) == 0 ? JSONDecimal(below(20_000)) : nil
            let period = ChargingProfile.Period(
                start: 0, limit: limit, phases: below(2) == 0 ? nil : 1 + below(3), mode: mode,
                dischargeLimit: isCharging || below(2) == 0 ? nil : JSONDecimal(-below(20_000)),
                setpoint: mode == .centralSetpoint || mode == .externalSetpoint
                    ? JSONDecimal(below(40_000) - 20_000) : nil)
            stack.install(
                ChargingProfile(
                    id: id, stackLevel: below(3), purpose: purpose, kind: isDynamic ? .dynamic : .absolute,
                    unit: .watts, start: isDynamic ? nil : t0 + .seconds(below(3600)),
                    duration: below(2) == 0 ? nil : 60 + below(3600), periods: [period],
                    transaction: purpose == .transaction ? "T" : nil,
                    updatedAt: isDynamic ? t0 + .seconds(below(3600)) : nil),
                evse: isCharging || below(2) == 0 && purpose == .externalConstraints ? 0 : 1, replacing: .sameID)
        }
        return stack
    }
}
