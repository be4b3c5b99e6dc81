import OCPP
import OCPPMessages
import Quantities
import Testing

private let t0 = Instant(seconds: 1_769_846_400)  // 2026-01-31T08:00:00Z
private let supply = Supply(voltage: 220, phases: 1)

private func watts(
    _ id: Int, _ purpose: ChargingProfile.Purpose, _ limit: Int, level: Int = 0, from: Instant? = nil,
    to: Instant? = nil,
    transaction: String? = nil
) -> ChargingProfile {
    ChargingProfile(
        id: id, stackLevel: level, purpose: purpose, kind: .absolute, unit: .watts, start: t0, duration: nil,
        periods: [.init(start: 0, limit: JSONDecimal(limit), phases: nil)], validFrom: from, validTo: to,
        transaction: transaction)
}

@Suite("Purposes of profiles in 2.x") struct ProfilePurposeTests {
    private func limit(
        _ profiles: [(evse: Int, ChargingProfile)], evse: Int = 1, hasPriority: Bool = false
    ) -> Int64? {
        var stack = ProfileStack()
        for (evse, profile) in profiles { stack.install(profile, evse: evse, replacing: .sameID) }
        let transaction = ProfileStack.Transaction(id: "T", start: t0, hasPriority: hasPriority)
        return stack.limit(evse: evse, at: t0, transaction: transaction, supply: supply)?.power.watts
    }

    @Test func `a limit from outside lowers, on the station and on the EVSE`() {
        let base = [(1, watts(1, .transactionDefault, 7000)), (0, watts(2, .externalConstraints, 5000))]
        #expect(limit(base) == 5000)
        #expect(limit(base + [(1, watts(3, .externalConstraints, 3000))]) == 3000)
        #expect(limit(base, evse: 0) == 5000)
    }

    @Test func `priority charging goes before the transaction's own, while it is on, and below the maximum`() {
        let profiles = [
            (1, watts(1, .transaction, 2000, transaction: "T")), (0, watts(2, .priority, 7000)),
            (0, watts(3, .stationMaximum, 6000)),
        ]
        #expect(limit(profiles) == 2000)
        #expect(limit(profiles, hasPriority: true) == 6000)
    }

    @Test func `local generation is added on top of everything else`() {
        let profiles = [
            (1, watts(1, .transactionDefault, 4000)), (0, watts(2, .stationMaximum, 3000)),
            (0, watts(3, .localGeneration, 1500)),
        ]
        #expect(limit(profiles) == 4500)
        #expect(limit(profiles, evse: 0) == 4500)
        #expect(limit([(0, watts(3, .localGeneration, 1500))]) == nil)
    }

    @Test func `in 2·x a profile replaces only the one of its id`() {
        var stack = ProfileStack()
        stack.install(watts(1, .transactionDefault, 4000), evse: 1, replacing: .sameID)
        stack.install(watts(2, .transactionDefault, 4000), evse: 1, replacing: .sameID)
        #expect(stack.entries.count == 2)
        stack.install(watts(2, .transactionDefault, 5000), evse: 1, replacing: .sameID)
        #expect(stack.entries.map(\.profile.id) == [1, 2])
    }

    @Test func `profiles of one purpose, level and EVSE must not overlap in time`() {
        var stack = ProfileStack()
        stack.install(
            watts(1, .transactionDefault, 4000, from: t0, to: t0 + .hours(1)), evse: 1, replacing: .sameID)
        func conflicts(_ from: Instant?, _ to: Instant?, id: Int = 2, level: Int = 0, evse: Int = 1) -> Bool {
            stack.conflicts(with: watts(id, .transactionDefault, 1, level: level, from: from, to: to), evse: evse)
        }
        #expect(conflicts(nil, nil) && conflicts(t0 + .minutes(59), nil) && conflicts(nil, t0 + .seconds(1)))
        #expect(!conflicts(t0 + .hours(1), nil) && !conflicts(nil, t0))
        #expect(!conflicts(nil, nil, id: 1) && !conflicts(nil, nil, level: 1) && !conflicts(nil, nil, evse: 2))
        stack.install(watts(5, .transaction, 1, transaction: "T"), evse: 1, replacing: .sameID)
        #expect(!stack.conflicts(with: watts(6, .transaction, 1, transaction: "U"), evse: 1))
        #expect(stack.conflicts(with: watts(6, .transaction, 1, transaction: "T"), evse: 1))
    }

    @Test func `a profile of 2·x is read and told without a change`() throws {
        for (kind, recurrency) in [
            (V2.ChargingProfileKind.absolute, nil as V2.RecurrencyKind?), (.relative, nil), (.recurring, .daily),
            (.recurring, .weekly),
        ] {
            let told = V2.ChargingProfile(
                id: 7, stackLevel: 3, chargingProfilePurpose: .txProfile, chargingProfileKind: kind,
                chargingSchedule: [
                    .init(
                        id: 7, chargingRateUnit: .w,
                        chargingSchedulePeriod: [
                            .init(startPeriod: 0, limit: JSONDecimal("3520.5")!, numberPhases: 1),
                            .init(startPeriod: 600, limit: JSONDecimal("0.125")!),
                        ], startSchedule: kind == .relative ? nil : Instant(seconds: 1_769_846_400), duration: 900)
                ], recurrencyKind: recurrency, validFrom: Instant(seconds: 1), validTo: Instant(seconds: 2),
                transactionId: "t")
            let read = try #require(ChargingProfile(told))
            #expect(read.periods.map(\.limit) == [3_520_500, 125] && read.transaction == "t")
            #expect(V2.ChargingProfile(read) == told)
        }
    }

    @Test func `what the common words cannot say is not read`() {
        func profile(
            kind: V2.ChargingProfileKind, recurrency: V2.RecurrencyKind? = nil, limit: JSONDecimal? = JSONDecimal(1)
        ) -> V2.ChargingProfile {
            V2.ChargingProfile(
                id: 1, stackLevel: 0, chargingProfilePurpose: .txDefaultProfile, chargingProfileKind: kind,
                chargingSchedule: [
                    .init(
                        id: 1, chargingRateUnit: .a, chargingSchedulePeriod: [.init(startPeriod: 0, limit: limit)])
                ], recurrencyKind: recurrency)
        }
        #expect(ChargingProfile(profile(kind: .absolute)) != nil)
        #expect(ChargingProfile(profile(kind: .dynamic))?.updatedAt == nil)
        #expect(ChargingProfile(profile(kind: .recurring)) == nil)
        #expect(ChargingProfile(profile(kind: .absolute, limit: nil)) == nil)
        #expect(ChargingProfile(profile(kind: .unrecognized("Sometimes"))) == nil)
    }
}
