import Charging
import Quantities
import Testing

@Suite("Numbers of a transaction's messages") struct SequenceRecordTests {
    @Test func `in any order, with repeats, the record is complete exactly when every number is there`() {
        for seed in UInt64(0)..<300 {
            var random = SeededRandom(seed: seed)
            let first = Int.random(in: 0...5, using: &random)
            let count = Int.random(in: 2...20, using: &random)
            let last = first + count - 1
            var lost: Set<Int> = []
            if Bool.random(using: &random) {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    lost.insert(Int.random(in: first...last, using: &random))
                }
            }
            var messages = (first...last).filter { !lost.contains($0) }
            for number in messages where Int.random(in: 0..<4, using: &random) == 0 { messages.append(number) }
            messages.shuffle(using: &random)
            var record = SequenceRecord()
            var came: Set<Int> = []
            for number in messages {
                let stage: SequenceRecord.Stage = number == first ? .started : number == last ? .ended : .updated
                #expect(record.take(number, stage) == came.insert(number).inserted, "seed \(seed), number \(number)")
            }
            #expect(record.isComplete == lost.isEmpty, "seed \(seed)")
            let inner = lost.filter { number in
                came.contains { $0 < number } && came.contains { $0 > number }
            }
            #expect(Set(record.missing.flatMap { Array($0) }) == inner, "seed \(seed)")
            #expect(SequenceRecord(text: record.text) == record, "seed \(seed): \(record.text)")
        }
    }

    @Test func `a station that numbers in steps of two costs no memory without bound`() {
        var record = SequenceRecord()
        for number in 0..<10_000 { record.take(number * 2, .updated) }
        #expect(record.seen.count <= SequenceRecord.mostGaps + 1)
        #expect(record.missing.count <= SequenceRecord.mostGaps)
        #expect(!record.isComplete)
    }

    @Test(arguments: [Int.max, .min, -1]) func `numbers beyond reason are harmless`(number: Int) {
        var record = SequenceRecord()
        record.take(0, .started)
        record.take(number, .updated)
        record.take(number, .ended)
        #expect(SequenceRecord(text: record.text) == record)
    }

    @Test func `the text says what came`() {
        var record = SequenceRecord()
        for (number, stage) in [(0, .started), (1, .updated), (2, .updated), (5, .ended)]
            as [(Int, SequenceRecord.Stage)]
        {
            record.take(number, stage)
        }
        #expect(record.text == "0-2,5;s=0;e=5")
        #expect(record.missing == [3...4])
    }

    @Test(arguments: ["x", "3-1", "1-2,2-3", "1;s=", "1;q=2", "1-2-3", "5,1"]) func `other text is none of ours`(
        text: String
    ) {
        #expect(SequenceRecord(text: text) == nil)
    }
}
