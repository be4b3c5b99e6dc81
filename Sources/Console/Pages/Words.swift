/// Languages of the console.
public enum Language: String, Sendable, CaseIterable {
    case chinese = "zh-CN"
    case english = "en"

    /// The best of `Accept-Language` (weights decide, then order); `nil` when it names neither.
    init?(accepting header: String) {
        var best: (language: Language, weight: Double)?
        for part in header.lowercased().split(separator: ",") {
            let pieces = part.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let tag = pieces.first else { continue }
            let language: Language? = tag.hasPrefix("zh") ? .chinese : tag.hasPrefix("en") ? .english : nil
            let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            if let language, weight > best?.weight ?? 0 { best = (language, weight) }
        }
        guard let best else { return nil }
        self = best.language
    }
}

/// The console's texts in one language, by keys that say what is meant.
struct Words: Sendable {
    static let cookie = "tidewatt_language"
    let language: Language
    private let texts: [String: String]

    init(_ language: Language) {
        self.language = language
        self.texts = Assets.shared.texts[language] ?? [:]
    }

    /// `?lang=`, then the cookie, then what the browser accepts.
    init(for request: WebRequest, fallback: Language) {
        let chosen =
            request.query["lang"].flatMap { Language(rawValue: $0) }
            ?? request.cookies[Words.cookie].flatMap { Language(rawValue: $0) }
            ?? request.headers["accept-language"].flatMap { Language(accepting: $0) }
        self.init(chosen ?? fallback)
    }

    /// The text of a key; the key itself when there is none (tests see to it that there is).
    func callAsFunction(_ key: String, _ values: [String: String] = [:]) -> String {
        var text = texts[key] ?? key
        for (name, value) in values { text = Words.replacing("{\(name)}", with: value, in: text) }
        return text
    }

    /// For words that come from elsewhere (alarm codes, stop reasons): `nil` when we have none.
    func known(_ key: String, _ values: [String: String] = [:]) -> String? {
        texts[key] == nil ? nil : self(key, values)
    }

    /// `?lang=` lasts: the answer sets the cookie.
    func remembered(in response: WebResponse, of request: WebRequest) -> WebResponse {
        guard let asked = request.query["lang"], Language(rawValue: asked) != nil else { return response }
        var response = response
        response.headers.append(("Set-Cookie", "\(Words.cookie)=\(asked); Path=/; Max-Age=31536000; SameSite=Lax"))
        return response
    }

    private static func replacing(_ pattern: String, with value: String, in text: String) -> String {
        text.split(separator: pattern, omittingEmptySubsequences: false).joined(separator: value)
    }
}
