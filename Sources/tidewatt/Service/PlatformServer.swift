import Console
import Dispatch
import Foundation
import NIOCore
import OCPP
import OCPPMessages
import Operations
import Synchronization

/// The platform with its listeners, from start to an orderly end.
struct PlatformServer {
    let platform: Platform
    let open: Bool
    /// Called when everything listens, with the ports taken.
    var ready: @Sendable (_ httpPort: Int, _ ocppPort: Int) -> Void = { _, _ in }

    /// Prints `listening NAME ADDRESS:PORT` for each listener, then `ready`; ends when `end` does.
    func run(until end: some AsyncSequence<Void, Never> & Sendable) async throws {
        let settings = platform.configuration
        let log = platform.log
        let (ocppPort, secure): (Int, Int?)
        do { (ocppPort, secure) = try await platform.start() } catch {
            await platform.stop()
            let places = [settings.ocpp, settings.ocpps].compactMap { $0.map { "\($0.host):\($0.port)" } }
            throw Refusal(.cannotListen(places.joined(separator: ", "), why: "\(error)"))
        }
        log.plain("listening ocpp \(settings.ocpp.host):\(ocppPort)")
        if let secure, let host = settings.ocpps?.host { log.plain("listening ocpps \(host):\(secure)") }
        let console = ConsoleServer(
            service: platform,
            configuration: ConsoleConfiguration(host: settings.http.host, port: settings.http.port, open: open),
            validateCommand: commandFaults
        ) { [ready] host, port in
            log.plain("listening http \(host):\(port)")
            log.plain("ready")
            ready(port, ocppPort)
        }
        let (opened, opening) = AsyncStream.makeStream(of: Void.self)
        let files = fileServer { opening.yield() }
        let limit = StopLimit(log, seconds: settings.stopSeconds)
        defer { limit.cancel() }
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                if let files {
                    tasks.addTask {
                        defer { opening.finish() }
                        try await files.run()
                    }
                    // Whoever is told that we are ready may order a log at once.
                    for await _ in opened { break }
                }
                tasks.addTask { try await console.run() }
                tasks.addTask { for await _ in end { return } }
                tasks.addTask { [platform] in
                    // The stream ends with the service only.
                    for await _ in Signals.stream(of: [SIGHUP]) { platform.reloadCertificates() }
                }
                // Whichever ends first ends both: a signal, or a listener that cannot go on.
                defer { tasks.cancelAll() }
                try await tasks.next()
                limit.begin()
                platform.releaseWaiting()
            }
        } catch is CancellationError {
        } catch {
            await platform.stop()
            throw Refusal(.cannotServe("\(settings.http.host):\(settings.http.port)", why: "\(error)"))
        }
        log(.info, "stopping")
        await platform.stop()
    }

    /// Where stations fetch and bring files, where that is wanted. Until it listens no address is made.
    private func fileServer(opened: @escaping @Sendable () -> Void) -> FileServer? {
        guard let endpoint = platform.configuration.files else { return nil }
        let (desk, log, url) = (platform.fileDesk, platform.log, platform.configuration.filesPublicURL)
        let tls = platform.filesTLS
        var secure: (@Sendable (any Channel) throws -> Void)?
        if let tls { secure = { channel in try tls.secure(channel) } }
        return FileServer(files: desk, host: endpoint.host, port: endpoint.port, secure: secure) { host, port in
            log.plain("listening files \(host):\(port)")
            let name = host.contains(":") ? "[\(host)]" : host
            desk.listens(at: url.isEmpty ? (tls == nil ? "http://" : "https://") + "\(name):\(port)" : url)
            opened()
        }
    }
}

/// What breaks the rules of a protocol version in a command, before anything is sent.
private func commandFaults(_ subprotocol: String, _ action: String, _ payload: [UInt8]) -> [ServiceFault.Field] {
    let version = OCPPVersion(subprotocol: subprotocol) ?? .v16
    let isOurs =
        version == .v16
        ? V16.Action(rawValue: action)?.isFromCentralSystem : V2.Action(rawValue: action)?.isFromCentralSystem
    if isOurs == false { return [ServiceFault.Field(path: "action", .stationsOwn(action: action))] }
    let faults =
        version == .v16
        ? V16.validateRequest(action: action, payload: payload)
        : V2.validateRequest(action: action, payload: payload, version: version)
    return faults.map { ServiceFault.Field(path: $0.path, .payload($0.kind, detail: $0.detail)) }
}

/// What was acknowledged is on the disk before: a part that does not end must not keep a service from its restart.
///
/// A signal is heard here by itself: all threads that tasks run on may hang in a log that nobody reads.
private final class StopLimit: @unchecked Sendable {  // sources are made once, and only resumed and cancelled later
    private let timer = DispatchSource.makeTimerSource(queue: .global())
    private let signals = [SIGTERM, SIGINT].map { DispatchSource.makeSignalSource(signal: $0, queue: .global()) }
    private let hasBegun = Mutex(false)
    private let seconds: Int

    init(_ log: StructuredLog, seconds: Int) {
        self.seconds = seconds
        timer.setEventHandler {
            // Whoever reads the log may be what hangs.
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(1)) { _exit(ExitStatus.ourFault.rawValue) }
            log(.error, "stop-overdue", [.init("seconds", .int(seconds))])
            _exit(ExitStatus.ourFault.rawValue)
        }
        timer.resume()
        for signal in signals {
            signal.setEventHandler { [weak self] in self?.begin() }
            signal.resume()
        }
    }

    /// From now on the end may take so long; the first call counts.
    func begin() {
        hasBegun.withLock { begun in
            guard !begun else { return }
            begun = true
            timer.schedule(deadline: .now() + .seconds(seconds))
        }
    }

    func cancel() {
        for signal in signals { signal.cancel() }
        timer.cancel()
    }
}

/// Signals as a stream that ends a service.
enum Signals {
    /// One element for each SIGTERM or SIGINT.
    static func termination() -> AsyncStream<Void> { stream(of: [SIGTERM, SIGINT]) }

    /// One element for each of `numbers` that comes.
    static func stream(of numbers: [Int32]) -> AsyncStream<Void> {
        AsyncStream { continuation in
            let watch = Watch(
                sources: numbers.map { number in
                    signal(number, SIG_IGN)
                    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                    source.setEventHandler {
                        continuation.yield()
                    }
                    source.resume()
                    return source
                })
            continuation.onTermination = { _ in watch.end() }
        }
    }

    private struct Watch: @unchecked Sendable {  // sources are only kept alive and cancelled
        let sources: [any DispatchSourceSignal]
        func end() { for source in sources { source.cancel() } }
    }
}
