import Documents
import Metering
import Quantities
import Testing

@Suite("Damaged meter files") struct MeterFileMutationTests {
    @Test func `whatever is done to a good file, it is read or refused with a line, never a crash`() {
        let good =
            MeterFileTests.header + (0..<8).map { MeterFileTests.row($0, "1.5,0.25,A,private,measured") }.joined()
        let junk: [[UInt8]] = [
            [0x22], [0x2C], [0x0A], [0x0D], [0xFF], [0x00], Array("1e30".utf8), Array("9999-12-31T24:00:00+18:00".utf8),
            Array("0001-01-01T00:00:00Z".utf8), Array("999999999999999999999".utf8),
        ]
        var refused = 0
        for seed in UInt64(1)...400 {
            var random = SeededRandom(seed: seed)
            var bytes = Array(good.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                let end = min(bytes.count, at + Int.random(in: 0...26, using: &random))
                bytes.replaceSubrange(at..<end, with: junk.randomElement(using: &random)!)
            }
            do throws(Problems) {
                let file = try MeterFile(bytes, file: "m.csv")
                let sum = file.intervals.reduce(ExactEnergy.zero) { $0 + $1.imported }
                #expect(!sum.isNegative, "seed \(seed)")
            } catch {
                refused += 1
                #expect(error.list.allSatisfy { $0.line > 0 }, "seed \(seed)")
            }
        }
        #expect(refused > 200)
    }
}
