import Hummingbird
import HummingbirdCore
import Logging
public import NIOCore
public import Operations
import ServiceLifecycle

/// Where stations fetch firmware and bring logs: a port of its own, without the console behind it.
///
///     GET, HEAD  /fetch/TICKET/NAME    a file, whole or a range (RFC 9110 §14)
///     PUT, POST  /bring/TICKET/NAME    a file, once; 201 when it is on the disk. Some stations take the address for a
///                                      folder and put a name of their own behind it.
///
/// The ticket is the whole credential: it names one file, ends, and cannot be guessed. Everything else is 404.
public struct FileServer: Sendable {
    private let desk: FileDoor
    private let host: String
    private let port: Int
    private let listening: @Sendable (_ address: String, _ port: Int) -> Void
    /// `nil`: in the clear.
    private let secure: (@Sendable (any Channel) throws -> Void)?
    /// Stations that may fetch or bring at a time; others wait in the system's queue.
    private static let mostConnections = 512
    /// A station that sends nothing for so long is gone.
    private static let idle = TimeAmount.seconds(60)

    /// - Parameters:
    ///   - port: 0: any free one.
    ///   - secure: puts TLS before what else is added to a connection's channel; `nil`: in the clear.
    ///   - listening: called once with the address and the port that was taken.
    public init(
        files: any FileService, host: String, port: Int, secure: (@Sendable (any Channel) throws -> Void)? = nil,
        listening: @escaping @Sendable (_ address: String, _ port: Int) -> Void
    ) {
        desk = FileDoor(files: files)
        self.host = host
        self.port = port
        self.secure = secure
        self.listening = listening
    }

    /// Serves until the task is cancelled; what is under way may end.
    public func run() async throws {
        let (desk, host, listening, secure) = (desk, host, listening, secure)
        let http = HTTP1Channel.Configuration(idleTimeout: Self.idle)
        var application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in await desk.respond(to: request) },
            server: HTTPServerBuilder { responder in
                let plain = HTTP1Channel(responder: responder, configuration: http)
                return secure.map { SecureChannel(base: plain, secure: $0) } ?? plain
            },
            configuration: .init(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections)),
            onServerRunning: { channel in listening(host, channel.localAddress?.port ?? 0) })
        application.logger.logLevel = .error
        let group = ServiceGroup(configuration: .init(services: [application], logger: application.logger))
        let serving = Task { try await group.run() }
        try await withTaskCancellationHandler {
            try await serving.value
        } onCancel: {
            Task { await group.triggerGracefulShutdown() }
        }
    }
}

/// A connection that begins with TLS.
private struct SecureChannel: ServerChildChannel {
    let base: HTTP1Channel
    let secure: @Sendable (any Channel) throws -> Void

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        channel.eventLoop.makeCompletedFuture { try secure(channel) }.flatMap {
            base.setup(channel: channel, logger: logger)
        }
    }
    func handle(value: HTTP1Channel.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// What stands behind the port: requests to the files, and nothing else.
struct FileDoor: Sendable {
    let files: any FileService
    private static let piece = 65_536

    func respond(to request: Request) async -> Response {
        let path = (request.head.path ?? "/").prefix { $0 != "?" }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        guard (2...4).contains(segments.count), segments[1].utf8.count <= 200 else { return refusal(.notFound) }
        switch (request.method, segments[0]) {
        case (.get, "fetch"), (.head, "fetch"): return await fetch(segments[1], request)
        case (.put, "bring"), (.post, "bring"):
            return await bring(segments[1], name: segments.count > 2 ? segments.last : nil, request)
        case (_, "fetch"): return refusal(.methodNotAllowed, headers: [.allow: "GET, HEAD"])
        case (_, "bring"): return refusal(.methodNotAllowed, headers: [.allow: "PUT, POST"])
        default: return refusal(.notFound)
        }
    }

    // MARK: - Fetching

    private func fetch(_ ticket: String, _ request: Request) async -> Response {
        let file: StoredFile
        do { file = try await files.fetched(ticket: ticket) } catch { return refusal(error) }
        let tag = "\"\(file.sha256)\""
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .acceptRanges: "bytes", .eTag: tag,
            .cacheControl: "private, no-store",
        ]
        var range = 0..<file.bytes
        var status = HTTPResponse.Status.ok
        // A range of what is another file by now would be a broken image.
        let isCurrent = request.headers[.ifRange].map { $0 == tag } ?? true
        switch isCurrent ? ByteRange(request.headers[.range], of: file.bytes) : .whole {
        case .whole: break
        case .part(let part):
            range = part
            status = .partialContent
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.bytes)"
        case .beyond:
            return refusal(.rangeNotSatisfiable, headers: [.contentRange: "bytes */\(file.bytes)"])
        }
        let (files, id, span) = (files, file.id, range)
        let response = Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: Int(range.upperBound - range.lowerBound)) { writer in
                var offset = span.lowerBound
                while offset < span.upperBound {
                    let bytes = try await files.read(
                        id, from: offset, count: Int(min(Int64(Self.piece), span.upperBound - offset)))
                    // The file went meanwhile: the connection ends before its length does.
                    guard !bytes.isEmpty else { throw FileFault.unknown }
                    try await writer.write(ByteBuffer(bytes: bytes))
                    offset += Int64(bytes.count)
                }
                try await writer.finish(nil)
            })
        return request.method == .head ? response.createHeadResponse() : response
    }

    // MARK: - Bringing

    private func bring(_ ticket: String, name: String?, _ request: Request) async -> Response {
        let body = request.body
        let stream = ByteStream { take in
            for try await buffer in body { try await take(Array(buffer.readableBytesView)) }
        }
        do {
            try await files.takeUpload(
                ticket: ticket, name: name, type: request.headers[.contentType] ?? "", stream)
            return Response(status: .created)
        } catch {
            return refusal(error)
        }
    }

    // MARK: - Refusals

    private func refusal(_ fault: FileFault) -> Response {
        switch fault {
        case .off, .unknown: refusal(.notFound)
        case .taken: refusal(.conflict)
        case .tooLarge: refusal(.contentTooLarge)
        case .full: refusal(HTTPResponse.Status(code: 507))
        case .interrupted: refusal(.badRequest)
        case .refused: refusal(.serviceUnavailable)
        }
    }

    /// Without a word: a stranger learns nothing here. The connection ends, so that no rest of a body is read for nothing.
    private func refusal(_ status: HTTPResponse.Status, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.connection] = "close"
        return Response(status: status, headers: headers)
    }
}

/// A `Range` header against a length (RFC 9110 §14.1). Several ranges at once, and what is none, count as the whole.
enum ByteRange: Hashable {
    case whole
    case part(Range<Int64>)
    case beyond

    init(_ header: String?, of length: Int64) {
        self = .whole
        guard let header, header.hasPrefix("bytes=") else { return }
        let ends = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return }
        func number(_ text: Substring) -> Int64? {
            !text.isEmpty && text.utf8.count <= 18 && text.utf8.allSatisfy { (48...57).contains($0) }
                ? Int64(text) : nil
        }
        switch (number(ends[0]), number(ends[1])) {
        case (let first?, let last?) where first <= last:
            self = first < length ? .part(first..<min(last + 1, length)) : .beyond
        case (let first?, nil) where ends[1].isEmpty: self = first < length ? .part(first..<length) : .beyond
        case (nil, let count?) where ends[0].isEmpty:
            self = count > 0 && length > 0 ? .part(max(0, length - count)..<length) : .beyond
        default: break
        }
    }
}
