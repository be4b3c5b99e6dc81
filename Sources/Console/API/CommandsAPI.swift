import Assets
import Documents
import Operations
import Quantities

/// Protocol commands to a station. The payload goes on byte by byte as it was given: `6.1` stays `6.1`.
enum CommandsAPI {
    static let longestTimeout = 600
    static let longestWait = 60

    @Sendable static func post(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["action", "payload", "timeout_seconds"])
        let action = fields.string("action", atMost: 50)
        let timeout = fields.integer("timeout_seconds", 1...longestTimeout)
        if action.value?.isEmpty ?? true { fields.refuse("action", "the name of a message is expected, such as Reset") }
        let payload = fields.node("payload")
        if payload == nil {
            fields.refuse("payload", "the message's fields as an object are expected; {} where it has none")
        }
        try fields.throwIfAny()
        guard let action = action.value, let payload else { throw .invalid([]) }
        let bytes = Array(call.request.body[payload.range])
        let command = try await send(action, bytes, timeout: timeout.value ?? 30, to: station, call)
        return await response(to: command, call)
    }

    /// For an order of which a command comes.
    static func response(to result: OrderResult, _ call: Call) async throws(Refusal) -> WebResponse {
        guard case .command(let command) = result else { throw noCommand }
        return await response(to: command, call)
    }

    /// - Parameter shown: what the answer says of the command's state.
    static func response(
        to command: CommandView, _ call: Call,
        shown: (CommandView) async -> JSONValue = { $0.json }
    ) async -> WebResponse {
        let wait = call.request.preferredWait(atMost: longestWait)
        let state = wait == nil ? command : await outcome(of: command, within: wait ?? 0, call)
        var response = WebResponse.json(await shown(state), status: state.status == .pending ? 202 : 200)
        response.headers.append(("Location", "/api/v1/commands/" + PercentCoding.encode(state.id)))
        if let wait { response.headers.append(("Preference-Applied", "wait=\(wait)")) }
        return response
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = call.parameter("id")
        guard let command = await call.service.command(id) else { throw .notFound("command", id) }
        return .json(command.json)
    }

    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let limit = try call.limit()
        let station = try await StationsAPI.station(call)
        if let cursor = call.cursor, await call.service.command(cursor) == nil { throw Call.unknownCursor }
        let found = await call.service.commands(of: station.station.id, limit: limit + 1, before: call.cursor)
        let page = found.prefix(limit)
        return Listing(
            columns: CommandView.columns, items: page.map(\.json), nextCursor: found.count > limit ? page.last?.id : nil
        ).response(to: call.request, name: "commands")
    }

    /// Validates against the version that the station speaks and hands the command over.
    static func send(
        _ action: String, _ payload: [UInt8], timeout: Int, to station: StationView, _ call: Call
    ) async throws(Refusal) -> CommandView {
        do {
            let node = try JSONNode(payload)
            guard case .object = node.content else {
                throw Refusal.invalid([Mistake(path: "payload", InputProblem.notAnObject)])
            }
        } catch let fault as JSONNode.Fault {
            throw .invalid([
                Mistake(
                    path: "payload",
                    InputProblem.notJSON(line: fault.line, column: fault.column, detail: fault.message))
            ])
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw .invalid([.init(path: "payload", problem: "no JSON")])
        }
        // A station that never connected has no version yet; it is offline, and the answer says so.
        if let version = station.protocol {
            let faults = call.console.validateCommand(version, action, payload)
            if !faults.isEmpty {
                throw Refusal(
                    400, "payload-invalid",
                    faults.map { "\($0.path): \($0.problem)" }.joined(separator: "; ") + ". Nothing was sent.",
                    fields: faults.mistakes)
            }
        }
        let order = Order.command(station.station.id, action: action, payload: payload, timeout: .seconds(timeout))
        guard case .command(let command) = try await call.order(order) else { throw noCommand }
        return command
    }

    static let noCommand = Refusal(
        500, "no-command", "The platform took the command but told no id; look at the station's command list.")

    /// The command's final state, or its present one when `seconds` pass without.
    static func outcome(of command: CommandView, within seconds: Int, _ call: Call) async -> CommandView {
        var state = command
        guard state.status == .pending else { return state }
        let (service, id) = (call.service, command.id)
        let events = service.events()
        let finished = await withTaskGroup(of: CommandView?.self) { group in
            group.addTask {
                // The command may have ended before the events began.
                if let now = await service.command(id), now.status != .pending { return now }
                for await event in events {
                    guard case .command(id) = event else { continue }
                    if let now = await service.command(id), now.status != .pending { return now }
                }
                return nil
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(seconds))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let finished {
            state = finished
        } else if let now = await service.command(id) {
            // A slow reader of events may lose some: the last word is the record's.
            state = now
        }
        return state
    }
}
