import Charging
import Foundation
import Operations
import Quantities
import StoreSupport
import Testing

@testable import Store

/// What was acknowledged is there after a kill and after a loss of power, whenever it comes.
@Suite("Durability", .serialized) struct DurabilityTests {
    private static let seeds: UInt64 =
        ProcessInfo.processInfo.environment["TIDEWATT_SEEDS"].flatMap { UInt64($0) }
        .map { max($0 / 25, 16) } ?? 16

    @Test func `a killed process loses nothing acknowledged`() async throws {
        for seed in 1...Self.seeds {
            let scratch = try ScratchFolder()
            var random = SeededRandom(seed: seed)
            var acknowledged: Set<Int> = []
            var next = 0
            // Three lives of one directory, each cut off at another point.
            for life in 1...3 {
                let probe = try ProbeProcess([scratch.path, "\(next)", "3000", "\(seed)"])
                let goal = Int.random(in: 1...400, using: &random)
                #expect(probe.read { $0.acknowledged.count >= goal }, "seed \(seed), life \(life)")
                probe.kill()
                acknowledged.formUnion(probe.acknowledged)
                next += 3000
            }
            try await expect(acknowledged, in: scratch.path, "seed \(seed)")
        }
    }

    @Test func `a loss of power loses nothing acknowledged`() async throws {
        for seed in 1...Self.seeds {
            let lost = try await cutPower(seed: seed, synchronous: "FULL")
            #expect(lost == [], "seed \(seed) lost messages \(lost.prefix(5))")
        }
    }

    /// The control: with fewer syncs the same test sees losses, so it can fail. NORMAL is what GRDB sets by itself.
    @Test(arguments: ["OFF", "NORMAL"])
    func `with fewer syncs a loss of power loses acknowledged changes`(_ synchronous: String) async throws {
        // A single cut may fall right behind a checkpoint, which syncs whatever the setting says.
        var losses = 0
        for seed in 3...10 as ClosedRange<UInt64> where losses == 0 {
            losses += try await cutPower(seed: seed, synchronous: synchronous).count
        }
        #expect(losses > 0)
    }

    @Test func `a full disk acknowledges nothing, and takes everything once there is room`() async throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            let scratch = try ScratchFolder()
            let disk = try ForgetfulDisk(scratch)
            var random = SeededRandom(seed: seed)
            // Room for the tables and some messages, in bytes written.
            let bytes = Int.random(in: 1_500_000...4_000_000, using: &random)
            try "\(bytes)".write(toFile: disk.room, atomically: true, encoding: .utf8)
            let probe = try ProbeProcess(
                [disk.data, "0", "1500", "\(seed)"],
                environment: try disk.environment().filter { $0.key != "FORGET_SHADOW" })
            let refused = probe.read { $0.lines.contains { $0.hasPrefix("refusing") } }
            try #require(refused, "seed \(seed): the disk never refused: \(probe.lines.suffix(3))")
            let before = probe.acknowledged.count
            #expect(probe.lines.last { $0.hasPrefix("refusing") }?.contains("disk is full") == true, "seed \(seed)")
            #expect(before < 1500, "seed \(seed)")
            try FileManager.default.removeItem(atPath: disk.room)
            #expect(probe.finish() == 0, "seed \(seed)")
            #expect(probe.lines.contains("accepting"), "seed \(seed)")
            // Acknowledgements end where the disk refused and go on where it takes changes again.
            let refusal = probe.lines.firstIndex { $0.hasPrefix("refusing") } ?? 0
            let recovery = probe.lines.firstIndex(of: "accepting") ?? 0
            #expect(!probe.lines[refusal..<recovery].contains { $0.hasPrefix("ack") }, "seed \(seed)")
            #expect(probe.acknowledged == Array(0..<1500), "seed \(seed): in order, each once")
            try await expect(Set(0..<1500), in: disk.data, "seed \(seed)")
        }
    }

    /// - Returns: acknowledged messages that are gone.
    private func cutPower(seed: UInt64, synchronous: String) async throws -> [Int] {
        let scratch = try ScratchFolder()
        let disk = try ForgetfulDisk(scratch)
        var random = SeededRandom(seed: seed)
        let probe = try ProbeProcess(
            [disk.data, "0", "3000", "\(seed)", synchronous], environment: try disk.environment())
        let goal = Int.random(in: 1...600, using: &random)
        #expect(probe.read { $0.acknowledged.count >= goal }, "seed \(seed): \(probe.lines.suffix(3))")
        probe.kill()
        let recovered = scratch.path + "/recovered"
        try disk.recover(into: recovered, torn: [0, 0.3, 0.8][Int(seed % 3)], seed: seed)
        if synchronous != "FULL", !FileManager.default.fileExists(atPath: recovered + "/tidewatt.sqlite") {
            return probe.acknowledged
        }
        let check = try StoreCheck.run(directory: recovered)
        #expect(check.findings.isEmpty || synchronous != "FULL", "seed \(seed): \(check.findings)")
        return try await missing(Set(probe.acknowledged), in: recovered, "seed \(seed)")
    }

    private func expect(_ acknowledged: Set<Int>, in directory: String, _ label: String) async throws {
        let missing = try await missing(acknowledged, in: directory, label)
        #expect(missing == [], "\(label) lost \(missing.prefix(5))")
        let check = try StoreCheck.run(directory: directory)
        #expect(check.findings.isEmpty, "\(label): \(check.findings)")
    }

    /// Looks through the public reads, as a server that starts again would.
    private func missing(_ acknowledged: Set<Int>, in directory: String, _ label: String) async throws -> [Int] {
        let store = try Store(directory: directory)
        defer { store.close() }
        var found: Set<Int> = []
        var withReadings: Set<Int> = []
        var lost: Set<Int> = []
        for station in 0..<20 {
            let id = SampleChanges.station(station)
            for message in try await store.messages(of: id, limit: 10_000, before: nil) {
                guard let number = message.record.messageID.flatMap({ Int($0.dropFirst(2)) }) else { continue }
                #expect(found.insert(number).inserted, "\(label): message \(number) is there twice")
            }
            let readings = try await store.readings(of: Session.ID("S-\(station)"), after: nil, limit: 10_000)
            let registers = readings.filter { $0.measurand == "Energy.Active.Import.Register" }
            withReadings.formUnion(registers.map { Int($0.mantissa - 1_000_000) / 10 })
            // A session tells of its newest message: one that is behind has lost it.
            let session = try await store.session(Session.ID("S-\(station)"))
            let last = session?.session.registerLast?.milliwattHours ?? 0
            lost.formUnion(
                acknowledged.filter { $0 % 20 == station && Int64(1_000_000 + $0 * 10) * 1000 > last })
        }
        #expect(found == withReadings, "\(label): a transaction is there in part")
        return lost.union(acknowledged.subtracting(found)).sorted()
    }
}
