public import Quantities

/// Which of a station's controls holds when: one at a time of each function (OCPP 2.1 R04.FR.02–FR.11, CSIP's rules for
/// overlapping events).
///
/// What gives way is settled when a control comes: one that has not begun gives way at once, one that runs goes on until
/// the other begins. What gave way stays until its time is over, and never comes back.
public struct DERTimeline: Hashable, Sendable {
    /// Which controls of less priority give way.
    public enum Reach: Hashable, Sendable {
        /// All, also those whose time does not meet that of the other: what a station does (R04.FR.06).
        case everything
        /// Those whose time meets it: what a utility means, and how the platform reckons.
        case overlapping
    }

    public struct Entry: Hashable, Sendable {
        public let control: DERControl
        public let receivedAt: Instant
        /// From then on another one holds in its place.
        public var supersededAt: Instant?
        public var supersededBy: String?
        public init(
            _ control: DERControl, receivedAt: Instant, supersededAt: Instant? = nil, supersededBy: String? = nil
        ) {
            self.control = control
            self.receivedAt = receivedAt
            self.supersededAt = supersededAt
            self.supersededBy = supersededBy
        }

        public func isSuperseded(at instant: Instant) -> Bool { supersededAt.map { $0 <= instant } ?? false }

        /// When it holds, if it is a scheduled one that holds at all.
        public var span: Interval? {
            guard let span = control.span else { return nil }
            guard let end = supersededAt, end < span.end else { return span }
            return end > span.start ? Interval(span.start, end) : nil
        }

        /// Less says more; of equals the newer one, as utilities have it, then the greater name.
        fileprivate func outranks(_ other: Entry) -> Bool {
            if control.priority != other.control.priority { return control.priority < other.control.priority }
            if receivedAt != other.receivedAt { return receivedAt > other.receivedAt }
            return control.id > other.control.id
        }
    }

    public let reach: Reach
    /// In the order in which they came.
    public private(set) var entries: [Entry]

    public init(_ reach: Reach, _ entries: [Entry] = []) {
        self.reach = reach
        self.entries = entries
    }

    public subscript(id: String) -> Entry? { entries.first { $0.control.id == id } }

    // MARK: - Changes

    /// A control comes; one of the same name makes room for it first.
    /// - Returns: names of those that gave way at once; its own, if it is the one.
    @discardableResult
    public mutating func receive(_ control: DERControl, at now: Instant) -> [String] {
        retract(control.id)
        var new = Entry(control, receivedAt: now)
        let rivals = entries.indices.filter { i in
            entries[i].control.function == control.function && entries[i].control.isDefault == control.isDefault
                && !entries[i].isSuperseded(at: now) && !entries[i].control.isOver(at: now)
        }
        if let winner = rivals.first(where: { entries[$0].outranks(new) && meet(entries[$0], new) }) {
            new.supersededAt = now
            new.supersededBy = entries[winner].control.id
            entries.append(new)
            return [control.id]
        }
        // Those that have not begun first: what runs and was to give way to them goes on.
        let waiting = rivals.filter { i in !(entries[i].control.span.map { $0.start <= now } ?? false) }
        var gone: [String] = []
        for i in waiting where meet(entries[i], new) {
            entries[i].supersededAt = now
            entries[i].supersededBy = control.id
            gone.append(entries[i].control.id)
            lift(by: entries[i].control.id, at: now)
        }
        for i in rivals where !waiting.contains(i) && meet(entries[i], new) {
            let until = max(now, control.span?.start ?? now)
            guard until < entries[i].control.span?.end ?? until else { continue }
            entries[i].supersededAt = until
            entries[i].supersededBy = control.id
            if until == now { gone.append(entries[i].control.id) }
        }
        entries.append(new)
        return gone
    }

    /// It is withdrawn. What gave way to it stays out; what runs and was to give way goes on.
    public mutating func remove(_ id: String, at now: Instant) {
        entries.removeAll { $0.control.id == id }
        lift(by: id, at: now)
    }

    private mutating func lift(by id: String, at now: Instant) {
        for i in entries.indices where entries[i].supersededBy == id && !entries[i].isSuperseded(at: now) {
            entries[i].supersededAt = nil
            entries[i].supersededBy = nil
        }
    }

    /// As if it had never come: the station refused it.
    public mutating func retract(_ id: String) {
        guard entries.contains(where: { $0.control.id == id }) else { return }
        entries.removeAll { $0.control.id == id }
        for i in entries.indices where entries[i].supersededBy == id {
            entries[i].supersededAt = nil
            entries[i].supersededBy = nil
        }
    }

    /// A station says that it no longer follows it.
    public mutating func supersede(_ id: String, by other: String?, at now: Instant) {
        guard let i = entries.firstIndex(where: { $0.control.id == id }), !entries[i].isSuperseded(at: now) else {
            return
        }
        entries[i].supersededAt = now
        entries[i].supersededBy = other
    }

    /// Scheduled ones go when their time is over (R04.FR.10).
    /// - Returns: those that went.
    @discardableResult
    public mutating func dropExpired(at now: Instant) -> [Entry] {
        let over = entries.filter { $0.control.isOver(at: now) }
        if !over.isEmpty { entries.removeAll { $0.control.isOver(at: now) } }
        return over
    }

    /// Whether one of the two must give way. Equals do only where they meet: the same event of every day is not one.
    private func meet(_ old: Entry, _ new: Entry) -> Bool {
        guard let a = old.span, let b = new.span else { return old.control.isDefault }
        return reach == .everything && old.control.priority != new.control.priority || a.overlaps(b)
    }

    // MARK: - What holds

    /// The control that holds: the scheduled one whose time it is, else the default (R04.FR.11).
    public func active(_ function: DERFunction, at instant: Instant) -> Entry? {
        let mine = entries.filter { $0.control.function == function }
        return mine.first { $0.span?.contains(instant) ?? false }
            ?? mine.first { $0.control.isDefault && !$0.isSuperseded(at: instant) }
    }

    /// Which control holds when, in order; moments without any are left out.
    public func course(of function: DERFunction, in window: Interval) -> [(span: Interval, entry: Entry)] {
        var moments = Set([window.start])
        for entry in entries where entry.control.function == function {
            for moment in [entry.span?.start, entry.span?.end, entry.supersededAt].compactMap({ $0 })
            where window.contains(moment) { moments.insert(moment) }
        }
        let sorted = moments.sorted()
        var course: [(span: Interval, entry: Entry)] = []
        for (start, end) in zip(sorted, sorted.dropFirst() + [window.end]) where start < end {
            guard let entry = active(function, at: start) else { continue }
            if let last = course.last, last.entry.control.id == entry.control.id, last.span.end == start {
                course[course.count - 1].span = Interval(last.span.start, end)
            } else {
                course.append((Interval(start, end), entry))
            }
        }
        return course
    }

    /// The next moment at which another control may hold; `nil`: none.
    public func nextChange(after now: Instant) -> Instant? {
        entries.flatMap { [$0.control.span?.start, $0.control.span?.end, $0.supersededAt] }.compactMap { $0 }
            .filter { $0 > now }.min()
    }
}
