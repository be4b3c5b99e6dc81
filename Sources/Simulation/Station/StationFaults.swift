import Quantities

/// What a simulated charge point does wrong. Everything random comes from `seed`.
public struct StationFaults: Hashable, Sendable {
    /// SetChargingProfile is answered Accepted and not followed.
    public var ignoresProfiles = false
    /// After a lost connection it goes on without BootNotification.
    public var reconnectsWithoutBoot = false
    /// Of its CALLs, so many per mille go out twice with the same id.
    public var duplicatesPermille = 0
    /// So many per mille of the central system's calls are answered only after ``lateAnswerDelay``.
    public var lateAnswersPermille = 0
    public var lateAnswerDelay: Duration = .seconds(60)
    /// Its clock is wrong by so much, whatever the central system says.
    public var clockSkew: Duration = .zero
    /// Its clock is wrong by so much until the central system first says what time it is.
    public var wrongTime: Duration = .zero
    /// After so many per mille of its CALLs the connection is lost.
    public var dropsPermille = 0
    /// What goes wrong with firmware and logs.
    public enum Transfer: String, Hashable, Sendable, CaseIterable {
        case downloadFails, badSignature
        /// The order itself is answered InvalidCertificate.
        case badCertificate
        case installFails, installHangs, rebootsWhileDownloading, uploadFails
    }
    public var transfer: Transfer?
    /// Somebody else limits the whole station for a while, from some time into its first transaction (2.0.1).
    public struct OutsideLimit: Hashable, Sendable {
        public var after: Duration = .seconds(20)
        public var length: Duration = .seconds(40)
        /// On each phase.
        public var milliamperes: Int64 = 8000
        public var isCritical = true
        public init() {}
    }
    public var outsideLimit: OutsideLimit?
    /// Something is wrong with the connector of its first transaction for a while.
    public struct Failure: Hashable, Sendable {
        public var fault: StationFault
        /// Into the transaction.
        public var after: Duration = .seconds(20)
        public var length: Duration = .seconds(40)
        public init(_ fault: StationFault) { self.fault = fault }
    }
    public var failure: Failure?
    /// The plug cannot be released when the central system asks for it.
    public var unlockFails = false

    // MARK: Of stations that give energy back (2.1)

    /// Profiles with a setpoint and new values of Dynamic ones are Rejected.
    public var refusesSetpoints = false
    /// Every call of the central system is answered only after so long; zero: at once.
    public var answersAfter: Duration = .zero
    /// It follows only so much of what it is told.
    public var followsPermille = 1000
    /// It charges and never gives back, whatever it says.
    public var neverDischarges = false
    /// Of its ramp.
    public var rampPermille = 1000
    /// It loses the connection once.
    public struct Outage: Hashable, Sendable {
        /// Into its first transaction.
        public var after: Duration
        public var length: Duration
        public init(after: Duration = .seconds(60), length: Duration = .seconds(120)) {
            self.after = after
            self.length = length
        }
    }
    public var outage: Outage?
    /// Drivers put a used battery in and leave without the other (2.1 S03).
    public var forgetsBatteries = false
    /// Messages of transactions come without values.
    public var meterIsSilent = false
    public var seed: UInt64 = 0

    public init() {}
    public static let none = StationFaults()

    /// A mixture for stations that give energy back: most do as they are told, about one in five has one of the lasting faults.
    public static func ofBothWays(seed: UInt64) -> StationFaults {
        var random = SeededRandom(seed: seed)
        var faults = StationFaults()
        faults.seed = seed
        faults.lateAnswersPermille = random.unit() < 0.2 ? 20 : 0
        faults.refusesSetpoints = random.unit() < 0.04
        faults.answersAfter = random.unit() < 0.04 ? .seconds(1 + Int(random.unit() * 9)) : .zero
        faults.followsPermille = random.unit() < 0.04 ? 400 + Int(random.unit() * 500) : 1000
        faults.neverDischarges = random.unit() < 0.04
        faults.rampPermille = random.unit() < 0.04 ? 20 + Int(random.unit() * 200) : 1000
        faults.meterIsSilent = random.unit() < 0.04
        if random.unit() < 0.2 {
            faults.outage = Outage(
                after: .seconds(30 + Int(random.unit() * 3600)), length: .seconds(20 + Int(random.unit() * 600)))
        }
        return faults
    }

    /// A mixture for soak tests: about one station in five has each of the lasting faults, the passing ones are rare on all.
    public init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        self.seed = seed
        ignoresProfiles = random.unit() < 0.05
        reconnectsWithoutBoot = random.unit() < 0.5
        duplicatesPermille = random.unit() < 0.2 ? 20 : 0
        lateAnswersPermille = random.unit() < 0.2 ? 20 : 0
        clockSkew = random.unit() < 0.2 ? .seconds(Int(random.unit() * 240) - 120) : .zero
        dropsPermille = random.unit() < 0.5 ? 4 : 0
    }
}
