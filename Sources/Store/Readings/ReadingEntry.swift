import Charging
import Quantities

/// A reading with the session it belongs to.
struct ReadingEntry: Hashable {
    let session: Session.ID?
    let reading: Reading

    /// What makes a reading the same one; the EVSE is the block's.
    struct Key: Hashable {
        let session: Session.ID?
        let reading: Reading.Key
    }
    var key: Key { Key(session: session, reading: reading.key) }

    /// By time, then by what was measured: the order in which people and programs get readings.
    static func inOrder(_ a: ReadingEntry, _ b: ReadingEntry) -> Bool {
        let (x, y) = (a.reading, b.reading)
        if x.at != y.at { return x.at < y.at }
        if x.measurand != y.measurand { return x.measurand < y.measurand }
        for (one, other) in [
            (x.phase, y.phase), (x.location, y.location), (x.context, y.context), (a.session?.value, b.session?.value),
        ] where one != other {
            // What was not said comes before any word, the empty one too: the order is total over keys.
            guard let one else { return true }
            guard let other else { return false }
            return one < other
        }
        return (x.sequence ?? .min) < (y.sequence ?? .min)
    }

    /// Later entries win over earlier ones under the same key. In order of time.
    static func merged(_ entries: [ReadingEntry]) -> [ReadingEntry] {
        var newest: [Key: Int] = [:]
        newest.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() { newest[entry.key] = index }
        return newest.values.map { entries[$0] }.sorted(by: inOrder)
    }
}
