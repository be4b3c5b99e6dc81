/// Active power in whole watts. Positive flows grid → vehicle, negative vehicle → grid (OCPP 2.1 `setpoint`).
public struct Power: Hashable, Comparable, Sendable, AdditiveArithmetic {
    public let watts: Int64

    public init(watts: Int64) { self.watts = watts }
    public static let zero = Power(watts: 0)
    public static func watts(_ w: Int64) -> Power { Power(watts: w) }
    public static func kilowatts(_ kw: Int64) -> Power { Power(watts: kw * 1000) }
    /// From a solver's or a file's kW, to the nearest watt.
    public init(roundingKilowatts kw: Double) { self.watts = Int64((kw * 1000).rounded()) }

    /// For solvers and pictures only.
    public var kilowatts: Double { Double(watts) / 1000 }

    public static func < (a: Power, b: Power) -> Bool { a.watts < b.watts }
    public static func + (a: Power, b: Power) -> Power { Power(watts: a.watts + b.watts) }
    public static func - (a: Power, b: Power) -> Power { Power(watts: a.watts - b.watts) }
    public static prefix func - (a: Power) -> Power { Power(watts: -a.watts) }

    /// Energy of this power held for `duration`, to the nearest milliwatt-hour, halves away from zero.
    public func energy(over duration: Duration) -> Energy {
        Energy(
            milliwattHours: (Int128(watts) * Int128(duration.wholeMilliseconds) * 1000).dividedRounding(by: 3_600_000))
    }
}

/// Energy in whole milliwatt-hours, same sign as ``Power``. An amount, not a counter: see ``RegisterReading``.
public struct Energy: Hashable, Comparable, Sendable, AdditiveArithmetic {
    public let milliwattHours: Int64

    public init(milliwattHours: Int64) { self.milliwattHours = milliwattHours }
    public static let zero = Energy(milliwattHours: 0)
    public static func wattHours(_ wh: Int64) -> Energy { Energy(milliwattHours: wh * 1000) }
    public static func kilowattHours(_ kwh: Int64) -> Energy { Energy(milliwattHours: kwh * 1_000_000) }
    /// From a solver's or a file's kWh, to the nearest milliwatt-hour.
    public init(roundingKilowattHours kwh: Double) { self.milliwattHours = Int64((kwh * 1_000_000).rounded()) }

    /// For solvers and pictures only.
    public var kilowattHours: Double { Double(milliwattHours) / 1_000_000 }
    /// Exact kWh as a decimal string without trailing zeros.
    public var kilowattHoursText: String { decimalText(Int128(milliwattHours), scale: 6) }
    /// Exact Wh as a decimal string without trailing zeros.
    public var wattHoursText: String { decimalText(Int128(milliwattHours), scale: 3) }

    public static func < (a: Energy, b: Energy) -> Bool { a.milliwattHours < b.milliwattHours }
    public static func + (a: Energy, b: Energy) -> Energy {
        Energy(milliwattHours: a.milliwattHours + b.milliwattHours)
    }
    public static func - (a: Energy, b: Energy) -> Energy {
        Energy(milliwattHours: a.milliwattHours - b.milliwattHours)
    }
    public static prefix func - (a: Energy) -> Energy { Energy(milliwattHours: -a.milliwattHours) }

    /// Mean power of this energy over `duration`, to the nearest watt.
    /// - Precondition: `duration` is positive.
    public func meanPower(over duration: Duration) -> Power {
        Power(watts: (Int128(milliwattHours) * 3600).dividedRounding(by: Int128(duration.wholeMilliseconds)))
    }
}

/// A meter's running counter in milliwatt-hours: only the difference of two readings of one register is an ``Energy``.
public struct RegisterReading: Hashable, Comparable, Sendable {
    public let milliwattHours: Int64
    public init(milliwattHours: Int64) { self.milliwattHours = milliwattHours }
    public static func wattHours(_ wh: Int64) -> RegisterReading { RegisterReading(milliwattHours: wh * 1000) }
    public static func < (a: RegisterReading, b: RegisterReading) -> Bool { a.milliwattHours < b.milliwattHours }
    public static func - (a: RegisterReading, b: RegisterReading) -> Energy {
        Energy(milliwattHours: a.milliwattHours - b.milliwattHours)
    }
    public var wattHoursText: String { decimalText(Int128(milliwattHours), scale: 3) }
}

/// Money in whole millionths of a yuan, used from posting on; bills stay exact (``Rational``) until their one rounding.
public struct Money: Hashable, Comparable, Sendable, AdditiveArithmetic {
    public let microYuan: Int64
    public init(microYuan: Int64) { self.microYuan = microYuan }
    public static let zero = Money(microYuan: 0)
    public static func < (a: Money, b: Money) -> Bool { a.microYuan < b.microYuan }
    public static func + (a: Money, b: Money) -> Money { Money(microYuan: a.microYuan + b.microYuan) }
    public static func - (a: Money, b: Money) -> Money { Money(microYuan: a.microYuan - b.microYuan) }
    public static prefix func - (a: Money) -> Money { Money(microYuan: -a.microYuan) }
    public var yuanText: String { decimalText(Int128(microYuan), scale: 6) }
}

extension Int128 {
    /// To the nearest whole number, halves away from zero. The result must fit `Int64`.
    func dividedRounding(by divisor: Int128) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        let twice = remainder.magnitude * 2
        let up: Int128 = twice >= divisor.magnitude ? ((self < 0) == (divisor < 0) ? 1 : -1) : 0
        return Int64(quotient + up)
    }
}

/// `mantissa · 10^-scale` as a plain decimal without trailing zeros.
public func decimalText(_ mantissa: Int128, scale: Int) -> String {
    var digits = String(mantissa.magnitude)
    if digits.count <= scale { digits = String(repeating: "0", count: scale + 1 - digits.count) + digits }
    var fraction = digits.suffix(scale)
    while fraction.last == "0" { fraction.removeLast() }
    let whole = digits.dropLast(scale)
    return (mantissa < 0 ? "-" : "") + whole + (fraction.isEmpty ? "" : "." + fraction)
}
