/// One thing wrong in a file: prints as `FILE:LINE:COLUMN: what is wrong; what is allowed`.
///
/// The column is left out where it makes no sense, the line (0) where the file as a whole is meant.
public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    public let file: String
    /// 1-based; 0 when the file as a whole is meant.
    public let line: Int
    /// 1-based, in characters.
    public let column: Int?
    public let message: Message

    public init(file: String, line: Int, column: Int? = nil, message: Message) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// English.
    public var description: String { text(\.en) }

    /// In the language that `tell` picks: `problem.text(\.zh)`.
    public func text(_ tell: (Message) -> String) -> String {
        var place = file
        if line > 0 { place += ":\(line)" }
        if line > 0, let column { place += ":\(column)" }
        return place + ": " + tell(message)
    }
}

/// Everything wrong in a file, one line each. Never empty.
public struct Problems: Error, Hashable, Sendable, CustomStringConvertible {
    public let list: [Problem]
    /// How many further problems were found and not kept.
    public let omitted: Int

    public init(_ list: [Problem], omitted: Int = 0) {
        self.list = list
        self.omitted = omitted
    }
    public init(_ problem: Problem) { self.init([problem]) }

    /// English.
    public var description: String { text(\.en) }

    public func text(_ tell: (Message) -> String) -> String {
        var lines = list.map { $0.text(tell) }
        if omitted > 0 { lines.append(tell(.andMore(omitted))) }
        return lines.joined(separator: "\n")
    }
}

/// Collects problems up to a bound, so that a file with a million bad lines answers in a screenful; throws at the end.
public struct ProblemList: Sendable {
    /// A person reads the first screens; the rest is counted.
    public static let limit = 100
    public private(set) var list: [Problem] = []
    private var omitted = 0

    public init() {}

    public var isEmpty: Bool { list.isEmpty }

    public mutating func add(_ problem: Problem) {
        if list.count < ProblemList.limit { list.append(problem) } else { omitted += 1 }
    }
    public mutating func add(_ problems: Problems) {
        for problem in problems.list { add(problem) }
        omitted += problems.omitted
    }
    public mutating func add(contentsOf other: ProblemList) {
        for problem in other.list { add(problem) }
        omitted += other.omitted
    }
    public mutating func add(file: String, line: Int, column: Int? = nil, _ message: Message) {
        add(Problem(file: file, line: line, column: column, message: message))
    }

    /// - Throws: what was found, by file and place.
    public func throwIfAny() throws(Problems) {
        guard !list.isEmpty else { return }
        throw Problems(
            list.sorted { ($0.file, $0.line, $0.column ?? 0) < ($1.file, $1.line, $1.column ?? 0) }, omitted: omitted)
    }
}
