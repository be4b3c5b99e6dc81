import Foundation
import Operations
import Quantities
import Store
import StoreSupport
import Synchronization

/// `store-probe retain DIRECTORY ROWS MEGABYTES`: what upkeep does at the size of 16 000 piles. Writes ROWS meter messages,
/// then calls upkeep as `serve` does, without its pauses, until the journal keeps MEGABYTES and the readings lie in day blocks,
/// while a writer goes on. Tells rows a second and how long the writer's commits took, without and beside upkeep.
enum RetentionMeasurement {
    private static let stations = 16_000

    static func run(_ arguments: [String]) throws {
        guard arguments.count == 3, let rows = Int(arguments[1]), let megabytes = Int(arguments[2]) else {
            print("usage: store-probe retain DIRECTORY ROWS MEGABYTES")
            exit(2)
        }
        var options = Store.Options()
        options.retention.messages = RetentionPolicy.Bound(days: 10_000, megabytes: megabytes)
        let store = try Store(directory: arguments[0], options: options)
        for first in stride(from: 0, to: rows, by: 1000) {
            write(
                (first..<min(first + 1000, rows)).flatMap { SampleChanges.meterMessage($0, stations: stations) },
                to: store)
        }
        var number = rows
        var alone: [Double] = []
        for _ in 0..<1000 { alone.append(commit(&number, to: store)) }

        let work = Work(store, at: SampleChanges.start + .seconds(rows + 7200))
        work.start()
        var beside: [Double] = []
        while !work.isDone { beside.append(commit(&number, to: store)) }
        let result = work.result
        for (name, times) in [("alone", alone), ("beside upkeep", beside)] {
            let sorted = times.sorted()
            print(
                "\(times.count) commits \(name): median \(tenths(sorted[times.count / 2])) ms,",
                "99 % within \(tenths(sorted[times.count * 99 / 100])) ms, longest \(tenths(sorted.last ?? 0)) ms")
        }
        let removed = result.removed["message"] ?? 0
        print(
            "\(result.calls) calls in \(tenths(result.seconds)) s, longest \(tenths(result.longestCall)) s:",
            "\(result.compacted) rows into day blocks, \(removed) rows of the journal removed")
        print("\(Int(Double(result.compacted + removed) / result.seconds)) rows a second")
        store.close()
    }

    private static func write(_ changes: [Change], to store: Store) {
        let done = DispatchSemaphore(value: 0)
        store.append(changes) { _ in done.signal() }
        done.wait()
    }

    private static func commit(_ number: inout Int, to store: Store) -> Double {
        let began = ContinuousClock.now
        write(SampleChanges.meterMessage(number, stations: stations), to: store)
        number += 1
        return (ContinuousClock.now - began) / .milliseconds(1)
    }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private final class Work: Sendable {
        struct Result: Sendable {
            var calls = 0
            var seconds = 0.0
            var longestCall = 0.0
            var compacted = 0
            var removed: [String: Int] = [:]
            var isDone = false
        }
        private let store: Store
        private let now: Instant
        private let state = Mutex(Result())

        init(_ store: Store, at now: Instant) { (self.store, self.now) = (store, now) }
        var result: Result { state.withLock { $0 } }
        var isDone: Bool { result.isDone }

        func start() {
            Thread { [self] in
                var isUnfinished = true
                while isUnfinished {
                    let began = ContinuousClock.now
                    let report = try? store.maintain(now: now)
                    let took = (ContinuousClock.now - began) / .seconds(1)
                    isUnfinished = report?.isUnfinished ?? false
                    state.withLock { result in
                        result.calls += 1
                        result.seconds += took
                        result.longestCall = max(result.longestCall, took)
                        result.compacted += report?.compactedRows ?? 0
                        result.removed.merge(report?.removedRows ?? [:], uniquingKeysWith: +)
                    }
                }
                state.withLock { $0.isDone = true }
            }.start()
        }
    }
}
