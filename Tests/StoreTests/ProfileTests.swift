import Assets
import Charging
import Operations
import Quantities
import Testing

@testable import Store

/// Charging profiles, limits from outside and costs on the disk mean what they mean in memory (``MemoryJournal``).
@Suite("Charging profiles on the disk") struct ProfileTests {
    private static let id = StationID("CP 1/é")

    private static func profile(_ number: Int, source: String = HeldProfile.ours) -> HeldProfile {
        HeldProfile(
            id: number, evse: 2, purpose: "TxProfile", level: 3, kind: "Recurring", recurrency: "Daily",
            validFrom: t0, validTo: t0 + .hours(9), transaction: "tx",
            schedules: [
                .init(
                    unit: "A", startsAt: t0, duration: 300,
                    periods: [.init(start: 0, limit: 6100, phases: 3), .init(start: 60, limit: nil, phases: nil)]),
                .init(unit: "W", startsAt: nil, duration: nil, periods: [.init(start: 0, limit: 0, phases: 1)]),
            ], source: source)
    }

    /// With all that only 2.1 has.
    private static let dynamic = HeldProfile(
        id: 6, evse: 1, purpose: "TxProfile", level: 8, kind: HeldProfile.dynamic, transaction: "tx",
        schedules: [
            .init(
                unit: "W", startsAt: nil, duration: 60,
                periods: [
                    .init(
                        start: 0, limit: nil, phases: nil,
                        v2x: .init(
                            mode: "LocalFrequency", dischargeLimit: -5_000_000, setpoint: -4_000_500,
                            curves: FrequencyCurves(
                                baseline: -1,
                                frequency: [.init(at: 49_800, power: -7_000_000), .init(at: 50_200, power: 3_000_500)],
                                signal: [.init(at: -3, power: 0), .init(at: 5, power: 10)]))),
                    .init(
                        start: 30, limit: nil, phases: nil,
                        v2x: .init(mode: "Idle", sleeps: true, preconditions: true)),
                    .init(start: 40, limit: nil, phases: nil, v2x: .init(mode: "Idle", preconditions: true)),
                ])
        ], liveness: .init(offline: 60, isDeadAfterwards: true, updatedAt: t0 + .seconds(5), updateInterval: 30))

    private static var report: ProfileReport {
        var report = ProfileReport(request: 7, firstAt: t0)
        report.criteria = ProfileCriteria(
            ids: [1, 2], evse: 0, purpose: "TxProfile", level: 2, sources: ["CSO", "EMS"])
        report.orderedAt = t0
        report.lastAt = t0 + .seconds(1)
        (report.parts, report.profiles, report.leftOut, report.hasLast) = (3, 4, 5, true)
        return report
    }

    private static let changes: [Change] = [
        .station(Station(id: id, createdAt: t0)),
        .holding(.profile(id, KeptProfile(profile(1), setAt: t0))),
        .holding(.profile(id, KeptProfile(profile(2), setAt: t0, toldAt: t0 + .seconds(2), request: 7, differs: true))),
        .holding(.profile(id, KeptProfile(profile(3), setAt: t0, missingSince: t0 + .seconds(3)))),
        .holding(.profile(id, KeptProfile(profile(4, source: "EMS"), toldAt: t0, request: 7))),
        .holding(.profile(id, KeptProfile(profile(5)))),
        .holding(.profile(id, KeptProfile(dynamic, setAt: t0))),
        .holding(.profileGone(id, 5)), .holding(.profileGone(id, 99)),
        .holding(.profile(id, KeptProfile(profile(1), setAt: t0 + .seconds(9)))),
        .holding(.profileReport(id, ProfileReport(request: 6, firstAt: t0), toldAt: nil)),
        .holding(.profileReport(id, report, toldAt: t0 + .seconds(4))),
        .holding(
            .outsideLimit(
                id, OutsideLimit(profile(0, source: "EMS"), isCritical: true, since: t0, at: t0 + .seconds(1)))),
        .holding(.outsideLimit(id, OutsideLimit(profile(9, source: "SO"), since: t0, at: t0))),
        .holding(
            .outsideLimit(
                id,
                OutsideLimit(
                    profile(9, source: "SO"), isLocalGeneration: true, since: t0, at: t0 + .seconds(8),
                    isReported: true,
                    mayBeLost: true))),
        .holding(.outsideLimit(id, OutsideLimit(profile(0, source: "Other"), since: t0, at: t0))),
        .holding(.outsideLimitGone(id, source: "Other", evse: 2)),
    ]

    /// As the disk keeps it: an outside limit has no purpose and no transaction of its own.
    private static func bare(_ limit: OutsideLimit) -> OutsideLimit {
        var limit = limit
        let profile = limit.profile
        limit.profile = HeldProfile(
            id: profile.id, evse: profile.evse, purpose: HeldProfile.fromOutside, level: profile.level,
            kind: profile.kind, recurrency: profile.recurrency, validFrom: profile.validFrom, validTo: profile.validTo,
            schedules: profile.schedules, source: profile.source)
        return limit
    }

    @Test func `what is read back is what was written, over a restart and told twice`() async throws {
        var memory = MemoryJournal()
        memory.write(Self.changes)
        let expected = memory.state
        try await withStore { store, scratch in
            try await store.write(Self.changes)
            try await store.write(Self.changes)
            store.close()
            let again = try Store(directory: scratch.path)
            defer { again.close() }
            let state = try again.loadCore()
            #expect(state.profiles == expected.profiles && state.profiles.count == 1)
            #expect(state.profiles.first?.kept.map(\.standing) == [.set, .differs, .missing, .outside, .set])
            #expect(state.outsideLimits.map(\.limit) == expected.outsideLimits.map { Self.bare($0.limit) })
            #expect(state.outsideLimits.count == 2)
        }
    }

    @Test func `a station takes them with it`() async throws {
        try await withStore { store, _ in
            try await store.write(Self.changes + [.removeStation(Self.id)])
            let state = try store.loadCore()
            #expect(state.profiles.isEmpty && state.outsideLimits.isEmpty)
        }
    }

    @Test func `schedules come back from their text, and nonsense does not`() {
        let schedules = Self.profile(1).schedules
        #expect([HeldProfile.Schedule](text: schedules.text) == schedules)
        #expect([HeldProfile.Schedule](text: "") == [])
        for text in ["A", "A;x;-;", "A;-;-;1:2", "A;-;-;a:b:c", "A;-;-;-:1:1"] {
            #expect([HeldProfile.Schedule](text: text) == nil, "\(text)")
        }
    }

    @Test func `what a session cost is exact over a restart`() async throws {
        var session = Fixture.ended
        session.cost = Rational(1) / Rational(3)
        var running = Session(
            id: Session.ID("S-8"), evse: EVSEID(Self.id, 1), connector: 1, transactionID: "8", idToken: nil,
            startedAt: t0)
        running.spending = Session.Spending(
            until: t0 + .minutes(7), energy: .wattHours(7), amount: Rational(2) / Rational(7))
        try await withStore { store, scratch in
            try await store.write([.session(session), .session(running), .session(running)])
            store.close()
            let again = try Store(directory: scratch.path)
            defer { again.close() }
            let state = try again.loadCore()
            #expect(state.endedSessions.first?.cost == Rational(1) / Rational(3))
            #expect(state.activeSessions.first?.spending == running.spending)
        }
    }
}
