import Assets
import Charging
import Quantities

/// What the core holds of one station's local list, beside its record.
struct LocalListKeeper: Sendable {
    var record: LocalListRecord
    /// Of the tokens (``TokenLog``), when the station's list was as we sent it; `nil`: sent in another run, or for another
    /// choice of tokens, so that only a whole list brings it up to date.
    var revision: Int?
    /// As it said in this run.
    var bounds: LocalListBounds?
    var sending: Sending?

    /// A list on its way, part by part.
    struct Sending: Sendable {
        var isWhole: Bool
        /// Not sent yet, oldest first.
        var parts: [Part] = []
        // What the station holds when all parts are there.
        var mark: UInt64 = 0
        var entries = 0
        var leftOut = 0
        var revision = 0
    }
    struct Part: Sendable {
        let version: Int
        let isWhole: Bool
        let entries: ArraySlice<LocalListEntry>
    }
}

/// Which tokens changed since when, so that stations are sent what changed and not all of it.
struct TokenLog: Sendable {
    struct Entry: Sendable {
        let revision: Int
        let key: String
        /// As it was spelled last.
        let value: String
    }
    private(set) var revision = 0
    /// Sum of the marks of all tokens.
    private(set) var mark: UInt64 = 0
    private var entries: [Entry] = []
    /// More changes than this since a list was sent: the whole list is sent.
    static let kept = 2000

    mutating func load(_ token: IdToken) { mark &+= token.listMark }

    mutating func changed(_ key: String, from old: IdToken?, to new: IdToken?) {
        guard old != new else { return }
        revision += 1
        if let old { mark &-= old.listMark }
        if let new { mark &+= new.listMark }
        entries.append(Entry(revision: revision, key: key, value: (old ?? new)?.value ?? key))
        if entries.count > Self.kept * 2 { entries.removeFirst(Self.kept) }
    }

    /// One for each token that changed since, the newest of each; `nil`: that is too long ago.
    func changes(since old: Int) -> [Entry]? {
        guard old <= revision, revision - old <= entries.count else { return nil }
        var seen: Set<String> = []
        return entries.reversed().prefix { $0.revision > old }.filter { seen.insert($0.key).inserted }.reversed()
    }
}

// Local authorization lists (1.6 §5.15, 2.x block D): kept for stations, sent whole or by what changed, in parts that the
// station takes.
//
//     order, change of a token ─▶ bounds? ─▶ version? ─▶ part … part ─▶ sent
//                                               VersionMismatch, Failed ─▶ once more, whole
extension Core {
    // MARK: - Orders

    mutating func put(
        localList change: LocalListChange, of id: StationID, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        var keeper = stations[s].list ?? LocalListKeeper(record: LocalListRecord(station: id, at: now))
        let before = keeper.record
        if let scope = change.scope { keeper.record.scope = scope }
        if let tokens = change.tokens {
            guard tokens.count <= LocalListRecord.mostTokens else {
                return .failure(ServiceFault(.tooMany(most: LocalListRecord.mostTokens)))
            }
            keeper.record.tokens = Array(Set(tokens)).sorted()
        }
        if let isAutomatic = change.isAutomatic { keeper.record.isAutomatic = isAutomatic }
        if (keeper.record.scope, keeper.record.tokens) != (before.scope, before.tokens) { keeper.revision = nil }
        stations[s].list = keeper
        if keeper.record != before || change == LocalListChange() { keep(list: s) }
        if keeper.record.isAutomatic { considerLists(at: now) }
        return .success(.localList(localListView(s, at: now)))
    }

    mutating func sendLocalList(
        _ id: StationID, whole: Bool, at now: Instant
    ) -> Result<OrderResult, ServiceFault> {
        guard let s = stationIndex[id] else { return .failure(ServiceFault(.stationUnknown(id))) }
        guard let list = stations[s].list, list.record.scope != .none else {
            return .failure(ServiceFault(.noLocalList(id)))
        }
        guard stations[s].isOnline else { return .failure(ServiceFault(.stationOffline(id))) }
        guard stations[s].lane.hasRoom else {
            return .failure(ServiceFault(.stationBusy(id, waiting: CallLane.capacity)))
        }
        if list.sending == nil { startList(s, whole: whole, at: now) }
        return .success(.localList(localListView(s, at: now)))
    }

    /// What is kept and known of a station's list; never set up, all is empty.
    public func localList(of id: StationID, at now: Instant) -> LocalListView? {
        stationIndex[id].map { localListView($0, at: now) }
    }

    private func localListView(_ s: Int, at now: Instant) -> LocalListView {
        let record =
            stations[s].list?.record
            ?? LocalListRecord(station: stations[s].station.id, at: stations[s].station.createdAt)
        let isCurrent: Bool? = record.scope == .none ? nil : isCurrent(record)
        return LocalListView(record: record, wanted: wantedCount(record), isCurrent: isCurrent)
    }

    // MARK: - What it should hold

    private func chosen(_ record: LocalListRecord) -> [IdToken] {
        switch record.scope {
        case .none: []
        case .all: idTokens.values.sorted { $0.value < $1.value }
        case .selected: record.tokens.compactMap { idTokens[Self.key($0)] }
        }
    }
    private func wantedCount(_ record: LocalListRecord) -> Int {
        record.scope == .all ? idTokens.count : chosen(record).count
    }
    private func wantedMark(_ record: LocalListRecord) -> UInt64 {
        record.scope == .all ? tokenLog.mark : chosen(record).reduce(0) { $0 &+ $1.listMark }
    }
    private func isCurrent(_ record: LocalListRecord) -> Bool {
        record.version > 0 && record.heldVersion == record.version && record.mark == wantedMark(record)
    }

    // MARK: - Sending

    private mutating func startList(_ s: Int, whole: Bool, at now: Instant) {
        stations[s].list?.sending = LocalListKeeper.Sending(isWhole: whole)
        change(list: s, .sending, nil, at: now)
        askForList(stations[s].list?.bounds == nil ? .readListBounds : .readListVersion, s, at: now)
    }

    private mutating func askForList(_ command: StationCommand, _ s: Int, at now: Instant) {
        // Lists are long: whatever steers power goes first.
        if !send(command, .localList(command), rank: .commissioning, to: s, at: now) {
            endList(s, .failed, "busy", at: now)
        }
    }

    mutating func listAnswered(_ command: StationCommand, _ answer: CommandAnswer, _ s: Int, at now: Instant) {
        guard stations[s].list?.sending != nil else { return }
        switch (command, answer) {
        case (_, .none(let silence)): endList(s, .failed, silence.rawValue, at: now)
        case (.readListBounds, _):
            var bounds = LocalListBounds()
            if case .listBounds(let told) = answer { bounds = told }
            stations[s].list?.bounds = bounds
            if bounds.isEnabled == false { return endList(s, .unsupported, "disabled", at: now) }
            askForList(.readListVersion, s, at: now)
        case (.readListVersion, .listVersion(let version)):
            if version < 0 { return endList(s, .unsupported, nil, at: now) }
            prepareList(s, at: now)
        case (.sendList(let version, _, _), .accepted):
            stations[s].list?.record.version = version
            stations[s].list?.record.heldVersion = version
            sendNextPart(s, at: now)
        case (_, .refused(let word)) where ["NotSupported", "NotImplemented"].contains(word):
            endList(s, .unsupported, word, at: now)
        case (.sendList(_, let wasWhole, _), .refused(let word)):
            // Whatever the station made of it, a whole list mends it; one that is refused whole is not sent again at once.
            if wasWhole || stations[s].list?.sending?.isWhole == true {
                return endList(s, .failed, word, at: now)
            }
            stations[s].list?.sending?.isWhole = true
            prepareList(s, at: now)
        case (_, .refused(let word)): endList(s, .failed, word, at: now)
        default: endList(s, .failed, nil, at: now)
        }
    }

    private mutating func prepareList(_ s: Int, at now: Instant) {
        guard let keeper = stations[s].list, var sending = keeper.sending else { return }
        let record = keeper.record
        let isKnown = record.version > 0 && record.heldVersion == record.version && record.mark != nil
        var entries: [LocalListEntry]?
        if !sending.isWhole, isKnown, record.mark == wantedMark(record) {
            stations[s].list?.revision = tokenLog.revision
            return endList(s, .sent, nil, at: now)
        }
        let newest = max(record.version, record.heldVersion ?? 0, 0)
        // Only a whole list may begin to count anew.
        let countsOn = newest < Self.lastVersion
        if !sending.isWhole, isKnown, countsOn, let revision = keeper.revision {
            entries = changes(since: revision, record)
        }
        sending.isWhole = entries == nil
        let all = entries ?? chosen(record).map { LocalListEntry($0) }
        let longest = ProtocolAdapter.longestToken(in: stations[s].version)
        let carried = all.filter { $0.value.unicodeScalars.count <= longest }
        let wanted = chosen(record)
        sending.leftOut = wanted.count { $0.value.unicodeScalars.count > longest }
        sending.entries = wanted.count - sending.leftOut
        sending.mark = wantedMark(record)
        sending.revision = tokenLog.revision
        if let most = keeper.bounds?.entries, sending.entries > most {
            return endList(s, .failed, "too-long: \(sending.entries) of \(most)", at: now)
        }
        let size = min(max(keeper.bounds?.perMessage ?? Self.usualPart, 1), Self.largestPart)
        let count = max(1, (carried.count + size - 1) / size)
        let version = countsOn ? newest : 0
        sending.parts = (0..<count).map { i in
            LocalListKeeper.Part(
                version: version + i + 1, isWhole: sending.isWhole && i == 0,
                entries: carried[min(i * size, carried.count)..<min((i + 1) * size, carried.count)])
        }
        // From its first part on the station holds neither the one list nor the other.
        stations[s].list?.record.mark = nil
        stations[s].list?.sending = sending
        keep(list: s)
        sendNextPart(s, at: now)
    }

    private func changes(since revision: Int, _ record: LocalListRecord) -> [LocalListEntry]? {
        guard let changed = tokenLog.changes(since: revision) else { return nil }
        let own = record.scope == .selected ? Set(record.tokens.map(Self.key)) : nil
        return changed.filter { own?.contains($0.key) ?? true }.map { change in
            idTokens[change.key].map { LocalListEntry($0) } ?? LocalListEntry(value: change.value, info: nil)
        }
    }

    private mutating func sendNextPart(_ s: Int, at now: Instant) {
        guard var sending = stations[s].list?.sending else { return }
        guard !sending.parts.isEmpty else {
            stations[s].list?.record.mark = sending.mark
            stations[s].list?.record.entries = sending.entries
            stations[s].list?.record.leftOut = sending.leftOut
            stations[s].list?.revision = sending.revision
            return endList(s, .sent, nil, at: now)
        }
        let part = sending.parts.removeFirst()
        stations[s].list?.sending = sending
        askForList(
            .sendList(version: part.version, isWhole: part.isWhole, Array(part.entries)), s, at: now)
    }

    private mutating func endList(
        _ s: Int, _ outcome: LocalListRecord.Outcome, _ word: String?, at now: Instant
    ) {
        stations[s].list?.sending = nil
        change(list: s, outcome, word, at: now)
        // Tokens may have changed while it was on its way.
        if stations[s].list?.record.isAutomatic == true { considerLists(at: now) }
    }

    private mutating func change(
        list s: Int, _ outcome: LocalListRecord.Outcome, _ word: String?, at now: Instant
    ) {
        stations[s].list?.record.outcome = outcome
        stations[s].list?.record.word = word.map { String($0.prefix(255)) }
        stations[s].list?.record.at = now
        keep(list: s)
    }

    private mutating func keep(list s: Int) {
        guard let record = stations[s].list?.record else { return }
        persist(.holding(.localList(record)))
        emit(.publish(.station(record.station)))
    }

    /// The station told its version, or took a list from whomever.
    mutating func holdsList(version: Int, _ s: Int, at now: Instant) {
        if stations[s].list == nil {
            stations[s].list = LocalListKeeper(record: LocalListRecord(station: stations[s].station.id, at: now))
        }
        guard stations[s].list?.record.heldVersion != version else { return }
        stations[s].list?.record.heldVersion = version
        // Each part of ours is kept when all are there.
        if stations[s].list?.sending == nil { keep(list: s) }
    }

    // MARK: - By itself

    mutating func tokenChanged(_ key: String, from old: IdToken?, to new: IdToken?, at now: Instant) {
        tokenLog.changed(key, from: old, to: new)
        // Tokens are often set many at a time.
        if stations.contains(where: { $0.list?.record.isAutomatic == true }) {
            listsDue = now + Self.settling
        }
    }

    mutating func considerLists(at now: Instant) {
        let due = now + Self.settling
        listsDue = listsDue.map { min($0, due) } ?? due
    }

    mutating func sendDueLists(at now: Instant) {
        guard let due = listsDue, due <= now else { return }
        listsDue = nil
        var running = stations.count { $0.list?.sending != nil }
        for s in stations.indices {
            guard let list = stations[s].list, list.record.isAutomatic, list.record.scope != .none,
                list.sending == nil, stations[s].isOnline, stations[s].lastBoot ?? .accepted == .accepted,
                list.record.outcome != .unsupported, !isCurrent(list.record)
            else { continue }
            let retry = list.record.outcome == .failed ? list.record.at + Self.retryAfter : now
            if retry > now {
                listsDue = listsDue.map { min($0, retry) } ?? retry
            } else if running >= Self.mostAtATime || !stations[s].lane.hasRoom {
                listsDue = now + .seconds(1)
            } else {
                running += 1
                startList(s, whole: false, at: now)
            }
        }
    }

    mutating func load(_ record: LocalListRecord) {
        guard let s = stationIndex[record.station] else { return }
        var record = record
        if record.outcome == .sending {
            // Nobody knows how far it came.
            record.outcome = .failed
            record.word = CommandFailure.platformRestarted.rawValue
            record.mark = nil
        }
        stations[s].list = LocalListKeeper(record: record)
        if record.scope != .none, record.mark == wantedMark(record) { stations[s].list?.revision = tokenLog.revision }
    }

    private static let settling: Duration = .seconds(3)
    private static let retryAfter: Duration = .minutes(10)
    /// Stations that are sent lists by themselves at the same time: each holds its list in memory until it is there.
    private static let mostAtATime = 32
    /// No list has so many parts that its numbers would leave 31 bits from here.
    private static let lastVersion = Int(Int32.max) - 1_000_000
    /// Entries of a message where the station does not say how many it takes.
    private static let usualPart = 20
    /// However many it says: a message stays below 64 kB.
    private static let largestPart = 250
}
