import AsyncHTTPClient
import NIOCore
import Synchronization

/// Posts of the platform to services of the operator's choice: contract certificates, OCSP responders, vendors' handlers. No
/// redirects, answers of bounded size and time, and only so many at a time: a slow service must not hold the platform's memory.
final class HTTPDesk: Sendable {
    enum Fault: Error, Hashable, Sendable {
        case tooMany
        case status(UInt)
        /// Not reached, too slow, or more than ``largestAnswer`` bytes.
        case failed(String)
    }

    static let largestAnswer = 65_536
    private static let mostAtATime = 256
    private let client: HTTPClient
    private let running = Atomic<Int>(0)

    init() {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(3)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func stop() async { try? await client.shutdown() }

    /// - Returns: the body of a 200.
    func post(
        _ body: [UInt8], type: String, accept: String, headers: [(name: String, value: String)] = [], to url: String,
        within timeout: Duration
    ) async throws(Fault) -> [UInt8] {
        guard running.add(1, ordering: .relaxed).newValue <= Self.mostAtATime else {
            running.subtract(1, ordering: .relaxed)
            throw .tooMany
        }
        defer { running.subtract(1, ordering: .relaxed) }
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: type)
        request.headers.add(name: "Accept", value: accept)
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        let status: UInt
        let answer: ByteBuffer
        do {
            let response = try await client.execute(request, timeout: .nanoseconds(timeout.nanoseconds))
            status = response.status.code
            answer = try await response.body.collect(upTo: Self.largestAnswer)
        } catch {
            throw .failed("\(error)")
        }
        guard status == 200 else { throw .status(status) }
        return Array(answer.readableBytesView)
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
