import Foundation
import OCPPMessages
import Quantities
import Testing

@testable import OCPP

/// Frames that another program's encoder wrote (Samples/README.md).
struct Sample: Sendable, CustomTestStringConvertible {
    let action: V16.Action
    let isRequest: Bool
    let fields: String
    /// What the schema requires at the top level.
    let required: [String]
    let frame: String
    var testDescription: String { "\(action.rawValue) \(isRequest ? "request" : "response"), \(fields) fields" }

    static func load() throws -> [Sample] {
        let url = try #require(Bundle.module.url(forResource: "Samples/v16", withExtension: "jsonl"))
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map { line in
            let row = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
            return Sample(
                action: try #require(V16.Action(rawValue: row["action"] ?? "")), isRequest: row["kind"] == "request",
                fields: row["fields"] ?? "",
                required: (row["required"] ?? "").split(separator: " ").map(String.init), frame: row["frame"] ?? "")
        }
    }
}

private func object(_ bytes: some Sequence<UInt8>) throws -> NSObject {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? NSObject)
}

@Suite("Frames of another implementation") struct SampleTests {
    @Test func `every action is there in both kinds and sizes`() throws {
        let samples = try Sample.load()
        #expect(samples.count == V16.Action.allCases.count * 4)
        #expect(Set(samples.map(\.action)) == Set(V16.Action.allCases))
        #expect(V16.Action.allCases.count == 39)
        #expect(V16.Action.allCases.allSatisfy { $0.isFromStation || $0.isFromCentralSystem })
        #expect(V16.Action.allCases.filter { $0.isFromStation && $0.isFromCentralSystem } == [.dataTransfer])
    }

    @Test func `every request decodes without a complaint and is written as the same JSON`() throws {
        for sample in try Sample.load() where sample.isRequest {
            let receiver: StationLink.Role = sample.action.isFromStation ? .centralSystem : .station
            guard case .call(let call) = Frame.read(Array(sample.frame.utf8), receiver: receiver, version: .v16) else {
                Issue.record("\(sample.testDescription): not a CALL that can be read")
                continue
            }
            guard case .v16(let request) = call.request else {
                Issue.record("\(sample.testDescription): not of 1.6")
                continue
            }
            #expect(request.action == sample.action)
            #expect(call.softFaults == [], "\(sample.testDescription)")
            #expect(try object(request.json) == object(call.payloadBytes), "\(sample.testDescription)")
            let frame = FrameText.call(
                messageID: call.messageID, action: call.action, payload: request.json)
            let (ours, theirs) = (
                try JSONSerialization.jsonObject(with: Data(frame)),
                try JSONSerialization.jsonObject(with: Data(sample.frame.utf8))
            )
            #expect(ours as? NSArray == theirs as? NSArray, "\(sample.testDescription)")
        }
    }

    @Test func `every response decodes without a complaint and is written as the same JSON`() throws {
        for sample in try Sample.load() where !sample.isRequest {
            let text = Array(sample.frame.utf8)
            guard case .result(_, let range) = Frame.read(text, receiver: .centralSystem, version: .v16) else {
                Issue.record("\(sample.testDescription): not a CALLRESULT")
                continue
            }
            let payload = Array(text[range])
            let decoded = V16.Response.decode(sample.action, payload: payload.span)
            #expect(decoded.softFaults == [], "\(sample.testDescription)")
            let response = try decoded.result.get()
            #expect(response.action == sample.action)
            #expect(try object(response.json) == object(payload), "\(sample.testDescription)")
            #expect(V16.validateResponse(action: sample.action, payload: response.json) == [])
        }
    }

    @Test func `a sample with one required field less names that field`() throws {
        for sample in try Sample.load() where sample.isRequest && sample.fields == "required" {
            let message = try #require(try JSONSerialization.jsonObject(with: Data(sample.frame.utf8)) as? [Any])
            let payload = try #require(message[3] as? [String: Any])
            for name in sample.required {
                var less = payload
                less[name] = nil
                let bytes = Array(try JSONSerialization.data(withJSONObject: less))
                let faults = V16.validateRequest(action: sample.action.rawValue, payload: bytes)
                #expect(
                    faults.contains { $0.path == name && $0.kind == .missing },
                    "\(sample.action) without \(name): \(faults)")
            }
        }
    }

    @Test func `damaged frames are answered, settled or noted, never passed over and never a crash`() throws {
        let samples = try Sample.load()
        for seed in 1...6000 {
            var random = SeededRandom(seed: UInt64(seed))
            let sample = samples[seed % samples.count]
            var bytes = Array(sample.frame.utf8)
            for _ in 0...Int(random.next() % 4) {
                guard !bytes.isEmpty else { break }
                let at = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes.remove(at: at)
                case 1: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                case 2: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 9)], at: at)
                default: bytes.removeLast(bytes.count - at)
                }
            }
            var link = StationLink(role: sample.action.isFromStation ? .centralSystem : .station, version: .v16)
            var actions: [StationLink.Action] = []
            link.handle(.received(text: bytes), at: 0, into: &actions)
            #expect(!actions.isEmpty, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
