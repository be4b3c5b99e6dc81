import Console
import ConsoleSupport
import Dispatch
import Quantities

#if canImport(Glibc)
    import Glibc
#endif

/// Serves the console over invented data, for browser tests, API tests and looking at pages:
/// `console-preview [--port N] [--open] [--empty | --park]`. Prints `listening http ADDRESS:PORT` and `ready` on stdout.
@main struct Preview {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let port = arguments.firstIndex(of: "--port").flatMap { Int(arguments[$0 + 1]) } ?? 0
        let started = ContinuousClock.now
        let clock: @Sendable () -> Instant = { PreviewCommunity.evening + (ContinuousClock.now - started) }
        let platform =
            arguments.contains("--empty")
            ? FakePlatform(clock: clock)
            : FakePlatform(
                arguments.contains("--park") ? PreviewPark.state() : PreviewCommunity.state(),
                answerAfter: .milliseconds(700), clock: clock)
        if !arguments.contains("--empty") { PreviewCommunity.fill(platform.memory) }
        let server = ConsoleServer(
            service: platform, configuration: .init(port: port, open: arguments.contains("--open")),
            validateCommand: { _, action, payload in
                // Enough to see a refusal: the real rules come from the protocol's schemas.
                action == "UnlockConnector" && !String(decoding: payload, as: UTF8.self).contains("connectorId")
                    ? [.init(path: "connectorId", problem: "is required")] : []
            },
            listening: { address, port in
                print("listening http \(address):\(port)\nready")
                fflush(nil)
            })
        // An orderly end on SIGTERM, as the program does it: live streams end, the exit status is 0.
        signal(SIGTERM, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        let serving = Task { try await server.run() }
        source.setEventHandler { @Sendable in serving.cancel() }
        source.resume()
        try? await serving.value
        source.cancel()
    }
}
