import Assets
import Documents
import Operations
import Quantities

/// Piles in bulk from CSV, all or nothing, with what is wrong by line.
enum StationImport {
    static let columns = [
        "identity", "site", "node", "model", "phases", "voltage", "max_current_a", "ownership", "evidence", "owner",
        "max_discharge_kw",
    ]
    static let most = 20_000

    struct Failure: Error, Sendable {
        let problems: [Mistake]
    }

    static func run(_ bytes: [UInt8], _ call: Call) async -> Result<Int, Failure> {
        let table: CSVDocument
        do {
            table = try CSVDocument(bytes, file: "import", required: ["identity"])
        } catch {
            return .failure(Failure(problems: error.list.map { Mistake($0) }))
        }
        var rows = ImportRows(
            sites: Set(await call.service.sites().map(\.id)),
            nodes: Dictionary(await call.service.nodes().map { ($0.id, $0) }) { a, _ in a })
        rows.checkHeader(table.header)
        if table.rows.isEmpty {
            rows.problems.append(Mistake(path: "", line: 1, InputProblem.noRows))
        }
        if table.rows.count > most {
            rows.problems.append(Mistake(path: "", line: table.rows[most].line, InputProblem.tooManyRows(most: most)))
        }
        for row in table.rows.prefix(most) { rows.read(row) }
        guard rows.problems.isEmpty else { return .failure(Failure(problems: rows.problems)) }
        do {
            _ = try await call.order(.importStations(rows.changes))
            return .success(rows.changes.count)
        } catch {
            return .failure(Failure(problems: call.words.mistakes(error)))
        }
    }
}

/// Rows as far as they were read.
private struct ImportRows {
    let sites: Set<SiteID>
    let nodes: [NodeID: GridNode]
    var changes: [(StationID, StationChange)] = []
    var problems: [Mistake] = []
    private var lines: [StationID: Int] = [:]

    init(sites: Set<SiteID>, nodes: [NodeID: GridNode]) {
        self.sites = sites
        self.nodes = nodes
    }

    mutating func checkHeader(_ header: [String]) {
        for name in header where !StationImport.columns.contains(name) {
            problems.append(
                Mistake(path: name, line: 1, InputProblem.noSuchColumn(allowed: StationImport.columns)))
        }
    }

    mutating func read(_ row: CSVDocument.Row) {
        func refuse(_ column: String, _ problem: InputProblem) {
            problems.append(Mistake(path: column, line: row.line, problem))
        }
        func text(_ column: String) -> String? { row[column].map(CSVGuard.unguarded) }
        func filled(_ column: String) -> String? { text(column).flatMap { $0.isEmpty ? nil : $0 } }
        func number(_ column: String, scale: Int, _ range: ClosedRange<Int64>) -> Int64? {
            guard let text = filled(column) else { return nil }
            if let value = scaledInteger(text, scale: scale, exact: scale == 0), range.contains(value) { return value }
            let bounds = [range.lowerBound, range.upperBound].map { decimalText(Int128($0), scale: scale) }
            refuse(column, .notInRange(given: text, from: bounds[0], to: bounds[1]))
            return nil
        }

        let identity = text("identity") ?? ""
        if StationFields.problem(ofIdentity: identity) != nil { refuse("identity", .identity) }
        if let before = lines.updateValue(row.line, forKey: StationID(identity)) {
            refuse("identity", .repeatedIdentity(identity, line: before))
        }
        var change = StationChange()
        if let site = filled("site").map({ SiteID($0) }) {
            if !sites.contains(site) { refuse("site", .siteUnknown(site.value)) }
            change.site = site
        }
        if let id = filled("node").map({ NodeID($0) }) {
            if let node = nodes[id] {
                if let site = change.site ?? nil, let own = node.site, own != site {
                    refuse("node", .nodeElsewhere(node: id.value, own: own.value, given: site.value))
                }
            } else {
                refuse("node", .nodeUnknown(id.value))
            }
            change.node = id
        }
        if let model = filled("model") { change.model = model }
        if let phases = number("phases", scale: 0, 1...3) {
            if phases == 2 { refuse("phases", .phases) }
            change.phases = Int(phases)
        }
        if let voltage = number("voltage", scale: 0, 100...1000) { change.voltage = Int(voltage) }
        change.maxCurrentMilliamperes = number("max_current_a", scale: 3, 1000...2_000_000)
        change.maxDischarge = number("max_discharge_kw", scale: 3, 0...10_000_000).map { Power(watts: $0) }
        if let word = filled("ownership") {
            let ownership = Ownership(rawValue: word)
            change.ownership = ownership
            if ownership == nil { refuse("ownership", .ownership(given: word)) }
        }
        if let evidence = filled("evidence") { change.ownershipEvidence = evidence }
        if let owner = filled("owner") { change.owner = owner }
        changes.append((StationID(identity), change))
    }
}
