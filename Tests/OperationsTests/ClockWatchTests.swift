import Operations
import Quantities
import Testing

@Suite("Clock watch") struct ClockWatchTests {
    private let start = Instant("2026-03-01T00:00:00Z")!

    /// What the watch says of a clock that stands at each of these seconds, looked at once a second.
    private func events(_ seconds: [Int]) -> [ClockWatch.Event] {
        var watch = ClockWatch()
        return seconds.enumerated().compactMap { index, second in
            watch.look(start + .seconds(second), counter: UInt64(index) * 1_000_000_000)
        }
    }

    @Test func `a clock that runs evenly, or is nudged by synchronisation, is no event`() {
        #expect(events(Array(0...10)) == [])
        #expect(events([0, 1, 2, 5, 6, 5, 6, 7]) == [])
    }

    @Test func `a clock that is set ahead or back is told once with by how much`() {
        #expect(events([0, 1, 3602, 3603, 3604]) == [.moved(.seconds(3600))])
        #expect(events([0, 1, -86_398, -86_397]) == [.moved(.seconds(-86_400))])
    }

    @Test func `it is settled after an hour of even running, once`() {
        let after = Array(101...3800)
        #expect(events([0, 1] + after) == [.moved(.seconds(99)), .settled])
        #expect(events([0, 1] + after.prefix(3600)) == [.moved(.seconds(99))])
    }
}
