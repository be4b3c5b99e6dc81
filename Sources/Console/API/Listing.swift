import Documents
import Quantities

/// One page of a list: `{"items": […], "next_cursor": string or null}`, or the same as CSV.
struct Listing: Sendable {
    /// Header of a CSV column and where its value stands in an item (`boot.vendor`).
    let columns: [String]
    let items: [JSONValue]
    let nextCursor: String?

    func response(to request: WebRequest, name: String) -> WebResponse {
        guard CSVTable.isWanted(by: request) else {
            return .json(["items": .array(items), "next_cursor": .string(orNull: nextCursor)])
        }
        return CSVTable.response(columns: columns, items: items, name: name, nextCursor: nextCursor, to: request)
    }
}

/// CSV of any list: `Accept: text/csv` or `?format=csv`; `?bom=1` for spreadsheets. Texts that begin like a formula are
/// guarded in both (``CSVGuard``): nobody knows where a file will be opened.
enum CSVTable {
    static func isWanted(by request: WebRequest) -> Bool {
        request.query["format"] == "csv" || (request.accepts("text/csv") && request.query["format"] != "json")
    }

    static func response(
        columns: [String], items: [JSONValue], name: String, nextCursor: String?, to request: WebRequest
    ) -> WebResponse {
        var text = request.query["bom"] == "1" ? CSVWriter.byteOrderMark : ""
        text += CSVWriter.line(columns)
        for item in items {
            text += CSVWriter.line(columns.map { field(item, path: $0) })
        }
        var headers: [(name: String, value: String)] = [("Content-Disposition", "attachment; filename=\"\(name).csv\"")]
        if let nextCursor { headers.append(("X-Next-Cursor", PercentCoding.encode(nextCursor))) }
        return .text(text, type: "text/csv; charset=utf-8", headers: headers)
    }

    private static func field(_ item: JSONValue, path: String) -> String {
        var value = item
        for key in path.split(separator: ".") {
            guard case .object(let members) = value, let member = members.first(where: { $0.key == key }) else {
                return ""
            }
            value = member.value
        }
        switch value {
        case .null: return ""
        case .bool(let flag): return flag ? "true" : "false"
        case .number(let text): return text
        case .string(let text): return CSVGuard.guarded(text)
        case .array, .object: return value.text()
        }
    }
}

extension Call {
    /// Refuses a format that there is not, before anything is done.
    func checkFormat() throws(Refusal) {
        for (name, allowed) in [("format", ["json", "csv"]), ("bom", ["0", "1"])] {
            guard let given = request.query[name], !allowed.contains(given) else { continue }
            throw .invalid([.init(path: name, problem: "\(allowed.joined(separator: " or ")) is expected")])
        }
    }

    /// `?limit=`: 1 to 1000.
    func limit(usually: Int = 100) throws(Refusal) -> Int {
        guard let text = request.query["limit"] else { return usually }
        guard let limit = Int(text), (1...1000).contains(limit) else {
            throw .invalid([.init(path: "limit", problem: "a whole number from 1 to 1000 is expected")])
        }
        return limit
    }

    /// `?cursor=` of the page before; `nil` for the first page.
    var cursor: String? { request.query.filled("cursor") }

    /// The refusal of a cursor that no page gave, or whose item is gone since.
    static let unknownCursor = Refusal.invalid([Mistake(path: "cursor", InputProblem.cursor)])

    func numericCursor() throws(Refusal) -> Int64? {
        guard let cursor = request.query["cursor"] else { return nil }
        guard let number = Int64(cursor), number >= 0 else {
            throw Call.unknownCursor
        }
        return number
    }

    func instant(_ name: String) throws(Refusal) -> Instant? {
        guard let text = request.query[name] else { return nil }
        guard let instant = Instant(text) else {
            throw .invalid([
                .init(path: name, problem: "an instant with offset is expected, such as 2026-03-01T18:00:00Z")
            ])
        }
        return instant
    }

    func flag(_ name: String) throws(Refusal) -> Bool? {
        switch request.query[name] {
        case nil: return nil
        case "true": return true
        case "false": return false
        default: throw .invalid([.init(path: name, problem: "true or false is expected")])
        }
    }
}
