import Assets
import Documents
import GridDispatch
import Operations
import Quantities

/// `/api/v1/sites/{id}/instructions`: powers that the charging below a node is asked to add up to, and how it stands.
enum InstructionsAPI {
    @Sendable static func list(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        return Listing(
            columns: GroupInstruction.columns, items: await call.service.instructions(of: site.id).map(\.json),
            nextCursor: nil
        ).response(to: call.request, name: "instructions")
    }

    @Sendable static func put(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        let id = call.parameter("instruction")
        var fields = try JSONFields(body: call.request)
        fields.check(
            allowed: ["node", "power_kw", "from", "to", "priority", "ramp_kw_per_second", "source"], ignored: ["id"])
        if let problem = SitesAPI.problem(ofID: id) { fields.refuse("id", problem) }
        let node = fields.identifier("node").value
        if node == nil, fields.problems.isEmpty { fields.refuse("node", "the id of a node is expected") }
        let power = fields.power("power_kw", signed: true).value
        if power == nil, fields.problems.isEmpty {
            fields.refuse("power_kw", "a number is expected, below 0 for discharge")
        }
        let now = call.service.now
        let from = fields.instant("from").value ?? now
        let to = fields.instant("to").value
        if let to {
            if to <= from || to - from > longest {
                fields.refuse("to", "after from, and at most 7 days after it, is expected")
            }
        } else if fields.problems.isEmpty {
            fields.refuse("to", "an instant with offset is expected, such as 2026-03-01T18:00:00Z")
        }
        let ramp = fields.power("ramp_kw_per_second").value
        let source = fields.string("source", atMost: 40).value ?? call.actor.name
        var priority = Priority.market
        if let word = fields.string("priority", atMost: 20).value {
            if let known = words.first(where: { $0.word == word })?.priority {
                priority = known
            } else {
                fields.refuse("priority", "one of \(words.map(\.word).joined(separator: ", ")) is expected")
            }
        }
        try fields.throwIfAny()
        guard let node, let power, let to else { throw .invalid(fields.problems) }
        let instruction = Instruction(
            id: id, source: source.filter { !$0.isNewline && $0 != "\t" }, priority: priority,
            target: .charging(below: NodeID(node)), demand: .exactly(power), interval: Interval(from, to),
            ramp: ramp.flatMap { $0 > .zero ? $0 : nil }, receivedAt: now)
        _ = try await call.order(.instruct(site.id, instruction))
        guard let kept = await call.service.instructions(of: site.id).first(where: { $0.instruction.id == id }) else {
            throw .notFound("instruction", id)
        }
        return .json(kept.json)
    }

    @Sendable static func delete(_ call: Call) async throws(Refusal) -> WebResponse {
        let site = try await SitesAPI.site(call)
        _ = try await call.order(.withdrawInstruction(site.id, call.parameter("instruction")))
        return .noContent
    }

    private static let longest = Duration.days(7)

    /// Who may go before whom is the priority stack's; safety and the driver's minimum are nobody's to give away.
    static let words: [(word: String, priority: Priority)] = [
        ("grid", .grid), ("contract", .contract), ("market", .market), ("cost", .cost),
    ]
}

extension GroupInstruction {
    static let columns: [String] = [
        "id", "node", "power_kw", "from", "to", "priority", "source", "stage", "target_kw", "allocated_kw",
        "measured_kw", "missed_since",
    ]

    var json: JSONValue {
        var node = ""
        if case .charging(below: let id) = instruction.target { node = id.value }
        var power: Power?
        if case .exactly(let asked) = instruction.demand { power = asked }
        return [
            "id": .string(instruction.id), "node": .string(node), "power_kw": .kilowatts(power),
            "from": .instant(instruction.interval.start), "to": .instant(instruction.interval.end),
            "priority": .string(
                InstructionsAPI.words.first { $0.priority == instruction.priority }?.word ?? "market"),
            "ramp_kw_per_second": .kilowatts(instruction.ramp), "source": .string(instruction.source),
            "stage": .string("\(instruction.stage)"),
            "history": .array(
                instruction.history.map {
                    ["stage": .string("\($0.stage)"), "at": .instant($0.at), "power_kw": .kilowatts($0.power)]
                }),
            "target_kw": .kilowatts(standing?.target), "allocated_kw": .kilowatts(standing?.allocated),
            "measured_kw": .kilowatts(standing?.measured), "lowest_kw": .kilowatts(standing?.lowest),
            "highest_kw": .kilowatts(standing?.highest), "missed_since": .instant(standing?.missedSince),
            "shortfalls": .array(
                (standing?.shortfalls ?? []).map {
                    [
                        "evse": .string($0.evse.description), "reason": .string($0.reason.code),
                        "object": .string(orNull: $0.reason.object),
                    ]
                }),
        ]
    }
}
