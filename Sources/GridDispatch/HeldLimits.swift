public import Quantities

/// What one EVSE was told and may obey, as far as we can know: for people, and for reckoning without us.
public struct HeldLimits: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case confirmed
        /// Sent; the answer is awaited.
        case pending
        /// No answer came: it may hold or not, and the worse is reckoned with.
        case doubtful
        /// Confirmed to an earlier run of ours; it is sent again as soon as the station is there.
        case restored
    }

    /// A transaction profile.
    public struct Setpoint: Hashable, Sendable {
        public let session: String
        public let limit: Power
        public let until: Instant
        public let sentAt: Instant
        public let confirmedAt: Instant?
        public let state: State
        public init(
            session: String, limit: Power, until: Instant, sentAt: Instant, confirmedAt: Instant?, state: State
        ) {
            self.session = session
            self.limit = limit
            self.until = until
            self.sentAt = sentAt
            self.confirmedAt = confirmedAt
            self.state = state
        }
    }

    /// A default profile.
    public struct Fallback: Hashable, Sendable {
        public let profile: DailyProfile
        /// `nil` unless it was confirmed to this run of ours.
        public let confirmedAt: Instant?
        public let state: State
        public init(profile: DailyProfile, confirmedAt: Instant?, state: State) {
            self.profile = profile
            self.confirmedAt = confirmedAt
            self.state = state
        }
    }

    /// Newest first; at most one is confirmed, and newer ones than it are pending or doubtful.
    public let setpoints: [Setpoint]
    /// Newest first, as above.
    public let fallbacks: [Fallback]
    /// It was found not to follow: what it was told does not bind it.
    public let ignoresProfiles: Bool
    public init(setpoints: [Setpoint], fallbacks: [Fallback], ignoresProfiles: Bool) {
        self.setpoints = setpoints
        self.fallbacks = fallbacks
        self.ignoresProfiles = ignoresProfiles
    }
}

extension HeldLimits {
    init(_ ledger: ProfileLedger, ignoresProfiles: Bool) {
        func state(_ number: UInt64) -> State { ledger.waiting.contains(number) ? .pending : .doubtful }
        var setpoints = ledger.doubtful.reversed().map { sent in
            Setpoint(
                session: sent.session, limit: sent.limit, until: sent.until, sentAt: sent.sentAt, confirmedAt: nil,
                state: state(sent.number))
        }
        if let sent = ledger.confirmed {
            setpoints.append(
                Setpoint(
                    session: sent.session, limit: sent.limit, until: sent.until, sentAt: sent.sentAt,
                    confirmedAt: ledger.confirmedAt, state: .confirmed))
        }
        var fallbacks = ledger.doubtfulFallbacks.reversed().map {
            Fallback(profile: $0.profile, confirmedAt: nil, state: state($0.number))
        }
        if let profile = ledger.fallback {
            fallbacks.append(
                Fallback(
                    profile: profile, confirmedAt: ledger.fallbackConfirmedAt,
                    state: ledger.isFallbackRestored ? .restored : .confirmed))
        }
        self.init(setpoints: setpoints, fallbacks: fallbacks, ignoresProfiles: ignoresProfiles)
    }
}
