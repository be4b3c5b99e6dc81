public import Quantities

/// An amount of energy without any rounding: whole milliwatt-hours, and a fraction of one where a file is finer or an
/// interval was split. Meter files are nearly always whole, and whole numbers add up without big integers.
public struct ExactEnergy: Hashable, Sendable {
    private var whole: Int128
    /// In milliwatt-hours, in (-1, 1), sign as `whole` or either when that is 0; `nil` for none.
    private var rest: Rational?

    public static let zero = ExactEnergy(whole: 0, rest: nil)

    public init(_ energy: Energy) { self.init(whole: Int128(energy.milliwattHours), rest: nil) }

    private init(whole: Int128, rest: Rational?) {
        self.whole = whole
        self.rest = rest
        guard let rest else { return }
        let carry = rest.rounded(decimals: 0, .down)
        if carry != .zero {
            self.whole += Int128(carry.numerator)
            self.rest = rest - carry
        }
        if self.rest == .zero { self.rest = nil }
    }

    /// Reads a decimal number of kWh: `1.5`, `-0.25`, `1e-05` (spreadsheets write it); `nil` for anything else, and beyond
    /// 10^12 kWh (more than the world uses in a week) or finer than 10^-60 kWh.
    public init?(kilowattHours text: String) {
        if let whole = ExactEnergy.wholeMilliwattHours(text) {
            self.init(whole: Int128(whole), rest: nil)
            return
        }
        var (mantissa, exponent) = (Substring(text), 0)
        if let e = text.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            guard let power = Int(text[text.index(after: e)...]), abs(power) <= 30 else { return nil }
            (mantissa, exponent) = (text[..<e], power)
        }
        guard var value = Rational(decimal: String(mantissa)) else { return nil }
        value = value * ExactEnergy.power(of10: exponent + 6)
        guard -ExactEnergy.bound < value, value < ExactEnergy.bound else { return nil }
        self.init(whole: 0, rest: value)
    }

    /// In milliwatt-hours.
    private static let bound = Rational(1_000_000_000_000_000_000)

    private static func power(of10 exponent: Int) -> Rational {
        var power = Rational.one
        for _ in 0..<abs(exponent) { power = power * Rational(10) }
        return exponent < 0 ? Rational.one / power : power
    }

    /// The fast way for at most 12 digits, 6 of them behind the point.
    private static func wholeMilliwattHours(_ text: String) -> Int64? {
        var (value, places, seenPoint, seenDigit, negative) = (Int64(0), 0, false, false, false)
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "-") where index == 0: negative = true
            case UInt8(ascii: "."):
                if seenPoint || !seenDigit { return nil }
                seenPoint = true
            case 48...57:
                if seenPoint { places += 1 }
                if places > 6 || value > 99_999_999_999 { return nil }
                value = value * 10 + Int64(byte - 48)
                seenDigit = true
            default: return nil
            }
        }
        guard seenDigit, !seenPoint || places > 0 else { return nil }
        for _ in places..<6 { value *= 10 }
        return negative ? -value : value
    }

    public var isZero: Bool { whole == 0 && rest == nil }
    public var isNegative: Bool { whole < 0 || (whole == 0 && (rest ?? .zero) < .zero) }

    /// Exact kWh.
    public var kilowattHours: Rational {
        let milli = Rational(wide: whole) + (rest ?? .zero)
        return milli / Rational(1_000_000)
    }
    /// The nearest whole milliwatt-hour, halves away from zero.
    public var rounded: Energy {
        let more = rest.map { Int64($0.rounded(decimals: 0).numerator) } ?? 0
        return Energy(milliwattHours: Int64(clamping: whole + Int128(more)))
    }

    public static func + (a: ExactEnergy, b: ExactEnergy) -> ExactEnergy {
        if a.rest == nil && b.rest == nil { return ExactEnergy(whole: a.whole + b.whole, rest: nil) }
        return ExactEnergy(whole: a.whole + b.whole, rest: (a.rest ?? .zero) + (b.rest ?? .zero))
    }
    public static func += (a: inout ExactEnergy, b: ExactEnergy) { a = a + b }

    /// The part that falls into `part` when the energy is spread evenly over `total`.
    /// - Precondition: `total` is positive.
    public func share(of part: Duration, in total: Duration) -> ExactEnergy {
        let (numerator, denominator) = (part.wholeMilliseconds, total.wholeMilliseconds)
        if numerator == denominator { return self }
        if rest == nil {
            let (product, overflow) = whole.multipliedReportingOverflow(by: Int128(numerator))
            if !overflow, product % Int128(denominator) == 0 {
                return ExactEnergy(whole: product / Int128(denominator), rest: nil)
            }
        }
        let exact = (Rational(wide: whole) + (rest ?? .zero)) * Rational(numerator) / Rational(denominator)
        return ExactEnergy(whole: 0, rest: exact)
    }
}

extension Rational {
    fileprivate init(wide whole: Int128) {
        if let small = Int64(exactly: whole) {
            self.init(small)
        } else {
            let (high, low) = whole.quotientAndRemainder(dividingBy: 1_000_000_000_000_000_000)
            self = Rational(Int64(high)) * Rational(1_000_000_000_000_000_000) + Rational(Int64(low))
        }
    }
}
