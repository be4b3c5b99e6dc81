import Operations
import Synchronization

/// The console without sockets: a request in, a response out. ``ConsoleServer`` puts it on a port.
final class Console: Sendable {
    let service: any PlatformService
    let configuration: ConsoleConfiguration
    let validateCommand: @Sendable (String, String, [UInt8]) -> [ServiceFault.Field]
    let routes: [Route]
    let assets: Assets
    /// Ends the live streams when the server goes down.
    let closing = ClosingFlag()
    let stopConfirmations = StopConfirmations()
    private let throttle = Mutex(SignInThrottle())
    /// CSRF token of requests without a session of their own (`--open`): unguessable, one a process.
    private let openToken = RandomText.hexadecimal(bytes: 32)

    init(
        service: any PlatformService, configuration: ConsoleConfiguration,
        validateCommand: @escaping @Sendable (String, String, [UInt8]) -> [ServiceFault.Field]
    ) {
        self.service = service
        self.configuration = configuration
        self.validateCommand = validateCommand
        self.routes = RouteTable.routes
        self.assets = Assets.shared
    }

    func respond(to request: WebRequest) async -> WebResponse {
        let response = await answer(request)
        return SecurityHeaders.added(to: response, secure: configuration.secureCookies)
    }

    private func answer(_ request: WebRequest) async -> WebResponse {
        let words = Words(for: request, fallback: configuration.defaultLanguage)
        let (route, parameters, allowed) = find(request)
        guard let route else {
            let refusal =
                allowed.isEmpty
                ? Refusal(
                    404, "address-unknown", "There is nothing at this address. The API is described at /openapi.json.")
                : Refusal(
                    405, "method-not-allowed", "This address takes \(allowed.joined(separator: ", ")).",
                    headers: [("Allow", allowed.joined(separator: ", "))])
            let isAPI = ["api", "openapi.json", "metrics", "healthz", "readyz"].contains(request.segments.first ?? "")
            return isAPI ? refusal.response : RefusalPage.response(refusal, request, words, actor: nil)
        }
        var actor: Actor?
        do {
            let caller = try await admit(request, to: route)
            actor = caller.actor
            let call = Call(
                request: request, parameters: parameters, actor: caller.actor, session: caller.session,
                csrfToken: caller.session?.csrfToken ?? openToken, words: words, console: self)
            if route.audience == .program { try call.checkFormat() }
            return words.remembered(in: try await route.handle(call), of: request)
        } catch {
            if route.audience == .program { return error.response }
            if error.status == 401 {
                let target = PercentCoding.encode(request.method == .get ? request.target : "/")
                return words.remembered(in: .seeOther("/sign-in?to=" + target), of: request)
            }
            return RefusalPage.response(error, request, words, actor: actor)
        }
    }

    /// The route of a request; without one, the methods that its path takes.
    private func find(_ request: WebRequest) -> (Route?, [String: String], [String]) {
        var allowed: [String] = []
        for route in routes {
            guard let parameters = route.match(request.segments) else { continue }
            if route.method == request.method { return (route, parameters, []) }
            allowed.append(route.method.rawValue)
        }
        return (nil, [:], allowed)
    }

    /// Largest body that the route of this request takes; asked before the body is read.
    func bodyLimit(of request: WebRequest) -> Int { find(request).0?.bodyLimit ?? Route.usualBodyLimit }

    /// Whether the route of this request takes its body as it comes.
    func takesStream(_ request: WebRequest) -> Bool { find(request).0?.streams ?? false }

    // MARK: - Who asks

    private struct Caller {
        let actor: Actor
        let session: WebSession?
    }

    private func admit(_ request: WebRequest, to route: Route) async throws(Refusal) -> Caller {
        let (actor, session) = try await identify(request)
        // A browser carries its cookie (or, with --open, its mere presence) to us from any page: a change needs proof
        // that one of our own pages asked for it.
        if request.method != .get, request.headers["authorization"] == nil { try checkOrigin(request, session, route) }
        switch route.access {
        case .anyone: return Caller(actor: actor ?? Actor(name: "anonymous", role: .viewer), session: session)
        case .role(let least):
            guard let actor else {
                throw Refusal(
                    401, "not-signed-in",
                    "Send \"Authorization: Bearer TOKEN\" (tidewatt admin token create --role \(least.name)), or sign in at /sign-in.",
                    headers: [("WWW-Authenticate", "Bearer")])
            }
            guard actor.role >= least else {
                throw Refusal(
                    403, "role-too-low",
                    "This needs the role \(least.name); \(actor.name) is \(actor.role.name). An admin can grant it: tidewatt admin user add --role \(least.name).",
                    values: ["role": least.name, "own": actor.role.name]
                )
            }
            return Caller(actor: actor, session: session)
        }
    }

    private func identify(_ request: WebRequest) async throws(Refusal) -> (Actor?, WebSession?) {
        if let header = request.headers["authorization"] {
            let parts = header.split(separator: " ")
            guard parts.count == 2, parts[0].lowercased() == "bearer",
                let actor = await service.actor(token: String(parts[1]))
            else {
                throw Refusal(
                    401, "token-unknown", "The bearer token is not known. Create one: tidewatt admin token create.",
                    headers: [("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
            }
            return (actor, nil)
        }
        if let id = request.cookies[SessionCookie.name], let session = await service.webSession(id) {
            return (session.actor, session)
        }
        if configuration.open {
            try checkLoopbackName(request)
            return (Actor(name: "open", role: .admin), nil)
        }
        return (nil, nil)
    }

    private func checkOrigin(_ request: WebRequest, _ session: WebSession?, _ route: Route) throws(Refusal) {
        let refusal = Refusal(
            403, "request-from-elsewhere",
            "The request does not come from a page of this console. Open the page again and retry.")
        if let site = request.headers["sec-fetch-site"], site != "same-origin", site != "none" { throw refusal }
        if let origin = request.headers["origin"] {
            let host = origin.split(separator: "/").last.map(String.init)
            if host != request.headers["host"] { throw refusal }
        }
        let isForm = route.audience == .person
        if isForm && route.access != .anyone || session != nil && route.audience == .program {
            let expected = session?.csrfToken ?? openToken
            let given = request.headers["x-csrf-token"] ?? FormFields(isForm ? request.body : [])?["csrf"] ?? ""
            guard constantTimeEqual(given, expected) else {
                throw Refusal(
                    403, "csrf-token", "The page is too old, or the X-CSRF-Token is missing. Reload the page and retry."
                )
            }
        }
    }

    /// With `--open` a foreign name that resolves to loopback (DNS rebinding) would make any web page an admin.
    private func checkLoopbackName(_ request: WebRequest) throws(Refusal) {
        guard let host = request.headers["host"] else { return }
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
        guard ["localhost", "[::1]"].contains(name) || name.hasPrefix("127.") else {
            throw Refusal(
                403, "host-unknown",
                "An open console answers on loopback names only: use http://127.0.0.1 or http://localhost.")
        }
    }

    // MARK: - Sign-in

    /// `nil` when the name or the password is wrong.
    func signIn(user: String, password: String, from address: String) async throws(Refusal) -> WebSession? {
        let key = address + "\n" + user
        let wait = throttle.withLock { $0.secondsToWait(key, at: .now) }
        guard wait == 0 else {
            throw Refusal(
                429, "too-many-attempts", "Too many attempts; wait \(wait) s and try again.",
                values: ["seconds": String(wait)],
                headers: [("Retry-After", String(wait))])
        }
        let session = await service.signIn(user: user, password: password, from: address)
        throttle.withLock { $0.note(key, success: session != nil, at: .now) }
        return session
    }
}

/// Set once, seen by every stream.
final class ClosingFlag: Sendable {
    private let continuations = Mutex<(closed: Bool, [Int: AsyncStream<Void>.Continuation])>((false, [:]))

    func close() {
        let waiting = continuations.withLock { state in
            state.closed = true
            return Array(state.1.values)
        }
        for continuation in waiting { continuation.finish() }
    }

    /// Ends when ``close()`` is called.
    func stream() -> AsyncStream<Void> {
        AsyncStream { continuation in
            let key = continuations.withLock { state -> Int? in
                if state.closed { return nil }
                let key = (state.1.keys.max() ?? 0) + 1
                state.1[key] = continuation
                return key
            }
            guard let key else { return continuation.finish() }
            continuation.onTermination = { [weak self] _ in
                _ = self?.continuations.withLock { $0.1.removeValue(forKey: key) }
            }
        }
    }
}
