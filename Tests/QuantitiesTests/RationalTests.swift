import Quantities
import Testing

@Suite("Exact decimals") struct RationalTests {
    @Test func `rounds half up on exact decimals`() throws {
        #expect(try #require(Rational(decimal: "1.005")).text(decimals: 2) == "1.01")
        #expect(try #require(Rational(decimal: "-1.005")).text(decimals: 2) == "-1.01")
        #expect(try #require(Rational(decimal: "0.125")).text(decimals: 2, .halfEven) == "0.12")
        #expect(try #require(Rational(decimal: "-0.001")).text(decimals: 2) == "0.00")
        #expect(Rational(1, 3).text(atMost: 6) == "0.333333")
    }

    @Test(arguments: ["", ".5", "1.", "1e3", " 1", "1,0", "--1", "NaN"])
    func `refuses what is no plain decimal`(_ text: String) { #expect(Rational(decimal: text) == nil) }

    @Test func `arithmetic is exact for random fractions`() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<500 {
            let (a, b) = (Int64.random(in: -999...999, using: &random), Int64.random(in: 1...999, using: &random))
            let (c, d) = (Int64.random(in: -999...999, using: &random), Int64.random(in: 1...999, using: &random))
            let (x, y) = (Rational(.init(a), .init(b)), Rational(.init(c), .init(d)))
            #expect(x + y == Rational(.init(a * d + c * b), .init(b * d)))
            #expect(x - y + y == x)
            if !y.numerator.isZero { #expect(x / y * y == x) }
            #expect((x < y) == (a * d < c * b))
        }
    }

    @Test func `power and energy round to the nearest unit`() {
        #expect(Power.watts(7000).energy(over: .minutes(15)) == .wattHours(1750))
        #expect(Power.watts(-7000).energy(over: .minutes(15)) == .wattHours(-1750))
        #expect(Energy.wattHours(1750).meanPower(over: .minutes(15)) == .watts(7000))
        #expect(Energy(milliwattHours: 1_234_500).kilowattHoursText == "1.2345")
        #expect(Energy(milliwattHours: -5).wattHoursText == "-0.005")
    }

    @Test func `a decimal is what its digits say, however many they are`() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<2000 {
            let digits = (0..<(1 + random.next() % 24)).map { _ in String(random.next() % 10) }
            let places = Int(random.next() % UInt64(digits.count))
            let whole = digits.dropLast(places).joined()
            let fraction = digits.suffix(places).joined()
            let sign = ["", "-", "+"][Int(random.next() % 3)]
            let text = sign + whole + (places > 0 ? "." + fraction : "")
            var value = digits.reduce(Rational.zero) { $0 * Rational(10) + Rational(Int64($1)!) }
            for _ in 0..<places { value = value / Rational(10) }
            #expect(Rational(decimal: text) == (sign == "-" ? -value : value), "\(text)")
        }
    }
}
