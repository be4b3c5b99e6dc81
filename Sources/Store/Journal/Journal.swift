import Foundation
import GRDB
import GRDBSQLite
import Operations

/// The one writer of changes: a thread with a bounded mailbox that commits everything that waits in one transaction,
/// so that one `fsync` serves all of it (group commit).
///
/// A transaction that the disk does not take is not given up: its changes stay at the head, in order, and are tried again
/// with a growing pause. Nothing is answered meanwhile, and nothing that the core already knows can be lost behind its
/// back. Only when the mailbox is full are changes not taken, and then no later ones either, until ``resume()``.
/// A change that SQLite refuses for itself is left out and owed (``CarefulPass``); all others are written.
final class Journal: @unchecked Sendable {
    typealias Completion = @Sendable (Result<[Int: RefusedChange], StoreFault>) -> Void

    private struct Parcel {
        let groups: [[Change]]
        let count: Int
        let bytes: Int
        let then: Completion
    }

    private let pool: DatabasePool
    private let checkpointer: Checkpointer
    private let limits: JournalLimits
    private let report: @Sendable (Store.Condition) -> Void
    private let tell: @Sendable (RefusalNews) -> Void
    /// The thread's own.
    private var debts = Debts()
    private var retryAllAt = ContinuousClock.now

    /// Guards everything below it.
    private let monitor = NSCondition()
    private var waiting: [Parcel] = []
    private var waitingChanges = 0
    private var waitingBytes = 0
    private var isClosing = false
    private var hasEnded = false
    private var hasOverflowed = false
    private var refusal: StoreFault?
    private var counters = JournalCounters()

    init(pool: DatabasePool, checkpointer: Checkpointer, options: Store.Options) {
        self.pool = pool
        self.checkpointer = checkpointer
        self.limits = options.journal
        self.report = options.onCondition
        self.tell = options.onRefusal
        let thread = Thread { [self] in run() }
        thread.name = "journal"
        thread.start()
    }

    func append(_ groups: [[Change]], then: @escaping Completion) {
        var (count, bytes) = (0, 0)
        for changes in groups {
            count += changes.count
            for change in changes { bytes += Journal.bytes(of: change) }
        }
        monitor.lock()
        let refused: StoreFault? =
            if isClosing { .closed } else if hasOverflowed || isFull { .backlogFull } else { nil }
        if let refused {
            if !isClosing { hasOverflowed = true }
            monitor.unlock()
            then(.failure(refused))
            return
        }
        waiting.append(Parcel(groups: groups, count: count, bytes: bytes, then: then))
        waitingChanges += count
        waitingBytes += bytes
        monitor.broadcast()
        monitor.unlock()
    }

    func resume() { monitor.withLock { hasOverflowed = false } }

    var condition: Store.Condition {
        monitor.withLock {
            if let refusal { return .refusing(refusal) }
            if hasOverflowed { return .refusing(.backlogFull) }
            return waitingChanges * 2 > limits.changes || waitingBytes * 2 > limits.bytes ? .congested : .accepting
        }
    }

    var statistics: JournalCounters {
        monitor.withLock {
            var counters = counters
            counters.waiting = waitingChanges
            return counters
        }
    }

    /// Writes what waits, then ends the thread. What a refusing disk still does not take fails with its fault.
    func close() {
        monitor.lock()
        isClosing = true
        monitor.broadcast()
        while !hasEnded { monitor.wait() }
        monitor.unlock()
    }

    private var isFull: Bool { waitingChanges >= limits.changes || waitingBytes >= limits.bytes }

    /// A frame's length or a flat estimate: the bound is about memory, not about exactness.
    static func bytes(of change: Change) -> Int {
        if case .message(let record) = change { return 200 + record.text.count + (record.reply?.count ?? 0) }
        if case .device(.variables(_, let news, _)) = change { return 300 + news.count * 300 }
        return 300
    }

    // MARK: The thread

    private func run() {
        var writer: ChangeWriter?
        while let parcels = next() {
            write(parcels, with: &writer)
            checkpointer.finish(pool)
        }
        if !debts.isEmpty {
            retryAllAt = ContinuousClock.now
            write([], with: &writer)
        }
        // The statements must go before their connection does.
        pool.writeWithoutTransaction { _ in writer = nil }
        monitor.withLock {
            hasEnded = true
            monitor.broadcast()
        }
    }

    /// Everything that waits, up to one transaction's bound; nothing when it is time to try what is owed; `nil` at the end.
    private func next() -> [Parcel]? {
        monitor.lock()
        defer { monitor.unlock() }
        while waiting.isEmpty {
            if isClosing { return nil }
            if debts.isEmpty {
                monitor.wait()
            } else {
                let pause = (retryAllAt - ContinuousClock.now) / .seconds(1)
                if pause <= 0 { return [] }
                _ = monitor.wait(until: Date(timeIntervalSinceNow: pause))
            }
        }
        if limits.lingerMilliseconds > 0, !isClosing {
            let end = Date(timeIntervalSinceNow: Double(limits.lingerMilliseconds) / 1000)
            while waitingChanges < limits.changesPerCommit, !isClosing, monitor.wait(until: end) {}
        }
        var (count, changes) = (0, 0)
        while count < waiting.count, count == 0 || changes + waiting[count].count <= limits.changesPerCommit {
            changes += waiting[count].count
            count += 1
        }
        let parcels = Array(waiting[..<count])
        waiting.removeSubrange(..<count)
        return parcels
    }

    private func write(_ parcels: [Parcel], with writer: inout ChangeWriter?) {
        var pause = 0.1
        let groups = parcels.flatMap(\.groups)
        while true {
            let started = ContinuousClock.now
            do {
                let (refused, news) = try commit(groups, with: &writer)
                settled(parcels, took: ContinuousClock.now - started, refused: news)
                for one in news { tell(one) }
                return answer(parcels, refused)
            } catch {
                if refuse(error.fault, pause: pause) {
                    settled(parcels, took: nil)
                    for parcel in parcels { parcel.then(.failure(error.fault)) }
                    return
                }
                pause = min(pause * 2, 5)
            }
        }
    }

    /// - Parameter refused: by place among the groups of all parcels.
    private func answer(_ parcels: [Parcel], _ refused: [Int: RefusedChange]) {
        var first = 0
        for parcel in parcels {
            var own: [Int: RefusedChange] = [:]
            if !refused.isEmpty {
                for group in parcel.groups.indices { own[group] = refused[first + group] }
            }
            first += parcel.groups.count
            parcel.then(.success(own))
        }
    }

    /// - Returns: the groups of which SQLite refused something, and what is to be told of it.
    private func commit(
        _ groups: [[Change]], with writer: inout ChangeWriter?
    ) throws(SQLiteFailure) -> ([Int: RefusedChange], [RefusalNews]) {
        let (made, owed) = (writer, debts)
        let retryAll = !owed.isEmpty && ContinuousClock.now >= retryAllAt
        // Barriers without changes need no transaction: what came before them is on the disk.
        if !retryAll, groups.allSatisfy(\.isEmpty) { return ([:], []) }
        let (used, outcome): (ChangeWriter?, Result<CarefulPass?, SQLiteFailure>) = pool.writeWithoutTransaction { db in
            guard let connection = db.sqliteConnection else { return (nil, .failure(SQLiteFailure(nil))) }
            let writer = made ?? ChangeWriter(connection: connection)
            do throws(SQLiteFailure) {
                if owed.isEmpty, try Journal.commitAll(groups, writer) { return (writer, .success(nil)) }
                var pass = CarefulPass(writer: writer, debts: owed)
                try pass.run(groups, retryAll: retryAll)
                return (writer, .success(pass))
            } catch {
                writer.rollback()
                return (writer, .failure(error))
            }
        }
        writer = used
        guard let pass = try outcome.get() else { return ([:], []) }
        debts = pass.debts
        if retryAll || owed.isEmpty { retryAllAt = ContinuousClock.now + limits.retryInterval }
        return (pass.refused, pass.news)
    }

    /// The common case: nothing is refused.
    /// - Returns: `false`, with nothing written, when a change was refused for itself.
    private static func commitAll(_ groups: [[Change]], _ writer: ChangeWriter) throws(SQLiteFailure) -> Bool {
        do throws(SQLiteFailure) {
            try writer.begin()
            for changes in groups {
                for change in changes { try writer.apply(change) }
            }
            try writer.commit()
            return true
        } catch {
            guard error.isOfTheChange else { throw error }
            writer.rollback()
            return false
        }
    }

    private func settled(_ parcels: [Parcel], took: Duration?, refused: [RefusalNews] = []) {
        monitor.lock()
        for parcel in parcels {
            waitingChanges -= parcel.count
            waitingBytes -= parcel.bytes
        }
        let recovered = took != nil && refusal != nil
        if let took {
            refusal = nil
            counters.commits += 1
            counters.changes += parcels.reduce(0) { $0 + $1.count }
            counters.refused += refused.count { if case .refused = $0 { true } else { false } }
            counters.owed = debts.order.count
            counters.commitTime += took
            counters.longestCommit = max(counters.longestCommit, took)
        }
        monitor.unlock()
        if recovered { report(.accepting) }
    }

    /// Tells that the disk refuses, then waits before the next try.
    /// - Returns: `true` when the store is closing: no further try.
    private func refuse(_ fault: StoreFault, pause: Double) -> Bool {
        monitor.lock()
        let isNews = refusal != fault
        refusal = fault
        counters.failures += 1
        monitor.unlock()
        if isNews { report(.refusing(fault)) }
        monitor.lock()
        defer { monitor.unlock() }
        let end = Date(timeIntervalSinceNow: pause)
        while !isClosing, monitor.wait(until: end) {}
        return isClosing
    }
}

/// Bounds of the journal's mailbox and transactions.
public struct JournalLimits: Sendable {
    /// Changes and bytes that may wait. At 20 000 changes a second this is ten seconds of a disk that stands still.
    public var changes = 200_000
    public var bytes = 128 << 20
    /// Bounds the time of one transaction, and with it the wait of the first one in the next.
    public var changesPerCommit = 8192
    /// How long a commit waits for company. 0: what gathers during the commit before it is company enough.
    public var lingerMilliseconds = 0
    /// Owed changes are tried again this often, with each repeat of the message that brought them, and at the end.
    package var retryInterval: Duration = .seconds(60)
    public init() {}
}

/// What the journal did since it was opened.
public struct JournalCounters: Sendable {
    public var commits = 0
    public var changes = 0
    public var failures = 0
    /// Changes that SQLite refused for themselves, each time counted; and those of them owed now.
    public var refused = 0
    public var owed = 0
    public var waiting = 0
    public var commitTime: Duration = .zero
    public var longestCommit: Duration = .zero
}
