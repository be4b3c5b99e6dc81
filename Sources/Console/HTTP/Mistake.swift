import Documents
import Operations

/// One thing wrong in what was sent: where, and what would be right. Programs get the English text; pages word it in the
/// reader's language by its code (`problem.CODE` of the texts).
struct Mistake: Sendable {
    /// JSON-pointer-like path, a column, or a form's label; "" for the whole.
    let field: String
    /// Line of a file.
    let line: Int?
    /// English, or final text of a page.
    let problem: String
    /// `nil`: the text is final as it is.
    private(set) var code: String?
    private(set) var values: [String: String]
    /// Of a file: it knows both languages itself.
    private(set) var message: Message?

    /// - Parameter problem: a text that is final as it is.
    init(path field: String, problem: String) {
        self.field = field
        self.line = nil
        self.problem = problem
        self.code = nil
        self.values = [:]
    }

    init(path field: String, line: Int? = nil, _ problem: some Wording) {
        self.field = field
        self.line = line
        self.problem = problem.text
        self.code = problem.code.rawValue
        self.values = problem.values
    }

    init(_ field: ServiceFault.Field) {
        if case .worded(let text) = field.reason {
            self.init(path: field.path, problem: text)
        } else {
            self.init(path: field.path, field.reason)
        }
    }

    /// Something wrong in a file.
    init(_ problem: Problem) {
        self.field = ""
        self.line = max(1, problem.line)
        self.problem = problem.message.en
        self.code = nil
        self.values = [:]
        self.message = problem.message
    }

    /// The same at another place: by the name that people know.
    func at(_ field: String) -> Mistake {
        var other = Mistake(path: field, problem: problem)
        (other.code, other.values, other.message) = (code, values, message)
        return other
    }

    /// `line N`, `line N, COLUMN`, or the field.
    var path: String {
        guard let line else { return field }
        return field.isEmpty ? "line \(line)" : "line \(line), \(field)"
    }
}

extension [ServiceFault.Field] {
    var mistakes: [Mistake] { map { Mistake($0) } }
}

/// What the console itself finds wrong in an import or a command before the platform sees it.
enum InputProblem: Wording {
    case noSuchColumn(allowed: [String])
    case noRows
    case tooManyRows(most: Int)
    case identity
    case repeatedIdentity(String, line: Int)
    case siteUnknown(String)
    case nodeUnknown(String)
    case nodeElsewhere(node: String, own: String, given: String)
    case notInRange(given: String, from: String, to: String)
    case phases
    case ownership(given: String)
    case notJSON(line: Int, column: Int, detail: String)
    case notAnObject
    case cursor
    // Of forms
    case needed
    case longerThan(most: Int)
    case notOneOf([String])
    case notConfirmed
    case identifier
    case taken
    case changedMeanwhile(by: String)
    case variableName
    case settingLine
    case addressScheme(scheme: String)
    case slots
    case day

    enum Code: String, WordingCode {
        case noSuchColumn = "no-such-column"
        case noRows = "no-rows"
        case tooManyRows = "too-many-rows"
        case identity
        case repeatedIdentity = "repeated-identity"
        case siteUnknown = "import-site-unknown"
        case nodeUnknown = "import-node-unknown"
        case nodeElsewhere = "node-elsewhere"
        case notInRange = "not-in-range"
        case phases = "import-phases"
        case ownership
        case notJSON = "not-json"
        case notAnObject = "not-an-object"
        case cursor
        case needed
        case longerThan = "longer-than"
        case notOneOf = "not-one-of"
        case notConfirmed = "not-confirmed"
        case identifier
        case taken
        case changedMeanwhile = "changed-meanwhile"
        case variableName = "variable-name"
        case settingLine = "setting-line"
        case addressScheme = "address-scheme"
        case slots
        case day
    }

    var code: Code {
        switch self {
        case .noSuchColumn: .noSuchColumn
        case .noRows: .noRows
        case .tooManyRows: .tooManyRows
        case .identity: .identity
        case .repeatedIdentity: .repeatedIdentity
        case .siteUnknown: .siteUnknown
        case .nodeUnknown: .nodeUnknown
        case .nodeElsewhere: .nodeElsewhere
        case .notInRange: .notInRange
        case .phases: .phases
        case .ownership: .ownership
        case .notJSON: .notJSON
        case .notAnObject: .notAnObject
        case .cursor: .cursor
        case .needed: .needed
        case .longerThan: .longerThan
        case .notOneOf: .notOneOf
        case .notConfirmed: .notConfirmed
        case .identifier: .identifier
        case .taken: .taken
        case .changedMeanwhile: .changedMeanwhile
        case .variableName: .variableName
        case .settingLine: .settingLine
        case .addressScheme: .addressScheme
        case .slots: .slots
        case .day: .day
        }
    }

    var values: [String: String] {
        switch self {
        case .noSuchColumn(let allowed): ["allowed": allowed.joined(separator: ",")]
        case .tooManyRows(let most): ["most": String(most)]
        case .repeatedIdentity(let id, let line): ["id": id, "line": String(line)]
        case .siteUnknown(let site): ["site": site]
        case .nodeUnknown(let node): ["node": node]
        case .nodeElsewhere(let node, let own, let given): ["node": node, "own": own, "given": given]
        case .notInRange(let given, let from, let to): ["given": given, "from": from, "to": to]
        case .ownership(let given): ["given": given]
        case .notJSON(let line, let column, let detail):
            ["line": String(line), "column": String(column), "detail": detail]
        case .longerThan(let most): ["most": String(most)]
        case .notOneOf(let words): ["words": words.joined(separator: ", ")]
        case .changedMeanwhile(let name): ["by": name]
        case .addressScheme(let scheme): ["scheme": scheme]
        case .noRows, .identity, .phases, .notAnObject, .cursor, .needed, .notConfirmed, .identifier, .taken,
            .variableName, .settingLine, .slots, .day:
            [:]
        }
    }
}

extension InputProblem.Code {
    var english: String {
        switch self {
        case .noSuchColumn: "is no column of this file; allowed are {allowed}"
        case .noRows: "there are no rows below the header"
        case .tooManyRows: "more than {most} rows; split the file"
        case .identity: "an identity of 1 to 48 printable characters is expected"
        case .repeatedIdentity: "\"{id}\" stands in line {line} already"
        case .siteUnknown: "there is no site \"{site}\"; create it first"
        case .nodeUnknown: "there is no node \"{node}\"; create it first"
        case .nodeElsewhere: "node \"{node}\" belongs to site \"{own}\", not \"{given}\""
        case .notInRange: "\"{given}\" is no number from {from} to {to}"
        case .phases: "1 or 3 is expected"
        case .ownership: "\"{given}\" is neither private nor public"
        case .notJSON: "line {line}, column {column}: {detail}"
        case .notAnObject: "an object is expected"
        case .cursor: "take the next_cursor of the page before as it is"
        case .needed: "is needed"
        case .longerThan: "at most {most} characters"
        case .notOneOf: "one of {words} is expected"
        case .notConfirmed: "tick the box to go on"
        case .identifier: "1 to 64 printable characters without spaces are expected"
        case .taken: "is taken already"
        case .changedMeanwhile: "{by} has changed it meanwhile; open the page again and change it anew"
        case .variableName: "is no name of a variable, such as OCPPCommCtrlr.HeartbeatInterval"
        case .settingLine: "NAME = VALUE is expected, such as OCPPCommCtrlr.HeartbeatInterval = 300"
        case .addressScheme: "an address that begins with {scheme} is expected, without the pile's identity"
        case .slots: "1 to 16 slots apart by commas are expected, the one to use first"
        case .day: "a day YYYY-MM-DD is expected"
        }
    }
}
