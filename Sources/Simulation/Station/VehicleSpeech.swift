public import Quantities

/// What a vehicle tells its station over ISO 15118, where it speaks it at all.
public struct VehicleSpeech: Hashable, Sendable {
    /// It pays by this: nobody shows a card (plug and charge).
    public struct Contract: Hashable, Sendable {
        /// E-mobility account identifier (eMAID), the certificate's common name.
        public let account: String
        /// PEM, the contract's certificate first, without its root.
        public let chain: String
        public init(account: String, chain: String) {
            self.account = account
            self.chain = chain
        }
    }
    /// `nil`: it does not say when it leaves.
    public var departure: Instant?
    public var contract: Contract?
    public init(departure: Instant? = nil, contract: Contract? = nil) {
        self.departure = departure
        self.contract = contract
    }
}

/// How far vehicle and central system have come with one another in a transaction.
struct VehicleTalk: Hashable, Sendable {
    /// The central system was not told yet what the vehicle needs.
    var owesNeeds = true
    /// When it will have chosen how to charge; the central system is told then.
    var choiceDue: Instant?
    /// It draws nothing before it has a schedule, and waits no longer than this.
    var patience: Instant?
    /// When it told its needs; a station of 2.1 has so long for an answer (ISO 15118-20).
    var askedAt: Instant?
    /// A profile of its own has come since.
    var hasSchedule = false
}

/// How a vehicle means to charge from now on.
struct VehiclePlan: Hashable, Sendable {
    struct Step: Hashable, Sendable {
        /// Whole seconds from ``VehiclePlan/start``; the first is 0.
        let start: Int
        let power: Power
    }
    /// By the station's clock.
    let start: Instant
    let steps: [Step]
    let phases: Int
}
