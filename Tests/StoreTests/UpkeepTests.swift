import Assets
import Charging
import Foundation
import GRDB
import Operations
import Quantities
import Testing

@testable import Store

@Suite("Upkeep") struct UpkeepTests {
    @Test func `old messages go, the newest stays, and no number is missing between`() async throws {
        var options = Store.Options()
        options.retention.messages = RetentionPolicy.Bound(days: 1, megabytes: 100)
        try await withStore(options) { store, scratch in
            try await store.write((0..<1200).map { message($0, at: t0 + .minutes($0 * 2)) })
            let report = try store.maintain(now: t0 + .minutes(2400), everything: true)
            #expect(report.removedRows["message"] == 480)
            let left = try await store.messages(of: StationID("CP"), limit: 10_000, before: nil)
            #expect(left.count == 720)
            #expect(left.last?.record.at == t0 + .minutes(960))
            #expect(try StoreCheck.run(directory: scratch.path).findings.isEmpty)

            try store.maintain(now: t0 + .days(90), everything: true)
            #expect(try await store.messages(of: StationID("CP"), limit: 10, before: nil).map(\.sequence) == [1200])
        }
    }

    @Test func `what retention does not reach in one call goes at the next ones`() async throws {
        var options = Store.Options()
        options.retention.messages = RetentionPolicy.Bound(days: 1, megabytes: 1000)
        options.retention.sitePower = RetentionPolicy.Bound(days: 1, megabytes: 1000)
        try await withStore(options) { store, _ in
            for start in stride(from: 0, to: 30_000, by: 5000) {
                try await store.write((start..<start + 5000).map { message($0, at: t0 + .seconds($0)) })
                try await store.write((start..<start + 5000).map { power($0) })
            }
            let late = t0 + .days(30)
            let reports = try (0..<4).map { _ in try store.maintain(now: late) }
            // 40 steps of 500 rows a call, the journal first.
            #expect(reports.map { $0.removedRows["message"] ?? 0 } == [20_000, 9999, 0, 0])
            #expect(reports.map { $0.removedRows["site_power"] ?? 0 } == [0, 10_000, 20_000, 0])
            #expect(reports.map(\.isUnfinished) == [true, true, true, false])

            // The journals are cut at each call, the other tables once an hour.
            try await store.write((30_000..<30_010).map { message($0, at: t0 + .seconds($0)) })
            try await store.write(power(0))
            #expect(try store.maintain(now: late).removedRows == ["message": 10])
        }
    }

    /// 16 000 piles that report once a minute make 267 messages a second, a call of upkeep every five seconds 1334 rows.
    @Test func `the journal keeps its megabytes while it grows as fast as 16 000 piles make it grow`() async throws {
        var options = Store.Options()
        options.retention.messages = RetentionPolicy.Bound(days: 1000, megabytes: 4)
        try await withStore(options) { store, _ in
            var most = 0
            for call in 0..<30 {
                let first = call * 1334
                try await store.write((first..<first + 1334).map { message($0, at: t0, bytes: 1000) })
                try store.maintain(now: t0)
                let bytes = try await store.pool.read { db in
                    try Int.fetchOne(
                        db,
                        sql: """
                            SELECT SUM(pgsize - unused) FROM dbstat WHERE aggregate = 1
                                AND name IN ('message', 'message_of_station')
                            """)
                }
                most = max(most, bytes ?? 0)
            }
            // By a tenth: the mean size of a row is measured now and then, and freed places are not all used again at once.
            #expect(most < 4 << 20 * 11 / 10, "\(most) bytes")
            #expect(most > 3 << 20, "\(most) bytes")
        }
    }

    @Test func `old blocks go by their day, and what belongs to rows that are gone goes too`() async throws {
        var options = Store.Options()
        options.retention.readings = RetentionPolicy.Bound(days: 10, megabytes: 1000)
        try await withStore(options) { store, scratch in
            for station in 0..<120 {
                let evse = EVSEID(StationID("CP-\(station)"), 1)
                let session = Session.ID("S-\(station)")
                try await store.write(
                    (0..<20).map { day in
                        .readings(session: session, evse: evse, [Fixture.reading(t0 + .days(day), Int64(day))])
                    })
            }
            try store.maintain(now: t0 + .days(20), everything: true)
            let kept = try await store.pool.read { db in
                try ["COUNT(*) FROM reading_block", "COUNT(*) FROM reading_session", "MIN(day) FROM reading_block"]
                    .map { try Int64.fetchOne(db, sql: "SELECT " + $0) }
            }
            #expect(kept == [1200, 1200, ReadingUpkeep.day(of: t0 + .days(10))])
            #expect(try StoreCheck.run(directory: scratch.path).findings.isEmpty)
        }
    }

    @Test func `a walk over the tail moves what there was at its beginning, over several calls`() async throws {
        try await withStore { store, scratch in
            for station in 0..<150 {
                let evse = EVSEID(StationID("CP-\(station)"), 1)
                try await store.write(
                    (0..<100).map { .readings(session: nil, evse: evse, [Fixture.reading(t0 + .seconds($0), 1)]) })
            }
            let late = t0 + .hours(2)
            let first = try store.maintain(now: late)
            #expect(first.compactedRows == 10_000 && first.isUnfinished)
            // A meter whose turn has been waits for the next walk.
            let early = EVSEID(StationID("CP-0"), 1)
            try await store.write(.readings(session: nil, evse: early, [Fixture.reading(late, 2)]))
            #expect(try store.maintain(now: late).compactedRows == 5000)
            #expect(try store.maintain(now: late).compactedRows == 0)
            #expect(try store.maintain(now: late + .hours(1)).compactedRows == 1)
            #expect(try StoreCheck.run(directory: scratch.path).findings.isEmpty)
        }
    }

    @Test func `a meter whose rows cannot be moved keeps no other from moving, nor retention`() async throws {
        var options = Store.Options()
        options.retention.messages = RetentionPolicy.Bound(days: 1, megabytes: 100)
        try await withStore(options) { store, _ in
            for station in 0..<9 {
                let evse = EVSEID(StationID("CP-\(station)"), 1)
                try await store.write(.readings(session: nil, evse: evse, [Fixture.reading(t0, 1)]))
            }
            try await store.write((0..<10).map { message($0, at: t0) })
            try await store.pool.write {
                try $0.execute(sql: "UPDATE reading_tail SET body = x'07' WHERE station IN ('CP-2', 'CP-5')")
            }
            #expect(throws: StoreFault.damaged(.readingsRowDamaged)) {
                try store.maintain(now: t0 + .days(9))
            }
            let left = try await store.pool.read { db in
                (
                    try String.fetchAll(db, sql: "SELECT station FROM reading_tail ORDER BY station"),
                    try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM message")
                )
            }
            #expect(left.0 == ["CP-2", "CP-5"] && left.1 == 1)
            // They are looked at again with the next hourly walk.
            #expect(try store.maintain(now: t0 + .days(9)).compactedRows == 0)
        }
    }

    @Test func `a station whose clock is behind does not make blocks rewritten all the time`() async throws {
        try await withStore { store, _ in
            let evse = EVSEID(StationID("CP"), 1)
            try await store.write(.readings(session: nil, evse: evse, [Fixture.reading(t0 - .days(2), 1)]))
            #expect(try store.maintain(now: t0).compactedRows == 1)
            try await store.write(.readings(session: nil, evse: evse, [Fixture.reading(t0 - .days(1), 1)]))
            #expect(try store.maintain(now: t0 + .minutes(59)).compactedRows == 0)
            #expect(try store.maintain(now: t0 + .minutes(60)).compactedRows == 1)
        }
    }

    @Test func `the write-ahead log begins anew while the writing goes on`() async throws {
        var options = Store.Options()
        options.checkpointPages = 50
        try await withStore(options) { store, scratch in
            // Each commit adds four pages or more to the log.
            for number in 0..<5000 { try await store.write(message(number, at: t0, bytes: 8000)) }
            let size = try FileManager.default.attributesOfItem(atPath: scratch.path + "/tidewatt.sqlite-wal")[.size]
            let bytes = try #require(size as? Int)
            #expect(bytes < 5000 * 4 * 4096 / 4, "\(bytes) bytes")
        }
    }

    private func power(_ minute: Int) -> Change {
        .sitePower(
            SitePowerPoint(
                site: SiteID("S1"), at: t0 + .seconds(minute), measured: .kilowatts(300), charging: nil, planned: nil,
                limit: nil, base: nil, baseIsStale: false, level: nil))
    }

    @Test func `a table over its megabytes loses its oldest rows`() async throws {
        var options = Store.Options()
        options.retention.messages = RetentionPolicy.Bound(days: 1000, megabytes: 1)
        try await withStore(options) { store, _ in
            try await store.write((0..<3000).map { message($0, at: t0 + .seconds($0), bytes: 1000) })
            let report = try store.maintain(now: t0, everything: true)
            let left = try await store.messages(of: StationID("CP"), limit: 10_000, before: nil)
            #expect(left.count < 1100 && left.count > 700, "left \(left.count)")
            #expect(left.first?.sequence == 3000)
            #expect(left.count + (report.removedRows["message"] ?? 0) == 3000)
            #expect(try store.maintain(now: t0, everything: true).removedRows.isEmpty)
        }
    }

    @Test func `sessions, plans and superseded readings age, what is in use stays`() async throws {
        try await withStore { store, _ in
            let evse = EVSEID(StationID("CP"), 1)
            try await store.write(
                .session(Fixture.session(id: "active", evse: evse)), .session(Fixture.ended), .plan(Fixture.plan),
                .command(Fixture.command), .alarm(Fixture.alarm),
                .readings(session: nil, evse: evse, [Fixture.reading(t0, 1)]))
            try store.maintain(now: t0, everything: true)
            try await store.write(.readings(session: nil, evse: evse, [Fixture.reading(t0, 2)]))
            try store.maintain(now: t0, everything: true)
            let report = try store.maintain(now: t0 + .days(700), everything: true)
            #expect(report.removedRows == ["plan": 1, "reading_block": 1])
            try store.maintain(now: t0 + .days(1300), everything: true)
            #expect(
                try await store.sessions(SessionFilter(), after: nil, limit: 9).map(\.session.id.value) == ["active"])
            #expect(try store.loadCore().pendingCommands == [Fixture.command])
            #expect(try store.loadCore().activeAlarms == [Fixture.alarm])
        }
    }

    @Test func `a backup taken beside a running server restores into another directory`() async throws {
        try await withStore { store, scratch in
            try await store.write(.site(Fixture.site), .message(Fixture.message))
            let file = scratch.path + "/backup.sqlite"
            try Store.backup(directory: scratch.path, to: file)
            try await store.write(.removeSite(Fixture.site.id))

            let other = try ScratchFolder()
            let before = try Store(directory: other.path)
            try await before.write(.setting(key: "old", value: "1"))
            before.close()
            try Restore.run(file: file, directory: other.path)
            let restored = try Store(directory: other.path)
            defer { restored.close() }
            #expect(try restored.loadCore().sites == [Fixture.site])
            #expect(try restored.loadCore().settings.isEmpty)
            #expect(FileManager.default.fileExists(atPath: other.path + "/tidewatt.sqlite.replaced"))
        }
    }

    @Test func `a restore that was cut off is finished by the next opening`() async throws {
        let (source, target) = (try ScratchFolder(), try ScratchFolder())
        for (folder, value) in [(source, "new"), (target, "old")] {
            let store = try Store(directory: folder.path)
            try await store.write(.setting(key: "which", value: value))
            store.close()
        }
        let database = DataDirectory.database(in: target.path)
        try Store.backup(directory: source.path, to: database + ".restore")
        // The old log is still there: it must not be applied to the restored database.
        try Data("stale".utf8).write(to: URL(filePath: database + "-wal"))
        let store = try Store(directory: target.path)
        defer { store.close() }
        #expect(try store.loadCore().settings == ["which": "new"])
    }

    @Test func `a running directory and an unsound file are refused, and nothing changes`() async throws {
        try await withStore { store, scratch in
            try await store.write(.setting(key: "a", value: "1"))
            let file = scratch.path + "/backup.sqlite"
            try Store.backup(directory: scratch.path, to: file)
            #expect(throws: StoreFault.self) { try Restore.run(file: file, directory: scratch.path) }

            let other = try ScratchFolder()
            let bytes = try #require(FileManager.default.contents(atPath: file))
            let unsound: [(String, Data)] = [
                ("text", Data("no database".utf8)), ("cut", bytes.prefix(bytes.count / 2)), ("empty", Data()),
                (
                    "flipped",
                    Data(bytes.enumerated().map { $0.offset > 4096 && $0.offset < 9000 ? ~$0.element : $0.element })
                ),
            ]
            for (name, content) in unsound {
                let path = other.path + "/" + name
                try content.write(to: URL(filePath: path))
                #expect(throws: StoreFault.self, "\(name)") { try Restore.run(file: path, directory: other.path) }
            }
            #expect(throws: StoreFault.self) { try Restore.run(file: "/nowhere/x", directory: other.path) }
            #expect(!FileManager.default.fileExists(atPath: DataDirectory.database(in: other.path)))
        }
    }

    @Test func `check finds what was planted`() async throws {
        let plants: [(code: String, sql: String)] = [
            ("journal-gap", "DELETE FROM message WHERE seq = 2"),
            ("session-end", "UPDATE session SET active = 1"),
            ("session-order", "UPDATE session SET ended_at = started_at - 1"),
            ("session-energy", "UPDATE session SET imported = -1"),
            ("station-site", "UPDATE station SET node = NULL, site = 'nowhere'"),
            ("block-unreadable", "UPDATE reading_block SET body = x'01ff'"),
            ("block-content", "UPDATE reading_block SET count = count + 1"),
            ("block-versions", "UPDATE reading_block SET superseded_at = 1"),
            ("plan-unreadable", "UPDATE plan SET body = x'02'"),
        ]
        for plant in plants {
            try await withStore { store, scratch in
                try await store.write(
                    .station(Fixture.station), .site(Fixture.site), .node(GridNode(id: NodeID("N1"))),
                    .session(Fixture.ended), .plan(Fixture.plan), .message(Fixture.message), .message(Fixture.message),
                    .message(Fixture.message),
                    .readings(session: nil, evse: EVSEID(StationID("CP"), 1), [Fixture.reading(t0, 1)]))
                try store.maintain(now: t0, everything: true)
                #expect(try StoreCheck.run(directory: scratch.path).findings.map(\.code) == [])
                try await store.pool.write { try $0.execute(sql: plant.sql) }
                let codes = try StoreCheck.run(directory: scratch.path).findings.map(\.code)
                #expect(codes == [plant.code], "\(plant.sql)")
            }
        }
    }

    private func message(_ number: Int, at: Instant, bytes: Int = 10) -> Change {
        .message(
            MessageRecord(
                station: StationID("CP"), at: at, direction: .inbound, messageID: "m\(number)", action: "A",
                text: [UInt8](repeating: 65, count: bytes)))
    }
}
