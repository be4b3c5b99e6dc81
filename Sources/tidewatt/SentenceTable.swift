/// Chinese for the English sentences of a library that knows no other language, by their shape. What the program itself says
/// is a `Message`.
struct SentenceTable: Sendable {
    private let sentences: [(english: [String], chinese: [String])]

    /// - Parameter sentences: English and Chinese with `%` where a part stands that stays as it is; longer ones before those
    ///   that they begin like.
    init(_ sentences: KeyValuePairs<String, String>) {
        self.sentences = sentences.map { (Self.pieces($0.key), Self.pieces($0.value)) }
    }

    /// A sentence that is not in the table stays as it is.
    func chinese(_ text: String) -> String {
        for (english, chinese) in sentences {
            guard let parts = Self.parts(of: text, between: english) else { continue }
            return zip(chinese, parts + [""]).map { $0 + $1 }.joined()
        }
        return text
    }

    private static func pieces(_ text: String) -> [String] {
        text.split(separator: "%", omittingEmptySubsequences: false).map(String.init)
    }

    /// What stands in the place of each `%`; `nil` when the text is another sentence.
    private static func parts(of text: String, between pieces: [String]) -> [String]? {
        guard let first = pieces.first, text.hasPrefix(first) else { return nil }
        var rest = text.dropFirst(first.count)
        if pieces.count == 1 { return rest.isEmpty ? [] : nil }
        var parts: [String] = []
        for piece in pieces.dropFirst().dropLast() {
            guard let range = rest.firstRange(of: piece) else { return nil }
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        let last = pieces[pieces.count - 1]
        guard rest.hasSuffix(last) else { return nil }
        return parts + [String(rest.dropLast(last.count))]
    }
}

extension SentenceTable {
    /// The argument parser's complaints, line by line.
    static let call = SentenceTable([
        "Error: Missing expected argument '%'": "错误：缺少参数 '%'",
        "Error: Missing value for '%'": "错误：'%' 缺少取值",
        "Error: Unknown option '%'. Did you mean '%'?": "错误：未知选项 '%'，是否应为 '%'？",
        "Error: Unknown option '%'": "错误：未知选项 '%'",
        "Error: Unexpected argument '%'": "错误：多余的参数 '%'",
        "Error: The value '%' is invalid for '%': %": "错误：'%' 不能作为 '%' 的取值：%",
        "Error: The value '%' is invalid for '%'. Please provide one of %.": "错误：'%' 不能作为 '%' 的取值，可用的有 %。",
        "Error: The value '%' is invalid for '%'": "错误：'%' 不能作为 '%' 的取值",
        "  See '%' for more information.": "  详见 '%'。",
        "Help:  %": "帮助： %",
        "Usage: %": "用法：%",
        "Error: %": "错误：%",
    ])
}
