import Assets
import Charging
import Credentials
import Foundation
import Operations
import Quantities
import Store
import Synchronization

/// Files of stations: bytes in the vault, what is known of them in the database, addresses that are good because we proved
/// them. A file counts when the database knows it: an upload is answered after that.
///
/// A ticket is `ID.END.PROOF`: the file's id, the second (base 36) of domain time at which it ends, and a proof over the
/// way, id and end. Nothing of it is kept: it outlives a restart of the platform.
final class FileDesk: FileService, @unchecked Sendable {  // `platform` is set once, before anything is served
    private let vault: FileVault
    private let store: Store
    private let secret: DigestSecret
    private let signer: FirmwareSigner?
    private let clock: DomainClock
    private let log: StructuredLog
    weak var platform: Platform?
    /// Without a slash at the end; `nil`: nothing listens.
    private let base = Mutex<String?>(nil)

    private enum Way: String { case fetch, bring }

    init(
        vault: FileVault, store: Store, secret: DigestSecret, signer: FirmwareSigner?, clock: DomainClock,
        log: StructuredLog
    ) {
        self.vault = vault
        self.store = store
        self.secret = secret
        self.signer = signer
        self.clock = clock
        self.log = log
    }

    func listens(at base: String) { self.base.withLock { $0 = base } }
    var bytes: Int64 { vault.bytes }

    // MARK: - What is known

    func files(kind: StoredFile.Kind?, station: StationID?, limit: Int, before: String?) async -> [StoredFile] {
        await reading { try await self.store.files(kind: kind, station: station, limit: limit, before: before) } ?? []
    }
    func file(_ id: String) async -> StoredFile? { await reading { try await self.store.file(id) } ?? nil }

    private func reading<Value: Sendable>(_ body: @Sendable () async throws -> Value) async -> Value? {
        do { return try await body() } catch {
            log(.error, "read-failed", [.init("fault", .string("\(error)"))])
            return nil
        }
    }

    // MARK: - Addresses

    func newID() -> String { DigestSecret.newTicketID() }
    func downloadURL(of file: StoredFile, until end: Instant) -> String? { url(.fetch, file.id, file.name, end) }
    func uploadURL(id: String, name: String, until end: Instant) -> String? { url(.bring, id, name, end) }

    /// For what the core orders by itself, which draws no lots.
    func uploadTicket(for seed: String, name: String, until end: Instant) -> UploadTicket? {
        let id = secret.ticketID(of: seed)
        return url(.bring, id, name, end).map { UploadTicket(file: id, address: $0) }
    }

    private func url(_ way: Way, _ id: String, _ name: String, _ end: Instant) -> String? {
        guard let base = base.withLock({ $0 }) else { return nil }
        let second = String(end.milliseconds / 1000, radix: 36)
        let proof = secret.ticketProof(of: "\(way.rawValue)\n\(id)\n\(second)")
        return "\(base)/\(way.rawValue)/\(id).\(second).\(proof)/\(name)"
    }

    /// The id behind a ticket that is good and has not ended.
    private func id(_ ticket: String, _ way: Way) -> String? {
        let parts = ticket.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts[0].utf8.count == 32, parts[0].utf8.allSatisfy(Self.isHexadecimal),
            DigestSecret.areEqual(parts[2], secret.ticketProof(of: "\(way.rawValue)\n\(parts[0])\n\(parts[1])")),
            let second = Int64(parts[1], radix: 36), clock.now.milliseconds / 1000 < second
        else { return nil }
        return parts[0]
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    // MARK: - Firmware

    func keepFirmware(named name: String, by actor: Actor, _ bytes: ByteStream) async throws(FileFault) -> StoredFile {
        let id = newID()
        let digest = Mutex(FirmwareSigner.Digest())
        let isSigned = signer != nil
        let watched = ByteStream { take in
            try await bytes.forEach { piece in
                if isSigned { digest.withLock { $0.add(piece) } }
                try await take(piece)
            }
        }
        let facts = try await vault.take(id, kind: .firmware, watched)
        guard facts.bytes > 0 else {
            vault.remove(id)
            throw .interrupted
        }
        var file = StoredFile(
            id: id, kind: .firmware, name: name, station: nil, bytes: facts.bytes, sha256: facts.sha256,
            md5: facts.md5, at: clock.now, by: actor.name)
        if let signer {
            do throws(CredentialFault) {
                file.signature = try digest.withLock { digest throws(CredentialFault) in
                    try signer.signature(of: digest)
                }
                file.signingCertificate = signer.certificate
            } catch {
                vault.remove(id)
                throw .refused(error.description)
            }
        }
        return try await keep(file, by: actor)
    }

    /// Only what the database knows is there.
    private func keep(_ file: StoredFile, by actor: Actor) async throws(FileFault) -> StoredFile {
        guard let platform else { throw .off }
        do throws(ServiceFault) { _ = try await platform.order(.keepFile(file), by: actor) } catch {
            // At the end of the service the disk may have it: then the bytes must stay; if not, the next start removes them.
            if error.reason != .stopping { vault.remove(file.id) }
            throw .refused(error.code)
        }
        return file
    }

    func fetched(ticket: String) async throws(FileFault) -> StoredFile {
        guard let id = id(ticket, .fetch), let file = await file(id) else { throw .unknown }
        return file
    }

    func read(_ id: String, from offset: Int64, count: Int) async throws(FileFault) -> [UInt8] {
        try await vault.read(id, from: offset, count: count)
    }

    // MARK: - Logs

    func takeUpload(ticket: String, name: String?, type: String, _ bytes: ByteStream) async throws(FileFault) {
        guard let id = id(ticket, .bring),
            let station = await platform?.loop.read({ $0.station(bringing: id) }) ?? nil
        else { throw .unknown }
        if await file(id) != nil { throw .taken }
        let facts = try await vault.take(id, kind: .log, type: type, bytes)
        _ = try await keep(
            StoredFile(
                id: id, kind: .log, name: Self.plain(name), station: station, bytes: facts.bytes,
                sha256: facts.sha256, md5: facts.md5, at: clock.now, by: station.value),
            by: Actor(name: station.value, role: .viewer))
    }

    /// A station may call its file anything.
    private static func plain(_ name: String?) -> String {
        let allowed = (name ?? "").utf8.map { byte -> Character in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [0x2D, 0x2E, 0x5F].contains(byte)
            return isPlain ? Character(UnicodeScalar(byte)) : "_"
        }
        let text = String(allowed.drop { $0 == "." }.prefix(100))
        return text.isEmpty ? "log" : text
    }

    // MARK: - Going

    func delete(_ id: String, by actor: Actor) async throws(ServiceFault) {
        guard let platform else { throw ServiceFault(.stopping) }
        _ = try await platform.order(.deleteFile(id), by: actor)
        vault.remove(id)
    }

    /// Logs that are older than they may be; some at a time.
    func removeOldLogs(olderThan days: Int) async {
        let bound = clock.now - .days(days)
        let old = await reading { try await self.store.oldLogs(before: bound, limit: 50) } ?? []
        for file in old { try? await delete(file.id, by: .platform) }
    }
}
