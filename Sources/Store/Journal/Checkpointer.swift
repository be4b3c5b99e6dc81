import Foundation
import GRDB
import GRDBSQLite

/// Moves the write-ahead log's pages into the database without making a commit wait for it.
///
/// A thread with a connection of its own copies them (`PASSIVE`) while the journal goes on committing. What was added
/// meanwhile is little; the journal moves it between two batches (``finish(_:)``), and the next commit then begins the
/// log anew. So the log stays near its bound however long the writing goes on. Only a reader that stays (a backup) keeps
/// the log from beginning anew; it grows until the reader is done.
final class Checkpointer: @unchecked Sendable {  // everything mutable is guarded by the monitor
    private let connection: DatabaseQueue
    /// Frames of the log after which they are moved.
    private let bound: Int
    private let monitor = NSCondition()
    /// In the log, as the writer's last commit said.
    private var frames = 0
    /// Frames at which the next move begins.
    private var goal: Int
    private var isReadyToFinish = false
    private var isClosing = false
    private var hasEnded = false

    /// The rest that is left to the moment between two batches, unless the writing is faster than the copying.
    private static let shortRest = 256
    private static let mostRounds = 4

    init(_ pool: DatabasePool, path: String, options: Store.Options) throws {
        bound = options.checkpointPages
        goal = bound
        connection = try DatabaseQueue(path: path, configuration: Store.configuration())
        try connection.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = \(options.synchronous)") }
        try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            // Unretained: the writer's connection is closed before this object goes.
            sqlite3_wal_hook(
                db.sqliteConnection,
                { context, _, _, frames in
                    if let context {
                        Unmanaged<Checkpointer>.fromOpaque(context).takeUnretainedValue().wrote(Int(frames))
                    }
                    return SQLITE_OK
                }, Unmanaged.passUnretained(self).toOpaque())
        }
        let thread = Thread { [self] in run() }
        thread.name = "checkpoint"
        thread.start()
    }

    /// Moves what the thread left over. Call it between two batches, from the thread that makes them.
    func finish(_ pool: DatabasePool) {
        guard monitor.withLock({ isReadyToFinish }) else { return }
        // Fails while `tidewatt admin` moves pages itself; then a later round does it.
        _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.passive) }
        monitor.withLock {
            isReadyToFinish = false
            // Unless the log begins anew, a reader holds it: try again after some more writing, not at once.
            goal = frames + max(bound / 4, 1)
        }
    }

    func close() {
        monitor.lock()
        isClosing = true
        monitor.broadcast()
        while !hasEnded { monitor.wait() }
        monitor.unlock()
        try? connection.close()
    }

    /// On the writer's thread, inside its commit.
    private func wrote(_ frames: Int) {
        monitor.withLock {
            if frames < self.frames { goal = bound }
            self.frames = frames
            if frames >= goal, !isReadyToFinish { monitor.signal() }
        }
    }

    private func run() {
        while wait() {
            for _ in 0..<Checkpointer.mostRounds {
                guard let moved = try? connection.writeWithoutTransaction({ try $0.checkpoint(.passive) }) else {
                    break
                }
                let isShort = monitor.withLock { frames - moved.checkpointedFrameCount <= Checkpointer.shortRest }
                if isShort { break }
            }
            monitor.withLock { isReadyToFinish = true }
        }
        monitor.withLock {
            hasEnded = true
            monitor.broadcast()
        }
    }

    /// - Returns: `false` at the end.
    private func wait() -> Bool {
        monitor.withLock {
            while !isClosing, isReadyToFinish || frames < goal { monitor.wait() }
            return !isClosing
        }
    }
}
