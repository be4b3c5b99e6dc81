import Documents
import Foundation
import GRDB

extension Store {
    /// Copies one committed state of a directory's database to `file`, also while a server writes: `VACUUM INTO` reads
    /// in one transaction. The file appears whole or not at all, and is brought to the disk.
    public static func backup(directory: String, to file: String) throws(StoreFault) {
        let path = DataDirectory.database(in: directory)
        guard DataDirectory.exists(path) else { throw .cannotOpen(path: path, why: .noDatabase) }
        // A running server would go on writing to the file that was replaced, and lose what it acknowledges.
        guard ["", "-wal", "-shm"].allSatisfy({ !isSame(file, path + $0) }) else {
            throw .cannotOpen(path: file, why: .backupOntoItself)
        }
        let temporary = file + ".tmp-\(getpid())"
        unlink(temporary)
        defer { unlink(temporary) }
        try DataDirectory.reserve(temporary)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration())
            defer { try? queue.close() }
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "VACUUM INTO ?", arguments: [temporary])
            }
            let descriptor = open(temporary, O_RDWR | O_CLOEXEC)
            let isSynced = descriptor >= 0 && fsync(descriptor) == 0
            if descriptor >= 0 { Foundation.close(descriptor) }
            guard isSynced else { throw StoreFault.disk(.at(temporary, .system(errno))) }
        } catch { throw StoreFault(error, path: file) }
        try DataDirectory.rename(temporary, to: file)
    }

    /// Both names lead to one file, links followed.
    private static func isSame(_ a: String, _ b: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(a, &first) == 0, stat(b, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}

/// Puts a backup in the place of a directory's database.
///
/// The copy is complete and on the disk under the name `.restore` before anything else is touched; from then on every
/// opening of the directory finishes what was begun. What was there before is kept as `.replaced`.
public enum Restore {
    /// - Throws: a held directory, or a file that is no sound database of this program.
    public static func run(file: String, directory: String) throws(StoreFault) {
        try DataDirectory.create(directory)
        let lock = try DirectoryLock(directory: directory)
        defer { lock.release() }
        try examine(file)
        let database = DataDirectory.database(in: directory)
        let temporary = database + ".restore-tmp"
        unlink(temporary)
        do { try FileManager.default.copyItem(atPath: file, toPath: temporary) } catch {
            unlink(temporary)
            throw .cannotOpen(path: temporary, why: .backupNotCopied)
        }
        let descriptor = open(temporary, O_RDWR | O_CLOEXEC)
        let isSynced = descriptor >= 0 && fsync(descriptor) == 0
        if descriptor >= 0 { close(descriptor) }
        guard isSynced else {
            unlink(temporary)
            throw .disk(.at(temporary, .system(errno)))
        }
        chmod(temporary, 0o600)
        try DataDirectory.rename(temporary, to: database + ".restore")
        try finish(in: directory)
    }

    /// Does nothing when no restore was begun. Each step may be cut off and done again.
    static func finish(in directory: String) throws(StoreFault) {
        let database = DataDirectory.database(in: directory)
        guard DataDirectory.exists(database + ".restore") else { return }
        if DataDirectory.exists(database) {
            unlink(database + ".replaced")
            unlink(database + ".replaced-wal")
            try DataDirectory.rename(database, to: database + ".replaced")
        }
        // A write-ahead log left in place would be applied to the restored database.
        if DataDirectory.exists(database + "-wal") {
            try DataDirectory.rename(database + "-wal", to: database + ".replaced-wal")
        }
        unlink(database + "-shm")
        try DataDirectory.rename(database + ".restore", to: database)
    }

    /// A sound database of this program, not newer than it.
    private static func examine(_ file: String) throws(StoreFault) {
        guard DataDirectory.exists(file) else { throw .cannotOpen(path: file, why: .noSuchFile) }
        do {
            var configuration = Store.configuration(readonly: true)
            configuration.journalMode = .default
            let queue = try DatabaseQueue(path: file, configuration: configuration)
            defer { try? queue.close() }
            try queue.read { db in
                guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else {
                    throw StoreFault.cannotOpen(path: file, why: .noBackup)
                }
                if try Schema.migrator.hasBeenSuperseded(db) { throw StoreFault.newerSchema(path: file) }
                let problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(3)")
                if problems != ["ok"] { throw StoreFault.damaged(.foreign(problems.joined(separator: "; "))) }
            }
        } catch let fault as StoreFault { throw fault } catch {
            throw .cannotOpen(path: file, why: .unsound)
        }
    }
}
