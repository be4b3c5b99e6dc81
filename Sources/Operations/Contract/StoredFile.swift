public import Assets
public import Quantities

/// A file that stations fetch or that one brought: what is known of it. Its bytes lie in the data directory under its id.
public struct StoredFile: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable { case firmware, log }

    /// 32 hexadecimal digits.
    public let id: String
    public let kind: Kind
    public var name: String
    /// Who brought it; `nil` for firmware.
    public let station: StationID?
    public let bytes: Int64
    /// Hexadecimal.
    public let sha256: String
    /// Hexadecimal; OCPP's checksum of published firmware (2.0.1 L03).
    public let md5: String
    public let at: Instant
    public let by: String
    /// Of the whole file, base64, with the certificate (PEM) whose key made it (2.0.1 L01, 1.6 whitepaper §4.4).
    public var signature: String?
    public var signingCertificate: String?

    public init(
        id: String, kind: Kind, name: String, station: StationID?, bytes: Int64, sha256: String, md5: String,
        at: Instant, by: String, signature: String? = nil, signingCertificate: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.name = name
        self.station = station
        self.bytes = bytes
        self.sha256 = sha256
        self.md5 = md5
        self.at = at
        self.by = by
        self.signature = signature
        self.signingCertificate = signingCertificate
    }
}

/// Bytes as they come, once. `forEach` hands over each piece and waits until it is taken: who takes slowly slows the sender.
public struct ByteStream: Sendable {
    public typealias Taker = @Sendable (_ piece: [UInt8]) async throws -> Void
    public let forEach: @Sendable (Taker) async throws -> Void
    public init(forEach: @escaping @Sendable (Taker) async throws -> Void) { self.forEach = forEach }
}

/// Why a file is not taken or given.
public enum FileFault: Error, Hashable, Sendable {
    /// Nothing listens for stations (`listen.files`).
    case off
    case unknown
    /// An upload's place is used already, or being used.
    case taken
    case tooLarge(limit: Int64)
    /// All files together are as many bytes as they may be.
    case full(limit: Int64)
    /// The sender stopped in between.
    case interrupted
    /// The disk or the platform does not take it; English, for the log.
    case refused(String)
}

/// Files of stations: kept on the disk of the platform, fetched and brought by unguessable addresses that end.
public protocol FileService: Sendable {
    /// Newest first.
    /// - Parameter before: id of the last file of the page before.
    func files(kind: StoredFile.Kind?, station: StationID?, limit: Int, before: String?) async -> [StoredFile]
    func file(_ id: String) async -> StoredFile?
    func newID() -> String

    /// Where stations fetch a file from until `end`; `nil` when nothing listens for them.
    func downloadURL(of file: StoredFile, until end: Instant) -> String?
    /// Where a station brings the file that will have this id, once, until `end`.
    func uploadURL(id: String, name: String, until end: Instant) -> String?

    /// Takes firmware of an operator; on the disk when it returns.
    func keepFirmware(named name: String, by actor: Actor, _ bytes: ByteStream) async throws(FileFault) -> StoredFile
    /// - Parameter ticket: of ``uploadURL(id:name:until:)``.
    /// - Parameter type: the request's content type: what comes as a form is taken out of it.
    func takeUpload(ticket: String, name: String?, type: String, _ bytes: ByteStream) async throws(FileFault)
    /// The file behind a ticket of ``downloadURL(of:until:)``.
    func fetched(ticket: String) async throws(FileFault) -> StoredFile
    /// At most `count` bytes from `offset` on; fewer only at the end.
    func read(_ id: String, from offset: Int64, count: Int) async throws(FileFault) -> [UInt8]
    /// The file and what is known of it.
    func delete(_ id: String, by actor: Actor) async throws(ServiceFault)
}
