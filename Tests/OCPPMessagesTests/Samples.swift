import Foundation
import OCPPMessages
import Testing

/// A payload made from the schemas (Tools/ocpp-messages/instances.py).
struct SamplePayload: Sendable, CustomTestStringConvertible {
    let version: OCPPVersion
    let action: String
    let isRequest: Bool
    let payload: [UInt8]
    /// What is wrong with it: `tooLong idToken.idToken`; `nil` for a valid one.
    let fault: String?
    let isHard: Bool
    var testDescription: String { "\(version.number) \(action) \(isRequest ? "request" : "response") \(fault ?? "")" }

    static func valid(_ version: OCPPVersion) throws -> [SamplePayload] { try load("valid", version) }
    static func broken(_ version: OCPPVersion) throws -> [SamplePayload] { try load("broken", version) }

    private static func load(_ name: String, _ version: OCPPVersion) throws -> [SamplePayload] {
        let file = "Samples/\(name)-v\(version.number.filter { $0 != "." })"
        let url = try #require(Bundle.module.url(forResource: file, withExtension: "jsonl"))
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map { line in
            guard case .object(let row)? = Tree(Array(line.utf8)), case .text(let action)? = row["action"],
                case .text(let kind)? = row["kind"], let payload = row["payload"]
            else { throw Unreadable(line: String(line)) }
            var fault: String?
            if case .text(let kind)? = row["fault"], case .text(let path)? = row["path"] { fault = "\(kind) \(path)" }
            return SamplePayload(
                version: version, action: action, isRequest: kind == "request", payload: payload.json,
                fault: fault, isHard: row["hard"] == .flag(true))
        }
    }

    private struct Unreadable: Error { let line: String }

    /// What reading it by the rules of its version yields, whatever the version's types.
    func decode() throws -> Reading {
        switch version {
        case .v16:
            let action = try #require(V16.Action(rawValue: action))
            return isRequest
                ? Reading(V16.Request.decode(action, payload: payload.span))
                : Reading(V16.Response.decode(action, payload: payload.span))
        case .v201, .v21:
            let action = try #require(V2.Action(rawValue: action))
            return isRequest
                ? Reading(V2.Request.decode(action, payload: payload.span, in: version))
                : Reading(V2.Response.decode(action, payload: payload.span, in: version))
        }
    }

    struct Reading {
        /// The message as it would be sent on; `nil` when it was refused.
        let json: [UInt8]?
        let hard: FieldFault?
        let soft: [FieldFault]

        init(_ decoded: Decoded<some WireMessage>) {
            soft = decoded.softFaults
            switch decoded.result {
            case .success(let message): (json, hard) = (message.json, nil)
            case .failure(let fault): (json, hard) = (nil, fault)
            }
        }
    }
}

extension Tree {
    /// Written again, with keys in order.
    var json: [UInt8] {
        switch self {
        case .object(let members):
            let parts = members.sorted { $0.key < $1.key }.map { Tree.text($0.key).json + [58] + $0.value.json }
            return [123] + parts.joined(separator: [44]) + [125]
        case .list(let elements): return [91] + elements.map(\.json).joined(separator: [44]) + [93]
        case .text(let text):
            var writer = JSONWriter()
            writer.value(text)
            return writer.bytes
        case .number(let text): return Array(text.utf8)
        case .flag(let flag): return Array((flag ? "true" : "false").utf8)
        case .null: return Array("null".utf8)
        }
    }

    /// The same with date-times in one spelling, so that `.250Z` and `.25Z` are no difference.
    var plain: Tree {
        switch self {
        case .object(let members): .object(members.mapValues(\.plain))
        case .list(let elements): .list(elements.map(\.plain))
        case .number(let text): JSONDecimal(text).map { .number("\($0)") } ?? self
        case .text, .flag, .null: self
        }
    }
}
