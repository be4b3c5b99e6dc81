import AsyncHTTPClient
import Documents
import NIOCore

/// The public API as the demos' operator uses it.
struct DemoClient: Sendable {
    /// `http://ADDRESS:PORT`.
    let base: String

    func put(_ path: String, _ body: JSONValue) async throws {
        try await send("PUT", path, "application/json", body.text())
    }
    func post(_ path: String, _ body: JSONValue) async throws {
        try await send("POST", path, "application/json", body.text())
    }

    /// - Throws: ``Refusal`` when the platform cannot be reached or refuses.
    func send(_ method: String, _ path: String, _ type: String, _ body: String) async throws {
        var request = HTTPClientRequest(url: base + path)
        request.method = .init(rawValue: method)
        request.headers.add(name: "Content-Type", value: type)
        request.body = .bytes(ByteBuffer(string: body))
        let response: HTTPClientResponse
        do { response = try await HTTPClient.shared.execute(request, timeout: .seconds(30)) } catch {
            try Task.checkCancellation()
            throw Refusal(.noAnswer("\(method) \(path)", why: "\(error)"))
        }
        guard (200..<300).contains(response.status.code) else {
            let text = try await response.body.collect(upTo: 65_536)
            throw Refusal(
                .badAnswer(
                    "\(method) \(path)", status: Int(response.status.code), String(String(buffer: text).prefix(500))))
        }
        // Read to its end, so that the connection can be used again.
        for try await _ in response.body {}
    }
}
