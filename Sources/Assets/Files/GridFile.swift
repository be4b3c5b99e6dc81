public import Documents
public import Quantities

/// A grid YAML (interfaces.md §3): nodes with limits and base loads, and which EVSE hangs under which node. Complete and
/// checked: parents exist, nobody is its own ancestor.
public struct GridFile: Sendable {
    public let file: String
    /// In the file's order.
    public let nodes: [Node]
    /// Index into ``nodes`` by EVSE.
    public let nodeOfEVSE: [String: Int]

    public struct Node: Sendable {
        public let id: String
        /// Index into ``GridFile/nodes``.
        public let parent: Int?
        /// Real power, kW, that base load and fleet together may draw.
        public let limit: Rational
        /// Where the limit comes from, when it was derived.
        public let rating: Rating?
        /// kW, a magnitude, that may flow back; `nil`: no limit of its own.
        public let exportLimit: Rational?
        /// The node's own base load without that of nodes below.
        public let baseLoad: BaseLoad
    }

    /// kVA × power factor × allowed loading = kW.
    public struct Rating: Hashable, Sendable {
        public let kilovoltAmperes: Rational
        public let powerFactor: Rational
        public let loading: Rational
        public var limit: Rational { kilovoltAmperes * powerFactor * loading }
    }

    /// Where files named in the grid file come from: given the name as written, their bytes and a name for complaints.
    public typealias Loader = (String) throws(Problem) -> (bytes: [UInt8], file: String)

    public init(_ bytes: [UInt8], file: String, load: Loader) throws(Problems) {
        var reader = GridReader(file: file)
        let root = try YAMLDocument(bytes, file: file).root
        reader.read(root, load)
        try reader.problems.throwIfAny()
        self.file = file
        nodes = reader.nodes
        nodeOfEVSE = reader.nodeOfEVSE
    }
}

/// A base load in kW over time: a step function, zero before its first entry.
public struct BaseLoad: Sendable {
    /// By instant; each holds until the next.
    public let steps: [(from: Instant, kilowatts: Rational)]

    public static let none = BaseLoad(steps: [])
    public static func constant(_ kilowatts: Rational) -> BaseLoad {
        BaseLoad(steps: [(Instant(milliseconds: .min), kilowatts)])
    }
    init(steps: [(from: Instant, kilowatts: Rational)]) { self.steps = steps }

    /// Mean over each of `count` slots of `step` from `start`, kW.
    public func means(start: Instant, step: Duration, count: Int) -> [Rational] {
        var means: [Rational] = []
        means.reserveCapacity(count)
        let length = step.wholeMilliseconds
        // Index of the entry that holds at the slot's start.
        var current = steps.lastIndex { $0.from <= start } ?? -1
        for slot in 0..<count {
            let begin = start.milliseconds + Int64(slot) * length
            let end = begin + length
            while current + 1 < steps.count, steps[current + 1].from.milliseconds <= begin { current += 1 }
            var k = current
            var (at, sum) = (begin, Rational.zero)
            while at < end {
                let next = k + 1 < steps.count ? min(end, steps[k + 1].from.milliseconds) : end
                if next - at == length {
                    sum = k < 0 ? .zero : steps[k].kilowatts
                } else if k >= 0 {
                    sum += steps[k].kilowatts * Rational(next - at) / Rational(length)
                }
                at = next
                k += 1
            }
            means.append(sum)
        }
        return means
    }
}

private struct GridReader {
    let file: String
    var problems = ProblemList()
    var nodes: [GridFile.Node] = []
    var nodeOfEVSE: [String: Int] = [:]
    private var indexOfNode: [String: Int] = [:]
    private static let limit = Rational(1_000_000_000)

    init(file: String) { self.file = file }

    mutating func read(_ root: YAMLNode, _ load: GridFile.Loader) {
        root.checkKeys(allowed: ["nodes", "evses", "evses_csv"], into: &problems)
        guard let list = root["nodes"], let entries = list.sequence, !entries.isEmpty else {
            let place = root["nodes"] ?? root
            problems.add(
                place.problem("nodes is missing or empty; a list of nodes is needed: nodes: [{id: T1, limit_kw: 630}]"))
            return
        }
        for entry in entries {
            guard let id = entry["id"]?.text, !id.isEmpty else {
                problems.add(entry.problem("a node without id; give it one: {id: T1, limit_kw: 630}"))
                continue
            }
            if indexOfNode[id] != nil {
                problems.add(entry.problem("node \(id) stands twice; give each node its own id"))
            } else {
                indexOfNode[id] = indexOfNode.count
            }
        }
        guard problems.isEmpty else { return }
        for entry in entries { readNode(entry, load) }
        guard problems.isEmpty else { return }
        refuseCircles(entries)
        readEVSEs(root, load)
    }

    private mutating func readNode(_ entry: YAMLNode, _ load: GridFile.Loader) {
        entry.checkKeys(
            allowed: [
                "id", "parent", "limit_kw", "kva", "power_factor", "loading", "export_limit_kw", "base_load",
                "base_load_kw",
            ], into: &problems)
        let id = entry["id"]?.text ?? ""
        var parent: Int?
        if let named = entry["parent"] {
            parent = named.text.flatMap { indexOfNode[$0] }
            if parent == nil {
                problems.add(
                    named.problem(
                        "parent \(named.text ?? "(not text)") of \(id) is no node of this file; name one of nodes"))
            }
        }
        let rating = rating(entry)
        if entry["limit_kw"] == nil && rating == nil && problems.isEmpty {
            problems.add(
                entry.problem("node \(id) has no limit; give limit_kw, or kva with power_factor and loading"))
        }
        let limit = number(entry, "limit_kw") ?? rating?.limit
        let export = number(entry, "export_limit_kw")
        let base = baseLoad(entry, load)
        guard let limit, let base else { return }
        nodes.append(
            GridFile.Node(
                id: id, parent: parent, limit: limit, rating: rating, exportLimit: export, baseLoad: base))
    }

    private mutating func rating(_ entry: YAMLNode) -> GridFile.Rating? {
        let inputs = ["kva", "power_factor", "loading"]
        let given = inputs.filter { entry[$0] != nil }
        if given.isEmpty { return nil }
        if entry["limit_kw"] != nil {
            problems.add(entry.problem("limit_kw and \(given.joined(separator: ", ")) together; give one or the other"))
        }
        if given.count < 3 {
            let missing = inputs.filter { entry[$0] == nil }
            problems.add(
                entry.problem(
                    "\(missing.joined(separator: ", ")) is missing; limit = kva × power_factor × loading"))
            return nil
        }
        for key in ["power_factor", "loading"] {
            if let node = entry[key], let value = node.decimal, value > Rational(key == "loading" ? 2 : 1) {
                problems.add(node.problem("\(key) \(value) is too large; a factor such as 0.95"))
            }
        }
        guard let kva = number(entry, "kva"), let factor = number(entry, "power_factor"),
            let loading = number(entry, "loading")
        else { return nil }
        return GridFile.Rating(kilovoltAmperes: kva, powerFactor: factor, loading: loading)
    }

    private mutating func number(_ entry: YAMLNode, _ key: String, negative: Bool = false) -> Rational? {
        guard let node = entry[key] else { return nil }
        guard let value = node.decimal, negative || value >= .zero, value <= GridReader.limit,
            -value <= GridReader.limit
        else {
            let allowed = negative ? "a plain decimal in kW" : "a plain decimal from 0 on"
            problems.add(node.problem("\(key) \(node.text ?? "(not a number)") is not allowed; \(allowed) is"))
            return nil
        }
        return value
    }

    private mutating func baseLoad(_ entry: YAMLNode, _ load: GridFile.Loader) -> BaseLoad? {
        if let node = entry["base_load_kw"] {
            if entry["base_load"] != nil {
                problems.add(node.problem("base_load and base_load_kw together; give one or the other"))
            }
            return number(entry, "base_load_kw", negative: true).map { .constant($0) }
        }
        guard let node = entry["base_load"] else { return BaseLoad.none }
        guard let (bytes, file) = contents("base_load", node, load) else { return nil }
        do throws(Problems) {
            return try readBaseLoad(bytes, file: file)
        } catch {
            problems.add(error)
            return nil
        }
    }

    /// The file that `node`, the value of `key`, names.
    private mutating func contents(_ key: String, _ node: YAMLNode, _ load: GridFile.Loader) -> ([UInt8], String)? {
        guard let name = node.text else {
            problems.add(node.problem("\(key) names a CSV file"))
            return nil
        }
        do throws(Problem) {
            return try load(name)
        } catch {
            problems.add(node.problem("\(key): \(error.description)"))
            return nil
        }
    }

    private func readBaseLoad(_ bytes: [UInt8], file: String) throws(Problems) -> BaseLoad {
        let table = try CSVDocument(bytes, file: file, required: ["start", "kw"])
        var problems = ProblemList()
        var steps: [(from: Instant, kilowatts: Rational)] = []
        for row in table.rows {
            guard let at = Instant(row["start"] ?? "") else {
                problems.add(
                    row.problem("start", "\"\(row["start"] ?? "")\" is no instant; ISO 8601 with an offset or Z is"))
                continue
            }
            guard let kw = Rational(decimal: row["kw"] ?? ""), kw <= GridReader.limit, -kw <= GridReader.limit else {
                problems.add(row.problem("kw", "\"\(row["kw"] ?? "")\" is no power; a plain decimal in kW is"))
                continue
            }
            steps.append((at, kw))
        }
        steps.sort { $0.from < $1.from }
        for (a, b) in zip(steps, steps.dropFirst()) where a.from == b.from {
            problems.add(file: file, line: 1, "start \(a.from) stands twice; give each instant once")
        }
        try problems.throwIfAny()
        return BaseLoad(steps: steps)
    }

    private mutating func refuseCircles(_ entries: [YAMLNode]) {
        for (n, node) in nodes.enumerated() {
            var above = node.parent
            var path = [node.id]
            while let m = above, path.count <= nodes.count {
                path.append(nodes[m].id)
                if m == n {
                    problems.add(
                        entries[n].problem(
                            "nodes run in a circle: \(path.joined(separator: " → ")); take the parent off one of them"))
                    return
                }
                above = nodes[m].parent
            }
        }
    }

    private mutating func readEVSEs(_ root: YAMLNode, _ load: GridFile.Loader) {
        if let list = root["evses"] {
            guard let entries = list.sequence else {
                problems.add(list.problem("a list is expected here: evses: [{id: E1, node: T1}]"))
                return
            }
            for entry in entries {
                entry.checkKeys(allowed: ["id", "node"], into: &problems)
                let (id, node) = (entry["id"]?.text ?? "", entry["node"]?.text ?? "")
                attach(id, node) { entry.problem($0) }
            }
        }
        guard let named = root["evses_csv"] else {
            if root["evses"] == nil && !root.keys.contains(where: { $0.text == "evses" }) {
                problems.add(root.problem("evses or evses_csv is missing; say which EVSE hangs under which node"))
            }
            return
        }
        guard let (bytes, file) = contents("evses_csv", named, load) else { return }
        do throws(Problems) {
            for row in try CSVDocument(bytes, file: file, required: ["evse_id", "node"]).rows {
                attach(row["evse_id"] ?? "", row["node"] ?? "") { row.problem("evse_id", $0) }
            }
        } catch {
            problems.add(error)
        }
    }

    private mutating func attach(_ evse: String, _ node: String, problem: (String) -> Problem) {
        guard !evse.isEmpty, !node.isEmpty else {
            problems.add(problem("an EVSE needs an id and a node: {id: E1, node: T1}"))
            return
        }
        guard let index = indexOfNode[node] else {
            problems.add(problem("node \(node) of EVSE \(evse) is no node of \(file); name one of its nodes"))
            return
        }
        if nodeOfEVSE.updateValue(index, forKey: evse) != nil {
            problems.add(problem("EVSE \(evse) stands twice; give each EVSE one node"))
        }
    }
}
