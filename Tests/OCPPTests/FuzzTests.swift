import Foundation
import OCPPMessages
import Quantities
import Testing

@testable import OCPP

/// Any bytes as a frame: nothing crashes, nothing grows, and what is answered can be read by the other side.
@Suite("Any frame at all") struct FuzzTests {
    /// `TIDEWATT_FUZZ` says how many for the nightly run.
    static let count = ProcessInfo.processInfo.environment["TIDEWATT_FUZZ"].flatMap { Int($0) } ?? 4000

    private static let seeds = [
        #"[2,"a1","Heartbeat",{}]"#,
        #"[2,"a2","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"}]"#,
        #"[2,"a3","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-01-01T00:00:00Z","sampledValue":[{"value":"1.5"}]}]}]"#,
        #"[2,"a4","TransactionEvent",{"eventType":"Updated","timestamp":"2026-01-01T00:00:00Z","triggerReason":"Trigger","seqNo":3,"transactionInfo":{"transactionId":"t"}}]"#,
        #"[3,"m1",{"status":"Accepted"}]"#, #"[4,"m1","GenericError","why",{"a":[1,2]}]"#,
        #"[5,"m1","FormatViolation","why",{}]"#,
        #"[6,"s1","NotifyPeriodicEventStream",{"id":1,"pending":0,"basetime":"2026-01-01T00:00:00Z","data":[{"t":1,"v":"1"}]}]"#,
        #"[2,"a5","Heartbeat-Signed",{"payload":"e30","signatures":[{"protected":"eyJ","signature":"x"}]}]"#,
    ].map { Array($0.utf8) }

    @Test(arguments: OCPPVersion.allCases) func `damaged frames are taken, refused or noted`(_ version: OCPPVersion) {
        var answered = 0
        for seed in 1...Self.count {
            var random = SeededRandom(seed: UInt64(seed))
            var text = Self.seeds[Int(random.next() % UInt64(Self.seeds.count))]
            for _ in 0...Int(random.next() % 4) { Self.damage(&text, &random) }
            answered += Self.judge(text, version, "seed \(seed)")
        }
        #expect(answered > Self.count / 20)
    }

    @Test(arguments: OCPPVersion.allCases) func `the kept corpus is survived`(_ version: OCPPVersion) throws {
        let folder = try #require(Bundle.module.url(forResource: "Corpus", withExtension: nil))
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(files.count > 30)
        for file in files {
            _ = Self.judge(Array(try Data(contentsOf: file)), version, file.lastPathComponent)
        }
    }

    /// Gives the text to a link with a call of its own outstanding.
    /// - Returns: 1 when it was answered.
    private static func judge(_ text: [UInt8], _ version: OCPPVersion, _ name: String) -> Int {
        var link = StationLink(role: .centralSystem, version: version)
        var actions: [StationLink.Action] = []
        link.handle(
            .send(
                .init(token: 1, messageID: "m1", action: "ClearCache", payload: [123, 125], timeoutMilliseconds: 5000)),
            at: 0, into: &actions)
        actions.removeAll()
        link.handle(.received(text: text), at: 1, into: &actions)
        var answers = 0
        for action in actions {
            guard case .transmit(let answer) = action else { continue }
            answers += 1
            if String(validating: answer, as: UTF8.self) == nil { Issue.record("\(name): not UTF-8") }
            // Whoever sent it must be able to read it.
            switch Frame.read(answer, receiver: .station, version: version) {
            case .error, .resultError, .result: break
            default: Issue.record("\(name): answered \(String(decoding: answer, as: UTF8.self))")
            }
        }
        if answers > 1 { Issue.record("\(name): answered \(answers) times") }
        actions.removeAll()
        link.handle(.closed, at: 2, into: &actions)
        let settled = actions.count { if case .completed = $0 { true } else { false } }
        if settled > 1 { Issue.record("\(name): settled \(settled) times") }
        return answers
    }

    private static func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        guard !bytes.isEmpty else { return }
        let at = Int(random.next() % UInt64(bytes.count))
        let telling = Array("{}[]\",:0123456789-+.eEtfn\\ u".utf8)
        switch random.next() % 6 {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(telling[Int(random.next() % UInt64(telling.count))], at: at)
        case 2: bytes[at] = telling[Int(random.next() % UInt64(telling.count))]
        case 3: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 4: bytes.removeLast(bytes.count - at)
        default:
            let other = seeds[Int(random.next() % UInt64(seeds.count))]
            let from = Int(random.next() % UInt64(other.count))
            bytes.insert(contentsOf: other[from..<min(other.count, from + 30)], at: at)
        }
    }
}
