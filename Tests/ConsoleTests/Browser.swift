import ConsoleSupport
import Operations
import Quantities

@testable import Console

/// A caller of the console without sockets, over the preview community.
struct Browser {
    let platform: FakePlatform
    let console: Console
    var headers: [String: String] = [:]

    init(
        empty: Bool = false, open: Bool = false,
        validate: @escaping @Sendable (String, String, [UInt8]) -> [ServiceFault.Field] = { _, _, _ in [] }
    ) {
        platform =
            empty
            ? FakePlatform { PreviewCommunity.evening }
            : FakePlatform(PreviewCommunity.state()) { PreviewCommunity.evening }
        console = Console(
            service: platform, configuration: ConsoleConfiguration(open: open, defaultLanguage: .english),
            validateCommand: validate)
    }

    /// Over a platform of its own, open to everybody.
    init(over platform: FakePlatform) {
        self.platform = platform
        console = Console(
            service: platform, configuration: ConsoleConfiguration(open: true, defaultLanguage: .english),
            validateCommand: { _, _, _ in [] })
    }

    func with(_ headers: [String: String]) -> Browser {
        var other = self
        other.headers.merge(headers) { _, new in new }
        return other
    }

    /// With the token of a role.
    func token(_ role: String) -> Browser { with(["authorization": "Bearer token-" + role]) }

    func send(
        _ method: WebRequest.Method, _ target: String, _ body: String = "", type: String? = "application/json"
    ) async -> Answer {
        var headers = headers
        if !body.isEmpty, let type { headers["content-type"] = type }
        guard let request = WebRequest(method: method, target: target, headers: headers, body: Array(body.utf8)) else {
            return Answer(status: 0, headers: [], text: "the target is broken")
        }
        let response = await console.respond(to: request)
        guard case .bytes(let bytes) = response.body else {
            return Answer(status: response.status, headers: response.headers, text: "")
        }
        return Answer(status: response.status, headers: response.headers, text: String(decoding: bytes, as: UTF8.self))
    }

    func get(_ target: String) async -> Answer { await send(.get, target) }
    func post(form: String, to target: String) async -> Answer {
        await send(.post, target, form, type: "application/x-www-form-urlencoded")
    }

    struct Answer {
        let status: Int
        let headers: [(name: String, value: String)]
        let text: String
        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        func json(_ path: String...) -> JSONNode? {
            path.reduce(try? JSONNode(Array(text.utf8))) { $0?[$1] }
        }
        /// The scalar as it stands in the text.
        func value(_ path: String...) -> String? {
            guard let node = path.reduce(try? JSONNode(Array(text.utf8)), { $0?[$1] }) else { return nil }
            return String(decoding: Array(text.utf8)[node.range], as: UTF8.self)
        }
    }
}
