extension FlexibleFleet {
    /// Whether the fleet can follow a total, and how or why not.
    public struct FollowAnswer: Sendable {
        public enum Verdict: Sendable {
            /// Net kWh in each of a vehicle's slots, one list a vehicle: their sum is the signal within the tolerance.
            case followed(schedules: [[Double]])
            /// The signal asks, in these slots together, `by` kWh more (or less: not `isTooMuch`) than the fleet can do.
            case slotsProve(slots: [Int], isTooMuch: Bool, by: Double)
            /// At these prices (yuan/kWh, the largest is 1 or −1) the signal is worth `by` yuan more than anything the fleet can do.
            case pricesProve(prices: [Double], by: Double)
            /// Neither: no schedule was found without charging and discharging in one slot (or giving back below a minimum), and
            /// nothing proves that there is none.
            case undecided
        }
        public let verdict: Verdict
        /// kW in each slot: what the fleet can do that is nearest to the signal, as far as the search came.
        public let nearest: [Double]
        /// kW: the largest miss of ``nearest``.
        public let miss: Double
        /// Rounds in which every stay chose once.
        public let rounds: Int
        public let isCancelled: Bool
        public var isFollowed: Bool { if case .followed = verdict { true } else { false } }
    }

    /// - Parameters:
    ///   - signal: kW in each slot of the horizon, charging positive.
    ///   - tolerance: kW; a signal is followed when no slot misses it by more, and refused when none within this can be.
    ///   - isCancelled: asked between rounds.
    ///   - progress: rounds done.
    public func follow(
        _ signal: [Double], tolerance: Double = 0.001, isCancelled: () -> Bool = { false },
        progress: (Int) -> Void = { _ in }
    ) -> FollowAnswer {
        precondition(signal.count == slotCount, "one power for each slot")
        let search = SignalSearch(self)
        search.follow(signal.map { $0 * stepHours })
        return search.run(tolerance: tolerance * stepHours, isCancelled: isCancelled, progress: progress)
    }
}

extension SignalSearch {
    /// - Parameters:
    ///   - tolerance: kWh a slot.
    ///   - isQuick: gives up where the edge of what the fleet can do would take long to be told.
    func run(
        tolerance: Double, isQuick: Bool = false, isCancelled: () -> Bool = { false },
        progress: (Int) -> Void = { _ in }
    ) -> FlexibleFleet.FollowAnswer {
        var rounds = 0
        var verdict: FlexibleFleet.FollowAnswer.Verdict?
        var stopped = false
        while verdict == nil, rounds < (isQuick ? Self.quickRounds : Self.mostRounds) {
            if isCancelled() {
                stopped = true
                break
            }
            advance()
            rounds += 1
            progress(rounds)
            if worstMiss <= tolerance {
                if !climbFirst() { verdict = .followed(schedules: group.cars.indices.map(schedule)) }
                continue
            }
            // The proof costs more than the round.
            guard rounds.nonzeroBitCount == 1, !isRestricted else { continue }
            verdict = proof(tolerance: tolerance)?.verdict
            if verdict == nil, !isQuick, rounds >= Self.roundsBeforeMixing {
                verdict = mix(tolerance: tolerance, isCancelled: isCancelled) { progress(rounds) }?.verdict
            }
        }
        return FlexibleFleet.FollowAnswer(
            verdict: verdict ?? .undecided, nearest: total.map { $0 / stepHours }, miss: worstMiss / stepHours,
            rounds: rounds,
            isCancelled: stopped)
    }
    private static let mostRounds = 2000
    private static let quickRounds = 64
    private static let roundsBeforeMixing = 32
}

extension SignalSearch.Proof {
    fileprivate var verdict: FlexibleFleet.FollowAnswer.Verdict {
        switch self {
        case .slots(let slots, let isTooMuch, let by): .slotsProve(slots: slots, isTooMuch: isTooMuch, by: by)
        case .prices(let prices, let by): .pricesProve(prices: prices, by: by)
        }
    }
}
