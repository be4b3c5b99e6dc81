/// What can be wrong with a table as such, before anybody reads its values.
public enum CSVFault: Hashable, Sendable {
    case empty(required: [String])
    case repeatedColumn(String)
    case missingColumns([String], required: [String])
    case fieldCount(Int, columns: Int)
    case strayQuote
    case textBehindQuote
    case openQuote
    case notUTF8

    /// Stable words of ``Problem/code``.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case empty = "csv-empty"
        case repeatedColumn = "csv-repeated-column"
        case missingColumns = "csv-missing-columns"
        case fieldCount = "csv-field-count"
        case strayQuote = "csv-stray-quote"
        case textBehindQuote = "csv-text-behind-quote"
        case openQuote = "csv-open-quote"
        case notUTF8 = "csv-not-utf8"
    }

    public var code: Code {
        switch self {
        case .empty: .empty
        case .repeatedColumn: .repeatedColumn
        case .missingColumns: .missingColumns
        case .fieldCount: .fieldCount
        case .strayQuote: .strayQuote
        case .textBehindQuote: .textBehindQuote
        case .openQuote: .openQuote
        case .notUTF8: .notUTF8
        }
    }

    public var values: [String: String] {
        switch self {
        case .empty(let required): ["required": required.joined(separator: ",")]
        case .repeatedColumn(let name): ["column": name]
        case .missingColumns(let names, let required):
            ["missing": names.joined(separator: ", "), "required": required.joined(separator: ",")]
        case .fieldCount(let count, let columns): ["fields": String(count), "columns": String(columns)]
        case .strayQuote, .textBehindQuote, .openQuote, .notUTF8: [:]
        }
    }

    /// English.
    public var message: String {
        switch self {
        case .empty(let required):
            "the file is empty; a header line is expected: \(required.joined(separator: ","))"
        case .repeatedColumn(let name): "column \(name) stands twice in the header; name each column once"
        case .missingColumns(let names, let required):
            "column \(names.joined(separator: ", ")) is missing; the header needs \(required.joined(separator: ","))"
        case .fieldCount(let count, let columns):
            "fields: \(count), columns of the header: \(columns); give each column a field"
        case .strayQuote: "a quote inside an unquoted field; quote the whole field and double the quotes in it"
        case .textBehindQuote: "text behind a closing quote; a comma or the line's end is expected"
        case .openQuote: "a quoted field is never closed; add the closing quote"
        case .notUTF8: "bytes that are not UTF-8; save the file as UTF-8"
        }
    }

    func problem(file: String, line: Int) -> Problem {
        Problem(file: file, line: line, message: message, code: code.rawValue, values: values)
    }
}
