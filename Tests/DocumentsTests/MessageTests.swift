import Documents
import Quantities
import Testing

@Suite("Messages") struct MessageTests {
    @Test func `arguments stand in both languages, and a message within is told in the language of the whole`() {
        let inner = Message("inner", "{n} cars", "{n} 辆车", ["n": 3])
        let message = Message("outer", "{place}: {what} wait", "{place}：{what}在等待", ["place": "T1", "what": inner])
        #expect(message.en == "T1: 3 cars wait" && message.zh == "T1：3 辆车在等待")
        #expect(message.code == "outer" && message.description == message.en)
    }

    @Test func `braces that show YAML stay, also beside arguments and inside of them`() {
        let message = Message("m", "{id} needs {price: \"…\"} or {id: {id}}", "", ["id": "{id} {x"])
        #expect(message.en == "{id} {x needs {price: \"…\"} or {id: {id} {x}")
    }

    @Test func `a file's problems are told in either language with the same places`() throws {
        let csv = Array("a,b\n1\n\"x\n".utf8)
        let problems = #expect(throws: Problems.self) {
            _ = try CSVDocument(csv, file: "t.csv", required: ["a", "b"])
        }
        let lines = try #require(problems).text(\.zh).split(separator: "\n")
        #expect(lines == ["t.csv:2: 有 1 个字段，而表头有 2 列；每列应有一个字段", "t.csv:3: 引号没有闭合，请补上右引号"])
        let yaml = #expect(throws: Problems.self) { _ = try YAMLDocument(Array("a: 1\na: 2\n".utf8), file: "t.yaml") }
        #expect(try #require(yaml).text(\.zh).contains("t.yaml:1:1: 键"))
    }

    @Test func `what was not kept is counted in either language`() {
        var list = ProblemList()
        for line in 1...(ProblemList.limit + 3) { list.add(file: "f", line: line, .emptyYAML) }
        let problems = #expect(throws: Problems.self) { try list.throwIfAny() }
        #expect(problems?.text(\.en).hasSuffix("\n… and 3 more") == true)
        #expect(problems?.text(\.zh).hasSuffix("\n…… 另有 3 项") == true)
    }
}
