public import Quantities

/// Surprises of a session. The raw value is what lasts and what the API says, in English.
public enum SessionFlag: String, Hashable, Sendable, CaseIterable {
    case registerWentBack = "register went back"
    case registerJumped = "register jumped"
    case unknownTransaction = "stop for an unknown transaction"
    case noStop = "no stop message came"
    case clockUnset = "station clock was not set"
    case tokenRefused = "token was refused"
    case softFaults = "message with faults"
    case startMissing = "start message has not come"
    case messagesMissing = "messages are missing"
    case messagesWaiting = "messages wait at the station"
    case messagesLost = "missing messages will not come"
    case costsDiffer = "station reckons another cost"

    /// By which it is worded in other languages.
    public var code: String {
        switch self {
        case .registerWentBack: "register-went-back"
        case .registerJumped: "register-jumped"
        case .unknownTransaction: "unknown-transaction"
        case .noStop: "no-stop"
        case .clockUnset: "clock-unset"
        case .tokenRefused: "token-refused"
        case .softFaults: "soft-faults"
        case .startMissing: "start-missing"
        case .messagesMissing: "messages-missing"
        case .messagesWaiting: "messages-waiting"
        case .messagesLost: "messages-lost"
        case .costsDiffer: "costs-differ"
        }
    }
}

extension Session {
    public func has(_ flag: SessionFlag) -> Bool { flags.contains(flag.rawValue) }
    public mutating func raise(_ flag: SessionFlag) { if !has(flag) { flags.append(flag.rawValue) } }
    public mutating func lower(_ flag: SessionFlag) { flags.removeAll { $0 == flag.rawValue } }

    /// Takes a reading of the import register while the session runs.
    ///
    /// Steps add up, so a repeat adds nothing and a gap loses nothing. A register that falls (a reset, a new meter) adds
    /// nothing by falling and counts on from its new value. A reading older than the newest one changes nothing.
    ///
    /// - Parameter now: when it was received. A reading of a clock that runs ahead counts as taken then, and holds back
    ///   nothing that follows.
    public mutating func take(register value: RegisterReading, at instant: Instant, receivedAt now: Instant) {
        registerLastAt = registerLastAt.map { min($0, now) }
        take(register: value, at: min(instant, now))
    }

    /// Takes what was stored and acknowledged after this session was last written; its readings, oldest first.
    ///
    /// One that counts less than what is known was taken before under a clock that ran ahead, or is a register that fell:
    /// the next reading that comes settles that.
    public mutating func replay(_ readings: some Sequence<Reading>) {
        for reading in readings {
            guard let register = reading.importRegister, registerLastAt.map({ reading.at > $0 }) ?? true,
                (registerLast ?? registerStart).map({ register >= $0 }) ?? true
            else { continue }
            take(register: register, at: reading.at)
        }
    }

    private mutating func take(register value: RegisterReading, at instant: Instant) {
        if let registerLastAt, instant < registerLastAt { return }
        if let last = registerLast ?? registerStart {
            add(value - last)
        } else {
            registerStart = value
        }
        registerLast = value
        registerLastAt = instant
    }

    /// Takes the register and instant of the start message when it comes after others of its transaction.
    public mutating func begin(at instant: Instant, register: RegisterReading?, receivedAt now: Instant) {
        startedAt = min(startedAt, instant)
        guard let register else { return }
        guard let first = registerStart else { return take(register: register, at: instant, receivedAt: now) }
        guard register < first else { return }
        registerStart = register
        if isUnbrokenFrom(first) { imported += first - register }
    }

    private func isUnbrokenFrom(_ first: RegisterReading) -> Bool {
        guard let last = registerStop ?? registerLast else { return true }
        return last - first == imported
    }

    /// Ends the session with the register of its stop message. Where the register never fell, import is exactly stop less
    /// start.
    public mutating func end(at instant: Instant, register: RegisterReading?, reason: String?) {
        if let register {
            let last = registerLast ?? registerStart
            if let registerStart, isUnbroken, register >= registerStart,
                register - registerStart <= Self.largestStep
            {
                if let last, last - register >= Self.rounding { raise(.registerWentBack) }
                imported = register - registerStart
            } else if let last, register >= last || last - register >= Self.rounding {
                add(register - last)
            }
            registerStop = register
        }
        status = .ended
        endedAt = max(instant, startedAt)
        stopReason = reason
    }

    /// The register neither fell nor jumped so far.
    private var isUnbroken: Bool {
        guard let registerStart, let registerLast else { return true }
        return registerLast - registerStart == imported
    }

    private mutating func add(_ step: Energy) {
        if step < .zero {
            raise(.registerWentBack)
        } else if step > Self.largestStep {
            raise(.registerJumped)
        } else {
            imported += step
        }
    }

    /// A stop message of 1.6 tells whole watt-hours (§6.49), samples may tell parts of them.
    private static let rounding: Energy = .wattHours(1)

    /// No vehicle takes more between two readings; a larger step is a fault of the register.
    static let largestStep: Energy = .kilowattHours(10_000)
}
