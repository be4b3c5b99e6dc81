public import Assets
public import Operations
public import Quantities
import Synchronization

/// Files in memory: kept, listed and given back.
public final class FakeFiles: FileService {
    private struct State {
        /// Oldest first.
        var files: [StoredFile] = []
        var bytes: [String: [UInt8]] = [:]
        var count = 0
    }
    private let state = Mutex(State())

    public init() {}

    public func put(_ file: StoredFile, bytes: [UInt8] = []) {
        state.withLock { state in
            state.files.removeAll { $0.id == file.id }
            state.files.append(file)
            if state.bytes[file.id] == nil { state.bytes[file.id] = bytes }
        }
    }

    public func files(
        kind: StoredFile.Kind?, station: StationID?, limit: Int, before: String?
    ) async -> [StoredFile] {
        let all = state.withLock { $0.files }.reversed().filter { file in
            (kind.map { file.kind == $0 } ?? true) && (station.map { file.station == $0 } ?? true)
        }
        guard let before else { return Array(all.prefix(limit)) }
        return Array(all.drop { $0.id != before }.dropFirst().prefix(limit))
    }
    public func file(_ id: String) async -> StoredFile? { state.withLock { $0.files.first { $0.id == id } } }

    public func newID() -> String {
        let count = state.withLock { state in
            state.count += 1
            return state.count
        }
        let digits = String(count, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
    public func downloadURL(of file: StoredFile, until end: Instant) -> String? {
        "http://files.test/fetch/\(file.id)/\(file.name)"
    }
    public func uploadURL(id: String, name: String, until end: Instant) -> String? {
        "http://files.test/bring/\(id)/\(name)"
    }

    public func keepFirmware(named name: String, by actor: Actor, _ stream: ByteStream) async throws(FileFault)
        -> StoredFile
    {
        let gathered = Mutex<[UInt8]>([])
        do { try await stream.forEach { piece in gathered.withLock { $0 += piece } } } catch { throw .interrupted }
        let bytes = gathered.withLock { $0 }
        guard !bytes.isEmpty else { throw .interrupted }
        let file = StoredFile(
            id: newID(), kind: .firmware, name: name, station: nil, bytes: Int64(bytes.count),
            sha256: String(repeating: "a", count: 64), md5: String(repeating: "b", count: 32),
            at: Instant("2026-03-11T20:00:00+08:00")!, by: actor.name)
        put(file, bytes: bytes)
        return file
    }
    public func takeUpload(ticket: String, name: String?, type: String, _ bytes: ByteStream) async throws(FileFault) {
        throw .unknown
    }
    public func fetched(ticket: String) async throws(FileFault) -> StoredFile { throw .unknown }
    public func read(_ id: String, from offset: Int64, count: Int) async throws(FileFault) -> [UInt8] {
        guard let bytes = state.withLock({ $0.bytes[id] }) else { throw .unknown }
        return Array(bytes.dropFirst(Int(offset)).prefix(count))
    }
    public func delete(_ id: String, by actor: Actor) async throws(ServiceFault) {
        state.withLock { state in
            state.files.removeAll { $0.id == id }
            state.bytes[id] = nil
        }
    }
}
