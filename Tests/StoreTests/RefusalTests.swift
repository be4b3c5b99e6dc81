import Assets
import Charging
import Foundation
import GRDB
import GRDBSQLite
import Operations
import Quantities
import Synchronization
import Testing

@testable import Store

/// Changes that SQLite itself refuses: one is left out, all others last, and nothing is lost sight of.
@Suite("Refusals") struct RefusalTests {
    /// How SQLite refuses: the statement, everything since the savepoint, or the whole transaction.
    @Test(arguments: ["ABORT", "FAIL", "ROLLBACK"])
    func `one refused change leaves all others written, in order, and only its group is told of`(
        _ manner: String
    ) async throws {
        let news = News()
        try await withStore(news.options) { store, scratch in
            try store.refuse("message", when: "NEW.message_id = 'bad'", manner)
            let groups: [[Change]] = (0..<20).map { number in
                [
                    .message(call(number == 7 || number == 12 ? "bad" : "m\(number)", payload: "{\"n\":\(number)}")),
                    .setting(key: "\(number)", value: "after"),
                ]
            }
            let refused = try await store.write(groups: groups)
            #expect(refused.keys.sorted() == [7, 12])
            #expect(refused[7]?.kind == "message" && refused[7]?.object == "CP")
            #expect(refused[7]?.words.contains("not this one") == true)
            let settings = try store.loadCore().settings
            #expect(settings.count == 20, "what stood beside the refused change lasts")
            let messages = try await store.messages(of: StationID("CP"), limit: 99, before: nil)
            #expect(
                messages.map(\.record.messageID).reversed() == (0..<20).filter { $0 != 7 && $0 != 12 }.map { "m\($0)" })
            #expect(news.refused.map(\.kind) == ["message", "message"])
            #expect(store.condition == .accepting)
            #expect(store.statistics.refused == 2 && store.statistics.owed == 2)
            #expect(try StoreCheck.run(directory: scratch.path).findings.isEmpty)
        }
    }

    @Test func `a repeat is not accepted until what is owed is written, then it is`() async throws {
        let news = News()
        try await withStore(news.options) { store, _ in
            try store.refuse("session", when: "NEW.id_token = 'TAG'")
            let start: [Change] = [.session(Fixture.session), .setting(key: "next", value: "8"), .message(call("m1"))]
            #expect(try await store.write(groups: [start]).keys.sorted() == [0])
            // The core has it in memory: a repeat changes nothing, under the same id or another.
            for id in ["m1", "m2"] {
                #expect(try await store.write(groups: [[.message(call(id))]]).keys.sorted() == [0], "\(id)")
            }
            // Everything else of the station goes on.
            let other = [Change.message(call("m3", payload: "{\"other\":true}"))]
            #expect(try await store.write(groups: [other, [.setting(key: "a", value: "b")]]).isEmpty)
            #expect(try store.loadCore().activeSessions == [])
            // No refused message would be answered from memory after a start from the disk.
            let journal = try await store.messages(of: StationID("CP"), limit: 9, before: nil).map(\.record)
            #expect(journal.map(\.messageID) == ["m3", "m2", "m1", "m1"])
            #expect(journal.filter { $0.reply != nil }.map(\.messageID) == ["m3"])

            try await store.accept("session")
            #expect(try await store.write(groups: [[.message(call("m4"))]]).isEmpty)
            #expect(try store.loadCore().activeSessions == [Fixture.session])
            #expect(news.settled == ["CP 1/é"])
            #expect(store.statistics.owed == 0)
        }
    }

    @Test func `what is newer replaces what is owed, and an old state never comes back`() async throws {
        let news = News()
        try await withStore(news.options) { store, _ in
            try store.refuse("session", when: "NEW.ended_at IS NULL")
            #expect(try await store.write(groups: [[.session(Fixture.session), .message(call("m1"))]]).count == 1)
            #expect(
                try await store.write(groups: [[.session(Fixture.ended), .message(call("m2", payload: "2"))]]).isEmpty)
            try await store.accept("session")
            #expect(try await store.write(groups: [[.message(call("m1"))]]).isEmpty)
            #expect(try store.loadCore().endedSessions == [Fixture.ended])
            #expect(try store.loadCore().activeSessions.isEmpty)
            #expect(news.settled == ["CP 1/é"])
        }
    }

    @Test func `a change too big is refused by itself`() async throws {
        let news = News()
        try await withStore(news.options) { store, _ in
            try await store.pool.writeWithoutTransaction { db in
                _ = sqlite3_limit(db.sqliteConnection, SQLITE_LIMIT_LENGTH, 100_000)
            }
            let big = MessageRecord(
                station: StationID("CP"), at: t0, direction: .inbound, messageID: "big", action: "DataTransfer",
                text: [UInt8](repeating: 65, count: 200_000), reply: [])
            let refused = try await store.write(groups: [[.setting(key: "a", value: "1")], [.message(big)]])
            #expect(refused.keys.sorted() == [1])
            #expect(try store.loadCore().settings == ["a": "1"])
        }
    }

    @Test func `more than may be owed is given up, oldest first, and told`() async throws {
        let news = News()
        try await withStore(news.options) { store, _ in
            try store.refuse("setting", when: "1")
            let count = Debts.most + 3
            #expect(
                try await store.write(groups: (0..<count).map { [.setting(key: "\($0)", value: "v")] }).count == count)
            #expect(news.givenUp == 3)
            #expect(store.statistics.owed == Debts.most)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `what is owed is tried again by itself, and once more at the end`() async throws {
        let news = News()
        var options = news.options
        options.journal.retryInterval = .milliseconds(1)
        try await withStore(options) { store, _ in
            try store.refuse("setting", when: "1")
            #expect(try await store.write(groups: [[.setting(key: "a", value: "1")]]).count == 1)
            try await store.accept("setting")
            while news.settled.isEmpty { await Task.yield() }
            #expect(try store.loadCore().settings == ["a": "1"])
            #expect(news.settled == ["store"])
        }

        let scratch = try ScratchFolder()
        let store = try Store(directory: scratch.path)
        try store.refuse("setting", when: "1")
        #expect(try await store.write(groups: [[.setting(key: "a", value: "2")]]).count == 1)
        try await store.accept("setting")
        store.close()
        let again = try Store(directory: scratch.path)
        defer { again.close() }
        #expect(try again.loadCore().settings == ["a": "2"])
    }

    @Test func `a removed station takes what is owed of it along`() async throws {
        let news = News()
        try await withStore(news.options) { store, _ in
            try store.refuse("station_live", when: "1")
            let live = Change.stationLive(
                Fixture.station.id, lastSeen: t0, protocol: nil, connectors: [:], commissioning: nil)
            #expect(try await store.write(groups: [[.station(Fixture.station)], [live]]).keys.sorted() == [1])
            #expect(try await store.write(groups: [[.removeStation(Fixture.station.id)]]).isEmpty)
            #expect(store.statistics.owed == 0)
            #expect(news.settled == ["CP 1/é"])
        }
    }

    private func call(_ id: String, payload: String = "{\"idTag\":\"TAG\"}") -> MessageRecord {
        MessageRecord(
            station: StationID("CP"), at: t0, direction: .inbound, messageID: id, action: "StartTransaction",
            text: Array("[2,\"\(id)\",\"StartTransaction\",\(payload)]".utf8), reply: Array("{}".utf8))
    }
}

private final class News: Sendable {
    private let heard = Mutex<[RefusalNews]>([])

    var options: Store.Options {
        var options = Store.Options()
        options.onRefusal = { [self] news in heard.withLock { $0.append(news) } }
        return options
    }
    var refused: [RefusedChange] {
        heard.withLock { $0.compactMap { if case .refused(let refusal) = $0 { refusal } else { nil } } }
    }
    var settled: [String] {
        heard.withLock { $0.compactMap { if case .settled(let object) = $0 { object } else { nil } } }
    }
    var givenUp: Int { heard.withLock { $0.count { if case .givenUp = $0 { true } else { false } } } }
}

extension Store {
    fileprivate func write(groups: [[Change]]) async throws -> [Int: RefusedChange] {
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<[Int: RefusedChange], any Error>) in
            append(groups: groups) { continuation.resume(with: $0.mapError { $0 as any Error }) }
        }
    }

    /// A table that refuses rows, as a constraint would.
    fileprivate func refuse(_ table: String, when condition: String, _ manner: String = "ABORT") throws {
        try pool.write { db in
            for event in ["INSERT", "UPDATE"] {
                try db.execute(
                    sql: """
                        CREATE TRIGGER refuse_\(event) BEFORE \(event) ON \(table) WHEN \(condition)
                        BEGIN SELECT RAISE(\(manner), 'not this one'); END
                        """)
            }
        }
    }

    fileprivate func accept(_ table: String) async throws {
        try await pool.write { db in
            for event in ["INSERT", "UPDATE"] { try db.execute(sql: "DROP TRIGGER refuse_\(event)") }
        }
    }
}
