import Quantities

/// The charging profiles installed in one station, and what they add up to (OCPP 1.6 §3.13.2 to §3.13.5, 2.x part 2 §3.6).
///
/// Within one purpose the profile of the highest stack level **that has a period now** leads: one outside its window or past
/// its duration does not shadow a lower one. A transaction's own profile goes before the default (priority charging before
/// both, while it is on); one for the EVSE goes before one for the whole station; the station's maximum and limits from outside
/// lower whatever results; local generation is added last.
///
/// The simulated station obeys it; the central system predicts with it.
public struct ProfileStack: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        /// 0 is the whole station. In 1.6 a connector is an EVSE.
        public let evse: Int
        public let profile: ChargingProfile
        /// It was silent for too long a time without the central system, and does not come back by itself.
        public internal(set) var isDead = false
    }

    /// A transaction on an EVSE. `id` is `nil` while it has no number.
    public struct Transaction: Hashable, Sendable {
        public let id: String?
        public let start: Instant
        /// Priority charging is on (2.1 K21).
        public let hasPriority: Bool
        public init(id: String?, start: Instant, hasPriority: Bool = false) {
            self.id = id
            self.start = start
            self.hasPriority = hasPriority
        }
    }

    /// What a new profile replaces beside the one of its id.
    public enum Replacement: Hashable, Sendable {
        /// 1.6: the one of the same stack level and purpose on the same connector.
        case sameLevel
        /// 2.x: nothing; what overlaps must not be sent (K01.FR.06, K01.FR.39).
        case sameID
    }

    public private(set) var entries: [Entry] = []
    /// Since when the station is without the central system; `nil`: it is not.
    public private(set) var lostAt: Instant?
    public init() {}

    // MARK: Changing

    public mutating func install(_ profile: ChargingProfile, evse: Int, replacing rule: Replacement) {
        entries.removeAll { entry in
            entry.profile.id == profile.id
                || (rule == .sameLevel && entry.evse == evse && entry.profile.stackLevel == profile.stackLevel
                    && entry.profile.purpose == profile.purpose)
        }
        entries.append(Entry(evse: evse, profile: profile))
    }

    /// The values of an installed profile change (2.1 K28); whether it is dead does not.
    public mutating func refresh(_ profile: ChargingProfile) {
        for i in entries.indices where entries[i].profile.id == profile.id {
            entries[i] = Entry(evse: entries[i].evse, profile: profile, isDead: entries[i].isDead)
        }
    }

    /// Whether a 2.x profile would overlap one of the same purpose, level and EVSE (K01.FR.06, K01.FR.39): such a one must
    /// not be sent, and a station rejects it.
    public func conflicts(with profile: ChargingProfile, evse: Int) -> Bool {
        entries.contains { entry in
            let other = entry.profile
            guard other.id != profile.id, entry.evse == evse, other.purpose == profile.purpose,
                other.stackLevel == profile.stackLevel,
                profile.purpose != .transaction || other.transaction == profile.transaction
            else { return false }
            let startsBefore = { (a: ChargingProfile, b: ChargingProfile) in
                guard let from = a.validFrom, let to = b.validTo else { return true }
                return from < to
            }
            return startsBefore(profile, other) && startsBefore(other, profile)
        }
    }

    /// Removes the profiles that match all that is given (OCPP 1.6 §5.4, 2.x K10), and says how many there were.
    @discardableResult
    public mutating func clear(
        id: Int? = nil, evse: Int? = nil, purpose: ChargingProfile.Purpose? = nil, stackLevel: Int? = nil
    ) -> Int {
        let before = entries.count
        entries.removeAll { entry in
            (id == nil || entry.profile.id == id) && (evse == nil || entry.evse == evse)
                && (purpose == nil || entry.profile.purpose == purpose)
                && (stackLevel == nil || entry.profile.stackLevel == stackLevel)
        }
        return before - entries.count
    }

    // MARK: Without the central system (2.1 K01.FR.101 to FR.103)

    /// The station has noticed that nobody is there.
    public mutating func lost(at instant: Instant) { lostAt = lostAt ?? instant }

    /// Whoever was silent meanwhile speaks again, unless it was to be over with that.
    public mutating func returned(at instant: Instant) {
        for i in entries.indices where entries[i].profile.diesOffline && isSilent(entries[i], at: instant) {
            entries[i].isDead = true
        }
        lostAt = nil
    }

    private func silence(of entry: Entry) -> Instant? {
        guard let lostAt, let most = entry.profile.maxOffline else { return nil }
        return lostAt + .milliseconds(Int64(clamping: max(0, most)).seconds)
    }
    private func isSilent(_ entry: Entry, at instant: Instant) -> Bool {
        entry.isDead || silence(of: entry).map { $0 <= instant } ?? false
    }

    // MARK: Asking

    /// What the profiles allow on `evse` at `instant`; `nil` when none says anything.
    ///
    /// EVSE 0 asks for the station as a whole, which bounds the sum over its EVSEs.
    public func limit(evse: Int, at instant: Instant, transaction: Transaction?, supply: Supply) -> ChargingLimit? {
        let leaders = leaders(evse: evse, at: instant, transaction: transaction)
        var limits = leaders.others.map { ChargingLimit($0.period, $0.unit, supply) }
        if let own = leaders.own {
            // A setpoint of ours that an external one overrules holds nobody back.
            let isOverruled = leaders.external?.namesSetpoint ?? false
            limits.append(ChargingLimit(own.period, own.unit, supply, countsSetpoint: !isOverruled))
        }
        guard let first = limits.first else { return nil }
        let lowest = limits.dropFirst().reduce(first) { $0.lowered(by: $1) }
        let generation =
            leading(.localGeneration, evse, instant, transaction)
            ?? (evse > 0 ? leading(.localGeneration, 0, instant, transaction) : nil)
        let added = generation.map { ChargingLimit($0.period, $0.unit, supply) }
        return added.map { ChargingLimit(milliwatts: lowest.milliwatts + $0.milliwatts, phases: lowest.phases) }
            ?? lowest
    }

    /// The first instant after `instant` at which ``limit(evse:at:transaction:supply:)`` may change.
    public func nextChange(after instant: Instant, evse: Int, transaction: Transaction?) -> Instant? {
        var next: Instant?
        for entry in entries where entry.evse == 0 || entry.evse == evse {
            if let end = silence(of: entry), end > instant { next = min(next ?? end, end) }
            guard let change = entry.profile.nextChange(after: instant, transactionStart: transaction?.start) else {
                continue
            }
            next = min(next ?? change, change)
        }
        return next
    }

    /// The period that holds, and what its numbers are.
    struct Leading {
        let level: Int
        let period: ChargingProfile.Period
        let unit: ChargingProfile.Unit

        var namesSetpoint: Bool { period.mode == .externalSetpoint && period.setpoint != nil }
    }

    /// Who speaks at an instant.
    struct Leaders {
        /// Of the transaction: priority charging while it is on, its own, a default.
        let own: Leading?
        /// Of somebody outside, for this EVSE.
        let external: Leading?
        /// All that bounds the EVSE beside ``own``: the station's maximum, what is set from outside.
        let others: [Leading]
    }

    func leaders(evse: Int, at instant: Instant, transaction: Transaction?) -> Leaders {
        func leads(_ purpose: ChargingProfile.Purpose, on evse: Int) -> Leading? {
            leading(purpose, evse, instant, transaction)
        }
        let ofStation = [leads(.stationMaximum, on: 0), leads(.externalConstraints, on: 0)]
        guard evse > 0 else { return Leaders(own: nil, external: nil, others: ofStation.compactMap { $0 }) }
        let external = leads(.externalConstraints, on: evse)
        let priority = transaction?.hasPriority == true ? leads(.priority, on: evse) ?? leads(.priority, on: 0) : nil
        return Leaders(
            own: priority ?? leads(.transaction, on: evse) ?? leads(.transactionDefault, on: evse)
                ?? leads(.transactionDefault, on: 0), external: external,
            others: (ofStation + [external]).compactMap { $0 })
    }

    func leading(
        _ purpose: ChargingProfile.Purpose, _ evse: Int, _ instant: Instant, _ transaction: Transaction?
    ) -> Leading? {
        var best: Leading?
        for entry in entries {
            let profile = entry.profile
            guard profile.purpose == purpose, entry.evse == evse, profile.stackLevel > best?.level ?? .min else {
                continue
            }
            if purpose == .transaction {
                guard let transaction else { continue }
                if let id = profile.transaction, id != transaction.id { continue }
            }
            guard !isSilent(entry, at: instant),
                let period = profile.period(at: instant, transactionStart: transaction?.start)
            else { continue }
            best = Leading(level: profile.stackLevel, period: period, unit: profile.unit)
        }
        return best
    }
}
