import Assets
import Documents
import Foundation

/// Reads whole files and replaces whole files: nobody ever sees a half-written result.
enum FileAccess {
    /// - Throws: a ``Problem`` with the file's name when it cannot be read.
    static func read(_ path: String) throws(Problem) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw cannot(.read, path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw cannot(.read, path) }
        if status.st_mode & S_IFMT == S_IFDIR {
            throw Problem(file: path, line: 0, message: .folderToRead)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(status.st_size) + 1)
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Foundation.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw cannot(.read, path) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// A grid file with the files that it names, which stand beside it.
    static func grid(_ path: String) throws -> GridFile {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        return try GridFile(read(path), file: path) { name throws(Problem) in
            let beside = name.hasPrefix("/") ? name : folder + name
            return (try read(beside), beside)
        }
    }

    /// Writes beside the target, brings it to the disk, then renames. What is no regular file (`/dev/stdout`) is written
    /// directly.
    static func write(_ bytes: [UInt8], to path: String) throws(Problem) {
        try write(to: path) { $0.append(bytes) }
    }

    /// Writes a file piece by piece; what stood there before stays until all is written.
    static func write(to path: String, _ body: (inout FileSink) -> Void) throws(Problem) {
        func fill(_ descriptor: Int32) -> Bool {
            var sink = FileSink(descriptor)
            body(&sink)
            return sink.end()
        }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            if status.st_mode & S_IFMT == S_IFDIR {
                throw Problem(file: path, line: 0, message: .folderToWrite)
            }
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw cannot(.write, path) }
            defer { close(descriptor) }
            guard fill(descriptor) else { throw cannot(.write, path) }
            return
        }
        // A symbolic link keeps pointing at the file that is replaced.
        let target = realpath(path, nil).map { resolved in
            defer { free(resolved) }
            return String(cString: resolved)
        }
        let final = target ?? path
        let temporary = final + ".tmp-\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw cannot(.write, path) }
        let written = fill(descriptor) && fsync(descriptor) == 0
        let problem = written ? nil : cannot(.write, path)
        close(descriptor)
        if let problem {
            unlink(temporary)
            throw problem
        }
        guard rename(temporary, final) == 0 else {
            let problem = cannot(.write, path)
            unlink(temporary)
            throw problem
        }
    }
    static func write(_ text: String, to path: String) throws(Problem) { try write(Array(text.utf8), to: path) }

    /// `false` with `errno` set when not everything could be written.
    static func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Foundation.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return false }
                done += count
            }
            return true
        }
    }

    private enum Purpose { case read, write }
    private static func cannot(_ purpose: Purpose, _ path: String) -> Problem {
        let number = errno
        let why = Message.system(number)
        let isMissing = number == ENOENT
        let message: Message =
            switch purpose {
            case .read: isMissing ? .cannotReadUnnamed(why) : .cannotRead(why)
            case .write: isMissing ? .cannotWriteUnmade(why) : .cannotWrite(why)
            }
        return Problem(file: path, line: 0, message: message)
    }
}

/// Bytes on their way into a file, in pieces of a mebibyte.
struct FileSink {
    private let descriptor: Int32
    private var waiting: [UInt8] = []
    /// `errno` of the first piece that could not be written.
    private var failure: Int32?
    private static let piece = 1 << 20

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    mutating func append(_ bytes: some Sequence<UInt8>) {
        waiting.append(contentsOf: bytes)
        if waiting.count >= Self.piece { flush() }
    }

    private mutating func flush() {
        if failure == nil, !FileAccess.writeAll(waiting, descriptor) { failure = errno }
        waiting.removeAll(keepingCapacity: true)
    }

    /// `false` with `errno` set when not everything could be written.
    fileprivate mutating func end() -> Bool {
        flush()
        guard let failure else { return true }
        errno = failure
        return false
    }
}
