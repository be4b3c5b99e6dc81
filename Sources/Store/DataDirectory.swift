import Documents
import Foundation

/// Names and durability of what lies in a data directory.
enum DataDirectory {
    static func database(in directory: String) -> String { directory + "/tidewatt.sqlite" }

    static func create(_ directory: String) throws(StoreFault) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw .cannotOpen(path: directory, why: .folderNotMade) }
    }

    /// Brings a folder's entries to the disk: a new or renamed file lasts only then.
    static func sync(_ path: String) throws(StoreFault) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, why: .system(errno)) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .disk(.at(path, .system(errno))) }
    }

    /// Replaces `to` in one step and brings the change of name to the disk.
    static func rename(_ from: String, to: String) throws(StoreFault) {
        guard Foundation.rename(from, to) == 0 else {
            throw .cannotOpen(path: to, why: .system(errno))
        }
        try sync((to as NSString).deletingLastPathComponent.isEmpty ? "." : (to as NSString).deletingLastPathComponent)
    }

    /// Makes an empty file that only its owner reads, unless there is one: SQLite gives its side files the same mode.
    static func reserve(_ path: String) throws(StoreFault) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, why: .system(errno)) }
        close(descriptor)
    }

    static func exists(_ path: String) -> Bool { Foundation.access(path, F_OK) == 0 }
}
