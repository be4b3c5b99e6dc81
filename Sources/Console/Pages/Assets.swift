/// What the program carries of `Web/`: it runs wherever it is copied.
struct Assets: Sendable {
    struct File: Sendable {
        let name: String
        let type: String
        let text: String
    }
    static let shared = Assets()

    let texts: [Language: [String: String]]
    let openAPI: String
    private let files: [String: File]
    /// Changes with the files: an address with it may be kept for a year.
    let version: String

    private init() {
        files = Dictionary(EmbeddedAssets.files.map { ($0.name, $0) }) { a, _ in a }
        openAPI = files["openapi.json"]?.text ?? "{}"
        var texts: [Language: [String: String]] = [:]
        for language in Language.allCases {
            texts[language] = Assets.table(files[language.rawValue + ".json"]?.text ?? "{}")
        }
        self.texts = texts
        // FNV-1a: names a version, guards nothing.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for file in EmbeddedAssets.files {
            for byte in file.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        version = String(hash, radix: 36)
    }

    /// A file that browsers may ask for.
    func file(_ name: String) -> File? {
        guard let file = files[name], file.type != "application/json" else { return nil }
        return file
    }

    private static func table(_ text: String) -> [String: String] {
        guard let node = try? JSONNode(Array(text.utf8)), case .object(let members) = node.content else { return [:] }
        var table: [String: String] = [:]
        for (key, value) in members {
            if case .string(let text) = value.content { table[key] = text }
        }
        return table
    }
}

enum AssetPages {
    @Sendable static func asset(_ call: Call) async throws(Refusal) -> WebResponse {
        let name = call.parameter("name")
        guard let file = call.console.assets.file(name) else { throw .notFound("asset", name) }
        return .text(file.text, type: file.type, headers: [("Cache-Control", "public, max-age=31536000, immutable")])
    }

    @Sendable static func icon(_ call: Call) async throws(Refusal) -> WebResponse {
        guard let file = call.console.assets.file("icon.svg") else { throw .notFound("asset", "icon.svg") }
        return .text(file.text, type: file.type, headers: [("Cache-Control", "public, max-age=86400")])
    }
}
