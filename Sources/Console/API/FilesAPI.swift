import Assets
import Documents
import Operations
import Quantities

/// Files that stations fetch (firmware) and bring (logs).
enum FilesAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let kind = try call.word("kind", StoredFile.Kind.self)
        let files = call.service.files
        if let cursor = call.cursor, await files.file(cursor) == nil { throw Call.unknownCursor }
        let found = await files.files(
            kind: kind, station: call.request.query["station"].map { StationID($0) }, limit: limit + 1,
            before: call.cursor)
        let page = found.prefix(limit)
        return Listing(
            columns: StoredFile.columns, items: page.map(\.json), nextCursor: found.count > limit ? page.last?.id : nil
        ).response(to: call.request, name: "files")
    }

    static func file(_ id: String, _ call: Call) async throws(Refusal) -> StoredFile {
        guard let file = await call.service.files.file(id) else { throw .notFound("file", id) }
        return file
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        .json(try await file(call.parameter("id"), call).json)
    }

    /// Firmware: the body is the image.
    @Sendable static func post(_ call: Call) async throws(Refusal) -> WebResponse {
        let name = call.request.query["name"] ?? ""
        if let problem = problem(ofName: name) { throw .invalid([.init(path: "name", problem: problem)]) }
        let bytes = call.request.stream ?? ByteStream { [body = call.request.body] take in try await take(body) }
        do throws(FileFault) {
            let file = try await call.service.files.keepFirmware(named: name, by: call.actor, bytes)
            return .json(
                file.json, status: 201,
                headers: [("Location", "/api/v1/files/" + file.id)])
        } catch {
            throw Refusal(error)
        }
    }

    static func problem(ofName name: String) -> String? {
        let isPlain =
            !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || [0x2D, 0x2E, 0x5F].contains(byte)
            }
        return isPlain ? nil : "a file name of 1 to 100 letters, digits, dots, hyphens and underscores is expected"
    }

    /// Signature and certificate of an image that was signed elsewhere.
    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        var file = try await file(call.parameter("id"), call)
        var fields = try JSONFields(body: call.request)
        fields.check(
            allowed: ["signature", "signing_certificate"],
            ignored: ["id", "kind", "name", "station", "bytes", "sha256", "md5", "at", "by"])
        let signature = fields.string("signature", atMost: 800)
        let certificate = fields.text("signing_certificate", atMost: 5500)
        try fields.throwIfAny()
        guard file.kind == .firmware else {
            throw .invalid([.init(path: "id", problem: "only firmware has a signature")])
        }
        switch signature {
        case .absent: break
        case .null: file.signature = nil
        case .value(let text): file.signature = text
        }
        switch certificate {
        case .absent: break
        case .null: file.signingCertificate = nil
        case .value(let text): file.signingCertificate = text
        }
        guard (file.signature == nil) == (file.signingCertificate == nil) else {
            throw .invalid([
                .init(
                    path: "signature",
                    problem: "signature and signing_certificate belong together: give both, or null both")
            ])
        }
        _ = try await call.order(.keepFile(file))
        return .json(file.json)
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let file = try await file(call.parameter("id"), call)
        do throws(ServiceFault) { try await call.service.files.delete(file.id, by: call.actor) } catch {
            throw Refusal(error)
        }
        return .noContent
    }

    @Sendable static func content(_ call: Call) async throws(Refusal) -> WebResponse {
        let file = try await file(call.parameter("id"), call)
        let files = call.service.files
        // The first piece before anything is said: what cannot be read is a refusal, not half a file.
        let first: [UInt8]
        do throws(FileFault) { first = try await files.read(file.id, from: 0, count: piece) } catch {
            throw Refusal(error)
        }
        let reader = FileReader(files: files, file: file, first: first)
        return WebResponse(
            headers: [
                ("Content-Type", "application/octet-stream"),
                ("Content-Disposition", "attachment; filename=\"\(file.name)\""),
            ], body: .stream(AsyncStream { await reader.next() }))
    }
    static let piece = 65_536
}

/// A file a piece at a time, as fast as it is taken.
private actor FileReader {
    private let files: any FileService
    private let file: StoredFile
    private var first: [UInt8]?
    private var offset: Int64 = 0

    init(files: any FileService, file: StoredFile, first: [UInt8]) {
        self.files = files
        self.file = file
        self.first = first
    }

    func next() async -> [UInt8]? {
        var bytes = first
        first = nil
        if bytes == nil, offset < file.bytes {
            bytes = try? await files.read(file.id, from: offset, count: FilesAPI.piece)
        }
        guard let bytes, !bytes.isEmpty else { return nil }
        offset += Int64(bytes.count)
        return bytes
    }
}

extension Refusal {
    init(_ fault: FileFault) {
        switch fault {
        case .off: self.init(ServiceFault(.filesOff))
        case .unknown: self.init(404, "file-unknown", "There is no such file.")
        case .taken: self.init(503, "busy", "Too many files come in at the moment; try again in a few seconds.")
        case .tooLarge(let limit):
            self.init(
                413, "file-too-large",
                "The file is larger than the \(limit) bytes taken here (files.firmware_megabytes).",
                values: ["limit": String(limit)])
        case .full(let limit):
            self.init(
                413, "files-full",
                "All files together may be \(limit) bytes (files.total_megabytes); delete some and try again.",
                values: ["limit": String(limit)])
        case .interrupted: self.init(400, "file-interrupted", "The file ended before its end; send it again.")
        case .refused(let words):
            self.init(503, "file-refused", "The disk does not take the file: \(words). Free some space and try again.")
        }
    }
}

extension Call {
    /// `nil` when it is left out.
    func word<Word: RawRepresentable & CaseIterable>(_ name: String, _ type: Word.Type) throws(Refusal) -> Word?
    where Word.RawValue == String {
        guard let text = request.query[name] else { return nil }
        guard let word = Word(rawValue: text) else {
            let allowed = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid([.init(path: name, problem: "one of \(allowed) is expected")])
        }
        return word
    }
}

extension StoredFile {
    static let columns = ["id", "kind", "name", "station", "bytes", "sha256", "md5", "at", "by", "signature"]
    var json: JSONValue {
        [
            "id": .string(id), "kind": .string(kind.rawValue), "name": .string(name),
            "station": .string(orNull: station?.value), "bytes": .int(bytes), "sha256": .string(sha256),
            "md5": .string(md5), "at": .instant(at), "by": .string(by), "signature": .string(orNull: signature),
            "signing_certificate": .string(orNull: signingCertificate),
        ]
    }
}
