import Foundation
import OCPPMessages
import Quantities
import Testing

@Suite("Any bytes at all") struct FuzzTests {
    /// `TIDEWATT_FUZZ` says how many for the nightly run.
    static let count = ProcessInfo.processInfo.environment["TIDEWATT_FUZZ"].flatMap { Int($0) } ?? 4000

    @Test(arguments: OCPPVersion.allCases) func `damaged messages are read to the same thing twice, or refused`(
        _ version: OCPPVersion
    ) throws {
        let samples = try SamplePayload.valid(version) + SamplePayload.broken(version)
        for seed in 1...FuzzTests.count {
            var random = SeededRandom(seed: UInt64(seed))
            let sample = samples[Int(random.next() % UInt64(samples.count))]
            var bytes = sample.payload
            for _ in 0...Int(random.next() % 4) {
                if random.next() % 4 == 0 {
                    Self.splice(&bytes, samples[Int(random.next() % UInt64(samples.count))].payload, &random)
                } else {
                    Generator.damage(&bytes, &random)
                }
            }
            try check(sample.with(bytes), "seed \(seed)")
        }
    }

    /// Inputs worth keeping: what once failed, and what is made to be awkward.
    @Test func `the kept corpus is survived by every message of every version`() throws {
        let folder = try #require(Bundle.module.url(forResource: "Corpus", withExtension: nil))
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(files.count >= 8)
        for file in files {
            let bytes = Array(try Data(contentsOf: file))
            for version in OCPPVersion.allCases {
                for sample in try SamplePayload.valid(version) {
                    try check(sample.with(bytes), file.lastPathComponent)
                }
            }
        }
    }

    private func check(_ sample: SamplePayload, _ name: String) throws {
        // Millions of times: an expectation that holds costs more than the reading.
        let first = try sample.decode()
        if first.soft.count > FieldFaults.limit { Issue.record("\(name): \(first.soft.count) faults") }
        guard let json = first.json else {
            if first.hard?.isHard != true { Issue.record("\(name): refused without a hard fault") }
            return
        }
        let second = try sample.with(json).decode()
        if second.json != json { Issue.record("\(name) \(sample.testDescription): read differently") }
    }

    private static func splice(_ bytes: inout [UInt8], _ other: [UInt8], _ random: inout SeededRandom) {
        guard !other.isEmpty else { return }
        let from = Int(random.next() % UInt64(other.count))
        let part = other[from..<min(other.count, from + 1 + Int(random.next() % 40))]
        bytes.insert(contentsOf: part, at: Int(random.next() % UInt64(bytes.count + 1)))
    }
}

extension SamplePayload {
    func with(_ payload: [UInt8]) -> SamplePayload {
        SamplePayload(
            version: version, action: action, isRequest: isRequest, payload: payload, fault: nil, isHard: false)
    }
}
