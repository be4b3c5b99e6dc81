import Foundation
import Operations
import Quantities
import Store
import StoreSupport

/// A process that writes through ``Store`` and tells on stdout what was acknowledged, to be killed by the tests.
///
///     store-probe DIRECTORY FIRST COUNT SEED [SYNCHRONOUS]
///
/// Lines: `open`, `ack N` when message N is on the disk, `refusing FAULT`, `accepting`, `done`. Bursts and upkeep come
/// from the seed.
@main
enum StoreProbe {
    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.dropFirst().first == "measure" { return try Measurement.run(Array(arguments.dropFirst(2))) }
        if arguments.dropFirst().first == "retain" {
            return try RetentionMeasurement.run(Array(arguments.dropFirst(2)))
        }
        guard arguments.count >= 5, let first = Int(arguments[2]), let count = Int(arguments[3]),
            let seed = UInt64(arguments[4])
        else {
            say("usage: store-probe DIRECTORY FIRST COUNT SEED [SYNCHRONOUS]")
            exit(2)
        }
        var options = Store.Options()
        options.checkpointPages = 60
        if arguments.count > 5 { options.synchronous = arguments[5] }
        options.onCondition = { condition in
            switch condition {
            case .accepting: say("accepting")
            case .congested: break
            case .refusing(let fault): say("refusing \(fault)")
            }
        }
        let store: Store
        do { store = try Store(directory: arguments[1], options: options) } catch {
            say("fault \(error)")
            exit(2)
        }
        say("open")
        var random = SeededRandom(seed: seed)
        let places = DispatchSemaphore(value: 64)
        for number in first..<first + count {
            places.wait()
            store.append(SampleChanges.meterMessage(number)) { result in
                switch result {
                case .success: say("ack \(number)")
                case .failure(let fault): say("failed \(number) \(fault)")
                }
                places.signal()
            }
            if random.unit() < 0.02 {
                // Upkeep runs beside commits; its own faults (a full disk) are no acknowledgement and no loss.
                _ = try? store.maintain(now: SampleChanges.start + .seconds(number), everything: true)
            }
        }
        store.close()
        say("done")
    }

    /// One write a line: a kill never cuts one in two.
    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }
}
