import Documents
import Quantities
import Testing

@Suite("CSV") struct CSVDocumentTests {
    func read(_ text: String, required: [String] = ["a", "b"]) throws(Problems) -> CSVDocument {
        try CSVDocument(Array(text.utf8), file: "t.csv", required: required)
    }

    @Test func `what spreadsheets write is read: mark, CRLF, quotes over lines, blank lines, spaces`() throws {
        let table = try read("\u{FEFF}a, b ,c\r\n\"x\"\"y\r\nz\", 2 ,\r\n\r\n4,5,6")
        #expect(table.header == ["a", "b", "c"])
        #expect(table.rows.map(\.line) == [2, 5])
        #expect(table.rows[0]["a"] == "x\"y\r\nz")
        #expect(table.rows[0]["b"] == "2")
        #expect(table.rows[0]["c"] == "")
        #expect(table.rows[0]["d"] == nil)
        #expect(table.rows[1]["c"] == "6")
        #expect(table.rows[1].problem("c", .words("is wrong", "有误")).description == "t.csv:5: c: is wrong")
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        let csv: String
        let text: String
        var testDescription: String { text }
    }
    static let faults = [
        Fault(csv: "", text: "t.csv:1: the file is empty; a header line is expected: a,b"),
        Fault(csv: "a,c\n", text: "t.csv:1: column b is missing; the header needs a,b"),
        Fault(csv: "a,b,a\n", text: "t.csv:1: column a stands twice in the header; name each column once"),
        Fault(
            csv: "a,b\n1\n1,2,3\n",
            text: "t.csv:2: fields: 1, columns of the header: 2; give each column a field\n"
                + "t.csv:3: fields: 3, columns of the header: 2; give each column a field"),
        Fault(
            csv: "a,b\n1,x\"y\n",
            text: "t.csv:2: a quote inside an unquoted field; quote the whole field and double the quotes in it"),
        Fault(
            csv: "a,b\n1,\"y\"z\n", text: "t.csv:2: text behind a closing quote; a comma or the line's end is expected"),
        Fault(csv: "a,b\n1,2\n1,\"y\n\n", text: "t.csv:3: a quoted field is never closed; add the closing quote"),
    ]
    @Test(arguments: faults) func `a broken table is refused with its line`(_ fault: Fault) {
        let problems = #expect(throws: Problems.self) { _ = try read(fault.csv) }
        #expect(problems?.description == fault.text)
    }

    @Test func `bytes that are not UTF-8 are named with their line`() {
        let problems = #expect(throws: Problems.self) {
            _ = try CSVDocument(Array("a,b\n1,".utf8) + [0xC3, 0x28, 0x0A], file: "t.csv", required: [])
        }
        #expect(problems?.description == "t.csv:2: bytes that are not UTF-8; save the file as UTF-8")
    }

    @Test func `a million bad lines answer in a hundred and a count`() {
        let problems = #expect(throws: Problems.self) {
            _ = try read("a,b\n" + String(repeating: "1\n", count: 1000))
        }
        #expect(problems?.list.count == ProblemList.limit)
        #expect(problems?.omitted == 900)
        #expect(problems?.description.hasSuffix("\n… and 900 more") == true)
    }

    @Test func `what the writer writes, the reader reads back`() throws {
        let alphabet: [Character] = ["a", "电", ",", "\"", "\n", "\r\n", " ", "\t", "1"]
        for seed in UInt64(1)...200 {
            var random = SeededRandom(seed: seed)
            let columns = Int.random(in: 1...4, using: &random)
            let rows = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                (0..<columns).map { _ in
                    String(
                        (0..<Int.random(in: 0...4, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
                    )
                }
            }
            let header = (0..<columns).map { "c\($0)" }
            let text = CSVWriter.line(header) + rows.map(CSVWriter.line).joined()
            let table = try CSVDocument(Array(text.utf8), file: "t.csv", required: header)
            #expect(table.rows.map { row in header.map { row[$0] } } == rows, "seed \(seed)")
        }
    }
}

@Suite("CSV guard") struct CSVGuardTests {
    @Test(arguments: ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "-", "\tx", "\rx", "'=1", "''@x", "+1.2.3"])
    func `what a spreadsheet would run is shown as text and comes back unchanged`(_ text: String) {
        #expect(CSVGuard.guarded(text) == "'" + text)
        #expect(CSVGuard.unguarded(CSVGuard.guarded(text)) == text)
    }

    @Test(arguments: ["", "a=1", "-5", "+8613800000000", "-0.5", ".5", "'tis", "'", "张三", "'-5"])
    func `other texts and numbers stay as they are`(_ text: String) {
        #expect(CSVGuard.guarded(text) == text)
        #expect(CSVGuard.unguarded(text) == text)
    }

    @Test func `the way back is exact for any text of risky characters`() {
        for seed in UInt64(1)...2000 {
            var random = SeededRandom(seed: seed)
            let letters = Array("'=+-@\t\r1.a")
            let text = String(
                (0..<Int.random(in: 0...5, using: &random)).map { _ in letters.randomElement(using: &random)! })
            #expect(CSVGuard.unguarded(CSVGuard.guarded(text)) == text, "seed \(seed)")
        }
    }
}
