import Operations

/// One address of the console: method, path, the least role that may use it, and its handler.
///
/// ``RouteTable`` is the only place where roles are asked for.
struct Route: Sendable {
    enum Access: Hashable, Sendable {
        /// Served to everybody: sign-in, styles, liveness.
        case anyone
        case role(Actor.Role)
    }
    /// Who reads the answer: a program gets problems as JSON, a person as a page.
    enum Audience: Sendable { case program, person }

    let method: WebRequest.Method
    /// `/api/v1/stations/{id}`: a segment in braces is one percent-decoded segment.
    let pattern: String
    let access: Access
    let audience: Audience
    /// Largest body taken, in bytes.
    let bodyLimit: Int
    /// The body is handed on as it comes, and bounded by whoever takes it.
    let streams: Bool
    let handle: @Sendable (Call) async throws(Refusal) -> WebResponse
    private let segments: [Substring]

    static let usualBodyLimit = 1 << 20
    static let importBodyLimit = 8 << 20

    init(
        _ method: WebRequest.Method, _ pattern: String, _ access: Access, _ audience: Audience = .program,
        bodyLimit: Int = Route.usualBodyLimit, streams: Bool = false,
        handle: @escaping @Sendable (Call) async throws(Refusal) -> WebResponse
    ) {
        self.method = method
        self.pattern = pattern
        self.access = access
        self.audience = audience
        self.bodyLimit = bodyLimit
        self.streams = streams
        self.handle = handle
        self.segments = pattern.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { $0 }
    }

    /// Values of the braces, or `nil` when the path is another one.
    func match(_ path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (segment, given) in zip(segments, path) {
            if segment.first == "{" {
                if given.isEmpty { return nil }
                values[String(segment.dropFirst().dropLast())] = given
            } else if segment != given {
                return nil
            }
        }
        return values
    }
}

/// What a handler gets: the request, who asks, and the platform.
struct Call: Sendable {
    let request: WebRequest
    /// The braces of the route's pattern.
    let parameters: [String: String]
    let actor: Actor
    /// The sign-in behind the request, when it came with a cookie.
    let session: WebSession?
    /// To be put into every form of a page.
    let csrfToken: String
    let words: Words
    let console: Console

    var service: any PlatformService { console.service }
    func parameter(_ name: String) -> String { parameters[name] ?? "" }

    /// Orders with a service fault worded as a refusal.
    func order(_ order: Order) async throws(Refusal) -> OrderResult {
        do {
            return try await service.order(order, by: actor)
        } catch {
            throw Refusal(error)
        }
    }
}
