import Foundation
import GRDB
public import Operations
import Synchronization

/// Everything that lasts, in one data directory: a SQLite database in WAL mode with `synchronous=FULL`.
///
/// One process at a time may open a directory. Changes go through ``append(_:then:)``; reads see what is committed and
/// run beside the writer. ``maintain(now:)`` keeps the directory small and is called every few seconds from outside
/// any hot path.
public final class Store: Sendable {
    /// How the store takes changes at the moment.
    public enum Condition: Hashable, Sendable {
        case accepting
        /// Half of the mailbox is full: take less from stations.
        case congested
        /// The disk does not take changes. They wait and are tried again; take nothing more from stations.
        case refusing(StoreFault)
    }

    public struct Options: Sendable {
        public var journal = JournalLimits()
        public var retention = RetentionPolicy()
        /// Called on the journal's thread when the disk begins to refuse (raise an alarm) and when it takes changes again.
        public var onCondition: @Sendable (Condition) -> Void = { _ in }
        /// Called on the journal's thread about changes that SQLite refuses, before the answer of their append.
        public var onRefusal: @Sendable (RefusalNews) -> Void = { _ in }
        /// `OFF` exists to prove that the durability tests can fail.
        package var synchronous = "FULL"
        /// Pages of the write-ahead log after which they move into the database, beside the commits: 4000 are 16 MiB.
        package var checkpointPages = 4000
        public init() {}
    }

    public let directory: String
    public let access: AccessDesk
    let pool: DatabasePool
    let gate = ReadGate()
    let retention: RetentionPolicy
    private let lock: DirectoryLock
    private let journal: Journal
    let checkpointer: Checkpointer
    private let isClosed = Mutex(false)
    let upkeep = Mutex(UpkeepState())

    /// Opens or creates the data directory, finishes a restore that was cut off, and brings the tables up to date.
    /// - Throws: ``StoreFault``: held by another process, not readable, newer, damaged.
    public init(directory: String, options: Options = Options()) throws(StoreFault) {
        try DataDirectory.create(directory)
        let lock = try DirectoryLock(directory: directory)
        let path = DataDirectory.database(in: directory)
        do {
            try Restore.finish(in: directory)
            try DataDirectory.reserve(path)
            let pool = try DatabasePool(path: path, configuration: Store.configuration())
            try Store.migrate(pool, path: path)
            // GRDB sets NORMAL on its writer after the configuration ran, so this must come after opening.
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = \(options.synchronous)")
                let set = try Int.fetchOne(db, sql: "PRAGMA synchronous")
                if options.synchronous == "FULL", set != 2 {
                    throw StoreFault.cannotOpen(path: path, why: .notSynchronous)
                }
            }
            // The names of new files must last too.
            try DataDirectory.sync(directory)
            self.pool = pool
            self.checkpointer = try Checkpointer(pool, path: path, options: options)
        } catch {
            lock.release()
            throw StoreFault(error, path: path)
        }
        self.directory = directory
        self.lock = lock
        self.retention = options.retention
        self.access = AccessDesk(database: pool)
        self.journal = Journal(pool: pool, checkpointer: checkpointer, options: options)
    }

    /// Writes `groups` in order, together with whatever else waits. A group is what one input made the core persist, and
    /// what its answers rest on.
    ///
    /// `then` is called on the journal's thread, in the order of the appends, when the changes are on the disk. While the
    /// disk is full the changes wait and are tried again. On failure they are **not** written and the caller's memory is
    /// ahead of the disk: after ``StoreFault/backlogFull`` load the core anew (``loadCore()``) and call ``resume()``.
    ///
    /// On success it is given the groups of which SQLite refused a change: their other changes are written, the refused
    /// one is owed and tried again, and their answers must not go. So are groups that repeat the message of one that is
    /// still owed.
    public func append(
        groups: [[Change]], then: @escaping @Sendable (Result<[Int: RefusedChange], StoreFault>) -> Void
    ) {
        journal.append(groups, then: then)
    }

    /// One group; ``StoreFault/rejected(_:)`` when something of it was refused. An empty list is a barrier: it succeeds
    /// when everything before it is on the disk.
    public func append(_ changes: [Change], then: @escaping @Sendable (Result<Void, StoreFault>) -> Void) {
        append(groups: [changes]) { result in
            then(result.flatMap { $0[0].map { .failure(.rejected(.foreign($0.words))) } ?? .success(()) })
        }
    }

    /// Takes changes again after ``StoreFault/backlogFull``.
    public func resume() { journal.resume() }
    public var condition: Condition { journal.condition }
    public var statistics: JournalCounters { journal.statistics }

    /// Writes what waits and lets go of the directory. Appends and reads after it fail with ``StoreFault/closed``.
    /// Closing again does nothing.
    public func close() {
        journal.close()
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        checkpointer.close()
        // A reader is the last connection to go and cannot empty the log. Should this fail, the next opening does it.
        try? pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        // A read that hangs keeps its connection; the process ends with it.
        if gate.close() { try? pool.close() }
        lock.release()
    }

    static func configuration(readonly: Bool = false) -> Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.readonly = readonly
        // `tidewatt admin` may write a token meanwhile.
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { db in
            // The system's own cache stands behind it: 16 MiB saved no measurable time.
            try db.execute(sql: "PRAGMA cache_size = -4096")
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            if !db.configuration.readonly {
                try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
            }
        }
        return configuration
    }

    /// Brings a directory's tables up to date without serving from it.
    /// - Returns: the migrations that were missing.
    public static func migrate(directory: String) throws(StoreFault) -> [String] {
        let path = DataDirectory.database(in: directory)
        do {
            var before: Set<String> = []
            if DataDirectory.exists(path) {
                let queue = try DatabaseQueue(path: path, configuration: configuration())
                before = try queue.read { try Schema.migrator.appliedIdentifiers($0) }
                try queue.close()
            }
            try Store(directory: directory).close()
            return Schema.migrator.migrations.filter { !before.contains($0) }
        } catch { throw StoreFault(error, path: path) }
    }

    static func migrate(_ database: some DatabaseWriter, path: String) throws {
        try database.read { db in
            let isEmpty = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_master") == 0
            let application = try Int32.fetchOne(db, sql: "PRAGMA application_id")
            if !isEmpty, application != Schema.applicationID {
                throw StoreFault.cannotOpen(path: path, why: .otherProgram)
            }
            if try Schema.migrator.hasBeenSuperseded(db) { throw StoreFault.newerSchema(path: path) }
        }
        try Schema.migrator.migrate(database)
    }
}
