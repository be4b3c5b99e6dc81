import Quantities
import Testing

@testable import Credentials

@Suite("One-time codes of QR codes") struct OneTimeCodeTests {
    /// By Python's hmac from the standard's pseudocode (C25), in the alphabet that it prints and in the one that its name says.
    @Test(
        arguments: [
            ("a-secret-of-24-characters", 1_735_689_600, 30, "K1qVs63P", "G0oUp52L"),
            ("0123456789abcdef0123456789abcdef", 1_740_751_199, 6, "icjlIS", "fbjkGR"),
            ("geheim-密钥", 1, 3600, "pb4GTc1X2meHaupnQEZUgdZulti3PjbG", "n94FS9ZV2lcD7qllNCXSgaXtjqi0NhaE"),
            ("k", 253_402_300_799, 60, "ib2LsMpVby746O5iW4mE", "gb0KpJmSau514M3hS0jB"),
        ] as [(String, Int64, Int, String, String)])
    func `test C25 codes are those of the standard's pseudocode`(
        _ secret: String, _ seconds: Int64, _ validity: Int, _ printed: String, _ full: String
    ) {
        let interval = UInt64(seconds) / UInt64(validity)
        let length = printed.utf8.count
        #expect(OneTimeCode.code(secret: secret, interval: interval, length: length) == printed)
        let other = OneTimeCode.code(
            secret: secret, interval: interval, length: length, alphabet: OneTimeCode.full)
        #expect(other == full)
        for code in [printed, full] {
            #expect(
                OneTimeCode.isGood(code, secret: secret, seconds: seconds, validity: validity, length: length))
        }
    }

    @Test func `test C25 FR 07 a code is good in its interval and in the two beside it, and under its secret only`() {
        for seed in 0..<300 {
            var random = SeededRandom(seed: UInt64(seed))
            let validity = Int.random(in: OneTimeCode.validities, using: &random)
            let length = Int.random(in: 10...32, using: &random)
            let interval = Int64.random(in: 10...1_000_000, using: &random)
            let secret = "secret-\(UInt64.random(in: 0 ... .max, using: &random))"
            let code = OneTimeCode.code(
                secret: secret, interval: UInt64(interval), length: length,
                alphabet: seed % 2 == 0 ? OneTimeCode.printed : OneTimeCode.full)
            func isGood(_ code: String, _ secret: String, at seconds: Int64, length: Int) -> Bool {
                OneTimeCode.isGood(code, secret: secret, seconds: seconds, validity: validity, length: length)
            }
            for shift in -3...3 as ClosedRange<Int64> {
                // The first and the last second of an interval.
                for second in [0, Int64(validity) - 1] {
                    let good = isGood(code, secret, at: (interval + shift) * Int64(validity) + second, length: length)
                    #expect(good == (abs(shift) <= 1), "seed \(seed), shift \(shift)")
                }
            }
            let now = interval * Int64(validity)
            #expect(!isGood(code, secret + "x", at: now, length: length))
            #expect(!isGood(String(code.dropLast()), secret, at: now, length: length))
            #expect(!isGood(code + "a", secret, at: now, length: length))
            #expect(
                !isGood(String(code.reversed()), secret, at: now, length: length) || code == String(code.reversed()))
        }
    }

    @Test func `secrets of stations follow from the installation's, and differ`() {
        let here = DigestSecret(bytes: (0..<32).map { UInt8($0) })
        let there = DigestSecret(bytes: (1..<33).map { UInt8($0) })
        let secret = here.codeSecret(station: "CP1", seed: "a-1")
        #expect(secret.utf8.count == 32 && secret == here.codeSecret(station: "CP1", seed: "a-1"))
        let others = [
            here.codeSecret(station: "CP2", seed: "a-1"), here.codeSecret(station: "CP1", seed: "a-2"),
            there.codeSecret(station: "CP1", seed: "a-1"), here.ticketProof(of: "CP1\na-1"),
        ]
        #expect(!others.contains(secret) && Set(others).count == 4)
    }
}
