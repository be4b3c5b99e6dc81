public import BigInt

/// An exact fraction, always in lowest terms with a positive denominator. Prices and bills live here until their one
/// rounding; it never overflows.
public struct Rational: Hashable, Comparable, Sendable {
    public let numerator: BigInt
    public let denominator: BigInt

    /// - Precondition: `denominator` is not zero.
    public init(_ numerator: BigInt, _ denominator: BigInt = 1) {
        precondition(!denominator.isZero, "a fraction needs a denominator")
        if denominator == 1 {
            self.numerator = numerator
            self.denominator = 1
            return
        }
        let divisor = numerator.greatestCommonDivisor(with: denominator)
        let sign: BigInt = denominator.sign == .minus ? -1 : 1
        self.numerator = sign * numerator / divisor
        self.denominator = sign * denominator / divisor
    }
    public init(_ whole: Int64) { self.init(BigInt(whole), 1) }

    public static let zero = Rational(0)
    public static let one = Rational(1)

    /// Reads a plain decimal: `-0.388997`, `1`, `+2.50`. No exponent, no spaces, at most 60 digits; else `nil`.
    public init?(decimal text: String) {
        if let short = Self.short(text.utf8) {
            self = short
            return
        }
        var digits = Substring(text)
        var negative = false
        if digits.first == "-" || digits.first == "+" {
            negative = digits.first == "-"
            digits.removeFirst()
        }
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        let all = String(parts[0]) + String(fraction)
        guard !parts[0].isEmpty, parts.count == 1 || !fraction.isEmpty, all.count <= 60 else { return nil }
        guard all.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let mantissa = BigInt(all) else { return nil }
        self.init(negative ? -mantissa : mantissa, BigInt(10).power(fraction.count))
    }

    /// Decimals of up to eighteen digits, as nearly all are; `nil`: longer, or none.
    private static func short(_ text: String.UTF8View) -> Rational? {
        guard text.count <= 20 else { return nil }
        var (mantissa, scale) = (UInt64(0), UInt64(1))
        var (digits, isNegative, isFraction, isFirst) = (0, false, false, true)
        var last: UInt8 = 0
        for byte in text {
            defer { (isFirst, last) = (false, byte) }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                mantissa = 10 * mantissa + UInt64(byte - UInt8(ascii: "0"))
                digits += 1
                if digits > 18 { return nil }
                if isFraction { scale *= 10 }
            case UInt8(ascii: "."):
                guard !isFraction, digits > 0 else { return nil }
                isFraction = true
            case UInt8(ascii: "-"), UInt8(ascii: "+"):
                guard isFirst else { return nil }
                isNegative = byte == UInt8(ascii: "-")
            default: return nil
            }
        }
        guard digits > 0, last != UInt8(ascii: ".") else { return nil }
        var (a, b) = (mantissa, scale)
        while b != 0 { (a, b) = (b, a % b) }
        let numerator = BigInt(mantissa / a)
        return Rational(lowest: isNegative ? -numerator : numerator, BigInt(scale / a))
    }

    /// - Precondition: in lowest terms, with a positive denominator.
    private init(lowest numerator: BigInt, _ denominator: BigInt) {
        self.numerator = numerator
        self.denominator = denominator
    }

    public init(_ energy: Energy) { self.init(BigInt(energy.milliwattHours), 1_000_000) }

    public static func + (a: Rational, b: Rational) -> Rational {
        a.denominator == b.denominator
            ? Rational(a.numerator + b.numerator, a.denominator)
            : Rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)
    }
    public static func - (a: Rational, b: Rational) -> Rational { a + Rational(-b.numerator, b.denominator) }
    public static prefix func - (a: Rational) -> Rational { Rational(-a.numerator, a.denominator) }
    public static func * (a: Rational, b: Rational) -> Rational {
        Rational(a.numerator * b.numerator, a.denominator * b.denominator)
    }
    /// - Precondition: `b` is not zero.
    public static func / (a: Rational, b: Rational) -> Rational {
        Rational(a.numerator * b.denominator, a.denominator * b.numerator)
    }
    public static func += (a: inout Rational, b: Rational) { a = a + b }
    public static func < (a: Rational, b: Rational) -> Bool {
        a.numerator * b.denominator < b.numerator * a.denominator
    }

    /// For solvers and pictures only.
    public var approximate: Double { Double(numerator) / Double(denominator) }
}

/// How a decimal is cut to its last place.
public enum RoundingMode: String, Hashable, Sendable, CaseIterable {
    case halfUp = "half_up"  // halves away from zero, as bills in China do
    case halfEven = "half_even"
    case halfDown = "half_down"
    case up  // away from zero
    case down  // towards zero
    case floor
    case ceiling
}

extension Rational {
    /// The nearest multiple of `10^-decimals` under `mode`.
    public func rounded(decimals: Int, _ mode: RoundingMode = .halfUp) -> Rational {
        let scale = BigInt(10).power(decimals)
        return Rational(scaledMantissa(scale, mode), scale)
    }

    /// Rounded and written with exactly `decimals` places: `40.16`.
    public func text(decimals: Int, _ mode: RoundingMode = .halfUp) -> String {
        let mantissa = scaledMantissa(BigInt(10).power(decimals), mode)
        var digits = String(mantissa.magnitude)
        if digits.count <= decimals { digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits }
        let sign = mantissa.sign == .minus && !mantissa.isZero ? "-" : ""
        return decimals == 0 ? sign + digits : sign + digits.dropLast(decimals) + "." + digits.suffix(decimals)
    }

    /// The exact plain decimal where there is one (denominator of twos and fives), else rounded half up to `places`.
    public func text(atMost places: Int = 30) -> String {
        var d = denominator
        var twos = 0
        var fives = 0
        while (d % 2).isZero {
            d /= 2
            twos += 1
        }
        while (d % 5).isZero {
            d /= 5
            fives += 1
        }
        let needed = d == 1 ? min(max(twos, fives), places) : places
        var text = text(decimals: needed)
        if text.contains(".") {
            while text.last == "0" { text.removeLast() }
            if text.last == "." { text.removeLast() }
        }
        return text
    }

    private func scaledMantissa(_ scale: BigInt, _ mode: RoundingMode) -> BigInt {
        let (quotient, remainder) = (numerator * scale).quotientAndRemainder(dividingBy: denominator)
        if remainder.isZero { return quotient }
        let negative = numerator.sign == .minus
        let awayFromZero: Bool
        let twice = remainder.magnitude * 2
        switch mode {
        case .halfUp: awayFromZero = twice >= denominator.magnitude
        case .halfDown: awayFromZero = twice > denominator.magnitude
        case .halfEven:
            awayFromZero =
                twice > denominator.magnitude || (twice == denominator.magnitude && !(quotient % 2).isZero)
        case .up: awayFromZero = true
        case .down: awayFromZero = false
        case .floor: awayFromZero = negative
        case .ceiling: awayFromZero = !negative
        }
        return awayFromZero ? quotient + (negative ? -1 : 1) : quotient
    }
}

extension Rational {
    /// `NUMERATOR/DENOMINATOR`: how an exact value is kept.
    public var fraction: String { "\(numerator)/\(denominator)" }

    /// Reads ``fraction``; `nil`: it is none.
    public init?(fraction text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let numerator = BigInt(String(parts[0])), let denominator = BigInt(String(parts[1])),
            !denominator.isZero
        else { return nil }
        self.init(numerator, denominator)
    }
}

extension Rational: CustomStringConvertible {
    public var description: String { text() }
}
