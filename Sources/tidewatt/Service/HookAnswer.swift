import OCPPMessages

/// The JSON object that an operator's service answered. Values keep their spelling: a vendor's decimals are not ours to
/// round.
struct HookAnswer {
    private enum Value {
        case text(String)
        /// Any other than `null`, as it came.
        case json(String)
    }
    private var members: [String: Value] = [:]

    /// `nil`: no JSON object.
    init?(_ bytes: [UInt8]) {
        do throws(JSONFault) { try read(bytes) } catch { return nil }
    }

    private mutating func read(_ bytes: [UInt8]) throws(JSONFault) {
        var reader = JSONReader(bytes.span)
        if try reader.enterObject() {
            repeat {
                let key = try reader.key()
                let name = reader.string(key)
                switch try reader.peek() {
                case .string:
                    let text = try reader.text()
                    members[name] = .text(reader.string(text))
                case .null: try reader.null()
                case .object, .array, .number, .boolean:
                    let place = try reader.skipValue()
                    members[name] = .json(reader.copy(place))
                }
            } while try reader.nextMember()
        }
        try reader.end()
    }

    /// A text.
    subscript(_ key: String) -> String? {
        if case .text(let text)? = members[key] { text } else { nil }
    }
    func number(_ key: String) -> Int? {
        if case .json(let text)? = members[key] { Int(text) } else { nil }
    }

    /// A text as it is, any other value as JSON; `nil` where it is left out or null.
    func data(_ key: String) -> String? {
        switch members[key] {
        case nil: nil
        case .text(let text), .json(let text): text
        }
    }
}
