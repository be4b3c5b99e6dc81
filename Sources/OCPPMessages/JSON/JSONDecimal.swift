/// An exact decimal, `mantissa · 10^-scale`, as JSON and OCPP write it; `6.10` stays `6.10`, yet equals `6.1`.
///
/// Binary floating point fails OCPP's `multipleOf: 0.1`; a mantissa of 18 digits and a scale does not.
public struct JSONDecimal: Sendable {
    public let mantissa: Int64
    /// Digits behind the point; negative for a number written with a positive exponent. Within ``scales``.
    public var scale: Int { Int(narrowScale) }
    public static let scales = -18...18
    // A byte: fields of messages are mostly optional decimals, dozens a class.
    private let narrowScale: Int8

    /// - Precondition: `scale` lies within ``scales``.
    public init(mantissa: Int64, scale: Int) {
        precondition(JSONDecimal.scales.contains(scale), "a decimal's scale is -18 to 18")
        self.mantissa = mantissa
        narrowScale = Int8(scale)
    }
    public init(_ whole: Int) { self.init(mantissa: Int64(whole), scale: 0) }

    /// Reads a JSON number; a leading `+`, spaces around it or a bare point are tolerated because stations write sampled
    /// values as text. `nil` when it is no number or does not fit.
    public init?(_ text: String) {
        var decimal: JSONDecimal?
        let bytes = Array(text.utf8)
        var from = 0
        var end = bytes.count
        while from < end, bytes[from] == UInt8(ascii: " ") { from += 1 }
        while end > from, bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
        if from < end, bytes[from] == UInt8(ascii: "+") { from += 1 }
        decimal = JSONDecimal(bytes.span.extracting(from..<end))
        guard let decimal else { return nil }
        self = decimal
    }

    /// `nil` unless all bytes are one number whose digits fit.
    init?(_ bytes: borrowing Span<UInt8>) {
        var i = 0
        let count = bytes.count
        var negative = false
        if i < count, bytes[i] == UInt8(ascii: "-") {
            negative = true
            i += 1
        }
        var mantissa: Int64 = 0
        var scale = 0
        var digits = 0
        var fits = true
        func append(_ digit: UInt8, _ mantissa: inout Int64) -> Bool {
            let (tens, high) = mantissa.multipliedReportingOverflow(by: 10)
            let (sum, over) = tens.subtractingReportingOverflow(Int64(digit))
            mantissa = sum
            return !high && !over
        }
        // Digits are subtracted, so that the most negative mantissa needs no special case.
        while i < count, bytes[i] &- 48 < 10 {
            fits = append(bytes[i] &- 48, &mantissa) && fits
            digits += 1
            i += 1
        }
        if i < count, bytes[i] == UInt8(ascii: ".") {
            i += 1
            while i < count, bytes[i] &- 48 < 10 {
                fits = append(bytes[i] &- 48, &mantissa) && fits
                scale += 1
                digits += 1
                i += 1
            }
        }
        guard digits > 0 else { return nil }
        if i < count, bytes[i] | 0x20 == UInt8(ascii: "e") {
            i += 1
            var down = false
            if i < count, bytes[i] == UInt8(ascii: "-") || bytes[i] == UInt8(ascii: "+") {
                down = bytes[i] == UInt8(ascii: "-")
                i += 1
            }
            guard i < count else { return nil }
            var exponent = 0
            while i < count, bytes[i] &- 48 < 10 {
                exponent = min(exponent * 10 + Int(bytes[i] &- 48), 10_000)
                i += 1
            }
            scale += down ? exponent : -exponent
        }
        guard i == count, fits else { return nil }
        if mantissa == 0 { scale = max(0, min(scale, 18)) }
        if !negative {
            guard mantissa != .min else { return nil }
            mantissa = -mantissa
        }
        guard JSONDecimal.scales.contains(scale) else { return nil }
        self.init(mantissa: mantissa, scale: scale)
    }

    /// The same value without trailing zeros: scale as small as it gets.
    var normalised: (mantissa: Int64, scale: Int) {
        guard mantissa != 0 else { return (0, 0) }
        var (m, s) = (mantissa, scale)
        while m % 10 == 0 { (m, s) = (m / 10, s - 1) }
        return (m, s)
    }

    /// Digits behind the point that the value needs, at least 0: 2 for `6.25`, 1 for `6.10`, 0 for `600`.
    public var decimals: Int { max(0, normalised.scale) }

    /// The value when it is whole and fits.
    public var whole: Int? {
        let (m, s) = normalised
        guard s <= 0 else { return nil }
        var value = m
        for _ in 0..<(-s) {
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = next
        }
        return Int(value)
    }

    /// `value · 10^scale` as a whole number, rounded towards zero: `12.3456` scaled by 3 is 12345. `nil` when it does not fit.
    public func scaled(by digits: Int) -> Int64? {
        var (m, shift) = (Int128(mantissa), digits - scale)
        while shift > 0 {
            m *= 10
            shift -= 1
            guard m.magnitude <= Int128(Int64.max).magnitude else { return nil }
        }
        while shift < 0, m != 0 {
            m /= 10
            shift += 1
        }
        return Int64(exactly: m)
    }

    /// For pictures only.
    public var double: Double { Double(description) ?? .nan }
}

extension JSONDecimal: Hashable, Comparable {
    public static func == (a: JSONDecimal, b: JSONDecimal) -> Bool { a.normalised == b.normalised }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(normalised.mantissa)
        hasher.combine(normalised.scale)
    }
    public static func < (a: JSONDecimal, b: JSONDecimal) -> Bool {
        let (x, y) = (a.normalised, b.normalised)
        if x.mantissa.signum() != y.mantissa.signum() { return x.mantissa < y.mantissa }
        // Align the coarser one; where that overflows it is the larger magnitude.
        var (m, n) = (Int128(x.mantissa), Int128(y.mantissa))
        var gap = x.scale - y.scale
        while gap != 0 {
            let product = gap < 0 ? m.multipliedReportingOverflow(by: 10) : n.multipliedReportingOverflow(by: 10)
            if product.overflow { return gap < 0 ? m < 0 : n > 0 }
            if gap < 0 { m = product.partialValue } else { n = product.partialValue }
            gap += gap < 0 ? 1 : -1
        }
        return m < n
    }
}

extension JSONDecimal: CustomStringConvertible {
    /// Plain decimal with the digits that were written: `6.10`, `-0.5`, `600`.
    public var description: String {
        guard scale != 0 else { return String(mantissa) }
        let sign = mantissa < 0 ? "-" : ""
        var digits = String(mantissa.magnitude)
        if scale < 0 { return mantissa == 0 ? "0" : sign + digits + String(repeating: "0", count: -scale) }
        if digits.utf8.count <= scale { digits = String(repeating: "0", count: scale + 1 - digits.utf8.count) + digits }
        return sign + digits.dropLast(scale) + "." + digits.suffix(scale)
    }
}
