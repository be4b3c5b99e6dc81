import Assets
import Charging
import Documents
import Operations
import Quantities

/// Messages on a station's display (OCPP 2.x).
enum DisplayAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        let picture = await call.service.display(of: station) ?? DisplayPicture(station: station)
        let items = picture.messages.map(\.json)
        guard !CSVTable.isWanted(by: call.request) else {
            return Listing(columns: DisplayMessage.columns, items: items, nextCursor: nil)
                .response(to: call.request, name: "display-messages")
        }
        return .json(["items": .array(items), "next_cursor": .null, "told_at": .instant(picture.toldAt)])
    }

    @Sendable static func post(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: [
            "id", "priority", "state", "format", "language", "content", "starts_at", "ends_at", "transaction_id",
        ])
        let id = fields.integer("id", 0...Int(Int32.max))
        let priority = fields.word("priority", DisplayPriority.self)
        let state = fields.word("state", DisplayState.self)
        let format = fields.word("format", DisplayFormat.self)
        let language = fields.string("language", atMost: 8)
        let content = fields.string("content", atMost: 512)
        let (starts, ends) = (fields.instant("starts_at"), fields.instant("ends_at"))
        let transaction = fields.string("transaction_id", atMost: 36)
        if fields.problems.isEmpty {
            if id.value == nil { fields.refuse("id", "a number of the message is expected") }
            if content.value?.isEmpty ?? true { fields.refuse("content", "a text is expected") }
        }
        try fields.throwIfAny()
        let message = DisplayMessage(
            id: id.value ?? 0, priority: (priority.value ?? .normalCycle).rawValue, state: state.value?.rawValue,
            format: (format.value ?? .utf8).rawValue, language: language.value, content: content.value ?? "",
            startsAt: starts.value, endsAt: ends.value, transaction: transaction.value)
        return try await ask(.display(message), station, call)
    }

    /// Asks the station for all its messages; its reports come after the answer.
    @Sendable static func read(_ call: Call) async throws(Refusal) -> WebResponse {
        try await ask(.readDisplay, try await StationsAPI.station(call).station.id, call)
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        guard let number = Int(call.parameter("number")), (0...Int(Int32.max)).contains(number) else {
            throw .notFound("display-message", call.parameter("number"))
        }
        return try await ask(.clearDisplay(number), station, call)
    }

    private static func ask(_ wish: StationWish, _ station: StationID, _ call: Call) async throws(Refusal)
        -> WebResponse
    {
        let order = Order.ask(station, wish, timeout: .seconds(30))
        return try await CommandsAPI.response(to: try await call.order(order), call)
    }
}

/// The words of OCPP 2.x for what may be ordered here.
enum DisplayPriority: String, CaseIterable {
    case alwaysFront = "AlwaysFront"
    case inFront = "InFront"
    case normalCycle = "NormalCycle"
}
enum DisplayState: String, CaseIterable {
    case charging = "Charging"
    case faulted = "Faulted"
    case idle = "Idle"
    case unavailable = "Unavailable"
}
enum DisplayFormat: String, CaseIterable {
    case ascii = "ASCII"
    case html = "HTML"
    case uri = "URI"
    case utf8 = "UTF8"
}

extension DisplayMessage {
    static let columns = [
        "id", "priority", "state", "format", "language", "content", "starts_at", "ends_at", "transaction_id",
    ]
    var json: JSONValue {
        [
            "id": .int(id), "priority": .string(priority), "state": .string(orNull: state),
            "format": .string(format), "language": .string(orNull: language), "content": .string(content),
            "starts_at": .instant(startsAt), "ends_at": .instant(endsAt),
            "transaction_id": .string(orNull: transaction),
        ]
    }
}
