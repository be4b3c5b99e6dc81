/// The argument parser's own complaints in Chinese: it has English sentences only, with quoted parts between.
enum CallErrorText {
    static func told(_ text: String, in language: Language) -> String {
        guard language == .zh else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { translated(String($0)) }
            .joined(separator: "\n")
    }

    /// English with `%` where a quoted part stands; longer sentences before those that they begin like.
    private static let sentences: [(english: [String], chinese: [String])] = [
        ("Error: Missing expected argument '%'", "错误：缺少参数 '%'"),
        ("Error: Missing value for '%'", "错误：'%' 缺少取值"),
        ("Error: Unknown option '%'. Did you mean '%'?", "错误：未知选项 '%'，是否应为 '%'？"),
        ("Error: Unknown option '%'", "错误：未知选项 '%'"),
        ("Error: Unexpected argument '%'", "错误：多余的参数 '%'"),
        ("Error: The value '%' is invalid for '%': %", "错误：'%' 不能作为 '%' 的取值：%"),
        ("Error: The value '%' is invalid for '%'. Please provide one of %.", "错误：'%' 不能作为 '%' 的取值，可用的有 %。"),
        ("Error: The value '%' is invalid for '%'", "错误：'%' 不能作为 '%' 的取值"),
        ("  See '%' for more information.", "  详见 '%'。"),
        ("Help:  %", "帮助： %"),
        ("Usage: %", "用法：%"),
        ("Error: %", "错误：%"),
    ].map { (pieces($0), pieces($1)) }

    private static func pieces(_ text: String) -> [String] {
        text.split(separator: "%", omittingEmptySubsequences: false).map(String.init)
    }

    private static func translated(_ line: String) -> String {
        for (english, chinese) in sentences {
            guard let parts = parts(of: line, between: english) else { continue }
            return zip(chinese, parts + [""]).map { $0 + $1 }.joined()
        }
        return line
    }

    /// What stands in the place of each `%`; `nil` when the line is another sentence.
    private static func parts(of line: String, between pieces: [String]) -> [String]? {
        guard let first = pieces.first, line.hasPrefix(first) else { return nil }
        var rest = line.dropFirst(first.count)
        var parts: [String] = []
        for (index, piece) in pieces.dropFirst().enumerated() {
            if index == pieces.count - 2 {
                guard rest.hasSuffix(piece) else { return nil }
                parts.append(String(rest.dropLast(piece.count)))
            } else {
                guard let range = rest.firstRange(of: piece) else { return nil }
                parts.append(String(rest[..<range.lowerBound]))
                rest = rest[range.upperBound...]
            }
        }
        return parts
    }
}
