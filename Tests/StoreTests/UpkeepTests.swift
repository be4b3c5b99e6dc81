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
            let report = try store.maintain(now: t0 + .days(1100), everything: true)
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
