/// Chinese for English sentences that come from elsewhere as text, by their shape.
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

    static let store = SentenceTable([
        "a backup never replaces the database it is of; name another file": "备份不能覆盖其所备份的数据库，请另选文件名",
        "it is a database of another program": "它是其他程序的数据库",
        "it is no backup of tidewatt": "它不是 tidewatt 的备份",
        "it is no sound database": "它不是完好的数据库",
        "the backup cannot be copied here": "备份无法复制到此处",
        "the folder cannot be made": "无法建立文件夹",
        "there is no database": "没有数据库",
        "there is no such file": "没有该文件",
        "No such file or directory": "文件或目录不存在",
        "Permission denied": "没有权限",
        "Is a directory": "是目录",
        "Not a directory": "不是目录",
        "No space left on device": "磁盘空间不足",
        "Read-only file system": "文件系统只读",
        "No token % is in force; `tidewatt admin token list` shows them.":
            "没有生效的令牌 %；`tidewatt admin token list` 可列出全部令牌。",
        "A password has at least 10 characters and at most 1024 bytes.": "密码至少 10 个字符，最多 1024 字节。",
        "There is a user % already; remove it first to change role or password.":
            "用户 % 已存在；如需更改角色或密码，请先删除该用户。",
        "There is no user %.": "没有用户 %。",
        "A name has 1 to 64 bytes without spaces and control characters.": "名称为 1 至 64 字节，不含空格与控制字符。",
    ])

    /// What a key of the configuration may be.
    static let setting = SentenceTable([
        "a whole number from % to %": "% 至 % 的整数",
        "true or false": "true 或 false",
        "ADDRESS:PORT, port 0 for any free one, or \"\" for none": "ADDRESS:PORT，端口 0 表示任一空闲端口，\"\" 表示不启用",
        "ADDRESS:PORT, port 0 for any free one": "ADDRESS:PORT，端口 0 表示任一空闲端口",
        "a file's path, or \"\"": "文件路径，或 \"\"",
        "a name": "名称",
        "host names and IPv4 addresses with commas between": "以逗号分隔的主机名与 IPv4 地址",
        "identities with commas between, or \"\"": "以逗号分隔的桩编号，或 \"\"",
        "debug, info, warning or error": "debug、info、warning 或 error",
    ])

    static let endpoint = SentenceTable([
        "%: simulated stations speak without TLS; allowed: %, like %": "%：模拟桩不使用 TLS，应写作 %，如 %",
        "%: a path only, please; allowed: %, like %": "%：只能包含路径，应写作 %，如 %",
        "%: no host; allowed: %, like %": "%：缺少主机，应写作 %，如 %",
        "%: no port; allowed: %, like %": "%：端口有误，应写作 %，如 %",
        "%: no WebSocket address; allowed: %, like %": "%：不是 WebSocket 地址，应写作 %，如 %",
        "%: not a WebSocket address; allowed: %, like %": "%：不是 WebSocket 地址，应写作 %，如 %",
    ])
}
