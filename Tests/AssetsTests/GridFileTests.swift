import Documents
import Quantities
import Testing

@testable import Assets

@Suite("Grid file") struct GridFileTests {
    private func read(_ text: String, files: [String: String] = [:]) throws -> GridFile {
        try GridFile(Array(text.utf8), file: "g.yaml") { name throws(Problem) in
            guard let text = files[name] else {
                throw Problem(file: name, line: 0, message: .words("cannot read", "无法读取"))
            }
            return (Array(text.utf8), name)
        }
    }

    @Test func `nodes, EVSEs and a rating in kVA`() throws {
        let grid = try read(
            """
            nodes:
              - {id: F1, parent: T1, limit_kw: 200, base_load_kw: -12.5}
              - {id: T1, kva: 630, power_factor: 0.95, loading: 0.85, export_limit_kw: 300}
            evses: [{id: E1, node: F1}]
            evses_csv: e.csv
            """, files: ["e.csv": "evse_id,node\nE2,T1\n"])
        #expect(grid.nodes.map(\.id) == ["F1", "T1"] && grid.nodes[0].parent == 1)
        #expect(grid.nodes[1].limit == Rational(decimal: "508.725") && grid.nodes[1].exportLimit == Rational(300))
        #expect(grid.nodeOfEVSE == ["E1": 0, "E2": 1])
    }

    @Test func `a base load is the mean of its steps over each slot, zero before the first`() throws {
        let grid = try read(
            "nodes: [{id: T1, limit_kw: 9, base_load: b.csv}]\nevses: []\n",
            files: ["b.csv": "start,kw\n2024-09-10T00:30:00Z,4\n2024-09-10T01:15:00Z,8\n"])
        let start = try #require(Instant("2024-09-10T00:00:00Z"))
        let means = grid.nodes[0].baseLoad.means(start: start, step: .hours(1), count: 3)
        #expect(means == [Rational(2), Rational(7), Rational(8)])
    }

    struct Bad: CustomTestStringConvertible {
        let text: String
        let says: String
        var testDescription: String { says }
    }
    static let bad = [
        Bad(text: "evses: []", says: "nodes is missing or empty"),
        Bad(text: "nodes: [{limit_kw: 1}]\nevses: []", says: "a node without id"),
        Bad(text: "nodes: [{id: A, limit_kw: 1}, {id: A, limit_kw: 1}]\nevses: []", says: "node A stands twice"),
        Bad(text: "nodes: [{id: A}]\nevses: []", says: "has no limit"),
        Bad(text: "nodes: [{id: A, kva: 630}]\nevses: []", says: "power_factor, loading is missing"),
        Bad(text: "nodes: [{id: A, limit_kw: -1}]\nevses: []", says: "limit_kw -1 is not allowed"),
        Bad(text: "nodes: [{id: A, limit_kw: 1, colour: red}]\nevses: []", says: "unknown key colour"),
        Bad(text: "nodes: [{id: A, limit_kw: 1, parent: B}]\nevses: []", says: "parent B of A is no node"),
        Bad(
            text: "nodes: [{id: A, limit_kw: 1, parent: B}, {id: B, limit_kw: 1, parent: A}]\nevses: []",
            says: "circle: A → B → A"),
        Bad(text: "nodes: [{id: A, limit_kw: 1}]\nevses: [{id: E, node: B}]", says: "node B of EVSE E"),
        Bad(
            text: "nodes: [{id: A, limit_kw: 1}]\nevses: [{id: E, node: A}, {id: E, node: A}]",
            says: "EVSE E stands twice"
        ),
        Bad(text: "nodes: [{id: A, limit_kw: 1}]", says: "evses or evses_csv is missing"),
        Bad(
            text: "nodes: [{id: A, limit_kw: 1, base_load: no.csv}]\nevses: []", says: "base_load: no.csv: cannot read"),
    ]

    @Test(arguments: bad) func `what is wrong is said with its place`(_ bad: Bad) {
        let problems = #expect(throws: Problems.self) { try read(bad.text) }
        let said = problems?.description ?? ""
        #expect(said.contains(bad.says) && said.hasPrefix("g.yaml:"), "\(said)")
    }
}
