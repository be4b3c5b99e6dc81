public import Quantities

extension RegisterReading {
    /// A thousand million kWh, in mWh: no register of a pile counts higher.
    static let highest: Int128 = 1_000_000_000_000_000

    /// `nil` when no register can mean it.
    public init?(plausible milliwattHours: Int64) {
        guard milliwattHours.magnitude <= Self.highest.magnitude else { return nil }
        self.init(milliwattHours: milliwattHours)
    }
    /// From a protocol's whole watt-hours; `nil` when no register can mean it.
    public init?(plausibleWattHours: Int64) {
        let (value, overflow) = plausibleWattHours.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return nil }
        self.init(plausible: value)
    }
}

extension Reading {
    /// At the outlet, or not said: what the vehicle gets.
    var isAtOutlet: Bool { location == nil || location == "Outlet" }

    /// The import register of the whole connection, `nil` when this is another reading.
    public var importRegister: RegisterReading? { register("Energy.Active.Import.Register") }
    public var exportRegister: RegisterReading? { register("Energy.Active.Export.Register") }

    /// Of the vehicle's battery, hundredths of a per cent; `nil` when this is another reading.
    public var stateOfCharge: Int64? {
        guard measurand == "SoC", phase == nil, let value = scaled(by: 100), (0...10_000).contains(value) else {
            return nil
        }
        return value
    }

    private func register(_ name: String) -> RegisterReading? {
        guard measurand == name, phase == nil, isAtOutlet else { return nil }
        let factor: Int64? =
            switch unit {
            case "Wh": 1000
            case "kWh": 1_000_000
            default: nil
            }
        guard let factor, let value = scaled(by: factor), value >= 0 else { return nil }
        return RegisterReading(plausible: value)
    }

    /// The value times `factor`, rounded half away from zero; `nil` beyond what any meter can mean (a station may send
    /// any number, and sums of them must not overflow).
    func scaled(by factor: Int64) -> Int64? {
        guard (0...18).contains(scale) else { return nil }
        var divisor: Int128 = 1
        for _ in 0..<scale { divisor *= 10 }
        let product = Int128(mantissa) * Int128(factor)
        let half = product < 0 ? -divisor / 2 : divisor / 2
        let value = (product + half) / divisor
        return value.magnitude <= RegisterReading.highest.magnitude ? Int64(value) : nil
    }
}

/// The freshest power of one EVSE from whatever its meter tells: power, else current, else register steps.
public struct LiveMeter: Hashable, Sendable {
    /// Positive: the vehicle draws.
    public private(set) var power: Power?
    /// When it was metered, in our time. Stations' clocks are not trusted for it: it counts from when it was told, less what
    /// it came later than others of its station did.
    public private(set) var at: Instant?
    private var newest: Instant?
    private var lags = Lags()
    private var register: RegisterReading?
    private var registerAt: Instant?

    public init() {}

    /// The connection ended: nothing is drawn until told otherwise.
    public mutating func clear(at now: Instant) {
        power = .zero
        at = now
        register = nil
        registerAt = nil
    }

    /// - Parameters:
    ///   - voltage: line-to-neutral volts, to turn currents into power.
    ///   - wasOffline: metered while the station could not tell it.
    ///   - now: our time.
    /// - Returns: `true` when there is a new power.
    @discardableResult
    public mutating func take(
        _ readings: [Reading], voltage: Int, phases: Int, wasOffline: Bool = false, at now: Instant
    ) -> Bool {
        guard let latest = readings.last(where: { $0.isAtOutlet })?.at else { return false }
        // A clock that runs ahead must not make all that follows look old.
        let taken = min(latest, now)
        guard newest.map({ taken >= min($0, now) }) ?? true else { return false }
        newest = taken
        let late = lags.excess(of: now - latest, wasOffline: wasOffline, at: now)
        var whole: Int64?
        var summed: Int64?
        var amperes: Int64?
        var phaseAmperes: Int64?
        var fromRegister: Power?
        for reading in readings where reading.at == latest && reading.isAtOutlet {
            switch reading.measurand {
            case "Power.Active.Import", "Power.Active.Export":
                guard let watts = reading.scaled(by: reading.unit == "kW" ? 1000 : 1), watts.magnitude <= Self.most
                else { continue }
                let signed = reading.measurand == "Power.Active.Export" ? -watts : watts
                if reading.phase == nil { whole = (whole ?? 0) + signed } else { summed = (summed ?? 0) + signed }
            case "Current.Import":
                guard let milliamperes = reading.scaled(by: 1000), milliamperes.magnitude <= Self.most else { continue }
                if reading.phase == nil {
                    amperes = milliamperes
                } else if reading.phase != "N" {
                    phaseAmperes = (phaseAmperes ?? 0) + milliamperes
                }
            default:
                guard let value = reading.importRegister else { continue }
                if let register, let registerAt, taken - registerAt >= Self.leastSpan, value >= register {
                    fromRegister = (value - register).meanPower(over: taken - registerAt)
                }
                if registerAt.map({ taken - $0 >= Self.leastSpan }) ?? true {
                    register = value
                    registerAt = taken
                }
            }
        }
        let fromCurrent: Int64? =
            if let phaseAmperes { phaseAmperes * Int64(voltage) / 1000 } else if let amperes {
                amperes * Int64(voltage * phases) / 1000
            } else { nil }
        guard let found = (whole ?? summed ?? fromCurrent).map(Power.init(watts:)) ?? fromRegister else { return false }
        power = found
        at = now - late
        return true
    }

    /// From reading to telling, in milliseconds. By how much a clock is wrong is the same for all, what waited in a queue
    /// is not: so the least of the last minutes says what is nobody's delay. At first a clock is taken to be right.
    private struct Lags: Hashable, Sendable {
        /// Until its end ``least`` counts; 0: nothing was told yet.
        private var minute: Int32 = 0
        private var least: Int32?
        /// The least of the minutes before, and in how many since it was heard of. Silence ages nothing, and a station that
        /// comes back tells for minutes what it kept.
        private var before = Before(lag: 0, age: 0)
        private struct Before: Hashable { let lag: Int32, age: Int32 }
        private static let kept: Int32 = 4

        /// How much later than it could have been told one comes.
        mutating func excess(of lag: Duration, wasOffline: Bool, at now: Instant) -> Duration {
            let lag = Int32(max(-86_400_000, min(86_400_000, lag.wholeMilliseconds)))
            let isFirst = minute == 0
            // It says nothing of clocks.
            if wasOffline { return .milliseconds(Int64(max(0, lag - min(least ?? before.lag, before.lag)))) }
            let minute = Int32(truncatingIfNeeded: now.milliseconds / 60_000)
            if isFirst {
                // A guess that the first minute replaces.
                before = Before(lag: 0, age: Self.kept)
                self.minute = minute &+ 1
            } else if minute > self.minute || minute < self.minute &- 2 {
                if let least {
                    let age = before.age + 1
                    before =
                        least <= before.lag || age >= Self.kept
                        ? Before(lag: least, age: 0) : Before(lag: before.lag, age: age)
                }
                least = nil
                self.minute = minute
            }
            least = min(least ?? lag, lag)
            return .milliseconds(Int64(max(0, lag - min(least ?? lag, before.lag))))
        }
    }

    /// Watts or milliamperes; more is a fault of the meter.
    private static let most: UInt64 = 1_000_000_000

    /// Register steps over less than this say little: registers count whole watt-hours.
    private static let leastSpan: Duration = .seconds(10)
}
