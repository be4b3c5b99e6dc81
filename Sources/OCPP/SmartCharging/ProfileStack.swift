import OCPPMessages
import Quantities

/// The charging profiles installed in one OCPP 1.6 station, and what they add up to (OCPP 1.6 §3.13.2 to §3.13.5).
///
/// Within one purpose the profile of the highest stack level **that has a period now** leads: one outside its window or past
/// its duration does not shadow a lower one. A transaction's own profile goes before the default; one for the connector goes
/// before one for the whole station; the station's maximum lowers whatever results.
///
/// The simulated station obeys it; the central system predicts with it.
public struct ProfileStack: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        /// 0 is the whole station.
        public let connector: Int
        public let profile: V16.ChargingProfile
    }

    /// A transaction on a connector. `id` is `nil` while the central system has not numbered it.
    public struct Transaction: Hashable, Sendable {
        public let id: Int?
        public let start: Instant
        public init(id: Int?, start: Instant) {
            self.id = id
            self.start = start
        }
    }

    public private(set) var entries: [Entry] = []
    public init() {}

    // MARK: Changing

    /// Adds a profile. One with the same id, or with the same stack level and purpose on the same connector, goes.
    public mutating func install(_ profile: V16.ChargingProfile, connector: Int) {
        entries.removeAll { entry in
            entry.profile.chargingProfileId == profile.chargingProfileId
                || (entry.connector == connector && entry.profile.stackLevel == profile.stackLevel
                    && entry.profile.chargingProfilePurpose == profile.chargingProfilePurpose)
        }
        entries.append(Entry(connector: connector, profile: profile))
    }

    /// Removes the profiles that match all that is given (OCPP 1.6 §5.4), and says how many there were.
    @discardableResult
    public mutating func clear(
        id: Int? = nil, connector: Int? = nil, purpose: V16.ChargingProfilePurpose? = nil, stackLevel: Int? = nil
    ) -> Int {
        let before = entries.count
        entries.removeAll { entry in
            (id == nil || entry.profile.chargingProfileId == id) && (connector == nil || entry.connector == connector)
                && (purpose == nil || entry.profile.chargingProfilePurpose == purpose)
                && (stackLevel == nil || entry.profile.stackLevel == stackLevel)
        }
        return before - entries.count
    }

    // MARK: Asking

    /// What the profiles allow on `connector` at `instant`; `nil` when none says anything.
    ///
    /// Connector 0 asks for the station's maximum, which bounds the sum over its connectors.
    public func limit(
        connector: Int, at instant: Instant, transaction: Transaction?, supply: Supply
    ) -> ChargingLimit? {
        let maximum = leading(.chargePointMaxProfile, [0], instant, transaction, supply)
        guard connector > 0 else { return maximum }
        let own =
            leading(.txProfile, [connector], instant, transaction, supply)
            ?? leading(.txDefaultProfile, [connector], instant, transaction, supply)
            ?? leading(.txDefaultProfile, [0], instant, transaction, supply)
        guard let own else { return maximum }
        return maximum.map(own.lowered) ?? own
    }

    /// The first instant after `instant` at which ``limit(connector:at:transaction:supply:)`` may change.
    public func nextChange(after instant: Instant, connector: Int, transaction: Transaction?) -> Instant? {
        var next: Instant?
        for entry in entries where entry.connector == 0 || entry.connector == connector {
            guard let change = entry.profile.nextChange(after: instant, transactionStart: transaction?.start) else {
                continue
            }
            next = min(next ?? change, change)
        }
        return next
    }

    private func leading(
        _ purpose: V16.ChargingProfilePurpose, _ connectors: [Int], _ instant: Instant, _ transaction: Transaction?,
        _ supply: Supply
    ) -> ChargingLimit? {
        var best: (level: Int, limit: ChargingLimit)?
        for entry in entries {
            let profile = entry.profile
            guard profile.chargingProfilePurpose == purpose, connectors.contains(entry.connector),
                profile.stackLevel > best?.level ?? .min
            else { continue }
            if purpose == .txProfile {
                guard let transaction else { continue }
                if let id = profile.transactionId, id != transaction.id { continue }
            }
            guard let period = profile.period(at: instant, transactionStart: transaction?.start) else { continue }
            best = (profile.stackLevel, ChargingLimit(period, profile.chargingSchedule.chargingRateUnit, supply))
        }
        return best?.limit
    }
}
