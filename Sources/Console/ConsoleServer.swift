public import Operations
import Hummingbird
import NIOCore
import ServiceLifecycle

/// How the console is served.
public struct ConsoleConfiguration: Sendable {
    public var host: String
    /// 0: any free port.
    public var port: Int
    /// Everybody is the admin "open"; on loopback addresses only.
    public var open: Bool
    public var defaultLanguage: Language
    /// Cookies with `Secure`, and HSTS: set it when TLS ends in front of us.
    public var secureCookies: Bool

    public init(
        host: String = "127.0.0.1", port: Int = 8080, open: Bool = false, defaultLanguage: Language = .chinese,
        secureCookies: Bool = false
    ) {
        self.host = host
        self.port = port
        self.open = open
        self.defaultLanguage = defaultLanguage
        self.secureCookies = secureCookies
    }
}

extension ConsoleConfiguration {
    /// - Throws: ``ConsoleFault/openBeyondLoopback(host:)``.
    public func check() throws(ConsoleFault) {
        guard !open || host == "localhost" || host == "::1" || host.hasPrefix("127.") else {
            throw .openBeyondLoopback(host: host)
        }
    }
}

public enum ConsoleFault: Error, CustomStringConvertible {
    case openBeyondLoopback(host: String)

    public var description: String {
        switch self {
        case .openBeyondLoopback(let host):
            "an open console needs no sign-in and therefore listens on loopback only, not on \(host); "
                + "use 127.0.0.1, or leave --open out and create users (tidewatt admin user add)"
        }
    }
}

/// HTTP API and web console on one port.
public struct ConsoleServer: Sendable {
    private let console: Console
    private let configuration: ConsoleConfiguration
    private let listening: @Sendable (_ address: String, _ port: Int) -> Void

    /// - Parameters:
    ///   - validateCommand: what breaks the rules of a protocol version in a command's payload; empty when nothing does.
    ///     Arguments: the negotiated version (`ocpp1.6`), the action, the payload's bytes.
    ///   - listening: called once with the address and the port that was taken.
    public init(
        service: any PlatformService, configuration: ConsoleConfiguration,
        validateCommand: @escaping @Sendable (String, String, [UInt8]) -> [ServiceFault.Field],
        listening: @escaping @Sendable (_ address: String, _ port: Int) -> Void = { _, _ in }
    ) {
        self.console = Console(service: service, configuration: configuration, validateCommand: validateCommand)
        self.configuration = configuration
        self.listening = listening
    }

    /// Serves until the task is cancelled, then ends live streams and answers what is under way.
    public func run() async throws {
        try configuration.check()
        let host = configuration.host
        let (console, listening) = (console, listening)
        var application = Application(
            responder: CallbackResponder<PeerContext> { request, context in
                await HTTPAdapter.respond(to: request, context: context, console)
            },
            configuration: .init(address: .hostname(host, port: configuration.port)),
            onServerRunning: { channel in listening(host, channel.localAddress?.port ?? 0) })
        application.logger.logLevel = .error
        let server = application
        // Cancelling the group would cut answers off; asking it to shut down lets them end.
        let group = ServiceGroup(configuration: .init(services: [server], logger: server.logger))
        let serving = Task { try await group.run() }
        try await withTaskCancellationHandler {
            try await serving.value
        } onCancel: {
            console.closing.close()
            Task { await group.triggerGracefulShutdown() }
        }
    }
}

/// Hummingbird's context: we only want the peer's address.
private struct PeerContext: InitializableFromSource {
    let remoteAddress: String
    init(source: ApplicationRequestContextSource) { remoteAddress = source.channel.remoteAddress?.ipAddress ?? "" }
}

/// Between Hummingbird's requests and ours.
private enum HTTPAdapter {
    static func respond(to request: Request, context: PeerContext, _ console: Console) async -> Response {
        let isHead = request.method == .head
        let method = isHead ? .get : WebRequest.Method(rawValue: request.method.rawValue) ?? .other
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] = headers[name].map { $0 + (name == "cookie" ? "; " : ", ") + field.value } ?? field.value
        }
        if headers["host"] == nil { headers["host"] = request.head.authority }
        let target = request.head.path ?? "/"
        func whole(_ body: [UInt8]) -> WebRequest? {
            WebRequest(
                method: method, target: target, headers: headers, body: body, remoteAddress: context.remoteAddress)
        }
        guard let head = whole([]) else {
            return converted(
                Refusal(400, "address-invalid", "The address has a broken percent escape or bytes that are not UTF-8.")
                    .response,
                isHead: isHead)
        }
        if console.takesStream(head) {
            let body = request.body
            var streaming = head
            streaming.stream = ByteStream { take in
                for try await buffer in body { try await take(Array(buffer.readableBytesView)) }
            }
            return converted(await console.respond(to: streaming), isHead: isHead)
        }
        let limit = console.bodyLimit(of: head)
        var request = request
        guard let buffer = try? await request.collectBody(upTo: limit),
            let full = whole(Array(buffer.readableBytesView))
        else {
            let refusal = Refusal(
                413, "body-too-large", "The body is larger than the \(limit) bytes taken here; send it in parts.",
                values: ["limit": String(limit)])
            return converted(refusal.response, isHead: isHead)
        }
        return converted(await console.respond(to: full), isHead: isHead)
    }

    private static func converted(_ response: WebResponse, isHead: Bool) -> Response {
        var headers = HTTPFields()
        for (name, value) in response.headers {
            if let name = HTTPFields.Element.Name(name) { headers.append(HTTPFields.Element(name: name, value: value)) }
        }
        let body: ResponseBody
        switch response.body {
        case .bytes(let bytes): body = isHead ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stream(let pieces):
            body = isHead ? ResponseBody() : ResponseBody(asyncSequence: pieces.map { ByteBuffer(bytes: $0) })
        }
        return Response(status: .init(code: response.status), headers: headers, body: body)
    }
}
