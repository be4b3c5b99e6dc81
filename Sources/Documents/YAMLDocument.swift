internal import Yams

/// A YAML file as a tree that remembers where everything stands.
///
/// Scalars stay text: what a `1.10` or a `no` means is for the reader of the file to say. Duplicate keys are refused.
public struct YAMLDocument: Sendable {
    public let root: YAMLNode

    public init(_ bytes: [UInt8], file: String) throws(Problems) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problems(
                Problem(file: file, line: 0, message: .notText))
        }
        if let line = YAMLDocument.lineTooDeep(bytes) {
            throw Problems(
                Problem(
                    file: file, line: line,
                    message: .nestedTooDeep(limit: YAMLDocument.depthLimit)))
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Problems(YAMLDocument.problem(of: error, file: file))
        }
        guard let node else {
            throw Problems(Problem(file: file, line: 1, message: .emptyYAML))
        }
        var budget = YAMLDocument.nodeLimit
        guard let root = YAMLNode(node, file: file, budget: &budget) else {
            throw Problems(
                Problem(
                    file: file, line: 0,
                    message: .tooManyValues(limit: YAMLDocument.nodeLimit)))
        }
        self.root = root
    }

    /// A grid of 100 000 piles needs some hundred thousand nodes; aliases of aliases could ask for 10^9.
    static let nodeLimit = 4_000_000
    /// Our deepest file format nests 8 levels; the parser below recurses, so its depth must be bounded before it runs.
    static let depthLimit = 100

    /// The first line that nests too deeply, judged without parsing: depth in block style is at most the indentation and
    /// the markers in front of the text, in flow style the brackets that are open.
    private static func lineTooDeep(_ bytes: [UInt8]) -> Int? {
        var (line, lead, leading, open) = (1, 0, true, 0)
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"): (line, lead, leading) = (line + 1, 0, true)
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
                if leading { lead += 1 }
            case UInt8(ascii: "["), UInt8(ascii: "{"): (leading, open) = (false, open + 1)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): (leading, open) = (false, max(0, open - 1))
            default: leading = false
            }
            // A marker and its space make a level, so 2 · limit characters are still within the limit of levels.
            if lead > 2 * depthLimit || open > depthLimit { return line }
        }
        return nil
    }

    private static func problem(of error: any Error, file: String) -> Problem {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let detail = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
            return Problem(
                file: file, line: mark.line, column: mark.column, message: .notYAML("\(problem)\(detail)"))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "\($0)" }.joined(separator: ", ")
            return Problem(
                file: file, line: context.mark.line, column: context.mark.column,
                message: .repeatedKeys(keys))
        case .reader(let problem, _, _, _):
            return Problem(file: file, line: 0, message: .notYAML(problem))
        default:
            return Problem(file: file, line: 0, message: .notYAML("\(error)"))
        }
    }
}
