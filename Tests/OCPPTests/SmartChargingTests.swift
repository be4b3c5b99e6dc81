import OCPP
import OCPPMessages
import Quantities
import Testing

private let t0 = Instant(seconds: 1_769_846_400)  // 2026-01-31T08:00:00Z
private let supply = Supply(voltage: 220, phases: 1)
private let three = Supply(voltage: 220, phases: 3)

private func amperes(_ tenths: Int64) -> JSONDecimal { JSONDecimal(mantissa: tenths, scale: 1) }

private func profile(
    _ id: Int, _ purpose: V16.ChargingProfilePurpose = .txDefaultProfile, level: Int = 0,
    kind: V16.ChargingProfileKind = .absolute, recurs: V16.RecurrencyKind? = nil, start: Instant? = t0,
    duration: Int? = nil,
    from: Instant? = nil, to: Instant? = nil, transaction: Int? = nil, unit: V16.ChargingRateUnit = .a,
    _ periods: [(Int, Int64)],
    phases: Int? = nil
) throws -> ChargingProfile {
    let wire = V16.ChargingProfile(
        chargingProfileId: id, stackLevel: level, chargingProfilePurpose: purpose, chargingProfileKind: kind,
        chargingSchedule: V16.ChargingSchedule(
            chargingRateUnit: unit,
            chargingSchedulePeriod: periods.map {
                V16.ChargingSchedulePeriod(startPeriod: $0.0, limit: amperes($0.1), numberPhases: phases)
            }, duration: duration, startSchedule: start),
        transactionId: transaction, recurrencyKind: recurs, validFrom: from, validTo: to)
    return try #require(ChargingProfile(wire))
}

/// Tenths of an ampere a phase; `nil` when nothing is said.
private func limit(
    _ stack: ProfileStack, at seconds: Int, evse: Int = 1, transaction: ProfileStack.Transaction? = nil,
    _ supply: Supply = supply
) -> Int64? {
    stack.limit(evse: evse, at: t0 + .seconds(seconds), transaction: transaction, supply: supply)
        .map { $0.milliamperes(supply) / 100 }
}

private func install(_ stack: inout ProfileStack, _ profile: ChargingProfile, evse: Int) throws {
    stack.install(profile, evse: evse, replacing: .sameLevel)
}

@Suite("Smart charging") struct SmartChargingTests {
    @Test func `periods last until the next and until the duration`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, duration: 100, [(0, 100), (60, 200)]), evse: 1)
        #expect([-1, 0, 59, 60, 99, 100].map { limit(stack, at: $0) } == [nil, 100, 100, 200, 200, nil])
    }

    @Test func `the highest level that has a period leads, and does not shadow lower ones when it is over`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, level: 0, [(0, 320)]), evse: 1)
        try install(&stack, profile(2, level: 5, start: t0 + .seconds(10), duration: 10, [(0, 80)]), evse: 1)
        #expect([0, 9, 10, 19, 20].map { limit(stack, at: $0) } == [320, 320, 80, 80, 320])
    }

    @Test func `a transaction's profile goes before the default, for its transaction only`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, .txDefaultProfile, [(0, 160)]), evse: 0)
        try install(&stack, profile(2, .txProfile, duration: 60, transaction: 7, [(0, 320)]), evse: 1)
        let seven = ProfileStack.Transaction(id: "7", start: t0)
        #expect(limit(stack, at: 0, transaction: seven) == 320)
        #expect(limit(stack, at: 60, transaction: seven) == 160)
        #expect(limit(stack, at: 0, transaction: .init(id: "8", start: t0)) == 160)
        #expect(limit(stack, at: 0) == 160)
        #expect(limit(stack, at: 0, evse: 2, transaction: seven) == 160)
    }

    @Test func `a connector's default goes before the station's`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, level: 9, [(0, 160)]), evse: 0)
        try install(&stack, profile(2, level: 0, duration: 60, [(0, 320)]), evse: 1)
        #expect([0, 60].map { limit(stack, at: $0) } == [320, 160])
        #expect(limit(stack, at: 0, evse: 2) == 160)
    }

    @Test func `the station's maximum lowers and never raises`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, .chargePointMaxProfile, [(0, 200), (60, 400)]), evse: 0)
        #expect(limit(stack, at: 0) == 200)
        try install(&stack, profile(2, .txDefaultProfile, [(0, 320)]), evse: 1)
        #expect([0, 60].map { limit(stack, at: $0) } == [200, 320])
        #expect(limit(stack, at: 60, evse: 0) == 400)
    }

    @Test func `validity bounds a profile`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, from: t0 + .seconds(10), to: t0 + .seconds(20), [(0, 100)]), evse: 1)
        #expect([9, 10, 19, 20].map { limit(stack, at: $0) } == [nil, 100, 100, nil])
    }

    @Test func `a relative profile begins with the transaction`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, kind: .relative, start: nil, [(0, 100), (30, 200)]), evse: 1)
        let transaction = ProfileStack.Transaction(id: nil, start: t0 + .seconds(100))
        #expect([99, 100, 129, 130].map { limit(stack, at: $0, transaction: transaction) } == [nil, 100, 100, 200])
        #expect(limit(stack, at: 100) == nil)
    }

    @Test func `daily and weekly profiles recur from their first start`() throws {
        let day = 86_400
        var stack = ProfileStack()
        try install(
            &stack,
            profile(1, kind: .recurring, recurs: .daily, duration: 7200, [(0, 100), (3600, 160)]), evse: 1)
        #expect([-1, 0, 3600, 7200].map { limit(stack, at: $0) } == [nil, 100, 160, nil])
        #expect(
            [5 * day - 1, 5 * day, 5 * day + 3600, 5 * day + 7200].map { limit(stack, at: $0) } == [nil, 100, 160, nil])
        try install(&stack, profile(1, kind: .recurring, recurs: .weekly, duration: 7200, [(0, 100)]), evse: 1)
        #expect([day, 7 * day - 1, 7 * day].map { limit(stack, at: $0) } == [nil, nil, 100])
    }

    @Test func `watts and amperes are converted by voltage and phases`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, unit: .w, [(0, 66_000)]), evse: 1)
        #expect(limit(stack, at: 0, supply) == 300)
        #expect(limit(stack, at: 0, three) == 100)
        try install(&stack, profile(1, .txDefaultProfile, [(0, 100)]), evse: 1)
        let power = { (s: Supply) in stack.limit(evse: 1, at: t0, transaction: nil, supply: s)?.power }
        #expect(power(supply) == .watts(2200) && power(three) == .watts(6600))
        try install(&stack, profile(1, .txDefaultProfile, [(0, 100)], phases: 1), evse: 1)
        #expect(power(three) == .watts(2200))
    }

    @Test func `the same id, and the same level and purpose on one connector, replace`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, level: 1, [(0, 100)]), evse: 1)
        try install(&stack, profile(1, level: 2, [(0, 110)]), evse: 2)
        #expect(stack.entries.map(\.evse) == [2])
        try install(&stack, profile(2, level: 2, [(0, 120)]), evse: 2)
        #expect(stack.entries.map(\.profile.id) == [2])
        try install(&stack, profile(3, level: 2, [(0, 120)]), evse: 1)
        #expect(stack.entries.count == 2)
    }

    @Test func `clearing takes what matches all that is said`() throws {
        var stack = ProfileStack()
        for id in 1...4 { try install(&stack, profile(id, level: id, [(0, 100)]), evse: id % 2) }
        #expect(stack.clear(id: 9) == 0)
        #expect(stack.clear(evse: 0, stackLevel: 1) == 0)
        #expect(stack.clear(evse: 1, stackLevel: 1) == 1)
        #expect(stack.clear(id: 2) == 1)
        #expect(stack.clear(purpose: .transactionDefault) == 2 && stack.entries.isEmpty)
    }

    @Test func `a composite schedule is answered in the wished unit, rounded down to a tenth`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, duration: 600, unit: .w, [(0, 10_000), (300, 70_000)]), evse: 1)
        let composite = CompositeSchedule(
            stack, evse: 1, over: Interval(t0, t0 + .seconds(900)), transaction: nil, supply: supply)
        let hardware = ChargingLimit(milliwatts: 7_040_000, phases: 1)
        let schedule = composite.schedule(in: .a, supply: supply, hardware: hardware)
        #expect(schedule.chargingSchedulePeriod.map(\.startPeriod) == [0, 300, 600])
        // 1000 W are 4.54… A; 7000 W are 31.81… A; then nothing is said and the hardware decides.
        #expect(schedule.chargingSchedulePeriod.map(\.limit) == [amperes(45), amperes(318), amperes(320)])
        #expect(
            composite.schedule(in: .w, supply: supply, hardware: hardware).chargingSchedulePeriod.map(\.limit)
                == [amperes(10_000), amperes(70_000), amperes(70_400)])
        #expect(schedule.duration == 900 && schedule.startSchedule == t0)
    }

    /// The reference asks every second anew, by the rules as the standard words them and without any of the code above.
    @Test func `composites agree with a second-by-second reference`() throws {
        for seed in 1...150 {
            var random = SeededRandom(seed: UInt64(seed))
            func draw(_ n: Int) -> Int { Int(random.next() % UInt64(n)) }
            var stack = ProfileStack()
            for id in 1...(1 + draw(7)) {
                let purpose = [V16.ChargingProfilePurpose.chargePointMaxProfile, .txDefaultProfile, .txProfile][draw(3)]
                let kind = [V16.ChargingProfileKind.absolute, .recurring, .relative][draw(3)]
                var starts = [0]
                for _ in 0..<draw(4) { starts.append((starts.last ?? 0) + 1 + draw(200)) }
                let made = try profile(
                    id, purpose, level: draw(4), kind: kind,
                    recurs: kind == .recurring ? [.daily, .weekly][draw(2)] : nil,
                    start: kind == .relative
                        ? nil : t0 + .seconds(draw(600) - 200 - (kind == .recurring ? draw(9) * 86_400 : 0)),
                    duration: draw(2) == 0 ? nil : 50 + draw(400), from: draw(3) == 0 ? t0 + .seconds(draw(300)) : nil,
                    to: draw(3) == 0 ? t0 + .seconds(300 + draw(300)) : nil,
                    transaction: purpose == .txProfile && draw(2) == 0 ? 7 + draw(2) : nil, unit: [.a, .w][draw(2)],
                    starts.map { ($0, Int64(draw(400))) }, phases: [nil, 1, 3][draw(3)])
                try install(&stack, made, evse: purpose == .chargePointMaxProfile ? 0 : draw(2))
            }
            let transaction =
                draw(4) == 0 ? nil : ProfileStack.Transaction(id: "7", start: t0 + .seconds(draw(200) - 100))
            let supply = [supply, three][draw(2)]
            let span = Interval(t0, t0 + .seconds(700))
            let composite = CompositeSchedule(stack, evse: 1, over: span, transaction: transaction, supply: supply)
            for second in 0..<700 {
                let at = t0 + .seconds(second)
                let expected = Reference.limit(stack.entries, evse: 1, at: at, transaction, supply)
                let step = composite.steps.last { $0.start <= at }
                #expect(step?.limit == expected, "seed \(seed), second \(second)")
                if step?.limit != expected { break }
            }
        }
    }

    @Test func `absurd numbers of a peer are harmless`() throws {
        var stack = ProfileStack()
        try install(&stack, profile(1, duration: .max, [(0, 100), (.max, 200)]), evse: 1)
        try install(
            &stack,
            profile(
                2, level: 3, kind: .recurring, recurs: .daily, start: Instant(milliseconds: -8_000_000_000_000),
                [(.min, .max)]), evse: 1)
        let composite = CompositeSchedule(
            stack, evse: 1, over: Interval(t0, t0 + .days(3650)), transaction: nil, supply: supply)
        #expect(!composite.steps.isEmpty && composite.steps.count <= CompositeSchedule.longest)
    }
}

private enum Reference {
    static func limit(
        _ entries: [ProfileStack.Entry], evse: Int, at t: Instant, _ transaction: ProfileStack.Transaction?,
        _ supply: Supply
    ) -> ChargingLimit? {
        func inForce(_ purpose: ChargingProfile.Purpose, on where_: Int) -> ChargingLimit? {
            let candidates = entries.filter { entry in
                let p = entry.profile
                guard p.purpose == purpose, entry.evse == where_ else { return false }
                if purpose == .transaction,
                    transaction == nil || (p.transaction != nil && p.transaction != transaction?.id)
                {
                    return false
                }
                return value(p, at: t, transaction, supply) != nil
            }
            let best = candidates.max { $0.profile.stackLevel < $1.profile.stackLevel }
            return best.flatMap { value($0.profile, at: t, transaction, supply) }
        }
        let own =
            inForce(.transaction, on: evse) ?? inForce(.transactionDefault, on: evse)
            ?? inForce(.transactionDefault, on: 0)
        let all = [own, inForce(.stationMaximum, on: 0)].compactMap { $0 }
        guard let least = all.map(\.milliwatts).min(), let phases = all.map(\.phases).min() else { return nil }
        return ChargingLimit(milliwatts: least, phases: phases)
    }

    /// Walks second by second from the start of the schedule that counts.
    static func value(
        _ p: ChargingProfile, at t: Instant, _ transaction: ProfileStack.Transaction?, _ supply: Supply
    ) -> ChargingLimit? {
        if let from = p.validFrom, t < from { return nil }
        if let to = p.validTo, !(t < to) { return nil }
        let first: Instant
        if p.kind == .relative {
            guard let start = transaction?.start else { return nil }
            first = start
        } else {
            guard let start = p.start else { return nil }
            first = start
        }
        guard first <= t else { return nil }
        var begin = first
        if p.kind == .daily || p.kind == .weekly {
            let rhythm = Duration.seconds(p.kind == .weekly ? 604_800 : 86_400)
            while begin + rhythm <= t { begin += rhythm }
        }
        if let duration = p.duration, begin + .seconds(duration) <= t { return nil }
        var found: ChargingProfile.Period?
        for period in p.periods where begin + .seconds(period.start) <= t {
            found = period
        }
        guard let found else { return nil }
        let phases = min(found.phases ?? 3, supply.phases)
        return ChargingLimit(
            milliwatts: p.unit == .watts ? found.limit : found.limit * Int64(supply.voltage * phases),
            phases: phases)
    }
}
