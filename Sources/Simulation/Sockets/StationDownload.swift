import AsyncHTTPClient
import NIOCore

/// What a station does over HTTP: fetches firmware, brings a log.
enum StationDownload {
    /// Nobody's firmware is larger; a server that never ends is not waited for.
    private static let most = 1 << 30
    private static let timeout = TimeAmount.minutes(10)
    /// One for all stations. Where nobody listens a station knows at once; whether it tries again was ordered.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Whether the whole file came.
    static func isWhole(_ url: String) async -> Bool {
        do {
            let response = try await client.execute(HTTPClientRequest(url: url), timeout: timeout)
            guard response.status == .ok else { return false }
            var count = 0
            for try await piece in response.body {
                count += piece.readableBytes
                guard count <= most else { return false }
            }
            return count > 0
        } catch {
            return false
        }
    }

    /// Whether the server says that it has it.
    static func isTaken(_ url: String, _ bytes: [UInt8]) async -> Bool {
        var request = HTTPClientRequest(url: url)
        request.method = .PUT
        request.headers.add(name: "Content-Type", value: "text/plain")
        request.body = .bytes(ByteBuffer(bytes: bytes))
        do {
            let response = try await client.execute(request, timeout: timeout)
            return (200...299).contains(Int(response.status.code))
        } catch {
            return false
        }
    }
}
