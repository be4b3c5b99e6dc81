/// A sentence for people as data: a stable code, what it is about, and the same sentence in both languages.
///
/// Each module lists its own in a file `Messages.swift`, both texts side by side; whoever shows one picks the language.
public struct Message: Hashable, Sendable, CustomStringConvertible {
    /// Stable word for programs and tests.
    public let code: String
    private let english: String
    private let chinese: String
    private let arguments: [String: Argument]

    private enum Argument: Hashable, Sendable {
        case text(String)
        case message(Message)
    }

    /// - Parameters:
    ///   - english, chinese: with `{name}` where an argument stands.
    ///   - arguments: by name; a ``Message`` is told in the language of the whole.
    public init(
        _ code: String, _ english: String, _ chinese: String,
        _ arguments: KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        self.code = code
        self.english = english
        self.chinese = chinese
        var table: [String: Argument] = [:]
        for (name, value) in arguments {
            table[name] = (value as? Message).map(Argument.message) ?? .text(value.description)
        }
        self.arguments = table
    }

    /// A few words without arguments that only complete another message.
    public static func words(_ english: String, _ chinese: String) -> Message { Message("words", english, chinese) }

    /// What something foreign says (SQLite, a library): the same in both languages.
    public static func foreign(_ text: String) -> Message { .words(text, text) }

    public var en: String {
        filled(english) { argument in
            switch argument {
            case .text(let text): text
            case .message(let message): message.en
            }
        }
    }
    public var zh: String {
        filled(chinese) { argument in
            switch argument {
            case .text(let text): text
            case .message(let message): message.zh
            }
        }
    }
    /// English.
    public var description: String { en }

    /// Braces around anything that is no argument stay as they are: they show YAML.
    private func filled(_ template: String, _ show: (Argument) -> String) -> String {
        var text = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{") {
            text += rest[..<open]
            let behind = rest[rest.index(after: open)...]
            if let close = behind.firstIndex(of: "}"), let argument = arguments[String(behind[..<close])] {
                text += show(argument)
                rest = behind[behind.index(after: close)...]
            } else {
                text += "{"
                rest = behind
            }
        }
        return text + rest
    }
}
