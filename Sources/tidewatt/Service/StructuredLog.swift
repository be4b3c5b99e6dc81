import Documents
import Foundation
import Quantities
import Synchronization

/// One JSON object a line on stderr. No personal data, no secret, no frame text goes in here: identities of stations and
/// sites, codes, counts and durations do.
final class StructuredLog: Sendable {
    enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error
        static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
        var name: String { ["debug", "info", "warning", "error"][rawValue] }
    }

    let level: Level
    private let lines = Mutex(())

    init(level: Level) { self.level = level }

    func callAsFunction(_ level: Level, _ event: String, _ values: @autoclosure () -> [JSONValue.Member] = []) {
        guard level >= self.level else { return }
        let now = DomainClock.real.now
        let line = JSONValue.object(
            [
                JSONValue.Member("at", .string(now.description)), JSONValue.Member("level", .string(level.name)),
                JSONValue.Member("event", .string(event)),
            ] + values()
        ).text()
        plain(line)
    }

    /// A line that scripts wait for (`listening …`, `ready`), whatever the level.
    func plain(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        lines.withLock { _ in _ = FileAccess.writeAll(bytes, STDERR_FILENO) }
    }
}
