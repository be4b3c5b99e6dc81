public import Assets
import GridDispatch
import Quantities

// Powers that people or programs ask of all charging below a node. They outlive a restart until their time is over.
extension Core {
    /// Of one site, at a time.
    static let mostInstructions = 64

    /// In order of their beginning; `nil`: no such site.
    public func instructions(of id: SiteID) -> [GroupInstruction]? {
        guard let s = siteIndex[id] else { return nil }
        return sites[s].instructions.filter(\.isOfGroup).sorted {
            ($0.interval.start, $0.id) < ($1.interval.start, $1.id)
        }
        .map { instruction in
            GroupInstruction(
                instruction: instruction, standing: sites[s].groups.first { $0.instruction == instruction.id })
        }
    }

    mutating func instruct(_ id: SiteID, _ instruction: Instruction, at now: Instant) -> Result<
        OrderResult, ServiceFault
    > {
        guard let s = siteIndex[id] else { return .failure(ServiceFault(.siteUnknown(id))) }
        var fields: [ServiceFault.Field] = []
        if case .charging(below: let node) = instruction.target,
            !sites[s].path.contains(where: { nodes[$0].node.id == node })
        {
            fields.append(.init(path: "node", .nodeUnknown(node)))
        }
        if instruction.interval.end <= now { fields.append(.init(path: "to", .past(now: now))) }
        guard fields.isEmpty else { return .failure(ServiceFault(.invalid(.instruction), fields: fields)) }
        let others = sites[s].instructions.filter { $0.isOfGroup && $0.id != instruction.id }
        guard others.count < Self.mostInstructions else {
            return .failure(ServiceFault(.tooMany(most: Self.mostInstructions)))
        }
        sites[s].instructions.removeAll { $0.isOfGroup && $0.id == instruction.id }
        sites[s].instructions.append(instruction)
        keepInstructions(s)
        step(site: s, at: now)
        return .success(.done)
    }

    mutating func withdraw(instruction: String, of id: SiteID, at now: Instant) -> Result<OrderResult, ServiceFault> {
        guard let s = siteIndex[id] else { return .failure(ServiceFault(.siteUnknown(id))) }
        guard sites[s].instructions.contains(where: { $0.id == instruction && $0.isOfGroup }) else {
            return .failure(ServiceFault(.instructionUnknown(instruction)))
        }
        sites[s].instructions.removeAll { $0.isOfGroup && $0.id == instruction }
        keepInstructions(s)
        step(site: s, at: now)
        return .success(.done)
    }

    /// Notes how far they came.
    mutating func follow(_ output: DispatchOutput, _ s: Int, at now: Instant) {
        sites[s].groups = output.groups
        for (id, stage, power) in output.progress {
            guard let i = sites[s].instructions.firstIndex(where: { $0.id == id }) else { continue }
            sites[s].instructions[i].advance(to: stage, at: now, power: power)
        }
    }

    mutating func endInstructions(_ s: Int, at now: Instant) {
        let ended = sites[s].instructions.filter { $0.interval.end <= now }
        if ended.isEmpty { return }
        sites[s].instructions.removeAll { $0.interval.end <= now }
        if ended.contains(where: \.isOfGroup) { keepInstructions(s) }
    }

    /// All of a site in one setting: what ends leaves nothing behind.
    private mutating func keepInstructions(_ s: Int) {
        persist(
            .setting(
                key: Self.key(sites[s].site.id),
                value: sites[s].instructions.filter(\.isOfGroup).map(\.text).joined(separator: "\n")))
    }

    mutating func restoreInstructions(_ settings: [String: String]) {
        for s in sites.indices {
            for text in settings[Self.key(sites[s].site.id)]?.split(separator: "\n") ?? [] {
                if let instruction = Instruction(text: String(text)) { sites[s].instructions.append(instruction) }
            }
        }
    }

    private static func key(_ site: SiteID) -> String { "instructions/" + site.value }
}

extension Instruction {
    var isOfGroup: Bool {
        if case .charging = target { true } else { false }
    }

    var summary: String {
        guard case .charging(below: let node) = target, case .exactly(let power) = demand else { return "id=\(id)" }
        return
            "id=\(id), node=\(node), power_w=\(power.watts), from=\(interval.start), to=\(interval.end), source=\(source)"
    }

    /// For the settings table: fields between tabs, which neither ids nor names have.
    fileprivate var text: String {
        guard case .charging(below: let node) = target, case .exactly(let power) = demand else { return "" }
        let numbers = [
            Int64(priority.rawValue), power.watts, interval.start.milliseconds, interval.end.milliseconds,
            ramp?.watts ?? 0, (history.first?.at ?? interval.start).milliseconds,
        ]
        return ([id, source, node.value] + numbers.map(String.init)).joined(separator: "\t")
    }

    fileprivate init?(text: String) {
        let parts = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        let numbers = parts.dropFirst(3).compactMap { Int64($0) }
        guard parts.count == 9, numbers.count == 6, let priority = Priority(rawValue: Int(numbers[0])) else {
            return nil
        }
        self.init(
            id: parts[0], source: parts[1], priority: priority, target: .charging(below: NodeID(parts[2])),
            demand: .exactly(Power(watts: numbers[1])),
            interval: Interval(Instant(milliseconds: numbers[2]), Instant(milliseconds: numbers[3])),
            ramp: numbers[4] > 0 ? Power(watts: numbers[4]) : nil, receivedAt: Instant(milliseconds: numbers[5]))
    }
}
