import Assets
import Operations
import Quantities

/// `/api/v1/nodes`: the grid tree with its limits, and the measured load of its meters.
enum NodesAPI {
    static let mostReadings = 10_000

    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        Listing(columns: GridNode.columns, items: await call.service.nodes().map(\.json), nextCursor: nil)
            .response(to: call.request, name: "nodes")
    }

    static func node(_ call: Call) async throws(Refusal) -> GridNode {
        let id = call.parameter("id")
        guard let node = await call.service.node(NodeID(id)) else { throw .notFound("node", id) }
        return node
    }

    @Sendable static func get(_ call: Call) async throws(Refusal) -> WebResponse { .json(try await node(call).json) }

    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        let id = NodeID(call.parameter("id"))
        let existing = await call.service.node(id)
        var fields = try JSONFields(body: call.request)
        fields.check(allowed: ["parent", "site", "limit_kw", "export_limit_kw", "rating", "serves"], ignored: ["id"])
        if let problem = SitesAPI.problem(ofID: id.value) { fields.refuse("id", problem) }
        var node = existing ?? GridNode(id: id)
        if let parent = fields.identifier("parent").change { node.parent = parent.map { NodeID($0) } }
        if let site = fields.identifier("site").change { node.site = site.map { SiteID($0) } }
        if let limit = fields.power("export_limit_kw").change { node.exportLimit = limit }
        if let serves = fields.word("serves", GridNode.Serves.self).change { node.serves = serves }
        let limit = fields.power("limit_kw").change
        switch rating(&fields) {
        case .absent:
            // A limit given by itself replaces the rating, unless it is the rating's own (read, then sent back).
            if let limit {
                node.limit = limit
                if limit != node.rating?.limit { node.rating = nil }
            }
        case .null:
            node.rating = nil
            if let limit { node.limit = limit }
        case .value(let rating):
            node.rating = rating
            node.limit = rating.limit
            if let given = limit ?? nil, given != rating.limit {
                fields.refuse(
                    "limit_kw",
                    "the rating gives \(decimalText(Int128(rating.limit.watts), scale: 3)) kW; leave limit_kw out, or send \"rating\": null"
                )
            }
        }
        try fields.throwIfAny()
        _ = try await call.order(.putNode(node))
        return .json(try await self.node(call).json, status: existing == nil ? 201 : 200)
    }

    private static func rating(_ fields: inout JSONFields) -> Given<GridNode.Rating> {
        guard let node = fields.node("rating") else { return .absent }
        if case .null = node.content { return .null }
        do {
            var rating = try JSONFields(node, path: "rating")
            rating.check(allowed: ["kva", "power_factor", "loading"])
            let kva = rating.decimal("kva", scale: 3, 1...1_000_000_000, "kVA").value
            let factor = rating.decimal("power_factor", scale: 3, 1...1000, "power factor").value
            let loading = rating.decimal("loading", scale: 3, 1...2000, "loading").value
            for (key, value) in [("kva", kva), ("power_factor", factor), ("loading", loading)]
            where value == nil && rating.problems.isEmpty {
                rating.refuse(key, "a number is expected: limit = kva × power_factor × loading")
            }
            fields.refuse(rating.problems)
            guard let kva, let factor, let loading else { return .absent }
            return .value(.init(voltAmperes: kva, powerFactorPerMille: factor, loadingPerMille: loading))
        } catch {
            fields.refuse(error.fields)
            return .absent
        }
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let node = try await node(call)
        _ = try await call.order(.deleteNode(node.id))
        return .noContent
    }

    /// One reading or a list; repeats change nothing.
    @Sendable static func postReadings(_ call: Call) async throws(Refusal) -> WebResponse {
        let node = try await node(call)
        guard call.request.contentType == "application/json" else {
            throw Refusal(
                415, "content-type", "The body must be JSON: send \"Content-Type: application/json\".",
                headers: [("Accept", "application/json")])
        }
        let body: JSONNode
        do {
            body = try JSONNode(call.request.body)
        } catch {
            throw Refusal(400, "json-invalid", "The body is not JSON: \(error).")
        }
        var readings: [NodeReading] = []
        var problems: [Mistake] = []
        let (items, isList): ([JSONNode], Bool) =
            if case .array(let items) = body.content { (items, true) } else { ([body], false) }
        guard items.count <= mostReadings else {
            throw .invalid([.init(path: "", problem: "at most \(mostReadings) readings at a time are taken")])
        }
        for (index, item) in items.enumerated() {
            var fields = try JSONFields(item, path: isList ? "[\(index)]" : "")
            fields.check(allowed: ["at", "kw"])
            let (at, power) = (fields.instant("at"), fields.power("kw", signed: true))
            if at.value == nil, fields.problems.isEmpty { fields.refuse("at", "an instant with offset is expected") }
            if power.value == nil, fields.problems.isEmpty { fields.refuse("kw", "a number of kW is expected") }
            problems += fields.problems
            if let at = at.value, let power = power.value { readings.append(NodeReading(at: at, power: power)) }
        }
        if !problems.isEmpty { throw .invalid(Array(problems.prefix(100))) }
        do {
            try await call.service.addNodeReadings(node.id, readings, by: call.actor)
        } catch {
            throw Refusal(error)
        }
        return .json(["accepted": .int(readings.count)])
    }
}
