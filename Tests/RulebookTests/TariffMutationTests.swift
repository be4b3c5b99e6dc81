import Documents
import Quantities
import Rulebook
import Testing

@Suite("Damaged rule files") struct TariffMutationTests {
    /// Words that have broken readers before: wrong kinds, empties, huge numbers, tags, keys that are no text.
    static let words = [
        "null", "{}", "[]", "\"\"", "~", "99999999999999999999999", "-1", "[[]]", "{a: {b: c}}", "? [x] : y",
        "!!binary x",
        "&a x", "*a", "24:00-00:00", "0001-01-01", "9999-12-31", ": :", "\t", "- -", "电", "|", "1e400",
    ]

    @Test func `whatever is done to a good file, it is read or refused with its name, never a crash`() {
        let good = TariffReadingTests.yaml([("rounding:", "demand: {yuan_per_kw_month: \"35\"}\n    rounding:")])
        var refused = 0
        for seed in UInt64(1)...400 {
            var random = SeededRandom(seed: seed)
            var tokens = good.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<tokens.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: tokens.remove(at: at)
                case 1: tokens[at] = TariffMutationTests.words.randomElement(using: &random)!
                case 2: tokens.swapAt(at, Int.random(in: 0..<tokens.count, using: &random))
                default: tokens.insert(TariffMutationTests.words.randomElement(using: &random)!, at: at)
                }
            }
            let text = tokens.joined(separator: " ")
            do throws(Problems) {
                let tariff = try Tariff.read(Array(text.utf8), file: "t.yaml")
                // What is accepted has an answer for every minute of a day that it holds.
                let day = max(tariff.versions[0].from, civilDay("2024-06-03"))
                if let segments = try? tariff.segments(on: day) {
                    #expect(segments.reduce(0) { $0 + $1.end - $1.start } == 1440, "seed \(seed)")
                }
            } catch {
                refused += 1
                #expect(!error.list.isEmpty && error.list.allSatisfy { $0.file == "t.yaml" }, "seed \(seed)")
            }
        }
        #expect(refused > 200)
    }
}
