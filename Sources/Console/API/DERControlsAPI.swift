import Assets
import Charging
import Documents
import Operations
import Quantities

/// Controls of the grid code (OCPP 2.1 block R): given to a site, a node or a station, and how each station stands to them.
enum DERControlsAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let query = call.request.query
        let views = await call.service.derOrders().filter { view in
            let (kind, object) = view.order.target.words
            return (query["site"] ?? query["node"] ?? query["station"]) == nil || query[kind] == object
        }
        return Listing(
            columns: DEROrderView.columns, items: views.map { $0.json(at: call.service.now) }, nextCursor: nil
        )
        .response(to: call.request, name: "der-controls")
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse {
        .json(try await view(call).detail(at: call.service.now))
    }

    private static func view(_ call: Call) async throws(Refusal) -> DEROrderView {
        let id = call.parameter("control")
        guard let view = await call.service.derOrders().first(where: { $0.order.control.id == id }) else {
            throw .notFound("der-control", id)
        }
        return view
    }

    @Sendable static func post(_ call: Call) async throws(Refusal) -> WebResponse {
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: [
            "id", "type", "priority", "start", "duration_seconds", "settings", "site", "node", "station", "source",
        ])
        let id = fields.string("id", atMost: DERControl.longestID)
        let function = fields.word("type", DERFunction.self)
        let priority = fields.integer("priority", 0...Int(Int32.max))
        let start = fields.instant("start")
        let duration = fields.integer("duration_seconds", 1...longestDuration)
        let source = fields.text("source", atMost: 200)
        let targets = [fields.string("site"), fields.string("node"), fields.string("station")].map(\.value)
        let settings = fields.node("settings")
        if fields.problems.isEmpty {
            if function.value == nil { fields.refuse("type", "the function that it sets is expected, such as VoltVar") }
            if priority.value == nil { fields.refuse("priority", "a number is expected; 0 goes before all others") }
            if targets.count(where: { $0 != nil }) != 1 {
                fields.refuse("site", "one of site, node and station says where it holds")
            }
            if (start.value == nil) != (duration.value == nil) {
                fields.refuse(
                    "start", "a scheduled control has start and duration_seconds, a default has neither (R04.FR.12)")
            }
            if let function = function.value, function.isDefaultOnly, start.value != nil {
                fields.refuse("start", "\(function.rawValue) exists as a default only (R04.FR.14)")
            }
            if settings.map({ if case .object = $0.content { false } else { true } }) ?? true {
                fields.refuse(
                    "settings", "the function's own object of OCPP 2.1 is expected, without priority and times")
            }
        }
        try fields.throwIfAny()
        guard let function = function.value, let priority = priority.value, let settings else { throw .invalid([]) }
        let target: DERTarget =
            targets[0].map { .site(SiteID($0)) } ?? targets[1].map { .node(NodeID($0)) }
            ?? .station(StationID(targets[2] ?? ""))
        let span = start.value.map { Interval($0, $0 + .seconds(duration.value ?? 0)) }
        let wish = DERWish.give(
            id: id.value, function: function, priority: priority, span: span,
            settings: String(decoding: call.request.body[settings.range], as: UTF8.self), target, source: source.value)
        guard case .der(let view) = try await call.order(.der(wish)) else { throw CommandsAPI.noCommand }
        var response = WebResponse.json(view.detail(at: call.service.now), status: 201)
        response.headers.append(("Location", "/api/v1/der-controls/" + PercentCoding.encode(view.order.control.id)))
        return response
    }
    /// Ten years.
    private static let longestDuration = 315_576_000

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let view = try await view(call)
        guard case .der(let ended) = try await call.order(.der(.withdraw(view.order.control.id))) else {
            throw CommandsAPI.noCommand
        }
        return .json(ended.detail(at: call.service.now))
    }

    // MARK: - One station

    @Sendable static func ofStation(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        let picture = await call.service.derPicture(of: station) ?? DERPicture(station: station)
        let now = call.service.now
        let own = picture.holdings.map { $0.json(state: picture.state(of: $0, at: now)) }
        let strangers = picture.strangers.map(\.json)
        guard !CSVTable.isWanted(by: call.request) else {
            return Listing(columns: DERHolding.columns, items: own + strangers, nextCursor: nil)
                .response(to: call.request, name: "der-controls")
        }
        return .json([
            "items": .array(own), "next_cursor": .null, "strangers": .array(strangers),
            "supported": picture.supported.map { .array($0.map(\.rawValue).sorted().map { .string($0) }) } ?? .null,
            "told_at": .instant(picture.toldAt),
        ])
    }

    /// Asks the station what it holds; its reports come after the answer.
    @Sendable static func read(_ call: Call) async throws(Refusal) -> WebResponse {
        let station = try await StationsAPI.station(call).station.id
        return try await CommandsAPI.response(to: try await call.order(.der(.read(station))), call)
    }
}

extension DERTarget {
    var words: (kind: String, object: String) {
        switch self {
        case .site(let id): ("site", id.value)
        case .node(let id): ("node", id.value)
        case .station(let id): ("station", id.value)
        }
    }
}

extension DERControl {
    var members: [(String, JSONValue)] {
        [
            ("id", .string(id)), ("type", .string(function.rawValue)), ("priority", .int(priority)),
            ("default", .bool(isDefault)), ("start", .instant(span?.start)), ("end", .instant(span?.end)),
            // Written by us from what was checked: an object.
            ("settings", .raw(Array(settings.utf8))),
        ]
    }
}

extension DEROrderView {
    static let columns =
        [
            "id", "type", "priority", "default", "start", "end", "settings", "site", "node", "station", "source", "by",
            "created_at", "withdrawn_at", "over",
        ] + DERHolding.State.allCases.map { "stations." + $0.rawValue }

    func json(at now: Instant) -> JSONValue { .object(pairs: members(at: now)) }

    func detail(at now: Instant) -> JSONValue {
        .object(
            pairs: members(at: now) + [
                (
                    "states",
                    .array(
                        stations.map { one in
                            .object(
                                pairs: [("station_id", .string(one.id.value))] + one.holding.members(state: one.state))
                        })
                )
            ])
    }

    private func members(at now: Instant) -> [(String, JSONValue)] {
        let (kind, object) = order.target.words
        let counts = DERHolding.State.allCases.map { state in
            (state.rawValue, JSONValue.int(stations.count { $0.state == state }))
        }
        return order.control.members + ["site", "node", "station"].map { ($0, $0 == kind ? .string(object) : .null) }
            + [
                ("source", .string(orNull: order.source)), ("by", .string(order.by)),
                ("created_at", .instant(order.createdAt)), ("withdrawn_at", .instant(order.withdrawnAt)),
                ("over", .bool(order.isOver(at: now))), ("stations", .object(pairs: counts)),
            ]
    }
}

extension DERHolding {
    static let columns = [
        "id", "type", "priority", "default", "start", "end", "settings", "state", "word", "at", "superseded_at",
        "superseded_by", "started_at", "ended_at",
    ]
    func json(state: State) -> JSONValue { .object(pairs: members(state: state)) }

    fileprivate func members(state: State) -> [(String, JSONValue)] {
        control.members + [
            ("state", .string(state.rawValue)), ("word", .string(orNull: word)), ("at", .instant(at)),
            ("superseded_at", .instant(entry.supersededAt)), ("superseded_by", .string(orNull: entry.supersededBy)),
            ("started_at", .instant(startedAt)), ("ended_at", .instant(endedAt)),
        ]
    }
}

extension DERStranger {
    var json: JSONValue {
        .object(
            pairs: reported.control.members + [
                ("state", .string(reported.isSuperseded ? "superseded" : "unknown")), ("at", .instant(at)),
            ])
    }
}

extension JSONValue {
    /// Members in their order, put together from parts.
    static func object(pairs: [(String, JSONValue)]) -> JSONValue { .object(pairs.map { Member($0.0, $0.1) }) }
}
