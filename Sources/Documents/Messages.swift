/// What this module says is wrong with a file, in both languages.
public extension Message {
    // MARK: Tables

    static func csvEmpty(required: String) -> Message {
        Message(
            "csv-empty", "the file is empty; a header line is expected: {required}", "文件为空，应有表头行：{required}",
            ["required": required])
    }
    static func csvRepeatedColumn(_ column: String) -> Message {
        Message(
            "csv-repeated-column", "column {column} stands twice in the header; name each column once",
            "表头中列 {column} 出现两次，每列只能写一次", ["column": column])
    }
    static func csvMissingColumns(_ missing: String, required: String) -> Message {
        Message(
            "csv-missing-columns", "column {missing} is missing; the header needs {required}",
            "缺少列 {missing}，表头需要 {required}", ["missing": missing, "required": required])
    }
    static func csvFieldCount(_ fields: Int, columns: Int) -> Message {
        Message(
            "csv-field-count", "fields: {fields}, columns of the header: {columns}; give each column a field",
            "有 {fields} 个字段，而表头有 {columns} 列；每列应有一个字段", ["fields": fields, "columns": columns])
    }
    static let csvStrayQuote = Message(
        "csv-stray-quote", "a quote inside an unquoted field; quote the whole field and double the quotes in it",
        "未加引号的字段中出现引号；请给整个字段加引号，并把其中的引号写两次")
    static let csvTextBehindQuote = Message(
        "csv-text-behind-quote", "text behind a closing quote; a comma or the line's end is expected",
        "右引号之后还有文字；此处应为逗号或行尾")
    static let csvOpenQuote = Message(
        "csv-open-quote", "a quoted field is never closed; add the closing quote", "引号没有闭合，请补上右引号")
    static let csvNotUTF8 = Message(
        "csv-not-u-t-f8", "bytes that are not UTF-8; save the file as UTF-8", "含有非 UTF-8 字节，请将文件另存为 UTF-8")
    static func inColumn(_ column: String, _ what: Message) -> Message {
        Message("in-column", "{column}: {what}", "{column}：{what}", ["column": column, "what": what])
    }

    // MARK: YAML

    static let notText = Message("not-text", "the file is not UTF-8 text; save it as UTF-8", "文件不是 UTF-8 文本，请另存为 UTF-8")
    static func nestedTooDeep(limit: Int) -> Message {
        Message(
            "nested-too-deep", "nested deeper than {limit} levels; flatten the file", "嵌套超过 {limit} 层，请减少层级",
            ["limit": limit])
    }
    static let emptyYAML = Message(
        "empty-y-a-m-l", "the file is empty; a YAML document is expected", "文件为空，应为一个 YAML 文档")
    static func tooManyValues(limit: Int) -> Message {
        Message(
            "too-many-values", "more than {limit} values (aliases count each time); split the file",
            "超过 {limit} 个值（别名每次都计入），请拆分文件", ["limit": limit])
    }
    static func notYAML(_ detail: String) -> Message {
        Message("not-y-a-m-l", "not YAML: {detail}", "不是有效的 YAML：{detail}", ["detail": detail])
    }
    static func repeatedKeys(_ keys: String) -> Message {
        Message(
            "repeated-keys", "key {keys} stands twice in one mapping; keep one of them", "键 {keys} 在同一映射中出现两次，请只保留一个",
            ["keys": keys])
    }
    static func mappingExpected(keys: String) -> Message {
        Message(
            "mapping-expected", "a mapping is expected here; its keys are {keys}", "此处应为映射，可用的键：{keys}", ["keys": keys])
    }
    static func andMore(_ count: Int) -> Message {
        Message("and-more", "… and {count} more", "…… 另有 {count} 项", ["count": count])
    }
    static func unknownKey(_ key: String, allowed: String) -> Message {
        Message(
            "unknown-key", "unknown key {key}; allowed are {allowed}", "未知的键 {key}，可用的键：{allowed}",
            ["key": key, "allowed": allowed])
    }
}
