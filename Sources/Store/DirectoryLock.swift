import Documents
import Foundation
import Synchronization

/// Exclusive use of a data directory: `flock` on `DIR/lock`, which the system drops with the process however it ends.
/// The file's text names the holder, for people.
final class DirectoryLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// - Throws: ``StoreFault/held(directory:by:)`` with the holder's words, or ``StoreFault/cannotOpen(path:why:)``.
    init(directory: String) throws(StoreFault) {
        let path = directory + "/lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .cannotOpen(path: path, why: .system(errno)) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let holder = DirectoryLock.text(of: file)
            close(file)
            throw .held(directory: directory, by: holder.isEmpty ? .anotherProcess : .foreign(holder))
        }
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let text = "pid \(getpid()) on \(name) since \(RealTime.now)\n"
        // Words for people only: the lock itself is the system's, so a failure to write them is none.
        _ = ftruncate(file, 0)
        _ = text.withCString { pwrite(file, $0, strlen($0), 0) }
        descriptor = Mutex(file)
    }

    /// Whether some process holds `directory` now.
    static func isHeld(directory: String) -> Bool {
        let file = open(directory + "/lock", O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return flock(file, LOCK_EX | LOCK_NB) != 0
    }

    func release() {
        descriptor.withLock { file in
            guard file >= 0 else { return }
            // A child between its fork and its exec still has the file open: closing ours alone would not let go.
            flock(file, LOCK_UN)
            close(file)
            file = -1
        }
    }

    deinit { release() }

    private static func text(of file: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = pread(file, &bytes, bytes.count, 0)
        guard count > 0 else { return "" }
        return String(decoding: bytes[..<count], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
