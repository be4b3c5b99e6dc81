import Foundation
import Operations
import Quantities
import Store
import StoreSupport

/// `store-probe measure DIRECTORY MESSAGES STATIONS WAITING`: what a meter message costs (journal record, four readings,
/// session), with at most WAITING messages not yet on the disk.
enum Measurement {
    static func run(_ arguments: [String]) throws {
        guard arguments.count == 4, let messages = Int(arguments[1]), let stations = Int(arguments[2]),
            let waiting = Int(arguments[3])
        else {
            print("usage: store-probe measure DIRECTORY MESSAGES STATIONS WAITING")
            exit(2)
        }
        let store = try Store(directory: arguments[0])
        let all = (0..<messages).map { SampleChanges.meterMessage($0, stations: stations) }
        let places = DispatchSemaphore(value: waiting)
        let (cpu, clock) = (processorTime(), ContinuousClock.now)
        for changes in all {
            places.wait()
            store.append(changes) { _ in places.signal() }
        }
        for _ in 0..<waiting { places.wait() }
        // A semaphore is let go of with the value it was made with.
        defer { for _ in 0..<waiting { places.signal() } }
        let seconds = (ContinuousClock.now - clock) / .seconds(1)
        let spent = processorTime() - cpu
        let statistics = store.statistics
        print(
            """
            \(messages) messages of \(stations) stations, \(waiting) waiting: \(Int(Double(messages) / seconds)) messages/s, \
            \(Int(Double(messages * 3) / seconds)) changes/s, \(tenths(spent / Double(messages) * 1e6)) µs CPU a message, \
            \(messages / max(statistics.commits, 1)) messages a commit
            """)
        let compaction = ContinuousClock.now
        let report = try store.maintain(now: SampleChanges.start + .seconds(messages), everything: true)
        let took = (ContinuousClock.now - compaction) / .seconds(1)
        print(
            "\(report.compactedRows) rows into day blocks: \(tenths(took / Double(report.compactedRows) * 1e6)) µs a row"
        )
        store.close()
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
