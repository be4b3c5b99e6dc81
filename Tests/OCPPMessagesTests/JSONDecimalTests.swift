import Foundation
import OCPPMessages
import Quantities
import Testing

@Suite("JSON decimal") struct JSONDecimalTests {
    @Test(arguments: ["0", "6.10", "-0.5", "600", "0.001", "123456789012345678", "-9223372036854775807", "32.0"])
    func `what was written is written again`(_ text: String) throws {
        #expect(try #require(JSONDecimal(text)).description == text)
    }

    @Test(arguments: [
        ("1e3", "1000"), ("1.5E2", "150"), ("25e-1", "2.5"), (" 7.0 ", "7.0"), ("+3", "3"), (".5", "0.5"),
        ("0e99", "0"),
    ]) func `other spellings are read`(_ text: String, _ plain: String) throws {
        #expect(try #require(JSONDecimal(text)).description == plain)
    }

    @Test(arguments: [
        "", "-", ".", "1e", "abc", "1,5", "1 2", "NaN", "92233720368547758080", "1e400", "0.12345678901234567890",
    ])
    func `what is no number or does not fit is refused`(_ text: String) { #expect(JSONDecimal(text) == nil) }

    @Test func `values are compared, not spellings`() {
        #expect(JSONDecimal("6.10") == JSONDecimal("6.1"))
        #expect(JSONDecimal("6.10").hashValue == JSONDecimal("6.1").hashValue)
        #expect(JSONDecimal("1e2") == JSONDecimal("100.00"))
        #expect(JSONDecimal("-0") == JSONDecimal("0"))
    }

    @Test func `order agrees with Foundation's Decimal`() throws {
        for seed in 1...2000 {
            var random = SeededRandom(seed: UInt64(seed))
            func draw() -> JSONDecimal {
                let mantissa = Int64(bitPattern: random.next()) >> Int64(random.next() % 60)
                return JSONDecimal(mantissa: mantissa == .min ? 0 : mantissa, scale: Int(random.next() % 37) - 18)
            }
            let (a, b) = (draw(), draw())
            let (x, y) = (try #require(Decimal(string: "\(a)")), try #require(Decimal(string: "\(b)")))
            #expect((a < b) == (x < y), "seed \(seed): \(a) \(b)")
            #expect((a == b) == (x == y), "seed \(seed): \(a) \(b)")
        }
    }

    @Test(arguments: [("6.25", 2), ("6.10", 1), ("600", 0), ("1e3", 0), ("0.0", 0)])
    func `decimals count what the value needs`(_ text: String, _ decimals: Int) throws {
        #expect(try #require(JSONDecimal(text)).decimals == decimals)
    }

    @Test func `scaling cuts towards zero and notices overflow`() throws {
        #expect(try #require(JSONDecimal("12.3456")).scaled(by: 3) == 12_345)
        #expect(try #require(JSONDecimal("-12.3456")).scaled(by: 3) == -12_345)
        #expect(try #require(JSONDecimal("0.001")).scaled(by: 6) == 1000)
        #expect(try #require(JSONDecimal("9e18")).scaled(by: 3) == nil)
        #expect(try #require(JSONDecimal("7e2")).whole == 700)
        #expect(try #require(JSONDecimal("7.5")).whole == nil)
    }
}
