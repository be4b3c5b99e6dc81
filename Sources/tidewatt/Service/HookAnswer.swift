import Foundation
import OCPPMessages

/// The JSON object that an operator's service answered.
struct HookAnswer {
    private let members: [String: Any]
    private let bytes: [UInt8]

    /// `nil`: no JSON object.
    init?(_ bytes: [UInt8]) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else { return nil }
        members = object
        self.bytes = bytes
    }

    /// A text.
    subscript(_ key: String) -> String? { members[key] as? String }
    func number(_ key: String) -> Int? { (members[key] as? NSNumber)?.intValue }

    /// A text as it is, any other JSON value as JSON; `nil` where it is left out or null.
    func data(_ key: String) -> String? {
        switch members[key] {
        case nil, is NSNull: nil
        case let text as String: text
        case let other?:
            (try? JSONSerialization.data(withJSONObject: other, options: [.fragmentsAllowed, .sortedKeys])).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }
}
