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
        /// The node's own base load without that of nodes below and without ``generation``.
        public let baseLoad: BaseLoad
        /// What is generated at the node itself, kW, positive; `nil`: nothing.
        public let generation: Generation?
        /// Batteries that stand at the node.
        public let storages: [StationaryStorage]
        /// How the energy below a root is paid for, as the file says; `nil`: it does not.
        public let settlement: Settlement?
        /// With what probability the base load is to leave the room that is planned with, where the file says quantiles of it.
        public let chance: Rational
        /// Of a root: what its highest power costs.
        public let demand: Demand?
        /// Of a root.
        public let commitments: [Commitment]
    }

    public enum Settlement: String, Hashable, Sendable, CaseIterable {
        /// Every stay has a meter of its own.
        case apart
        /// What crosses the root is paid for: load, generation, storage and vehicles behind it are one.
        case net
    }

    /// How the energy below a root node is paid for: as said there, else as one where anything below generates or stores.
    public func settlement(ofRoot root: Int) -> Settlement {
        if let said = nodes[root].settlement { return said }
        let own = nodes.indices.contains { n in
            var top = n
            while let up = nodes[top].parent { top = up }
            return top == root && (nodes[n].generation != nil || !nodes[n].storages.isEmpty)
        }
        return own ? .net : .apart
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
    public let steps: [Step]
    /// Probabilities, rising, of which each step says how much the load does not exceed with it.
    public let levels: [Rational]

    public struct Step: Sendable {
        public let from: Instant
        /// What is expected.
        public let kilowatts: Rational
        /// kW, one for each of ``BaseLoad/levels``.
        public let quantiles: [Rational]
    }

    public static let none = BaseLoad(steps: [], levels: [])
    public static func constant(_ kilowatts: Rational) -> BaseLoad {
        BaseLoad(
            steps: [Step(from: Instant(milliseconds: .min), kilowatts: kilowatts, quantiles: [])], levels: [])
    }

    /// Mean over each of `count` slots of `step` from `start`, kW.
    public func means(start: Instant, step: Duration, count: Int) -> [Rational] {
        means(start: start, step: step, count: count) { steps[$0].kilowatts }
    }

    /// Mean over each slot of what the load does not exceed with probability `chance`, and of what it does not fall below, less what
    /// is expected, kW; both from zero up. Between two levels a straight line. Nothing where ``levels`` do not reach.
    public func margins(
        start: Instant, step: Duration, count: Int, chance: Rational
    ) -> (above: [Rational], below: [Rational]) {
        let none = [Rational](repeating: .zero, count: count)
        guard let high = place(of: chance), let low = hasLow ? place(of: .one - chance) : high else {
            return (none, none)
        }
        func margins(_ place: (index: Int, part: Rational), _ sign: Rational) -> [Rational] {
            means(start: start, step: step, count: count) { k in
                let quantiles = steps[k].quantiles
                let value =
                    place.part == .zero
                    ? quantiles[place.index]
                    : quantiles[place.index] * (.one - place.part) + quantiles[place.index + 1] * place.part
                return max(.zero, (value - steps[k].kilowatts) * sign)
            }
        }
        let above = margins(high, .one)
        // Who says how much more it may be, but not how much less, means as much.
        return (above, hasLow ? margins(low, -.one) : above)
    }

    func reaches(_ chance: Rational) -> Bool {
        place(of: chance) != nil && (!hasLow || place(of: .one - chance) != nil)
    }
    private var hasLow: Bool { levels.contains { $0 < Rational(1, 2) } }

    private func place(of probability: Rational) -> (index: Int, part: Rational)? {
        guard let k = levels.lastIndex(where: { $0 <= probability }) else { return nil }
        if levels[k] == probability { return (k, .zero) }
        guard k + 1 < levels.count else { return nil }
        return (k, (probability - levels[k]) / (levels[k + 1] - levels[k]))
    }

    private func means(start: Instant, step: Duration, count: Int, _ kilowatts: (Int) -> Rational) -> [Rational] {
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
                    sum = k < 0 ? .zero : kilowatts(k)
                } else if k >= 0 {
                    sum += kilowatts(k) * Rational(next - at) / Rational(length)
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

    /// Names of storages, which share the schedule's column with those of stays.
    private var storageNames: Set<String> = []

    mutating func read(_ root: YAMLNode, _ load: GridFile.Loader) {
        root.checkKeys(allowed: ["nodes", "evses", "evses_csv"], into: &problems)
        guard let list = root["nodes"], let entries = list.sequence, !entries.isEmpty else {
            let place = root["nodes"] ?? root
            problems.add(
                place.problem(.nodesMissing))
            return
        }
        for entry in entries {
            guard let id = entry["id"]?.text, !id.isEmpty else {
                problems.add(entry.problem(.nodeWithoutID))
                continue
            }
            if indexOfNode[id] != nil {
                problems.add(entry.problem(.nodeRepeated(id)))
            } else {
                indexOfNode[id] = indexOfNode.count
            }
        }
        guard problems.isEmpty else { return }
        for entry in entries { readNode(entry, load) }
        guard problems.isEmpty else { return }
        refuseCircles(entries)
        guard problems.isEmpty else { return }
        checkChances(entries)
        readEVSEs(root, load)
    }

    private mutating func readNode(_ entry: YAMLNode, _ load: GridFile.Loader) {
        entry.checkKeys(
            allowed: [
                "id", "parent", "limit_kw", "kva", "power_factor", "loading", "export_limit_kw", "base_load",
                "base_load_kw", "pv", "storage", "settlement", "chance", "demand", "commitments",
            ], into: &problems)
        let id = entry["id"]?.text ?? ""
        var parent: Int?
        if let named = entry["parent"] {
            parent = named.text.flatMap { indexOfNode[$0] }
            if parent == nil {
                problems.add(
                    named.problem(
                        .parentUnknown(named.text ?? "(not text)", of: id)))
            }
        }
        let rating = rating(entry)
        if entry["limit_kw"] == nil && rating == nil && problems.isEmpty {
            problems.add(
                entry.problem(.limitMissing(id)))
        }
        let limit = number(entry, "limit_kw") ?? rating?.limit
        let export = number(entry, "export_limit_kw")
        let base = baseLoad(entry, load)
        var generation: Generation?
        if let node = entry["pv"] { generation = readGeneration(node, load) }
        var storages: [StationaryStorage] = []
        if let list = entry["storage"] {
            if list.sequence == nil { problems.add(list.problem(.storageListExpected)) }
            for item in list.sequence ?? [] { if let storage = readStorage(item) { storages.append(storage) } }
        }
        var settlement: GridFile.Settlement?
        if let node = entry["settlement"] {
            settlement = node.text.flatMap { GridFile.Settlement(rawValue: $0) }
            if settlement == nil { problems.add(node.problem(.settlementUnknown(node.text ?? "(not text)"))) }
            if parent != nil { problems.add(node.problem(.settlementOfRoots(id))) }
        }
        var chance = GridReader.usualChance
        if let node = entry["chance"] {
            if let value = node.decimal, value >= Rational(1, 2), value < .one {
                chance = value
            } else {
                problems.add(
                    node.problem(.numberNotAllowed("chance", node.text ?? "(not a number)", allowed: .halfToBelowOne)))
            }
        }
        let demand = readDemand(entry)
        let commitments = readCommitments(entry)
        if parent != nil {
            for key in ["demand", "commitments"] {
                if let node = entry[key] { problems.add(node.problem(.ofRoots(key, node: id))) }
            }
        }
        guard let limit, let base else { return }
        nodes.append(
            GridFile.Node(
                id: id, parent: parent, limit: limit, rating: rating, exportLimit: export, baseLoad: base,
                generation: generation, storages: storages, settlement: settlement, chance: chance, demand: demand,
                commitments: commitments))
    }
    private static let usualChance = Rational(95, 100)

    private mutating func readDemand(_ entry: YAMLNode) -> GridFile.Demand? {
        guard let node = entry["demand"] else { return nil }
        node.checkKeys(allowed: ["yuan_per_kw", "so_far_kw"], into: &problems)
        return GridFile.Demand(
            yuanPerKilowatt: number(node, "yuan_per_kw"), soFar: number(node, "so_far_kw") ?? .zero)
    }

    private mutating func readCommitments(_ entry: YAMLNode) -> [GridFile.Commitment] {
        guard let list = entry["commitments"] else { return [] }
        guard let items = list.sequence else {
            problems.add(list.problem(.commitmentListExpected))
            return []
        }
        var commitments: [GridFile.Commitment] = []
        for item in items {
            item.checkKeys(
                allowed: ["from", "to", "at_most_kw", "at_least_kw", "penalty_yuan_per_kwh"], into: &problems)
            let (most, least) = (item["at_most_kw"], item["at_least_kw"])
            let (from, to) = (item["from"]?.text.flatMap(Instant.init), item["to"]?.text.flatMap(Instant.init))
            guard let from, let to, from < to, (most == nil) != (least == nil),
                let fine = number(item, "penalty_yuan_per_kwh"), fine > .zero
            else {
                problems.add(item.problem(.commitmentIncomplete))
                continue
            }
            guard let level = number(item, most == nil ? "at_least_kw" : "at_most_kw", negative: true) else { continue }
            commitments.append(
                GridFile.Commitment(
                    interval: Interval(from, to), side: most == nil ? .atLeast : .atMost, kilowatts: level,
                    yuanPerKilowattHour: fine))
        }
        return commitments
    }

    /// Each node's chance lies within what the base loads at and below it say.
    private mutating func checkChances(_ entries: [YAMLNode]) {
        var isSaid = [Bool](repeating: false, count: nodes.count)
        var isBeyond = isSaid
        for node in nodes.indices where !nodes[node].baseLoad.levels.isEmpty {
            var above: Int? = node
            while let n = above {
                isSaid[n] = true
                isBeyond[n] = isBeyond[n] || !nodes[node].baseLoad.reaches(nodes[n].chance)
                above = nodes[n].parent
            }
        }
        for (n, node) in nodes.enumerated() {
            let place = entries[n]["chance"] ?? entries[n]
            if isBeyond[n] { problems.add(place.problem(.chanceBeyond(node.id, node.chance))) }
            if !isSaid[n], entries[n]["chance"] != nil { problems.add(place.problem(.chanceWithoutQuantiles(node.id))) }
        }
    }

    /// A file of `start,kw`, or kW by even parts of a local day (24 hours, 96 quarters, …).
    private mutating func readGeneration(_ node: YAMLNode, _ load: GridFile.Loader) -> Generation? {
        if let list = node.sequence {
            var day: [Rational] = []
            for entry in list {
                if let value = entry.decimal, value >= .zero, value <= GridReader.limit {
                    day.append(value)
                } else {
                    problems.add(
                        entry.problem(
                            .numberNotAllowed("pv", entry.text ?? "(not a number)", allowed: .kilowattsFromZero)))
                }
            }
            guard day.count == list.count else { return nil }
            guard !day.isEmpty, 1440 % day.count == 0 else {
                problems.add(node.problem(.dayNotEven(day.count)))
                return nil
            }
            return .daily(day)
        }
        guard let (bytes, file) = contents("pv", node, load) else { return nil }
        do throws(Problems) {
            let steps = try readBaseLoad(bytes, file: file)
            if let below = steps.steps.first(where: { $0.kilowatts < .zero }) {
                throw Problems(Problem(file: file, line: 1, message: .generationBelowZero(below.from)))
            }
            return .steps(steps)
        } catch {
            problems.add(error)
            return nil
        }
    }

    private mutating func readStorage(_ entry: YAMLNode) -> StationaryStorage? {
        entry.checkKeys(
            allowed: [
                "id", "power_kw", "charge_kw", "discharge_kw", "energy_kwh", "charge_efficiency",
                "discharge_efficiency", "soc_start", "soc_min", "soc_max", "soc_end_min", "wear_yuan_per_kwh",
            ], into: &problems)
        guard let id = entry["id"]?.text, !id.isEmpty, storageNames.insert(id).inserted else {
            problems.add(entry.problem(.storageWithoutID))
            return nil
        }
        func share(_ key: String, _ fallback: Rational?, positive: Bool = false) -> Rational? {
            guard let node = entry[key] else {
                if fallback == nil { problems.add(entry.problem(.storageIncomplete(id, key))) }
                return fallback
            }
            guard let value = node.decimal, value <= .one, positive ? value > .zero : value >= .zero else {
                problems.add(
                    node.problem(
                        .numberNotAllowed(
                            key, node.text ?? "(not a number)", allowed: positive ? .aboveZeroToOne : .zeroToOne)))
                return nil
            }
            return value
        }
        let power = number(entry, "power_kw")
        let charge = number(entry, "charge_kw") ?? power
        let discharge = number(entry, "discharge_kw") ?? power
        let energy = number(entry, "energy_kwh")
        for (key, value) in [("power_kw", charge), ("power_kw", discharge), ("energy_kwh", energy)] where value == nil {
            if problems.isEmpty { problems.add(entry.problem(.storageIncomplete(id, key))) }
        }
        let start = share("soc_start", nil)
        let minimum = share("soc_min", .zero)
        let maximum = share("soc_max", .one)
        let end = share("soc_end_min", start ?? .zero)
        let into = share("charge_efficiency", .one, positive: true)
        let out = share("discharge_efficiency", .one, positive: true)
        let wear = number(entry, "wear_yuan_per_kwh") ?? .zero
        guard let charge, let discharge, let energy, let start, let minimum, let maximum, let end, let into, let out
        else { return nil }
        guard minimum <= start, start <= maximum, end <= maximum else {
            problems.add(entry.problem(.storageOutsideBand(id)))
            return nil
        }
        return StationaryStorage(
            id: id, maxCharge: charge, maxDischarge: discharge, capacity: energy, start: start, minimum: minimum,
            maximum: maximum, leastAtEnd: end, chargeEfficiency: into, dischargeEfficiency: out, wear: wear)
    }

    private mutating func rating(_ entry: YAMLNode) -> GridFile.Rating? {
        let inputs = ["kva", "power_factor", "loading"]
        let given = inputs.filter { entry[$0] != nil }
        if given.isEmpty { return nil }
        if entry["limit_kw"] != nil {
            problems.add(entry.problem(.limitTwice(given.joined(separator: ", "))))
        }
        if given.count < 3 {
            let missing = inputs.filter { entry[$0] == nil }
            problems.add(
                entry.problem(
                    .ratingIncomplete(missing.joined(separator: ", "))))
            return nil
        }
        for key in ["power_factor", "loading"] {
            if let node = entry[key], let value = node.decimal, value > Rational(key == "loading" ? 2 : 1) {
                problems.add(node.problem(.factorTooLarge(key, value)))
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
            let allowed = negative ? Message.kilowatts : .kilowattsFromZero
            problems.add(
                node.problem(.numberNotAllowed(key, node.text ?? "(not a number)", allowed: allowed)))
            return nil
        }
        return value
    }

    private mutating func baseLoad(_ entry: YAMLNode, _ load: GridFile.Loader) -> BaseLoad? {
        if let node = entry["base_load_kw"] {
            if entry["base_load"] != nil {
                problems.add(node.problem(.baseLoadTwice))
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
            problems.add(node.problem(.namesACSV(key)))
            return nil
        }
        do throws(Problem) {
            return try load(name)
        } catch {
            problems.add(node.problem(.inFile(key, error.file, error.message)))
            return nil
        }
    }

    /// `start,kw`, and columns p1 to p99 for quantiles.
    private func readBaseLoad(_ bytes: [UInt8], file: String) throws(Problems) -> BaseLoad {
        let table = try CSVDocument(bytes, file: file, required: ["start", "kw"])
        let percents = (1...99).filter { percent in table.rows.first?["p\(percent)"] != nil }
        var problems = ProblemList()
        func power(_ row: CSVDocument.Row, _ column: String) -> Rational? {
            guard let kw = Rational(decimal: row[column] ?? ""), kw <= GridReader.limit, -kw <= GridReader.limit else {
                problems.add(row.problem(column, .powerUnknown(row[column] ?? "")))
                return nil
            }
            return kw
        }
        var steps: [BaseLoad.Step] = []
        for row in table.rows {
            guard let at = Instant(row["start"] ?? "") else {
                problems.add(
                    row.problem("start", .instantUnknown(row["start"] ?? "")))
                continue
            }
            guard let kw = power(row, "kw") else { continue }
            let quantiles = percents.compactMap { power(row, "p\($0)") }
            guard quantiles.count == percents.count else { continue }
            if zip(quantiles, quantiles.dropFirst()).contains(where: { $0 > $1 }) {
                problems.add(row.problem("p\(percents[0])", .quantilesFall))
            }
            steps.append(BaseLoad.Step(from: at, kilowatts: kw, quantiles: quantiles))
        }
        steps.sort { $0.from < $1.from }
        for (a, b) in zip(steps, steps.dropFirst()) where a.from == b.from {
            problems.add(file: file, line: 1, .startRepeated(a.from))
        }
        try problems.throwIfAny()
        return BaseLoad(steps: steps, levels: percents.map { Rational(Int64($0)) / Rational(100) })
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
                            .nodesInACircle(path.joined(separator: " → "))))
                    return
                }
                above = nodes[m].parent
            }
        }
    }

    private mutating func readEVSEs(_ root: YAMLNode, _ load: GridFile.Loader) {
        if let list = root["evses"] {
            guard let entries = list.sequence else {
                problems.add(list.problem(.evseListExpected))
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
                problems.add(root.problem(.evsesMissing))
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

    private mutating func attach(_ evse: String, _ node: String, problem: (Message) -> Problem) {
        guard !evse.isEmpty, !node.isEmpty else {
            problems.add(problem(.evseIncomplete))
            return
        }
        guard let index = indexOfNode[node] else {
            problems.add(problem(.evseNodeUnknown(node, of: evse, file: file)))
            return
        }
        if nodeOfEVSE.updateValue(index, forKey: evse) != nil {
            problems.add(problem(.evseRepeated(evse)))
        }
    }
}
