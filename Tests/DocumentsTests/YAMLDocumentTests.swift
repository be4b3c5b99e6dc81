import Documents
import Testing

@Suite("YAML") struct YAMLDocumentTests {
    func read(_ text: String) throws(Problems) -> YAMLNode {
        try YAMLDocument(Array(text.utf8), file: "t.yaml").root
    }

    @Test func `every value knows where it stands and what was written`() throws {
        let root = try read("a: 1.10\nb:\n  - {c: \"no\", d: ~}\n")
        #expect(root["a"]?.text == "1.10")
        #expect(root["a"]?.line == 1 && root["a"]?.column == 4)
        let item = try #require(root["b"]?.sequence?.first)
        #expect(item["c"]?.text == "no" && item["c"]?.line == 3 && item["c"]?.column == 9)
        #expect(item["d"] == nil)
        #expect(item.keys.map(\.text) == ["c", "d"])
        #expect(item["c"]?.boolean == nil)
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        let yaml: String
        let text: String
        var testDescription: String { text }
    }
    static let faults = [
        Fault(yaml: "", text: "t.yaml:1: the file is empty; a YAML document is expected"),
        Fault(yaml: "a: 1\nb: 2\na: 3\n", text: "t.yaml:1:1: key a stands twice in one mapping; keep one of them"),
        Fault(
            yaml: "a: [1\nb: 2\n",
            text: "t.yaml:2:2: not YAML: did not find expected ',' or ']' (while parsing a flow sequence, line 1)"),
        Fault(
            yaml: String(repeating: "[", count: 5000), text: "t.yaml:1: nested deeper than 100 levels; flatten the file"
        ),
        Fault(
            yaml: String(repeating: "- ", count: 5000) + "a",
            text: "t.yaml:1: nested deeper than 100 levels; flatten the file"),
    ]
    @Test(arguments: faults) func `a broken document is refused with its place`(_ fault: Fault) {
        let problems = #expect(throws: Problems.self) { _ = try read(fault.yaml) }
        #expect(problems?.description == fault.text)
    }

    @Test func `aliases of aliases do not fill the memory`() {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            yaml += "a\(level): &a\(level) [\(items)]\n"
        }
        let problems = #expect(throws: Problems.self) { _ = try read(yaml) }
        #expect(problems?.description.contains("aliases count each time") == true)
    }

    @Test func `an unknown key is named with the keys that are allowed`() throws {
        var problems = ProblemList()
        try read("a: 1\nc: 2\n").checkKeys(allowed: ["a", "b"], into: &problems)
        #expect(problems.list.map(\.description) == ["t.yaml:2:1: unknown key c; allowed are a, b"])
    }
}
