import Foundation
import GRDB
import Operations
import Quantities
import StoreSupport
import Synchronization
import Testing

@testable import Store

@Suite("Data directory and journal") struct DirectoryTests {
    @Test func `a second opening is refused and names the holder, until the first lets go`() async throws {
        let scratch = try ScratchFolder()
        let first = try Store(directory: scratch.path)
        let fault = #expect(throws: StoreFault.self) { try Store(directory: scratch.path) }
        #expect(fault?.description.contains("pid \(getpid())") == true, "\(fault.map(String.init(describing:)) ?? "")")
        first.close()
        try Store(directory: scratch.path).close()
    }

    @Test func `a process that was killed holds nothing`() throws {
        let scratch = try ScratchFolder()
        let probe = try ProbeProcess([scratch.path, "0", "100000", "1"])
        #expect(probe.read { $0.lines.contains("open") })
        #expect(throws: StoreFault.self) { try Store(directory: scratch.path) }
        probe.kill()
        try Store(directory: scratch.path).close()
    }

    @Test func `databases of other programs and of newer versions are refused`() throws {
        let scratch = try ScratchFolder()
        let queue = try DatabaseQueue(path: DataDirectory.database(in: scratch.path))
        try queue.write { try $0.execute(sql: "CREATE TABLE t (a)") }
        try queue.close()
        #expect(throws: StoreFault.self) { try Store(directory: scratch.path) }

        let newer = try ScratchFolder()
        let store = try Store(directory: newer.path)
        try store.pool.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')") }
        store.close()
        #expect(throws: StoreFault.newerSchema(path: DataDirectory.database(in: newer.path))) {
            try Store(directory: newer.path)
        }
        let text = try ScratchFolder()
        try Data("this is no database, and long enough to be read as a header of one. ".utf8)
            .write(to: URL(filePath: DataDirectory.database(in: text.path)))
        #expect(throws: StoreFault.self) { try Store(directory: text.path) }
    }

    @Test func `completions come in the order of the appends, a barrier after what is before it`() async throws {
        try await withStore { store, _ in
            let order = Mutex<[Int]>([])
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                for number in 0..<500 {
                    let changes = number % 7 == 0 ? [] : SampleChanges.meterMessage(number)
                    store.append(changes) { _ in order.withLock { $0.append(number) } }
                }
                store.append([]) { _ in continuation.resume() }
            }
            #expect(order.withLock { $0 } == Array(0..<500))
            let statistics = store.statistics
            #expect(statistics.waiting == 0)
            #expect(statistics.commits < 428, "commits were not shared")
        }
    }

    @Test func `past the bound nothing is taken until the core was loaded anew`() async throws {
        var options = Store.Options()
        options.journal.changes = 10
        try await withStore(options) { store, _ in
            let results = Mutex<[Bool]>([])
            await withCheckedContinuation { all in
                // Holding the writer's queue keeps the journal from committing.
                store.pool.asyncWriteWithoutTransaction { _ in
                    for number in 0..<20 {
                        store.append([.setting(key: "\(number)", value: "")]) { result in
                            let count = results.withLock { results in
                                results.append((try? result.get()) != nil)
                                return results.count
                            }
                            if count == 20 { all.resume() }
                        }
                    }
                    #expect(store.condition == .refusing(.backlogFull))
                }
            }
            await #expect(throws: StoreFault.backlogFull) { try await store.write(.setting(key: "late", value: "")) }
            store.resume()
            try await store.write(.setting(key: "after", value: ""))
            let taken = results.withLock { $0.filter { $0 }.count }
            let settings = try store.loadCore().settings.keys
            #expect(settings.count == taken + 1 && settings.contains("after") && !settings.contains("late"))
        }
    }

    @Test func `after closing, appends fail and what waited is written`() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(directory: scratch.path)
        for number in 0..<50 { store.append([.setting(key: "\(number)", value: "")]) { _ in } }
        store.close()
        store.close()
        await #expect(throws: StoreFault.closed) { try await store.write(.setting(key: "late", value: "")) }
        let again = try Store(directory: scratch.path)
        defer { again.close() }
        #expect(try again.loadCore().settings.count == 50)
    }

    /// Each read gives what is there or fails; none takes a connection that is closed already.
    @Test func `reads that go on while it closes end in order`() async throws {
        for _ in 0..<40 {
            let scratch = try ScratchFolder()
            let store = try Store(directory: scratch.path)
            try await withThrowingTaskGroup(of: Int.self) { readers in
                for _ in 0..<12 {
                    readers.addTask {
                        var done = 0
                        do {
                            while true {
                                _ = try await store.alarms(active: true, limit: 10)
                                done += 1
                            }
                        } catch {
                            #expect(error as? StoreFault == .closed)
                            return done
                        }
                    }
                }
                _ = try await store.alarms(active: true, limit: 10)
                store.close()
                for try await _ in readers {}
            }
        }
    }
}
