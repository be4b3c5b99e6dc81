/// Which messages of one transaction have come, where a protocol numbers them (OCPP 2.x `seqNo`, part 2 block E).
///
/// A transaction is complete when its start, its end and every number between are there. Numbers may begin anywhere (a
/// station may count per EVSE), come in any order, and come twice. Stations drop updates when their memory is short
/// (E12.FR.04), so a gap can stay for ever: it is shown, and never holds back a bill.
public struct SequenceRecord: Hashable, Sendable {
    /// Number of the start message; `nil`: it has not come.
    public private(set) var start: Int?
    /// Number of the end message; `nil`: it has not come.
    public private(set) var end: Int?
    /// What has come, ascending, neither overlapping nor touching.
    public private(set) var seen: [ClosedRange<Int>] = []

    /// A station that leaves more gaps than this is not counted on: the oldest ones are taken as filled.
    public static let mostGaps = 32
    public static let highest = Int(Int32.max)

    public init() {}

    public enum Stage: Hashable, Sendable { case started, updated, ended }

    /// - Returns: `false` when the number has come before.
    @discardableResult
    public mutating func take(_ number: Int, _ stage: Stage) -> Bool {
        // What no transaction reaches counts as the nearest that has neighbours.
        let number = min(max(number, 0), Self.highest)
        switch stage {
        case .started: start = start ?? number
        case .ended: end = end ?? number
        case .updated: break
        }
        let next = seen.firstIndex { $0.upperBound >= number } ?? seen.count
        if next < seen.count, seen[next].contains(number) { return false }
        let touchesLower = next > 0 && seen[next - 1].upperBound == number - 1
        let touchesUpper = next < seen.count && seen[next].lowerBound == number + 1
        switch (touchesLower, touchesUpper) {
        case (true, true):
            seen[next - 1] = seen[next - 1].lowerBound...seen[next].upperBound
            seen.remove(at: next)
        case (true, false): seen[next - 1] = seen[next - 1].lowerBound...number
        case (false, true): seen[next] = number...seen[next].upperBound
        case (false, false): seen.insert(number...number, at: next)
        }
        if seen.count > Self.mostGaps + 1 {
            seen[0] = seen[0].lowerBound...seen[1].upperBound
            seen.remove(at: 1)
        }
        return true
    }

    /// Numbers between the first and the last known one that have not come.
    public var missing: [ClosedRange<Int>] {
        zip(seen, seen.dropFirst()).map { ($0.upperBound + 1)...($1.lowerBound - 1) }
    }

    public var isComplete: Bool {
        guard let start, let end, start <= end else { return false }
        return seen.contains { $0.lowerBound <= start && $0.upperBound >= end }
    }

    // MARK: As text, for the store: `0-5,7;s=0;e=7`

    public var text: String {
        var text = seen.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
        if let start { text += ";s=\(start)" }
        if let end { text += ";e=\(end)" }
        return text
    }

    /// `nil` when `text` is none of ours.
    public init?(text: String) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        for range in parts[0].split(separator: ",") {
            let bounds = range.split(separator: "-").map { Int($0) }
            guard let lower = bounds.first ?? nil, let upper = bounds.last ?? nil, bounds.count <= 2,
                0 <= lower, lower <= upper, upper <= Self.highest, seen.last.map({ $0.upperBound + 1 < lower }) ?? true
            else { return nil }
            seen.append(lower...upper)
        }
        for part in parts.dropFirst() {
            guard let number = Int(part.dropFirst(2)) else { return nil }
            switch part.prefix(2) {
            case "s=": start = number
            case "e=": end = number
            default: return nil
            }
        }
    }
}
