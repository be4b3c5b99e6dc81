import Metering
import Quantities
import Testing

@Suite("Interval energy from a register") struct IntervalEnergyTests {
    let quarter = Duration.minutes(15)
    func at(_ minute: Int) -> Instant { Instant(seconds: Int64(minute) * 60) }
    func wh(_ wh: Int64) -> RegisterReading { .wattHours(wh) }

    @Test func `readings on the boundaries give their differences`() {
        let intervals = intervalEnergies(
            readings: [(at(0), wh(1000)), (at(15), wh(1250)), (at(30), wh(1250)), (at(45), wh(2000))], step: quarter)
        #expect(intervals.map(\.energy) == [.wattHours(250), .zero, .wattHours(750)])
        #expect(intervals.allSatisfy { $0.quality == .measured && $0.covered == quarter })
    }

    @Test func `between readings the register is a straight line`() {
        let intervals = intervalEnergies(
            readings: [(at(10), wh(0)), (at(20), wh(100)), (at(30), wh(400))], step: quarter)
        #expect(intervals.map(\.energy) == [.wattHours(50), .wattHours(350)])
        #expect(intervals.map(\.quality) == [.estimated, .measured])
        #expect(intervals.map(\.covered) == [.minutes(5), quarter])
    }

    @Test func `over a long gap the energy is an estimate`() {
        let intervals = intervalEnergies(readings: [(at(0), wh(0)), (at(15), wh(10)), (at(75), wh(50))], step: quarter)
        #expect(intervals.map(\.energy) == [10, 10, 10, 10, 10].map { Energy.wattHours($0) })
        #expect(intervals.map(\.quality) == [.measured, .estimated, .estimated, .estimated, .estimated])
    }

    @Test func `a counter that begins anew is flagged and its gap is missing`() {
        let intervals = intervalEnergies(
            readings: [(at(0), wh(900)), (at(15), wh(950)), (at(30), wh(5)), (at(45), wh(25))], step: quarter)
        #expect(intervals.map(\.energy) == [.wattHours(50), .zero, .wattHours(20)])
        #expect(intervals.map(\.quality) == [.measured, .missing, .measured])
        #expect(intervals.map(\.flags) == [[], [.reset], []])
    }

    @Test func `one backward reading between two that fit is left out`() {
        let intervals = intervalEnergies(
            readings: [(at(0), wh(100)), (at(15), wh(40)), (at(30), wh(300))], step: quarter)
        #expect(intervals.map(\.energy) == [.wattHours(100), .wattHours(100)])
        #expect(intervals.map(\.flags) == [[], [.outlier]])
    }

    @Test func `a rise that the connection cannot carry is left out`() {
        let intervals = intervalEnergies(
            readings: [(at(0), wh(0)), (at(15), wh(900_000)), (at(30), wh(2000))], step: quarter,
            highestPower: .kilowatts(7))
        #expect(intervals.map(\.energy) == [.wattHours(1000), .wattHours(1000)])
        #expect(intervals[1].flags == [.outlier])
    }

    @Test func `fewer than two instants give nothing`() {
        #expect(intervalEnergies(readings: [], step: quarter) == [])
        #expect(intervalEnergies(readings: [(at(3), wh(1)), (at(3), wh(2))], step: quarter) == [])
    }

    @Test func `energy is conserved whatever the steps: the intervals sum to last less first`() {
        for seed in UInt64(1)...200 {
            var random = SeededRandom(seed: seed)
            var (time, value) = (Int64.random(in: 0...10_000_000, using: &random), Int64(0))
            var readings: [(at: Instant, value: RegisterReading)] = []
            for _ in 0..<Int.random(in: 2...40, using: &random) {
                readings.append((Instant(milliseconds: time), RegisterReading(milliwattHours: value)))
                time += Int64.random(in: 1...3_000_000, using: &random)
                value += Int64.random(in: 0...5_000_000, using: &random)
            }
            let intervals = intervalEnergies(readings: readings, step: quarter)
            let sum = intervals.map(\.energy).reduce(.zero, +)
            #expect(sum == readings[readings.count - 1].value - readings[0].value, "seed \(seed)")
            let covered = intervals.map(\.covered).reduce(.zero, +)
            #expect(covered == readings[readings.count - 1].at - readings[0].at, "seed \(seed)")
            #expect(zip(intervals, intervals.dropFirst()).allSatisfy { $0.interval.end == $1.interval.start })
            #expect(intervals.allSatisfy { $0.energy >= .zero }, "seed \(seed)")
        }
    }

    @Test func `a late reading makes new versions of what it changes, with the difference`() {
        let early = intervalEnergies(readings: [(at(0), wh(0)), (at(60), wh(400))], step: quarter)
        let first = revise([], with: early)
        #expect(first.intervals.map(\.version) == [1, 1, 1, 1])
        #expect(first.changes.map(\.difference) == Array(repeating: .wattHours(100), count: 4))

        let late = intervalEnergies(readings: [(at(0), wh(0)), (at(30), wh(300)), (at(60), wh(400))], step: quarter)
        let second = revise(first.intervals, with: late)
        #expect(second.intervals.map(\.version) == [2, 2, 2, 2])
        #expect(second.changes.map(\.difference) == [50, 50, -50, -50].map { Energy.wattHours($0) })
        #expect(second.changes.map(\.difference).reduce(.zero, +) == .zero)

        let again = revise(second.intervals, with: late)
        #expect(again.changes.isEmpty && again.intervals == second.intervals)
    }
}
