/// A table in RFC 4180 CSV with a header line.
///
/// Accepts what spreadsheets write: a byte order mark, CRLF, quoted fields over several lines, blank lines. Spaces around
/// unquoted fields do not count. Wrong bytes, ragged rows, duplicate and missing columns are problems with their line.
public struct CSVDocument: Sendable {
    public let file: String
    /// Column names in the file's order.
    public let header: [String]
    public let rows: [Row]

    /// - Parameter required: columns that must be in the header; others are kept.
    public init(_ bytes: [UInt8], file: String, required: [String]) throws(Problems) {
        var rows: [Row] = []
        header = try CSVDocument.forEachRow(bytes, file: file, required: required) { row, _ in rows.append(row) }
        self.file = file
        self.rows = rows
    }

    /// Goes through a table and keeps none of its rows: for files that are large.
    /// - Parameter body: may add problems, which stand with those of the table in the order of the lines.
    /// - Returns: the header.
    @discardableResult public static func forEachRow(
        _ bytes: [UInt8], file: String, required: [String], _ body: (Row, inout ProblemList) -> Void
    ) throws(Problems) -> [String] {
        var problems = ProblemList()
        var reader = CSVReader(bytes, file: file)
        guard let first = reader.nextRecord(into: &problems) else {
            try problems.throwIfAny()
            throw Problems(Problem(file: file, line: 1, message: .csvEmpty(required: required.joined(separator: ","))))
        }
        var columns: [String: Int] = [:]
        for (index, name) in first.fields.enumerated() where !name.isEmpty {
            if columns.updateValue(index, forKey: name) != nil {
                problems.add(file: file, line: first.line, .csvRepeatedColumn(name))
            }
        }
        let missing = required.filter { columns[$0] == nil }
        if !missing.isEmpty {
            problems.add(
                file: file, line: first.line,
                .csvMissingColumns(missing.joined(separator: ", "), required: required.joined(separator: ",")))
        }
        try problems.throwIfAny()
        let table = Table(file: file, columns: columns)
        while let record = reader.nextRecord(into: &problems) {
            if record.fields.count == first.fields.count {
                body(Row(line: record.line, table: table, fields: record.fields), &problems)
            } else {
                problems.add(
                    file: file, line: record.line, .csvFieldCount(record.fields.count, columns: first.fields.count))
            }
        }
        try problems.throwIfAny()
        return first.fields
    }

    /// One line below the header.
    public struct Row: Sendable {
        /// 1-based line of the file on which the row begins.
        public let line: Int
        fileprivate let table: Table
        fileprivate let fields: [String]

        /// `nil` when the file has no such column, "" when the field is empty.
        public subscript(_ column: String) -> String? { table.columns[column].map { fields[$0] } }

        /// A problem of this row, naming the column: `FILE:LINE: COLUMN: message`.
        public func problem(_ column: String, _ message: Message) -> Problem {
            Problem(file: table.file, line: line, message: .inColumn(column, message))
        }
    }

    /// What all rows share.
    fileprivate final class Table: Sendable {
        let file: String
        let columns: [String: Int]
        init(file: String, columns: [String: Int]) {
            self.file = file
            self.columns = columns
        }
    }
}

/// Cuts bytes into records, one pass, no copies but the fields.
private struct CSVReader {
    struct Record {
        let line: Int
        let fields: [String]
    }
    private let bytes: [UInt8]
    private let file: String
    private var at = 0
    private var line = 1

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    }

    private static let (comma, quote, lf, cr) = (
        UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r")
    )

    /// The next record that is not a blank line; `nil` at the end. A record with a problem is reported and left out.
    mutating func nextRecord(into problems: inout ProblemList) -> Record? {
        while at < bytes.count {
            let (start, from) = (line, at)
            var fields: [String] = []
            var broken = false
            repeat {
                if let field = nextField(into: &problems) { fields.append(field) } else { broken = true }
            } while takeComma()
            let isBlank = fields == [""] && !bytes[from..<at].contains(CSVReader.quote)
            takeLineEnd()
            if broken || isBlank { continue }
            return Record(line: start, fields: fields)
        }
        return nil
    }

    /// One field; afterwards `at` is at its comma, its line end or the end of the file. `nil` after a problem.
    private mutating func nextField(into problems: inout ProblemList) -> String? {
        while at < bytes.count, isSpace(bytes[at]) { at += 1 }
        guard at < bytes.count, bytes[at] == CSVReader.quote else {
            let from = at
            while at < bytes.count, !isEnd(bytes[at]) { at += 1 }
            var to = at
            while to > from, isSpace(bytes[to - 1]) { to -= 1 }
            if bytes[from..<to].contains(CSVReader.quote) {
                problems.add(file: file, line: line, .csvStrayQuote)
                return nil
            }
            return text(bytes[from..<to], line, into: &problems)
        }
        return quotedField(into: &problems)
    }

    private mutating func quotedField(into problems: inout ProblemList) -> String? {
        let opened = line
        var content: [UInt8] = []
        at += 1
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == CSVReader.lf || (byte == CSVReader.cr && !(at < bytes.count && bytes[at] == CSVReader.lf)) {
                line += 1
            }
            guard byte == CSVReader.quote else {
                content.append(byte)
                continue
            }
            if at < bytes.count, bytes[at] == CSVReader.quote {
                content.append(byte)
                at += 1
                continue
            }
            while at < bytes.count, isSpace(bytes[at]) { at += 1 }
            if at == bytes.count || isEnd(bytes[at]) { return text(content[...], opened, into: &problems) }
            problems.add(file: file, line: line, .csvTextBehindQuote)
            while at < bytes.count, !isEnd(bytes[at]) { at += 1 }
            return nil
        }
        problems.add(file: file, line: opened, .csvOpenQuote)
        return nil
    }

    private func text(_ part: ArraySlice<UInt8>, _ line: Int, into problems: inout ProblemList) -> String? {
        if let text = String(validating: part, as: UTF8.self) { return text }
        problems.add(file: file, line: line, .csvNotUTF8)
        return nil
    }

    private mutating func takeComma() -> Bool {
        guard at < bytes.count, bytes[at] == CSVReader.comma else { return false }
        at += 1
        return true
    }

    private mutating func takeLineEnd() {
        guard at < bytes.count else { return }
        if bytes[at] == CSVReader.cr, at + 1 < bytes.count, bytes[at + 1] == CSVReader.lf { at += 1 }
        at += 1
        line += 1
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    private func isEnd(_ byte: UInt8) -> Bool {
        byte == CSVReader.comma || byte == CSVReader.lf || byte == CSVReader.cr
    }
}
