import Documents
import Operations

/// `/api/v1/events`: what changes, as it changes (server-sent events, WHATWG HTML §9.2).
enum EventsAPI {
    private static let heartbeat = Duration.seconds(15)

    @Sendable static func stream(_ call: Call) async throws(Refusal) -> WebResponse {
        let (service, closing) = (call.service, call.console.closing)
        // Bounded: a reader that does not read loses the oldest, and the console reloads what it shows anyway.
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(256))
        let task = Task {
            continuation.yield(Array("retry: 2000\n: hello\n\n".utf8))
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await event in service.events() { continuation.yield(frame(event)) }
                }
                group.addTask {
                    while (try? await Task.sleep(for: heartbeat)) != nil {
                        continuation.yield(Array(": alive\n\n".utf8))
                    }
                }
                group.addTask {
                    for await _ in closing.stream() {}
                }
                await group.next()
                group.cancelAll()
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return WebResponse(
            headers: [("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-store")],
            body: .stream(stream))
    }

    private static func frame(_ event: LiveEvent) -> [UInt8] {
        let (name, data) = words(event)
        return Array("event: \(name)\ndata: \(data.text())\n\n".utf8)
    }

    static func words(_ event: LiveEvent) -> (name: String, data: JSONValue) {
        switch event {
        case .station(let id): ("station", ["id": .string(id.value)])
        case .session(let id): ("session", ["id": .string(id.value)])
        case .sitePower(let point):
            ("power", .object([.init("site", .string(point.site.value))] + members(of: point.json)))
        case .alarm(let alarm): ("alarm", alarm.json)
        case .plan(let site, let plan): ("plan", ["site": .string(site.value), "plan": .int(plan.value)])
        case .command(let id): ("command", ["id": .string(id)])
        case .campaign(let id): ("campaign", ["id": .string(id)])
        case .payment(let id): ("payment", ["id": .string(id)])
        }
    }

    private static func members(of value: JSONValue) -> [JSONValue.Member] {
        if case .object(let members) = value { return members }
        return []
    }
}
