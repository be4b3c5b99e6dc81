import CCrypto
import Foundation
public import Operations
import Synchronization

/// Bytes of files in `DATA/files`, one file an id. A file is whole or not there: it is written under another name, brought
/// to the disk, and moved to its place. What a crash leaves behind is removed at the next start.
///
/// Work goes to a queue of its own: nobody waits for a disk on an event loop.
public final class FileVault: Sendable {
    public struct Limits: Sendable {
        /// Of one file, bytes.
        public var firmware: Int64 = 512 << 20
        public var log: Int64 = 64 << 20
        /// Of all together.
        public var total: Int64 = 8 << 30
        /// Files that may come in at a time.
        public var drafts = 32
        public init() {}
    }

    private struct State {
        private(set) var sizes: [String: Int64]
        /// Those that are coming in, with their bytes so far.
        var drafts: [String: Int64] = [:]
        /// Of ``sizes``: asked for with each piece that comes in.
        private var kept: Int64
        var total: Int64 { kept + drafts.values.reduce(0, +) }

        init(_ sizes: [String: Int64]) {
            self.sizes = sizes
            kept = sizes.values.reduce(0, +)
        }

        mutating func set(_ id: String, _ bytes: Int64?) {
            kept += (bytes ?? 0) - (sizes[id] ?? 0)
            sizes[id] = bytes
        }
    }

    private let folder: String
    private let limits: Limits
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "files", attributes: .concurrent)

    /// - Parameter known: ids and bytes of the files that the database knows; what is there beside them goes.
    public init(directory: String, known: [String: Int64], limits: Limits = Limits()) throws(StoreFault) {
        folder = directory + "/files"
        self.limits = limits
        try DataDirectory.create(folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where known[name] == nil { unlink(folder + "/" + name) }
        let there = Set(names)
        state = Mutex(State(known.filter { there.contains($0.key) }))
    }

    public func limit(of kind: StoredFile.Kind) -> Int64 { kind == .firmware ? limits.firmware : limits.log }
    public var totalLimit: Int64 { limits.total }
    public var bytes: Int64 { state.withLock { $0.total } }

    /// What is known of a file that has come in.
    public struct Facts: Sendable {
        public let bytes: Int64
        /// Hexadecimal.
        public let sha256: String
        public let md5: String
    }

    // MARK: - Coming in

    /// Takes a file under `id`.
    /// - Throws: ``FileFault``; nothing is left then.
    public func take(
        _ id: String, kind: StoredFile.Kind, type: String = "", _ stream: ByteStream
    ) async throws(FileFault) -> Facts {
        let isOurs = state.withLock { state in
            guard state.sizes[id] == nil, state.drafts[id] == nil, state.drafts.count < limits.drafts else {
                return false
            }
            state.drafts[id] = 0
            return true
        }
        guard isOurs else { throw .taken }
        defer { state.withLock { _ = $0.drafts.removeValue(forKey: id) } }
        let limit = limit(of: kind)
        let draft = folder + "/\(id).part"
        defer { unlink(draft) }
        let writer = try await onQueue { () throws(FileFault) in try DraftWriter(path: draft, form: FormBoundary(type))
        }
        let failure = Mutex<FileFault?>(nil)
        do {
            try await stream.forEach { piece in
                do throws(FileFault) {
                    try self.admit(id, piece.count, limit)
                    try await self.onQueue { () throws(FileFault) in try writer.write(piece) }
                } catch {
                    failure.withLock { $0 = error }
                    throw error
                }
            }
        } catch {
            throw failure.withLock { $0 } ?? .interrupted
        }
        let facts = try await onQueue { () throws(FileFault) in try writer.finish() }
        let place = folder + "/" + id
        try await onQueue { () throws(FileFault) in
            // Unlike a rename a link replaces nothing.
            guard link(draft, place) == 0 else { throw errno == EEXIST ? .taken : .refused(systemWords(errno)) }
            do { try DataDirectory.sync(self.folder) } catch { throw .refused("\(error)") }
        }
        state.withLock { $0.set(id, facts.bytes) }
        return facts
    }

    private func admit(_ id: String, _ count: Int, _ limit: Int64) throws(FileFault) {
        let fault = state.withLock { state -> FileFault? in
            let bytes = (state.drafts[id] ?? 0) + Int64(count)
            if bytes > limit { return .tooLarge(limit: limit) }
            if state.total + Int64(count) > limits.total { return .full(limit: limits.total) }
            state.drafts[id] = bytes
            return nil
        }
        if let fault { throw fault }
    }

    // MARK: - Going out, going

    /// At most `count` bytes from `offset` on.
    public func read(_ id: String, from offset: Int64, count: Int) async throws(FileFault) -> [UInt8] {
        guard state.withLock({ $0.sizes[id] != nil }) else { throw .unknown }
        let path = folder + "/" + id
        return try await onQueue { () throws(FileFault) in
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw errno == ENOENT ? .unknown : .refused(systemWords(errno)) }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let got = bytes.withUnsafeMutableBytes {
                    pread(descriptor, $0.baseAddress! + filled, count - filled, off_t(offset) + off_t(filled))
                }
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw .refused(systemWords(errno)) }
                if got == 0 { break }
                filled += got
            }
            bytes.removeLast(count - filled)
            return bytes
        }
    }

    /// After the database has let go of it.
    public func remove(_ id: String) {
        state.withLock { $0.set(id, nil) }
        let path = folder + "/" + id
        queue.async { unlink(path) }
    }

    private func onQueue<Value: Sendable>(
        _ body: @escaping @Sendable () throws(FileFault) -> Value
    ) async throws(FileFault) -> Value {
        let result: Result<Value, FileFault> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(FileFault) { continuation.resume(returning: .success(try body())) } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}

private func systemWords(_ code: Int32) -> String { String(cString: strerror(code)) }

/// A file on its way to the disk, digested as it comes. One caller at a time.
private final class DraftWriter: @unchecked Sendable {  // used by one upload, a piece after the other
    private let descriptor: Int32
    private var form: FormBoundary?
    private var bytes: Int64 = 0
    private let sha256 = Digest(EVP_sha256())
    private let md5 = Digest(EVP_md5())

    init(path: String, form: FormBoundary?) throws(FileFault) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        self.form = form
        guard descriptor >= 0 else { throw .refused(systemWords(errno)) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func write(_ piece: [UInt8]) throws(FileFault) {
        try put(form == nil ? piece : form!.take(piece))
    }

    private func put(_ piece: [UInt8]) throws(FileFault) {
        var written = 0
        while written < piece.count {
            let count = piece.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress! + written, piece.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .refused(systemWords(errno)) }
            written += count
        }
        sha256.add(piece)
        md5.add(piece)
        bytes += Int64(piece.count)
    }

    /// Brings it to the disk.
    func finish() throws(FileFault) -> FileVault.Facts {
        if let form, !form.isWhole { throw .interrupted }
        guard fsync(descriptor) == 0 else { throw .refused(systemWords(errno)) }
        return FileVault.Facts(bytes: bytes, sha256: sha256.text, md5: md5.text)
    }
}

/// A digest of libcrypto.
private final class Digest {
    private let context = EVP_MD_CTX_new()

    init(_ kind: OpaquePointer?) { EVP_DigestInit_ex(context, kind, nil) }
    deinit { EVP_MD_CTX_free(context) }

    func add(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    }

    /// Ends it.
    var text: String {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        EVP_DigestFinal_ex(context, &bytes, &count)
        let digits = Array("0123456789abcdef")
        return String(bytes.prefix(Int(count)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
