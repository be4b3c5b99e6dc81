import Assets
import Charging
import GRDB
import Operations
import Quantities
import Testing

@testable import Store

@Suite("Readings") struct ReadingTests {
    @Test func `a block gives back what was packed`() throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let entries = ReadingEntry.merged(anyEntries(Int.random(in: 0...60, using: &random), &random))
            #expect(try ReadingBlock.entries(ReadingBlock.pack(entries)) == entries, "seed \(seed)")
            let readings = entries.map(\.reading)
            #expect(try ReadingRow.readings(ReadingRow.pack(readings)) == readings, "seed \(seed)")
        }
    }

    @Test func `damaged bytes are an error, never a crash`() {
        for seed in 1...500 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let entries = ReadingEntry.merged(anyEntries(20, &random))
            for var bytes in [
                ReadingBlock.pack(entries), ReadingRow.pack(entries.map(\.reading)), PlanPacking.pack(Fixture.plan),
            ] {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
                _ = try? ReadingBlock.entries(bytes)
                _ = try? ReadingRow.readings(bytes)
                _ = try? PlanPacking.plan(bytes)
            }
            #expect(throws: StoreFault.self) { try ReadingBlock.entries([]) }
        }
    }

    /// Of one channel, format 1 is format 2 without the byte behind it that says that no message was numbered.
    @Test func `blocks and rows of the format before are read`() throws {
        let entries = (0..<3).map { ReadingEntry(session: nil, reading: Fixture.reading(t0 + .minutes($0), 7)) }
        func former(_ bytes: [UInt8]) throws -> [UInt8] {
            try #require(bytes.first == 2 && bytes.last == 0)
            return [1] + bytes.dropFirst().dropLast()
        }
        #expect(try ReadingBlock.entries(former(ReadingBlock.pack(entries))) == entries)
        let row = try former(ReadingRow.pack([entries[0].reading]))
        #expect(try ReadingRow.readings(row) == [entries[0].reading])
    }

    @Test func `a steady meter costs three bytes a reading`() {
        let entries = (0..<1440).map { minute in
            ReadingEntry(
                session: Session.ID("S-1"),
                reading: Reading(
                    at: t0 + .minutes(minute), measurand: "Energy.Active.Import.Register",
                    mantissa: 1_000_000 + Int64(minute) * 116, scale: 0, unit: "Wh", context: "Sample.Periodic"))
        }
        #expect(ReadingBlock.pack(entries).count < 1440 * 3 + 100)
    }

    /// The model: a dictionary by natural key in which the later one wins.
    @Test func `whatever the order of writing and upkeep, reads see the newest value of each reading once`()
        async throws
    {
        for seed in 1...12 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            try await withStore { store, _ in
                let evse = EVSEID(StationID("CP"), 1)
                var model: [ReadingEntry.Key: ReadingEntry] = [:]
                let sessions = (0..<2).map { Fixture.session(id: "S-\($0)", evse: evse) }
                try await store.write(sessions.map(Change.session))
                for round in 0..<12 {
                    let session = sessions[Int.random(in: 0...1, using: &random)].id
                    // Two days, few instants: repeats, corrections and late values all happen.
                    let readings = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                        Fixture.reading(
                            t0 + .hours(Int.random(in: 0...40, using: &random)), Int64.random(in: 0...3, using: &random)
                        )
                    }
                    try await store.write(.readings(session: session, evse: evse, readings))
                    for reading in readings {
                        let entry = ReadingEntry(session: session, reading: reading)
                        model[entry.key] = entry
                    }
                    if random.unit() < 0.4 {
                        try store.maintain(now: t0 + .hours(41) + .minutes(round), everything: true)
                    }
                    for session in sessions {
                        let expected = model.values.filter { $0.session == session.id }.sorted(by: ReadingEntry.inOrder)
                        let read = try await store.readings(of: session.id, after: nil, limit: 1000)
                        #expect(read == expected.map(\.reading), "seed \(seed), round \(round)")
                    }
                }
                let span = Interval(t0 + .hours(5), t0 + .hours(30))
                let read = try await store.readings(of: evse, in: span)
                let expected = model.values.filter { span.contains($0.reading.at) }.sorted(by: ReadingEntry.inOrder)
                #expect(read.map(\.reading) == expected.map(\.reading), "seed \(seed)")
                #expect(try StoreCheck.run(directory: store.directory).findings.isEmpty, "seed \(seed)")
            }
        }
    }

    @Test func `a late or corrected value makes a new version, a repeat none, a continuation none`() async throws {
        try await withStore { store, _ in
            let evse = EVSEID(StationID("CP"), 1)
            func versions() async throws -> [[Int64?]] {
                try await store.pool.read { db in
                    try Row.fetchAll(
                        db, sql: "SELECT version, count, superseded_at FROM reading_block ORDER BY version"
                    )
                    .map { [$0["version"], $0["count"], $0["superseded_at"]] }
                }
            }
            func write(_ minute: Int, _ value: Int64) async throws {
                try await store.write(
                    .readings(session: nil, evse: evse, [Fixture.reading(t0 + .minutes(minute), value)]))
                try store.maintain(now: t0 + .hours(minute), everything: true)
            }
            try await write(1, 10)
            try await write(3, 30)
            #expect(try await versions() == [[1, 2, nil]])
            try await write(3, 30)
            #expect(try await versions() == [[1, 2, nil]])
            try await write(2, 20)
            #expect(try await versions() == [[1, 2, (t0 + .hours(2)).milliseconds], [2, 3, nil]])
            try await write(3, 31)
            #expect(try await versions().last == [3, 3, nil])
            let read = try await store.readings(of: evse, in: Interval(t0, t0 + .hours(1)))
            #expect(read.map(\.reading.mantissa) == [10, 20, 31])
        }
    }

    private func anyEntries(_ count: Int, _ random: inout SeededRandom) -> [ReadingEntry] {
        let words: [String?] = [nil, "", "L1", "Outlet", "Sample.Periodic", "a word that no standard knows", "电"]
        return (0..<count).map { _ in
            let extreme = random.unit() < 0.1
            return ReadingEntry(
                session: [nil, Session.ID("S-1"), Session.ID("S-2")].randomElement(using: &random)!,
                reading: Reading(
                    at: extreme
                        ? Instant(milliseconds: .random(in: -40_000_000_000_000...40_000_000_000_000, using: &random))
                        : t0 + .seconds(Int.random(in: 0...100, using: &random)),
                    measurand: ["SoC", "Voltage", "Made.Up"].randomElement(using: &random)!,
                    mantissa: extreme
                        ? .random(in: .min ... .max, using: &random) : .random(in: -9...9, using: &random),
                    scale: Int.random(in: -2...9, using: &random),
                    unit: ["V", "Percent", "?"].randomElement(using: &random)!,
                    phase: words.randomElement(using: &random)!, location: words.randomElement(using: &random)!,
                    context: words.randomElement(using: &random)!,
                    sequence: [nil, 0, 1, 2, extreme ? .max : 3].randomElement(using: &random)!))
        }
    }
}

extension Fixture {
    static func session(id: String, evse: EVSEID) -> Session {
        Session(id: Session.ID(id), evse: evse, connector: 1, transactionID: id, idToken: nil, startedAt: t0)
    }
}
